-- What is left of a session that was erased by order until its quarantine is over: which pairs it held,
-- as keyed hashes, sealed under a key of their own in keys.slots, which is shredded then. Long ones are in
-- several parts.

CREATE TABLE grave (
    session_id INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    tenant_id  INTEGER NOT NULL,
    key_slot   INTEGER NOT NULL,
    sealed     BLOB    NOT NULL,
    PRIMARY KEY (session_id, part)
) STRICT, WITHOUT ROWID;
