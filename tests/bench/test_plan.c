/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan against the model that it is for: with as many numbers and as long a quarantine as it says, no more
 * is refused and misconnected than was asked for; and it does not ask for many numbers more than it takes.
 */
#include "unit.h"

#include <stdio.h>

#include "core/capacity.h"
#include "reuse_world.h"

#define SESSIONS 20000 /* five and a half hours, of which a quarantine is three */
#define SEEDS    2
#define PLENTY   REUSE_NUMBERS_MAX

struct promise {
        uint32_t refused_per_million, misconnected_per_million;
};

/* What has happened in a pool with numbers in plenty. */
static struct past {
        struct capacity_session sessions[SESSIONS];
        uint64_t parties[2 * SESSIONS];
        uint32_t count;
        int64_t delays_ms[2 * SESSIONS];
        uint32_t delays;
        uint32_t most; /* pairs that one party held */
} past;

static struct reuse_way way_of(int64_t quarantine_ms)
{
        return (struct reuse_way){.name = "planned",
                                  .model = MODEL_TWO_NUMBERS,
                                  .pair_ms = quarantine_ms,
                                  .numbers = 1};
}

static void remember(const struct reuse_result *result)
{
        past.count = result->creates;
        past.delays = result->redials;
        past.most = result->most;
        memcpy(past.delays_ms, result->delays_ms, past.delays * sizeof past.delays_ms[0]);
        for (uint32_t i = 0; i < past.count; i++) {
                const struct reuse_session *s = &result->sessions[i];
                assert_true(s->was_served);
                past.sessions[i] = (struct capacity_session){s->start_ms, s->end_ms, 2 * i, 2};
                past.parties[2 * i] = s->party[0];
                past.parties[2 * i + 1] = s->party[1];
        }
}

static struct capacity plan(int64_t quarantine_ms, uint32_t refused_per_million)
{
        const struct capacity_log log = {past.sessions, past.count, past.parties, 2 * past.count};
        const struct capacity_want want = {MODEL_TWO_NUMBERS, quarantine_ms, refused_per_million};
        struct capacity found;
        void *memory = malloc(capacity_bytes(2 * past.count));
        assert_non_null(memory);
        assert_int_equal(capacity_plan(&log, &want, memory, &found), 0);
        free(memory);
        return found;
}

static bool holds(const struct reuse_result *result, const struct promise *promise)
{
        return (uint64_t)result->refused * 1000000 <=
                       (uint64_t)result->creates * promise->refused_per_million &&
               (uint64_t)result->strangers * 1000000 <=
                       (uint64_t)result->redials * promise->misconnected_per_million;
}

static void keep(const struct promise *promise, int64_t quarantine_ms, uint64_t seed)
{
        struct capacity found = plan(quarantine_ms, promise->refused_per_million);
        const struct reuse_way way = way_of(quarantine_ms);
        struct reuse_result result = reuse_run(&way, SESSIONS, found.numbers, seed);
        if (!holds(&result, promise))
                fail_msg("seed %u, %u numbers: %u of %u creates refused, %u of %u redials "
                         "misconnected",
                         (unsigned)seed, found.numbers, result.refused, result.creates,
                         result.strangers, result.redials);
        /* A bound, but not a wide one. */
        result = reuse_run(&way, SESSIONS, found.numbers - 4, seed);
        if (holds(&result, promise))
                fail_msg("seed %u: %u numbers would have done, and %u were planned", (unsigned)seed,
                         found.numbers - 4, found.numbers);
}

static void what_is_planned_from_measured_redials_holds(void **state)
{
        (void)state;
        static const struct promise promises[] = {{1000, 200}, {10000, 1000}};
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                for (unsigned i = 0; i < sizeof promises / sizeof promises[0]; i++) {
                        const struct promise *promise = &promises[i];
                        struct reuse_way way = way_of(7200000);
                        struct reuse_result result = reuse_run(&way, SESSIONS, PLENTY, seed);
                        remember(&result);
                        keep(promise,
                             capacity_quarantine_ms(past.delays_ms, past.delays,
                                                    promise->misconnected_per_million),
                             seed);
                }
        }
}

static void what_is_planned_from_their_mean_holds(void **state)
{
        (void)state;
        const struct promise promise = {1000, 200};
        int64_t quarantine_ms = capacity_quarantine_of_mean_ms((int64_t)(REUSE_REDIAL_S * 1000),
                                                               promise.misconnected_per_million);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                struct reuse_way way = way_of(quarantine_ms);
                struct reuse_result result = reuse_run(&way, SESSIONS, PLENTY, seed);
                remember(&result);
                keep(&promise, quarantine_ms, seed);
        }
}

static void a_plan_that_refuses_nobody_is_d(void **state)
{
        (void)state;
        for (int64_t quarantine_ms = 0; quarantine_ms <= 7200000; quarantine_ms += 3600000) {
                struct reuse_way way = way_of(quarantine_ms);
                struct reuse_result result = reuse_run(&way, SESSIONS, PLENTY, 1);
                remember(&result);
                struct capacity found = plan(quarantine_ms, 0);
                assert_int_equal(found.numbers, past.most);
                result = reuse_run(&way, SESSIONS, found.numbers, 1);
                assert_int_equal(result.refused, 0);
                result = reuse_run(&way, SESSIONS, found.numbers - 1, 1);
                assert_true(result.refused > 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_planned_from_measured_redials_holds),
                cmocka_unit_test(what_is_planned_from_their_mean_holds),
                cmocka_unit_test(a_plan_that_refuses_nobody_is_d),
        };
        reuse_open();
        int failed = RUN_TESTS(tests);
        reuse_close();
        return failed;
}
