/* SPDX-License-Identifier: Apache-2.0 */
/* Which targets are up: by asking them, and by what becomes of other requests. */
#include <stdio.h>

#include "io/dns.h"
#include "scene.h"
#include "sip/sip_core.h"

#define OPTIONS_S 60

static struct sip_trunk_state *trunk_of(struct scene *s)
{
        struct sip_trunk_state *trunk = sip_trunks_find(s->trunks, TRUNK_ID);
        assert_non_null(trunk);
        return trunk;
}

static void ask_every(struct scene *s, uint32_t options_s)
{
        s->trunk.options_s = options_s;
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
}

/* Until something has arrived. */
static const struct sip_msg *wait_for_options(struct scene *s, int64_t within_ms)
{
        for (; within_ms > 0 && !s->inbox_count; within_ms -= 10)
                scene_run(s, 10);
        return take_request(s, SIP_OPTIONS);
}

static void expect_state(struct scene *s, enum sip_health state, enum sip_health_reason reason)
{
        assert_int_equal(trunk_of(s)->health.state, state);
        assert_int_equal(trunk_of(s)->health.reason, reason);
}

static void answer_options(struct scene *s, unsigned status)
{
        wait_for_options(s, 2 * OPTIONS_S * 1000);
        peer_reply(s, status, "t", "", NULL);
}

/* Of all its tries. */
static void leave_unanswered(struct scene *s)
{
        wait_for_options(s, 2 * OPTIONS_S * 1000);
        scene_run(s, 6000);
        forget_messages(s);
}

static void a_trunk_that_wants_no_questions_is_not_asked(void **state)
{
        struct scene *s = *state;
        scene_run(s, 3600 * 1000);
        expect_silence(s);
        expect_state(s, SIP_HEALTH_UNKNOWN, SIP_HEALTH_NOT_TRIED);
}

static void the_first_answer_whatever_it_is_shows_that_it_is_up(void **state)
{
        struct scene *s = *state;
        ask_every(s, OPTIONS_S);
        wait_for_options(s, 5010);
        expect_state(s, SIP_HEALTH_UNKNOWN, SIP_HEALTH_NOT_TRIED);
        peer_reply(s, 405, "t", "", NULL);
        expect_state(s, SIP_HEALTH_UP, SIP_HEALTH_ANSWERED);
        assert_int_equal(trunk_of(s)->health.status, 405);
        assert_int_equal(trunk_of(s)->health.ups, 1);
        assert_int_equal(trunk_of(s)->health.downs, 0);
        assert_in_range(trunk_of(s)->health.since_wall_ms, io_wall_ms(s->io) - 5,
                        io_wall_ms(s->io));
        ask_every(s, 0);
}

static void it_is_asked_again_and_again_a_little_unevenly(void **state)
{
        struct scene *s = *state;
        int64_t shortest_ms = INT64_MAX, longest_ms = 0;
        ask_every(s, OPTIONS_S);
        answer_options(s, 200);
        for (int i = 0; i < 50; i++) {
                int64_t before_ms = io_now_ms(s->io);
                answer_options(s, 200);
                int64_t gap_ms = io_now_ms(s->io) - before_ms;
                shortest_ms = gap_ms < shortest_ms ? gap_ms : shortest_ms;
                longest_ms = gap_ms > longest_ms ? gap_ms : longest_ms;
        }
        assert_in_range(shortest_ms, 54000, 58000);
        assert_in_range(longest_ms, 62000, 66010);
        assert_int_equal(trunk_of(s)->health.ups, 1);
        ask_every(s, 0);
        scene_run(s, 3600 * 1000);
        expect_silence(s);
}

static void who_stops_answering_is_down_after_three_times_and_up_at_the_first_answer(void **state)
{
        struct scene *s = *state;
        ask_every(s, OPTIONS_S);
        answer_options(s, 200);
        leave_unanswered(s);
        leave_unanswered(s);
        expect_state(s, SIP_HEALTH_UP, SIP_HEALTH_ANSWERED);
        int64_t before_ms = io_now_ms(s->io);
        leave_unanswered(s);
        assert_in_range(io_now_ms(s->io) - before_ms, 6000, 8100); /* it is asked soon */
        scene_run(s, 10);
        expect_state(s, SIP_HEALTH_DOWN, SIP_HEALTH_NO_PONG);
        assert_int_equal(trunk_of(s)->health.downs, 1);
        forget_messages(s);
        answer_options(s, 503); /* that is a no */
        expect_state(s, SIP_HEALTH_DOWN, SIP_HEALTH_NO_PONG);
        answer_options(s, 200);
        expect_state(s, SIP_HEALTH_UP, SIP_HEALTH_ANSWERED);
        assert_int_equal(trunk_of(s)->health.ups, 2);
        ask_every(s, 0);
}

static void who_never_answers_options_is_not_taken_to_be_down(void **state)
{
        struct scene *s = *state;
        ask_every(s, OPTIONS_S);
        for (int i = 0; i < 20; i++)
                leave_unanswered(s);
        expect_state(s, SIP_HEALTH_UNKNOWN, SIP_HEALTH_NOT_TRIED);
        ask_every(s, 0);
        scene_run(s, 10000);
        forget_messages(s);
}

static void calls_show_what_options_do_not(void **state)
{
        struct scene *s = *state;
        for (int i = 0; i < SIP_BREAKER_FAILURES; i++) {
                struct sip_leg leg = dialled_call(s);
                expect_state(s, SIP_HEALTH_UNKNOWN, SIP_HEALTH_NOT_TRIED);
                peer_reply(s, 503, "x", "", NULL);
                expect_ended(s, leg, SIP_END_REJECTED, 503);
                take_request(s, SIP_ACK);
        }
        expect_state(s, SIP_HEALTH_DOWN, SIP_HEALTH_REFUSED);
        assert_int_equal(trunk_of(s)->health.status, 503);
}

static void any_other_answer_to_a_call_shows_that_it_is_up(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 100, "", "", NULL);
        expect_state(s, SIP_HEALTH_UNKNOWN, SIP_HEALTH_NOT_TRIED);
        peer_reply(s, 486, "x", "", NULL);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
        take_request(s, SIP_ACK);
        expect_state(s, SIP_HEALTH_UP, SIP_HEALTH_ANSWERED);
}

static void retry_after_is_believed_at_once_and_then_the_carrier_is_asked(void **state)
{
        struct scene *s = *state;
        ask_every(s, OPTIONS_S);
        answer_options(s, 200);
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 503, "x", "Retry-After: 20\r\n", NULL);
        expect_ended(s, leg, SIP_END_REJECTED, 503);
        take_request(s, SIP_ACK);
        expect_state(s, SIP_HEALTH_DOWN, SIP_HEALTH_REFUSED);
        scene_run(s, 19900);
        expect_silence(s);
        wait_for_options(s, 200);
        peer_reply(s, 200, "t", "", NULL);
        expect_state(s, SIP_HEALTH_UP, SIP_HEALTH_ANSWERED);
        ask_every(s, 0);
}

static void a_name_that_stands_for_nothing_is_down(void **state)
{
        struct scene *s = *state;
        const struct addr somewhere = {.family = 4, .ip = {192, 0, 2, 10}};
        strcpy(s->trunk.peer_host, "peer.example");
        s->trunk.peer_port = 5060;
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        scene_run(s, 100);
        expect_state(s, SIP_HEALTH_DOWN, SIP_HEALTH_NOT_RESOLVED);
        assert_int_equal(dns_sim_set(s->io, SLICE("peer.example"), &somewhere, 1, 60), 0);
        scene_run(s, 31 * 1000);
        expect_state(s, SIP_HEALTH_UNKNOWN, SIP_HEALTH_NOT_TRIED);
}

static void of_several_targets_one_that_is_up_is_enough(void **state)
{
        struct scene *s = *state;
        const struct addr both[] = {
                {.family = 4, .ip = {192, 0, 2, 10}},
                {.family = 4, .ip = {192, 0, 2, 11}}, /* nobody is there */
        };
        strcpy(s->trunk.peer_host, "peer.example");
        s->trunk.peer_port = 5060;
        assert_int_equal(dns_sim_set(s->io, SLICE("peer.example"), both, 2, 3600), 0);
        ask_every(s, OPTIONS_S);
        answer_options(s, 200);
        expect_state(s, SIP_HEALTH_UP, SIP_HEALTH_ANSWERED);
        struct sip_peer *first = &trunk_of(s)->peers.list[0], *second = first + 1;
        assert_int_equal(first->health, SIP_HEALTH_UP);
        assert_int_equal(second->health, SIP_HEALTH_UNKNOWN);
        second->health = SIP_HEALTH_DOWN;
        for (int i = 0; i < 6; i++)
                leave_unanswered(s);
        expect_state(s, SIP_HEALTH_DOWN, SIP_HEALTH_NO_PEER);
        ask_every(s, 0);
        scene_run(s, 10000);
        forget_messages(s);
}

static void a_trunk_may_go_while_it_is_asked(void **state)
{
        struct scene *s = *state;
        ask_every(s, OPTIONS_S);
        wait_for_options(s, 5010);
        sip_trunks_remove(s->trunks, TRUNK_ID);
        assert_null(sip_trunks_state_any(s->trunks, TRUNK_ID)); /* nothing holds it */
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        wait_for_options(s, 5010);
        ask_every(s, 0);
        scene_run(s, 10000);
        forget_messages(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_trunk_that_wants_no_questions_is_not_asked),
                TEST(the_first_answer_whatever_it_is_shows_that_it_is_up),
                TEST(it_is_asked_again_and_again_a_little_unevenly),
                TEST(who_stops_answering_is_down_after_three_times_and_up_at_the_first_answer),
                TEST(who_never_answers_options_is_not_taken_to_be_down),
                TEST(calls_show_what_options_do_not),
                TEST(any_other_answer_to_a_call_shows_that_it_is_up),
                TEST(retry_after_is_believed_at_once_and_then_the_carrier_is_asked),
                TEST(a_name_that_stands_for_nothing_is_down),
                TEST(of_several_targets_one_that_is_up_is_enough),
                TEST(a_trunk_may_go_while_it_is_asked),
        };
        return RUN_TESTS(tests);
}
