/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "../unit.h"

#include "wire/sip_date.h"

static int64_t date(const char *text)
{
        int64_t ms = -1;
        int err = sip_date_parse(slice_from(text), &ms);
        assert_int_equal(err, 0);
        return ms;
}

static void a_date_is_milliseconds_since_1970(void **state)
{
        (void)state;
        assert_int_equal(date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
        assert_int_equal(date("Sat, 13 Nov 2010 23:29:00 GMT"), INT64_C(1289690940000));
        assert_int_equal(date("Tue, 29 Feb 2000 23:59:60 GMT"), INT64_C(951868800000));
        assert_int_equal(date("Fri, 31 Dec 9999 23:59:59 GMT"), INT64_C(253402300799000));
}

static void every_day_for_four_hundred_years_is_as_the_system_has_it(void **state)
{
        (void)state;
        for (time_t day = 0; day < 400 * 366; day++) {
                const time_t then = day * 86400 + 43210;
                char text[64];
                struct tm tm;
                gmtime_r(&then, &tm);
                strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
                assert_int_equal(date(text), (int64_t)then * 1000);
        }
}

static void what_is_no_such_date_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "",
                "Sat",
                "Sat, ",
                "Sat,13 Nov 2010 23:29:00 GMT",
                "Saturday, 13 Nov 2010 23:29:00 GMT",
                "Sat, 13 nov 2010 23:29:00 GMT",
                "Sat, 3 Nov 2010 23:29:00 GMT",
                "Sat, 13 Nov 10 23:29:00 GMT",
                "Sat, 13 Nov 2010 23:29 GMT",
                "Sat, 13 Nov 2010 23:29:00 IST",
                "Sat, 13 Nov 2010 23:29:00 GMT+1",
                "Sat, 13 Nov 2010 23:29:00",
                "Sat, -3 Nov 2010 23:29:00 GMT",
        };
        static const char *const none[] = {
                "Sat, 31 Nov 2010 23:29:00 GMT", "Sat, 00 Nov 2010 23:29:00 GMT",
                "Tue, 29 Feb 2100 00:00:00 GMT", "Sat, 13 Nov 2010 24:00:00 GMT",
                "Sat, 13 Nov 2010 23:60:00 GMT", "Sat, 13 Nov 1969 23:29:00 GMT",
        };
        int64_t ms = 7;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_int_equal(sip_date_parse(slice_from(bad[i]), &ms), ERR_SYNTAX);
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
                assert_int_equal(sip_date_parse(slice_from(none[i]), &ms), ERR_RANGE);
        assert_int_equal(ms, 7);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_date_is_milliseconds_since_1970),
                cmocka_unit_test(every_day_for_four_hundred_years_is_as_the_system_has_it),
                cmocka_unit_test(what_is_no_such_date_is_refused),
        };
        return RUN_TESTS(tests);
}
