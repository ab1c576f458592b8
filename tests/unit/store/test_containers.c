/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/random.h"
#include "store/due.h"
#include "store/roll.h"

#define MAX 40

static uint64_t ids[MAX];

static uint64_t id_of(const void *arg, uint32_t slot)
{
        (void)arg;
        return ids[slot];
}

static void check_roll(const struct roll *roll, const bool in[MAX], uint64_t id_max)
{
        uint32_t count = 0;
        uint64_t before = 0;
        for (unsigned i = 0; i < MAX; i++)
                count += in[i];
        assert_int_equal(roll->count, count);
        for (uint32_t i = 0; i < roll->count; i++) {
                uint32_t slot = roll_at(roll, i);
                assert_true(in[slot]);
                assert_true(ids[slot] > before);
                before = ids[slot];
                assert_int_equal(roll_below(roll, before), i);
                assert_int_equal(roll_below(roll, before + 1), i + 1);
        }
        assert_int_equal(roll_below(roll, 0), 0);
        assert_int_equal(roll_below(roll, id_max + 1), roll->count);
}

static void a_roll_keeps_the_order_of_ids_whatever_goes(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 5; seed++) {
                struct random r;
                random_init_seeded(&r, seed);
                struct roll roll;
                bool in[MAX] = {0};
                uint64_t next_id = 1;
                assert_int_equal(roll_init(&roll, MAX, id_of, NULL), 0);
                for (unsigned step = 0; step < 5000; step++) {
                        uint32_t slot = random_below(&r, MAX);
                        if (in[slot]) {
                                roll_remove(&roll, slot);
                                in[slot] = false;
                                /* Put back where it was, as an undone removal is. */
                                if (random_below(&r, 4) == 0) {
                                        roll_add(&roll, slot);
                                        in[slot] = true;
                                }
                        } else {
                                ids[slot] = next_id++;
                                roll_add(&roll, slot);
                                in[slot] = true;
                        }
                        check_roll(&roll, in, next_id);
                }
                roll_fini(&roll);
        }
}

static void what_is_due_first_comes_first(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 5; seed++) {
                struct random r;
                random_init_seeded(&r, seed);
                struct due due;
                int64_t at[MAX] = {0}; /* 0: not there */
                assert_int_equal(due_init(&due, MAX), 0);
                for (unsigned step = 0; step < 10000; step++) {
                        uint32_t slot = random_below(&r, MAX);
                        if (random_below(&r, 3)) {
                                at[slot] = 1 + random_below(&r, 30);
                                due_set(&due, slot, at[slot]);
                        } else {
                                at[slot] = 0;
                                due_clear(&due, slot);
                        }
                        int64_t least = 0;
                        for (unsigned i = 0; i < MAX; i++)
                                if (at[i] && (!least || at[i] < least))
                                        least = at[i];
                        struct due_entry first = {0};
                        assert_int_equal(due_first(&due, &first), least != 0);
                        assert_int_equal(first.at_ms, least);
                        assert_true(!least || at[first.slot] == least);
                }
                due_fini(&due);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_roll_keeps_the_order_of_ids_whatever_goes),
                cmocka_unit_test(what_is_due_first_comes_first),
        };
        return RUN_TESTS(tests);
}
