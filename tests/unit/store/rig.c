/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/io_epoll.h"

void rig_init(struct rig *rig, enum rig_kind kind)
{
        memset(rig, 0, sizeof *rig);
        rig->kind = kind;
        scratch_make(&rig->scratch);
        int err = io_create_epoll(&rig->io);
        assert(err == 0);
        if (kind == RIG_MEMORY) {
                err = store_memory_disk_create(&rig->disk);
                assert(err == 0);
                err = vault_create_memory(&rig->vault);
                assert(err == 0);
        }
}

void rig_fini(struct rig *rig)
{
        if (rig->store)
                rig_close(rig);
        if (rig->kind == RIG_MEMORY)
                vault_close(rig->vault);
        store_memory_disk_destroy(rig->disk);
        io_destroy(rig->io);
        scratch_remove(&rig->scratch);
}

static int open_sqlite(struct rig *rig)
{
        int err = data_dir_open(rig->scratch.path, &rig->dir, rig->problem);
        if (err)
                return err;
        err = vault_open(rig->dir, &rig->vault, rig->problem);
        if (err)
                return err;
        struct store_sqlite_params params = {
                .io = rig->io,
                .dir = rig->dir,
                .vault = rig->vault,
                .queue_max = rig->queue_max,
                .vfs = rig->vfs,
        };
        return store_sqlite_open(&params, &rig->store, rig->problem);
}

static void close_files(struct rig *rig)
{
        vault_close(rig->vault);
        data_dir_close(rig->dir);
        rig->vault = NULL;
        rig->dir = NULL;
}

int rig_try_open(struct rig *rig)
{
        rig->problem[0] = '\0';
        if (rig->kind == RIG_MEMORY) {
                struct store_memory_params params = {
                        .io = rig->io,
                        .vault = rig->vault,
                        .disk = rig->disk,
                        .queue_max = rig->queue_max,
                };
                return store_memory_open(&params, &rig->store);
        }
        int err = open_sqlite(rig);
        if (err)
                close_files(rig);
        return err;
}

void rig_open(struct rig *rig)
{
        int err = rig_try_open(rig);
        if (err)
                fprintf(stderr, "%s (%s)\n", rig->problem, err_text(err));
        assert(err == 0);
}

void rig_close(struct rig *rig)
{
        rig->store->ops->close(rig->store);
        rig->store = NULL;
        if (rig->kind == RIG_SQLITE)
                close_files(rig);
}

void rig_run(struct rig *rig)
{
        while (rig->waiting > 0)
                io_run(rig->io);
}

void rig_came(struct rig *rig)
{
        if (--rig->waiting == 0)
                io_stop(rig->io);
}

struct outcome {
        struct rig *rig;
        int err;
};

static void on_done(void *arg, int err)
{
        struct outcome *outcome = arg;
        outcome->err = err;
        rig_came(outcome->rig);
}

int rig_submit(struct rig *rig, const struct store_change *changes, uint32_t count)
{
        struct outcome outcome = {.rig = rig, .err = 1};
        int err = rig->store->ops->submit(rig->store, changes, count, on_done, &outcome);
        assert(err == 0);
        assert(outcome.err == 1); /* not before submit returned */
        rig->waiting++;
        rig_run(rig);
        return outcome.err;
}

static int on_tenant(void *arg, const struct tenant *row)
{
        struct rig_rows *rows = arg;
        assert(rows->tenant_count < 8 && !rows->key_count && !rows->trunk_count);
        rows->tenants[rows->tenant_count++] = *row;
        return 0;
}

static int on_key(void *arg, const struct api_key *row)
{
        struct rig_rows *rows = arg;
        assert(rows->key_count < 8 && !rows->trunk_count);
        rows->keys[rows->key_count++] = *row;
        return 0;
}

static int on_trunk(void *arg, const struct trunk *row)
{
        struct rig_rows *rows = arg;
        assert(rows->trunk_count < 8 && !rows->number_count && !rows->session_count);
        rows->trunks[rows->trunk_count++] = *row;
        return 0;
}

static int on_pool(void *arg, const struct store_pool *row)
{
        struct rig_rows *rows = arg;
        assert(rows->pool_count < 8 && !rows->number_count);
        rows->pools[rows->pool_count++] = *row;
        return 0;
}

static int on_number(void *arg, const struct store_number *row)
{
        struct rig_rows *rows = arg;
        assert(rows->number_count < 8 && !rows->session_count);
        rows->numbers[rows->number_count++] = *row;
        return 0;
}

static int on_block(void *arg, const struct store_block *row)
{
        struct rig_rows *rows = arg;
        assert(rows->block_count < 8 && !rows->session_count);
        rows->blocks[rows->block_count++] = *row;
        return 0;
}

static int on_session(void *arg, const struct store_session *row, const struct session_use *use)
{
        struct rig_rows *rows = arg;
        assert(rows->session_count < RIG_ROWS_MAX && !rows->audit_count);
        rows->uses[rows->session_count] = *use;
        rows->sessions[rows->session_count++] = *row;
        return 0;
}

static int on_grave(void *arg, const struct store_grave *row)
{
        struct rig_rows *rows = arg;
        assert(rows->grave_count < 8 && !rows->audit_count);
        rows->graves[rows->grave_count++] = *row;
        return 0;
}

static int on_audit_head(void *arg, const struct store_audit *last)
{
        struct rig_rows *rows = arg;
        rows->last_audit = *last;
        rows->audit_count++;
        return 0;
}

struct rig_rows *rig_load(struct rig *rig)
{
        struct rig_rows *rows = calloc(1, sizeof *rows);
        assert(rows);
        const struct store_loader loader = {
                .on_tenant = on_tenant,
                .on_key = on_key,
                .on_trunk = on_trunk,
                .on_pool = on_pool,
                .on_number = on_number,
                .on_block = on_block,
                .on_session = on_session,
                .on_grave = on_grave,
                .on_audit_head = on_audit_head,
                .arg = rows,
        };
        int err = rig->store->ops->load(rig->store, &loader);
        assert(err == 0);
        return rows;
}

static int ignore_tenant(void *arg, const struct tenant *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int ignore_key(void *arg, const struct api_key *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int ignore_trunk(void *arg, const struct trunk *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int ignore_pool(void *arg, const struct store_pool *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int ignore_number(void *arg, const struct store_number *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int ignore_grave(void *arg, const struct store_grave *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int ignore_block(void *arg, const struct store_block *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int ignore_session(void *arg, const struct store_session *row, const struct session_use *use)
{
        (void)arg;
        (void)row;
        (void)use;
        return 0;
}

static int ignore_audit(void *arg, const struct store_audit *last)
{
        (void)arg;
        (void)last;
        return 0;
}

const struct store_loader *rig_loader(void)
{
        static const struct store_loader loader = {
                .on_tenant = ignore_tenant,
                .on_key = ignore_key,
                .on_trunk = ignore_trunk,
                .on_pool = ignore_pool,
                .on_number = ignore_number,
                .on_block = ignore_block,
                .on_session = ignore_session,
                .on_grave = ignore_grave,
                .on_audit_head = ignore_audit,
        };
        return &loader;
}

struct found {
        struct rig *rig;
        struct cdr *out;
        uint32_t count;
};

static void on_cdrs(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct found *found = arg;
        assert(err == 0);
        assert(count <= RIG_ROWS_MAX);
        if (count)
                memcpy(found->out, rows, count * sizeof *rows);
        found->count = count;
        rig_came(found->rig);
}

uint32_t rig_cdrs(struct rig *rig, const struct store_cdr_query *query, struct cdr *out)
{
        struct found found = {.rig = rig, .out = out};
        int err = rig->store->ops->query_cdrs(rig->store, query, on_cdrs, &found);
        assert(err == 0);
        rig->waiting++;
        rig_run(rig);
        return found.count;
}

struct verification {
        struct outcome outcome; /* first: on_done() gets it */
        struct audit_check check;
        const struct vault *vault;
};

static int on_entry(void *arg, const struct store_audit *entry)
{
        struct verification *v = arg;
        (void)audit_check_entry(&v->check, v->vault, entry);
        return 0;
}

struct audit_check rig_verify(struct rig *rig, int *err)
{
        struct verification v = {.outcome = {.rig = rig}, .vault = rig->vault};
        int refused = rig->store->ops->walk_audit(rig->store, on_entry, on_done, &v);
        assert(refused == 0);
        rig->waiting++;
        rig_run(rig);
        audit_check_end(&v.check, v.outcome.err);
        if (err)
                *err = v.outcome.err;
        return v.check;
}

struct store_change make_trunk(uint32_t n)
{
        struct store_change change = {.kind = STORE_PUT_TRUNK};
        struct trunk *t = &change.trunk;
        t->id = n;
        t->tenant_id = 1;
        snprintf(t->name, sizeof t->name, "carrier-%u", n);
        int err = addr_prefix_parse(SLICE("192.0.2.0/24"), &t->sources[0].prefix);
        err |= addr_prefix_parse(SLICE("2001:db8::/32"), &t->sources[1].prefix);
        err |= addr_pair_parse(SLICE("203.0.113.7, [2001:db8::7]:5062"), addr_parse_either,
                               &t->advertised);
        assert(err == 0);
        t->sources[1].port = 5062;
        t->source_count = 2;
        t->caller_from = TRUNK_CALLER_FROM_ASSERTED;
        t->dialled_from = TRUNK_DIALLED_FROM_TO;
        snprintf(t->peer_host, sizeof t->peer_host, "sip%u.carrier.example", n);
        t->peer_port = 65535;
        t->number_form = NUMBER_LOCAL;
        t->send_asserted = true;
        t->plan = (struct number_plan){"91", "00", "0", 10, 10};
        t->channels_max = UINT32_MAX;
        t->calls_per_s = n;
        t->announcements_max = 3;
        snprintf(t->username, sizeof t->username, "acme-%u", n);
        snprintf(t->realm, sizeof t->realm, "carrier%u.example", n);
        t->password_key = n;
        t->password_bytes = TRUNK_SEALED_BYTES;
        memset(t->password, (int)n, sizeof t->password);
        t->registers = true;
        t->register_s = UINT32_MAX;
        t->options_s = UINT32_MAX;
        t->no_prack = true;
        t->follows_redirects = true;
        t->transport = TRUNK_AUTO;
        snprintf(t->client_domain, sizeof t->client_domain, "client%u.example", n);
        t->failover_ms = UINT32_MAX;
        t->queue_ms = UINT32_MAX;
        t->overflow_count = TRUNK_OVERFLOW_MAX;
        for (unsigned i = 0; i < TRUNK_OVERFLOW_MAX; i++)
                t->overflow[i] = UINT32_MAX - i;
        t->tolerates = TOLERANCES_ALL;
        t->writing = (struct trunk_template){
                .forms = {1, 2, NUMBER_FORMS, 0},
                .from_user = TRUNK_WHO_USERNAME,
                .asserted_user = TRUNK_WHO_PILOT,
                .pilot = {{919000000000 + n}},
                .domain = TRUNK_DOMAIN_NAMED,
                .named = "carrier.example",
                .display = "Acme, Inc",
                .privacy = TRUNK_PRIVACY_ID,
                .charge = TRUNK_CHARGE_PILOT,
                .user_phone = true,
                .request_prefix = "1234#",
                .caller_prefix = "0123456789abcdef",
                .dialled_prefix = "*",
                .headers_key = n + 1000,
                .headers_bytes = TRUNK_HEADERS_SEALED_BYTES,
        };
        memset(t->writing.headers, (int)n, sizeof t->writing.headers);
        return change;
}

struct store_change make_number(uint32_t n)
{
        return (struct store_change){
                .kind = STORE_PUT_NUMBER,
                .number = {.number = {{919000000000 + n}},
                           .tenant_id = 1,
                           .trunk_id = n,
                           .pool_id = 1,
                           .traits = {.place = {"IN", "80"},
                                      .capabilities = NUMBER_CAPABILITIES_ALL,
                                      .reserved = true,
                                      .frozen = n % 2,
                                      .tags = "gold,south"}},
        };
}

struct store_change make_pool(uint32_t n)
{
        struct store_change change = {.kind = STORE_PUT_POOL, .pool = {.id = n, .tenant_id = 1}};
        snprintf(change.pool.name, sizeof change.pool.name, "pool-%u", n);
        pool_policy_default(&change.pool.policy);
        change.pool.policy.quarantine_ms = 60000 + n;
        change.pool.policy.model = MODEL_GROUP;
        snprintf(change.pool.policy.voice, sizeof change.pool.policy.voice, "voice-%u", n);
        return change;
}

struct store_change make_block(uint8_t n)
{
        struct store_change change = {
                .kind = STORE_PUT_BLOCK,
                .block = {.tenant_id = 1, .one = {1, n}, .other = {2, n}, .created_ms = 1000 - n}};
        return change;
}

struct store_change make_session(uint64_t id)
{
        struct store_change change = {
                .kind = STORE_ADD_SESSION,
                .session =
                        {
                                .id = id,
                                .tenant_id = 1,
                                .pool_id = 1,
                                .state = SESSION_ACTIVE,
                                .created_ms = 1700000000000 + (int64_t)id,
                                .starts_ms = 1700000000001,
                                .expires_ms = 1700000000002,
                                .fixed_ms = 1700000000003,
                                .sliding_ms = 60000,
                                .origin = id + 7,
                                .key_slot = UINT64_C(0xfedcba9800000000) | id,
                                .sealed_bytes = 120,
                        },
        };
        snprintf(change.session.reference, sizeof change.session.reference, "order-%llu",
                 (unsigned long long)id);
        memset(change.session.sealed, (int)(id % 251 + 1), change.session.sealed_bytes);
        return change;
}

struct store_change make_session_state(uint64_t id, enum session_state state, int64_t ended_ms)
{
        struct store_change change = {.kind = STORE_SET_SESSION_STATE};
        change.session.id = id;
        change.session.state = state;
        change.session.ended_ms = ended_ms;
        return change;
}

static struct uuid call_uuid(uint32_t call, unsigned leg)
{
        struct uuid id = {{0x5a, 0x1e, (uint8_t)(call >> 8), (uint8_t)call, 9, 9, 0x40, 0}};
        id.bytes[15] = (uint8_t)leg;
        return id;
}

struct store_change make_cdr(uint32_t call, enum cdr_leg leg, int64_t started_ms)
{
        struct store_change change = {
                .kind = STORE_ADD_CDR,
                .cdr =
                        {
                                .tenant_id = 1,
                                .call_id = call_uuid(call, CDR_LEG_A),
                                .leg_id = call_uuid(call, leg),
                                .leg = leg,
                                .trunk_id = 3,
                                .session_id = call,
                                .party = leg == CDR_LEG_A ? -1 : 1,
                                .number = {{919000000001}},
                                .party_hint = {"~3fa91c04..01"},
                                .verdict = MASK_CONNECT,
                                .started_ms = started_ms,
                                .ringing_ms = started_ms + 10,
                                .answered_ms = started_ms + 20,
                                .ended_ms = started_ms + 30,
                                .cause = CAUSE_LOST_RACE,
                                .source = SOURCE_ERROR,
                                .sip_status = 699,
                                .attempt_count = 3,
                                .attempts = {{7,
                                              {.family = 4, .ip = {192, 0, 2, 1}, .port = 5060},
                                              0,
                                              CDR_ATTEMPT_SILENT,
                                              0},
                                             {8, {0}, 0, CDR_ATTEMPT_LIMITED, 0},
                                             {UINT32_MAX,
                                              {.family = 6, .ip = {0x20, 1}, .port = 65535},
                                              2,
                                              CDR_ATTEMPT_ANSWERED,
                                              200}},
                                .packets_in = UINT32_MAX,
                                .packets_out = 2,
                                .packets_lost = 1,
                                .jitter_ms_x10 = 25,
                        },
        };
        return change;
}

struct store_change make_audit(uint32_t n)
{
        struct store_change change = {.kind = STORE_ADD_AUDIT};
        change.audit.tenant_id = 1;
        change.audit.at_ms = 1700000000000 + n;
        change.audit.kind = 7;
        change.audit.body_bytes = (uint16_t)(n % (STORE_AUDIT_MAX + 1));
        memset(change.audit.body, (int)(n % 255 + 1), change.audit.body_bytes);
        return change;
}

bool same_session(const struct store_session *a, const struct store_session *b)
{
        return a->id == b->id && a->tenant_id == b->tenant_id && a->pool_id == b->pool_id &&
               a->state == b->state && a->created_ms == b->created_ms &&
               a->starts_ms == b->starts_ms && a->expires_ms == b->expires_ms &&
               a->ended_ms == b->ended_ms && a->fixed_ms == b->fixed_ms &&
               a->sliding_ms == b->sliding_ms && a->origin == b->origin &&
               a->key_slot == b->key_slot && strcmp(a->reference, b->reference) == 0 &&
               a->sealed_bytes == b->sealed_bytes &&
               memcmp(a->sealed, b->sealed, a->sealed_bytes) == 0;
}

static bool has_same_attempts(const struct cdr *a, const struct cdr *b)
{
        for (unsigned i = 0; i < a->attempt_count && i < b->attempt_count; i++) {
                const struct cdr_attempt *x = &a->attempts[i], *y = &b->attempts[i];
                if (x->trunk_id != y->trunk_id || x->how != y->how || x->status != y->status ||
                    x->transport != y->transport || !addr_equal(&x->address, &y->address))
                        return false;
        }
        return a->attempt_count == b->attempt_count;
}

bool same_cdr(const struct cdr *a, const struct cdr *b)
{
        return a->tenant_id == b->tenant_id &&
               memcmp(&a->call_id, &b->call_id, sizeof a->call_id) == 0 &&
               memcmp(&a->leg_id, &b->leg_id, sizeof a->leg_id) == 0 && a->leg == b->leg &&
               a->trunk_id == b->trunk_id && a->session_id == b->session_id &&
               a->party == b->party && number_equal(a->number.n, b->number.n) &&
               strcmp(a->party_hint.text, b->party_hint.text) == 0 && a->verdict == b->verdict &&
               a->started_ms == b->started_ms && a->ringing_ms == b->ringing_ms &&
               a->answered_ms == b->answered_ms && a->ended_ms == b->ended_ms &&
               a->cause == b->cause && a->source == b->source && a->sip_status == b->sip_status &&
               has_same_attempts(a, b) && a->packets_in == b->packets_in &&
               a->packets_out == b->packets_out && a->packets_lost == b->packets_lost &&
               a->jitter_ms_x10 == b->jitter_ms_x10;
}
