/* SPDX-License-Identifier: Apache-2.0 */
/* What core/store.h promises, asked of both stores. */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

#define HOUR INT64_C(3600000)
#define NOON (HOUR * 473000)

static struct rig rig;

static int set_up(void **state)
{
        rig_init(&rig, *state ? RIG_MEMORY : RIG_SQLITE);
        rig_open(&rig);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        rig_fini(&rig);
        return 0;
}

static void reopen(void)
{
        rig_close(&rig);
        rig_open(&rig);
}

static void put(struct store_change change)
{
        assert_int_equal(rig_submit(&rig, &change, 1), 0);
}

static void a_fresh_store_is_empty(void **state)
{
        (void)state;
        struct cdr cdrs[4];
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->trunk_count + rows->number_count + rows->session_count, 0);
        assert_int_equal(rows->key_count, 0);
        assert_int_equal(rows->tenant_count, 1);
        assert_int_equal(rows->tenants[0].id, TENANT_DEFAULT);
        assert_string_equal(rows->tenants[0].name, "default");
        assert_int_equal(rows->audit_count, 0);
        free(rows);
        assert_int_equal(rig_cdrs(&rig, &(struct store_cdr_query){.max = 4}, cdrs), 0);

        int err = 1;
        struct audit_check check = rig_verify(&rig, &err);
        assert_int_equal(err, 0);
        assert_int_equal(check.count, 0);
        assert_true(rig.store->ops->healthy(rig.store, rig.problem));
        assert_int_equal(rig.store->ops->queued(rig.store), 0);
}

/* As much of everything as there may be. */
static struct store_change wide_trunk(uint32_t n)
{
        struct store_change wide = make_trunk(n);
        wide.trunk.source_count = TRUNK_SOURCES_MAX;
        for (unsigned i = 0; i < TRUNK_SOURCES_MAX; i++) {
                struct trunk_source *source = &wide.trunk.sources[i];
                source->port = 65535;
                assert_int_equal(
                        addr_prefix_parse(SLICE("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128"),
                                          &source->prefix),
                        0);
        }
        memset(wide.trunk.name, 'n', TRUNK_NAME_BYTES - 1);
        memset(wide.trunk.peer_host, 'h', TRUNK_HOST_BYTES - 1);
        return wide;
}

static void expect_same_peer(const struct trunk *back, const struct trunk *given)
{
        assert_int_equal(back->id, 2);
        assert_string_equal(back->name, "carrier-2");
        assert_int_equal(back->source_count, 2);
        assert_int_equal(back->sources[0].prefix.bits, 24);
        assert_int_equal(back->sources[0].port, 0);
        assert_int_equal(back->sources[1].prefix.bits, 32);
        assert_int_equal(back->sources[1].port, 5062);
        assert_memory_equal(&back->sources[1].prefix.addr, &given->sources[1].prefix.addr,
                            sizeof(struct addr));
        assert_string_equal(back->peer_host, "sip2.carrier.example");
        assert_int_equal(back->peer_port, 65535);
        assert_int_equal(back->transport, TRUNK_AUTO);
        assert_string_equal(back->client_domain, "client2.example");
        assert_true(addr_equal(&back->advertised.ip4, &given->advertised.ip4));
        assert_true(addr_equal(&back->advertised.ip6, &given->advertised.ip6));
}

static void expect_same_numbers(const struct trunk *back, const struct trunk *given)
{
        assert_int_equal(back->caller_from, TRUNK_CALLER_FROM_ASSERTED);
        assert_int_equal(back->dialled_from, TRUNK_DIALLED_FROM_TO);
        assert_int_equal(back->number_form, NUMBER_LOCAL);
        assert_true(back->send_asserted);
        assert_string_equal(back->plan.country, "91");
        assert_string_equal(back->plan.international, "00");
        assert_string_equal(back->plan.national, "0");
        assert_int_equal(back->plan.digits_min, 10);
        assert_int_equal(back->plan.digits_max, 10);
        assert_memory_equal(&back->writing, &given->writing, sizeof back->writing);
}

static void expect_same_login(const struct trunk *back, const struct trunk *given)
{
        assert_string_equal(back->username, "acme-2");
        assert_string_equal(back->realm, "carrier2.example");
        assert_int_equal(back->password_key, 2);
        assert_int_equal(back->password_bytes, TRUNK_SEALED_BYTES);
        assert_memory_equal(back->password, given->password, TRUNK_SEALED_BYTES);
        assert_true(back->registers);
        assert_true(back->register_s == UINT32_MAX);
}

static void expect_same_behaviour(const struct trunk *back, const struct trunk *given)
{
        assert_true(back->channels_max == UINT32_MAX);
        assert_int_equal(back->calls_per_s, 2);
        assert_int_equal(back->announcements_max, 3);
        assert_true(back->options_s == UINT32_MAX);
        assert_true(back->no_prack);
        assert_true(back->follows_redirects);
        assert_false(back->no_session_timer);
        assert_true(back->failover_ms == UINT32_MAX);
        assert_true(back->queue_ms == UINT32_MAX);
        assert_int_equal(back->overflow_count, TRUNK_OVERFLOW_MAX);
        assert_memory_equal(back->overflow, given->overflow, sizeof back->overflow);
        assert_int_equal(back->tolerates, TOLERANCES_ALL);
}

static void a_trunk_comes_back_as_it_was_put(void **state)
{
        (void)state;
        struct store_change bare = {.kind = STORE_PUT_TRUNK};
        struct store_change full = make_trunk(2), wide = wide_trunk(4);
        bare.trunk.id = 1;
        bare.trunk.tenant_id = 1;
        strcpy(bare.trunk.name, "bare");
        put(full);
        put(wide);
        put(bare);
        reopen();

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->trunk_count, 3);
        const struct trunk *back = &rows->trunks[rig.kind == RIG_SQLITE ? 1 : 0];
        expect_same_peer(back, &full.trunk);
        expect_same_numbers(back, &full.trunk);
        expect_same_login(back, &full.trunk);
        expect_same_behaviour(back, &full.trunk);

        back = &rows->trunks[rig.kind == RIG_SQLITE ? 2 : 1];
        assert_int_equal(back->source_count, TRUNK_SOURCES_MAX);
        assert_memory_equal(back->sources, wide.trunk.sources, sizeof back->sources);
        assert_string_equal(back->peer_host, wide.trunk.peer_host);

        back = &rows->trunks[rig.kind == RIG_SQLITE ? 0 : 2];
        assert_true(addr_pair_is_empty(&back->advertised));
        assert_int_equal(back->source_count, 0);
        free(rows);
}

static struct store_change tenant_change(enum store_change_kind kind, uint32_t id,
                                         int64_t removed_ms)
{
        struct store_change change = {.kind = kind};
        change.tenant = (struct tenant){.id = id, .created_ms = NOON, .removed_ms = removed_ms};
        memset(change.tenant.name, 'a' + (int)id, TENANT_NAME_BYTES - 1);
        return change;
}

static void a_removed_tenant_leaves_its_id_and_frees_its_name(void **state)
{
        (void)state;
        put(tenant_change(STORE_PUT_TENANT, 2, 0));
        put(tenant_change(STORE_PUT_TENANT, 3, 0));
        put(tenant_change(STORE_REMOVE_TENANT, 2, NOON + 1));
        reopen();
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->tenant_count, 2);
        assert_int_equal(rows->tenants[1].id, 3);
        assert_int_equal(rows->tenants[1].created_ms, NOON);
        assert_int_equal(strlen(rows->tenants[1].name), TENANT_NAME_BYTES - 1);
        free(rows);

        put(tenant_change(STORE_REMOVE_TENANT, 3, NOON + 2));
        struct store_change again = tenant_change(STORE_PUT_TENANT, 4, 0);
        memset(again.tenant.name, 'a' + 3, TENANT_NAME_BYTES - 1);
        rows = rig_load(&rig);
        assert_int_equal(rows->tenant_count, 2);
        assert_int_equal(rows->tenants[1].id, 3);
        assert_int_equal(rows->tenants[1].removed_ms, NOON + 2);
        free(rows);
        put(again);
}

static struct store_change key_change(enum store_change_kind kind, uint64_t id, int64_t at_ms)
{
        struct store_change change = {.kind = kind};
        change.key = (struct api_key){
                .id = id,
                .tenant_id = (uint32_t)id - 1,
                .scopes = SCOPES_ALL,
                .created_ms = NOON,
                .expires_ms = NOON + HOUR,
                .revoked_ms = kind == STORE_REVOKE_KEY ? at_ms : 0,
                .used_ms = kind == STORE_TOUCH_KEY ? at_ms : 0,
        };
        memset(change.key.name, 'k', API_KEY_NAME_BYTES - 1);
        memset(change.key.hash, (int)id, API_KEY_HASH_BYTES);
        return change;
}

static void a_key_comes_back_until_it_is_revoked(void **state)
{
        (void)state;
        struct store_change one = key_change(STORE_PUT_KEY, 1, 0);
        put(one);
        put(key_change(STORE_PUT_KEY, 2, 0));
        put(key_change(STORE_TOUCH_KEY, 1, NOON + 2));
        put(key_change(STORE_TOUCH_KEY, 1, NOON + 1));
        put(key_change(STORE_TOUCH_KEY, 3, NOON));
        reopen();
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->key_count, 2);
        one.key.used_ms = NOON + 2;
        assert_memory_equal(&rows->keys[0], &one.key, sizeof one.key);
        free(rows);

        put(key_change(STORE_REVOKE_KEY, 1, NOON + 3));
        put(key_change(STORE_REVOKE_KEY, 2, NOON + 4));
        reopen();
        rows = rig_load(&rig);
        static const uint8_t none[API_KEY_HASH_BYTES];
        assert_int_equal(rows->key_count, 1);
        assert_int_equal(rows->keys[0].id, 2);
        assert_int_equal(rows->keys[0].revoked_ms, NOON + 4);
        assert_memory_equal(rows->keys[0].hash, none, sizeof none);
        free(rows);
}

static void putting_again_replaces_and_removing_removes(void **state)
{
        (void)state;
        struct store_change change = make_trunk(1);
        put(change);
        put(make_trunk(2));
        put(make_number(1));
        put(make_number(2));
        change.trunk.peer_port = 5080;
        put(change);
        change = make_number(1);
        change.number.trunk_id = 9;
        put(change);
        change.kind = STORE_REMOVE_NUMBER;
        change.number.number.n.e164 = 919000000002;
        put(change);
        change.kind = STORE_REMOVE_TRUNK;
        memset(&change.trunk, 0, sizeof change.trunk);
        change.trunk.id = 2;
        put(change);
        put(change); /* once more: nothing happens */
        reopen();

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->trunk_count, 1);
        assert_int_equal(rows->trunks[0].id, 1);
        assert_int_equal(rows->trunks[0].peer_port, 5080);
        assert_int_equal(rows->number_count, 1);
        assert_true(rows->numbers[0].number.n.e164 == 919000000001);
        assert_int_equal(rows->numbers[0].trunk_id, 9);
        assert_int_equal(rows->numbers[0].tenant_id, 1);
        assert_int_equal(rows->numbers[0].pool_id, 1);
        free(rows);
}

static void a_pool_comes_back_with_its_policy(void **state)
{
        (void)state;
        put(make_pool(2));
        put(make_pool(3));
        struct store_change other = make_pool(2);
        other.pool.tenant_id = 7; /* an id is a tenant's own */
        put(other);
        struct store_change changed = make_pool(3);
        snprintf(changed.pool.name, sizeof changed.pool.name, "renamed");
        changed.pool.policy.ring_s = 17;
        put(changed);
        struct store_change removed = make_pool(2);
        removed.kind = STORE_REMOVE_POOL;
        put(removed);
        reopen();

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->pool_count, 2);
        unsigned first = rows->pools[0].tenant_id == 1 ? 0 : 1;
        assert_memory_equal(&rows->pools[first], &changed.pool, sizeof changed.pool);
        assert_memory_equal(&rows->pools[1 - first], &other.pool, sizeof other.pool);
        free(rows);
}

static void blocks_come_back_each_once(void **state)
{
        (void)state;
        put(make_block(1));
        put(make_block(2));
        put(make_block(3));
        put(make_block(1));
        struct store_change other = make_block(2);
        other.block.tenant_id = 7; /* the same two, of another tenant's */
        other.block.created_ms = 2000;
        put(other);
        struct store_change removed = make_block(2);
        removed.kind = STORE_REMOVE_BLOCK;
        put(removed);
        put(removed);
        reopen();

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->block_count, 3);
        const struct store_block *first = NULL, *second = NULL;
        for (uint32_t i = 0; i < 3; i++) {
                if (rows->blocks[i].created_ms == 997)
                        first = &rows->blocks[i];
                if (rows->blocks[i].created_ms == 999)
                        second = &rows->blocks[i];
        }
        assert_true(first && second);
        assert_memory_equal(first->one, make_block(3).block.one, sizeof first->one);
        assert_memory_equal(second->other, make_block(1).block.other, sizeof second->other);
        free(rows);
}

static void a_number_comes_back_with_its_traits(void **state)
{
        (void)state;
        put(make_number(1));
        reopen();
        struct store_change number = make_number(1);
        struct rig_rows *rows = rig_load(&rig);
        assert_memory_equal(&rows->numbers[0], &number.number, sizeof number.number);
        free(rows);
}

static struct store_change make_use(uint64_t id)
{
        struct store_change change = {.kind = STORE_SET_SESSION_USE,
                                      .use = {.id = id, .expires_ms = 1900000000000}};
        session_use_init(&change.use.use);
        change.use.use.calls = 3;
        change.use.use.last_used_ms = 1700000005000;
        change.use.use.parties[15] = (struct party_use){3, 5, 0};
        change.use.use.parties[2] = (struct party_use){2, 4, PARTY_NONE};
        return change;
}

static void what_a_session_remembers_of_its_calls_comes_back(void **state)
{
        (void)state;
        put(make_session(1));
        put(make_session(2));
        put(make_use(1));
        put(make_use(99)); /* erased before it came to be written */
        struct store_change changed = make_session(1);
        changed.kind = STORE_SET_SESSION;
        changed.session.expires_ms = 1900000000000;
        put(changed); /* and stays when something else changes */
        reopen();

        struct session_use unused;
        struct store_change use = make_use(1), other = make_session(2);
        session_use_init(&unused);
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 2);
        assert_true(same_session(&rows->sessions[0], &changed.session));
        assert_memory_equal(&rows->uses[0], &use.use.use, sizeof unused);
        assert_true(same_session(&rows->sessions[1], &other.session));
        assert_memory_equal(&rows->uses[1], &unused, sizeof unused);
        free(rows);
}

static void sessions_come_back_whole_and_in_ascending_order(void **state)
{
        (void)state;
        struct store_change a = make_session(7), b = make_session(3), c = make_session(11);
        c.session.sealed_bytes = STORE_SEALED_MAX;
        memset(c.session.sealed, 0xee, STORE_SEALED_MAX);
        memset(c.session.reference, 'r', SESSION_REFERENCE_MAX - 1);
        c.session.expires_ms = INT64_MAX;
        c.session.key_slot = UINT64_MAX;
        b.session.sealed_bytes = 0;
        b.session.reference[0] = '\0';
        put(a);
        put(b);
        put(c);
        reopen();

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 3);
        assert_true(same_session(&rows->sessions[0], &b.session));
        assert_true(same_session(&rows->sessions[1], &a.session));
        assert_true(same_session(&rows->sessions[2], &c.session));
        free(rows);
}

static void a_state_changes_and_nothing_else(void **state)
{
        (void)state;
        struct store_change session = make_session(1);
        put(session);
        put(make_session(2));
        put(make_session_state(1, SESSION_ENDED, 1700000009999));
        reopen();

        session.session.state = SESSION_ENDED;
        session.session.ended_ms = 1700000009999;
        struct store_change other = make_session(2);
        struct rig_rows *rows = rig_load(&rig);
        assert_true(same_session(&rows->sessions[0], &session.session));
        assert_true(same_session(&rows->sessions[1], &other.session));
        free(rows);
}

static void a_session_is_replaced_whole(void **state)
{
        (void)state;
        put(make_session(1));
        put(make_session(2));
        struct store_change changed = make_session(1);
        changed.kind = STORE_SET_SESSION;
        changed.session.expires_ms = 1800000000000;
        changed.session.key_slot = 77;
        changed.session.sealed_bytes = STORE_SEALED_MAX;
        memset(changed.session.sealed, 0xab, STORE_SEALED_MAX);
        put(changed);
        reopen();

        struct store_change other = make_session(2);
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 2);
        assert_true(same_session(&rows->sessions[0], &changed.session));
        assert_true(same_session(&rows->sessions[1], &other.session));
        free(rows);
}

static void a_session_that_is_not_there_is_not_replaced(void **state)
{
        (void)state;
        struct store_change changes[] = {make_audit(1), make_session(99)};
        changes[1].kind = STORE_SET_SESSION;
        assert_int_equal(rig_submit(&rig, changes, 2), ERR_CONFLICT);
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count + rows->audit_count, 0);
        free(rows);
}

static void an_erased_session_leaves_its_id_and_nothing_else(void **state)
{
        (void)state;
        for (uint64_t id = 1; id <= 3; id++)
                put(make_session(id));
        put(make_session_state(1, SESSION_ERASED, 9));
        put(make_session_state(3, SESSION_ERASED, 9));
        reopen();

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 2); /* the last tells which ids are taken */
        assert_int_equal(rows->sessions[0].id, 2);
        assert_int_equal(rows->sessions[1].id, 3);
        assert_int_equal(rows->sessions[1].state, SESSION_ERASED);
        assert_int_equal(rows->sessions[1].ended_ms, 9);
        assert_int_equal(rows->sessions[1].sealed_bytes, 0);
        assert_string_equal(rows->sessions[1].reference, "");
        free(rows);
}

static struct store_change make_grave(uint64_t session_id, uint8_t part, uint8_t n)
{
        struct store_change change = {
                .kind = STORE_PUT_GRAVE,
                .grave = {.session_id = session_id,
                          .tenant_id = 3,
                          .part = part,
                          .key_slot = UINT64_MAX - n,
                          .sealed_bytes = STORE_GRAVE_MAX},
        };
        memset(change.grave.sealed, n, sizeof change.grave.sealed);
        return change;
}

static void graves_come_in_order_and_bring_their_sessions(void **state)
{
        (void)state;
        for (uint64_t id = 1; id <= 3; id++)
                put(make_session(id));
        put(make_grave(2, 1, 4));
        put(make_grave(1, 0, 2));
        put(make_grave(2, 0, 3));
        put(make_grave(1, 0, 5)); /* in the place of the one before */
        put(make_session_state(1, SESSION_ERASED, 9));
        put(make_session_state(2, SESSION_ERASED, 9));
        reopen();

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 3);
        assert_int_equal(rows->sessions[0].state, SESSION_ERASED);
        assert_int_equal(rows->sessions[0].ended_ms, 9);
        assert_int_equal(rows->grave_count, 3);
        assert_true(rows->sessions[0].has_grave && rows->sessions[1].has_grave);
        assert_false(rows->sessions[2].has_grave);
        const struct store_change expected[] = {make_grave(1, 0, 5), make_grave(2, 0, 3),
                                                make_grave(2, 1, 4)};
        for (unsigned i = 0; i < 3; i++)
                assert_memory_equal(&rows->graves[i], &expected[i].grave, sizeof rows->graves[i]);
        free(rows);

        put((struct store_change){.kind = STORE_REMOVE_GRAVE, .grave = {.session_id = 2}});
        put((struct store_change){.kind = STORE_REMOVE_GRAVE, .grave = {.session_id = 7}});
        reopen();
        rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 2);
        assert_int_equal(rows->grave_count, 1);
        free(rows);
}

static void a_submit_that_contradicts_leaves_nothing_behind(void **state)
{
        (void)state;
        struct store_change changes[] = {make_session(1), make_audit(1), make_trunk(1),
                                         make_session_state(99, SESSION_ENDED, 1)};
        assert_int_equal(rig_submit(&rig, changes, 4), ERR_CONFLICT);
        assert_true(rig.store->ops->healthy(rig.store, rig.problem));
        reopen();
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count + rows->trunk_count + rows->audit_count, 0);
        free(rows);
        assert_int_equal(rig_submit(&rig, changes, 3), 0);
        assert_int_equal(rig_submit(&rig, changes, 1), ERR_CONFLICT); /* the same id again */
}

static void a_session_added_and_ended_in_one_submit(void **state)
{
        (void)state;
        struct store_change changes[] = {make_session(1), make_session_state(1, SESSION_ENDED, 5)};
        assert_int_equal(rig_submit(&rig, changes, 2), 0);
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->sessions[0].state, SESSION_ENDED);
        free(rows);
}

struct seen {
        int order, err;
};
static struct seen seen[64];
static int seen_count;

static void on_seen(void *arg, int err)
{
        struct seen *s = arg;
        s->order = ++seen_count;
        s->err = err;
        rig_came(&rig);
}

static void submit_unseen(unsigned i, const struct store_change *changes, uint32_t count)
{
        seen[i] = (struct seen){0};
        assert_int_equal(rig.store->ops->submit(rig.store, changes, count, on_seen, &seen[i]), 0);
        rig.waiting++;
}

static void callbacks_come_in_the_order_of_submits(void **state)
{
        (void)state;
        seen_count = 0;
        for (unsigned i = 0; i < 64; i++) {
                struct store_change change = make_session(i + 1);
                submit_unseen(i, &change, 1);
        }
        assert_int_equal(rig.store->ops->queued(rig.store), 64);
        rig_run(&rig);
        for (int i = 0; i < 64; i++) {
                assert_int_equal(seen[i].order, i + 1);
                assert_int_equal(seen[i].err, 0);
        }
        assert_int_equal(rig.store->ops->queued(rig.store), 0);
}

static void a_contradiction_fails_alone_among_its_neighbours(void **state)
{
        (void)state;
        seen_count = 0;
        for (unsigned i = 0; i < 9; i++) {
                struct store_change changes[] = {make_audit(i), make_session(i + 1)};
                if (i == 4)
                        changes[1] = make_session_state(500, SESSION_ENDED, 1);
                submit_unseen(i, changes, 2);
        }
        rig_run(&rig);
        for (int i = 0; i < 9; i++) {
                assert_int_equal(seen[i].order, i + 1);
                assert_int_equal(seen[i].err, i == 4 ? ERR_CONFLICT : 0);
        }
        reopen();
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 8);
        assert_int_equal(rows->last_audit.sequence, 8);
        free(rows);

        struct audit_check check = rig_verify(&rig, NULL);
        assert_int_equal(check.count, 8);
        assert_int_equal(check.bad_at, 0);
}

static void a_full_queue_refuses_and_recovers(void **state)
{
        (void)state;
        rig_close(&rig);
        rig.queue_max = 3;
        rig_open(&rig);
        struct store_change change = make_audit(1);
        for (unsigned i = 0; i < 3; i++)
                submit_unseen(i, &change, 1);
        assert_int_equal(rig.store->ops->submit(rig.store, &change, 1, on_seen, &seen[3]),
                         ERR_FULL);
        rig_run(&rig);
        put(change);
        struct audit_check check = rig_verify(&rig, NULL);
        assert_int_equal(check.count, 4);
}

static void closing_brings_every_callback(void **state)
{
        (void)state;
        seen_count = 0;
        for (unsigned i = 0; i < 40; i++) {
                struct store_change change = make_session(i + 1);
                submit_unseen(i, &change, 1);
        }
        rig_close(&rig);
        assert_int_equal(rig.waiting, 0);
        for (int i = 0; i < 40; i++) {
                assert_int_equal(seen[i].order, i + 1);
                assert_int_equal(seen[i].err, 0);
        }
        rig_open(&rig);
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 40);
        free(rows);
}

static int refusals;

static void on_done_asks_for_more(void *arg, int err)
{
        struct store_change change = make_audit(1);
        (void)arg;
        assert_int_equal(err, 0);
        refusals = rig.store->ops->submit(rig.store, &change, 1, on_done_asks_for_more, NULL);
}

static void a_store_that_is_closing_takes_no_more(void **state)
{
        (void)state;
        struct store_change change = make_audit(1);
        refusals = 0;
        assert_int_equal(rig.store->ops->submit(rig.store, &change, 1, on_done_asks_for_more, NULL),
                         0);
        rig_close(&rig);
        assert_int_equal(refusals, ERR_STATE);
        rig_open(&rig);
}

static void a_leg_is_written_once(void **state)
{
        (void)state;
        struct cdr cdrs[4];
        struct store_change a = make_cdr(1, CDR_LEG_A, NOON), b = make_cdr(1, CDR_LEG_B, NOON + 5);
        put(a);
        put(b);
        put(a);
        struct store_change again[] = {a, make_audit(1)};
        assert_int_equal(rig_submit(&rig, again, 2), 0);

        assert_int_equal(rig_cdrs(&rig, &(struct store_cdr_query){.max = 4}, cdrs), 2);
        assert_true(same_cdr(&cdrs[0], &b.cdr));
        assert_true(same_cdr(&cdrs[1], &a.cdr));
        assert_int_equal(rig_verify(&rig, NULL).count, 1);
}

static void records_are_listed_newest_first_by_tenant_and_time(void **state)
{
        (void)state;
        static struct cdr cdrs[RIG_ROWS_MAX];
        for (uint32_t i = 0; i < 20; i++) {
                /* Ended in another order than begun. */
                struct store_change change = make_cdr(i, CDR_LEG_A, NOON + (i * 7 % 20) * 1000);
                change.cdr.tenant_id = 1 + i % 2;
                put(change);
        }
        struct store_cdr_query query = {.max = 1000};
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 20);
        for (int i = 0; i < 20; i++)
                assert_true(cdrs[i].started_ms == NOON + (19 - i) * 1000);

        query = (struct store_cdr_query){.max = 3, .before_ms = NOON + 10000};
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 3);
        assert_true(cdrs[0].started_ms == NOON + 9000);
        assert_true(cdrs[2].started_ms == NOON + 7000);

        query = (struct store_cdr_query){.max = 1000, .tenant_id = 2};
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 10);
        for (int i = 0; i < 10; i++)
                assert_int_equal(cdrs[i].tenant_id, 2);

        query = (struct store_cdr_query){.max = 1000, .tenant_id = 3};
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 0);
        query = (struct store_cdr_query){.max = 0};
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 0);
        query = (struct store_cdr_query){.max = 5, .before_ms = NOON};
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 0);
}

static void more_than_a_thousand_records_are_never_answered(void **state)
{
        (void)state;
        static struct cdr cdrs[RIG_ROWS_MAX];
        static struct store_change changes[1100];
        for (uint32_t i = 0; i < 1100; i++)
                changes[i] = make_cdr(i, CDR_LEG_A, NOON + i);
        assert_int_equal(rig_submit(&rig, changes, 1100), 0);
        assert_int_equal(rig_cdrs(&rig, &(struct store_cdr_query){.max = UINT32_MAX}, cdrs), 1000);
        assert_true(cdrs[0].started_ms == NOON + 1099);
        assert_true(cdrs[999].started_ms == NOON + 100);
}

static void a_call_is_found_whenever_its_legs_began(void **state)
{
        (void)state;
        struct cdr cdrs[8];
        for (uint32_t i = 0; i < 10; i++)
                put(make_cdr(100 + i, CDR_LEG_A, NOON - i * 9 * HOUR));
        /* The B leg rang in the hour after the call began, another one much later. */
        struct store_change a = make_cdr(5, CDR_LEG_A, NOON - 1);
        struct store_change b = make_cdr(5, CDR_LEG_B, NOON);
        struct store_change c = make_cdr(5, CDR_LEG_B, NOON + 7 * HOUR);
        c.cdr.leg_id.bytes[15] = 2;
        put(b);
        put(c);
        struct store_cdr_query query = {.by_call = true, .call_id = a.cdr.call_id, .max = 8};
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 2); /* the caller still holds the line */
        put(a);

        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 3);
        assert_true(same_cdr(&cdrs[0], &c.cdr));
        assert_true(same_cdr(&cdrs[1], &b.cdr));
        assert_true(same_cdr(&cdrs[2], &a.cdr));
        query.max = 2;
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 2);
        query.max = 8;
        query.tenant_id = 2;
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 0);
        query.tenant_id = 1;
        query.before_ms = NOON;
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 1);
        assert_int_equal(cdrs[0].leg, CDR_LEG_A);
        query.call_id.bytes[0] ^= 1;
        assert_int_equal(rig_cdrs(&rig, &query, cdrs), 0);
}

static void the_audit_record_is_numbered_linked_and_whole(void **state)
{
        (void)state;
        static struct store_change changes[700];
        for (uint32_t i = 0; i < 700; i++)
                changes[i] = make_audit(i);
        assert_int_equal(rig_submit(&rig, changes, 700), 0);
        put(make_audit(9));
        reopen();
        put(make_audit(10));
        int err = 1;
        struct audit_check check = rig_verify(&rig, &err);
        assert_int_equal(err, 0);
        assert_int_equal(check.count, 702);
        assert_int_equal(check.bad_at, 0);

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->audit_count, 1);
        assert_int_equal(rows->last_audit.sequence, 702);
        assert_memory_equal(rows->last_audit.hash, check.head.hash, AUDIT_HASH_BYTES);
        assert_int_equal(rows->last_audit.body_bytes, 10);
        free(rows);
}

static int visits;

struct told {
        uint64_t audits[64], legs[64];
        struct store_events page; /* its counts, what was seen, and the heads */
        int err;
};

static void on_events(void *arg, int err, const struct store_events *page)
{
        struct told *told = arg;
        told->err = err;
        if (page) {
                told->page = *page;
                for (uint32_t i = 0; i < page->audit_count; i++)
                        told->audits[i] = page->audits[i].sequence;
                for (uint32_t i = 0; i < page->cdr_count; i++)
                        told->legs[i] = page->cdrs[i].number;
        }
        rig_came(&rig);
}

static struct told events_of(struct store_events_query query)
{
        struct told told = {.err = 1};
        assert_int_equal(rig.store->ops->query_events(rig.store, &query, on_events, &told), 0);
        rig.waiting++;
        rig_run(&rig);
        assert_int_equal(told.err, 0);
        return told;
}

static void put_event_of(uint32_t n, uint32_t tenant_id)
{
        struct store_change audit = make_audit(n), leg = make_cdr(n, CDR_LEG_A, NOON + n);
        audit.audit.tenant_id = tenant_id;
        leg.cdr.tenant_id = tenant_id;
        leg.cdr.verdict = MASK_CONNECT;
        put(audit);
        put(leg);
        put(make_cdr(n, CDR_LEG_B, NOON + n));
}

static void events_are_told_from_a_cursor_on(void **state)
{
        (void)state;
        struct told told = events_of((struct store_events_query){.max = 10});
        assert_int_equal(told.page.audit_count + told.page.cdr_count, 0);
        assert_int_equal(told.page.audit_seen + told.page.cdr_seen, 0);

        for (uint32_t n = 1; n <= 6; n++)
                put_event_of(n, 1 + n % 2);
        struct store_change refused = make_cdr(7, CDR_LEG_A, NOON);
        refused.cdr.verdict = MASK_STRANGER;
        put(refused);

        told = events_of((struct store_events_query){.max = 4});
        assert_int_equal(told.page.audit_count, 4);
        assert_int_equal(told.audits[0], 1);
        assert_int_equal(told.page.audit_seen, 4);
        assert_int_equal(told.page.audit_head, 6);
        assert_int_equal(told.page.cdr_count, 4);
        assert_int_equal(told.page.cdr_seen, told.legs[3]);
        uint64_t fourth = told.legs[3];

        told = events_of(
                (struct store_events_query){.after_audit = 4, .after_cdr = fourth, .max = 4});
        assert_int_equal(told.page.audit_count, 2);
        assert_int_equal(told.audits[0], 5);
        assert_int_equal(told.page.cdr_count, 2);
        assert_true(told.legs[0] > fourth);
        assert_int_equal(told.page.cdr_seen, told.page.cdr_head);

        told = events_of((struct store_events_query){.tenant_id = 2, .max = 4});
        assert_int_equal(told.page.audit_count, 3);
        assert_int_equal(told.audits[0], 1);
        assert_int_equal(told.page.cdr_count, 3);
        assert_int_equal(told.page.audit_seen, 6);

        told = events_of((struct store_events_query){.from_now = true, .max = 4});
        assert_int_equal(told.page.audit_count + told.page.cdr_count, 0);
        assert_int_equal(told.page.audit_seen, 6);
        assert_int_equal(told.page.cdr_seen, told.page.cdr_head);
}

static int stop_at_third(void *arg, const struct store_audit *entry)
{
        (void)arg;
        visits++;
        assert_int_equal(entry->sequence, visits);
        return visits == 3 ? -EDOM : 0;
}

static void a_visit_can_end_the_walk(void **state)
{
        (void)state;
        for (uint32_t i = 0; i < 5; i++)
                put(make_audit(i));
        visits = 0;
        seen_count = 0;
        assert_int_equal(rig.store->ops->walk_audit(rig.store, stop_at_third, on_seen, &seen[0]),
                         0);
        rig.waiting++;
        rig_run(&rig);
        assert_int_equal(visits, 3);
        assert_int_equal(seen[0].err, -EDOM);
}

static int stop_load(void *arg, const struct tenant *row)
{
        (void)arg;
        (void)row;
        return -EDOM;
}

static void a_callback_can_end_the_load(void **state)
{
        (void)state;
        const struct store_loader loader = {.on_tenant = stop_load};
        assert_int_equal(rig.store->ops->load(rig.store, &loader), -EDOM);
}

#define BOTH(name)                                                                                 \
        {#name " (sqlite)", name, set_up, tear_down, NULL},                                        \
        {                                                                                          \
#name " (memory)", name, set_up, tear_down, &rig                                   \
        }

struct dropped {
        int err;
        uint32_t count;
};

static void on_dropped(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        assert_null(rows);
        *(struct dropped *)arg = (struct dropped){err, count};
        rig_came(&rig);
}

static struct dropped drop(int64_t before_ms, uint32_t max)
{
        struct dropped dropped = {.err = 1};
        const struct store_cdr_query query = {.before_ms = before_ms, .max = max};
        assert_int_equal(rig.store->ops->drop_cdrs(rig.store, &query, on_dropped, &dropped), 0);
        rig.waiting = 1;
        rig_run(&rig);
        assert_int_equal(dropped.err, 0);
        return dropped;
}

static void old_call_records_are_dropped_the_oldest_first_and_no_others(void **state)
{
        (void)state;
        static struct cdr cdrs[RIG_ROWS_MAX];
        for (uint32_t i = 0; i < 20; i++) {
                struct store_change change = make_cdr(i, CDR_LEG_A, NOON + i * 1000);
                assert_int_equal(rig_submit(&rig, &change, 1), 0);
        }
        const struct store_cdr_query all = {.max = 1000};
        assert_int_equal(drop(NOON, 100).count, 0);
        assert_int_equal(drop(NOON + 10000, 4).count, 4);
        assert_int_equal(rig_cdrs(&rig, &all, cdrs), 16);
        assert_true(cdrs[15].started_ms == NOON + 4000);
        assert_int_equal(drop(NOON + 10000, 100).count, 6);
        assert_int_equal(drop(NOON + 10000, 100).count, 0);
        rig_close(&rig);
        rig_open(&rig);
        assert_int_equal(rig_cdrs(&rig, &all, cdrs), 10);
        assert_true(cdrs[9].started_ms == NOON + 10000);
}

static void a_record_is_news_also_when_all_older_ones_were_removed(void **state)
{
        (void)state;
        for (uint32_t n = 1; n <= 3; n++)
                put_event_of(n, 1);
        struct told told = events_of((struct store_events_query){.max = 10});
        const struct store_events_query since = {
                .after_audit = told.page.audit_seen, .after_cdr = told.page.cdr_seen, .max = 10};
        assert_int_equal(drop(NOON + 1000000, 100).count, 6);
        rig_close(&rig);
        rig_open(&rig);
        for (uint32_t n = 4; n <= 9; n++)
                put_event_of(n, 1);
        told = events_of(since);
        assert_int_equal(told.page.cdr_count, 6);
        assert_int_equal(told.page.audit_count, 6);
        assert_true(told.legs[0] > since.after_cdr);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH(a_fresh_store_is_empty),
                BOTH(old_call_records_are_dropped_the_oldest_first_and_no_others),
                cmocka_unit_test_setup_teardown(
                        a_record_is_news_also_when_all_older_ones_were_removed, set_up, tear_down),
                BOTH(a_trunk_comes_back_as_it_was_put),
                BOTH(a_removed_tenant_leaves_its_id_and_frees_its_name),
                BOTH(a_key_comes_back_until_it_is_revoked),
                BOTH(putting_again_replaces_and_removing_removes),
                BOTH(sessions_come_back_whole_and_in_ascending_order),
                BOTH(a_state_changes_and_nothing_else),
                BOTH(a_pool_comes_back_with_its_policy),
                BOTH(blocks_come_back_each_once),
                BOTH(a_number_comes_back_with_its_traits),
                BOTH(what_a_session_remembers_of_its_calls_comes_back),
                BOTH(a_session_is_replaced_whole),
                BOTH(a_session_that_is_not_there_is_not_replaced),
                BOTH(an_erased_session_leaves_its_id_and_nothing_else),
                BOTH(graves_come_in_order_and_bring_their_sessions),
                BOTH(a_submit_that_contradicts_leaves_nothing_behind),
                BOTH(a_session_added_and_ended_in_one_submit),
                BOTH(callbacks_come_in_the_order_of_submits),
                BOTH(a_contradiction_fails_alone_among_its_neighbours),
                BOTH(a_full_queue_refuses_and_recovers),
                BOTH(closing_brings_every_callback),
                BOTH(a_store_that_is_closing_takes_no_more),
                BOTH(a_leg_is_written_once),
                BOTH(records_are_listed_newest_first_by_tenant_and_time),
                BOTH(more_than_a_thousand_records_are_never_answered),
                BOTH(a_call_is_found_whenever_its_legs_began),
                BOTH(the_audit_record_is_numbered_linked_and_whole),
                BOTH(events_are_told_from_a_cursor_on),
                BOTH(a_visit_can_end_the_walk),
                BOTH(a_callback_can_end_the_load),
        };
        return RUN_TESTS(tests);
}
