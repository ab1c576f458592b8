/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_get.h"

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

int sqlite_get_trunk(sqlite3_stmt *stmt, struct trunk *out)
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

int sqlite_get_tenant(sqlite3_stmt *stmt, struct tenant *out)
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->id = get_u32(&row);
        get_text(&row, out->name, sizeof out->name);
        out->created_ms = get_time(&row);
        out->removed_ms = get_time(&row);
        return finish(&row);
}

int sqlite_get_key(sqlite3_stmt *stmt, struct api_key *out)
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

int sqlite_get_pool(sqlite3_stmt *stmt, struct store_pool *out)
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

int sqlite_get_block(sqlite3_stmt *stmt, struct store_block *out)
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->tenant_id = get_u32(&row);
        get_whole(&row, out->one, sizeof out->one);
        get_whole(&row, out->other, sizeof out->other);
        out->created_ms = get_time(&row);
        return finish(&row);
}

int sqlite_get_number(sqlite3_stmt *stmt, struct store_number *out)
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

int sqlite_get_session(sqlite3_stmt *stmt, struct store_session *out, struct session_use *use)
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

int sqlite_get_grave(sqlite3_stmt *stmt, struct store_grave *out)
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->session_id = get_u64(&row);
        out->part = (uint8_t)get_int(&row, 0, UINT8_MAX);
        out->tenant_id = get_u32(&row);
        out->key_slot = (uint64_t)get_int(&row, INT64_MIN, INT64_MAX);
        out->sealed_bytes = (uint16_t)get_blob(&row, out->sealed, sizeof out->sealed);
        return finish(&row);
}

int sqlite_get_cdr(sqlite3_stmt *stmt, int first, struct cdr *out)
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

void sqlite_get_audit(sqlite3_stmt *stmt, struct store_audit *out)
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

int sqlite_get_audit_head(sqlite3_stmt *stmt, struct audit_head *out, uint8_t mac[AUDIT_HASH_BYTES])
{
        struct row row = {.stmt = stmt};
        memset(out, 0, sizeof *out);
        out->sequence = get_u64(&row);
        get_whole(&row, out->hash, sizeof out->hash);
        get_whole(&row, mac, AUDIT_HASH_BYTES);
        return finish(&row);
}
