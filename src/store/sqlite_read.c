/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_rows.h"

#include <string.h>

#include "store/policy_text.h"
#include "store/sqlite_columns.h"
#include "store/use_codec.h"

/* Values of one row in order. */
struct row {
        sqlite3_stmt *stmt;
        int at;
        bool bad; /* one of them is out of its range */
};

static int64_t get_int(struct row *row, int64_t min, int64_t max)
{
        int64_t value = sqlite3_column_int64(row->stmt, row->at++);
        if (value < min || value > max) {
                row->bad = true;
                return 0;
        }
        return value;
}

static uint32_t get_u32(struct row *row)
{
        return (uint32_t)get_int(row, 0, UINT32_MAX);
}

static uint64_t get_u64(struct row *row)
{
        return (uint64_t)get_int(row, 0, INT64_MAX);
}

static int64_t get_time(struct row *row)
{
        return get_int(row, INT64_MIN, INT64_MAX);
}

static void get_text(struct row *row, char *out, size_t out_bytes)
{
        const char *text = (const char *)sqlite3_column_text(row->stmt, row->at);
        struct slice s = {text, (size_t)sqlite3_column_bytes(row->stmt, row->at)};
        row->at++;
        if (slice_to_text(text ? s : SLICE_NONE, out, out_bytes) != 0)
                row->bad = true;
}

/* Returns the length, which may be less than `max`. */
static size_t get_blob(struct row *row, void *out, size_t max)
{
        const void *bytes = sqlite3_column_blob(row->stmt, row->at);
        size_t len = (size_t)sqlite3_column_bytes(row->stmt, row->at++);
        if (len > max) {
                row->bad = true;
                return 0;
        }
        if (len)
                memcpy(out, bytes, len);
        return len;
}

static void get_whole(struct row *row, void *out, size_t len)
{
        if (get_blob(row, out, len) != len)
                row->bad = true;
}

static int finish(const struct row *row)
{
        return row->bad ? SQLITE_CORRUPT : SQLITE_OK;
}

static int parse_source(struct slice text, struct trunk_source *out)
{
        struct slice port;
        struct slice prefix = slice_split(text, ' ', &port);
        uint32_t number = 0;
        int err = addr_prefix_parse(prefix, &out->prefix);
        if (!err && port.len)
                err = slice_to_u32(port, UINT16_MAX, &number);
        out->port = (uint16_t)number;
        return err;
}

static bool parse_sources(struct slice text, struct trunk *trunk)
{
        while (text.len) {
                if (trunk->source_count == TRUNK_SOURCES_MAX)
                        return false;
                struct slice one = slice_split(text, ',', &text);
                if (parse_source(one, &trunk->sources[trunk->source_count]) != 0)
                        return false;
                trunk->source_count++;
        }
        return true;
}

static bool parse_overflow(struct slice text, struct trunk *trunk)
{
        while (text.len) {
                if (trunk->overflow_count == TRUNK_OVERFLOW_MAX)
                        return false;
                struct slice one = slice_split(text, ',', &text);
                if (slice_to_u32(one, UINT32_MAX, &trunk->overflow[trunk->overflow_count++]))
                        return false;
        }
        return true;
}

static void get_template(struct row *row, struct trunk_template *out)
{
        for (int i = 0; i < TRUNK_PLACES; i++)
                out->forms[i] = (uint8_t)get_int(row, 0, NUMBER_FORMS);
        out->from_user = (enum trunk_who)get_int(row, 0, TRUNK_WHO_USERNAME);
        out->asserted_user = (enum trunk_who)get_int(row, 0, TRUNK_WHO_PILOT);
        out->pilot.n.e164 = get_u64(row);
        out->domain = (enum trunk_domain)get_int(row, 0, TRUNK_DOMAIN_NAMED);
        get_text(row, out->named, sizeof out->named);
        get_text(row, out->display, sizeof out->display);
        out->privacy = (enum trunk_privacy)get_int(row, 0, TRUNK_PRIVACY_ID);
        out->charge = (enum trunk_charge)get_int(row, 0, TRUNK_CHARGE_PILOT);
        out->user_phone = get_int(row, 0, 1);
        get_text(row, out->request_prefix, sizeof out->request_prefix);
        get_text(row, out->caller_prefix, sizeof out->caller_prefix);
        get_text(row, out->dialled_prefix, sizeof out->dialled_prefix);
        out->headers_key = get_u64(row);
        out->headers_bytes = (uint16_t)get_blob(row, out->headers, sizeof out->headers);
}

static int get_trunk(sqlite3_stmt *stmt, struct trunk *out)
{
        struct row row = {.stmt = stmt};
        char sources[TRUNK_SOURCES_TEXT], advertised[ADDR_PAIR_TEXT_MAX];
        char overflow[TRUNK_OVERFLOW_TEXT];
        memset(out, 0, sizeof *out);
        out->id = get_u32(&row);
        out->tenant_id = get_u32(&row);
        get_text(&row, out->name, sizeof out->name);
        get_text(&row, sources, sizeof sources);
        out->caller_from = (enum trunk_caller_from)get_int(&row, 0, TRUNK_CALLER_FROM_ASSERTED);
        out->dialled_from = (enum trunk_dialled_from)get_int(&row, 0, TRUNK_DIALLED_FROM_TO);
        get_text(&row, out->peer_host, sizeof out->peer_host);
        out->peer_port = (uint16_t)get_int(&row, 0, UINT16_MAX);
        out->number_form = (enum number_form)get_int(&row, 0, NUMBER_FORMS - 1);
        out->send_asserted = get_int(&row, 0, 1);
        get_text(&row, advertised, sizeof advertised);
        get_text(&row, out->plan.country, sizeof out->plan.country);
        get_text(&row, out->plan.international, sizeof out->plan.international);
        get_text(&row, out->plan.national, sizeof out->plan.national);
        out->plan.digits_min = (uint8_t)get_int(&row, 0, UINT8_MAX);
        out->plan.digits_max = (uint8_t)get_int(&row, 0, UINT8_MAX);
        out->channels_max = get_u32(&row);
        out->calls_per_s = get_u32(&row);
        out->announcements_max = get_u32(&row);
        get_text(&row, out->username, sizeof out->username);
        get_text(&row, out->realm, sizeof out->realm);
        out->password_key = get_u64(&row);
        out->password_bytes = (uint8_t)get_blob(&row, out->password, sizeof out->password);
        out->registers = get_int(&row, 0, 1);
        out->register_s = get_u32(&row);
        out->options_s = get_u32(&row);
        out->failover_ms = get_u32(&row);
        out->queue_ms = get_u32(&row);
        get_text(&row, overflow, sizeof overflow);
        out->no_session_timer = !get_int(&row, 0, 1);
        out->no_prack = !get_int(&row, 0, 1);
        get_template(&row, &out->writing);
        out->tolerates = (uint32_t)get_int(&row, 0, TOLERANCES_ALL);
        out->transport = (enum trunk_transport)get_int(&row, 0, TRUNK_AUTO);
        get_text(&row, out->client_domain, sizeof out->client_domain);
        out->follows_redirects = get_int(&row, 0, 1);
        if (row.bad || !parse_sources(slice_from(sources), out) ||
            !parse_overflow(slice_from(overflow), out))
                return SQLITE_CORRUPT;
        if (advertised[0] &&
            addr_pair_parse(slice_from(advertised), addr_parse_either, &out->advertised) != 0)
                return SQLITE_CORRUPT;
        return SQLITE_OK;
}

static int get_tenant(sqlite3_stmt *stmt, struct tenant *out)
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->id = get_u32(&row);
        get_text(&row, out->name, sizeof out->name);
        out->created_ms = get_time(&row);
        out->removed_ms = get_time(&row);
        return finish(&row);
}

/* A revoked one has no hash any more. */
static int get_key(sqlite3_stmt *stmt, struct api_key *out)
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->id = get_u64(&row);
        out->tenant_id = get_u32(&row);
        get_text(&row, out->name, sizeof out->name);
        out->scopes = (uint32_t)get_int(&row, 0, SCOPES_ALL);
        out->created_ms = get_time(&row);
        out->expires_ms = get_time(&row);
        out->revoked_ms = get_time(&row);
        out->used_ms = get_time(&row);
        if (!out->revoked_ms)
                get_whole(&row, out->hash, sizeof out->hash);
        return finish(&row);
}

static int get_pool(sqlite3_stmt *stmt, struct store_pool *out)
{
        struct row row = {.stmt = stmt};
        char policy[POLICY_TEXT_MAX];
        memset(out, 0, sizeof *out);
        out->tenant_id = get_u32(&row);
        out->id = get_u32(&row);
        get_text(&row, out->name, sizeof out->name);
        get_text(&row, policy, sizeof policy);
        pool_policy_default(&out->policy);
        if (!row.bad && policy_text_parse(slice_from(policy), &out->policy))
                row.bad = true;
        return finish(&row);
}

static int get_number(sqlite3_stmt *stmt, struct store_number *out)
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->number.n.e164 = get_u64(&row);
        out->tenant_id = get_u32(&row);
        out->trunk_id = get_u32(&row);
        out->pool_id = get_u32(&row);
        get_text(&row, out->traits.place.country, sizeof out->traits.place.country);
        get_text(&row, out->traits.place.area, sizeof out->traits.place.area);
        out->traits.capabilities = (uint8_t)get_int(&row, 0, NUMBER_CAPABILITIES_ALL);
        out->traits.reserved = get_int(&row, 0, 1);
        out->traits.frozen = get_int(&row, 0, 1);
        get_text(&row, out->traits.tags, sizeof out->traits.tags);
        return finish(&row);
}

static int get_session(sqlite3_stmt *stmt, struct store_session *out, struct session_use *use)
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->id = get_u64(&row);
        out->tenant_id = get_u32(&row);
        out->pool_id = get_u32(&row);
        out->state = (enum session_state)get_int(&row, 0, SESSION_ERASED);
        out->created_ms = get_time(&row);
        out->starts_ms = get_time(&row);
        out->expires_ms = get_time(&row);
        out->ended_ms = get_time(&row);
        out->fixed_ms = get_time(&row);
        out->sliding_ms = get_time(&row);
        out->origin = get_u64(&row);
        out->key_slot = (uint64_t)get_int(&row, INT64_MIN, INT64_MAX);
        get_text(&row, out->reference, sizeof out->reference);
        out->sealed_bytes = (uint16_t)get_blob(&row, out->sealed, sizeof out->sealed);
        char used[USE_BYTES_MAX];
        size_t used_bytes = get_blob(&row, used, sizeof used);
        if (use_decode((struct slice){used, used_bytes}, use))
                row.bad = true;
        return finish(&row);
}

static bool parse_count(struct slice *rest, uint32_t max, uint32_t *out)
{
        return !slice_to_u32(slice_split(*rest, ' ', rest), max, out);
}

static bool parse_attempt(struct slice text, struct cdr_attempt *out)
{
        uint32_t how, status, transport;
        if (!parse_count(&text, UINT32_MAX, &out->trunk_id) ||
            !parse_count(&text, CDR_ATTEMPT_ENDS - 1, &how) ||
            !parse_count(&text, UINT16_MAX, &status) || !parse_count(&text, 2, &transport))
                return false;
        out->how = (uint8_t)how;
        out->status = (uint16_t)status;
        out->transport = (uint8_t)transport;
        return !text.len || !addr_parse(text, 0, &out->address);
}

static bool parse_attempts(struct slice text, struct cdr *cdr)
{
        while (text.len) {
                struct slice one = slice_split(text, ',', &text);
                if (cdr->attempt_count == CDR_ATTEMPTS_MAX ||
                    !parse_attempt(one, &cdr->attempts[cdr->attempt_count++]))
                        return false;
        }
        return true;
}

static int get_cdr_from(sqlite3_stmt *stmt, int first, struct cdr *out)
{
        struct row row = {.stmt = stmt, .at = first};
        char attempts[CDR_ATTEMPTS_TEXT];
        memset(out, 0, sizeof *out);
        out->tenant_id = get_u32(&row);
        get_whole(&row, out->call_id.bytes, sizeof out->call_id.bytes);
        get_whole(&row, out->leg_id.bytes, sizeof out->leg_id.bytes);
        out->leg = (enum cdr_leg)get_int(&row, 0, CDR_LEG_B);
        out->trunk_id = get_u32(&row);
        out->session_id = get_u64(&row);
        out->party = (int8_t)get_int(&row, INT8_MIN, INT8_MAX);
        out->number.n.e164 = get_u64(&row);
        get_text(&row, out->party_hint.text, sizeof out->party_hint.text);
        out->verdict = (enum mask_verdict)get_int(&row, 0, MASK_VERDICTS - 1);
        out->started_ms = get_time(&row);
        out->ringing_ms = get_time(&row);
        out->answered_ms = get_time(&row);
        out->ended_ms = get_time(&row);
        out->cause = (enum hangup_cause)get_int(&row, 0, UINT16_MAX);
        out->source = (enum hangup_source)get_int(&row, 0, SOURCES - 1);
        out->sip_status = (uint16_t)get_int(&row, 0, UINT16_MAX);
        out->packets_in = get_u32(&row);
        out->packets_out = get_u32(&row);
        out->packets_lost = get_u32(&row);
        out->jitter_ms_x10 = get_u32(&row);
        get_text(&row, attempts, sizeof attempts);
        if (!parse_attempts(slice_from(attempts), out))
                row.bad = true;
        return finish(&row);
}

static int get_cdr(sqlite3_stmt *stmt, struct cdr *out)
{
        return get_cdr_from(stmt, 0, out);
}

/*
 * Never fails: whatever is stored is shown to who verifies it. A body that is too long keeps a
 * length that no genuine entry has.
 */
static void get_audit(sqlite3_stmt *stmt, struct store_audit *out)
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->sequence = (uint64_t)get_int(&row, INT64_MIN, INT64_MAX);
        out->tenant_id = get_u32(&row);
        out->at_ms = get_time(&row);
        out->kind = (uint16_t)get_int(&row, 0, UINT16_MAX);
        out->body_bytes = (uint16_t)get_blob(&row, out->body, sizeof out->body);
        (void)get_blob(&row, out->hash, sizeof out->hash);
        if (row.bad)
                out->body_bytes = UINT16_MAX;
}

struct load {
        const struct store_loader *loader;
        int err; /* what a callback returned */
};

static int load_tenant(sqlite3_stmt *stmt, struct load *load)
{
        struct tenant tenant;
        int rc = get_tenant(stmt, &tenant);
        if (!rc)
                load->err = load->loader->on_tenant(load->loader->arg, &tenant);
        return rc;
}

static int load_key(sqlite3_stmt *stmt, struct load *load)
{
        struct api_key key;
        int rc = get_key(stmt, &key);
        if (!rc)
                load->err = load->loader->on_key(load->loader->arg, &key);
        return rc;
}

static int load_trunk(sqlite3_stmt *stmt, struct load *load)
{
        struct trunk trunk;
        int rc = get_trunk(stmt, &trunk);
        if (!rc)
                load->err = load->loader->on_trunk(load->loader->arg, &trunk);
        return rc;
}

static int load_pool(sqlite3_stmt *stmt, struct load *load)
{
        struct store_pool pool;
        int rc = get_pool(stmt, &pool);
        if (!rc)
                load->err = load->loader->on_pool(load->loader->arg, &pool);
        return rc;
}

static int load_number(sqlite3_stmt *stmt, struct load *load)
{
        struct store_number number;
        int rc = get_number(stmt, &number);
        if (!rc)
                load->err = load->loader->on_number(load->loader->arg, &number);
        return rc;
}

static int load_session(sqlite3_stmt *stmt, struct load *load)
{
        struct store_session session;
        struct session_use use;
        int rc = get_session(stmt, &session, &use);
        if (!rc)
                load->err = load->loader->on_session(load->loader->arg, &session, &use);
        return rc;
}

static int load_audit_head(sqlite3_stmt *stmt, struct load *load)
{
        struct store_audit last;
        get_audit(stmt, &last);
        load->err = load->loader->on_audit_head(load->loader->arg, &last);
        return SQLITE_OK;
}

static int for_each_row(sqlite3 *db, const char *sql,
                        int (*fn)(sqlite3_stmt *stmt, struct load *load), struct load *load)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
        while (!rc && !load->err && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
                rc = fn(stmt, load);
        sqlite3_finalize(stmt);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

_Static_assert(SESSION_ERASED == 3, "erased sessions are not loaded");
#define LAST_AUDIT "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY sequence DESC LIMIT 1"

int sqlite_read_all(sqlite3 *db, const struct store_loader *loader, int *err)
{
        static const struct {
                const char *sql;
                int (*fn)(sqlite3_stmt *stmt, struct load *load);
        } kinds[] = {
                {"SELECT " TENANT_COLUMNS " FROM tenant "
                 "WHERE removed_ms = 0 OR id = (SELECT max(id) FROM tenant) ORDER BY id",
                 load_tenant},
                {"SELECT " KEY_COLUMNS " FROM api_key "
                 "WHERE revoked_ms = 0 OR id = (SELECT max(id) FROM api_key) ORDER BY id",
                 load_key},
                {"SELECT " TRUNK_COLUMNS " FROM trunk ORDER BY id", load_trunk},
                {"SELECT " POOL_COLUMNS " FROM pool ORDER BY tenant_id, id", load_pool},
                {"SELECT " NUMBER_COLUMNS " FROM number ORDER BY e164", load_number},
                {"SELECT " SESSION_COLUMNS ", " USE_COLUMNS " FROM session "
                 "WHERE state != 3 OR id = (SELECT max(id) FROM session) ORDER BY id",
                 load_session},
                {LAST_AUDIT, load_audit_head},
        };
        struct load load = {.loader = loader};
        int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        for (unsigned i = 0; !rc && !load.err && i < sizeof kinds / sizeof kinds[0]; i++)
                rc = for_each_row(db, kinds[i].sql, kinds[i].fn, &load);
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        *err = load.err;
        return rc;
}

static int read_bounds(sqlite3 *db, const char *sql, uint64_t *oldest, uint64_t *newest)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
        if (!rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                *oldest = (uint64_t)sqlite3_column_int64(stmt, 0);
                *newest = (uint64_t)sqlite3_column_int64(stmt, 1);
                rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        return rc;
}

/* Which rows to look at: from `after` on, or what is left of them, and no more than a window. */
static int begin_window(sqlite3 *db, const char *sql, uint64_t oldest, uint64_t newest,
                        const struct store_events_query *query, uint64_t *after, uint64_t *seen,
                        sqlite3_stmt **out)
{
        if (*after > newest) /* numbered anew: there was a time without any row */
                *after = 0;
        if (oldest && *after < oldest - 1)
                *after = oldest - 1;
        uint64_t last =
                newest - *after > STORE_EVENTS_WINDOW ? *after + STORE_EVENTS_WINDOW : newest;
        *seen = query->from_now ? newest : last;
        int rc = sqlite3_prepare_v2(db, sql, -1, out, NULL);
        if (rc)
                return rc;
        sqlite3_bind_int64(*out, 1, (int64_t)*after);
        sqlite3_bind_int64(*out, 2, (int64_t)last);
        sqlite3_bind_int64(*out, 3, query->tenant_id);
        sqlite3_bind_int64(*out, 4, query->from_now ? 0 : query->max);
        return SQLITE_OK;
}

static int read_event_audits(sqlite3 *db, const struct store_events_query *query,
                             struct store_audit *audits, struct store_events *page)
{
        uint64_t oldest = 0, after = query->after_audit;
        sqlite3_stmt *stmt = NULL;
        int rc = read_bounds(db, "SELECT min(sequence), max(sequence) FROM audit", &oldest,
                             &page->audit_head);
        if (!rc)
                rc = begin_window(db,
                                  "SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence > ?1 AND "
                                  "sequence <= ?2 AND (?3 = 0 OR tenant_id = ?3) "
                                  "ORDER BY sequence LIMIT ?4",
                                  oldest, page->audit_head, query, &after, &page->audit_seen,
                                  &stmt);
        while (!rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                get_audit(stmt, &audits[page->audit_count++]);
                rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        if (page->audit_count == query->max && !query->from_now)
                page->audit_seen = audits[page->audit_count - 1].sequence;
        page->audits = audits;
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

_Static_assert(CDR_LEG_A == 0 && MASK_CONNECT == 0, "what the statement below looks for");

static int read_event_cdrs(sqlite3 *db, const struct store_events_query *query,
                           struct store_cdr *cdrs, struct store_events *page)
{
        uint64_t oldest = 0, after = query->after_cdr;
        sqlite3_stmt *stmt = NULL;
        int rc = read_bounds(db, "SELECT min(id), max(id) FROM cdr", &oldest, &page->cdr_head);
        if (!rc)
                rc = begin_window(db,
                                  "SELECT id, " CDR_COLUMNS " FROM cdr WHERE id > ?1 AND id <= ?2 "
                                  "AND (?3 = 0 OR tenant_id = ?3) AND leg = 0 AND verdict = 0 "
                                  "ORDER BY id LIMIT ?4",
                                  oldest, page->cdr_head, query, &after, &page->cdr_seen, &stmt);
        while (!rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                struct store_cdr *row = &cdrs[page->cdr_count++];
                row->number = (uint64_t)sqlite3_column_int64(stmt, 0);
                rc = get_cdr_from(stmt, 1, &row->cdr);
        }
        sqlite3_finalize(stmt);
        if (page->cdr_count == query->max && !query->from_now)
                page->cdr_seen = cdrs[page->cdr_count - 1].number;
        page->cdrs = cdrs;
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_read_events(sqlite3 *db, const struct store_events_query *query,
                       struct store_audit *audits, struct store_cdr *cdrs,
                       struct store_events *page)
{
        *page = (struct store_events){0};
        int rc = read_event_audits(db, query, audits, page);
        return rc ? rc : read_event_cdrs(db, query, cdrs, page);
}

static int list_cdrs(sqlite3 *db, const struct store_cdr_query *query, struct cdr *rows,
                     uint32_t *count)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(
                db,
                "SELECT " CDR_COLUMNS " FROM cdr "
                "WHERE started_ms < ?1 AND (?2 = 0 OR tenant_id = ?2 OR (?4 AND tenant_id = 0)) "
                "ORDER BY started_ms DESC, tenant_id DESC, id DESC LIMIT ?3",
                -1, &stmt, NULL);
        if (rc)
                return rc;
        sqlite3_bind_int64(stmt, 1, query->before_ms ? query->before_ms : INT64_MAX);
        sqlite3_bind_int64(stmt, 2, query->tenant_id);
        sqlite3_bind_int64(stmt, 3, query->max);
        sqlite3_bind_int64(stmt, 4, query->or_nobodys);
        while (!rc && *count < query->max && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                rc = get_cdr(stmt, &rows[*count]);
                *count += !rc;
        }
        sqlite3_finalize(stmt);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The next older hour of which there are records; SQLITE_DONE when there is none. */
static int step_hour(sqlite3_stmt *hours, int64_t *hour)
{
        sqlite3_bind_int64(hours, 1, *hour);
        int rc = sqlite3_step(hours);
        if (rc == SQLITE_ROW)
                *hour = sqlite3_column_int64(hours, 0);
        (void)sqlite3_reset(hours);
        return rc;
}

static bool wanted(const struct store_cdr_query *query, const struct cdr *cdr)
{
        return (!query->tenant_id || cdr->tenant_id == query->tenant_id) &&
               (!query->before_ms || cdr->started_ms < query->before_ms);
}

/* The legs of the call that began in this hour, behind those in `rows`; `first` once the A leg was. */
static int read_hour(sqlite3_stmt *legs, int64_t hour, const struct store_cdr_query *query,
                     struct cdr *rows, uint32_t *count, bool *first)
{
        int rc = SQLITE_OK;
        sqlite3_bind_int64(legs, 1, hour);
        sqlite3_bind_blob(legs, 2, query->call_id.bytes, sizeof query->call_id.bytes,
                          SQLITE_STATIC);
        while (!rc && (rc = sqlite3_step(legs)) == SQLITE_ROW) {
                struct cdr cdr;
                rc = get_cdr(legs, &cdr);
                if (rc)
                        break;
                if (memcmp(&cdr.leg_id, &cdr.call_id, sizeof cdr.leg_id) == 0)
                        *first = true;
                if (wanted(query, &cdr) && *count < query->max)
                        rows[(*count)++] = cdr;
        }
        (void)sqlite3_reset(legs);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/*
 * The index on legs has the hour before the call id, so the hours are gone through, newest first.
 * The A leg begins before all others of its call: with it the search is over.
 */
static int find_call(sqlite3 *db, const struct store_cdr_query *query, struct cdr *rows,
                     uint32_t *count)
{
        sqlite3_stmt *hours = NULL, *legs = NULL;
        int64_t hour = INT64_MAX;
        bool first = false;
        int rc = sqlite3_prepare_v2(db,
                                    "SELECT started_ms / 3600000 FROM cdr "
                                    "WHERE started_ms / 3600000 < ?1 "
                                    "ORDER BY started_ms / 3600000 DESC LIMIT 1",
                                    -1, &hours, NULL);
        if (!rc)
                rc = sqlite3_prepare_v2(db,
                                        "SELECT " CDR_COLUMNS " FROM cdr "
                                        "WHERE started_ms / 3600000 = ?1 AND call_id = ?2 "
                                        "ORDER BY started_ms DESC, id DESC",
                                        -1, &legs, NULL);
        while (!rc && !first && (rc = step_hour(hours, &hour)) == SQLITE_ROW)
                rc = read_hour(legs, hour, query, rows, count, &first);
        sqlite3_finalize(hours);
        sqlite3_finalize(legs);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_read_cdrs(sqlite3 *db, const struct store_cdr_query *query, struct cdr *rows,
                     uint32_t *count)
{
        *count = 0;
        return query->by_call ? find_call(db, query, rows, count)
                              : list_cdrs(db, query, rows, count);
}

static int read_head(sqlite3 *db, struct sqlite_audit_part *part)
{
        sqlite3_stmt *stmt = NULL;
        memset(&part->head, 0, sizeof part->head);
        int rc = sqlite3_prepare_v2(db, "SELECT sequence, hash, mac FROM audit_head", -1, &stmt,
                                    NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        part->has_head = rc == SQLITE_ROW;
        if (part->has_head) {
                struct row row = {.stmt = stmt};
                part->head.sequence = get_u64(&row);
                get_whole(&row, part->head.hash, sizeof part->head.hash);
                get_whole(&row, part->mac, sizeof part->mac);
                part->has_head = !row.bad;
                rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int read_entries(sqlite3 *db, struct sqlite_audit_part *part)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db,
                                    "SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence > ?1 "
                                    "ORDER BY sequence LIMIT ?2",
                                    -1, &stmt, NULL);
        if (rc)
                return rc;
        sqlite3_bind_int64(stmt, 1, part->after);
        sqlite3_bind_int64(stmt, 2, part->max);
        while (part->count < part->max && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
                get_audit(stmt, &part->entries[part->count++]);
        sqlite3_finalize(stmt);
        return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int sqlite_read_audit(sqlite3 *db, struct sqlite_audit_part *part)
{
        part->count = 0;
        int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        if (rc)
                return rc;
        rc = read_head(db, part);
        if (!rc)
                rc = read_entries(db, part);
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return rc;
}

int sqlite_read_last_audit(sqlite3 *db, struct store_audit *out)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, LAST_AUDIT, -1, &stmt, NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
                get_audit(stmt, out);
                rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        return rc;
}
