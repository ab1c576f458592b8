/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/policy_text.h"
#include "store/sqlite_columns.h"
#include "store/use_codec.h"

/* The numbers on disk are those of the headers: one that moves must not go unnoticed. */
_Static_assert(TRUNK_UDP == 0 && TRUNK_AUTO == 3, "trunk.transport");
_Static_assert(SCOPE_PROVISION == 1 && SCOPE_PRIVACY == 16, "api_key.scopes");
_Static_assert(SESSION_SCHEDULED == 0 && SESSION_ERASED == 3, "session.state");
_Static_assert(MASK_CONNECT == 0 && MASK_ENDED == 6, "cdr.verdict");
_Static_assert(CDR_LEG_A == 0 && CDR_LEG_B == 1, "cdr.leg");
_Static_assert(SOURCE_UNKNOWN == 0 && SOURCE_ERROR == 7, "cdr.source");
_Static_assert(NUMBER_PLUS == 0 && NUMBER_LOCAL == 3 && NUMBER_INTERNATIONAL == 4,
               "trunk.number_form");
_Static_assert(TRUNK_CALLER_FROM_FROM == 0 && TRUNK_CALLER_FROM_ASSERTED == 1, "caller_from");
_Static_assert(TRUNK_DIALLED_FROM_REQUEST_URI == 0 && TRUNK_DIALLED_FROM_TO == 1, "dialled_from");

enum statement {
        PUT_TENANT,
        REMOVE_TENANT,
        PUT_KEY,
        REVOKE_KEY,
        TOUCH_KEY,
        PUT_TRUNK,
        REMOVE_TRUNK,
        PUT_POOL,
        REMOVE_POOL,
        PUT_BLOCK,
        REMOVE_BLOCK,
        PUT_NUMBER,
        REMOVE_NUMBER,
        ADD_SESSION,
        SET_SESSION,
        SET_SESSION_STATE,
        ERASE_SESSION,
        SET_SESSION_USE,
        PUT_GRAVE,
        REMOVE_GRAVE,
        ADD_CDR,
        ADD_AUDIT,
        PUT_AUDIT_HEAD,
        STATEMENTS,
};

#define MARKS_4  "?,?,?,?"
#define MARKS_10 "?,?,?,?,?,?,?,?,?,?"

/* No number is given twice, whatever has been removed since. */
#define NEXT_CDR "1 + max((SELECT last_id FROM cdr_removed), ifnull((SELECT max(id) FROM cdr), 0))"

#define ERASE_SQL                                                                                  \
        "UPDATE session SET state = ?, ended_ms = ?, reference = '', sealed = x'', used = x'' "    \
        "WHERE id = ?"

static const char *const sql[STATEMENTS] = {
        [PUT_TENANT] = "INSERT OR REPLACE INTO tenant (" TENANT_COLUMNS ") VALUES (" MARKS_4 ")",
        /* No tenant's name has a slash: the name is free again. */
        [REMOVE_TENANT] = "UPDATE tenant SET name = 'removed/' || id, removed_ms = ? WHERE id = ?",
        [PUT_KEY] = "INSERT OR REPLACE INTO api_key (" KEY_COLUMNS ") VALUES (" MARKS_4 "," MARKS_4
                    ",?)",
        [REVOKE_KEY] = "UPDATE api_key SET revoked_ms = ?, hash = x'' WHERE id = ?",
        [TOUCH_KEY] = "UPDATE api_key SET used_ms = max(used_ms, ?) WHERE id = ?",
        [PUT_TRUNK] = "INSERT OR REPLACE INTO trunk (" TRUNK_COLUMNS ") VALUES (" MARKS_10
                      "," MARKS_10 "," MARKS_10 "," MARKS_10 "," MARKS_4 ",?,?,?,?,?,?,?,?,?)",
        [REMOVE_TRUNK] = "DELETE FROM trunk WHERE id = ?",
        [PUT_POOL] = "INSERT OR REPLACE INTO pool (" POOL_COLUMNS ") VALUES (" MARKS_4 ")",
        [REMOVE_POOL] = "DELETE FROM pool WHERE tenant_id = ? AND id = ?",
        [PUT_BLOCK] = "INSERT OR REPLACE INTO block (" BLOCK_COLUMNS ") VALUES (" MARKS_4 ")",
        [REMOVE_BLOCK] = "DELETE FROM block WHERE tenant_id = ? AND one = ? AND other = ?",
        [PUT_NUMBER] = "INSERT OR REPLACE INTO number (" NUMBER_COLUMNS ") VALUES (" MARKS_10 ")",
        [REMOVE_NUMBER] = "DELETE FROM number WHERE e164 = ?",
        [ADD_SESSION] =
                "INSERT INTO session (" SESSION_COLUMNS ") VALUES (" MARKS_10 "," MARKS_4 ")",
        [SET_SESSION] = "UPDATE session SET (" SESSION_COLUMNS ") = (" MARKS_10 "," MARKS_4
                        ") WHERE id = ?1",
        [SET_SESSION_STATE] = "UPDATE session SET state = ?, ended_ms = ? WHERE id = ?",
        [ERASE_SESSION] = ERASE_SQL,
        [SET_SESSION_USE] =
                "UPDATE session SET expires_ms = ?, used = ? WHERE id = ? AND state != 3",
        [PUT_GRAVE] = "INSERT OR REPLACE INTO grave (" GRAVE_COLUMNS ") VALUES (" MARKS_4 ",?)",
        [REMOVE_GRAVE] = "DELETE FROM grave WHERE session_id = ?",
        [ADD_CDR] = "INSERT OR IGNORE INTO cdr (id, " CDR_COLUMNS ") VALUES (" NEXT_CDR "," MARKS_10
                    "," MARKS_10 ",?,?)",
        [ADD_AUDIT] = "INSERT INTO audit (" AUDIT_COLUMNS ") VALUES (" MARKS_4 ",?,?)",
        [PUT_AUDIT_HEAD] = "INSERT OR REPLACE INTO audit_head VALUES (0, ?, ?, ?)",
};

struct sqlite_writer {
        sqlite3 *db;
        sqlite3_stmt *statements[STATEMENTS]; /* owned */
};

int sqlite_writer_create(sqlite3 *db, struct sqlite_writer **out)
{
        struct sqlite_writer *writer = calloc(1, sizeof *writer);
        if (!writer)
                return SQLITE_NOMEM;
        writer->db = db;
        for (unsigned i = 0; i < STATEMENTS; i++) {
                int rc = sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                            &writer->statements[i], NULL);
                if (rc) {
                        sqlite_writer_destroy(writer);
                        return rc;
                }
        }
        *out = writer;
        return SQLITE_OK;
}

void sqlite_writer_destroy(struct sqlite_writer *writer)
{
        if (!writer)
                return;
        for (unsigned i = 0; i < STATEMENTS; i++)
                sqlite3_finalize(writer->statements[i]);
        free(writer);
}

/* Values of one row in order; what is bound must live until run(). */
struct row {
        sqlite3_stmt *stmt;
        int at;
        int rc; /* of the first one that failed */
};

static struct row begin(struct sqlite_writer *writer, enum statement statement)
{
        return (struct row){.stmt = writer->statements[statement]};
}

static void bound(struct row *row, int rc)
{
        if (!row->rc)
                row->rc = rc;
}

static void put_int(struct row *row, int64_t value)
{
        bound(row, sqlite3_bind_int64(row->stmt, ++row->at, value));
}

static void put_u64(struct row *row, uint64_t value)
{
        assert(value <= INT64_MAX);
        put_int(row, (int64_t)value);
}

static void put_text(struct row *row, const char *text, size_t max)
{
        bound(row, sqlite3_bind_text(row->stmt, ++row->at, text, (int)strnlen(text, max),
                                     SQLITE_STATIC));
}

static void put_blob(struct row *row, const void *bytes, size_t len)
{
        bound(row,
              sqlite3_bind_blob(row->stmt, ++row->at, len ? bytes : "", (int)len, SQLITE_STATIC));
}

static int run(struct row *row)
{
        int rc = row->rc;
        if (!rc)
                rc = sqlite3_step(row->stmt);
        (void)sqlite3_reset(row->stmt);
        (void)sqlite3_clear_bindings(row->stmt);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int put_tenant(struct sqlite_writer *writer, const struct tenant *tenant)
{
        struct row row = begin(writer, PUT_TENANT);
        put_int(&row, tenant->id);
        put_text(&row, tenant->name, sizeof tenant->name);
        put_int(&row, tenant->created_ms);
        put_int(&row, tenant->removed_ms);
        return run(&row);
}

static int put_key(struct sqlite_writer *writer, const struct api_key *key)
{
        struct row row = begin(writer, PUT_KEY);
        put_u64(&row, key->id);
        put_int(&row, key->tenant_id);
        put_text(&row, key->name, sizeof key->name);
        put_int(&row, key->scopes);
        put_int(&row, key->created_ms);
        put_int(&row, key->expires_ms);
        put_int(&row, key->revoked_ms);
        put_int(&row, key->used_ms);
        put_blob(&row, key->hash, sizeof key->hash);
        return run(&row);
}

/* Removing, revoking and touching: a time, by id. */
static int set_time(struct sqlite_writer *writer, enum statement statement, int64_t at_ms,
                    uint64_t id)
{
        struct row row = begin(writer, statement);
        put_int(&row, at_ms);
        put_u64(&row, id);
        return run(&row);
}

static void format_sources(const struct trunk *trunk, struct buf *b)
{
        for (unsigned i = 0; i < trunk->source_count; i++) {
                if (i)
                        buf_put_char(b, ',');
                addr_prefix_put(b, &trunk->sources[i].prefix);
                if (trunk->sources[i].port) {
                        buf_put_char(b, ' ');
                        buf_put_u64(b, trunk->sources[i].port);
                }
        }
        buf_put_char(b, '\0');
        assert(buf_ok(b));
}

static void format_overflow(const struct trunk *trunk, struct buf *b)
{
        for (unsigned i = 0; i < trunk->overflow_count; i++) {
                if (i)
                        buf_put_char(b, ',');
                buf_put_u64(b, trunk->overflow[i]);
        }
        buf_put_char(b, '\0');
        assert(buf_ok(b));
}

static void put_template(struct row *row, const struct trunk_template *writing)
{
        for (int i = 0; i < TRUNK_PLACES; i++)
                put_int(row, writing->forms[i]);
        put_int(row, writing->from_user);
        put_int(row, writing->asserted_user);
        put_u64(row, writing->pilot.n.e164);
        put_int(row, writing->domain);
        put_text(row, writing->named, sizeof writing->named);
        put_text(row, writing->display, sizeof writing->display);
        put_int(row, writing->privacy);
        put_int(row, writing->charge);
        put_int(row, writing->user_phone);
        put_text(row, writing->request_prefix, sizeof writing->request_prefix);
        put_text(row, writing->caller_prefix, sizeof writing->caller_prefix);
        put_text(row, writing->dialled_prefix, sizeof writing->dialled_prefix);
        put_u64(row, writing->headers_key);
        put_blob(row, writing->headers, writing->headers_bytes);
}

static int put_trunk(struct sqlite_writer *writer, const struct trunk *trunk)
{
        char sources[TRUNK_SOURCES_TEXT], overflow_text[TRUNK_OVERFLOW_TEXT];
        struct buf b;
        char advertised[ADDR_PAIR_TEXT_MAX] = "";
        struct row row = begin(writer, PUT_TRUNK);
        buf_init(&b, sources, sizeof sources);
        format_sources(trunk, &b);
        buf_init(&b, overflow_text, sizeof overflow_text);
        format_overflow(trunk, &b);
        struct buf pair;
        buf_init(&pair, advertised, sizeof advertised - 1);
        addr_pair_put(&pair, &trunk->advertised);

        put_int(&row, trunk->id);
        put_int(&row, trunk->tenant_id);
        put_text(&row, trunk->name, sizeof trunk->name);
        put_text(&row, sources, sizeof sources);
        put_int(&row, trunk->caller_from);
        put_int(&row, trunk->dialled_from);
        put_text(&row, trunk->peer_host, sizeof trunk->peer_host);
        put_int(&row, trunk->peer_port);
        put_int(&row, trunk->number_form);
        put_int(&row, trunk->send_asserted);
        put_text(&row, advertised, sizeof advertised);
        put_text(&row, trunk->plan.country, sizeof trunk->plan.country);
        put_text(&row, trunk->plan.international, sizeof trunk->plan.international);
        put_text(&row, trunk->plan.national, sizeof trunk->plan.national);
        put_int(&row, trunk->plan.digits_min);
        put_int(&row, trunk->plan.digits_max);
        put_int(&row, trunk->channels_max);
        put_int(&row, trunk->calls_per_s);
        put_int(&row, trunk->announcements_max);
        put_text(&row, trunk->username, sizeof trunk->username);
        put_text(&row, trunk->realm, sizeof trunk->realm);
        put_u64(&row, trunk->password_key);
        put_blob(&row, trunk->password, trunk->password_bytes);
        put_int(&row, trunk->registers);
        put_int(&row, trunk->register_s);
        put_int(&row, trunk->options_s);
        put_int(&row, trunk->failover_ms);
        put_int(&row, trunk->queue_ms);
        put_text(&row, overflow_text, sizeof overflow_text);
        put_int(&row, !trunk->no_session_timer);
        put_int(&row, !trunk->no_prack);
        put_template(&row, &trunk->writing);
        put_int(&row, trunk->tolerates);
        put_int(&row, trunk->transport);
        put_text(&row, trunk->client_domain, sizeof trunk->client_domain);
        put_int(&row, trunk->follows_redirects);
        return run(&row);
}

static int remove_trunk(struct sqlite_writer *writer, uint32_t id)
{
        struct row row = begin(writer, REMOVE_TRUNK);
        put_int(&row, id);
        return run(&row);
}

static int put_pool(struct sqlite_writer *writer, const struct store_pool *pool)
{
        char policy[POLICY_TEXT_MAX];
        struct buf b;
        buf_init(&b, policy, sizeof policy);
        policy_text_format(&pool->policy, &b);
        struct row row = begin(writer, PUT_POOL);
        put_int(&row, pool->tenant_id);
        put_int(&row, pool->id);
        put_text(&row, pool->name, sizeof pool->name);
        put_text(&row, policy, b.len);
        return run(&row);
}

static int remove_pool(struct sqlite_writer *writer, const struct store_pool *pool)
{
        struct row row = begin(writer, REMOVE_POOL);
        put_int(&row, pool->tenant_id);
        put_int(&row, pool->id);
        return run(&row);
}

static struct row begin_block(struct sqlite_writer *writer, enum statement statement,
                              const struct store_block *block)
{
        struct row row = begin(writer, statement);
        put_int(&row, block->tenant_id);
        put_blob(&row, block->one, sizeof block->one);
        put_blob(&row, block->other, sizeof block->other);
        return row;
}

static int put_block(struct sqlite_writer *writer, const struct store_block *block)
{
        struct row row = begin_block(writer, PUT_BLOCK, block);
        put_int(&row, block->created_ms);
        return run(&row);
}

static int remove_block(struct sqlite_writer *writer, const struct store_block *block)
{
        struct row row = begin_block(writer, REMOVE_BLOCK, block);
        return run(&row);
}

static int put_number(struct sqlite_writer *writer, const struct store_number *number)
{
        struct row row = begin(writer, PUT_NUMBER);
        put_u64(&row, number->number.n.e164);
        put_int(&row, number->tenant_id);
        put_int(&row, number->trunk_id);
        put_int(&row, number->pool_id);
        put_text(&row, number->traits.place.country, sizeof number->traits.place.country);
        put_text(&row, number->traits.place.area, sizeof number->traits.place.area);
        put_int(&row, number->traits.capabilities);
        put_int(&row, number->traits.reserved);
        put_int(&row, number->traits.frozen);
        put_text(&row, number->traits.tags, sizeof number->traits.tags);
        return run(&row);
}

static int remove_number(struct sqlite_writer *writer, struct masking_number number)
{
        struct row row = begin(writer, REMOVE_NUMBER);
        put_u64(&row, number.n.e164);
        return run(&row);
}

static int put_session(struct sqlite_writer *writer, enum statement statement,
                       const struct store_session *session)
{
        struct row row = begin(writer, statement);
        assert(session->sealed_bytes <= STORE_SEALED_MAX);
        put_u64(&row, session->id);
        put_int(&row, session->tenant_id);
        put_int(&row, session->pool_id);
        put_int(&row, session->state);
        put_int(&row, session->created_ms);
        put_int(&row, session->starts_ms);
        put_int(&row, session->expires_ms);
        put_int(&row, session->ended_ms);
        put_int(&row, session->fixed_ms);
        put_int(&row, session->sliding_ms);
        put_u64(&row, session->origin);
        put_int(&row, (int64_t)session->key_slot);
        put_text(&row, session->reference, sizeof session->reference);
        put_blob(&row, session->sealed, session->sealed_bytes);
        return run(&row);
}

static int set_session(struct sqlite_writer *writer, const struct store_session *session)
{
        int rc = put_session(writer, SET_SESSION, session);
        if (!rc && sqlite3_changes(writer->db) == 0)
                return SQLITE_CONSTRAINT;
        return rc;
}

static int set_session_state(struct sqlite_writer *writer, const struct store_session *session)
{
        struct row row =
                begin(writer, session->state == SESSION_ERASED ? ERASE_SESSION : SET_SESSION_STATE);
        put_int(&row, session->state);
        put_int(&row, session->ended_ms);
        put_u64(&row, session->id);
        int rc = run(&row);
        if (!rc && sqlite3_changes(writer->db) == 0)
                return SQLITE_CONSTRAINT;
        return rc;
}

static int set_session_use(struct sqlite_writer *writer, const struct store_use *use)
{
        char bytes[USE_BYTES_MAX];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        use_encode(&use->use, &b);
        struct row row = begin(writer, SET_SESSION_USE);
        put_int(&row, use->expires_ms);
        put_blob(&row, bytes, b.len);
        put_u64(&row, use->id);
        return run(&row);
}

static int put_grave(struct sqlite_writer *writer, const struct store_grave *grave)
{
        struct row row = begin(writer, PUT_GRAVE);
        assert(grave->sealed_bytes <= STORE_GRAVE_MAX);
        put_u64(&row, grave->session_id);
        put_int(&row, grave->part);
        put_int(&row, grave->tenant_id);
        put_int(&row, (int64_t)grave->key_slot);
        put_blob(&row, grave->sealed, grave->sealed_bytes);
        return run(&row);
}

static int remove_grave(struct sqlite_writer *writer, uint64_t session_id)
{
        struct row row = begin(writer, REMOVE_GRAVE);
        put_u64(&row, session_id);
        return run(&row);
}

static void format_attempts(const struct cdr *cdr, struct buf *b)
{
        for (unsigned i = 0; i < cdr->attempt_count; i++) {
                const struct cdr_attempt *a = &cdr->attempts[i];
                if (i)
                        buf_put_char(b, ',');
                buf_printf(b, "%u %u %u %u ", a->trunk_id, a->how, a->status, a->transport);
                if (a->address.family)
                        buf_put_text(b, addr_format(&a->address).text);
        }
        buf_put_char(b, '\0');
        assert(buf_ok(b));
}

static int add_cdr(struct sqlite_writer *writer, const struct cdr *cdr)
{
        char attempts[CDR_ATTEMPTS_TEXT];
        struct buf b;
        buf_init(&b, attempts, sizeof attempts);
        format_attempts(cdr, &b);
        struct row row = begin(writer, ADD_CDR);
        put_int(&row, cdr->tenant_id);
        put_blob(&row, cdr->call_id.bytes, sizeof cdr->call_id.bytes);
        put_blob(&row, cdr->leg_id.bytes, sizeof cdr->leg_id.bytes);
        put_int(&row, cdr->leg);
        put_int(&row, cdr->trunk_id);
        put_u64(&row, cdr->session_id);
        put_int(&row, cdr->party);
        put_u64(&row, cdr->number.n.e164);
        put_text(&row, cdr->party_hint.text, sizeof cdr->party_hint.text);
        put_int(&row, cdr->verdict);
        put_int(&row, cdr->started_ms);
        put_int(&row, cdr->ringing_ms);
        put_int(&row, cdr->answered_ms);
        put_int(&row, cdr->ended_ms);
        put_int(&row, cdr->cause);
        put_int(&row, cdr->source);
        put_int(&row, cdr->sip_status);
        put_int(&row, cdr->packets_in);
        put_int(&row, cdr->packets_out);
        put_int(&row, cdr->packets_lost);
        put_int(&row, cdr->jitter_ms_x10);
        put_text(&row, attempts, sizeof attempts);
        return run(&row);
}

static int add_audit(struct sqlite_writer *writer, const struct store_audit *entry)
{
        struct row row = begin(writer, ADD_AUDIT);
        assert(entry->body_bytes <= STORE_AUDIT_MAX);
        put_u64(&row, entry->sequence);
        put_int(&row, entry->tenant_id);
        put_int(&row, entry->at_ms);
        put_int(&row, entry->kind);
        put_blob(&row, entry->body, entry->body_bytes);
        put_blob(&row, entry->hash, sizeof entry->hash);
        return run(&row);
}

int sqlite_write_audit_head(struct sqlite_writer *writer, const struct audit_head *head,
                            const uint8_t mac[AUDIT_HASH_BYTES])
{
        struct row row = begin(writer, PUT_AUDIT_HEAD);
        put_u64(&row, head->sequence);
        put_blob(&row, head->hash, sizeof head->hash);
        put_blob(&row, mac, AUDIT_HASH_BYTES);
        return run(&row);
}

int sqlite_write_change(struct sqlite_writer *writer, const struct store_change *change)
{
        switch (change->kind) {
        case STORE_PUT_TENANT:
                return put_tenant(writer, &change->tenant);
        case STORE_REMOVE_TENANT:
                return set_time(writer, REMOVE_TENANT, change->tenant.removed_ms,
                                change->tenant.id);
        case STORE_PUT_KEY:
                return put_key(writer, &change->key);
        case STORE_REVOKE_KEY:
                return set_time(writer, REVOKE_KEY, change->key.revoked_ms, change->key.id);
        case STORE_TOUCH_KEY:
                return set_time(writer, TOUCH_KEY, change->key.used_ms, change->key.id);
        case STORE_PUT_TRUNK:
                return put_trunk(writer, &change->trunk);
        case STORE_REMOVE_TRUNK:
                return remove_trunk(writer, change->trunk.id);
        case STORE_PUT_POOL:
                return put_pool(writer, &change->pool);
        case STORE_REMOVE_POOL:
                return remove_pool(writer, &change->pool);
        case STORE_PUT_BLOCK:
                return put_block(writer, &change->block);
        case STORE_REMOVE_BLOCK:
                return remove_block(writer, &change->block);
        case STORE_PUT_NUMBER:
                return put_number(writer, &change->number);
        case STORE_REMOVE_NUMBER:
                return remove_number(writer, change->number.number);
        case STORE_ADD_SESSION:
                return put_session(writer, ADD_SESSION, &change->session);
        case STORE_SET_SESSION:
                return set_session(writer, &change->session);
        case STORE_SET_SESSION_STATE:
                return set_session_state(writer, &change->session);
        case STORE_SET_SESSION_USE:
                return set_session_use(writer, &change->use);
        case STORE_PUT_GRAVE:
                return put_grave(writer, &change->grave);
        case STORE_REMOVE_GRAVE:
                return remove_grave(writer, change->grave.session_id);
        case STORE_ADD_CDR:
                return add_cdr(writer, &change->cdr);
        case STORE_ADD_AUDIT:
                return add_audit(writer, &change->audit);
        }
        return SQLITE_MISUSE;
}

int sqlite_drop_cdrs(sqlite3 *db, const struct store_cdr_query *query, uint32_t *count)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_exec(db,
                              "UPDATE cdr_removed SET last_id = (SELECT max(id) FROM cdr) "
                              "WHERE last_id < (SELECT max(id) FROM cdr)",
                              NULL, NULL, NULL);
        if (rc)
                return rc;
        rc = sqlite3_prepare_v2(db,
                                "DELETE FROM cdr WHERE id IN (SELECT id FROM cdr "
                                "WHERE started_ms < ?1 ORDER BY started_ms LIMIT ?2)",
                                -1, &stmt, NULL);
        if (rc)
                return rc;
        sqlite3_bind_int64(stmt, 1, query->before_ms);
        sqlite3_bind_int64(stmt, 2, query->max);
        rc = sqlite3_step(stmt);
        sqlite3_finalize(stmt);
        if (rc == SQLITE_DONE)
                *count = (uint32_t)sqlite3_changes(db);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}
