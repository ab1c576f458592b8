/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit_entry.h"

#include <assert.h>
#include <string.h>

#include "core/session_model.h"

static struct buf begin(struct store_audit *out, enum audit_kind kind, uint32_t tenant_id,
                        int64_t at_ms)
{
        *out = (struct store_audit){.tenant_id = tenant_id, .at_ms = at_ms, .kind = (uint16_t)kind};
        struct buf body;
        buf_init(&body, out->body, sizeof out->body);
        return body;
}

static void finish(struct store_audit *out, const struct buf *body)
{
        assert(buf_ok(body));
        out->body_bytes = (uint16_t)body->len;
}

/* A fixed width, zeros behind: the text is no longer than it. */
static void put_hint(struct buf *body, const struct number_hint *hint)
{
        char fixed[sizeof hint->text] = {0};
        memcpy(fixed, hint->text, strnlen(hint->text, sizeof fixed));
        buf_put(body, fixed, sizeof fixed);
}

static void put_name(struct buf *body, const char *name, size_t max)
{
        size_t len = strnlen(name, max);
        buf_put_u8(body, (uint8_t)len);
        buf_put(body, name, len);
}

static void put_masking(struct buf *body, struct masking_number number)
{
        buf_put_be64(body, number.n.e164);
}

static void put_parties(struct buf *body, const struct session *session,
                        const struct number_hint hints[])
{
        buf_put_u8(body, session->party_count);
        for (unsigned i = 0; i < session->party_count; i++) {
                unsigned slot = session_slot_of(session, (uint8_t)i);
                put_masking(body, slot < SESSION_SLOTS_MAX ? session->slots[slot]
                                                           : (struct masking_number){{0}});
                put_hint(body, &hints[i]);
        }
}

/* Who dials a slot follows from where it is (session_model.h). */
static void put_group(struct buf *body, const struct session *session,
                      const struct number_hint hints[])
{
        uint64_t slots = session_slots(session);
        buf_put_u8(body, session->party_count);
        for (unsigned i = 0; i < session->party_count; i++)
                put_hint(body, &hints[i]);
        buf_put_u8(body, (uint8_t)__builtin_popcountll(slots));
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                if (!(slots & UINT64_C(1) << slot))
                        continue;
                buf_put_u8(body, (uint8_t)slot);
                put_masking(body, session->slots[slot]);
        }
}

static void put_who(struct buf *body, const struct session *session,
                    const struct number_hint hints[])
{
        if (session->model == MODEL_GROUP)
                put_group(body, session, hints);
        else
                put_parties(body, session, hints);
}

void audit_entry_session_created(struct store_audit *out, const struct session *session,
                                 const struct number_hint hints[], int64_t at_ms)
{
        struct buf body = begin(
                out, session->model == MODEL_GROUP ? AUDIT_GROUP_CREATED : AUDIT_SESSION_CREATED,
                session->tenant_id, at_ms);
        buf_put_be64(&body, session->id);
        buf_put_be32(&body, session->pool_id);
        buf_put_be64(&body, (uint64_t)session->starts_ms);
        buf_put_be64(&body, (uint64_t)session->expires_ms);
        put_who(&body, session, hints);
        finish(out, &body);
}

void audit_entry_session_changed(struct store_audit *out, enum audit_change what,
                                 const struct session *session, const struct number_hint hints[],
                                 int64_t at_ms)
{
        struct buf body = begin(
                out, session->model == MODEL_GROUP ? AUDIT_GROUP_CHANGED : AUDIT_SESSION_CHANGED,
                session->tenant_id, at_ms);
        buf_put_be64(&body, session->id);
        buf_put_u8(&body, (uint8_t)what);
        buf_put_be64(&body, (uint64_t)session->expires_ms);
        put_who(&body, session, hints);
        finish(out, &body);
}

void audit_entry_session_ended(struct store_audit *out, uint32_t tenant_id, uint64_t session_id,
                               int64_t ended_ms, enum audit_end why, int64_t at_ms)
{
        struct buf body = begin(out, AUDIT_SESSION_ENDED, tenant_id, at_ms);
        buf_put_be64(&body, session_id);
        buf_put_be64(&body, (uint64_t)ended_ms);
        buf_put_u8(&body, (uint8_t)why);
        finish(out, &body);
}

void audit_entry_session_erased(struct store_audit *out, uint32_t tenant_id, uint64_t session_id,
                                int64_t at_ms)
{
        struct buf body = begin(out, AUDIT_SESSION_ERASED, tenant_id, at_ms);
        buf_put_be64(&body, session_id);
        finish(out, &body);
}

void audit_entry_writes_refused(struct store_audit *out, int64_t at_ms)
{
        struct buf body = begin(out, AUDIT_WRITES_REFUSED, 0, at_ms);
        finish(out, &body);
}

void audit_entry_backup(struct store_audit *out, enum audit_kind kind,
                        const uint8_t id[AUDIT_BACKUP_ID_BYTES], int64_t created_ms,
                        int64_t expires_ms, int64_t at_ms)
{
        assert(kind >= AUDIT_BACKUP_MADE && kind <= AUDIT_RESTORED);
        struct buf body = begin(out, kind, 0, at_ms);
        buf_put(&body, id, AUDIT_BACKUP_ID_BYTES);
        buf_put_be64(&body, (uint64_t)created_ms);
        buf_put_be64(&body, (uint64_t)expires_ms);
        finish(out, &body);
}

void audit_entry_number(struct store_audit *out, enum audit_kind kind,
                        const struct store_number *number, int64_t at_ms)
{
        assert(kind == AUDIT_NUMBER_ADDED || kind == AUDIT_NUMBER_REMOVED ||
               kind == AUDIT_NUMBER_CHANGED);
        struct buf body = begin(out, kind, number->tenant_id, at_ms);
        put_masking(&body, number->number);
        buf_put_be32(&body, number->trunk_id);
        buf_put_be32(&body, number->pool_id);
        finish(out, &body);
}

void audit_entry_trunk(struct store_audit *out, enum audit_kind kind, const struct trunk *trunk,
                       int64_t at_ms)
{
        assert(kind == AUDIT_TRUNK_ADDED || kind == AUDIT_TRUNK_REMOVED ||
               kind == AUDIT_TRUNK_CHANGED);
        struct buf body = begin(out, kind, trunk->tenant_id, at_ms);
        buf_put_be32(&body, trunk->id);
        put_name(&body, trunk->name, sizeof trunk->name);
        finish(out, &body);
}

void audit_entry_tenant(struct store_audit *out, enum audit_kind kind, const struct tenant *tenant,
                        uint64_t by, int64_t at_ms)
{
        assert(kind == AUDIT_TENANT_CREATED || kind == AUDIT_TENANT_REMOVED);
        struct buf body = begin(out, kind, tenant->id, at_ms);
        buf_put_be32(&body, tenant->id);
        buf_put_be64(&body, by);
        put_name(&body, tenant->name, sizeof tenant->name);
        finish(out, &body);
}

void audit_entry_key(struct store_audit *out, enum audit_kind kind, const struct api_key *key,
                     uint64_t by, int64_t at_ms)
{
        assert(kind == AUDIT_KEY_CREATED || kind == AUDIT_KEY_REVOKED);
        struct buf body = begin(out, kind, key->tenant_id, at_ms);
        buf_put_be64(&body, key->id);
        buf_put_be32(&body, key->scopes);
        buf_put_be64(&body, (uint64_t)key->expires_ms);
        buf_put_be64(&body, by);
        put_name(&body, key->name, sizeof key->name);
        finish(out, &body);
}

void audit_entry_party(struct store_audit *out, enum audit_kind kind, uint32_t tenant_id,
                       uint64_t by, uint32_t sessions, int64_t at_ms)
{
        assert(kind == AUDIT_PARTY_EXPORTED || kind == AUDIT_PARTY_ERASED);
        struct buf body = begin(out, kind, tenant_id, at_ms);
        buf_put_be64(&body, by);
        buf_put_be32(&body, sessions);
        finish(out, &body);
}

void audit_entry_block(struct store_audit *out, enum audit_kind kind, uint32_t tenant_id,
                       uint64_t id, int64_t at_ms)
{
        assert(kind == AUDIT_PAIR_BLOCKED || kind == AUDIT_PAIR_UNBLOCKED);
        struct buf body = begin(out, kind, tenant_id, at_ms);
        buf_put_be64(&body, id);
        finish(out, &body);
}

void audit_entry_pool(struct store_audit *out, enum audit_kind kind, const struct store_pool *pool,
                      int64_t at_ms)
{
        assert(kind == AUDIT_POOL_ADDED || kind == AUDIT_POOL_REMOVED ||
               kind == AUDIT_POOL_CHANGED);
        struct buf body = begin(out, kind, pool->tenant_id, at_ms);
        buf_put_be32(&body, pool->id);
        put_name(&body, pool->name, sizeof pool->name);
        finish(out, &body);
}

void audit_entry_call(struct store_audit *out, const struct audit_call *call, int64_t at_ms)
{
        enum audit_kind kind =
                call->verdict == MASK_CONNECT ? AUDIT_CALL_CONNECTED : AUDIT_CALL_REFUSED;
        struct buf body = begin(out, kind, call->tenant_id, at_ms);
        buf_put(&body, call->call_id.bytes, sizeof call->call_id.bytes);
        buf_put_be32(&body, call->trunk_id);
        buf_put_u8(&body, (uint8_t)call->verdict);
        put_masking(&body, call->dialled);
        put_hint(&body, &call->caller);
        buf_put_be64(&body, call->session_id);
        buf_put_u8(&body, call->party);
        put_masking(&body, call->show);
        finish(out, &body);
}

#define CALL_BYTES (16 + 4 + 1 + 8 + sizeof((struct number_hint *)0)->text + 8 + 1 + 8)

/* Bytes from the front; zeros once there are not enough. */
static uint64_t take_be(struct slice *body, unsigned bytes)
{
        uint64_t value = 0;
        if (body->len < bytes) {
                body->len = 0;
                return 0;
        }
        for (unsigned i = 0; i < bytes; i++)
                value = value << 8 | (uint8_t)body->p[i];
        *body = (struct slice){body->p + bytes, body->len - bytes};
        return value;
}

static void take_bytes(struct slice *body, void *out, size_t bytes)
{
        if (body->len < bytes) {
                body->len = 0;
                return;
        }
        memcpy(out, body->p, bytes);
        *body = (struct slice){body->p + bytes, body->len - bytes};
}

static void take_name(struct slice *body, char *out, size_t out_bytes)
{
        size_t len = take_be(body, 1);
        if (len < out_bytes && len <= body->len)
                take_bytes(body, out, len);
}

static void read_call(struct slice body, struct audit_fact *out)
{
        if (body.len < CALL_BYTES)
                return;
        take_bytes(&body, out->call_id.bytes, sizeof out->call_id.bytes);
        out->trunk_id = (uint32_t)take_be(&body, 4);
        unsigned verdict = (unsigned)take_be(&body, 1);
        out->number.n.e164 = take_be(&body, 8);
        take_bytes(&body, out->caller.text, sizeof out->caller.text);
        out->caller.text[sizeof out->caller.text - 1] = '\0';
        out->session_id = take_be(&body, 8);
        out->has_call = verdict < MASK_VERDICTS;
        out->verdict = out->has_call ? (enum mask_verdict)verdict : MASK_CONNECT;
}

static void read_key(struct slice body, struct audit_fact *out)
{
        out->key_id = take_be(&body, 8);
        (void)take_be(&body, 4);
        (void)take_be(&body, 8);
        (void)take_be(&body, 8);
        take_name(&body, out->name, sizeof out->name);
}

void audit_entry_read(const struct store_audit *entry, struct audit_fact *out)
{
        *out = (struct audit_fact){0};
        size_t bytes = entry->body_bytes <= sizeof entry->body ? entry->body_bytes : 0;
        struct slice body = {(const char *)entry->body, bytes};
        switch (entry->kind) {
        case AUDIT_SESSION_CREATED:
        case AUDIT_SESSION_ENDED:
        case AUDIT_SESSION_ERASED:
        case AUDIT_SESSION_CHANGED:
        case AUDIT_GROUP_CREATED:
        case AUDIT_GROUP_CHANGED:
                out->session_id = take_be(&body, 8);
                return;
        case AUDIT_POOL_ADDED:
        case AUDIT_POOL_REMOVED:
        case AUDIT_POOL_CHANGED:
                (void)take_be(&body, 4);
                take_name(&body, out->name, sizeof out->name);
                return;
        case AUDIT_NUMBER_ADDED:
        case AUDIT_NUMBER_REMOVED:
        case AUDIT_NUMBER_CHANGED:
                out->number.n.e164 = take_be(&body, 8);
                out->trunk_id = (uint32_t)take_be(&body, 4);
                return;
        case AUDIT_TRUNK_ADDED:
        case AUDIT_TRUNK_REMOVED:
        case AUDIT_TRUNK_CHANGED:
                out->trunk_id = (uint32_t)take_be(&body, 4);
                take_name(&body, out->name, sizeof out->name);
                return;
        case AUDIT_CALL_CONNECTED:
        case AUDIT_CALL_REFUSED:
                read_call(body, out);
                return;
        case AUDIT_TENANT_CREATED:
        case AUDIT_TENANT_REMOVED:
                (void)take_be(&body, 12);
                take_name(&body, out->name, sizeof out->name);
                return;
        case AUDIT_KEY_CREATED:
        case AUDIT_KEY_REVOKED:
                read_key(body, out);
                return;
        case AUDIT_PARTY_EXPORTED:
        case AUDIT_PARTY_ERASED:
                out->key_id = take_be(&body, 8);
                return;
        default:
                return;
        }
}

const char *audit_kind_name(enum audit_kind kind)
{
        switch (kind) {
        case AUDIT_SESSION_CREATED:
        case AUDIT_GROUP_CREATED:
                return "session-created";
        case AUDIT_SESSION_ENDED:
                return "session-ended";
        case AUDIT_SESSION_ERASED:
                return "session-erased";
        case AUDIT_SESSION_CHANGED:
        case AUDIT_GROUP_CHANGED:
                return "session-changed";
        case AUDIT_NUMBER_CHANGED:
                return "number-changed";
        case AUDIT_POOL_ADDED:
                return "pool-added";
        case AUDIT_POOL_REMOVED:
                return "pool-removed";
        case AUDIT_POOL_CHANGED:
                return "pool-changed";
        case AUDIT_NUMBER_ADDED:
                return "number-added";
        case AUDIT_NUMBER_REMOVED:
                return "number-removed";
        case AUDIT_TRUNK_ADDED:
                return "trunk-added";
        case AUDIT_TRUNK_REMOVED:
                return "trunk-removed";
        case AUDIT_TRUNK_CHANGED:
                return "trunk-changed";
        case AUDIT_CALL_CONNECTED:
                return "call-connected";
        case AUDIT_CALL_REFUSED:
                return "call-refused";
        case AUDIT_WRITES_REFUSED:
                return "writes-refused";
        case AUDIT_TENANT_CREATED:
                return "tenant-created";
        case AUDIT_TENANT_REMOVED:
                return "tenant-removed";
        case AUDIT_KEY_CREATED:
                return "key-created";
        case AUDIT_KEY_REVOKED:
                return "key-revoked";
        case AUDIT_PARTY_EXPORTED:
                return "party-exported";
        case AUDIT_PARTY_ERASED:
                return "party-erased";
        case AUDIT_PAIR_BLOCKED:
                return "pair-blocked";
        case AUDIT_PAIR_UNBLOCKED:
                return "pair-unblocked";
        case AUDIT_BACKUP_MADE:
                return "backup-made";
        case AUDIT_BACKUP_KEY_TOLD:
                return "backup-key-told";
        case AUDIT_BACKUP_FORGOTTEN:
                return "backup-forgotten";
        case AUDIT_RESTORED:
                return "restored";
        }
        return NULL;
}
