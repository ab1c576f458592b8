/* SPDX-License-Identifier: Apache-2.0 */
/* When what is kept does not fit or there is no room for it; and leaving in the middle of calls. */
#include <stdio.h>

#include "io/dns.h"
#include "scene.h"

#include "sip/sip_core.h"
#include "sip/sip_template.h"
#include "sip/sip_transaction_impl.h"

static struct sip_packet *hoard[4096];
static unsigned hoarded;

/* Takes all room for messages but for `left` small ones. */
static void take_room(struct scene *s, unsigned left)
{
        hoarded = 0;
        struct sip_packets *packets = s->ua->txs->packets;
        while ((hoard[hoarded] = sip_packets_keep(packets, SLICE("x"))))
                hoarded++;
        /* The first ones are the small ones. */
        for (unsigned i = 0; i < left; i++) {
                sip_packets_drop(packets, hoard[i]);
                hoard[i] = NULL;
        }
}

static void give_room_back(struct scene *s)
{
        for (unsigned i = 0; i < hoarded; i++)
                sip_packets_drop(s->ua->txs->packets, hoard[i]);
        hoarded = 0;
}

static void a_call_is_refused_when_its_answers_could_not_be_kept(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg;
        take_room(s, 0);
        peer_invite(s, "", OFFER);
        take_status(s, 503);
        expect_no_event(s);
        assert_int_equal(dial(s, &leg), ERR_FULL);
        give_room_back(s);
}

static void an_answer_that_cannot_be_kept_is_not_sent(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        take_room(s, 0);
        assert_int_equal(sip_leg_answer(s->ua, leg, &s->ours), ERR_FULL);
        assert_int_equal(sip_leg_progress(s->ua, leg, 180, NULL), ERR_FULL);
        scene_run(s, 1);
        expect_silence(s);
        /* A refusal goes out in any case; it is only not repeated. */
        assert_int_equal(sip_leg_reject(s->ua, leg, 480, 0), 0);
        scene_run(s, 1);
        take_status(s, 480);
        expect_ended(s, leg, SIP_END_LOCAL, 480);
        scene_run(s, 4000);
        expect_silence(s);
        peer_learn(s);
        peer_ack_failure(s);
        give_room_back(s);
}

static void a_reinvite_whose_answer_cannot_be_kept_is_refused(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = confirmed_call(s);
        take_room(s, 1); /* for the head */
        peer_request(s, "INVITE", "", OFFER);
        take_event(s, EVENT_OFFER);
        take_status(s, 500);
        peer_ack_failure(s);
        give_room_back(s);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void a_cancel_that_finds_no_room_leaves_the_leg_to_end_by_time(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = dialled_call(s);
        peer_reply(s, 180, "callee", "", NULL);
        take_event(s, EVENT_PROGRESS);
        take_room(s, 0);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        expect_silence(s);
        assert_int_equal(sip_ua_counters(s->ua)->unsent, 1);
        scene_run(s, SIP_TIMEOUT_MS);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        give_room_back(s);
}

static void more_vias_than_an_answer_can_repeat_are_refused(void **state)
{
        struct scene *s = *state;
        char vias[4096] = "";
        for (unsigned i = 0; i < 40; i++)
                sprintf(vias + strlen(vias),
                        "Via: SIP/2.0/UDP proxy%u.example.net:5060;branch=z9hG4bKabcdefgh%u\r\n", i,
                        i);
        peer_invite(s, vias, OFFER);
        take_status(s, 513);
        assert_int_equal(s->msg.via_count, 41);
        expect_no_event(s);

        struct sip_leg leg = confirmed_call(s);
        peer_request(s, "INFO", vias, NULL);
        take_status(s, 513);
        peer_request(s, "BYE", "", NULL);
        take_status(s, 200);
        expect_ended(s, leg, SIP_END_BYE, 0);
}

static void a_peer_with_an_endless_name_cannot_be_dialled(void **state)
{
        struct scene *s = *state;
        const struct addr somewhere = {.family = 4, .ip = {192, 0, 2, 10}};
        struct trunk trunk = s->trunk;
        struct sip_leg leg;
        memset(trunk.peer_host, 'a', 251);
        for (unsigned i = 60; i < 250; i += 60)
                trunk.peer_host[i] = '.';
        assert_int_equal(
                dns_sim_set(s->io, (struct slice){trunk.peer_host, 251}, &somewhere, 1, 3600), 0);
        assert_int_equal(sip_trunks_put(s->trunks, &trunk), 0);
        scene_run(s, 100);
        assert_int_equal(dial(s, &leg), 0); /* just fits */
        scene_run(s, 1);
        take_request(s, SIP_INVITE);
        char invite[DATAGRAM_MAX], route[512];
        strcpy(invite, s->last);
        snprintf(route, sizeof route, "Record-Route: <sip:%.200s;lr>\r\n", trunk.peer_host);
        peer_reply_to(s, invite, 180, "callee", route, NULL); /* more than fits: not kept */
        assert_int_equal(take_event(s, EVENT_PROGRESS).status, 180);
        peer_reply_to(s, invite, 486, "callee", "", NULL);
        take_request(s, SIP_ACK);
        expect_ended(s, leg, SIP_END_REJECTED, 486);
}

static void a_peer_of_ipv6_or_another_port_is_written_so(void **state)
{
        struct scene *s = *state;
        struct trunk trunk = s->trunk;
        struct sip_leg leg;
        trunk.peer_port = 5080;
        assert_int_equal(sip_trunks_put(s->trunks, &trunk), 0);
        s->is_deaf = true;
        assert_int_equal(dial(s, &leg), 0);
        char uri[128];
        struct buf b;
        buf_init(&b, uri, sizeof uri);
        sip_template_put_to(&b, &trunk, (struct real_number){{PARTY_E164}});
        assert_true(slice_equal(buf_slice(&b), SLICE("sip:+" PARTY "@192.0.2.10:5080")));
        strcpy(trunk.peer_host, "2001:db8::1");
        buf_reset(&b);
        sip_template_put_to(&b, &trunk, (struct real_number){{PARTY_E164}});
        assert_true(slice_equal(buf_slice(&b), SLICE("sip:+" PARTY "@[2001:db8::1]:5080")));
        sip_leg_hangup(s->ua, leg);
        scene_run(s, SIP_TIMEOUT_MS);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
}

static void forks_beyond_counting_are_acknowledged_only(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX], tag[8];
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        peer_reply(s, 200, "one", "", OFFER);
        take_event(s, EVENT_ANSWERED);
        take_request(s, SIP_ACK);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        for (unsigned i = 0; i < SIP_FORKS_MAX + 2; i++) {
                snprintf(tag, sizeof tag, "f%u", i);
                peer_reply_to(s, invite, 200, tag, "", OFFER);
                take_request(s, SIP_ACK);
                if (i < SIP_FORKS_MAX)
                        take_request(s, SIP_BYE);
                expect_silence(s);
        }
}

static void a_further_fork_with_too_long_a_route_set_is_left_alone(void **state)
{
        struct scene *s = *state;
        char invite[DATAGRAM_MAX], routes[1024];
        struct sip_leg leg = dialled_call(s);
        strcpy(invite, s->last);
        peer_reply(s, 200, "one", "", OFFER);
        take_event(s, EVENT_ANSWERED);
        take_request(s, SIP_ACK);
        sprintf(routes, "Record-Route: <sip:%0800u@192.0.2.10;lr>\r\n", 1);
        peer_reply_to(s, invite, 200, "two", routes, OFFER);
        expect_silence(s);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 1);
        take_request(s, SIP_BYE);
        peer_reply(s, 200, "", "", NULL);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
}

static void leaving_in_the_middle_of_calls_says_nothing_and_leaks_nothing(void **state)
{
        struct scene *s = *state;
        for (unsigned i = 0; i < 3; i++)
                (void)confirmed_call(s);
        (void)incoming_call(s);
        (void)dialled_call(s);
        struct sip_leg rejected = incoming_call(s);
        assert_int_equal(sip_leg_reject(s->ua, rejected, 480, 0), 0); /* its end is still to come */
        sip_ua_destroy(s->ua);
        assert_int_equal(sip_trunks_find(s->trunks, TRUNK_ID)->dialogs, 0);
        s->ua = NULL;
        scene_run(s, 100 * 1000);
        expect_no_event(s);
        s->ended = s->invites + s->dials;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_call_is_refused_when_its_answers_could_not_be_kept),
                TEST(an_answer_that_cannot_be_kept_is_not_sent),
                TEST(a_reinvite_whose_answer_cannot_be_kept_is_refused),
                TEST(a_cancel_that_finds_no_room_leaves_the_leg_to_end_by_time),
                TEST(more_vias_than_an_answer_can_repeat_are_refused),
                TEST(a_peer_with_an_endless_name_cannot_be_dialled),
                TEST(a_peer_of_ipv6_or_another_port_is_written_so),
                TEST(forks_beyond_counting_are_acknowledged_only),
                TEST(a_further_fork_with_too_long_a_route_set_is_left_alone),
                TEST(leaving_in_the_middle_of_calls_says_nothing_and_leaks_nothing),
        };
        return RUN_TESTS(tests);
}
