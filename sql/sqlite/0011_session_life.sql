-- When a session ends by itself may slide with its use; `used` is what it remembers of its calls (no number
-- is in it). `origin` names the session that a tombstone's pairs are from.

ALTER TABLE session ADD COLUMN fixed_ms   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN sliding_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN origin     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN used       BLOB    NOT NULL DEFAULT x'';
