-- The keys of the API, by their keyed hashes. A row stays when its tenant is removed or its key revoked
-- (without the hash), so that no id ever means two things.

ALTER TABLE tenant ADD COLUMN removed_ms INTEGER NOT NULL DEFAULT 0;

CREATE TABLE api_key (
    id         INTEGER PRIMARY KEY,
    tenant_id  INTEGER NOT NULL, -- 0: all tenants
    name       TEXT    NOT NULL,
    scopes     INTEGER NOT NULL, -- bits of enum api_scope
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,
    hash       BLOB    NOT NULL
) STRICT;
