/* SPDX-License-Identifier: Apache-2.0 */
#include "core/index.h"

#include <stdlib.h>

#include "base/random.h"

#include "../unit.h"

#define MODEL_MAX 400

/* The same by the simplest means: a list that is searched from the front. */
struct model {
        uint8_t hash[MODEL_MAX][INDEX_HASH_BYTES];
        uint32_t value[MODEL_MAX];
        uint32_t count;
};

struct table {
        struct index index;
        void *memory;
};

static struct table make(uint32_t max)
{
        struct table t = {.memory = calloc(1, index_bytes(max))};
        assert_non_null(t.memory);
        index_init(&t.index, t.memory, max);
        return t;
}

static uint32_t model_find(const struct model *m, const uint8_t *hash)
{
        uint32_t i = 0;
        while (i < m->count && memcmp(m->hash[i], hash, INDEX_HASH_BYTES))
                i++;
        return i;
}

/* `heads` distinct beginnings: few of them make long runs that wrap around the end. */
static void make_hash(struct random *r, uint32_t heads, uint8_t out[INDEX_HASH_BYTES])
{
        memset(out, 0, INDEX_HASH_BYTES);
        uint64_t head =
                heads ? UINT64_MAX - random_below(r, heads) * (UINT64_MAX / 16) : random_u64(r);
        memcpy(out, &head, sizeof head);
        out[15] = (uint8_t)random_below(r, heads ? 100 : 4);
}

static void check_all(const struct table *t, const struct model *m)
{
        assert_int_equal(t->index.count, m->count);
        for (uint32_t i = 0; i < m->count; i++) {
                uint32_t v;
                assert_true(index_find(&t->index, m->hash[i], &v));
                assert_int_equal(v, m->value[i]);
        }
}

static void add_one(struct table *t, struct model *m, const uint8_t *hash, uint32_t v)
{
        int expected = model_find(m, hash) < m->count ? ERR_EXISTS
                       : m->count == t->index.max     ? ERR_FULL
                                                      : 0;
        assert_int_equal(index_add(&t->index, hash, v), expected);
        if (expected)
                return;
        memcpy(m->hash[m->count], hash, INDEX_HASH_BYTES);
        m->value[m->count++] = v;
}

static void remove_one(struct table *t, struct model *m, const uint8_t *hash)
{
        uint32_t i = model_find(m, hash);
        uint32_t v = i < m->count ? m->value[i] : 1;
        assert_false(index_remove(&t->index, hash, v + 1));
        assert_int_equal(index_remove(&t->index, hash, v), i < m->count);
        if (i == m->count)
                return;
        m->count--;
        memmove(m->hash[i], m->hash[m->count], INDEX_HASH_BYTES);
        m->value[i] = m->value[m->count];
}

static void run_random(uint64_t seed, uint32_t max, uint32_t heads)
{
        struct random r;
        random_init_seeded(&r, seed);
        struct table t = make(max);
        static struct model m;
        m.count = 0;
        for (unsigned step = 0; step < 20000; step++) {
                uint8_t hash[INDEX_HASH_BYTES];
                make_hash(&r, heads, hash);
                /* Mostly what is there; full and empty by turns. */
                if (m.count && random_below(&r, 2))
                        memcpy(hash, m.hash[random_below(&r, m.count)], sizeof hash);
                bool growing = step / 1000 % 2 == 0;
                uint32_t v = random_below(&r, 1u << 20);
                if (random_below(&r, 4) < (growing ? 3u : 1u))
                        add_one(&t, &m, hash, v);
                else
                        remove_one(&t, &m, hash);
                uint32_t found;
                make_hash(&r, heads, hash);
                assert_int_equal(index_find(&t.index, hash, &found),
                                 model_find(&m, hash) < m.count);
                if (step % 64 == 0)
                        check_all(&t, &m);
        }
        check_all(&t, &m);
        free(t.memory);
}

static void it_answers_like_a_plain_list_whatever_is_added_and_removed(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 4; seed++) {
                run_random(seed, MODEL_MAX, 0);
                run_random(seed, 50, 8);
                run_random(seed, 7, 3);
                run_random(seed, 1, 1);
        }
}

static void the_limit_is_kept_and_room_comes_back(void **state)
{
        (void)state;
        struct table t = make(2);
        uint8_t a[16] = {1}, b[16] = {2}, c[16] = {3};
        uint32_t v = 5, found = 9;
        assert_int_equal(index_add(&t.index, a, v), 0);
        assert_int_equal(index_add(&t.index, a, v), ERR_EXISTS);
        assert_int_equal(index_add(&t.index, b, v), 0);
        assert_int_equal(index_add(&t.index, c, v), ERR_FULL);
        assert_false(index_find(&t.index, c, &found));
        assert_int_equal(found, 9);
        assert_true(index_remove(&t.index, a, v));
        assert_int_equal(index_add(&t.index, c, v), 0);
        free(t.memory);
}

static void the_largest_value_comes_back(void **state)
{
        (void)state;
        struct table t = make(1);
        uint8_t hash[16];
        memset(hash, 0xff, sizeof hash);
        uint32_t v = INDEX_SLOTS_MAX, found;
        assert_int_equal(index_add(&t.index, hash, v), 0);
        assert_true(index_find(&t.index, hash, &found));
        assert_int_equal(found, INDEX_SLOTS_MAX);
        free(t.memory);
}

static void a_key_costs_25_bytes(void **state)
{
        (void)state;
        assert_in_range(index_bytes(2000000) / 2000000, 20, 25);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_answers_like_a_plain_list_whatever_is_added_and_removed),
                cmocka_unit_test(the_limit_is_kept_and_room_comes_back),
                cmocka_unit_test(the_largest_value_comes_back),
                cmocka_unit_test(a_key_costs_25_bytes),
        };
        return RUN_TESTS(tests);
}
