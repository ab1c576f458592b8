/* SPDX-License-Identifier: Apache-2.0 */
/* How a carrier wants to be told who calls: what is allowed, and what fits together. */
#include <stdio.h>
#include <string.h>

#include "../unit.h"

#include "core/trunk_template.h"

static void a_place_has_its_own_form_or_that_of_the_trunk(void **state)
{
        (void)state;
        const struct trunk_template writing = {
                .forms = {
                        [TRUNK_PLACE_TO] = NUMBER_LOCAL + 1, [TRUNK_PLACE_FROM] = NUMBER_PLUS + 1}};
        assert_int_equal(trunk_template_form(&writing, TRUNK_PLACE_TO, NUMBER_DIGITS),
                         NUMBER_LOCAL);
        assert_int_equal(trunk_template_form(&writing, TRUNK_PLACE_FROM, NUMBER_DIGITS),
                         NUMBER_PLUS);
        assert_int_equal(trunk_template_form(&writing, TRUNK_PLACE_ASSERTED, NUMBER_DIGITS),
                         NUMBER_DIGITS);
}

static void a_prefix_is_short_and_of_what_can_be_dialled(void **state)
{
        (void)state;
        static const char *const good[] = {"", "1234#", "*31*", "+", "+00", "0123456789012345"};
        static const char *const bad[] = {"01234567890123456",
                                          "1 2",
                                          "1@",
                                          "1;",
                                          "\"",
                                          "1%23",
                                          "abc",
                                          "A",
                                          "12ab#",
                                          "1+",
                                          "++"};
        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
                assert_true(trunk_template_is_prefix(slice_from(good[i])));
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_false(trunk_template_is_prefix(slice_from(bad[i])));
}

static void a_display_name_needs_no_escape_and_is_no_number(void **state)
{
        (void)state;
        static const char *const good[] = {"", "Acme, Inc. 24", "12345 6", "Flat 12-3456"};
        static const char *const bad[] = {"a\"b",        "a\\b",
                                          "a\rb",        "caf\xc3\xa9",
                                          "98888 00001", "call 9888-800-001",
                                          "(988) 8800",  "012345678901234567890123456789012"};
        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
                assert_true(trunk_template_is_display(slice_from(good[i])));
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_false(trunk_template_is_display(slice_from(bad[i])));
}

static void a_domain_is_a_host(void **state)
{
        (void)state;
        char longest[TRUNK_DOMAIN_BYTES + 1];
        static const char *const good[] = {"carrier.example", "192.0.2.1", "[2001:db8::1]",
                                           "a-b.c"};
        static const char *const bad[] = {"",       "2001:db8::1", "a b",
                                          "a@b",    "a;b",         "-a",
                                          ".a",     "[192.0.2.1]", "[2001:db8::1]:5060",
                                          "a:5060", "a>"};
        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
                assert_true(trunk_template_is_domain(slice_from(good[i])));
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_false(trunk_template_is_domain(slice_from(bad[i])));
        memset(longest, 'a', sizeof longest);
        assert_true(trunk_template_is_domain((struct slice){longest, TRUNK_DOMAIN_BYTES - 1}));
        assert_false(trunk_template_is_domain((struct slice){longest, TRUNK_DOMAIN_BYTES}));
}

static bool may_add(const char *name, const char *value)
{
        return !trunk_template_header_problem(slice_from(name), slice_from(value));
}

static void a_header_of_the_carriers_own_may_be_added(void **state)
{
        (void)state;
        char name[TRUNK_HEADER_NAME_BYTES + 1] = "", value[TRUNK_HEADER_VALUE_BYTES + 1] = "";
        assert_true(may_add("X-Telnyx-Token", "KEY0123ABCdef"));
        assert_true(may_add("X-Account", "a b, c; d=\"e\""));
        assert_true(may_add("P-Early-Media", "supported"));
        /* A token may be hexadecimal. */
        assert_true(may_add("X-Token", "12345678a901234567890123b4567890"));
        memset(name, 'X', TRUNK_HEADER_NAME_BYTES - 1);
        memset(value, 'v', TRUNK_HEADER_VALUE_BYTES - 1);
        assert_true(may_add(name, value));
        name[TRUNK_HEADER_NAME_BYTES - 1] = 'X';
        assert_false(may_add(name, "v"));
        value[TRUNK_HEADER_VALUE_BYTES - 1] = 'v';
        assert_false(may_add("X-A", value));
}

static void a_header_that_means_something_already_may_not(void **state)
{
        (void)state;
        static const char *const own[] = {"From",
                                          "to",
                                          "VIA",
                                          "Contact",
                                          "content-length",
                                          "P-Asserted-Identity",
                                          "Remote-Party-ID",
                                          "Diversion",
                                          "P-Charge-Info",
                                          "Require",
                                          "Supported",
                                          "Route",
                                          "Authorization",
                                          "Session-Expires",
                                          "Max-Forwards",
                                          "Identity",
                                          "History-Info",
                                          "Content-Type",
                                          "v",
                                          "f",
                                          "l",
                                          "k",
                                          "X"};
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
                assert_false(may_add(own[i], "value"));
}

static void a_header_that_could_end_its_line_or_hold_a_number_may_not(void **state)
{
        (void)state;
        static const char *const names[] = {"", "X A", "X:", "X\r\n", "-X", "1X", "X\xc3"};
        static const char *const values[] = {"",
                                             " a",
                                             "a ",
                                             "a\r\nVia: b",
                                             "a\nb",
                                             "a\tb",
                                             "caf\xc3\xa9",
                                             "9888800001",
                                             "x 98888-00001",
                                             "sip:+919888800001@host",
                                             "+91 98888 00001"};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                assert_false(may_add(names[i], "value"));
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
                assert_false(may_add("X-A", values[i]));
}

static void expect_problem(const struct trunk_template *writing, bool sends_asserted,
                           const char *expected)
{
        const char *field;
        const char *problem = trunk_template_problem(writing, sends_asserted, true, &field);
        assert_int_equal(problem != NULL, expected != NULL);
        if (expected)
                assert_string_equal(field, expected);
}

static void the_number_shown_is_in_from_or_asserted(void **state)
{
        (void)state;
        struct trunk_template writing = {.pilot = {{919000000009}}};
        expect_problem(&writing, false, NULL);
        writing.from_user = TRUNK_WHO_PILOT;
        expect_problem(&writing, false, "send_asserted");
        expect_problem(&writing, true, NULL);
        writing.asserted_user = TRUNK_WHO_PILOT;
        expect_problem(&writing, true, "send_asserted");
        writing.from_user = TRUNK_WHO_SHOWN;
        expect_problem(&writing, true, NULL);
        writing.privacy = TRUNK_PRIVACY_ID;
        expect_problem(&writing, true, "send_asserted");
        writing.asserted_user = TRUNK_WHO_SHOWN;
        expect_problem(&writing, true, NULL);
        expect_problem(&writing, false, "send_asserted");
}

static void what_is_to_be_written_must_be_there(void **state)
{
        (void)state;
        const char *field;
        struct trunk_template writing = {.from_user = TRUNK_WHO_PILOT};
        expect_problem(&writing, true, "pilot");
        writing = (struct trunk_template){.charge = TRUNK_CHARGE_PILOT};
        expect_problem(&writing, false, "pilot");
        writing = (struct trunk_template){.asserted_user = TRUNK_WHO_PILOT};
        expect_problem(&writing, true, "pilot");
        expect_problem(&writing, false, NULL);
        writing = (struct trunk_template){.from_user = TRUNK_WHO_USERNAME};
        assert_null(trunk_template_problem(&writing, true, true, &field));
        assert_non_null(trunk_template_problem(&writing, true, false, &field));
        assert_string_equal(field, "from_user");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_place_has_its_own_form_or_that_of_the_trunk),
                cmocka_unit_test(a_prefix_is_short_and_of_what_can_be_dialled),
                cmocka_unit_test(a_display_name_needs_no_escape_and_is_no_number),
                cmocka_unit_test(a_domain_is_a_host),
                cmocka_unit_test(a_header_of_the_carriers_own_may_be_added),
                cmocka_unit_test(a_header_that_means_something_already_may_not),
                cmocka_unit_test(a_header_that_could_end_its_line_or_hold_a_number_may_not),
                cmocka_unit_test(the_number_shown_is_in_from_or_asserted),
                cmocka_unit_test(what_is_to_be_written_must_be_there),
        };
        return RUN_TESTS(tests);
}
