/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that are erased by order: nobody gets their pairs before quarantine is over, whatever
 * happens to the process meanwhile, and nothing of them is left then.
 */
#include "unit.h"

#include <string.h>

#include "store/directory_change.h"
#include "world.h"

#define NUMBERS 60

static struct world w;

struct erasure {
        struct erase_receipt receipt;
        int err;
        unsigned times;
};

static int set_up(void **state)
{
        (void)state;
        world_make(&w, true);
        world_provision(&w, NUMBERS);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        world_remove(&w);
        return 0;
}

static void on_erased(void *arg, int err, const struct erase_receipt *receipt)
{
        struct erasure *e = arg;
        e->err = err;
        e->receipt = *receipt;
        e->times++;
}

static void begin_erasing(uint64_t id, struct erasure *e)
{
        *e = (struct erasure){.err = 1};
        assert_int_equal(directory_session_erase(w.dir, id, on_erased, e), 0);
}

static void erase(uint64_t id)
{
        struct erasure e;
        begin_erasing(id, &e);
        world_run_ms(&w, 5);
        assert_int_equal(e.times, 1);
        assert_int_equal(e.err, 0);
}

/* What a create says that gives `party` the number by name. */
static int take(struct masking_number number, unsigned party)
{
        const struct session_create c = {
                .tenant_id = 1,
                .parties = {PARTY(world_p(party)), PARTY(world_p(99))},
                .party_count = 2,
                .given = {number},
        };
        struct session_view view;
        bool repeated;
        int err = directory_session_create(w.dir, &c, &view, &repeated, NULL, NULL, NULL);
        world_run(&w);
        return err;
}

static void is_taken(struct masking_number number, unsigned party)
{
        assert_int_equal(take(number, party), ERR_CONFLICT);
        assert_int_equal(world_call(&w, number, party), MASK_STRANGER);
}

/* By its number a call of somebody's goes to nobody, also when anyone else's goes somewhere now. */
static void a_late_call_is_refused_on_a_number_that_is_open_now(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), view;
        erase(s.id);
        const struct session_create c = {
                .tenant_id = 1,
                .has_model = true,
                .model = MODEL_LAST_CALLER,
                .parties = {PARTY(world_p(5))},
                .party_count = 1,
                .given = {s.slots[0]},
        };
        bool repeated;
        assert_int_equal(directory_session_create(w.dir, &c, &view, &repeated, NULL, NULL, NULL),
                         0);
        for (unsigned i = 0; i < 2; i++) {
                world_run(&w);
                assert_int_equal(world_call(&w, s.slots[0], 7), MASK_CONNECT);
                assert_int_equal(world_call(&w, s.slots[0], 1), MASK_STRANGER);
                world_reopen(&w);
        }
        world_run_ms(&w, QUARANTINE_MS + 1000);
        assert_int_equal(world_call(&w, s.slots[0], 1), MASK_CONNECT);
}

static unsigned graves(void)
{
        unsigned count = 0;
        while (store_memory_grave_at(w.disk, count))
                count++;
        return count;
}

static void replace(uint64_t id, uint8_t place, unsigned party)
{
        const struct session_edit edit = {
                .kind = EDIT_REPLACE_PARTY, .place = place, .party = PARTY(world_p(party))};
        struct session_view view;
        assert_int_equal(directory_session_edit(w.dir, id, &edit, &view, NULL, NULL, NULL), 0);
        world_run(&w);
}

static void pairs_stay_taken_after_a_restart(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0);
        replace(s.id, 0, 3);
        erase(s.id);
        for (unsigned i = 0; i < 3; i++) {
                is_taken(s.slots[0], 1);
                is_taken(s.slots[0], 3);
                is_taken(s.slots[1], 2);
                world_reopen(&w);
        }
        struct session_view next = world_session(&w, 1, 2, 0);
        assert_false(number_equal(next.slots[0].n, s.slots[0].n));
        assert_false(number_equal(next.slots[1].n, s.slots[1].n));
}

static void nothing_is_left_when_quarantine_is_over(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), t = world_session(&w, 3, 4, 0);
        erase(s.id);
        erase(t.id);
        assert_int_equal(graves(), 2);
        assert_int_equal(vault_keys_used(w.vault), 2);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        assert_int_equal(graves(), 0);
        assert_int_equal(vault_keys_used(w.vault), 0);
        assert_int_equal(take(s.slots[0], 1), 0);
        assert_int_equal(take(t.slots[0], 3), 0);
}

static void it_may_be_over_while_nobody_runs(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0);
        erase(s.id);
        world_close(&w);
        world_run_ms(&w, QUARANTINE_MS - 60000);
        assert_int_equal(world_open(&w), 0);
        is_taken(s.slots[0], 1);
        world_close(&w);
        world_run_ms(&w, 120000);
        assert_int_equal(world_open(&w), 0);
        world_run_ms(&w, 5);
        assert_int_equal(graves(), 0);
        assert_int_equal(vault_keys_used(w.vault), 0);
        assert_int_equal(take(s.slots[0], 1), 0);
}

/* The machine stops so many ms into an erasure on a slow disk: each of its steps is met. */
static bool crash_after(int64_t ms)
{
        struct erasure e;
        struct session_view s = world_session(&w, 1, 2, 0), view;
        replace(s.id, 0, 3);
        w.commit_ms = 7;
        world_reopen(&w);
        begin_erasing(s.id, &e);
        world_run_ms(&w, ms);
        world_crash(&w);
        w.commit_ms = 0;
        assert_int_equal(world_open(&w), 0);
        world_run_ms(&w, 5);
        bool is_there = directory_session_find(w.dir, s.id, &view) == 0;
        assert_true(!is_there || !e.times);
        assert_int_equal(take(s.slots[0], 1), ERR_CONFLICT);
        assert_int_equal(take(s.slots[0], 3), ERR_CONFLICT);
        assert_int_equal(take(s.slots[1], 2), ERR_CONFLICT);
        assert_int_not_equal(world_call(&w, s.slots[0], 1), MASK_CONNECT);
        if (is_there)
                erase(s.id);
        assert_int_equal(graves(), 2);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        assert_int_equal(graves(), 0);
        assert_int_equal(vault_keys_used(w.vault), 0);
        return e.times;
}

static void no_crash_frees_a_pair(void **state)
{
        (void)state;
        unsigned done = 0;
        for (int64_t ms = 0; done < 3; ms++) {
                assert_in_range(ms, 0, 100);
                done += crash_after(ms);
        }
}

/* Keys are written before rows are: one that is shredded too early would be gone, and its pairs free. */
static void a_disk_that_takes_keys_and_no_rows_frees_no_pair(void **state)
{
        (void)state;
        struct erasure e;
        struct session_view s = world_session(&w, 1, 2, 0), view;
        store_memory_fail(w.store, 1, 1000, ERR_STORE);
        begin_erasing(s.id, &e);
        world_run_ms(&w, 5000);
        assert_int_equal(e.times, 1);
        assert_int_equal(e.err, ERR_STORE);
        world_crash(&w);
        assert_int_equal(world_open(&w), 0);
        assert_int_equal(directory_session_find(w.dir, s.id, &view), 0);
        assert_int_equal(take(s.slots[0], 1), ERR_CONFLICT);
        assert_int_equal(take(s.slots[1], 2), ERR_CONFLICT);
}

/* It is answered, or not; what was not is as it was, or erased. */
static void a_clean_end_in_the_midst_frees_no_pair(void **state)
{
        (void)state;
        for (int64_t ms = 0; ms < 40; ms += 3) {
                struct erasure e;
                struct session_view s = world_session(&w, 1, 2, 0), view;
                w.commit_ms = 7;
                world_reopen(&w);
                begin_erasing(s.id, &e);
                world_run_ms(&w, ms);
                world_close(&w);
                w.commit_ms = 0;
                assert_int_equal(world_open(&w), 0);
                bool is_there = directory_session_find(w.dir, s.id, &view) == 0;
                assert_int_equal(e.times, 1);
                assert_int_equal(is_there, e.err != 0);
                assert_int_equal(take(s.slots[0], 1), ERR_CONFLICT);
                assert_int_equal(take(s.slots[1], 2), ERR_CONFLICT);
                world_run_ms(&w, 2 * QUARANTINE_MS);
        }
}

/* Whoever waits is told at once; what was begun goes on, and may be waited for again. */
static void a_disk_that_refuses_delays_it(void **state)
{
        (void)state;
        struct erasure e;
        struct answer all = {.err = 1}, again = {.err = 1};
        struct session_view s = world_session(&w, 1, 2, 0);
        store_memory_fail(w.store, 1, 3, ERR_STORE);
        begin_erasing(s.id, &e);
        assert_int_equal(directory_erasures_wait(w.dir, world_done, &all), 0);
        world_run(&w);
        assert_int_equal(e.times, 1);
        assert_int_equal(e.err, ERR_STORE);
        assert_int_equal(all.err, ERR_STORE);
        assert_int_equal(world_call(&w, s.slots[0], 1), MASK_STRANGER);
        store_memory_fail(w.store, 1, 0, 0);
        assert_int_equal(directory_erasures_wait(w.dir, world_done, &again), 0);
        assert_int_equal(again.times, 0);
        world_run_ms(&w, 10000);
        assert_int_equal(e.times, 1);
        assert_int_equal(again.times, 1);
        assert_int_equal(again.err, 0);
        assert_int_equal(directory_erasures_wait(w.dir, world_done, &again), ERR_NOT_FOUND);
        world_reopen(&w);
        is_taken(s.slots[0], 1);
}

static void of_two_orders_one_is_answered(void **state)
{
        (void)state;
        struct erasure first, second;
        struct session_view s = world_session(&w, 1, 2, 0), view;
        const struct session_edit edit = {
                .kind = EDIT_ADD_ALIAS, .place = 0, .party = PARTY(world_p(5))};
        assert_int_equal(directory_session_edit(w.dir, s.id, &edit, &view, NULL, NULL, NULL), 0);
        begin_erasing(s.id, &first); /* both wait for the edit */
        begin_erasing(s.id, &second);
        world_run_ms(&w, 5);
        assert_int_equal(first.err, 0);
        assert_int_equal(first.receipt.rows, 1);
        assert_int_equal(second.times, 1);
        assert_int_equal(second.err, ERR_NOT_FOUND);
}

static void move_numbers(uint32_t pool_id)
{
        for (unsigned i = 1; i <= 2; i++) {
                struct number_row row = *directory_number_find(w.dir, world_m(i));
                row.pool_id = pool_id;
                assert_int_equal(directory_number_change(w.dir, &row, NULL, NULL), 0);
                world_run(&w);
        }
}

static void a_pool_stays_as_long_as_its_graves(void **state)
{
        (void)state;
        struct directory_pool pool = {.tenant_id = 1, .name = "riders"};
        pool_policy_default(&pool.policy);
        pool.policy.quarantine_ms = QUARANTINE_MS;
        assert_int_equal(directory_pool_add(w.dir, &pool, NULL, NULL), 0);
        move_numbers(pool.id);
        struct session_create c = {.tenant_id = 1, .pool_id = pool.id};
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        struct session_view view;
        bool repeated;
        assert_int_equal(directory_session_create(w.dir, &c, &view, &repeated, NULL, NULL, NULL),
                         0);
        world_run(&w);
        erase(view.id);
        world_reopen(&w);
        move_numbers(DIRECTORY_DEFAULT_POOL);
        assert_int_equal(directory_pool_remove(w.dir, 1, pool.id, NULL, NULL), ERR_IN_USE);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        assert_int_equal(directory_pool_remove(w.dir, 1, pool.id, NULL, NULL), 0);
        world_run(&w);
}

/* Eight people with four numbers and a PIN each: nothing holds more pairs. */
static struct session_view make_largest(void)
{
        struct session_create c = {.tenant_id = 1, .has_model = true, .model = MODEL_GROUP};
        for (unsigned i = 0; i < SESSION_GROUP_MAX; i++) {
                session_create_party(&c, world_p(10 * i));
                struct session_party *party = &c.parties[i];
                const char digits[] = {'4', '7', '1', (char)('0' + i)};
                for (unsigned real = 1; real < PARTY_REALS_MAX; real++)
                        party->real[real] = world_p(10 * i + real);
                party->real_count = PARTY_REALS_MAX;
                assert_int_equal(
                        directory_pin(w.dir, 1, (struct slice){digits, sizeof digits}, &party->pin),
                        0);
        }
        struct session_view view;
        bool repeated;
        assert_int_equal(directory_session_create(w.dir, &c, &view, &repeated, NULL, NULL, NULL),
                         0);
        world_run(&w);
        return view;
}

static void all_pairs_of_the_largest_session_stay_taken(void **state)
{
        (void)state;
        struct session_view s = make_largest();
        erase(s.id);
        assert_in_range(graves(), 2, 8);
        world_reopen(&w);
        for (unsigned i = 0; i < SESSION_GROUP_MAX; i++)
                for (unsigned j = 0; j < SESSION_GROUP_MAX; j++)
                        for (unsigned real = 0; i != j && real < PARTY_REALS_MAX; real++)
                                is_taken(s.slots[8 * i + j], 10 * i + real);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        assert_int_equal(graves(), 0);
        assert_int_equal(vault_keys_used(w.vault), 0);
        (void)make_largest();
}

/* Who can write the file can free a pair, and no more; the others are as they were. */
static void a_grave_that_was_altered_stops_nothing(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), t = world_session(&w, 3, 4, 0);
        erase(s.id);
        erase(t.id);
        world_close(&w);
        store_memory_grave_at(w.disk, 0)->sealed[30] ^= 1;
        assert_int_equal(world_open(&w), 0);
        is_taken(t.slots[0], 3);
        assert_int_equal(take(s.slots[0], 1), 0);
}

static void hashes_of_one_session_are_not_those_of_another(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), t = world_session(&w, 3, 4, 0);
        erase(s.id);
        erase(t.id);
        world_close(&w);
        struct store_grave *first = store_memory_grave_at(w.disk, 0);
        struct store_grave *second = store_memory_grave_at(w.disk, 1);
        assert_int_equal(first->sealed_bytes, second->sealed_bytes);
        assert_memory_not_equal(first->sealed, second->sealed, first->sealed_bytes);
        first->key_slot = second->key_slot;
        memcpy(first->sealed, second->sealed, second->sealed_bytes);
        assert_int_equal(world_open(&w), 0);
        is_taken(t.slots[0], 3);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        assert_int_equal(graves(), 0);
}

/* Whoever was reached by a number before does not get it again from a pool that would give it. */
static void an_erased_pair_is_not_remembered(void **state)
{
        (void)state;
        struct directory_pool pool = *directory_pool_get(w.dir, 1, 1);
        pool.policy.selection = SELECT_STICKY;
        pool.policy.quarantine_ms = 0;
        assert_int_equal(directory_pool_change(w.dir, &pool, NULL, NULL), 0);
        world_run(&w);
        struct session_view first = world_session(&w, 1, 2, 0);
        assert_int_equal(directory_session_end(w.dir, first.id, NULL, NULL), 0);
        world_run_ms(&w, 1000);
        struct session_view again = world_session(&w, 1, 2, 0);
        assert_memory_equal(first.slots, again.slots, sizeof first.slots);
        erase(again.id);
        world_run_ms(&w, 1000);
        struct session_view other = world_session(&w, 1, 2, 0);
        assert_false(number_equal(first.slots[0].n, other.slots[0].n));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(pairs_stay_taken_after_a_restart),
                T(a_late_call_is_refused_on_a_number_that_is_open_now),
                T(nothing_is_left_when_quarantine_is_over),
                T(it_may_be_over_while_nobody_runs),
                T(no_crash_frees_a_pair),
                T(a_disk_that_takes_keys_and_no_rows_frees_no_pair),
                T(a_clean_end_in_the_midst_frees_no_pair),
                T(a_disk_that_refuses_delays_it),
                T(of_two_orders_one_is_answered),
                T(a_pool_stays_as_long_as_its_graves),
                T(all_pairs_of_the_largest_session_stay_taken),
                T(a_grave_that_was_altered_stops_nothing),
                T(hashes_of_one_session_are_not_those_of_another),
                T(an_erased_pair_is_not_remembered),
        };
        return RUN_TESTS(tests);
}
