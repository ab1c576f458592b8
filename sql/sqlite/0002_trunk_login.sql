-- A carrier may ask for a user name and a password, and for being registered with. The password is
-- sealed under a key of its own in keys.slots, `password_key`; 0 and an empty blob where there is none.

ALTER TABLE trunk ADD COLUMN username     TEXT    NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN realm        TEXT    NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN password_key INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN password     BLOB    NOT NULL DEFAULT x'';
ALTER TABLE trunk ADD COLUMN registers    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN register_s   INTEGER NOT NULL DEFAULT 0;
