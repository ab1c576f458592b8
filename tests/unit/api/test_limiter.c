/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets: how many pass, when the next one does, and who is forgotten. */
#include "../unit.h"
#include "api/limiter.h"

static const struct limiter_pace pace = {10, 1000, 5}; /* one each 100 ms, five at once */

static int set_up(void **state)
{
        struct random random;
        struct limiter *limiter;
        random_init_seeded(&random, 1);
        assert_int_equal(limiter_create(3, &random, &limiter), 0);
        *state = limiter;
        return 0;
}

static int tear_down(void **state)
{
        limiter_destroy(*state);
        return 0;
}

static void a_burst_passes_and_then_one_at_each_interval(void **state)
{
        struct limiter *l = *state;
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(limiter_take(l, 1, &pace, 1000), 0);
        assert_int_equal(limiter_take(l, 1, &pace, 1000), 100);
        assert_int_equal(limiter_take(l, 1, &pace, 1040), 60);
        assert_int_equal(limiter_take(l, 1, &pace, 1099), 1);
        assert_int_equal(limiter_take(l, 1, &pace, 1100), 0);
        assert_int_equal(limiter_take(l, 1, &pace, 1100), 100);
        assert_int_equal(limiter_take(l, 1, &pace, 1300), 0);
        assert_int_equal(limiter_take(l, 1, &pace, 1300), 0);
        assert_int_equal(limiter_take(l, 1, &pace, 1300), 100);
}

/* Otherwise whoever asks on and on would never be let in again. */
static void who_is_refused_pays_nothing(void **state)
{
        struct limiter *l = *state;
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(limiter_take(l, 1, &pace, 0), 0);
        for (int64_t now_ms = 0; now_ms < 100; now_ms++)
                assert_int_equal(limiter_take(l, 1, &pace, now_ms), 100 - now_ms);
        assert_int_equal(limiter_take(l, 1, &pace, 100), 0);
}

static void a_silent_bucket_holds_no_more_than_its_burst(void **state)
{
        struct limiter *l = *state;
        assert_int_equal(limiter_take(l, 1, &pace, 0), 0);
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(limiter_take(l, 1, &pace, 1000000000), 0);
        assert_int_equal(limiter_take(l, 1, &pace, 1000000000), 100);
}

static void each_has_a_bucket_of_its_own(void **state)
{
        struct limiter *l = *state;
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(limiter_take(l, 1, &pace, 0), 0);
        assert_int_equal(limiter_take(l, 2, &pace, 0), 0);
        assert_int_equal(limiter_take(l, 1, &pace, 0), 100);
}

static void a_full_table_forgets_who_has_been_silent_the_longest(void **state)
{
        struct limiter *l = *state;
        static const struct limiter_pace one = {1, 60000, 1};
        for (uint64_t id = 1; id <= 3; id++)
                assert_int_equal(limiter_take(l, id, &one, 0), 0);
        assert_int_equal(limiter_take(l, 1, &one, 1), 59999);
        assert_int_equal(limiter_take(l, 4, &one, 2), 0); /* in the place of 2 */
        assert_int_equal(limiter_take(l, 1, &one, 3), 59997);
        assert_int_equal(limiter_take(l, 3, &one, 3), 59997);
        assert_int_equal(limiter_take(l, 2, &one, 3), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_burst_passes_and_then_one_at_each_interval),
                TEST(who_is_refused_pays_nothing),
                TEST(a_silent_bucket_holds_no_more_than_its_burst),
                TEST(each_has_a_bucket_of_its_own),
                TEST(a_full_table_forgets_who_has_been_silent_the_longest),
        };
        return RUN_TESTS(tests);
}
