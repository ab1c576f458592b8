/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include "../unit.h"

static void a_pool_hands_out_its_limit_and_no_more(void **state)
{
        (void)state;
        struct pool *pool = NULL;
        assert_int_equal(pool_create(24, 2, true, &pool), 0);
        struct handle a, b;
        void *pa = pool_take(pool, &a), *pb = pool_take(pool, &b);
        assert_non_null(pa);
        assert_non_null(pb);
        assert_null(pool_take(pool, NULL));
        assert_int_equal(pool_used(pool), 2);
        assert_ptr_equal(pool_find(pool, a), pa);
        assert_true(handle_equal(pool_handle(pool, pb), b));
        pool_destroy(pool);
}

static void a_stale_handle_finds_nothing(void **state)
{
        (void)state;
        struct pool *pool = NULL;
        assert_int_equal(pool_create(8, 1, false, &pool), 0);
        struct handle old, new;
        pool_put(pool, pool_take(pool, &old));
        assert_null(pool_find(pool, old));
        void *again = pool_take(pool, &new);
        assert_null(pool_find(pool, old));
        assert_ptr_equal(pool_find(pool, new), again);
        assert_null(pool_find(pool, (struct handle){0}));
        assert_null(pool_find(pool, (struct handle){77, 1}));
        pool_destroy(pool);
}

static void an_object_is_zeroed_when_it_is_taken_again(void **state)
{
        (void)state;
        struct pool *pool = NULL;
        assert_int_equal(pool_create(8, 1, false, &pool), 0);
        uint64_t *p = pool_take(pool, NULL);
        *p = 919888800001;
        pool_put(pool, p);
        p = pool_take(pool, NULL);
        assert_int_equal(*p, 0);
        assert_ptr_equal(pool_at(pool, 0), p);
        pool_put(pool, p);
        assert_null(pool_at(pool, 0));
        pool_destroy(pool);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_pool_hands_out_its_limit_and_no_more),
                cmocka_unit_test(a_stale_handle_finds_nothing),
                cmocka_unit_test(an_object_is_zeroed_when_it_is_taken_again),
        };
        return RUN_TESTS(tests);
}
