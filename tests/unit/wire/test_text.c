/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/text.h"

#include <stdlib.h>

#include "../unit.h"
#include "base/random.h"
#include "wire/sip_text.h"

#define ALNUM      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define UNRESERVED ALNUM "-_.!~*'()"

/* RFC 3261 25.1, written out. */
static const struct {
        const struct text_class *class;
        const char *members;
} classes[] = {
        {&sip_token, ALNUM "-.!%*_+`'~"},
        {&sip_word, ALNUM "-.!%*_+`'~()<>:\\\"/[]?{}"},
        {&sip_value, ALNUM "-.!%*_+`'~[]:"},
        {&sip_host, ALNUM "-._"},
        {&sip_hex, "0123456789abcdefABCDEF"},
        {&sip_user, UNRESERVED "&=+$,?/"},
        {&sip_user_params, UNRESERVED "&=+$,?/;"},
        {&sip_password, UNRESERVED "&=+$,"},
        {&sip_uparam, UNRESERVED "[]/:&+$"},
        {&sip_uheaders, UNRESERVED "[]/:&+$?="},
        {&sip_opaque, UNRESERVED ";/?:@&=+$,"},
        {&sip_scheme_part, ALNUM "+-."},
        {&sip_tel, "0123456789abcdefABCDEF*#+-.()"},
};
#define CLASSES (sizeof classes / sizeof classes[0])

static void a_class_holds_exactly_the_bytes_of_the_grammar(void **state)
{
        (void)state;
        for (size_t i = 0; i < CLASSES; i++) {
                for (int byte = 0; byte < 256; byte++) {
                        bool expected = byte && strchr(classes[i].members, byte);
                        if (text_is((char)byte, classes[i].class) != expected)
                                fail_msg("class %zu, byte %d", i, byte);
                }
        }
        for (int byte = 0; byte < 256; byte++) {
                bool expected =
                        byte == '\t' || (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\');
                assert_int_equal(text_is((char)byte, &sip_quoted), expected);
        }
}

/* Mostly members, so that runs are long. */
static void fill(struct random *r, char *text, size_t len, const char *members)
{
        for (size_t i = 0; i < len; i++) {
                text[i] = members[random_below(r, (uint32_t)strlen(members))];
                if (random_below(r, 24) == 0)
                        text[i] = (char)random_u32(r);
        }
}

static void runs_are_the_same_one_byte_at_a_time_and_sixteen(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 7);
        for (int round = 0; round < 20000; round++) {
                size_t i = random_below(&r, CLASSES);
                size_t len = random_below(&r, 70);
                size_t end = random_below(&r, (uint32_t)len + 1);
                char *text = malloc(len + 1);
                assert_non_null(text);
                fill(&r, text, len, classes[i].members);

                struct text_cursor wide = {text, text + end, text + len};
                struct text_cursor narrow = {text, text + end, text + end};
                size_t naive = 0;
                while (naive < end && text_is(text[naive], classes[i].class))
                        naive++;
                assert_int_equal(text_take(&wide, classes[i].class).len, naive);
                assert_int_equal(text_take(&narrow, classes[i].class).len, naive);
                assert_ptr_equal(wide.p, text + naive);
                assert_ptr_equal(narrow.p, text + naive);

                char *at = end ? memchr(text, ':', end < 16 ? end : 16) : NULL;
                wide.p = narrow.p = text;
                assert_int_equal(text_find16(&wide, ':'), at ? at - text : 16);
                assert_int_equal(text_find16(&narrow, ':'), at ? at - text : 16);
                free(text);
        }
}

static void every_control_byte_is_met_once_and_in_order(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 8);
        for (int round = 0; round < 5000; round++) {
                size_t len = random_below(&r, 300);
                char *text = malloc(len + 1);
                assert_non_null(text);
                fill(&r, text, len, ALNUM "\r\n\t \x7f\x80\x1f");

                struct slice all = {text, len};
                struct text_scan scan = text_scan(text_cursor(all));
                for (size_t i = 0; i < len; i++) {
                        if (!text_is_control((uint8_t)text[i]) && text[i] != '\t')
                                continue;
                        assert_ptr_equal(text_next_control(&scan), text + i);
                        text_go_on_at(&scan, text + i + 1);
                }
                assert_ptr_equal(text_next_control(&scan), scan.end);
                free(text);
        }
}

static void a_plain_line_ends_in_cr_lf_and_else_nothing_is_taken(void **state)
{
        (void)state;
        static const char text[] = "ab\r\n\r\nc\td\r\ne\nf\r";
        struct text_scan scan = text_scan(text_cursor((struct slice){text, sizeof text - 1}));
        assert_ptr_equal(text_take_plain_end(&scan), text + 2);
        assert_ptr_equal(scan.p, text + 4);
        assert_ptr_equal(text_take_plain_end(&scan), text + 4);
        assert_ptr_equal(scan.p, text + 6);
        assert_null(text_take_plain_end(&scan)); /* the tab */
        assert_ptr_equal(scan.p, text + 6);
        text_go_on_at(&scan, text + 8);
        assert_ptr_equal(text_take_plain_end(&scan), text + 9);
        assert_null(text_take_plain_end(&scan)); /* LF alone */
        text_go_on_at(&scan, text + 13);
        assert_null(text_take_plain_end(&scan)); /* CR at the end */
}

static void words_are_compared_in_any_case_and_as_they_are(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 9);
        for (int round = 0; round < 20000; round++) {
                char a[32], b[32];
                size_t len = random_below(&r, 30);
                for (size_t i = 0; i < len; i++) {
                        b[i] = "abcxyz0189-/"[random_below(&r, 12)];
                        a[i] = b[i];
                        if (a[i] >= 'a' && random_below(&r, 2))
                                a[i] = (char)(a[i] - 0x20);
                        if (random_below(&r, 40) == 0)
                                a[i] = (char)(' ' + random_below(&r, 95));
                }
                struct slice s = {a, len}, word = {b, len};
                assert_int_equal(text_is_word(s, word), slice_equal_nocase(s, word));
                assert_int_equal(text_is_same(s, word), slice_equal(s, word));
                if (len)
                        assert_false(text_is_word((struct slice){a, len - 1}, word));
        }
}

static void a_number_stops_at_its_limit(void **state)
{
        (void)state;
        uint32_t value = 7;
        struct text_cursor c = text_cursor(SLICE("4294967295x"));
        assert_true(text_take_u32(&c, UINT32_MAX, &value));
        assert_int_equal(value, UINT32_MAX);
        assert_true(text_at(&c, 'x'));
        assert_false(text_take_u32(&c, UINT32_MAX, &value));
        c = text_cursor(SLICE("4294967296"));
        assert_false(text_take_u32(&c, UINT32_MAX, &value));
        c = text_cursor(SLICE("18446744073709551617"));
        assert_false(text_take_u32(&c, UINT32_MAX, &value));
        c = text_cursor(SLICE_NONE);
        assert_false(text_take_u32(&c, UINT32_MAX, &value));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_class_holds_exactly_the_bytes_of_the_grammar),
                cmocka_unit_test(runs_are_the_same_one_byte_at_a_time_and_sixteen),
                cmocka_unit_test(every_control_byte_is_met_once_and_in_order),
                cmocka_unit_test(a_plain_line_ends_in_cr_lf_and_else_nothing_is_taken),
                cmocka_unit_test(words_are_compared_in_any_case_and_as_they_are),
                cmocka_unit_test(a_number_stops_at_its_limit),
        };
        return RUN_TESTS(tests);
}
