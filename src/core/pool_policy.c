/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pool_policy.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MIN   1440
#define EPOCH_DAY 3 /* 1 January 1970 was a Thursday; Monday is 0 */

const struct policy_row *pool_policy_row(struct slice name)
{
        for (unsigned i = 0; i < pool_policy_row_count; i++)
                if (slice_equal(name, slice_from(pool_policy_rows[i].name)))
                        return &pool_policy_rows[i];
        return NULL;
}

void pool_policy_default(struct pool_policy *out)
{
        *out = (struct pool_policy){0};
        for (unsigned i = 0; i < pool_policy_row_count; i++) {
                if (pool_policy_rows[i].kind == POLICY_TEXT)
                        continue;
                int err = pool_policy_set(out, &pool_policy_rows[i], pool_policy_rows[i].fallback);
                assert(!err);
                (void)err;
        }
}

static unsigned word_count(const struct policy_row *row)
{
        unsigned count = 0;
        while (row->words[count])
                count++;
        return count;
}

static int64_t highest(const struct policy_row *row)
{
        switch (row->kind) {
        case POLICY_SWITCH:
        case POLICY_COUNT:
        case POLICY_TEXT:
                return row->max;
        case POLICY_CHOICE:
                return word_count(row) - 1;
        case POLICY_SET:
                return (INT64_C(1) << word_count(row)) - 1;
        }
        return 0;
}

int pool_policy_set(struct pool_policy *policy, const struct policy_row *row, int64_t value)
{
        assert(row->kind != POLICY_TEXT);
        if (value < row->min || value > highest(row))
                return ERR_RANGE;
        char *at = (char *)policy + row->offset;
        switch (row->bytes) {
        case 1:
                memcpy(at, &(uint8_t){(uint8_t)value}, 1);
                return 0;
        case 2:
                memcpy(at, &(uint16_t){(uint16_t)value}, 2);
                return 0;
        case 4:
                memcpy(at, &(uint32_t){(uint32_t)value}, 4);
                return 0;
        default:
                assert(row->bytes == 8);
                memcpy(at, &value, 8);
                return 0;
        }
}

int64_t pool_policy_get(const struct pool_policy *policy, const struct policy_row *row)
{
        assert(row->kind != POLICY_TEXT);
        const char *at = (const char *)policy + row->offset;
        uint8_t one;
        uint16_t two;
        uint32_t four;
        int64_t eight;
        switch (row->bytes) {
        case 1:
                memcpy(&one, at, sizeof one);
                return one;
        case 2:
                memcpy(&two, at, sizeof two);
                return row->min < 0 ? (int16_t)two : two;
        case 4:
                memcpy(&four, at, sizeof four);
                return four;
        default:
                assert(row->bytes == sizeof eight);
                memcpy(&eight, at, sizeof eight);
                return eight;
        }
}

static int parse_count(struct slice text, int64_t *out)
{
        bool is_negative = text.len && text.p[0] == '-';
        struct slice digits = {text.p + is_negative, text.len - is_negative};
        uint64_t value;
        int err = slice_to_u64(digits, INT64_MAX, &value);
        if (err)
                return err;
        *out = is_negative ? -(int64_t)value : (int64_t)value;
        return 0;
}

static int find_word(const struct policy_row *row, struct slice word, int64_t *out)
{
        for (unsigned i = 0; row->words[i]; i++) {
                if (slice_equal(word, slice_from(row->words[i]))) {
                        *out = i;
                        return 0;
                }
        }
        return ERR_NOT_FOUND;
}

static int parse_set(const struct policy_row *row, struct slice text, int64_t *out)
{
        int64_t bits = 0;
        while (text.len) {
                const char *comma = memchr(text.p, ',', text.len);
                size_t len = comma ? (size_t)(comma - text.p) : text.len;
                int64_t bit;
                int err = find_word(row, (struct slice){text.p, len}, &bit);
                if (err)
                        return err;
                bits |= INT64_C(1) << bit;
                if (comma && len + 1 == text.len)
                        return ERR_SYNTAX;
                text = (struct slice){text.p + len + (comma != NULL),
                                      text.len - len - (comma != NULL)};
        }
        *out = bits;
        return 0;
}

/* One line of printable ASCII: it goes into URLs, voices and languages. */
static int parse_text(struct pool_policy *policy, const struct policy_row *row, struct slice text)
{
        if (text.len > (size_t)row->max)
                return ERR_TOO_LARGE;
        for (size_t i = 0; i < text.len; i++)
                if (text.p[i] < 0x21 || text.p[i] > 0x7e)
                        return ERR_SYNTAX;
        char *at = (char *)policy + row->offset;
        memset(at, 0, row->bytes);
        if (text.len)
                memcpy(at, text.p, text.len);
        return 0;
}

int pool_policy_parse(struct pool_policy *policy, const struct policy_row *row, struct slice text)
{
        int64_t value = 0;
        int err = 0;
        switch (row->kind) {
        case POLICY_SWITCH:
                value = slice_equal(text, SLICE("true"));
                if (!value && !slice_equal(text, SLICE("false")))
                        return ERR_SYNTAX;
                break;
        case POLICY_COUNT:
                err = parse_count(text, &value);
                break;
        case POLICY_CHOICE:
                err = find_word(row, text, &value);
                break;
        case POLICY_SET:
                err = parse_set(row, text, &value);
                break;
        case POLICY_TEXT:
                return parse_text(policy, row, text);
        }
        return err ? err : pool_policy_set(policy, row, value);
}

static void format_set(const struct policy_row *row, int64_t bits, struct buf *out)
{
        const char *comma = "";
        for (unsigned i = 0; row->words[i]; i++) {
                if (!(bits >> i & 1))
                        continue;
                buf_printf(out, "%s%s", comma, row->words[i]);
                comma = ",";
        }
}

void pool_policy_format(const struct pool_policy *policy, const struct policy_row *row,
                        struct buf *out)
{
        switch (row->kind) {
        case POLICY_SWITCH:
                buf_put_text(out, pool_policy_get(policy, row) ? "true" : "false");
                return;
        case POLICY_COUNT:
                buf_printf(out, "%" PRId64, pool_policy_get(policy, row));
                return;
        case POLICY_CHOICE:
                buf_put_text(out, row->words[pool_policy_get(policy, row)]);
                return;
        case POLICY_SET:
                format_set(row, pool_policy_get(policy, row), out);
                return;
        case POLICY_TEXT:
                buf_put_text(out, (const char *)policy + row->offset);
                return;
        }
}

static void put_words(const struct policy_row *row, struct buf *out)
{
        for (unsigned i = 0; row->words[i]; i++)
                buf_printf(out, "%s%s", i ? ", " : "", row->words[i]);
}

void pool_policy_takes(const struct policy_row *row, struct buf *out)
{
        switch (row->kind) {
        case POLICY_SWITCH:
                buf_put_text(out, "true or false");
                return;
        case POLICY_COUNT:
                buf_printf(out, "a whole number from %" PRId64 " to %" PRId64, row->min, row->max);
                return;
        case POLICY_CHOICE:
                buf_put_text(out, "one of ");
                put_words(row, out);
                return;
        case POLICY_SET:
                buf_put_text(out, "any of ");
                put_words(row, out);
                return;
        case POLICY_TEXT:
                buf_printf(out, "a text of at most %" PRId64 " characters without spaces",
                           row->max);
                return;
        }
}

static bool refuse(const char *name, const char *problem, const char *remedy,
                   struct policy_fault *fault)
{
        *fault = (struct policy_fault){pool_policy_row(slice_from(name)), problem, remedy};
        assert(fault->row);
        return false;
}

/* Whether somebody is named there whom one could ask. */
static bool is_web_address(struct slice url)
{
        struct slice scheme =
                slice_starts_with(url, SLICE("https://")) ? SLICE("https://") : SLICE("http://");
        if (!slice_starts_with(url, scheme) || url.len == scheme.len)
                return false;
        return !strchr("/:?#@", url.p[scheme.len]);
}

bool pool_policy_check(const struct pool_policy *policy, struct policy_fault *fault)
{
        if (policy->ttl_max_ms && policy->ttl_ms > policy->ttl_max_ms)
                return refuse("ttl_ms", "Longer than ttl_max_ms allows.",
                              "Lower it, or raise ttl_max_ms.", fault);
        if (policy->from_min == policy->to_min)
                return refuse("to_min", "The same as from_min: no call could ever be made.",
                              "Change one of the two; 0 and 1440 are the whole day.", fault);
        if (policy->days == 0)
                return refuse("days", "On no day could a call be made.", "Name one at least.",
                              fault);
        if (policy->warn_s && policy->warn_s >= policy->talk_s)
                return refuse("warn_s", "There is no end that it could come before.",
                              "Make it less than talk_s, or 0.", fault);
        if (policy->model == MODEL_GROUP && policy->direction != DIRECTION_BOTH)
                return refuse("direction", "A group has no sides: it must be both.",
                              "Set it to both, or choose another model.", fault);
        struct slice url = slice_from(policy->intercept_url);
        if (url.len && !is_web_address(url))
                return refuse("intercept_url",
                              "It must begin with https:// or http:// and a host's name.",
                              "Write it like https://host.example/path.", fault);
        if (policy->match_area == MATCH_STRICT && policy->match_country != MATCH_STRICT)
                return refuse("match_country", "An area is one of a country.",
                              "Set it to strict, too, or match_area to something else.", fault);
        return true;
}

/* Rounded down, before 1970, too. */
static int64_t floor_div(int64_t a, int64_t b)
{
        return a / b - (a % b < 0);
}

bool pool_policy_is_open(const struct pool_policy *policy, int64_t now_ms)
{
        int64_t minute = floor_div(now_ms, MINUTE_MS) + policy->utc_offset_min;
        int64_t day = floor_div(minute, DAY_MIN);
        int64_t of_day = minute - day * DAY_MIN;
        bool is_open = of_day >= policy->from_min && of_day < policy->to_min;
        if (policy->from_min > policy->to_min) {
                is_open = of_day >= policy->from_min || of_day < policy->to_min;
                /* The night belongs to the day on which it begins. */
                if (of_day < policy->to_min)
                        day--;
        }
        int64_t weekday = day + EPOCH_DAY;
        weekday -= floor_div(weekday, 7) * 7;
        return is_open && policy->days >> weekday & 1;
}

int pool_policy_expiry(const struct pool_policy *policy, int64_t starts_ms, int64_t wanted_ms,
                       int64_t *out)
{
        int64_t latest_ms = policy->ttl_max_ms ? starts_ms + policy->ttl_max_ms : 0;
        if (wanted_ms && latest_ms && wanted_ms > latest_ms)
                return ERR_RANGE;
        if (wanted_ms)
                *out = wanted_ms;
        else if (policy->ttl_ms)
                *out = starts_ms + policy->ttl_ms;
        else
                *out = latest_ms;
        return 0;
}

int64_t pool_policy_slides_to(const struct pool_policy *policy, int64_t fixed_ms, int64_t used_ms)
{
        if (!policy->sliding_ms)
                return fixed_ms;
        int64_t slid_ms = used_ms + policy->sliding_ms;
        return fixed_ms && fixed_ms < slid_ms ? fixed_ms : slid_ms;
}
