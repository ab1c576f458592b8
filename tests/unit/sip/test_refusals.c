/* SPDX-License-Identifier: Apache-2.0 */
/* What is dropped unread, what is answered with which status, and what happens when we are full. */
#include <stdio.h>

#include "scene.h"

#include "sip/sip_core.h"

/* A request outside of any dialog, with a branch of its own. */
static void send_request(struct scene *s, const char *method, const char *uri, const char *headers)
{
        static unsigned count;
        char text[2 * DATAGRAM_MAX];
        snprintf(text, sizeof text,
                 "%s %s SIP/2.0\r\n"
                 "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKout%u;rport\r\n"
                 "From: <sip:x@192.0.2.10>;tag=x\r\nTo: <sip:y@198.51.100.1>\r\n"
                 "Call-ID: outside%u\r\nCSeq: 1 %s\r\n%sContent-Length: 0\r\n\r\n",
                 method, uri, count, count, method, headers);
        count++;
        peer_send(s, text);
}

#define US "sip:y@198.51.100.1"

/* Dropped */

static void a_stranger_is_dropped_unread(void **state)
{
        struct scene *s = *state;
        send_from(s, "203.0.113.9:5060",
                  "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKx\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: z\r\nCSeq: 1 OPTIONS\r\n"
                  "Content-Length: 0\r\n\r\n");
        send_from(s, "203.0.113.9:5060", "garbage");
        expect_silence(s);
        assert_int_equal(sip_ua_counters(s->ua)->untrusted, 2);
        assert_int_equal(sip_ua_counters(s->ua)->not_sip, 0);
}

static void keep_alives_are_no_news(void **state)
{
        struct scene *s = *state;
        peer_send(s, "\r\n\r\n");
        peer_send(s, "\r\n");
        peer_send_slice(s, SLICE("\0\0\0\0"));
        peer_send_slice(s, SLICE_NONE);
        expect_silence(s);
        assert_int_equal(sip_ua_counters(s->ua)->not_sip, 0);
}

static void what_is_no_sip_is_dropped_and_counted(void **state)
{
        struct scene *s = *state;
        static char huge[65000];
        memset(huge, 'A', sizeof huge);
        static const char *const bad[] = {
                "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                "INVITE",
                "SIP/2.0 200 OK\r\n\r\n",
                "SIP/2.0 999 Odd\r\n\r\n",
                "INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10",
                "\x16\x03\x01\x02",
        };
        for (unsigned i = 0; i < 6; i++)
                peer_send(s, bad[i]);
        peer_send_slice(s, (struct slice){huge, sizeof huge});
        expect_silence(s);
        expect_no_event(s);
        assert_int_equal(sip_ua_counters(s->ua)->not_sip, 7);
        assert_int_equal(sip_trunks_find(s->trunks, TRUNK_ID)->counters.dropped, 7);
}

static void an_ack_is_never_answered(void **state)
{
        struct scene *s = *state;
        send_request(s, "ACK", US, "");
        send_request(s, "ACK", US, "Content-Length: 5\r\n"); /* contradicts itself */
        send_request(s, "ACK", US, "Require: nonsense\r\n");
        expect_silence(s);
}

static void a_response_to_nothing_is_dropped(void **state)
{
        struct scene *s = *state;
        peer_send(s, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKnobody\r\n"
                     "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: z\r\n"
                     "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
        expect_silence(s);
        assert_int_equal(sip_ua_counters(s->ua)->stray_responses, 1);
}

/* Refused */

static void a_malformed_request_is_refused_when_it_can_be(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Content-Length: 3\r\n", NULL);
        take_status(s, 400);
        expect_no_event(s);
        assert_int_equal(sip_ua_counters(s->ua)->refused_400, 1);
        assert_int_equal(sip_ua_counters(s->ua)->not_sip, 1);
}

static void another_version_of_sip_is_refused(void **state)
{
        struct scene *s = *state;
        peer_send(s, "OPTIONS sip:x@y SIP/7.0\r\n"
                     "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKv;rport\r\n"
                     "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: z\r\nCSeq: 1 OPTIONS\r\n"
                     "Content-Length: 0\r\n\r\n");
        take_status(s, 505);
}

static void options_tells_what_we_can_do(void **state)
{
        struct scene *s = *state;
        send_request(s, "OPTIONS", US, "");
        take_status(s, 200);
        assert_true(
                last_has(s, "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK, INFO\r\n"));
        assert_true(last_has(s, "Accept: application/sdp\r\n"));
        assert_true(last_has(s, "Supported: 100rel, timer\r\n"));
        assert_int_equal(s->msg.to.tag.len, 32);
        assert_int_equal(sip_ua_counters(s->ua)->options, 1);
}

static void the_same_request_gets_the_same_answer_without_state(void **state)
{
        struct scene *s = *state;
        char first[DATAGRAM_MAX];
        s->remote_tag[0] = 0;
        strcpy(s->call_id, "same");
        strcpy(s->our_tag, "same");
        strcpy(s->target, US);
        peer_request(s, "OPTIONS", "", NULL);
        take_status(s, 200);
        strcpy(first, s->last);
        peer_request_again(s);
        take_status(s, 200);
        assert_string_equal(s->last, first);
        assert_int_equal(sip_ua_counters(s->ua)->transactions, 0);
}

static void methods_we_do_not_offer_are_refused_with_those_we_do(void **state)
{
        struct scene *s = *state;
        static const char *const methods[] = {"REGISTER", "SUBSCRIBE", "NOTIFY", "PUBLISH",
                                              "MESSAGE",  "REFER",     "WINK"};
        for (unsigned i = 0; i < 7; i++) {
                send_request(s, methods[i], US, "");
                take_status(s, 405);
                assert_true(last_has(s, "Allow: INVITE"));
        }
        assert_int_equal(sip_ua_counters(s->ua)->method_not_allowed, 7);
}

static void requests_that_need_a_dialog_are_refused_without_one(void **state)
{
        struct scene *s = *state;
        static const char *const methods[] = {"BYE", "INFO", "UPDATE", "PRACK"};
        for (unsigned i = 0; i < 4; i++) {
                send_request(s, methods[i], US, "");
                take_status(s, 481);
        }
        strcpy(s->call_id, "x");
        strcpy(s->our_tag, "x");
        strcpy(s->target, US);
        strcpy(s->remote_tag, "0123456789abcdef0123456789abcdef");
        static const char *const tagged[] = {"INVITE", "OPTIONS", "BYE"};
        for (unsigned i = 0; i < 3; i++) {
                peer_request(s, tagged[i], "", NULL);
                take_status(s, 481);
        }
        expect_no_event(s);
}

static void an_extension_that_is_required_is_refused_by_name(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Require: timer, 100rel, precondition\r\n", OFFER);
        take_status(s, 420);
        assert_true(last_has(s, "Unsupported: precondition\r\n"));
        peer_invite(s, "Require: timer\r\nRequire: replaces\r\n", OFFER);
        take_status(s, 420);
        assert_true(last_has(s, "Unsupported: replaces\r\n"));
        expect_no_event(s);
}

static void a_timer_may_be_required(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Require: timer\r\nSession-Expires: 1800\r\n", OFFER);
        take_status(s, 100);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(sip_leg_reject(s->ua, leg, 486, 0), 0);
        scene_run(s, 1);
        take_status(s, 486);
        expect_ended(s, leg, SIP_END_LOCAL, 486);
        peer_learn(s);
        peer_ack_failure(s);
}

static void a_uri_that_is_no_telephone_address_is_refused(void **state)
{
        struct scene *s = *state;
        send_request(s, "OPTIONS", "http://example.net/", "");
        take_status(s, 416);
        send_request(s, "OPTIONS", "sips:y@198.51.100.1", "");
        take_status(s, 416);
        send_request(s, "OPTIONS", "tel:+919000000001", "");
        take_status(s, 200);
}

static void a_body_that_is_no_description_is_refused(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "Content-Type: application/pidf+xml\r\n", "<x/>");
        take_status(s, 415);
        assert_true(last_has(s, "Accept: application/sdp\r\n"));
        peer_invite(s, "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", OFFER);
        take_status(s, 415);
        peer_invite(s, "", "v=0\r\nnonsense\r\n");
        take_status(s, 400);
        expect_no_event(s);
}

static void a_description_without_audio_is_for_the_handler_to_refuse(void **state)
{
        struct scene *s = *state;
        peer_invite(s, "",
                    "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
                    "m=video 30000 RTP/AVP 31\r\n");
        take_status(s, 100);
        struct sip_leg leg = take_event(s, EVENT_INVITE).leg;
        assert_int_equal(sip_leg_reject(s->ua, leg, 488, 0), 0);
        scene_run(s, 1);
        take_status(s, 488);
        expect_ended(s, leg, SIP_END_LOCAL, 488);
        peer_learn(s);
        peer_ack_failure(s);
}

static void an_endless_description_is_refused(void **state)
{
        struct scene *s = *state;
        static char body[7000];
        strcpy(body, OFFER);
        while (strlen(body) < sizeof body - 8)
                strcat(body, "a=x\r\n");
        peer_invite(s, "", body);
        take_status(s, 413);
        expect_no_event(s);
}

static void an_invite_without_one_contact_is_refused(void **state)
{
        struct scene *s = *state;
        static const char *const contacts[] = {
                "Contact: <sip:a@192.0.2.10>, <sip:b@192.0.2.10>\r\n",
                "Contact: <tel:+919888800001>\r\n",
                "Contact: *\r\n",
        };
        for (unsigned i = 0; i < 3; i++) {
                peer_invite(s, contacts[i], OFFER);
                take_status(s, 400);
        }
        send_request(s, "INVITE", US, "");
        take_status(s, 400);
        expect_no_event(s);
}

static void a_call_out_of_hops_is_refused(void **state)
{
        struct scene *s = *state;
        send_request(s, "INVITE", US, "Contact: <sip:192.0.2.10>\r\nMax-Forwards: 0\r\n");
        take_status(s, 483);
        expect_no_event(s);
}

static void a_call_that_came_back_to_us_is_a_loop(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX], text[DATAGRAM_MAX], via[256];
        strcpy(invite, s->last);
        assert_int_equal(slice_to_text(s->msg.vias[0].text, via, sizeof via), 0);
        snprintf(text, sizeof text, "Contact: <sip:192.0.2.10>\r\nVia: %s\r\n", via);
        send_request(s, "INVITE", US, text);
        take_status(s, 482);
        expect_no_event(s);
        peer_reply_to(s, invite, 482, "far", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 482);
}

static void a_branch_that_only_looks_like_ours_is_no_loop(void **state)
{
        struct scene *s = *state;
        send_request(s, "OPTIONS", US,
                     "Via: SIP/2.0/UDP 198.51.100.1:5060;"
                     "branch=z9hG4bK0123456789abcdef0123456789abcdef\r\n");
        take_status(s, 200);
}

static void an_invite_that_came_on_two_ways_makes_one_call(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        char text[DATAGRAM_MAX];
        snprintf(text, sizeof text,
                 "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.11;branch=z9hG4bKother;rport\r\n"
                 "From: <%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: %u INVITE\r\n"
                 "Contact: <sip:192.0.2.10>\r\nContent-Length: 0\r\n\r\n",
                 s->to, s->from, s->our_tag, s->to, s->call_id, s->cseq);
        peer_send(s, text);
        take_status(s, 482);
        expect_no_event(s);
        peer_cancel(s);
        expect_ended(s, leg, SIP_END_CANCEL, 0);
        take_status(s, 200);
        take_status(s, 487);
        peer_learn(s);
        peer_ack_failure(s);
}

static void peers_of_rfc_2543_are_refused(void **state)
{
        struct scene *s = *state;
        peer_send(s, "OPTIONS sip:y@198.51.100.1 SIP/2.0\r\n"
                     "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=7\r\n"
                     "From: <sip:a@b>\r\nTo: <sip:c@d>\r\nCall-ID: z\r\nCSeq: 1 OPTIONS\r\n\r\n");
        take_status(s, 400);
        peer_send(s, "ACK sip:y@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060\r\n"
                     "From: <sip:a@b>\r\nTo: <sip:c@d>\r\nCall-ID: z\r\nCSeq: 1 ACK\r\n\r\n");
        expect_silence(s);
}

static void answers_go_to_the_source_even_if_the_via_names_another(void **state)
{
        struct scene *s = *state;
        peer_send(s, "OPTIONS sip:y@198.51.100.1 SIP/2.0\r\n"
                     "Via: SIP/2.0/UDP 203.0.113.7:9999;branch=z9hG4bKr;rport;maddr=203.0.113.8\r\n"
                     "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: z\r\nCSeq: 1 OPTIONS\r\n"
                     "Content-Length: 0\r\n\r\n");
        take_status(s, 200);
        assert_true(slice_equal(s->msg.vias[0].received, SLICE("192.0.2.10")));
        assert_int_equal(s->msg.vias[0].rport, 5060);
}

static void a_peer_that_two_trunks_share_begins_no_call_on_either(void **state)
{
        struct scene *s = *state;
        struct trunk other = s->trunk;
        s->trunk.source_count = other.source_count = 0;
        other.id = TRUNK_ID + 1;
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        assert_int_equal(sip_trunks_put(s->trunks, &other), 0);
        peer_invite(s, "", OFFER);
        take_status(s, 403);
        expect_no_event(s);

        /* What belongs to a call of either goes on. */
        struct sip_leg leg = connected_call(s);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

/* Full */

static void draining_takes_no_new_call_and_keeps_the_others(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        struct scene saved = *s;
        sip_ua_set_draining(s->ua, true);
        peer_invite(s, "", OFFER);
        take_status(s, 503);
        assert_int_not_equal(s->msg.retry_after_s, 0);
        expect_no_event(s);
        assert_int_equal(sip_ua_counters(s->ua)->refused_overload, 1);

        strcpy(s->call_id, saved.call_id);
        strcpy(s->our_tag, saved.our_tag);
        strcpy(s->remote_tag, saved.remote_tag);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
        sip_ua_set_draining(s->ua, false);
        leg = confirmed_call(s);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void when_all_legs_are_taken_calls_are_refused_both_ways(void **state)
{
        struct scene *s = *state;
        struct sip_leg legs[16], one_more;
        for (unsigned i = 0; i < 16; i++)
                legs[i] = incoming_call(s);
        peer_invite(s, "", OFFER);
        take_status(s, 503);
        assert_int_not_equal(s->msg.retry_after_s, 0);
        assert_int_equal(dial(s, &one_more), ERR_FULL);
        s->is_deaf = true;
        for (unsigned i = 0; i < 16; i++)
                sip_leg_hangup(s->ua, legs[i]);
        scene_run(s, 1);
        for (unsigned i = 0; i < 16; i++)
                take_event(s, EVENT_ENDED);
}

static void calls_leave_room_for_what_ends_them(void **state)
{
        struct scene *s = *state;
        struct sip_leg first = confirmed_call(s), leg;
        /* Calls that have ended hold their transactions for a while. */
        for (unsigned i = 0; sip_transactions_take_calls(s->ua->txs); i++) {
                assert_true(i < 64);
                leg = incoming_call(s);
                peer_cancel(s);
                take_status(s, 200);
                take_status(s, 487);
                expect_ended(s, leg, SIP_END_CANCEL, 0);
        }
        assert_int_equal(sip_ua_counters(s->ua)->transactions, 56);
        peer_invite(s, "", OFFER);
        take_status(s, 503);
        assert_int_equal(dial(s, &leg), ERR_FULL);
        assert_int_equal(sip_ua_counters(s->ua)->refused_overload, 1);

        sip_leg_hangup(s->ua, first);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, first, SIP_END_LOCAL, 0);
}

static void a_bye_is_answered_even_when_there_is_no_transaction_left(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        struct sip_transaction *taken[64];
        unsigned count = 0;
        const struct sip_client_params params = {.method = SIP_OPTIONS, .trunk_id = TRUNK_ID};
        const struct sip_target nowhere = {
                .addr = {.family = 4, .port = 9, .ip = {203, 0, 113, 1}}};
        while ((taken[count] = sip_client_open(s->ua->txs, &params)))
                count++;
        for (unsigned i = 0; i < count; i++)
                assert_int_equal(sip_client_start(taken[i], SLICE("x"), &nowhere), 0);
        peer_request(s, "INVITE", "", OFFER);
        take_status(s, 503);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void hanging_up_without_a_transaction_left_still_ends_the_leg(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        const struct sip_client_params params = {.method = SIP_OPTIONS, .trunk_id = TRUNK_ID};
        const struct sip_target nowhere = {
                .addr = {.family = 4, .port = 9, .ip = {203, 0, 113, 1}}};
        struct sip_transaction *tx;
        while ((tx = sip_client_open(s->ua->txs, &params)))
                assert_int_equal(sip_client_start(tx, SLICE("x"), &nowhere), 0);
        sip_leg_hangup(s->ua, leg);
        expect_no_event(s);
        scene_run(s, 1);
        expect_silence(s);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        assert_int_equal(sip_ua_counters(s->ua)->unsent, 1);
}

static void talk_without_end(struct scene *s)
{
        for (unsigned i = 0; i < 100; i++) {
                peer_request(s, i % 2 ? "INFO" : "OPTIONS", "", NULL);
                take_status(s, 200);
        }
}

/* A dialog that talks without end must not take the room of all others. */
static void a_flood_within_one_call_leaves_room_for_other_calls(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s), other;
        talk_without_end(s);
        peer_request(s, "INVITE", "", OFFER);
        take_status(s, 503);
        assert_in_range(sip_ua_counters(s->ua)->transactions, 33, 35);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);

        other = confirmed_call(s);
        talk_without_end(s);
        /* With time it may talk again. */
        scene_run(s, 40000);
        peer_request(s, "INFO", "", NULL);
        take_status(s, 200);
        peer_request_again(s);
        take_status(s, 200);
        assert_int_equal(sip_ua_counters(s->ua)->transactions, 1);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, other, SIP_END_BYE, 0);
}

static void hang_up_and_end(struct scene *s, struct sip_leg leg)
{
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void floods_within_calls_leave_room_for_what_ends_others(void **state)
{
        struct scene *s = *state;
        struct sip_leg quiet = confirmed_call(s), first = confirmed_call(s);
        talk_without_end(s);
        struct sip_leg second = confirmed_call(s);
        talk_without_end(s);
        peer_request(s, "INVITE", "", OFFER);
        take_status(s, 503);
        assert_int_equal(sip_ua_counters(s->ua)->transactions, 56);

        hang_up_and_end(s, quiet);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        peer_request_again(s);
        take_status(s, 200);
        expect_ended(s, second, SIP_END_BYE, 0);
        hang_up_and_end(s, first);
}

#define OTHER_CARRIER "192.0.2.33:5060"

static void put_other_carrier(struct scene *s)
{
        struct trunk other = s->trunk;
        other.id = TRUNK_ID + 1;
        strcpy(other.name, "other");
        strcpy(other.peer_host, "192.0.2.33");
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.32/28"), &other.sources[0].prefix), 0);
        assert_int_equal(sip_trunks_put(s->trunks, &other), 0);
}

/* What the peer sent, or would send, but from the other carrier's address. */
static void other_carrier_sends(struct scene *s, const char *start, unsigned cseq,
                                const char *method, const char *call_id, const char *body)
{
        char text[DATAGRAM_MAX];
        snprintf(text, sizeof text,
                 "%s SIP/2.0\r\n"
                 "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=%s;rport\r\n"
                 "Max-Forwards: 70\r\n"
                 "From: <sip:+" PARTY "@192.0.2.10>;tag=%s\r\n"
                 "To: <sip:+" MASKING "@198.51.100.1>\r\n"
                 "Call-ID: %s\r\n"
                 "CSeq: %u %s\r\n"
                 "Contact: <sip:peer@192.0.2.33>\r\n"
                 "Content-Type: application/sdp\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 start, s->invite_branch, s->our_tag, call_id, cseq, method, strlen(body), body);
        send_from(s, OTHER_CARRIER, text);
}

static void a_cancel_from_another_trunk_cancels_nothing(void **state)
{
        struct scene *s = *state;
        put_other_carrier(s);
        struct sip_leg leg = incoming_call(s);
        other_carrier_sends(s, "CANCEL sip:+" MASKING "@198.51.100.1", s->cseq, "CANCEL",
                            s->call_id, "");
        take_status(s, 481);
        expect_silence(s);
        expect_no_event(s);
        peer_cancel(s);
        take_status(s, 200);
        take_status(s, 487);
        expect_ended(s, leg, SIP_END_CANCEL, 0);
}

static void an_ack_from_another_trunk_confirms_nothing(void **state)
{
        struct scene *s = *state;
        put_other_carrier(s);
        struct sip_leg leg = answered_call(s);
        other_carrier_sends(s, "ACK sip:+" MASKING "@198.51.100.1", s->cseq, "ACK", s->call_id,
                            OFFER);
        expect_no_event(s);
        peer_ack(s, NULL);
        take_event(s, EVENT_CONFIRMED);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

/* Carriers behind NAT may have the same address and count their branches alike. */
static void two_trunks_may_use_the_same_branch_at_once(void **state)
{
        struct scene *s = *state;
        put_other_carrier(s);
        struct sip_leg leg = incoming_call(s);
        other_carrier_sends(s, "INVITE sip:+" MASKING "@198.51.100.1", 1, "INVITE", "another",
                            OFFER);
        struct event event = take_event(s, EVENT_INVITE);
        assert_int_equal(event.invite.trunk_id, TRUNK_ID + 1);
        forget_messages(s);

        peer_cancel(s);
        take_status(s, 200);
        take_status(s, 487);
        expect_ended(s, leg, SIP_END_CANCEL, 0);
        other_carrier_sends(s, "CANCEL sip:+" MASKING "@198.51.100.1", 1, "CANCEL", "another", "");
        expect_ended(s, event.leg, SIP_END_CANCEL, 0);
        forget_messages(s);
}

static void dialling_needs_a_trunk_with_a_known_peer(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg;
        struct trunk nameless = s->trunk;
        nameless.peer_host[0] = 0;
        assert_int_equal(sip_trunks_put(s->trunks, &nameless), 0);
        assert_int_equal(dial(s, &leg), ERR_NOT_FOUND);
        sip_trunks_remove(s->trunks, TRUNK_ID);
        assert_int_equal(dial(s, &leg), ERR_NOT_FOUND);
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
}

static void listening_on_any_address_each_trunk_must_name_one(void **state)
{
        struct scene *s = *state;
        struct trunk trunk = s->trunk;
        struct sip_leg leg;
        assert_int_equal(addr_parse_ip(SLICE("0.0.0.0"), &trunk.advertised.ip4), 0);
        assert_int_equal(sip_trunks_put(s->trunks, &trunk), 0);
        assert_int_equal(dial(s, &leg), ERR_STATE);
        peer_invite(s, "", OFFER);
        take_status(s, 500);
        expect_no_event(s);
}

static void a_trunk_that_is_removed_keeps_its_call_until_it_ends(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        struct scene saved = *s;
        sip_trunks_remove(s->trunks, TRUNK_ID);
        peer_invite(s, "", OFFER);
        take_status(s, 403);
        strcpy(s->call_id, saved.call_id);
        strcpy(s->our_tag, saved.our_tag);
        strcpy(s->remote_tag, saved.remote_tag);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
        scene_run(s, 1);
        peer_request(s, "OPTIONS", "", NULL);
        expect_silence(s);
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_stranger_is_dropped_unread),
                TEST(keep_alives_are_no_news),
                TEST(what_is_no_sip_is_dropped_and_counted),
                TEST(an_ack_is_never_answered),
                TEST(a_response_to_nothing_is_dropped),
                TEST(a_malformed_request_is_refused_when_it_can_be),
                TEST(another_version_of_sip_is_refused),
                TEST(options_tells_what_we_can_do),
                TEST(the_same_request_gets_the_same_answer_without_state),
                TEST(methods_we_do_not_offer_are_refused_with_those_we_do),
                TEST(requests_that_need_a_dialog_are_refused_without_one),
                TEST(an_extension_that_is_required_is_refused_by_name),
                TEST(a_timer_may_be_required),
                TEST(a_uri_that_is_no_telephone_address_is_refused),
                TEST(a_body_that_is_no_description_is_refused),
                TEST(a_description_without_audio_is_for_the_handler_to_refuse),
                TEST(an_endless_description_is_refused),
                TEST(an_invite_without_one_contact_is_refused),
                TEST(a_call_out_of_hops_is_refused),
                TEST(a_call_that_came_back_to_us_is_a_loop),
                TEST(a_branch_that_only_looks_like_ours_is_no_loop),
                TEST(an_invite_that_came_on_two_ways_makes_one_call),
                TEST(peers_of_rfc_2543_are_refused),
                TEST(answers_go_to_the_source_even_if_the_via_names_another),
                TEST(a_peer_that_two_trunks_share_begins_no_call_on_either),
                TEST(draining_takes_no_new_call_and_keeps_the_others),
                TEST(when_all_legs_are_taken_calls_are_refused_both_ways),
                TEST(calls_leave_room_for_what_ends_them),
                TEST(a_bye_is_answered_even_when_there_is_no_transaction_left),
                TEST(hanging_up_without_a_transaction_left_still_ends_the_leg),
                TEST(a_flood_within_one_call_leaves_room_for_other_calls),
                TEST(floods_within_calls_leave_room_for_what_ends_others),
                TEST(a_cancel_from_another_trunk_cancels_nothing),
                TEST(an_ack_from_another_trunk_confirms_nothing),
                TEST(two_trunks_may_use_the_same_branch_at_once),
                TEST(dialling_needs_a_trunk_with_a_known_peer),
                TEST(listening_on_any_address_each_trunk_must_name_one),
                TEST(a_trunk_that_is_removed_keeps_its_call_until_it_ends),
        };
        return RUN_TESTS(tests);
}
