/* SPDX-License-Identifier: Apache-2.0 */
#include "api/timestamp.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/buf.h"

#define DAY_MS INT64_C(86400000)

/* Days since 1970-01-01 in the Gregorian calendar; March begins the year, so leap days end it. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
        year -= month <= 2;
        unsigned from_march = (month + 9) % 12;
        int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
        return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

static void date_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
        days += 719468;
        int64_t era = days / 146097;
        int64_t of_era = days % 146097;
        int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        int64_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        unsigned from_march = (unsigned)(5 * day_of_year + 2) / 153;
        *day = (unsigned)(day_of_year - (153 * from_march + 2) / 5) + 1;
        *month = from_march < 10 ? from_march + 3 : from_march - 9;
        *year = year_of_era + era * 400 + (*month <= 2);
}

struct timestamp_text timestamp_format(int64_t utc_ms)
{
        int64_t year;
        unsigned month, day;
        date_from_days(utc_ms / DAY_MS, &year, &month, &day);
        unsigned ms = (unsigned)(utc_ms % DAY_MS);
        struct timestamp_text out = {{0}};
        struct buf b;
        buf_init(&b, out.text, sizeof out.text);
        buf_printf(&b, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month, day,
                   ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
        return out;
}

/* Takes exactly `digits` decimal digits off the front. */
static bool take_number(struct slice *s, unsigned digits, unsigned max, unsigned *out)
{
        uint32_t n;
        if (s->len < digits || slice_to_u32((struct slice){s->p, digits}, max, &n))
                return false;
        *s = (struct slice){s->p + digits, s->len - digits};
        *out = n;
        return true;
}

static bool take_char(struct slice *s, char one, char other)
{
        if (!s->len || (s->p[0] != one && s->p[0] != other))
                return false;
        *s = (struct slice){s->p + 1, s->len - 1};
        return true;
}

/* ".5", ".123456": milliseconds, the rest is cut off. */
static bool take_fraction(struct slice *s, unsigned *out_ms)
{
        *out_ms = 0;
        if (!take_char(s, '.', '.'))
                return true;
        unsigned digits = 0, weight = 100;
        for (; digits < s->len && s->p[digits] >= '0' && s->p[digits] <= '9'; digits++) {
                *out_ms += (unsigned)(s->p[digits] - '0') * weight;
                weight /= 10;
        }
        *s = (struct slice){s->p + digits, s->len - digits};
        return digits > 0;
}

static bool take_offset(struct slice *s, int64_t *out_minutes)
{
        *out_minutes = 0;
        if (take_char(s, 'Z', 'z'))
                return true;
        unsigned hours, minutes;
        bool behind = s->len && s->p[0] == '-';
        if (!take_char(s, '+', '-') || !take_number(s, 2, 23, &hours) || !take_char(s, ':', ':') ||
            !take_number(s, 2, 59, &minutes))
                return false;
        *out_minutes = (int64_t)(hours * 60 + minutes) * (behind ? -1 : 1);
        return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
        static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return days[month - 1] + (month == 2 && leap);
}

int timestamp_parse(struct slice text, int64_t *utc_ms)
{
        unsigned year, month, day, hour, minute, second, ms;
        int64_t offset;
        if (!take_number(&text, 4, 9999, &year) || !take_char(&text, '-', '-') ||
            !take_number(&text, 2, 12, &month) || !take_char(&text, '-', '-') ||
            !take_number(&text, 2, 31, &day) || !take_char(&text, 'T', 't') ||
            !take_number(&text, 2, 23, &hour) || !take_char(&text, ':', ':') ||
            !take_number(&text, 2, 59, &minute) || !take_char(&text, ':', ':') ||
            !take_number(&text, 2, 60, &second) || !take_fraction(&text, &ms) ||
            !take_offset(&text, &offset) || text.len)
                return ERR_SYNTAX;
        if (year < 1970 || month == 0 || day == 0 || day > days_in_month(year, month))
                return ERR_RANGE;

        int64_t seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 +
                          second - offset * 60;
        if (seconds < 0)
                return ERR_RANGE;
        *utc_ms = seconds * 1000 + ms;
        return 0;
}
