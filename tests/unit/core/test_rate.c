/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rate.h"

#include <stdlib.h>

#include "base/random.h"
#include "core/lockout.h"

#include "../unit.h"

#define HOUR INT64_C(3600000)

static void hash_of(uint64_t who, uint8_t out[16])
{
        struct random r;
        random_init_seeded(&r, who + 1);
        random_fill(&r, out, 16);
}

static struct rate make(uint32_t cells)
{
        struct rate rate;
        void *memory = calloc(1, rate_bytes(cells));
        assert_non_null(memory);
        rate_init(&rate, memory, cells);
        return rate;
}

static void n_at_once_and_then_one_each_period_divided_by_n(void **state)
{
        (void)state;
        struct rate rate = make(1000);
        const struct rate_limit limit = {4, HOUR};
        uint8_t hash[16];
        hash_of(1, hash);
        for (unsigned i = 0; i < 4; i++)
                assert_true(rate_take(&rate, hash, &limit, 1000));
        assert_false(rate_take(&rate, hash, &limit, 1000));
        assert_int_equal(rate_wait_ms(&rate, hash, &limit, 1000), HOUR / 4);
        assert_false(rate_take(&rate, hash, &limit, 999 + HOUR / 4));
        assert_true(rate_has(&rate, hash, &limit, 1000 + HOUR / 4));
        assert_true(rate_take(&rate, hash, &limit, 1000 + HOUR / 4));
        assert_false(rate_take(&rate, hash, &limit, 1000 + HOUR / 4));
        /* After a long time it is full, and no fuller. */
        for (unsigned i = 0; i < 4; i++)
                assert_true(rate_take(&rate, hash, &limit, 100 * HOUR));
        assert_false(rate_has(&rate, hash, &limit, 100 * HOUR));
        free(rate.cells);
}

static void one_does_not_take_anothers(void **state)
{
        (void)state;
        struct rate rate = make(100000);
        const struct rate_limit limit = {1, HOUR};
        uint8_t a[16], b[16];
        hash_of(1, a);
        hash_of(2, b);
        assert_true(rate_take(&rate, a, &limit, 0));
        assert_true(rate_take(&rate, b, &limit, 0));
        assert_false(rate_take(&rate, a, &limit, 0));
        free(rate.cells);
}

/*
 * However crowded the table is, and however different the periods are that share a cell: nobody is
 * let through more often than a bucket of its own would.
 */
static void nobody_is_let_through_too_often_however_crowded_it_is(void **state)
{
        (void)state;
        enum {
                PEOPLE = 60
        };
        for (uint32_t cells = 1; cells < 200; cells = cells * 3 + 1) {
                struct rate rate = make(cells);
                struct random r;
                random_init_seeded(&r, cells);
                int64_t full_ms[PEOPLE] = {0}, now_ms = 1000000;
                unsigned taken = 0, refused = 0, early = 0;
                for (unsigned step = 0; step < 40000; step++) {
                        uint32_t who = random_below(&r, PEOPLE);
                        const struct rate_limit limit = {1 + who % 5, who % 3 == 0 ? HOUR : 20000};
                        uint8_t hash[16];
                        hash_of(who, hash);
                        now_ms += random_below(&r, 300);
                        int64_t each_ms = limit.period_ms / limit.n;
                        int64_t full = full_ms[who] > now_ms ? full_ms[who] : now_ms;
                        bool may = full - now_ms <= each_ms * (limit.n - 1);
                        bool got = rate_take(&rate, hash, &limit, now_ms);
                        if (got) {
                                assert_true(may);
                                full_ms[who] = full + each_ms;
                        }
                        taken += got;
                        refused += !got;
                        early += may && !got;
                }
                assert_in_range(refused, 1000, 40000);
                assert_in_range(taken, 1, 40000);
                /* With room enough hardly anybody is refused on another one's account. */
                if (cells > 100)
                        assert_in_range(early, 0, 5000);
                free(rate.cells);
        }
}

static struct lockout make_lockout(uint32_t cells)
{
        struct lockout lockout;
        void *memory = calloc(1, lockout_bytes(cells));
        assert_non_null(memory);
        lockout_init(&lockout, memory, cells);
        return lockout;
}

static struct lockout_key key_of(uint64_t caller, uint64_t number)
{
        struct lockout_key key;
        hash_of(1000000 + caller * 1000 + number, key.caller);
        hash_of(number, key.number);
        return key;
}

static void the_last_try_locks_and_time_unlocks(void **state)
{
        (void)state;
        struct lockout lockout = make_lockout(1000);
        const struct lockout_limit limit = {3, HOUR};
        struct lockout_key key = key_of(1, 1), other = key_of(2, 1), elsewhere = key_of(1, 2);
        for (unsigned i = 0; i < 3; i++) {
                assert_false(lockout_is_locked(&lockout, &key, &limit, 1000 + i));
                lockout_count(&lockout, &key, &limit, 1000 + i);
        }
        assert_true(lockout_is_locked(&lockout, &key, &limit, 1003));
        assert_false(lockout_is_locked(&lockout, &other, &limit, 1003));
        assert_false(lockout_is_locked(&lockout, &elsewhere, &limit, 1003));
        assert_true(lockout_is_locked(&lockout, &key, &limit, 1002 + HOUR - 1));
        assert_false(lockout_is_locked(&lockout, &key, &limit, 1002 + HOUR));
        free(lockout.cells);
}

static void slow_guesses_are_remembered_from_one_to_the_next(void **state)
{
        (void)state;
        struct lockout lockout = make_lockout(1000);
        const struct lockout_limit limit = {3, HOUR};
        struct lockout_key key = key_of(1, 1);
        for (unsigned i = 0; i < 3; i++)
                lockout_count(&lockout, &key, &limit, i * (HOUR - 1));
        assert_true(lockout_is_locked(&lockout, &key, &limit, 2 * (HOUR - 1)));
        free(lockout.cells);
}

static void many_callers_lock_the_number(void **state)
{
        (void)state;
        struct lockout lockout = make_lockout(100000);
        const struct lockout_limit limit = {3, HOUR};
        for (unsigned i = 0; i < 3 * LOCKOUT_NUMBER_FACTOR; i++) {
                struct lockout_key key = key_of(i, 1);
                assert_false(lockout_is_locked(&lockout, &key, &limit, i));
                lockout_count(&lockout, &key, &limit, i);
        }
        struct lockout_key fresh = key_of(12345, 1), elsewhere = key_of(12345, 2);
        assert_true(lockout_is_locked(&lockout, &fresh, &limit, 100));
        assert_false(lockout_is_locked(&lockout, &elsewhere, &limit, 100));
        free(lockout.cells);
}

/*
 * Brute force, as hard as it can be done: a fresh caller for each try, always as soon as the number
 * is unlocked, never the same digits twice. In a day 100 * (24 + 1) guesses are looked at, so digits
 * of length 4 are found on one day in four, and of length 6 on one in 400.
 */
static void brute_force_finds_digits_as_seldom_as_the_bound_says(void **state)
{
        (void)state;
        const struct lockout_limit limit = {5, HOUR};
        const int64_t day = 24 * HOUR;
        const uint32_t bound = limit.tries_max * LOCKOUT_NUMBER_FACTOR * (uint32_t)(day / HOUR + 1);
        unsigned found_4 = 0, found_6 = 0, runs = 400;
        struct random r;
        random_init_seeded(&r, 9);
        for (unsigned run = 0; run < runs; run++) {
                struct lockout lockout = make_lockout(4096);
                uint32_t pin_4 = random_below(&r, 10000), pin_6 = random_below(&r, 1000000);
                uint32_t guesses = 0;
                int64_t now_ms = 1;
                while (now_ms <= day) {
                        struct lockout_key key;
                        random_fill(&r, key.caller, sizeof key.caller);
                        hash_of(run, key.number);
                        if (lockout_is_locked(&lockout, &key, &limit, now_ms)) {
                                now_ms += 60000;
                                continue;
                        }
                        found_4 += guesses == pin_4;
                        found_6 += guesses == pin_6;
                        guesses++;
                        lockout_count(&lockout, &key, &limit, now_ms);
                }
                assert_in_range(guesses, bound * 9 / 10, bound);
                free(lockout.cells);
        }
        assert_in_range(found_4, runs / 5, runs * bound / 10000 + runs / 20);
        assert_in_range(found_6, 0, 6);
}

/* A table that is far too small locks out the innocent and gives nobody a guess too many. */
static void a_crowded_table_gives_nobody_a_guess_too_many(void **state)
{
        (void)state;
        struct lockout lockout = make_lockout(3);
        const struct lockout_limit limit = {4, HOUR};
        struct random r;
        random_init_seeded(&r, 2);
        unsigned looked_at[50] = {0};
        for (unsigned step = 0; step < 5000; step++) {
                uint32_t who = random_below(&r, 50);
                struct lockout_key key = key_of(who, who % 7);
                if (lockout_is_locked(&lockout, &key, &limit, step))
                        continue;
                looked_at[who]++;
                lockout_count(&lockout, &key, &limit, step);
        }
        unsigned all = 0;
        for (unsigned i = 0; i < 50; i++) {
                assert_in_range(looked_at[i], 0, 4);
                all += looked_at[i];
        }
        assert_in_range(all, 4, 50);
        free(lockout.cells);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(n_at_once_and_then_one_each_period_divided_by_n),
                cmocka_unit_test(one_does_not_take_anothers),
                cmocka_unit_test(nobody_is_let_through_too_often_however_crowded_it_is),
                cmocka_unit_test(the_last_try_locks_and_time_unlocks),
                cmocka_unit_test(slow_guesses_are_remembered_from_one_to_the_next),
                cmocka_unit_test(many_callers_lock_the_number),
                cmocka_unit_test(brute_force_finds_digits_as_seldom_as_the_bound_says),
                cmocka_unit_test(a_crowded_table_gives_nobody_a_guess_too_many),
        };
        return RUN_TESTS(tests);
}
