-- What From, P-Asserted-Identity, To and Request-URI look like towards a carrier. A form is that of
-- number_form plus one, 0 where the trunk's own form holds. Headers that a carrier wants in each
-- INVITE are sealed under a key of their own in keys.slots, `headers_key`.

ALTER TABLE trunk ADD COLUMN from_form      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN asserted_form  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN to_form        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN request_form   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN from_user      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN asserted_user  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN pilot          INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN domain         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN domain_name    TEXT    NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN display        TEXT    NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN privacy        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN charge         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN user_phone     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN request_prefix TEXT    NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN caller_prefix  TEXT    NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN dialled_prefix TEXT    NOT NULL DEFAULT '';
ALTER TABLE trunk ADD COLUMN headers_key    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN headers        BLOB    NOT NULL DEFAULT x'';
