-- Pairs of people of a tenant's who are not to be connected: keyed hashes of either, the smaller one first.

CREATE TABLE block (
    tenant_id  INTEGER NOT NULL,
    one        BLOB    NOT NULL,
    other      BLOB    NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, one, other)
) STRICT, WITHOUT ROWID;
