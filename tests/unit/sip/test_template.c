/* SPDX-License-Identifier: Apache-2.0 */
/* What an INVITE looks like towards a trunk with a template, and what belongs to its transaction. */
#include <stdio.h>
#include <stdlib.h>

#include "scene.h"
#include "sip/sip_identity.h"
#include "sip/sip_template.h"

#define PILOT "919000000099"

static void put_trunk(struct scene *s)
{
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        scene_run(s, 1);
}

static void expect_line(const struct scene *s, const char *line)
{
        char text[512];
        snprintf(text, sizeof text, "\r\n%s\r\n", line);
        if (!last_has(s, text))
                fail_msg("no line %s in\n%s", line, s->last);
}

static void expect_from(const struct scene *s, const char *value)
{
        char text[512];
        snprintf(text, sizeof text, "\r\nFrom: %s;tag=", value);
        if (!last_has(s, text))
                fail_msg("no From %s in\n%s", value, s->last);
}

static void expect_uri(const struct scene *s, const char *uri)
{
        if (!slice_equal(s->msg.request_uri.text, slice_from(uri)))
                fail_msg("not %s: %s", uri, s->last);
}

static void hang_up(struct scene *s, struct sip_leg leg)
{
        peer_reply(s, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void without_a_template_nothing_is_added(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        expect_uri(s, "sip:+" PARTY "@192.0.2.10");
        expect_from(s, "<sip:+" SHOWN "@198.51.100.1:5060>");
        assert_false(last_has(s, "P-Asserted-Identity"));
        assert_false(last_has(s, "Privacy"));
        assert_false(last_has(s, "P-Charge-Info"));
        assert_false(last_has(s, "user=phone"));
        hang_up(s, leg);
}

static void each_place_is_written_as_the_trunk_wants_it(void **state)
{
        struct scene *s = *state;
        struct trunk_template *w = &s->trunk.writing;
        s->trunk.plan = (struct number_plan){"91", "00", "0", 10, 10};
        s->trunk.number_form = NUMBER_DIGITS;
        s->trunk.send_asserted = true;
        w->forms[TRUNK_PLACE_FROM] = NUMBER_NATIONAL + 1;
        w->forms[TRUNK_PLACE_ASSERTED] = NUMBER_PLUS + 1;
        w->forms[TRUNK_PLACE_REQUEST_URI] = NUMBER_INTERNATIONAL + 1;
        w->domain = TRUNK_DOMAIN_NAMED;
        strcpy(w->named, "carrier.example");
        strcpy(w->display, "Acme, Inc");
        strcpy(w->request_prefix, "12#");
        w->privacy = TRUNK_PRIVACY_NONE;
        w->charge = TRUNK_CHARGE_SHOWN;
        w->user_phone = true;
        put_trunk(s);
        struct sip_leg leg = dialled_call(s);
        expect_uri(s, "sip:12%2300" PARTY "@192.0.2.10;user=phone");
        expect_from(s, "\"Acme, Inc\" <sip:09000000002@carrier.example;user=phone>");
        expect_line(s, "To: <sip:" PARTY "@192.0.2.10;user=phone>");
        expect_line(s, "P-Asserted-Identity: <sip:+" SHOWN "@carrier.example;user=phone>");
        expect_line(s, "P-Charge-Info: <sip:+" SHOWN "@carrier.example;user=phone>");
        expect_line(s, "Privacy: none");
        expect_line(s, "Contact: <sip:" SHOWN "@198.51.100.1:5060>");
        hang_up(s, leg);
        /* The ACK is of that INVITE. */
        expect_uri(s, "sip:12%2300" PARTY "@192.0.2.10;user=phone");
        expect_from(s, "\"Acme, Inc\" <sip:09000000002@carrier.example;user=phone>");
        expect_line(s, "To: <sip:" PARTY "@192.0.2.10;user=phone>;tag=callee");
}

static void a_pilot_number_stands_where_it_is_wanted(void **state)
{
        struct scene *s = *state;
        struct trunk_template *w = &s->trunk.writing;
        w->pilot.n.e164 = UINT64_C(919000000099);
        w->from_user = TRUNK_WHO_PILOT;
        w->charge = TRUNK_CHARGE_PILOT;
        w->domain = TRUNK_DOMAIN_PEER;
        s->trunk.send_asserted = true;
        put_trunk(s);
        struct sip_leg leg = dialled_call(s);
        expect_from(s, "<sip:+" PILOT "@192.0.2.10>");
        expect_line(s, "P-Asserted-Identity: <sip:+" SHOWN "@192.0.2.10>");
        expect_line(s, "P-Charge-Info: <sip:+" PILOT "@192.0.2.10>");
        hang_up(s, leg);

        w->from_user = TRUNK_WHO_SHOWN;
        w->asserted_user = TRUNK_WHO_PILOT;
        put_trunk(s);
        leg = dialled_call(s);
        expect_from(s, "<sip:+" SHOWN "@192.0.2.10>");
        expect_line(s, "P-Asserted-Identity: <sip:+" PILOT "@192.0.2.10>");
        hang_up(s, leg);
}

static void a_user_name_in_from_and_an_anonymous_one(void **state)
{
        struct scene *s = *state;
        struct trunk_template *w = &s->trunk.writing;
        strcpy(s->trunk.username, "acme@1");
        w->from_user = TRUNK_WHO_USERNAME;
        s->trunk.send_asserted = true;
        put_trunk(s);
        struct sip_leg leg = dialled_call(s);
        expect_from(s, "<sip:acme%401@198.51.100.1:5060>");
        expect_line(s, "P-Asserted-Identity: <sip:+" SHOWN "@198.51.100.1:5060>");
        hang_up(s, leg);

        w->privacy = TRUNK_PRIVACY_ID;
        put_trunk(s);
        leg = dialled_call(s);
        expect_from(s, "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
        expect_line(s, "Privacy: id");
        expect_line(s, "P-Asserted-Identity: <sip:+" SHOWN "@198.51.100.1:5060>");
        hang_up(s, leg);
}

static void the_carriers_headers_are_in_each_invite_and_nowhere_else(void **state)
{
        struct scene *s = *state;
        strcpy(s->trunk.username, "acme");
        put_trunk(s);
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE("secret")), 0);
        assert_int_equal(sip_trunks_set_headers(s->trunks, TRUNK_ID,
                                                SLICE("X-Token: abc\r\nX-Account: 7\r\n")),
                         0);
        struct sip_leg leg = dialled_call(s);
        expect_line(s, "X-Token: abc");
        expect_line(s, "X-Account: 7");
        peer_reply(s, 401, "t", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", NULL);
        take_request(s, SIP_ACK);
        assert_false(last_has(s, "X-Token"));
        take_request(s, SIP_INVITE);
        expect_line(s, "X-Token: abc");
        peer_reply(s, 200, "callee", "", OFFER);
        take_request(s, SIP_ACK);
        assert_false(last_has(s, "X-Token"));
        take_event(s, EVENT_ANSWERED);
        assert_int_equal(sip_trunks_set_headers(s->trunks, TRUNK_ID, SLICE_NONE), 0);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        assert_false(last_has(s, "X-Token"));
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        leg = dialled_call(s);
        assert_false(last_has(s, "X-Token"));
        hang_up(s, leg);
        assert_int_equal(sip_trunks_set_headers(s->trunks, 99, SLICE("X: y\r\n")), ERR_NOT_FOUND);
}

/* RFC 3261 9.1: the Request-URI, Via, To, From of a CANCEL are those of its INVITE. */
static void a_cancel_is_of_the_invite_that_was_sent(void **state)
{
        struct scene *s = *state;
        strcpy(s->trunk.writing.request_prefix, "99");
        strcpy(s->trunk.writing.display, "Acme");
        put_trunk(s);
        struct sip_leg leg = dialled_call(s);
        char invite[DATAGRAM_MAX], via[256];
        strcpy(invite, s->last);
        assert_int_equal(slice_to_text(s->msg.vias[0].text, via, sizeof via), 0);
        peer_reply(s, 180, "callee", "Contact: <sip:elsewhere@192.0.2.10:5099>\r\n", NULL);
        take_event(s, EVENT_PROGRESS);
        /* The trunk is another one by now. */
        strcpy(s->trunk.writing.request_prefix, "");
        put_trunk(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_CANCEL);
        expect_uri(s, "sip:99+" PARTY "@192.0.2.10");
        assert_true(slice_equal(s->msg.vias[0].text, slice_from(via)));
        expect_from(s, "\"Acme\" <sip:+" SHOWN "@198.51.100.1:5060>");
        expect_line(s, "To: <sip:+" PARTY "@192.0.2.10>");
        assert_int_equal(s->msg.cseq, 1);
        peer_reply(s, 200, "callee", "", NULL);
        peer_reply_to(s, invite, 487, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_uri(s, "sip:99+" PARTY "@192.0.2.10");
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void a_challenge_does_not_change_where_it_goes(void **state)
{
        struct scene *s = *state;
        strcpy(s->trunk.username, "acme");
        strcpy(s->trunk.writing.request_prefix, "99");
        put_trunk(s);
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE("secret")), 0);
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 407, "t", "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", NULL);
        take_request(s, SIP_ACK);
        take_request(s, SIP_INVITE);
        expect_uri(s, "sip:99+" PARTY "@192.0.2.10");
        assert_true(last_has(s, "uri=\"sip:99+" PARTY "@192.0.2.10\""));
        expect_line(s, "To: <sip:+" PARTY "@192.0.2.10>");
        hang_up(s, leg);
}

static struct sip_invite incoming(struct scene *s, const char *from, const char *to)
{
        s->from = from;
        s->to = to;
        peer_invite(s, "", OFFER);
        take_status(s, 100);
        struct event event = take_event(s, EVENT_INVITE);
        sip_leg_reject(s->ua, event.leg, 404, 0);
        scene_run(s, 1);
        take_status(s, 404);
        peer_ack_failure(s);
        expect_ended(s, event.leg, SIP_END_LOCAL, 404);
        return event.invite;
}

static void what_stands_in_front_of_a_number_is_taken_away(void **state)
{
        struct scene *s = *state;
        const char *from = s->from, *to = s->to;
        s->trunk.plan = (struct number_plan){"91", "00", "0", 10, 10};
        strcpy(s->trunk.writing.dialled_prefix, "77*");
        strcpy(s->trunk.writing.caller_prefix, "5");
        put_trunk(s);
        struct sip_invite invite =
                incoming(s, "sip:509888800001@192.0.2.10", "sip:77*" MASKING "@198.51.100.1");
        assert_int_equal(invite.caller.n.e164, PARTY_E164);
        assert_int_equal(invite.dialled.n.e164, MASKING_E164);
        /* Without it, the number is read as it is. */
        invite = incoming(s, "sip:+" PARTY "@192.0.2.10",
                          "sip:0"
                          "9000000001@198.51.100.1");
        assert_int_equal(invite.caller.n.e164, PARTY_E164);
        assert_int_equal(invite.dialled.n.e164, MASKING_E164);
        /* What is left must be a number. */
        invite = incoming(s, "sip:5@192.0.2.10", "sip:77*x@198.51.100.1");
        assert_true(number_is_none(invite.caller.n));
        assert_true(number_is_none(invite.dialled.n));
        s->from = from;
        s->to = to;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
        const struct CMUnitTest tests[] = {
                TEST(without_a_template_nothing_is_added),
                TEST(each_place_is_written_as_the_trunk_wants_it),
                TEST(a_pilot_number_stands_where_it_is_wanted),
                TEST(a_user_name_in_from_and_an_anonymous_one),
                TEST(the_carriers_headers_are_in_each_invite_and_nowhere_else),
                TEST(a_cancel_is_of_the_invite_that_was_sent),
                TEST(a_challenge_does_not_change_where_it_goes),
                TEST(what_stands_in_front_of_a_number_is_taken_away),
        };
        return RUN_TESTS(tests);
}
