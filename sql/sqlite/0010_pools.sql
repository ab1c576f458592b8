-- A pool is a tenant's: its policy is text, a line `name=value` for each setting that was written down
-- (core/pool_policy.h); what is not there is as the program's default. Id 1 is each tenant's own `default`.
-- Numbers learn where they are at home, what they carry (bits: voice, sms), who may have them.

DROP TABLE pool;
CREATE TABLE pool (
    tenant_id INTEGER NOT NULL,
    id        INTEGER NOT NULL,
    name      TEXT NOT NULL,
    policy    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
) STRICT, WITHOUT ROWID;

ALTER TABLE number ADD COLUMN country      TEXT    NOT NULL DEFAULT '';
ALTER TABLE number ADD COLUMN area         TEXT    NOT NULL DEFAULT '';
ALTER TABLE number ADD COLUMN capabilities INTEGER NOT NULL DEFAULT 1;
ALTER TABLE number ADD COLUMN reserved     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE number ADD COLUMN frozen       INTEGER NOT NULL DEFAULT 0;
ALTER TABLE number ADD COLUMN tags         TEXT    NOT NULL DEFAULT '';
