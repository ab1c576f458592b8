/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include "../unit.h"

static const struct number_plan india = {"91", "00", "0", 10, 10};
static const struct number_plan none = {0};

static uint64_t parsed(const char *text, const struct number_plan *plan)
{
        struct number n = {0};
        return number_parse(slice_from(text), plan, &n) ? 0 : n.e164;
}

static void every_writing_of_one_subscriber_is_one_identity(void **state)
{
        (void)state;
        static const char *const writings[] = {
                "+919888800001",   "00919888800001",  "919888800001",     "09888800001",
                "9888800001",      "+91 98888 00001", "+91-98888-00001",  "(0)98888 00001",
                "+91.98888.00001", " 919888800001 ",  "0091 98888 00001",
        };
        for (size_t i = 0; i < sizeof writings / sizeof writings[0]; i++)
                assert_int_equal(parsed(writings[i], &india), 919888800001);
}

static void a_national_number_may_begin_like_the_country_code(void **state)
{
        (void)state;
        assert_int_equal(parsed("9188800001", &india), 919188800001);
        assert_int_equal(parsed("919188800001", &india), 919188800001);
}

static void a_trunk_prefix_behind_the_country_code_is_left_out(void **state)
{
        (void)state;
        assert_int_equal(parsed("+91 (0)98888 00001", &india), 919888800001);
        assert_int_equal(parsed("00910 98888 00001", &india), 919888800001);
        assert_int_equal(parsed("9109888800001", &india), 919888800001);
        /* Abroad it may be part of the number, as in Italy. */
        assert_int_equal(parsed("+39 06 1234 5678", &india), 390612345678);
        /* What has the right length as it is stays as it is. */
        assert_int_equal(parsed("+91 0988880000", &india), 910988880000);
}

static void without_a_plan_only_e164_is_read(void **state)
{
        (void)state;
        assert_int_equal(parsed("919888800001", &none), 919888800001);
        assert_int_equal(parsed("+14155550100", &none), 14155550100);
        assert_int_equal(parsed("09888800001", &none), 0);
}

static void what_is_no_number_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "",
                "+",
                " ",
                "anonymous",
                "+91x98888",
                "12345",
                "+0123456789",
                "+1234567890123456",
                "000000000",
                "0988880000",
                "098888000012",
                "+91 98888\n00001",
                "++919888800001",
                "99999999999999999999999999",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                assert_int_equal(parsed(bad[i], &india), 0);
}

static void out_is_untouched_on_failure(void **state)
{
        (void)state;
        struct number n = {42};
        assert_int_not_equal(number_parse(slice_from("sip"), &india, &n), 0);
        assert_int_equal(n.e164, 42);
}

static void a_carrier_gets_the_form_it_wants(void **state)
{
        (void)state;
        static const struct {
                uint64_t e164;
                enum number_form form;
                const char *text;
        } rows[] = {
                {919000000001, NUMBER_PLUS, "+919000000001"},
                {919000000001, NUMBER_DIGITS, "919000000001"},
                {919000000001, NUMBER_NATIONAL, "09000000001"},
                {919000000001, NUMBER_LOCAL, "9000000001"},
                {14155550100, NUMBER_NATIONAL, "0014155550100"},
                {14155550100, NUMBER_LOCAL, "0014155550100"},
                {919000000001, NUMBER_INTERNATIONAL, "00919000000001"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                char memory[32];
                struct buf b;
                buf_init(&b, memory, sizeof memory);
                buf_put_number_as(&b, (struct number){rows[i].e164}, rows[i].form, &india);
                assert_true(slice_equal(buf_slice(&b), slice_from(rows[i].text)));
        }
}

static void a_hint_names_two_digits_and_no_more(void **state)
{
        (void)state;
        struct siphash_key key = {{1, 2}}, other = {{1, 3}};
        struct number n = {919888800001};
        struct number_hint hint = number_hint(n, &key);
        assert_int_equal(strlen(hint.text), 13);
        assert_string_equal(hint.text + 9, "..01");
        assert_string_equal(hint.text, number_hint(n, &key).text);
        assert_string_not_equal(hint.text, number_hint(n, &other).text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_writing_of_one_subscriber_is_one_identity),
                cmocka_unit_test(a_national_number_may_begin_like_the_country_code),
                cmocka_unit_test(a_trunk_prefix_behind_the_country_code_is_left_out),
                cmocka_unit_test(without_a_plan_only_e164_is_read),
                cmocka_unit_test(what_is_no_number_is_refused),
                cmocka_unit_test(out_is_untouched_on_failure),
                cmocka_unit_test(a_carrier_gets_the_form_it_wants),
                cmocka_unit_test(a_hint_names_two_digits_and_no_more),
        };
        return RUN_TESTS(tests);
}
