/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that come in and calls that we dial, as they usually go. */
#include "scene.h"

static void an_incoming_call_rings_is_answered_and_is_hung_up_by_the_caller(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "", OFFER);
        take_status(s, 100);
        struct event invite = take_event(s, EVENT_INVITE);
        assert_int_equal(invite.invite.trunk_id, TRUNK_ID);
        assert_int_equal(invite.invite.caller.n.e164, PARTY_E164);
        assert_int_equal(invite.invite.dialled.n.e164, MASKING_E164);
        assert_int_equal(invite.invite.max_forwards, 70);
        assert_true(invite.has_sdp);
        assert_int_equal(invite.rtp_port, 30000);

        assert_int_equal(sip_leg_progress(s->ua, invite.leg, 180, NULL), 0);
        scene_run(s, 1);
        assert_int_equal(take_status(s, 180)->body.len, 0);
        assert_int_equal(sip_leg_answer(s->ua, invite.leg, &s->ours), 0);
        scene_run(s, 1);
        assert_true(take_status(s, 200)->content_is_sdp);
        peer_learn(s);
        peer_ack(s, NULL);
        assert_false(take_event(s, EVENT_CONFIRMED).has_sdp);

        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, invite.leg, SIP_END_BYE, 0);
        expect_silence(s);
}

static void a_dialled_call_rings_is_answered_and_is_hung_up_by_us(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 100, "", "", NULL);
        expect_no_event(s);
        peer_reply(s, 180, "callee", "", NULL);
        assert_int_equal(take_event(s, EVENT_PROGRESS).status, 180);
        peer_reply(s, 200, "callee", "", OFFER);
        assert_true(take_event(s, EVENT_ANSWERED).has_sdp);
        assert_int_equal(take_request(s, SIP_ACK)->cseq, 1);

        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        assert_int_equal(take_request(s, SIP_BYE)->cseq, 2);
        expect_no_event(s);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_dialled_call_is_hung_up_by_the_called_party(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = connected_call(s);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void a_confirmed_incoming_call_is_hung_up_by_us(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_rejected_call_ends_after_the_command_returned(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        assert_int_equal(sip_leg_reject(s->ua, leg, 486, 0), 0);
        expect_no_event(s);
        scene_run(s, 1);
        take_status(s, 486);
        expect_ended(s, leg, SIP_END_LOCAL, 486);
        peer_learn(s);
        peer_ack_failure(s);
        scene_run(s, 10 * 1000);
        expect_silence(s);
}

static void a_caller_who_gives_up_hears_487(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        peer_cancel(s);
        take_status(s, 200);
        assert_int_equal(s->msg.cseq_method, SIP_CANCEL);
        take_status(s, 487);
        assert_int_equal(s->msg.cseq_method, SIP_INVITE);
        peer_learn(s);
        peer_ack_failure(s);
        expect_ended(s, leg, SIP_END_CANCEL, 0);
        scene_run(s, 10 * 1000);
        expect_silence(s);
}

static void a_busy_party_ends_the_leg_with_its_status(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void hanging_up_while_it_rings_cancels(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX];
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        peer_reply(s, 180, "callee", "", NULL);
        take_event(s, EVENT_PROGRESS);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_CANCEL);
        peer_reply(s, 200, "callee", "", NULL);
        expect_no_event(s);
        peer_reply_to(s, invite, 487, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(an_incoming_call_rings_is_answered_and_is_hung_up_by_the_caller),
                TEST(a_dialled_call_rings_is_answered_and_is_hung_up_by_us),
                TEST(a_dialled_call_is_hung_up_by_the_called_party),
                TEST(a_confirmed_incoming_call_is_hung_up_by_us),
                TEST(a_rejected_call_ends_after_the_command_returned),
                TEST(a_caller_who_gives_up_hears_487),
                TEST(a_busy_party_ends_the_leg_with_its_status),
                TEST(hanging_up_while_it_rings_cancels),
        };
        return RUN_TESTS(tests);
}
