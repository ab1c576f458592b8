/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/random.h"
#include "base/siphash.h"

#include "../unit.h"

static void overflow_is_sticky_and_never_writes_past_the_end(void **state)
{
        (void)state;
        char memory[8] = "xxxxxxx";
        struct buf b;
        buf_init(&b, memory, 4);
        buf_put_text(&b, "abc");
        buf_put_text(&b, "de");
        buf_put_char(&b, 'f');
        assert_false(buf_ok(&b));
        assert_true(slice_equal(buf_slice(&b), SLICE("abc")));
        assert_int_equal(memory[4], 'x');
        buf_reset(&b);
        buf_printf(&b, "%d", 1234);
        assert_false(buf_ok(&b)); /* no room for vsnprintf's NUL */
}

static void decimal_parsing_knows_its_limits(void **state)
{
        (void)state;
        uint64_t v = 7;
        assert_int_equal(slice_to_u64(SLICE("18446744073709551615"), UINT64_MAX, &v), 0);
        assert_true(v == UINT64_MAX);
        assert_int_equal(slice_to_u64(SLICE("18446744073709551616"), UINT64_MAX, &v), ERR_RANGE);
        assert_int_equal(slice_to_u64(SLICE("256"), 255, &v), ERR_RANGE);
        assert_int_equal(slice_to_u64(SLICE(""), 255, &v), ERR_SYNTAX);
        assert_int_equal(slice_to_u64(SLICE("-1"), 255, &v), ERR_SYNTAX);
        assert_int_equal(slice_to_u64(SLICE("5"), 3, &v), ERR_RANGE);
        assert_true(v == UINT64_MAX);
}

static void siphash_gives_the_values_of_its_authors(void **state)
{
        (void)state;
        struct siphash_key key = {{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};
        uint8_t in[15];
        for (int i = 0; i < 15; i++)
                in[i] = (uint8_t)i;
        assert_true(siphash(&key, in, 15) == 0xa129ca6149be45e5u);
        assert_true(siphash(&key, in, 0) == 0x726fdb47dd0e0e31u);
        assert_true(siphash(&key, in, 8) == 0x93f5f5799a932462u);
}

static void foreign_text_is_made_safe_for_a_log(void **state)
{
        (void)state;
        assert_string_equal(log_text(SLICE("user 9888800001 busy\r\n")).text, "user # busy..");
        assert_string_equal(log_text(SLICE("486")).text, "486");
        char longer[200];
        memset(longer, 'a', sizeof longer);
        struct log_text t = log_text((struct slice){longer, sizeof longer});
        assert_int_equal(strlen(t.text), 47);
        assert_string_equal(t.text + 44, "...");
}

struct item {
        struct map_node node;
        char key[4];
};

static void a_map_finds_what_it_holds(void **state)
{
        (void)state;
        struct map map;
        struct item items[100] = {0};
        assert_int_equal(map_init(&map, 4, (struct siphash_key){{3, 4}}), 0);
        for (int i = 0; i < 100; i++) {
                items[i].key[0] = (char)i;
                map_add(&map, &items[i].node, (struct slice){items[i].key, 4});
        }
        assert_ptr_equal(map_find(&map, (struct slice){items[42].key, 4}), &items[42].node);
        map_remove(&map, &items[42].node);
        map_remove(&map, &items[42].node);
        assert_null(map_find(&map, (struct slice){items[42].key, 4}));
        assert_int_equal(map.count, 99);

        /* Of equal keys, those after the first are found one by one. */
        items[42].key[0] = 41;
        map_add(&map, &items[42].node, (struct slice){items[42].key, 4});
        struct map_node *first = map_find(&map, (struct slice){items[41].key, 4});
        struct map_node *second = map_find_next(first);
        assert_true(first != second);
        assert_true(first == &items[41].node || first == &items[42].node);
        assert_true(second == &items[41].node || second == &items[42].node);
        assert_null(map_find_next(second));
        map_fini(&map);
}

static void a_seed_repeats_itself(void **state)
{
        (void)state;
        struct random a, b, system;
        random_init_seeded(&a, 7);
        random_init_seeded(&b, 7);
        random_init_system(&system);
        for (int i = 0; i < 100; i++) {
                assert_true(random_u64(&a) == random_u64(&b));
                assert_true(random_below(&a, 10) == random_below(&b, 10));
        }
        assert_true(random_u64(&system) != random_u64(&system));
}

static void every_error_has_its_text(void **state)
{
        (void)state;
        for (int err = ERR_FULL; err >= ERR_IN_USE; err--)
                assert_string_not_equal(err_text(err), "unknown error");
        assert_string_equal(err_text(ERR_IN_USE - 1), "unknown error");
        assert_string_equal(err_text(0), "success");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(overflow_is_sticky_and_never_writes_past_the_end),
                cmocka_unit_test(decimal_parsing_knows_its_limits),
                cmocka_unit_test(siphash_gives_the_values_of_its_authors),
                cmocka_unit_test(foreign_text_is_made_safe_for_a_log),
                cmocka_unit_test(a_map_finds_what_it_holds),
                cmocka_unit_test(a_seed_repeats_itself),
                cmocka_unit_test(every_error_has_its_text),
        };
        return RUN_TESTS(tests);
}
