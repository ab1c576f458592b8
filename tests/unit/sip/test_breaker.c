/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_breaker.h"

#include "../unit.h"

static struct random rng;
static struct sip_breaker b;

static int setup(void **state)
{
        (void)state;
        random_init_seeded(&rng, 11);
        b = (struct sip_breaker){0};
        return 0;
}

static bool is_used(int64_t now_ms)
{
        return sip_breaker_admits(&b, false, now_ms);
}

static void open_it(int64_t now_ms)
{
        for (unsigned i = 0; i < SIP_BREAKER_FAILURES; i++)
                (void)sip_breaker_on_silence(&b, now_ms, &rng);
        assert_true(b.is_open);
}

static void it_opens_after_so_many_failures_in_a_row(void **state)
{
        (void)state;
        for (unsigned round = 0; round < 3; round++) {
                for (unsigned i = 1; i < SIP_BREAKER_FAILURES; i++) {
                        assert_false(sip_breaker_on_silence(&b, 1000, &rng));
                        assert_true(is_used(1000));
                }
                assert_false(sip_breaker_on_answer(&b)); /* the row is broken */
        }
        for (unsigned i = 1; i < SIP_BREAKER_FAILURES; i++)
                assert_false(sip_breaker_on_refusal(&b, 0, 1000, &rng));
        assert_true(sip_breaker_on_silence(&b, 1000, &rng));
        assert_false(is_used(1000));
        assert_false(is_used(1000 + 100 * SIP_BREAKER_MAX_MS)); /* OPTIONS has to tell */
        assert_true(sip_breaker_on_answer(&b));
        assert_true(is_used(1000));
}

static void requests_under_way_when_it_opened_do_not_prolong_it(void **state)
{
        (void)state;
        open_it(1000);
        int64_t probe_ms = b.probe_ms;
        assert_in_range(probe_ms, 1000 + SIP_BREAKER_MIN_MS / 2, 1000 + SIP_BREAKER_MIN_MS);
        for (int i = 0; i < 100; i++)
                assert_false(sip_breaker_on_silence(&b, 1001, &rng));
        assert_int_equal(b.probe_ms, probe_ms);
}

static void each_probe_without_success_waits_longer_up_to_a_limit(void **state)
{
        (void)state;
        int64_t now_ms = 1000, most_ms = SIP_BREAKER_MIN_MS;
        assert_false(sip_breaker_on_pong(&b, 200, now_ms, &rng));
        open_it(now_ms);
        for (int i = 0; i < 300; i++) {
                int64_t wait_ms = b.probe_ms - now_ms;
                assert_in_range(wait_ms, most_ms / 2, most_ms);
                now_ms = b.probe_ms;
                assert_false(sip_breaker_on_no_pong(&b, now_ms, &rng)); /* no news */
                most_ms = most_ms * 2 < SIP_BREAKER_MAX_MS ? most_ms * 2 : SIP_BREAKER_MAX_MS;
        }
}

static void back_on_trial_one_failure_opens_it_again_for_longer(void **state)
{
        (void)state;
        open_it(1000);
        assert_true(sip_breaker_on_pong(&b, 200, 6000, &rng));
        assert_true(is_used(6000));
        assert_false(sip_breaker_on_pong(&b, 200, 6500, &rng)); /* which ends no trial */
        assert_true(sip_breaker_on_silence(&b, 7000, &rng));
        assert_in_range(b.probe_ms - 7000, SIP_BREAKER_MIN_MS, 2 * SIP_BREAKER_MIN_MS);

        /* An answer does. */
        assert_true(sip_breaker_on_pong(&b, 404, 20000, &rng));
        assert_false(sip_breaker_on_answer(&b));
        assert_false(sip_breaker_on_silence(&b, 21000, &rng));
        assert_true(is_used(21000));
}

static void who_answers_503_to_options_stays_open_but_never_opens_by_it(void **state)
{
        (void)state;
        for (int i = 0; i < 10; i++)
                assert_false(sip_breaker_on_pong(&b, 503, 1000, &rng));
        assert_true(is_used(1000));
        open_it(1000);
        assert_false(sip_breaker_on_pong(&b, 503, 6000, &rng));
        assert_false(is_used(6000));
        assert_true(b.probe_ms > 6000);
}

static void silence_to_options_counts_only_for_who_has_answered_before(void **state)
{
        (void)state;
        for (int i = 0; i < 100; i++)
                assert_false(sip_breaker_on_no_pong(&b, 1000, &rng));
        assert_false(sip_breaker_on_pong(&b, 200, 1000, &rng));
        for (unsigned i = 1; i < SIP_BREAKER_FAILURES; i++)
                assert_false(sip_breaker_on_no_pong(&b, 1000, &rng));
        assert_false(sip_breaker_on_pong(&b, 486, 1000, &rng));
        for (unsigned i = 1; i < SIP_BREAKER_FAILURES; i++)
                assert_false(sip_breaker_on_no_pong(&b, 1000, &rng));
        assert_true(sip_breaker_on_no_pong(&b, 1000, &rng));
        assert_false(is_used(1000));
}

static void answers_to_options_do_not_hide_calls_that_fail(void **state)
{
        (void)state;
        for (unsigned i = 1; i < SIP_BREAKER_FAILURES; i++) {
                assert_false(sip_breaker_on_silence(&b, 1000, &rng));
                assert_false(sip_breaker_on_pong(&b, 200, 1000, &rng));
        }
        assert_true(sip_breaker_on_silence(&b, 1000, &rng));
}

static void retry_after_closes_the_door_at_once_and_for_a_bounded_time(void **state)
{
        (void)state;
        assert_true(sip_breaker_on_refusal(&b, 7, 1000, &rng));
        assert_int_equal(b.probe_ms, 8000);
        assert_false(sip_breaker_admits(&b, true, 7999));
        assert_true(sip_breaker_admits(&b, true, 8000));
        assert_false(sip_breaker_on_refusal(&b, UINT32_MAX, 9000, &rng));
        assert_int_equal(b.probe_ms, 9000 + SIP_BREAKER_RETRY_AFTER_S * 1000);
}

static void where_options_cannot_tell_one_call_at_a_time_does(void **state)
{
        (void)state;
        open_it(1000);
        assert_false(sip_breaker_admits(&b, true, b.probe_ms - 1));
        int64_t now_ms = b.probe_ms;
        assert_true(sip_breaker_admits(&b, true, now_ms));
        sip_breaker_begin_probe(&b, now_ms, &rng);
        assert_false(sip_breaker_admits(&b, true, now_ms));
        /* It finds nobody. */
        assert_false(sip_breaker_on_silence(&b, b.probe_ms, &rng));
        assert_false(sip_breaker_admits(&b, true, now_ms + SIP_BREAKER_MIN_MS / 2));
        assert_true(sip_breaker_on_answer(&b));
        assert_true(is_used(now_ms));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(it_opens_after_so_many_failures_in_a_row, setup),
                cmocka_unit_test_setup(requests_under_way_when_it_opened_do_not_prolong_it, setup),
                cmocka_unit_test_setup(each_probe_without_success_waits_longer_up_to_a_limit,
                                       setup),
                cmocka_unit_test_setup(back_on_trial_one_failure_opens_it_again_for_longer, setup),
                cmocka_unit_test_setup(who_answers_503_to_options_stays_open_but_never_opens_by_it,
                                       setup),
                cmocka_unit_test_setup(silence_to_options_counts_only_for_who_has_answered_before,
                                       setup),
                cmocka_unit_test_setup(answers_to_options_do_not_hide_calls_that_fail, setup),
                cmocka_unit_test_setup(retry_after_closes_the_door_at_once_and_for_a_bounded_time,
                                       setup),
                cmocka_unit_test_setup(where_options_cannot_tell_one_call_at_a_time_does, setup),
        };
        return RUN_TESTS(tests);
}
