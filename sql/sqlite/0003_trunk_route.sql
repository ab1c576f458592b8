-- Where a call goes when the place it should go to is dark or full: how often the carrier is asked whether
-- it is there, how long a call waits for a first answer and for its turn, and which other trunks
-- (identifiers, separated by commas) may carry it.

ALTER TABLE trunk ADD COLUMN options_s   INTEGER NOT NULL DEFAULT 60;
ALTER TABLE trunk ADD COLUMN failover_ms INTEGER NOT NULL DEFAULT 4000;
ALTER TABLE trunk ADD COLUMN queue_ms    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trunk ADD COLUMN overflow    TEXT    NOT NULL DEFAULT '';
