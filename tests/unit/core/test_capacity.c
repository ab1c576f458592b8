/* SPDX-License-Identifier: Apache-2.0 */
#include "core/capacity.h"

#include <stdlib.h>

#include "base/random.h"

#include "../unit.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define MAX    400

static char memory[MAX * 256] __attribute__((aligned(16)));

/* A session of two. */
struct pair {
        int64_t start_ms, end_ms;
        uint64_t party[2];
};

static struct capacity_log log_of(const struct pair *pairs, uint32_t count,
                                  struct capacity_session *sessions, uint64_t *parties)
{
        for (uint32_t i = 0; i < count; i++) {
                sessions[i] =
                        (struct capacity_session){pairs[i].start_ms, pairs[i].end_ms, 2 * i, 2};
                memcpy(&parties[2 * (size_t)i], pairs[i].party, sizeof pairs[i].party);
        }
        return (struct capacity_log){sessions, count, parties, 2 * count};
}

static int try_plan(const struct pair *pairs, uint32_t count, const struct capacity_want *want,
                    struct capacity *out)
{
        static struct capacity_session sessions[MAX];
        static uint64_t parties[2 * MAX];
        const struct capacity_log log = log_of(pairs, count, sessions, parties);
        assert_in_range(capacity_bytes(2 * count), 0, sizeof memory);
        return capacity_plan(&log, want, memory, out);
}

static struct capacity plan(const struct pair *pairs, uint32_t count, enum session_model model,
                            int64_t quarantine_ms, uint32_t refused_per_million)
{
        const struct capacity_want want = {model, quarantine_ms, refused_per_million};
        struct capacity out;
        assert_int_equal(try_plan(pairs, count, &want, &out), 0);
        return out;
}

static void no_session_needs_no_number(void **state)
{
        (void)state;
        struct capacity c = plan(NULL, 0, MODEL_TWO_NUMBERS, HOUR, 0);
        assert_int_equal(c.most, 0);
        assert_int_equal(c.numbers, 0);
}

static void quarantine_counts_like_the_session_itself(void **state)
{
        (void)state;
        const struct pair s[] = {{0, 10, {1, 2}}, {20, 30, {1, 3}}, {40, 0, {1, 4}}};
        assert_int_equal(plan(s, 3, MODEL_TWO_NUMBERS, 0, 0).most, 1);
        assert_int_equal(plan(s, 3, MODEL_TWO_NUMBERS, 10, 0).most, 1);
        assert_int_equal(plan(s, 3, MODEL_TWO_NUMBERS, 11, 0).most, 2);
        assert_int_equal(plan(s, 3, MODEL_TWO_NUMBERS, 31, 0).most, 3);
        struct capacity c = plan(s, 3, MODEL_TWO_NUMBERS, HOUR, 0);
        assert_int_equal(c.party, 1);
        assert_int_equal(c.at_ms, 40);
}

static void a_session_that_ends_as_it_starts_has_held_a_number(void **state)
{
        (void)state;
        const struct pair s[] = {{5, 5, {1, 2}}, {5, 5, {1, 3}}};
        assert_int_equal(plan(s, 2, MODEL_TWO_NUMBERS, 0, 0).most, 2);
}

static void what_cannot_be_is_refused(void **state)
{
        (void)state;
        const struct capacity_want want = {MODEL_TWO_NUMBERS, 0, 0};
        struct capacity out = {.most = 7};
        const struct pair backwards = {10, 9, {1, 2}}, alone = {10, 11, {1, 1}};
        assert_int_equal(try_plan(&backwards, 1, &want, &out), ERR_RANGE);
        assert_int_equal(try_plan(&alone, 1, &want, &out), ERR_RANGE);
        assert_int_equal(out.most, 7);
}

/* What a party holds when a session of its begins, that one included. */
static uint32_t holds(const struct pair *s, uint32_t count, uint32_t i, uint64_t party,
                      int64_t quarantine_ms)
{
        uint32_t n = 1;
        for (uint32_t j = 0; j < count; j++) {
                int64_t free_ms = s[j].end_ms ? s[j].end_ms + quarantine_ms : INT64_MAX;
                bool theirs = s[j].party[0] == party || s[j].party[1] == party;
                n += j != i && theirs && s[j].start_ms < s[i].start_ms && free_ms > s[i].start_ms;
        }
        return n;
}

static void random_histories_are_counted_as_one_would_by_hand(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 4);
        for (unsigned run = 0; run < 60; run++) {
                static struct pair s[MAX];
                uint32_t count = 1 + random_below(&r, MAX), most[2] = {0}, need[2][MAX];
                int64_t quarantine_ms = random_below(&r, 3) * 5000;
                for (uint32_t i = 0; i < count; i++) {
                        int64_t start = i * 97; /* no two in the same ms */
                        uint64_t a = random_below(&r, 9);
                        s[i] = (struct pair){start,
                                             start + 1 + random_below(&r, 4000),
                                             {a, (a + 1 + random_below(&r, 8)) % 9}};
                        if (random_below(&r, 50) == 0)
                                s[i].end_ms = 0;
                }
                for (uint32_t i = 0; i < count; i++) {
                        uint32_t a = holds(s, count, i, s[i].party[0], quarantine_ms);
                        uint32_t b = holds(s, count, i, s[i].party[1], quarantine_ms);
                        need[0][i] = a > b ? a : b;
                        need[1][i] = a + b - 1;
                        for (unsigned m = 0; m < 2; m++)
                                most[m] = need[m][i] > most[m] ? need[m][i] : most[m];
                }
                for (unsigned m = 0; m < 2; m++) {
                        uint32_t target = random_below(&r, 200000);
                        struct capacity c = plan(s, count, m ? MODEL_ONE_NUMBER : MODEL_TWO_NUMBERS,
                                                 quarantine_ms, target);
                        uint32_t beyond = 0, one_less = 0;
                        for (uint32_t i = 0; i < count; i++) {
                                beyond += need[m][i] > c.numbers;
                                one_less += need[m][i] > c.numbers - 1;
                        }
                        assert_int_equal(c.most, most[m]);
                        assert_int_equal(c.refused, beyond);
                        assert_true((uint64_t)beyond * 1000000 <= (uint64_t)count * target);
                        assert_true((uint64_t)one_less * 1000000 > (uint64_t)count * target);
                }
        }
}

static void the_quarantine_is_the_shortest_that_keeps_the_rate(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 6);
        for (unsigned run = 0; run < 500; run++) {
                int64_t delays[100];
                uint32_t count = 1 + random_below(&r, 100), rate = random_below(&r, 300000);
                for (uint32_t i = 0; i < count; i++)
                        delays[i] = random_below(&r, 1000);
                int64_t q = capacity_quarantine_ms(delays, count, rate);
                uint32_t late = 0, later = 0;
                for (uint32_t i = 0; i < count; i++) {
                        late += delays[i] >= q;
                        later += delays[i] >= q - 1;
                }
                assert_true((uint64_t)late * 1000000 <= (uint64_t)count * rate);
                assert_true(q == 0 || (uint64_t)later * 1000000 > (uint64_t)count * rate);
        }
        assert_int_equal(capacity_quarantine_ms(NULL, 0, 100), 0);
}

/* mean * ln(10^6 / rate), to a second. */
static void without_data_the_quarantine_follows_from_the_mean(void **state)
{
        (void)state;
        static const struct {
                uint32_t rate;
                int64_t thousandths; /* of a minute; the mean is 20 minutes */
        } cases[] = {
                {1000000, 0},   {500000, 13863}, {367879, 20000}, {100000, 46052},
                {2479, 119999}, {100, 184207},   {1, 276310},     {0, 276310},
        };
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                int64_t q = capacity_quarantine_of_mean_ms(20 * MINUTE, cases[i].rate);
                int64_t off = q - cases[i].thousandths * 60;
                assert_true(off > -1000 && off < 1000);
        }
}

/* Spread exponentially around the mean. */
static int64_t spread_ms(struct random *r, int64_t mean_ms)
{
        return capacity_quarantine_of_mean_ms(mean_ms, 1 + random_below(r, 1000000)) + 1;
}

/*
 * The load of docs/design/how-many-numbers.md: the plan names as many numbers as the simulation of
 * reuse touched, and more for a longer quarantine.
 */
static void the_load_that_was_simulated_gets_the_numbers_that_it_took(void **state)
{
        (void)state;
        enum {
                SESSIONS = 40000
        };
        static const struct {
                int64_t quarantine_ms;
                uint32_t min, max;
        } cases[] = {{0, 5, 9}, {30 * MINUTE, 9, 13}, {HOUR, 12, 16}, {2 * HOUR, 16, 20}};
        struct capacity_session *s = calloc(SESSIONS, sizeof *s);
        uint64_t *parties = calloc(2 * SESSIONS, sizeof *parties);
        void *room = malloc(capacity_bytes(2 * SESSIONS));
        assert_non_null(s);
        assert_non_null(parties);
        assert_non_null(room);
        struct random r;
        random_init_seeded(&r, 8);
        int64_t now_ms = 1;
        for (uint32_t i = 0; i < SESSIONS; i++, now_ms += spread_ms(&r, 1000)) {
                int64_t end_ms = now_ms + spread_ms(&r, 15 * MINUTE);
                s[i] = (struct capacity_session){now_ms, end_ms, 2 * i, 2};
                parties[2 * (size_t)i] = random_below(&r, 1500);
                parties[2 * (size_t)i + 1] = 1500 + random_below(&r, 6000);
        }
        const struct capacity_log log = {s, SESSIONS, parties, 2 * SESSIONS};
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct capacity_want want = {MODEL_TWO_NUMBERS, cases[i].quarantine_ms, 0};
                struct capacity c;
                assert_int_equal(capacity_plan(&log, &want, room, &c), 0);
                assert_in_range(c.most, cases[i].min, cases[i].max);
                assert_int_equal(c.numbers, c.most);
                /* One create in a thousand refused is several numbers less. */
                want.refused_per_million = 1000;
                assert_int_equal(capacity_plan(&log, &want, room, &c), 0);
                assert_in_range(c.numbers, 1, c.most - 1);
                assert_in_range(c.refused, 1, SESSIONS / 1000);
        }
        free(s);
        free(parties);
        free(room);
}

static void each_of_a_group_takes_a_number_for_each_other_one(void **state)
{
        (void)state;
        const uint64_t parties[] = {1, 2, 3, 4, 5, 1, 1, 6};
        const struct capacity_session s[] = {{0, 100, 0, 4}, {10, 0, 4, 2}, {20, 0, 6, 2}};
        const struct capacity_log log = {s, 3, parties, 8};
        const struct capacity_want want = {MODEL_GROUP, 0, 0};
        struct capacity c;
        assert_int_equal(capacity_plan(&log, &want, memory, &c), 0);
        assert_int_equal(c.most, 5);
        assert_int_equal(c.party, 1);
        assert_int_equal(c.at_ms, 20);
        const struct capacity_session two_alike[] = {{0, 0, 4, 3}}, alone[] = {{0, 0, 0, 1}};
        const struct capacity_log bad = {two_alike, 1, parties, 3}, lonely = {alone, 1, parties, 1};
        assert_int_equal(capacity_plan(&bad, &want, memory, &c), ERR_RANGE);
        assert_int_equal(capacity_plan(&lonely, &want, memory, &c), ERR_RANGE);
}

static void measured_delays_and_their_mean_give_the_same_quarantine(void **state)
{
        (void)state;
        static int64_t delays[20000];
        struct random r;
        random_init_seeded(&r, 7);
        for (unsigned i = 0; i < 20000; i++)
                delays[i] = spread_ms(&r, 20 * MINUTE);
        int64_t measured = capacity_quarantine_ms(delays, 20000, 10000);
        int64_t expected = capacity_quarantine_of_mean_ms(20 * MINUTE, 10000);
        assert_true(measured > expected * 9 / 10);
        assert_true(measured < expected * 11 / 10);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_session_needs_no_number),
                cmocka_unit_test(quarantine_counts_like_the_session_itself),
                cmocka_unit_test(a_session_that_ends_as_it_starts_has_held_a_number),
                cmocka_unit_test(what_cannot_be_is_refused),
                cmocka_unit_test(random_histories_are_counted_as_one_would_by_hand),
                cmocka_unit_test(the_quarantine_is_the_shortest_that_keeps_the_rate),
                cmocka_unit_test(without_data_the_quarantine_follows_from_the_mean),
                cmocka_unit_test(the_load_that_was_simulated_gets_the_numbers_that_it_took),
                cmocka_unit_test(each_of_a_group_takes_a_number_for_each_other_one),
                cmocka_unit_test(measured_delays_and_their_mean_give_the_same_quarantine),
        };
        return RUN_TESTS(tests);
}
