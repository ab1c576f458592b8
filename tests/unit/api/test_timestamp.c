/* SPDX-License-Identifier: Apache-2.0 */
#include "api/timestamp.h"

#include <time.h>

#include "../unit.h"

static void points_in_time_are_read_with_their_offset(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t ms;
        } rows[] = {
                {"1970-01-01T00:00:00Z", 0},
                {"2026-08-01T10:00:00Z", 1785578400000},
                {"2026-08-01t10:00:00z", 1785578400000},
                {"2026-08-01T15:30:00+05:30", 1785578400000},
                {"2026-08-01T04:00:00-06:00", 1785578400000},
                {"2026-08-01T10:00:00.5Z", 1785578400500},
                {"2026-08-01T10:00:00.123456789Z", 1785578400123},
                {"2024-02-29T00:00:00Z", 1709164800000},
                {"2000-02-29T23:59:60Z", 951868800000},
                {"9999-12-31T23:59:59.999Z", 253402300799999},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                int64_t ms = -1;
                assert_int_equal(timestamp_parse(slice_from(rows[i].text), &ms), 0);
                assert_int_equal(ms, rows[i].ms);
        }
}

static void what_is_no_point_in_time_is_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "",
                "now",
                "2026-08-01",
                "2026-08-01T10:00:00",
                "2026-08-01 10:00:00Z",
                "2026-8-1T10:00:00Z",
                "2026-13-01T10:00:00Z",
                "2026-00-01T10:00:00Z",
                "2026-02-29T10:00:00Z",
                "2100-02-29T10:00:00Z",
                "2026-08-32T10:00:00Z",
                "2026-08-00T10:00:00Z",
                "2026-08-01T24:00:00Z",
                "2026-08-01T10:60:00Z",
                "2026-08-01T10:00:61Z",
                "2026-08-01T10:00:00.Z",
                "2026-08-01T10:00:00+5:30",
                "2026-08-01T10:00:00+0530",
                "2026-08-01T10:00:00Zx",
                "1969-12-31T23:59:59Z",
                "1970-01-01T00:00:00+01:00",
                "-026-08-01T10:00:00Z",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                int64_t ms = 42;
                if (timestamp_parse(slice_from(bad[i]), &ms) == 0)
                        fail_msg("\"%s\" was taken", bad[i]);
                assert_int_equal(ms, 42);
        }
}

/* The C library is the oracle, one moment in each of twenty thousand days. */
static void every_day_is_written_as_the_c_library_writes_it(void **state)
{
        (void)state;
        for (int64_t day = 0; day < 60000; day += 3) {
                time_t seconds = day * 86400 + day % 86400;
                struct tm utc;
                char expect[40];
                gmtime_r(&seconds, &utc);
                strftime(expect, sizeof expect, "%Y-%m-%dT%H:%M:%S.007Z", &utc);
                struct timestamp_text text = timestamp_format((int64_t)seconds * 1000 + 7);
                assert_string_equal(text.text, expect);

                int64_t back = 0;
                assert_int_equal(timestamp_parse(slice_from(expect), &back), 0);
                assert_int_equal(back, (int64_t)seconds * 1000 + 7);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(points_in_time_are_read_with_their_offset),
                cmocka_unit_test(what_is_no_point_in_time_is_refused),
                cmocka_unit_test(every_day_is_written_as_the_c_library_writes_it),
        };
        return RUN_TESTS(tests);
}
