/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pool_policy.h"

#include <stdio.h>

#include "../unit.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MONDAY (4 * DAY) /* 5 January 1970, 00:00 UTC */

static const char *reference_page = "docs/reference/policies.md";

static struct pool_policy plain(void)
{
        struct pool_policy policy;
        pool_policy_default(&policy);
        return policy;
}

static const struct policy_row *row(const char *name)
{
        const struct policy_row *found = pool_policy_row(slice_from(name));
        assert_non_null(found);
        return found;
}

static void assert_formats(const struct pool_policy *policy, const char *name, const char *text)
{
        char memory[512];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        pool_policy_format(policy, row(name), &b);
        assert_true(slice_equal(buf_slice(&b), slice_from(text)));
}

static void a_pool_that_says_nothing_is_as_pools_always_were(void **state)
{
        (void)state;
        struct pool_policy policy = plain();
        struct policy_fault fault;
        assert_true(pool_policy_check(&policy, &fault));
        assert_int_equal(policy.model, MODEL_TWO_NUMBERS);
        assert_int_equal(policy.quarantine_ms, 2 * HOUR);
        assert_int_equal(policy.ladder, 0);
        assert_int_equal(policy.session_calls_max, 0);
        assert_int_equal(policy.party_calls_per_h, 0);
        int64_t expires_ms = 7;
        assert_int_equal(pool_policy_expiry(&policy, 1000, 0, &expires_ms), 0);
        assert_int_equal(expires_ms, 0);
        for (int64_t at = -9 * DAY; at < 9 * DAY; at += 7 * MINUTE)
                assert_true(pool_policy_is_open(&policy, at));
}

/* Members and rows are kept together by this: each byte of the policy belongs to one row. */
static void every_member_has_a_row_and_no_two_share_one(void **state)
{
        (void)state;
        unsigned char owned[sizeof(struct pool_policy)] = {0};
        for (unsigned i = 0; i < pool_policy_row_count; i++) {
                const struct policy_row *r = &pool_policy_rows[i];
                assert_ptr_equal(pool_policy_row(slice_from(r->name)), r);
                assert_int_equal(r->sentence[strlen(r->sentence) - 1], '.');
                for (size_t j = 0; j < r->bytes; j++)
                        assert_int_equal(owned[r->offset + j]++, 0);
        }
        unsigned gaps = 0;
        for (size_t i = 0; i < sizeof owned; i++)
                gaps += owned[i] == 0;
        assert_in_range(gaps, 0, 32); /* padding */
        assert_null(pool_policy_row(SLICE("quarantine")));
        assert_null(pool_policy_row(SLICE("")));
}

static void every_value_comes_back_from_its_text(void **state)
{
        (void)state;
        for (unsigned i = 0; i < pool_policy_row_count; i++) {
                const struct policy_row *r = &pool_policy_rows[i];
                if (r->kind == POLICY_TEXT)
                        continue;
                for (int64_t value = r->min - 1; value <= r->min + 300; value++) {
                        struct pool_policy a = plain(), b = plain();
                        if (pool_policy_set(&a, r, value)) {
                                assert_memory_equal(&a, &b, sizeof a);
                                continue;
                        }
                        assert_int_equal(pool_policy_get(&a, r), value);
                        char memory[256];
                        struct buf text;
                        buf_init(&text, memory, sizeof memory);
                        pool_policy_format(&a, r, &text);
                        assert_true(buf_ok(&text));
                        assert_int_equal(pool_policy_parse(&b, r, buf_slice(&text)), 0);
                        assert_memory_equal(&a, &b, sizeof a);
                }
        }
}

static void the_bounds_are_kept(void **state)
{
        (void)state;
        for (unsigned i = 0; i < pool_policy_row_count; i++) {
                const struct policy_row *r = &pool_policy_rows[i];
                struct pool_policy policy = plain();
                if (r->kind != POLICY_COUNT)
                        continue;
                assert_int_equal(pool_policy_set(&policy, r, r->max), 0);
                assert_int_equal(pool_policy_get(&policy, r), r->max);
                assert_int_equal(pool_policy_set(&policy, r, r->max + 1), ERR_RANGE);
                assert_int_equal(pool_policy_set(&policy, r, r->min), 0);
                assert_int_equal(pool_policy_get(&policy, r), r->min);
                assert_int_equal(pool_policy_set(&policy, r, r->min - 1), ERR_RANGE);
        }
}

static void texts_are_read(void **state)
{
        (void)state;
        static const struct {
                const char *name, *text;
                int err;
        } cases[] = {
                {"model", "group", 0},
                {"model", "Group", ERR_NOT_FOUND},
                {"model", "", ERR_NOT_FOUND},
                {"ladder", "intent,pin", 0},
                {"ladder", "", 0},
                {"ladder", "pin,", ERR_SYNTAX},
                {"ladder", ",pin", ERR_NOT_FOUND},
                {"ladder", "pin,prayer", ERR_NOT_FOUND},
                {"utc_offset_min", "-330", 0},
                {"utc_offset_min", "330", 0},
                {"utc_offset_min", "--330", ERR_SYNTAX},
                {"utc_offset_min", "-", ERR_SYNTAX},
                {"utc_offset_min", "841", ERR_RANGE},
                {"quarantine_ms", "7200000", 0},
                {"quarantine_ms", "-1", ERR_RANGE},
                {"quarantine_ms", "2h", ERR_SYNTAX},
                {"quarantine_ms", "99999999999999999999", ERR_RANGE},
                {"tell_ended", "true", 0},
                {"tell_ended", "yes", ERR_SYNTAX},
                {"voice", "en-in+f3", 0},
                {"voice", "", 0},
                {"voice", "two words", ERR_SYNTAX},
                {"voice", "line\n", ERR_SYNTAX},
                {"voice", "0123456789012345678901234567890", 0},
                {"voice", "01234567890123456789012345678901", ERR_TOO_LARGE},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pool_policy policy = plain(), before = policy;
                int err = pool_policy_parse(&policy, row(cases[i].name), slice_from(cases[i].text));
                assert_int_equal(err != 0, cases[i].err != 0);
                if (err)
                        assert_memory_equal(&policy, &before, sizeof policy);
                else
                        assert_formats(&policy, cases[i].name, cases[i].text);
        }
}

static void what_a_row_takes_is_said(void **state)
{
        (void)state;
        static const struct {
                const char *name, *text;
        } cases[] = {
                {"tell_ended", "true or false"},
                {"warn_s", "a whole number from 0 to 3600"},
                {"on_end", "one of keep, cut"},
                {"ladder", "any of intent, pin, request"},
                {"voice", "a text of at most 31 characters without spaces"},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char memory[256];
                struct buf b;
                buf_init(&b, memory, sizeof memory);
                pool_policy_takes(row(cases[i].name), &b);
                assert_true(slice_equal(buf_slice(&b), slice_from(cases[i].text)));
        }
}

static void members_that_contradict_each_other_are_named(void **state)
{
        (void)state;
        static const struct {
                const char *names[2];
                int64_t values[2];
                const char *bad; /* NULL: they go together */
        } cases[] = {
                {{"ttl_ms", "ttl_max_ms"}, {2000, 1000}, "ttl_ms"},
                {{"ttl_ms", "ttl_max_ms"}, {1000, 1000}, NULL},
                {{"ttl_ms", "ttl_max_ms"}, {1000, 0}, NULL},
                {{"from_min", "to_min"}, {600, 600}, "to_min"},
                {{"from_min", "to_min"}, {600, 500}, NULL},
                {{"days", "days"}, {0, 0}, "days"},
                {{"warn_s", "talk_s"}, {30, 0}, "warn_s"},
                {{"warn_s", "talk_s"}, {30, 30}, "warn_s"},
                {{"warn_s", "talk_s"}, {30, 31}, NULL},
                {{"model", "direction"}, {MODEL_GROUP, DIRECTION_FROM_SIDE_0}, "direction"},
                {{"model", "direction"}, {MODEL_SIDES, DIRECTION_FROM_SIDE_0}, NULL},
                {{"match_area", "match_country"}, {MATCH_STRICT, MATCH_ANY}, "match_country"},
                {{"match_area", "match_country"}, {MATCH_STRICT, MATCH_STRICT}, NULL},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pool_policy policy = plain();
                for (unsigned j = 0; j < 2; j++)
                        assert_int_equal(pool_policy_set(&policy, row(cases[i].names[j]),
                                                         cases[i].values[j]),
                                         0);
                struct policy_fault fault = {NULL};
                assert_int_equal(pool_policy_check(&policy, &fault), !cases[i].bad);
                if (!cases[i].bad)
                        continue;
                assert_string_equal(fault.row->name, cases[i].bad);
                assert_non_null(fault.problem);
                assert_non_null(fault.remedy);
        }
}

static void who_is_asked_has_a_scheme_and_a_host(void **state)
{
        (void)state;
        static const struct {
                const char *url;
                bool good;
        } cases[] = {
                {"", true},
                {"https://h", true},
                {"http://127.0.0.1:8080/ask", true},
                {"ftp://x", false},
                {"https://", false},
                {"http://", false},
                {"https:///p", false},
                {"http://:80", false},
                {"https://?a", false},
                {"host.example", false},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pool_policy policy = plain();
                struct policy_fault fault = {NULL};
                assert_int_equal(
                        pool_policy_parse(&policy, row("intercept_url"), slice_from(cases[i].url)),
                        0);
                assert_int_equal(pool_policy_check(&policy, &fault), cases[i].good);
                if (!cases[i].good)
                        assert_string_equal(fault.row->name, "intercept_url");
        }
}

static void hours_are_of_the_pools_own_clock(void **state)
{
        (void)state;
        struct pool_policy policy = plain();
        policy.from_min = 9 * 60;
        policy.to_min = 18 * 60;
        assert_false(pool_policy_is_open(&policy, MONDAY + 9 * HOUR - 1));
        assert_true(pool_policy_is_open(&policy, MONDAY + 9 * HOUR));
        assert_true(pool_policy_is_open(&policy, MONDAY + 18 * HOUR - 1));
        assert_false(pool_policy_is_open(&policy, MONDAY + 18 * HOUR));

        policy.utc_offset_min = 330;
        assert_false(pool_policy_is_open(&policy, MONDAY + 3 * HOUR + 30 * MINUTE - 1));
        assert_true(pool_policy_is_open(&policy, MONDAY + 3 * HOUR + 30 * MINUTE));
        assert_false(pool_policy_is_open(&policy, MONDAY + 12 * HOUR + 30 * MINUTE));
        policy.utc_offset_min = -480;
        assert_false(pool_policy_is_open(&policy, MONDAY + 17 * HOUR - 1));
        assert_true(pool_policy_is_open(&policy, MONDAY + 17 * HOUR));
        assert_true(pool_policy_is_open(&policy, MONDAY + 26 * HOUR - 1));
}

static void days_are_of_the_pools_own_clock(void **state)
{
        (void)state;
        struct pool_policy policy = plain();
        for (unsigned day = 0; day < 7; day++) {
                policy.days = (uint8_t)(1u << day);
                for (unsigned other = 0; other < 7; other++)
                        assert_int_equal(pool_policy_is_open(&policy, MONDAY + other * DAY),
                                         day == other);
        }
        policy.days = 1;
        policy.utc_offset_min = 330;
        assert_true(pool_policy_is_open(&policy, MONDAY - 5 * HOUR));
        assert_false(pool_policy_is_open(&policy, MONDAY + 19 * HOUR));
        /* A Monday 20 years on. */
        policy.utc_offset_min = 0;
        assert_true(pool_policy_is_open(&policy, MONDAY + 1043 * 7 * DAY));
}

static void a_night_belongs_to_the_day_on_which_it_begins(void **state)
{
        (void)state;
        struct pool_policy policy = plain();
        policy.from_min = 22 * 60;
        policy.to_min = 6 * 60;
        policy.days = 1 << 4; /* Friday */
        int64_t friday = MONDAY + 4 * DAY;
        assert_false(pool_policy_is_open(&policy, friday));
        assert_false(pool_policy_is_open(&policy, friday + 5 * HOUR));
        assert_false(pool_policy_is_open(&policy, friday + 22 * HOUR - 1));
        assert_true(pool_policy_is_open(&policy, friday + 22 * HOUR));
        assert_true(pool_policy_is_open(&policy, friday + 30 * HOUR - 1));
        assert_false(pool_policy_is_open(&policy, friday + 30 * HOUR));
        assert_false(pool_policy_is_open(&policy, friday + 46 * HOUR));
        /* Sunday night goes on into Monday. */
        policy.days = 1 << 6;
        assert_true(pool_policy_is_open(&policy, MONDAY + HOUR));
        assert_false(pool_policy_is_open(&policy, MONDAY + 23 * HOUR));
}

static void a_session_lives_as_long_as_it_may(void **state)
{
        (void)state;
        struct pool_policy policy = plain();
        int64_t at = 0;
        assert_int_equal(pool_policy_expiry(&policy, 1000, 5000, &at), 0);
        assert_int_equal(at, 5000);
        policy.ttl_ms = 300;
        assert_int_equal(pool_policy_expiry(&policy, 1000, 0, &at), 0);
        assert_int_equal(at, 1300);
        policy.ttl_max_ms = 4000;
        assert_int_equal(pool_policy_expiry(&policy, 1000, 5000, &at), 0);
        assert_int_equal(at, 5000);
        assert_int_equal(pool_policy_expiry(&policy, 1000, 5001, &at), ERR_RANGE);
        assert_int_equal(at, 5000);
        policy.ttl_ms = 0;
        assert_int_equal(pool_policy_expiry(&policy, 1000, 0, &at), 0);
        assert_int_equal(at, 5000);
}

static void sliding_expiry_never_goes_behind_the_fixed_one(void **state)
{
        (void)state;
        struct pool_policy policy = plain();
        assert_int_equal(pool_policy_slides_to(&policy, 777, 1000), 777);
        assert_int_equal(pool_policy_slides_to(&policy, 0, 1000), 0);
        policy.sliding_ms = 100;
        assert_int_equal(pool_policy_slides_to(&policy, 0, 1000), 1100);
        assert_int_equal(pool_policy_slides_to(&policy, 5000, 1000), 1100);
        assert_int_equal(pool_policy_slides_to(&policy, 1050, 1000), 1050);
}

static void where_a_number_is_at_home_is_told_by_its_country_and_area(void **state)
{
        (void)state;
        static const struct {
                const char *country, *area, *wish_country, *wish_area;
                enum number_distance distance;
        } cases[] = {
                {"IN", "80", "IN", "80", DISTANCE_SAME_AREA},
                {"IN", "80", "IN", "22", DISTANCE_SAME_COUNTRY},
                {"IN", "80", "GB", "80", DISTANCE_ABROAD},
                {"IN", "80", "IN", "", DISTANCE_SAME_AREA},
                {"IN", "80", "", "", DISTANCE_SAME_AREA},
                {"", "", "IN", "", DISTANCE_ABROAD},
                {"IN", "", "IN", "80", DISTANCE_SAME_COUNTRY},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct number_place number = {{0}}, wish = {{0}};
                strcpy(number.country, cases[i].country);
                strcpy(number.area, cases[i].area);
                strcpy(wish.country, cases[i].wish_country);
                strcpy(wish.area, cases[i].wish_area);
                assert_int_equal(number_distance(&number, &wish), cases[i].distance);
        }
}

static void traits_are_checked(void **state)
{
        (void)state;
        assert_int_equal(number_country_check(SLICE("IN")), 0);
        assert_int_equal(number_country_check(SLICE("")), 0);
        assert_int_equal(number_country_check(SLICE("in")), ERR_SYNTAX);
        assert_int_equal(number_country_check(SLICE("IND")), ERR_SYNTAX);
        assert_int_equal(number_area_check(SLICE("1234567")), 0);
        assert_int_equal(number_area_check(SLICE("12345678")), ERR_SYNTAX);
        assert_int_equal(number_area_check(SLICE("8o")), ERR_SYNTAX);
        assert_int_equal(number_tags_check(SLICE("")), 0);
        assert_int_equal(number_tags_check(SLICE("vip,north-2,v1.0")), 0);
        assert_int_equal(number_tags_check(SLICE(",vip")), ERR_SYNTAX);
        assert_int_equal(number_tags_check(SLICE("vip,")), ERR_SYNTAX);
        assert_int_equal(number_tags_check(SLICE("a,,b")), ERR_SYNTAX);
        assert_int_equal(number_tags_check(SLICE("a b")), ERR_SYNTAX);
        char many[NUMBER_TAGS_BYTES];
        memset(many, 'x', sizeof many);
        assert_int_equal(number_tags_check((struct slice){many, sizeof many - 1}), 0);
        assert_int_equal(number_tags_check((struct slice){many, sizeof many}), ERR_TOO_LARGE);

        const struct number_traits traits = {.tags = "vip,north-2"};
        assert_true(number_has_tag(&traits, SLICE("vip")));
        assert_true(number_has_tag(&traits, SLICE("north-2")));
        assert_false(number_has_tag(&traits, SLICE("north")));
        assert_false(number_has_tag(&traits, SLICE("vip,north-2")));
        assert_false(number_has_tag(&traits, SLICE("")));
}

static void put_row(const struct policy_row *r, const struct pool_policy *policy, struct buf *out)
{
        buf_printf(out, "| `%s` | ", r->name);
        pool_policy_takes(r, out);
        if (r->unit)
                buf_printf(out, ", in %s", r->unit);
        buf_put_text(out, " | ");
        size_t before = out->len;
        pool_policy_format(policy, r, out);
        if (out->len == before)
                buf_put_text(out, "(empty)");
        buf_printf(out, " | %s |\n", r->sentence);
}

/* What stands above the table is written by people. */
static void the_committed_reference_page_has_the_rows_as_they_are(void **state)
{
        (void)state;
        static char table[32768], page[65536];
        struct pool_policy policy = plain();
        struct buf out;
        buf_init(&out, table, sizeof table - 1);
        buf_put_text(&out, "| setting | takes | default | meaning |\n|---|---|---|---|\n");
        for (unsigned i = 0; i < pool_policy_row_count; i++)
                put_row(&pool_policy_rows[i], &policy, &out);
        assert_true(buf_ok(&out));
        table[out.len] = '\0';

        FILE *file = fopen(reference_page, "r");
        assert_non_null(file);
        size_t n = fread(page, 1, sizeof page - 1, file);
        fclose(file);
        page[n] = '\0';
        const char *committed = strstr(page, "| setting |");
        assert_non_null(committed);
        assert_string_equal(committed, table);
}

int main(int argc, char **argv)
{
        if (argc > 1)
                reference_page = argv[1];
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_pool_that_says_nothing_is_as_pools_always_were),
                cmocka_unit_test(every_member_has_a_row_and_no_two_share_one),
                cmocka_unit_test(every_value_comes_back_from_its_text),
                cmocka_unit_test(the_bounds_are_kept),
                cmocka_unit_test(texts_are_read),
                cmocka_unit_test(what_a_row_takes_is_said),
                cmocka_unit_test(members_that_contradict_each_other_are_named),
                cmocka_unit_test(who_is_asked_has_a_scheme_and_a_host),
                cmocka_unit_test(hours_are_of_the_pools_own_clock),
                cmocka_unit_test(days_are_of_the_pools_own_clock),
                cmocka_unit_test(a_night_belongs_to_the_day_on_which_it_begins),
                cmocka_unit_test(a_session_lives_as_long_as_it_may),
                cmocka_unit_test(sliding_expiry_never_goes_behind_the_fixed_one),
                cmocka_unit_test(where_a_number_is_at_home_is_told_by_its_country_and_area),
                cmocka_unit_test(traits_are_checked),
                cmocka_unit_test(the_committed_reference_page_has_the_rows_as_they_are),
        };
        return RUN_TESTS(tests);
}
