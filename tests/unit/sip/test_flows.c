/* SPDX-License-Identifier: Apache-2.0 */
/* What crosses on the way: CANCEL and 200, forks, late and lost messages, retransmissions. */
#include "scene.h"

#include "sip/sip_transaction.h"

static void hang_up(struct scene *s, struct sip_leg leg)
{
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
}

/* CANCEL */

static void cancel_waits_for_a_provisional_answer(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        hang_up(s, leg);
        expect_silence(s);
        expect_no_event(s);
        peer_reply_to(s, invite, 100, "", "", NULL);
        take_request(s, SIP_CANCEL);
        assert_int_equal(s->msg.cseq, 1);
        peer_reply(s, 200, "callee", "", NULL);
        peer_reply_to(s, invite, 487, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void cancel_has_the_branch_of_its_invite(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX], branch[64];
        strcpy(invite, s->last);
        assert_int_equal(slice_to_text(s->msg.vias[0].branch, branch, sizeof branch), 0);
        peer_reply(s, 180, "callee", "", NULL);
        take_event(s, EVENT_PROGRESS);
        hang_up(s, leg);
        take_request(s, SIP_CANCEL);
        assert_true(slice_equal(s->msg.vias[0].branch, slice_from(branch)));
        assert_int_equal(s->msg.via_count, 1);
        assert_int_equal(s->msg.to.tag.len, 0);
        peer_reply(s, 200, "callee", "", NULL);
        peer_reply_to(s, invite, 487, "callee", "", NULL);
        take_request(s, SIP_ACK);
        assert_true(slice_equal(s->msg.vias[0].branch, slice_from(branch)));
        assert_true(slice_equal(s->msg.to.tag, SLICE("callee")));
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        peer_reply(s, 180, "callee", "", NULL);
        take_event(s, EVENT_PROGRESS);
        hang_up(s, leg);
        take_request(s, SIP_CANCEL);
        peer_reply_to(s, invite, 200, "callee", "", OFFER);
        take_request(s, SIP_ACK);
        take_request(s, SIP_BYE);
        expect_no_event(s);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_cancelled_invite_that_is_never_answered_ends_all_the_same(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 180, "callee", "", NULL);
        take_event(s, EVENT_PROGRESS);
        hang_up(s, leg);
        take_request(s, SIP_CANCEL);
        scene_run(s, SIP_TIMEOUT_MS);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        forget_messages(s);
}

static void an_invite_that_nobody_hears_times_out(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        scene_run(s, SIP_TIMEOUT_MS - 2);
        expect_no_event(s);
        /* Timer A: 500, 1500, 3500, 7500, 15500, 31500 ms. */
        for (unsigned i = 0; i < 6; i++)
                take_request(s, SIP_INVITE);
        expect_silence(s);
        scene_run(s, 2);
        expect_ended(s, leg, SIP_END_TIMEOUT, 408);
}

static void hanging_up_an_invite_that_nobody_hears_ends_when_it_times_out(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        hang_up(s, leg);
        hang_up(s, leg);
        scene_run(s, SIP_TIMEOUT_MS);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        forget_messages(s);
}

static void a_timeout_that_the_peer_reports_is_its_answer(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 408, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 408);
}

static void a_redirection_is_a_rejection(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 302, "callee", "Contact: <sip:elsewhere@203.0.113.5>\r\n", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 302);
        expect_silence(s);
}

static void a_cancel_after_the_answer_changes_nothing(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        peer_cancel(s);
        take_status(s, 200);
        expect_no_event(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void a_cancel_of_nothing_is_refused(void **state)
{
        struct scene *s = *state;
        strcpy(s->invite_branch, "z9hG4bKnothing");
        strcpy(s->call_id, "nothing");
        strcpy(s->our_tag, "nobody");
        peer_cancel(s);
        take_status(s, 481);
}

static void the_answer_to_a_cancel_has_the_tag_of_the_call(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        char tag[96];
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), 0);
        scene_run(s, 1);
        take_status(s, 180);
        assert_int_equal(slice_to_text(s->msg.to.tag, tag, sizeof tag), 0);
        peer_cancel(s);
        take_status(s, 200);
        assert_true(slice_equal(s->msg.to.tag, slice_from(tag)));
        take_status(s, 487);
        assert_true(slice_equal(s->msg.to.tag, slice_from(tag)));
        peer_learn(s);
        peer_ack_failure(s);
        expect_ended(s, leg, SIP_END_CANCEL, 0);
}

/* Forks and late answers */

static void a_second_fork_that_answers_is_acknowledged_and_hung_up(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        peer_reply(s, 183, "one", "", OFFER);
        peer_reply_to(s, invite, 180, "two", "", NULL);
        assert_true(take_event(s, EVENT_PROGRESS).has_sdp);
        assert_false(take_event(s, EVENT_PROGRESS).has_sdp);
        peer_reply_to(s, invite, 200, "one", "", OFFER);
        take_event(s, EVENT_ANSWERED);
        assert_true(slice_equal(take_request(s, SIP_ACK)->to.tag, SLICE("one")));

        peer_reply_to(s, invite, 200, "two", "", OFFER);
        assert_true(slice_equal(take_request(s, SIP_ACK)->to.tag, SLICE("two")));
        assert_int_equal(s->msg.cseq, 1);
        assert_true(slice_equal(take_request(s, SIP_BYE)->to.tag, SLICE("two")));
        assert_int_equal(s->msg.cseq, 2);
        peer_reply(s, 200, "", "", NULL);
        /* Its 200 once more: acknowledged, but not hung up a second time. */
        peer_reply_to(s, invite, 200, "two", "", OFFER);
        assert_true(slice_equal(take_request(s, SIP_ACK)->to.tag, SLICE("two")));
        expect_silence(s);
        expect_no_event(s);
        assert_int_equal(sip_ua_counters(s->ua)->stray_answers, 2);

        hang_up(s, leg);
        assert_true(slice_equal(take_request(s, SIP_BYE)->to.tag, SLICE("one")));
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void the_early_description_is_the_answer_when_none_follows(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        peer_reply(s, 183, "one", "", OFFER);
        take_event(s, EVENT_PROGRESS);
        peer_reply_to(s, invite, 200, "one", "", NULL);
        take_request(s, SIP_ACK);
        assert_int_equal(take_event(s, EVENT_ANSWERED).rtp_port, 30000);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void the_early_description_of_another_fork_is_not_the_answer(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        peer_reply(s, 183, "one", "", OFFER);
        take_event(s, EVENT_PROGRESS);
        peer_reply_to(s, invite, 200, "two", "", NULL);
        take_request(s, SIP_ACK);
        assert_false(take_event(s, EVENT_ANSWERED).has_sdp);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void an_early_description_is_forgotten_when_another_fork_rings(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        peer_reply(s, 183, "one", "", OFFER);
        peer_reply_to(s, invite, 180, "two", "", NULL);
        take_event(s, EVENT_PROGRESS);
        take_event(s, EVENT_PROGRESS);
        peer_reply_to(s, invite, 200, "two", "", NULL);
        take_request(s, SIP_ACK);
        assert_false(take_event(s, EVENT_ANSWERED).has_sdp);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void an_answer_repeated_after_the_end_is_still_acknowledged(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        peer_reply(s, 200, "callee", "", OFFER);
        take_event(s, EVENT_ANSWERED);
        take_request(s, SIP_ACK);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);

        peer_reply_to(s, invite, 200, "callee", "", OFFER);
        assert_true(slice_equal(take_request(s, SIP_ACK)->to.tag, SLICE("callee")));
        expect_silence(s);
}

static void an_answer_without_a_tag_is_dropped(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        peer_reply(s, 200, "", "", OFFER);
        expect_silence(s);
        expect_no_event(s);
        peer_reply_to(s, invite, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void an_answer_from_elsewhere_is_not_believed(void **state)
{
        struct scene *s = *state;
        struct trunk other = s->trunk;
        other.id = TRUNK_ID + 1;
        strcpy(other.peer_host, "203.0.113.5");
        other.source_count = 0;
        assert_int_equal(sip_trunks_put(s->trunks, &other), 0);

        struct sip_leg leg = dialled_call(s);
        char busy[DATAGRAM_MAX];
        peer_compose_reply(busy, s->last, 486, "callee", "", NULL);
        send_from(s, "203.0.113.5:5060", busy);
        expect_no_event(s);
        assert_int_equal(sip_ua_counters(s->ua)->stray_responses, 1);
        send_from(s, "203.0.113.66:5060", busy);
        expect_no_event(s);
        assert_int_equal(sip_ua_counters(s->ua)->untrusted, 1);

        peer_send(s, busy);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

/* Retransmission */

static void an_invite_that_is_repeated_makes_one_call(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        peer_invite_again(s);
        take_status(s, 100);
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), 0);
        scene_run(s, 1);
        take_status(s, 180);
        peer_invite_again(s);
        take_status(s, 180);
        expect_no_event(s);

        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        peer_learn(s);
        peer_invite_again(s);
        take_status(s, 200);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        peer_invite_again(s);
        expect_silence(s);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        peer_request_again(s);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void an_answer_is_repeated_until_it_is_acknowledged(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        scene_run(s, 500 + 1000 + 2000 + 4000 + 4000);
        for (unsigned i = 0; i < 5; i++)
                take_status(s, 200);
        expect_silence(s);
        peer_ack(s, NULL);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        expect_no_event(s);
        scene_run(s, 60 * 1000);
        expect_silence(s);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void an_answer_that_is_never_acknowledged_ends_the_call(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        scene_run(s, SIP_TIMEOUT_MS);
        expect_ended(s, leg, SIP_END_NO_ACK, 0);
        while (s->inbox_count > 1)
                take_status(s, 200);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
}

static void hanging_up_before_the_ack_waits_for_it(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        hang_up(s, leg);
        expect_silence(s);
        peer_ack(s, NULL);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void hanging_up_before_an_ack_that_never_comes_is_bye_in_the_end(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        hang_up(s, leg);
        scene_run(s, SIP_TIMEOUT_MS);
        while (s->inbox_count > 1)
                take_status(s, 200);
        take_request(s, SIP_BYE);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        peer_reply(s, 200, "", "", NULL);
}

static void a_caller_may_hang_up_without_acknowledging(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
        scene_run(s, SIP_TIMEOUT_MS);
        expect_silence(s);
}

static void an_ack_with_the_branch_of_the_invite_counts(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        peer_ack_failure(s); /* as for a failure, but it was a 200 */
        take_event(s, EVENT_CONFIRMED);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void an_ack_of_another_request_does_not_count(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        s->cseq++;
        peer_ack(s, NULL);
        expect_no_event(s);
        s->cseq--;
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void a_final_refusal_is_repeated_until_it_is_acknowledged(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        assert_int_equal(sip_leg_reject(s->ua, leg, 480, 0), 0);
        scene_run(s, 500 + 1000 + 1);
        for (unsigned i = 0; i < 3; i++)
                take_status(s, 480);
        expect_ended(s, leg, SIP_END_LOCAL, 480);
        peer_learn(s);
        peer_ack_failure(s);
        scene_run(s, 4000);
        expect_silence(s);
        peer_invite_again(s); /* a straggler: absorbed while timer I runs */
        expect_silence(s);
}

static void a_repeated_refusal_is_acknowledged_again(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX];
        strcpy(invite, s->last);
        peer_reply(s, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
        peer_reply_to(s, invite, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        peer_reply_to(s, invite, 180, "callee", "", NULL);
        expect_silence(s);
        expect_no_event(s);
}

static void a_repeated_answer_is_acknowledged_with_the_same_ack(void **state)
{
        struct scene *s = *state;
        char ack[DATAGRAM_MAX], invite[DATAGRAM_MAX];
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        peer_reply(s, 200, "callee", "", OFFER);
        take_event(s, EVENT_ANSWERED);
        take_request(s, SIP_ACK);
        strcpy(ack, s->last);
        peer_reply_to(s, invite, 200, "callee", "", OFFER);
        take_request(s, SIP_ACK);
        assert_string_equal(s->last, ack);
        expect_no_event(s);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_bye_is_repeated_and_ends_the_leg_even_unanswered(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        hang_up(s, leg);
        scene_run(s, SIP_TIMEOUT_MS);
        /* Timer E: 0.5, 1.5, 3.5, 7.5, then each 4 s: 11.5 ... 31.5. */
        for (unsigned i = 0; i < 11; i++)
                take_request(s, SIP_BYE);
        expect_silence(s);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_bye_that_is_being_worked_on_is_repeated_slowly(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        peer_reply(s, 100, "", "", NULL);
        scene_run(s, SIP_T2_MS - 2);
        expect_silence(s);
        scene_run(s, 2);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void any_answer_to_a_bye_ends_the_leg(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        peer_reply(s, 100, "", "", NULL);
        expect_no_event(s);
        peer_reply(s, 481, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void byes_that_cross_end_the_leg_once(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        char ours[DATAGRAM_MAX];
        strcpy(ours, s->last);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        peer_reply_to(s, ours, 481, "", "", NULL);
        expect_no_event(s);
}

static void a_long_ringing_call_is_kept_alive(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), 0);
        scene_run(s, 1);
        take_status(s, 180);
        scene_run(s, 60 * 1000);
        take_status(s, 180);
        scene_run(s, 60 * 1000);
        take_status(s, 180);
        expect_silence(s);
        hang_up(s, leg);
        take_status(s, 480);
        expect_ended(s, leg, SIP_END_LOCAL, 480);
        peer_learn(s);
        peer_ack_failure(s);
}

/* Commands out of place */

static void commands_on_a_leg_that_has_ended_are_stale(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        assert_int_not_equal(sip_leg_call_id(s->ua, leg).len, 0);
        peer_cancel(s);
        expect_ended(s, leg, SIP_END_CANCEL, 0);
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), ERR_STALE);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), ERR_STALE);
        assert_int_equal(sip_leg_reject(s->ua, leg, 480, 0), ERR_STALE);
        sip_leg_hangup(s->ua, leg);
        assert_int_equal(sip_leg_call_id(s->ua, leg).len, 0);
        peer_learn(s);
        forget_messages(s);
}

static void command_the_ended(struct scene *s, const struct event *event)
{
        if (event->kind == EVENT_ENDED)
                assert_int_equal(sip_leg_answer(s->ua, event->leg, &s->ours), ERR_STALE);
}

static void a_leg_is_stale_as_soon_as_it_is_said_to_have_ended(void **state)
{
        struct scene *s = *state;
        s->on_event = command_the_ended;
        struct sip_leg leg = incoming_call(s);
        peer_cancel(s);
        expect_ended(s, leg, SIP_END_CANCEL, 0);
        take_status(s, 200);
        take_status(s, 487);
        peer_learn(s);
        peer_ack_failure(s);
}

static void commands_in_the_wrong_state_are_refused(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), ERR_STATE);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), ERR_STATE);
        assert_int_equal(sip_leg_reject(s->ua, leg, 480, 0), ERR_STATE);
        hang_up(s, leg);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

/* Handlers that act at once */

static void answer_at_once(struct scene *s, const struct event *event)
{
        if (event->kind == EVENT_INVITE) {
                assert_int_equal(sip_leg_progress(s->ua, event->leg, 183, &s->ours), 0);
                assert_int_equal(sip_leg_answer(s->ua, event->leg, &s->ours), 0);
                sip_leg_hangup(s->ua, event->leg);
                sip_leg_hangup(s->ua, event->leg);
        }
}

static void a_handler_may_answer_and_hang_up_at_once(void **state)
{
        struct scene *s = *state;
        s->on_event = answer_at_once;
        peer_invite(s, "", OFFER);
        take_status(s, 100);
        take_status(s, 183);
        take_status(s, 200);
        peer_learn(s);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        peer_ack(s, NULL);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static struct sip_leg redialled;

static void redial(struct scene *s, const struct event *event)
{
        if (event->kind == EVENT_ENDED && s->dials == 1) {
                sip_leg_hangup(s->ua, event->leg);
                assert_int_equal(dial(s, &redialled), 0);
        }
}

static void a_handler_may_dial_when_a_leg_ends(void **state)
{
        struct scene *s = *state;
        s->on_event = redial;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 486, "callee", "", NULL);
        scene_run(s, 1);
        char invite[DATAGRAM_MAX];
        take_request(s, SIP_INVITE);
        strcpy(invite, s->last);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
        peer_reply_to(s, invite, 603, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, redialled, SIP_END_REJECTED, 603);
}

static void hang_up_at_once(struct scene *s, const struct event *event)
{
        if (event->kind == EVENT_PROGRESS || event->kind == EVENT_ANSWERED ||
            event->kind == EVENT_CONFIRMED)
                sip_leg_hangup(s->ua, event->leg);
}

static void a_handler_may_hang_up_when_it_is_answered(void **state)
{
        struct scene *s = *state;
        s->on_event = hang_up_at_once;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 200, "callee", "", OFFER);
        take_event(s, EVENT_ANSWERED);
        take_request(s, SIP_ACK);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_handler_may_hang_up_when_it_rings(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX];
        s->on_event = hang_up_at_once;
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        peer_reply(s, 180, "callee", "", NULL);
        take_event(s, EVENT_PROGRESS);
        take_request(s, SIP_CANCEL);
        peer_reply(s, 200, "callee", "", NULL);
        peer_reply_to(s, invite, 487, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(cancel_waits_for_a_provisional_answer),
                TEST(cancel_has_the_branch_of_its_invite),
                TEST(an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up),
                TEST(a_cancelled_invite_that_is_never_answered_ends_all_the_same),
                TEST(an_invite_that_nobody_hears_times_out),
                TEST(hanging_up_an_invite_that_nobody_hears_ends_when_it_times_out),
                TEST(a_timeout_that_the_peer_reports_is_its_answer),
                TEST(a_redirection_is_a_rejection),
                TEST(a_cancel_after_the_answer_changes_nothing),
                TEST(a_cancel_of_nothing_is_refused),
                TEST(the_answer_to_a_cancel_has_the_tag_of_the_call),
                TEST(a_second_fork_that_answers_is_acknowledged_and_hung_up),
                TEST(the_early_description_is_the_answer_when_none_follows),
                TEST(the_early_description_of_another_fork_is_not_the_answer),
                TEST(an_early_description_is_forgotten_when_another_fork_rings),
                TEST(an_answer_repeated_after_the_end_is_still_acknowledged),
                TEST(an_answer_without_a_tag_is_dropped),
                TEST(an_answer_from_elsewhere_is_not_believed),
                TEST(an_invite_that_is_repeated_makes_one_call),
                TEST(an_answer_is_repeated_until_it_is_acknowledged),
                TEST(an_answer_that_is_never_acknowledged_ends_the_call),
                TEST(hanging_up_before_the_ack_waits_for_it),
                TEST(hanging_up_before_an_ack_that_never_comes_is_bye_in_the_end),
                TEST(a_caller_may_hang_up_without_acknowledging),
                TEST(an_ack_with_the_branch_of_the_invite_counts),
                TEST(an_ack_of_another_request_does_not_count),
                TEST(a_final_refusal_is_repeated_until_it_is_acknowledged),
                TEST(a_repeated_refusal_is_acknowledged_again),
                TEST(a_repeated_answer_is_acknowledged_with_the_same_ack),
                TEST(a_bye_is_repeated_and_ends_the_leg_even_unanswered),
                TEST(a_bye_that_is_being_worked_on_is_repeated_slowly),
                TEST(any_answer_to_a_bye_ends_the_leg),
                TEST(byes_that_cross_end_the_leg_once),
                TEST(a_long_ringing_call_is_kept_alive),
                TEST(commands_on_a_leg_that_has_ended_are_stale),
                TEST(a_leg_is_stale_as_soon_as_it_is_said_to_have_ended),
                TEST(commands_in_the_wrong_state_are_refused),
                TEST(a_handler_may_answer_and_hang_up_at_once),
                TEST(a_handler_may_dial_when_a_leg_ends),
                TEST(a_handler_may_hang_up_when_it_is_answered),
                TEST(a_handler_may_hang_up_when_it_rings),
        };
        return RUN_TESTS(tests);
}
