/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <limits.h>

#include "../unit.h"

static const char *meant(const char *word)
{
        struct nearest nearest;
        nearest_init(&nearest, slice_from(word));
        nearest_offer(&nearest, "calls_max");
        nearest_offer(&nearest, "call_s_max");
        nearest_offer(&nearest, "drain_s");
        nearest_offer(&nearest, "log_level");
        return nearest.best ? nearest.best : "";
}

static void a_slip_of_the_hand_finds_the_word(void **state)
{
        (void)state;
        assert_string_equal(meant("cals_max"), "calls_max");
        assert_string_equal(meant("calls_mx"), "calls_max");
        assert_string_equal(meant("callss_max"), "calls_max");
        assert_string_equal(meant("call_smax"), "call_s_max");
        assert_string_equal(meant("drain"), "drain_s");
        assert_string_equal(meant("loglevel"), "log_level");
        assert_string_equal(meant("log"), "log_level");
}

static void another_word_finds_none(void **state)
{
        (void)state;
        assert_string_equal(meant(""), "");
        assert_string_equal(meant("x"), "");
        assert_string_equal(meant("lo"), "");
        assert_string_equal(meant("sip_listen"), "");
        assert_string_equal(meant("0123456789012345678901234567890123456789012345678901234567890123"
                                  "4"),
                            "");
}

static void the_distance_counts_letters(void **state)
{
        (void)state;
        assert_int_equal(nearest_distance(SLICE(""), SLICE("")), 0);
        assert_int_equal(nearest_distance(SLICE("abc"), SLICE("abc")), 0);
        assert_int_equal(nearest_distance(SLICE("abc"), SLICE("")), 3);
        assert_int_equal(nearest_distance(SLICE(""), SLICE("ab")), 2);
        assert_int_equal(nearest_distance(SLICE("kitten"), SLICE("sitting")), 3);
        assert_int_equal(nearest_distance(SLICE("ab"), SLICE("ba")), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_slip_of_the_hand_finds_the_word),
                cmocka_unit_test(another_word_finds_none),
                cmocka_unit_test(the_distance_counts_letters),
        };
        return RUN_TESTS(tests);
}
