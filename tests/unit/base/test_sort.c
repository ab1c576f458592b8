/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"

#include "base/random.h"

#include "../unit.h"

struct item {
        uint32_t key, rest;
};

static bool is_less(const void *a, const void *b)
{
        return ((const struct item *)a)->key < ((const struct item *)b)->key;
}

static void any_order_becomes_the_right_one_and_nothing_is_lost(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 1);
        for (uint32_t count = 0; count < 300; count++) {
                struct item items[300];
                uint64_t keys = 0, rests = 0;
                uint32_t spread = 1 + random_below(&r, 400);
                for (uint32_t i = 0; i < count; i++) {
                        items[i] = (struct item){random_below(&r, spread), random_u32(&r)};
                        keys += items[i].key;
                        rests += items[i].key * (uint64_t)items[i].rest;
                }
                sort_items(items, count, sizeof items[0], is_less);
                for (uint32_t i = 0; i < count; i++) {
                        if (i)
                                assert_true(items[i - 1].key <= items[i].key);
                        keys -= items[i].key;
                        rests -= items[i].key * (uint64_t)items[i].rest;
                }
                assert_true(keys == 0);
                assert_true(rests == 0);
        }
}

static unsigned long compared;

static bool is_less_counted(const void *a, const void *b)
{
        compared++;
        return is_less(a, b);
}

/* Sorted, reversed, all the same: what takes other methods n squared steps. */
static void no_order_takes_many_more_steps_than_another(void **state)
{
        (void)state;
        static struct item items[65536];
        for (unsigned kind = 0; kind < 3; kind++) {
                for (uint32_t i = 0; i < 65536; i++)
                        items[i].key = kind == 0 ? i : kind == 1 ? 65536 - i : 7;
                compared = 0;
                sort_items(items, 65536, sizeof items[0], is_less_counted);
                assert_in_range(compared, 65536, 2 * 65536 * 17);
        }
}

/* As in one go, whatever the steps; and the last step says so. */
static void a_few_steps_at_a_time_come_to_the_same(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 3);
        for (unsigned run = 0; run < 300; run++) {
                uint32_t count = random_below(&r, 200), steps = 1 + random_below(&r, 40);
                struct item items[200], at_once[200];
                for (uint32_t i = 0; i < count; i++)
                        items[i] = (struct item){random_u32(&r), i};
                memcpy(at_once, items, sizeof items);
                sort_items(at_once, count, sizeof at_once[0], is_less);
                struct sorting sorting;
                sorting_begin(&sorting, items, count, sizeof items[0], is_less);
                uint32_t turns = 1;
                while (!sorting_go_on(&sorting, steps))
                        turns++;
                assert_in_range(turns, 0, count * 3 / 2 / steps + 1);
                for (uint32_t i = 0; i < count; i++)
                        assert_true(items[i].key == at_once[i].key);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(any_order_becomes_the_right_one_and_nothing_is_lost),
                cmocka_unit_test(no_order_takes_many_more_steps_than_another),
                cmocka_unit_test(a_few_steps_at_a_time_come_to_the_same),
        };
        return RUN_TESTS(tests);
}
