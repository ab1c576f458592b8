/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_date.h"

#include <stdbool.h>

static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static int parse_month(struct slice text, uint32_t *out)
{
        for (uint32_t i = 0; i < 12; i++) {
                if (slice_equal(text, slice_from(months[i]))) {
                        *out = i + 1;
                        return 0;
                }
        }
        return ERR_SYNTAX;
}

static bool is_leap(uint32_t year)
{
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t days_in(uint32_t month, uint32_t year)
{
        static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int64_t days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
        int64_t before = (int64_t)year - 1;
        int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
        for (uint32_t m = 1; m < month; m++)
                days += days_in(m, year);
        return days + day - 1;
}

/* The next word as a number, which must have this many digits. */
static int take(struct slice *rest, char separator, size_t chars, uint32_t max, uint32_t *out)
{
        struct slice word = slice_split(*rest, separator, rest);
        if (word.len != chars)
                return ERR_SYNTAX;
        return slice_to_u32(word, max, out);
}

int sip_date_parse(struct slice text, int64_t *out_ms)
{
        uint32_t day, month, year, hour, minute, second;
        struct slice rest;
        struct slice weekday = slice_split(text, ',', &rest);
        if (weekday.len != 3 || !slice_starts_with(rest, SLICE(" ")))
                return ERR_SYNTAX;
        rest = slice_trim(rest);
        int err = take(&rest, ' ', 2, 31, &day);
        if (!err)
                err = parse_month(slice_split(rest, ' ', &rest), &month);
        if (!err)
                err = take(&rest, ' ', 4, 9999, &year);
        if (!err)
                err = take(&rest, ':', 2, 23, &hour);
        if (!err)
                err = take(&rest, ':', 2, 59, &minute);
        if (!err)
                err = take(&rest, ' ', 2, 60, &second); /* a leap second */
        if (err)
                return err;
        if (!slice_equal(rest, SLICE("GMT")))
                return ERR_SYNTAX;
        if (year < 1970 || day < 1 || day > days_in(month, year))
                return ERR_RANGE;
        *out_ms = (days_since_1970(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) *
                  1000;
        return 0;
}
