/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a dialog: re-INVITE, UPDATE, INFO, session timers, order and glare. */
#include <stdio.h>
#include <stdlib.h>

#include "scene.h"

#define HOLD                                                                                       \
        "v=0\r\n"                                                                                  \
        "o=- 1 2 IN IP4 192.0.2.10\r\n"                                                            \
        "s=-\r\n"                                                                                  \
        "c=IN IP4 192.0.2.10\r\n"                                                                  \
        "t=0 0\r\n"                                                                                \
        "m=audio 30002 RTP/AVP 8 0 101\r\n"                                                        \
        "a=sendonly\r\n"

static void finish(struct scene *s, struct sip_leg leg)
{
        expect_silence(s);
        expect_no_event(s);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

/* The version in the o= line of the message taken last. */
static unsigned version(const struct scene *s)
{
        unsigned session, number;
        const char *o = strstr(s->last, "o=");
        assert_non_null(o);
        assert_int_equal(sscanf(o, "o=%*s %u %u", &session, &number), 2);
        return number;
}

static void a_reinvite_is_answered_by_the_owner(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INVITE", "", HOLD);
        struct event offer = take_event(s, EVENT_OFFER);
        assert_true(handle_equal(offer.leg.h, leg.h));
        assert_int_equal(offer.rtp_port, 30002);
        assert_true(take_status(s, 200)->content_is_sdp);
        assert_int_equal(s->msg.contact_count, 1);
        peer_ack(s, NULL);
        expect_no_event(s);
        scene_run(s, 10 * 1000);
        finish(s, leg);
}

static void a_refresh_that_changes_nothing_keeps_the_version(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        unsigned first = version(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        for (unsigned i = 0; i < 3; i++) {
                peer_request(s, "INVITE", "", OFFER);
                take_event(s, EVENT_OFFER);
                take_status(s, 200);
                assert_int_equal(version(s), first);
                peer_ack(s, NULL);
        }
        s->ours.direction = SDP_RECVONLY;
        peer_request(s, "INVITE", "", HOLD);
        take_event(s, EVENT_OFFER);
        take_status(s, 200);
        assert_int_equal(version(s), first + 1);
        peer_ack(s, NULL);
        finish(s, leg);
}

static void the_early_description_and_the_answer_are_one_version(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        assert_int_equal(sip_leg_progress(s->ua, leg, 183, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 183);
        unsigned early = version(s);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        assert_int_equal(version(s), early);
        peer_learn(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        finish(s, leg);
}

static void a_reinvite_without_offer_gets_ours_and_its_answer_comes_with_the_ack(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INVITE", "", NULL);
        assert_false(take_event(s, EVENT_OFFER).has_sdp);
        assert_true(take_status(s, 200)->content_is_sdp);
        peer_ack(s, HOLD);
        assert_int_equal(take_event(s, EVENT_CONFIRMED).rtp_port, 30002);
        finish(s, leg);
}

static void an_invite_without_offer_gets_ours_and_its_answer_comes_with_the_ack(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "", NULL);
        take_status(s, 100);
        struct event invite = take_event(s, EVENT_INVITE);
        assert_false(invite.invite.has_offer);
        /* There is nothing to answer early (RFC 3261 13.2.1). */
        assert_int_equal(sip_leg_progress(s->ua, invite.leg, 183, &s->ours), 0);
        scene_run(s, 1);
        assert_int_equal(take_status(s, 183)->body.len, 0);
        assert_int_equal(sip_leg_answer(s->ua, invite.leg, &s->ours), 0);
        scene_run(s, 1);
        assert_true(take_status(s, 200)->content_is_sdp);
        peer_learn(s);
        peer_ack(s, OFFER);
        assert_int_equal(take_event(s, EVENT_CONFIRMED).rtp_port, 30000);
        finish(s, invite.leg);
}

static void an_ack_whose_answer_cannot_be_read_confirms_without_one(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "", NULL);
        take_status(s, 100);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        peer_learn(s);
        peer_ack(s, "v=1\r\nnonsense");
        assert_false(take_event(s, EVENT_CONFIRMED).has_sdp);
        finish(s, leg);
}

static void an_offer_that_the_owner_refuses_leaves_the_call_alone(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        s->offer_status = 488;
        peer_request(s, "INVITE", "", HOLD);
        take_event(s, EVENT_OFFER);
        take_status(s, 488);
        peer_ack_failure(s);
        s->offer_status = 200;
        peer_request(s, "INVITE", "", OFFER);
        take_event(s, EVENT_OFFER);
        take_status(s, 200);
        peer_ack(s, NULL);
        finish(s, leg);
}

static void an_offer_that_cannot_be_read_is_refused_and_leaves_the_call_alone(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INVITE", "", "v=0\r\nthis is no description\r\n");
        take_status(s, 400);
        peer_ack_failure(s);
        peer_request(s, "INVITE", "Content-Type: multipart/mixed;boundary=x\r\n", "--x--\r\n");
        take_status(s, 415);
        assert_true(last_has(s, "Accept: application/sdp\r\n"));
        peer_ack_failure(s);
        /* T.38 alone is no audio. */
        peer_request(s, "UPDATE", "",
                     "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
                     "m=image 30000 udptl t38\r\n");
        take_status(s, 488);
        finish(s, leg);
}

static void the_owner_may_hang_up_instead_of_answering_an_offer(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        s->hangs_up_on_offer = true;
        peer_request(s, "INVITE", "", HOLD);
        take_event(s, EVENT_OFFER);
        take_request(s, SIP_BYE);
        char bye[DATAGRAM_MAX];
        strcpy(bye, s->last);
        take_status(s, 481);
        peer_ack_failure(s);
        peer_reply_to(s, bye, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void an_unacknowledged_reinvite_ends_the_call(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INVITE", "", OFFER);
        take_event(s, EVENT_OFFER);
        scene_run(s, 32 * 1000);
        expect_ended(s, leg, SIP_END_NO_ACK, 0);
        while (s->inbox_count > 1)
                take_status(s, 200);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
}

static void a_reinvite_before_the_ack_is_refused_for_now(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = answered_call(s);
        unsigned cseq = s->cseq;
        peer_request(s, "INVITE", "", OFFER);
        take_status(s, 491);
        peer_ack_failure(s);
        s->cseq = cseq;
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        s->cseq = cseq + 1;
        finish(s, leg);
}

static void a_reinvite_before_the_last_ones_ack_is_refused_for_now(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INVITE", "", OFFER);
        take_event(s, EVENT_OFFER);
        take_status(s, 200);
        unsigned cseq = s->cseq;
        peer_request(s, "INVITE", "", HOLD);
        take_status(s, 491);
        peer_ack_failure(s);
        s->cseq = cseq;
        peer_ack(s, NULL);
        s->cseq = cseq + 1;
        finish(s, leg);
}

static void a_second_invite_before_our_answer_is_refused_for_now(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), 0);
        scene_run(s, 1);
        take_status(s, 180);
        peer_learn(s);
        peer_request(s, "INVITE", "", OFFER);
        take_status(s, 500);
        assert_true(s->msg.retry_after_s >= 1 && s->msg.retry_after_s <= 10);
        peer_ack_failure(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_status(s, 480);
        expect_ended(s, leg, SIP_END_LOCAL, 480);
        forget_messages(s);
}

static void an_invite_while_ours_is_pending_is_glare(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX], callee[DATAGRAM_MAX];
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        char tag[96];
        assert_int_equal(slice_to_text(s->msg.from.tag, tag, sizeof tag), 0);
        assert_int_equal(slice_to_text(s->msg.call_id, s->call_id, sizeof s->call_id), 0);
        peer_reply(s, 183, "callee", "", OFFER);
        take_event(s, EVENT_PROGRESS);
        static const char *const glaring[] = {"INVITE", "UPDATE"};
        for (unsigned i = 0; i < 2; i++) {
                snprintf(callee, sizeof callee,
                         "%s sip:x@198.51.100.1 SIP/2.0\r\n"
                         "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKglare%u;rport\r\n"
                         "From: <sip:callee@192.0.2.10>;tag=callee\r\n"
                         "To: <sip:x@198.51.100.1>;tag=%s\r\n"
                         "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:192.0.2.10>\r\n"
                         "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
                         glaring[i], i, tag, s->call_id, i + 1, glaring[i], strlen(OFFER), OFFER);
                peer_send(s, callee);
                take_status(s, 491);
        }
        forget_messages(s);
        peer_reply_to(s, invite, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
        scene_run(s, 40 * 1000);
        forget_messages(s);
}

static void an_update_without_a_body_refreshes(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "UPDATE", "", NULL);
        assert_int_equal(take_status(s, 200)->body.len, 0);
        finish(s, leg);
}

static void an_update_with_an_offer_is_answered_by_the_owner(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "UPDATE", "", HOLD);
        assert_int_equal(take_event(s, EVENT_OFFER).rtp_port, 30002);
        assert_true(take_status(s, 200)->content_is_sdp);
        peer_request_again(s);
        take_status(s, 200);
        finish(s, leg);
}

static void an_update_that_offers_before_our_answer_is_refused_for_now(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), 0);
        scene_run(s, 1);
        take_status(s, 180);
        peer_learn(s);
        peer_request(s, "UPDATE", "", HOLD);
        take_status(s, 500);
        assert_int_not_equal(s->msg.retry_after_s, 0);
        peer_request(s, "UPDATE", "", NULL);
        take_status(s, 200);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_status(s, 480);
        expect_ended(s, leg, SIP_END_LOCAL, 480);
        forget_messages(s);
}

static void an_update_while_our_offer_is_unanswered_is_refused_for_now(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INVITE", "", NULL);
        take_event(s, EVENT_OFFER);
        take_status(s, 200);
        unsigned cseq = s->cseq;
        peer_request(s, "UPDATE", "", HOLD);
        take_status(s, 491);
        s->cseq = cseq;
        peer_ack(s, OFFER);
        take_event(s, EVENT_CONFIRMED);
        s->cseq = cseq + 1;
        finish(s, leg);
}

static void a_bye_in_an_early_dialog_ends_the_invite_too(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), 0);
        scene_run(s, 1);
        take_status(s, 180);
        peer_learn(s);
        unsigned cseq = s->cseq;
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        assert_int_equal(s->msg.cseq_method, SIP_BYE);
        take_status(s, 487);
        assert_int_equal(s->msg.cseq_method, SIP_INVITE);
        s->cseq = cseq;
        peer_ack_failure(s);
        expect_ended(s, leg, SIP_END_CANCEL, 0);
}

static void requests_out_of_order_are_refused(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        s->cseq += 10;
        peer_request(s, "OPTIONS", "", NULL);
        take_status(s, 200);
        assert_true(last_has(s, "Allow: "));
        unsigned cseq = s->cseq;
        s->cseq = cseq - 2;
        peer_request(s, "INFO", "", NULL);
        take_status(s, 500);
        s->cseq = cseq - 1;
        peer_request(s, "BYE", "", NULL);
        take_status(s, 500);
        expect_no_event(s);
        s->cseq = cseq;
        finish(s, leg);
}

static void a_request_of_another_dialog_is_refused(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        char right[96];
        strcpy(right, s->our_tag);
        strcpy(s->our_tag, "somebody-else");
        peer_request(s, "BYE", "", NULL);
        take_status(s, 481);
        strcpy(s->our_tag, right);
        strcpy(right, s->call_id);
        strcpy(s->call_id, "another");
        peer_request(s, "BYE", "", NULL);
        take_status(s, 481);
        strcpy(s->call_id, right);
        strcpy(right, s->remote_tag);
        s->remote_tag[5] = s->remote_tag[5] == '0' ? '1' : '0';
        peer_request(s, "BYE", "", NULL);
        take_status(s, 481);
        strcpy(s->remote_tag, right);
        finish(s, leg);
}

static void another_trunk_cannot_speak_in_a_dialog(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        struct trunk other = s->trunk;
        char bye[DATAGRAM_MAX];
        other.id = TRUNK_ID + 1;
        strcpy(other.peer_host, "203.0.113.5");
        other.source_count = 0;
        assert_int_equal(sip_trunks_put(s->trunks, &other), 0);
        snprintf(bye, sizeof bye,
                 "BYE %s SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bKx;rport\r\n"
                 "From: <%s>;tag=%s\r\nTo: <%s>;tag=%s\r\nCall-ID: %s\r\nCSeq: 900 BYE\r\n"
                 "Content-Length: 0\r\n\r\n",
                 s->target, s->from, s->our_tag, s->to, s->remote_tag, s->call_id);
        send_from(s, "203.0.113.5:5060", bye);
        expect_no_event(s);
        forget_messages(s);
        finish(s, leg);
}

/* Targets and routes */

static void a_new_contact_is_where_requests_go_from_then_on(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "UPDATE", "Contact: <sip:moved@192.0.2.10:5060;x=1>\r\n", NULL);
        take_status(s, 200);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        assert_true(last_has(s, "BYE sip:moved@192.0.2.10:5060;x=1 SIP/2.0\r\n"));
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_contact_outside_of_the_trunk_is_reached_where_the_peer_is(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Contact: <sip:peer@10.1.2.3:5099>\r\n", OFFER);
        take_status(s, 100);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        peer_learn(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        assert_true(last_has(s, "BYE sip:peer@10.1.2.3:5099 SIP/2.0\r\n"));
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_route_set_is_repeated_in_the_answer_and_followed_in_order(void **state)
{
        struct scene *s = *state;
        peer_invite(s,
                    "Record-Route: <sip:192.0.2.10;lr>, <sip:p2.example;lr;x=2>\r\n"
                    "Record-Route: <sip:p3.example;lr>\r\n",
                    OFFER);
        take_status(s, 100);
        assert_int_equal(s->msg.record_route_count, 0);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        assert_int_equal(s->msg.record_route_count, 3);
        assert_true(slice_equal(s->msg.record_routes[0].uri.text, SLICE("sip:192.0.2.10;lr")));
        assert_true(slice_equal(s->msg.record_routes[2].uri.text, SLICE("sip:p3.example;lr")));
        peer_learn(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        assert_int_equal(s->msg.route_count, 3);
        assert_true(slice_equal(s->msg.routes[0].uri.text, SLICE("sip:192.0.2.10;lr")));
        assert_true(slice_equal(s->msg.routes[1].uri.text, SLICE("sip:p2.example;lr;x=2")));
        assert_true(slice_equal(s->msg.routes[2].uri.text, SLICE("sip:p3.example;lr")));
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_callers_route_set_is_reversed_and_a_strict_router_served(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 200, "callee",
                   "Record-Route: <sip:far.example;lr>, <sip:192.0.2.10:5060>\r\n", OFFER);
        take_event(s, EVENT_ANSWERED);
        take_request(s, SIP_ACK);
        assert_true(last_has(s, "ACK sip:192.0.2.10:5060 SIP/2.0\r\n"));
        assert_int_equal(s->msg.route_count, 2);
        assert_true(slice_equal(s->msg.routes[0].uri.text, SLICE("sip:far.example;lr")));
        assert_true(slice_equal(s->msg.routes[1].uri.text, SLICE("sip:peer@192.0.2.10:5060")));
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

/* More than a dialog keeps */

static char *long_routes(void)
{
        static char text[2048];
        text[0] = 0;
        for (unsigned i = 0; i < 12; i++)
                sprintf(text + strlen(text),
                        "Record-Route: <sip:proxy%u.a-rather-long-name.example.net:5060;lr;x=%u>\r\n",
                        i, i);
        return text;
}

static void an_invite_with_more_route_set_than_fits_is_refused(void **state)
{
        struct scene *s = *state;
        peer_invite(s, long_routes(), OFFER);
        take_status(s, 513);
        expect_no_event(s);
        assert_int_equal(sip_ua_counters(s->ua)->refused_large, 1);
}

static void an_answer_with_more_route_set_than_fits_ends_the_leg(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 200, "callee", long_routes(), OFFER);
        expect_ended(s, leg, SIP_END_TRANSPORT, 0);
        expect_silence(s);
        assert_int_equal(sip_ua_counters(s->ua)->refused_large, 1);
}

static void a_contact_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
        struct scene *s = *state;
        char contact[1024];
        struct sip_leg leg = confirmed_call(s);
        sprintf(contact, "Contact: <sip:%0700u@192.0.2.10>\r\n", 1);
        peer_request(s, "UPDATE", contact, NULL);
        take_status(s, 513);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        assert_true(last_has(s, "BYE sip:peer@192.0.2.10:5060 SIP/2.0\r\n"));
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

/* INFO and what we do not do */

static void a_key_in_an_info_is_reported(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INFO", "Content-Type: application/dtmf-relay\r\n",
                     "Signal=5\r\nDuration=240\r\n");
        take_status(s, 200);
        struct event key = take_event(s, EVENT_DTMF);
        assert_int_equal(key.digit, '5');
        assert_int_equal(key.duration_ms, 240);
        peer_request_again(s);
        take_status(s, 200);
        expect_no_event(s);
        peer_request(s, "INFO", "Content-Type: application/dtmf\r\n", "#");
        take_status(s, 200);
        assert_int_equal(take_event(s, EVENT_DTMF).digit, '#');
        finish(s, leg);
}

static void an_info_that_is_no_key_is_answered_and_nothing_else(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INFO", "", NULL);
        take_status(s, 200);
        peer_request(s, "INFO", "Content-Type: application/media_control+xml\r\n", "<x/>");
        take_status(s, 415);
        assert_true(last_has(s, "Accept: application/dtmf-relay, application/dtmf\r\n"));
        peer_request(s, "INFO", "Content-Type: application/dtmf-relay\r\n", "Signal=hello\r\n");
        take_status(s, 400);
        finish(s, leg);
}

static void a_transfer_is_declined(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "REFER", "Refer-To: <sip:+919999999999@192.0.2.10>\r\n", NULL);
        take_status(s, 603);
        peer_request(s, "PRACK", "RAck: 1 1 INVITE\r\n", NULL);
        take_status(s, 481);
        static const char *const others[] = {"NOTIFY", "SUBSCRIBE", "MESSAGE", "PUBLISH", "WINK"};
        for (unsigned i = 0; i < 5; i++) {
                peer_request(s, others[i], "", NULL);
                take_status(s, 405);
                assert_true(last_has(
                        s, "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, INFO\r\n"));
        }
        assert_int_equal(sip_ua_counters(s->ua)->method_not_allowed, 5);
        finish(s, leg);
}

/* RFC 4028 */

static void a_session_timer_is_agreed_and_the_peer_refreshes(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Supported: timer\r\nSession-Expires: 1800\r\n", OFFER);
        take_status(s, 100);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        assert_true(last_has(s, "Session-Expires: 1800;refresher=uac\r\n"));
        assert_true(last_has(s, "Require: timer\r\n"));
        peer_learn(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        for (unsigned i = 0; i < 4; i++) {
                scene_run(s, 900 * 1000);
                peer_request(s, "UPDATE", "Supported: timer\r\nSession-Expires: 1800\r\n", NULL);
                take_status(s, 200);
                assert_true(last_has(s, "Session-Expires: 1800;refresher=uac\r\n"));
        }
        scene_run(s, (1800 - 32) * 1000 - 2000);
        expect_no_event(s);
        scene_run(s, 2000);
        take_request(s, SIP_BYE);
        expect_ended(s, leg, SIP_END_TIMEOUT, 0);
        peer_reply(s, 200, "", "", NULL);
}

static void a_refresh_without_a_timer_ends_it(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "UPDATE", "Supported: timer\r\nSession-Expires: 90\r\n", NULL);
        take_status(s, 200);
        peer_request(s, "INVITE", "", OFFER);
        take_event(s, EVENT_OFFER);
        take_status(s, 200);
        peer_ack(s, NULL);
        scene_run(s, 300 * 1000);
        finish(s, leg);
}

static void a_session_that_is_not_refreshed_ends(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", OFFER);
        take_status(s, 100);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        peer_learn(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        scene_run(s, 59 * 1000);
        expect_no_event(s);
        scene_run(s, 1000);
        take_request(s, SIP_BYE);
        expect_ended(s, leg, SIP_END_TIMEOUT, 0);
        peer_reply(s, 200, "", "", NULL);
}

/* RFC 4028 9, table 2 */
static void a_session_that_the_peer_leaves_to_us_is_refreshed_by_us(void **state)
{
        struct scene *s = *state;
        static const char *const asked[] = {
                "Session-Expires: 1800\r\n", /* of a proxy, for a peer that does not support it */
                "Supported: timer\r\nSession-Expires: 1800;refresher=UAS\r\n",
        };
        for (unsigned i = 0; i < 2; i++) {
                peer_invite(s, asked[i], OFFER);
                take_status(s, 100);
                struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
                assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
                scene_run(s, 1);
                take_status(s, 200);
                assert_true(last_has(s, "Session-Expires: 1800;refresher=uas\r\n"));
                assert_false(last_has(s, "Require"));
                peer_learn(s);
                peer_ack(s, NULL);
                take_event(s, EVENT_CONFIRMED);
                scene_run(s, 899 * 1000);
                expect_silence(s);
                scene_run(s, 1000);
                take_request(s, SIP_INVITE);
                assert_true(last_has(s, "Session-Expires: 1800;refresher=uac\r\n"));
                peer_reply(s, 200, "", "Session-Expires: 1800;refresher=uac\r\n", OFFER);
                take_request(s, SIP_ACK);
                take_event(s, EVENT_DESCRIBED);
                finish(s, leg);
        }
}

static void a_small_interval_of_a_proxy_is_passed_over(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Session-Expires: 60\r\n", OFFER);
        take_status(s, 100);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), 0);
        scene_run(s, 1);
        take_status(s, 200);
        assert_false(last_has(s, "Session-Expires"));
        peer_learn(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        finish(s, leg);
}

static void a_session_interval_that_is_too_small_is_refused(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Supported: timer\r\nSession-Expires: 60\r\n", OFFER);
        take_status(s, 422);
        assert_int_equal(s->msg.min_se_s, 90);
        expect_no_event(s);

        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "UPDATE", "Supported: timer\r\nSession-Expires: 89\r\n", NULL);
        take_status(s, 422);
        assert_int_equal(s->msg.min_se_s, 90);
        finish(s, leg);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_reinvite_is_answered_by_the_owner),
                TEST(a_refresh_that_changes_nothing_keeps_the_version),
                TEST(the_early_description_and_the_answer_are_one_version),
                TEST(a_reinvite_without_offer_gets_ours_and_its_answer_comes_with_the_ack),
                TEST(an_invite_without_offer_gets_ours_and_its_answer_comes_with_the_ack),
                TEST(an_ack_whose_answer_cannot_be_read_confirms_without_one),
                TEST(an_offer_that_the_owner_refuses_leaves_the_call_alone),
                TEST(an_offer_that_cannot_be_read_is_refused_and_leaves_the_call_alone),
                TEST(the_owner_may_hang_up_instead_of_answering_an_offer),
                TEST(an_unacknowledged_reinvite_ends_the_call),
                TEST(a_reinvite_before_the_ack_is_refused_for_now),
                TEST(a_reinvite_before_the_last_ones_ack_is_refused_for_now),
                TEST(a_second_invite_before_our_answer_is_refused_for_now),
                TEST(an_invite_while_ours_is_pending_is_glare),
                TEST(an_update_without_a_body_refreshes),
                TEST(an_update_with_an_offer_is_answered_by_the_owner),
                TEST(an_update_that_offers_before_our_answer_is_refused_for_now),
                TEST(an_update_while_our_offer_is_unanswered_is_refused_for_now),
                TEST(a_bye_in_an_early_dialog_ends_the_invite_too),
                TEST(requests_out_of_order_are_refused),
                TEST(a_request_of_another_dialog_is_refused),
                TEST(another_trunk_cannot_speak_in_a_dialog),
                TEST(a_new_contact_is_where_requests_go_from_then_on),
                TEST(a_contact_outside_of_the_trunk_is_reached_where_the_peer_is),
                TEST(a_route_set_is_repeated_in_the_answer_and_followed_in_order),
                TEST(a_callers_route_set_is_reversed_and_a_strict_router_served),
                TEST(an_invite_with_more_route_set_than_fits_is_refused),
                TEST(an_answer_with_more_route_set_than_fits_ends_the_leg),
                TEST(a_contact_that_does_not_fit_is_refused_and_changes_nothing),
                TEST(a_key_in_an_info_is_reported),
                TEST(an_info_that_is_no_key_is_answered_and_nothing_else),
                TEST(a_transfer_is_declined),
                TEST(a_session_timer_is_agreed_and_the_peer_refreshes),
                TEST(a_refresh_without_a_timer_ends_it),
                TEST(a_session_that_is_not_refreshed_ends),
                TEST(a_session_that_the_peer_leaves_to_us_is_refreshed_by_us),
                TEST(a_small_interval_of_a_proxy_is_passed_over),
                TEST(a_session_interval_that_is_too_small_is_refused),
        };
        return RUN_TESTS(tests);
}
