/* SPDX-License-Identifier: Apache-2.0 */
/* Reliable provisional answers (RFC 3262), at the edges that a flow does not reach. */
#include <stdio.h>

#include "scene.h"

#define RELIABLE "Require: 100rel\r\n"

static void finish(struct scene *s, struct sip_leg leg)
{
        expect_no_event(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static struct sip_leg reliable_call(struct scene *s, const char *body)
{
        peer_invite(s, RELIABLE, body);
        take_status(s, 100);
        return take_event(s, EVENT_INVITE).leg;
}

/* Its RSeq. */
static uint32_t progress(struct scene *s, struct sip_leg leg, const struct sdp_audio *early)
{
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, early), 0);
        scene_run(s, 1);
        take_status(s, 180);
        assert_true(last_has(s, RELIABLE));
        assert_true(s->msg.rseq > 0);
        peer_learn(s);
        return s->msg.rseq;
}

static void prack(struct scene *s, uint32_t rseq, uint32_t cseq, const char *method,
                  const char *body)
{
        char rack[64];
        snprintf(rack, sizeof rack, "RAck: %u %u %s\r\n", rseq, cseq, method);
        peer_request(s, "PRACK", rack, body);
}

static void each_reliable_answer_has_the_next_number(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = reliable_call(s, OFFER);
        uint32_t cseq = s->cseq;
        uint32_t first = progress(s, leg, &s->ours);
        assert_true(s->msg.content_is_sdp);
        /* There is no second one before the first is acknowledged. */
        assert_int_equal(sip_leg_progress(s->ua, leg, 183, NULL), ERR_STATE);
        prack(s, first, cseq, "INVITE", NULL);
        take_status(s, 200);
        assert_int_equal(progress(s, leg, NULL), first + 1);
        assert_int_equal(s->msg.body.len, 0);
        prack(s, first + 1, cseq, "INVITE", NULL);
        take_status(s, 200);
        /* What was agreed is not said again, by an early answer or by the final one. */
        assert_int_equal(progress(s, leg, &s->ours), first + 2);
        assert_int_equal(s->msg.body.len, 0);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        assert_int_equal(s->msg.body.len, 0);
        /* The 200 may overtake the PRACK of what had no description. */
        scene_run(s, 400);
        prack(s, first + 2, cseq, "INVITE", NULL);
        take_status(s, 200);
        s->cseq = cseq;
        peer_ack(s, NULL);
        s->cseq = cseq + 3;
        assert_false(take_event(s, EVENT_CONFIRMED).has_sdp);
        finish(s, leg);
}

static void a_prack_of_something_else_acknowledges_nothing(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = reliable_call(s, OFFER);
        uint32_t cseq = s->cseq;
        uint32_t rseq = progress(s, leg, NULL);
        const struct {
                uint32_t rseq, cseq;
                const char *method;
        } wrong[] = {{rseq + 1, cseq, "INVITE"},
                     {rseq - 1, cseq, "INVITE"},
                     {rseq, cseq + 1, "INVITE"},
                     {rseq, cseq, "UPDATE"}};
        for (unsigned i = 0; i < 4; i++) {
                prack(s, wrong[i].rseq, wrong[i].cseq, wrong[i].method, NULL);
                take_status(s, 481);
        }
        peer_request(s, "PRACK", "", NULL);
        take_status(s, 481);
        scene_run(s, 600);
        take_status(s, 180); /* it still waits */
        assert_int_equal(sip_leg_reject(s->ua, leg, 486, 0), 0);
        scene_run(s, 1);
        take_status(s, 486);
        expect_ended(s, leg, SIP_END_LOCAL, 486);
        s->cseq = cseq;
        peer_ack_failure(s);
}

static void a_held_answer_may_be_given_up(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = reliable_call(s, OFFER);
        uint32_t cseq = s->cseq;
        uint32_t rseq = progress(s, leg, &s->ours);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), ERR_STATE);
        scene_run(s, 400);
        expect_silence(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_status(s, 480);
        expect_ended(s, leg, SIP_END_LOCAL, 480);
        prack(s, rseq, cseq, "INVITE", NULL);
        take_status(s, 481);
        s->cseq = cseq;
        peer_ack_failure(s);
}

static void without_a_description_the_answer_does_not_wait(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = reliable_call(s, OFFER);
        uint32_t cseq = s->cseq;
        progress(s, leg, NULL);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        assert_true(take_status(s, 200)->content_is_sdp);
        peer_learn(s);
        s->cseq = cseq;
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        scene_run(s, 40 * 1000);
        expect_silence(s); /* nor does it come again */
        finish(s, leg);
}

static void a_broken_description_in_a_prack_acknowledges_all_the_same(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = reliable_call(s, OFFER);
        uint32_t cseq = s->cseq;
        uint32_t rseq = progress(s, leg, NULL);
        prack(s, rseq, cseq, "INVITE", "v=0\r\nm=audio\r\n");
        take_status(s, 400);
        scene_run(s, 40 * 1000);
        expect_silence(s);
        expect_no_event(s);
        assert_int_equal(sip_leg_reject(s->ua, leg, 486, 0), 0);
        scene_run(s, 1);
        take_status(s, 486);
        expect_ended(s, leg, SIP_END_LOCAL, 486);
        s->cseq = cseq;
        peer_ack_failure(s);
}

/* As the calling side. */

static void more_forks_than_are_counted_are_not_acknowledged(void **state)
{
        struct scene *s = *state;
        char tag[16], invite[DATAGRAM_MAX];
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        for (unsigned i = 0; i < 9; i++) {
                snprintf(tag, sizeof tag, "fork%u", i);
                peer_reply_to(s, invite, 180, tag, RELIABLE "RSeq: 1\r\n", NULL);
                if (i == 8)
                        break;
                take_event(s, EVENT_PROGRESS);
                take_request(s, SIP_PRACK);
                assert_int_equal(s->msg.rack_rseq, 1);
                assert_int_equal(s->msg.cseq, i + 2);
                peer_reply(s, 200, "", "", NULL);
        }
        expect_silence(s);
        expect_no_event(s);
        peer_reply_to(s, invite, 486, "fork0", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void what_is_not_said_to_be_reliable_is_not_acknowledged(void **state)
{
        struct scene *s = *state;
        static const char *const headers[] = {RELIABLE, "RSeq: 1\r\n",
                                              RELIABLE "RSeq: 1\r\n" /* without a To tag */};
        char invite[DATAGRAM_MAX];
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        for (unsigned i = 0; i < 3; i++) {
                peer_reply_to(s, invite, 180, i < 2 ? "one" : "", headers[i], NULL);
                take_event(s, EVENT_PROGRESS);
                expect_silence(s);
        }
        peer_reply_to(s, invite, 486, "one", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void hang_up(struct scene *s, const struct event *event)
{
        if (event->kind == EVENT_PROGRESS)
                sip_leg_hangup(s->ua, event->leg);
}

static void who_hangs_up_on_progress_acknowledges_nothing_more(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX];
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        s->on_event = hang_up;
        peer_reply_to(s, invite, 183, "one", RELIABLE "RSeq: 1\r\n", OFFER);
        take_event(s, EVENT_PROGRESS);
        take_request(s, SIP_CANCEL);
        peer_reply(s, 200, "one", "", NULL);
        peer_reply_to(s, invite, 487, "one", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(each_reliable_answer_has_the_next_number),
                TEST(a_prack_of_something_else_acknowledges_nothing),
                TEST(a_held_answer_may_be_given_up),
                TEST(without_a_description_the_answer_does_not_wait),
                TEST(a_broken_description_in_a_prack_acknowledges_all_the_same),
                TEST(more_forks_than_are_counted_are_not_acknowledged),
                TEST(what_is_not_said_to_be_reliable_is_not_acknowledged),
                TEST(who_hangs_up_on_progress_acknowledges_nothing_more),
        };
        return RUN_TESTS(tests);
}
