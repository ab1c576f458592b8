-- The first schema. Applied once, in one transaction; `user_version` becomes 1.
--
-- Every table names the tenant. Times are UTC milliseconds since 1970, 0 where something did not
-- happen. Enumerations are the numbers of the C headers, which never change their meaning.
-- No real telephone number is in any column: parties are in `session.sealed` alone.

CREATE TABLE meta (
    name      TEXT PRIMARY KEY,
    value     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL
) STRICT;
INSERT INTO tenant (id, name, created_ms) VALUES (1, 'default', 0);

-- A quarantine of NULL is the configured default.
CREATE TABLE pool (
    id            INTEGER PRIMARY KEY,
    tenant_id     INTEGER NOT NULL REFERENCES tenant (id),
    name          TEXT NOT NULL,
    quarantine_ms INTEGER,
    UNIQUE (tenant_id, name)
) STRICT;
INSERT INTO pool (id, tenant_id, name, quarantine_ms) VALUES (1, 1, 'default', NULL);

-- `sources` is a list of "prefix" or "prefix port", separated by commas; addresses are text.
CREATE TABLE trunk (
    id                 INTEGER PRIMARY KEY,
    tenant_id          INTEGER NOT NULL,
    name               TEXT NOT NULL,
    sources            TEXT NOT NULL,
    caller_from        INTEGER NOT NULL,
    dialled_from       INTEGER NOT NULL,
    peer_host          TEXT NOT NULL,
    peer_port          INTEGER NOT NULL,
    number_form        INTEGER NOT NULL,
    send_asserted      INTEGER NOT NULL,
    advertised         TEXT NOT NULL,
    plan_country       TEXT NOT NULL,
    plan_international TEXT NOT NULL,
    plan_national      TEXT NOT NULL,
    plan_digits_min    INTEGER NOT NULL,
    plan_digits_max    INTEGER NOT NULL,
    channels_max       INTEGER NOT NULL,
    calls_per_s        INTEGER NOT NULL,
    announcements_max  INTEGER NOT NULL
) STRICT;

-- Masking numbers: the digits of E.164 are the key.
CREATE TABLE number (
    e164      INTEGER PRIMARY KEY,
    tenant_id INTEGER NOT NULL,
    trunk_id  INTEGER NOT NULL,
    pool_id   INTEGER NOT NULL
) STRICT;

-- Ids are sequential, so that rows are appended. No index on anything secret or random: look-ups
-- are in memory and rebuilt at start.
CREATE TABLE session (
    id         INTEGER PRIMARY KEY,
    tenant_id  INTEGER NOT NULL,
    pool_id    INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    starts_ms  INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    ended_ms   INTEGER NOT NULL,
    key_slot   INTEGER NOT NULL,
    reference  TEXT NOT NULL,
    sealed     BLOB NOT NULL
) STRICT;

CREATE TABLE cdr (
    id            INTEGER PRIMARY KEY,
    tenant_id     INTEGER NOT NULL,
    call_id       BLOB NOT NULL,
    leg_id        BLOB NOT NULL,
    leg           INTEGER NOT NULL,
    trunk_id      INTEGER NOT NULL,
    session_id    INTEGER NOT NULL,
    party         INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    party_hint    TEXT NOT NULL,
    verdict       INTEGER NOT NULL,
    started_ms    INTEGER NOT NULL,
    ringing_ms    INTEGER NOT NULL,
    answered_ms   INTEGER NOT NULL,
    ended_ms      INTEGER NOT NULL,
    cause         INTEGER NOT NULL,
    source        INTEGER NOT NULL,
    sip_status    INTEGER NOT NULL,
    packets_in    INTEGER NOT NULL,
    packets_out   INTEGER NOT NULL,
    packets_lost  INTEGER NOT NULL,
    jitter_ms_x10 INTEGER NOT NULL
) STRICT;
CREATE INDEX cdr_by_start ON cdr (started_ms, tenant_id);

-- A leg is written once, and a call is found by its id. Call ids are random; behind the hour they
-- fall into the part of the index that is in memory anyway, instead of all over it.
CREATE UNIQUE INDEX cdr_by_leg ON cdr (started_ms / 3600000, call_id, leg_id);

CREATE TABLE audit (
    sequence  INTEGER PRIMARY KEY,
    tenant_id INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    body      BLOB NOT NULL,
    hash      BLOB NOT NULL
) STRICT;

-- Against mistakes; against intent there is the chain of hashes.
CREATE TRIGGER audit_is_not_updated BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit record is append-only');
END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit record is append-only');
END;

-- How far the audit record goes, vouched for by a keyed hash. The record is the installation's,
-- over all tenants: tenant_id is 0.
CREATE TABLE audit_head (
    tenant_id INTEGER PRIMARY KEY CHECK (tenant_id = 0),
    sequence  INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    mac       BLOB NOT NULL
) STRICT;
