/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations with a carrier: made, kept, refused, tried again, taken back. */
#include <stdio.h>
#include <stdlib.h>

#include "io/dns.h"
#include "scene.h"

#define USERNAME  "maskline-1"
#define CHALLENGE "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"
#define CONTACT   "sip:" USERNAME "@198.51.100.1:5060"
#define OURS(s)   "Contact: <" CONTACT ">;expires=" s "\r\n"

static void put_trunk(struct scene *s)
{
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE("secret")), 0);
        scene_run(s, 1);
}

static void registers(struct scene *s)
{
        strcpy(s->trunk.username, USERNAME);
        s->trunk.registers = true;
        s->trunk.register_s = 600;
        put_trunk(s);
}

static struct sip_registration shown(const struct scene *s)
{
        struct sip_registration r;
        sip_ua_registration(s->ua, TRUNK_ID, &r);
        return r;
}

static int64_t until_s(const struct scene *s)
{
        struct sip_registration r = shown(s);
        return r.until_wall_ms ? (r.until_wall_ms - io_wall_ms(s->io) + 999) / 1000 : 0;
}

static void registered(struct scene *s)
{
        registers(s);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_true(shown(s).is_registered);
}

static void expect_failed(struct scene *s, enum sip_registration_problem problem, unsigned status)
{
        struct sip_registration r = shown(s);
        assert_true(r.is_wanted);
        assert_int_equal(r.problem, problem);
        assert_int_equal(r.status, status);
        assert_true(sip_registration_problem_text(problem)[0]);
}

/* The next REGISTER comes within this time, and not before that. */
static void expect_register_within(struct scene *s, int64_t from_ms, int64_t to_ms)
{
        scene_run(s, from_ms);
        expect_silence(s);
        for (int64_t at_ms = from_ms; at_ms < to_ms && s->inbox_count == 0; at_ms += 100)
                scene_run(s, 100);
        take_request(s, SIP_REGISTER);
}

static void a_trunk_that_wants_it_is_registered(void **state)
{
        struct scene *s = *state;
        assert_false(shown(s).is_wanted);
        registers(s);
        assert_true(shown(s).is_wanted);
        assert_false(shown(s).is_registered);
        const struct sip_msg *msg = take_request(s, SIP_REGISTER);
        assert_true(slice_equal(msg->request_uri.text, SLICE("sip:192.0.2.10")));
        assert_true(slice_equal(msg->from.uri.text, SLICE("sip:" USERNAME "@192.0.2.10")));
        assert_true(slice_equal(msg->to.uri.text, msg->from.uri.text));
        assert_int_equal(msg->to.tag.len, 0);
        assert_int_equal(msg->contact_count, 1);
        assert_true(slice_equal(msg->contacts[0].uri.text, SLICE(CONTACT)));
        assert_int_equal(msg->expires_s, 600);
        assert_false(last_has(s, "Authorization"));
        peer_reply(s, 100, "", "", NULL);
        assert_false(shown(s).is_registered);
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_true(shown(s).is_registered);
        assert_int_equal(until_s(s), 600);
        expect_silence(s);
        expect_no_event(s);
}

static void a_challenge_is_answered_and_the_refresh_needs_none(void **state)
{
        struct scene *s = *state;
        char call_id[64];
        registers(s);
        const struct sip_msg *msg = take_request(s, SIP_REGISTER);
        assert_int_equal(msg->cseq, 1);
        assert_int_equal(slice_to_text(msg->call_id, call_id, sizeof call_id), 0);
        peer_reply(s, 401, "registrar", CHALLENGE, NULL);
        msg = take_request(s, SIP_REGISTER);
        assert_int_equal(msg->cseq, 2);
        assert_true(slice_equal(msg->call_id, slice_from(call_id)));
        assert_true(last_has(s, "\r\nAuthorization: Digest username=\"" USERNAME "\""));
        assert_true(last_has(s, "uri=\"sip:192.0.2.10\""));
        assert_true(last_has(s, "nc=00000001"));
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_true(shown(s).is_registered);

        expect_register_within(s, 419 * 1000, 541 * 1000);
        assert_int_equal(s->msg.cseq, 3);
        assert_true(slice_equal(s->msg.call_id, slice_from(call_id)));
        assert_true(last_has(s, "nc=00000002"));
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_int_equal(until_s(s), 600);
}

static void a_wrong_password_is_tried_once_each_time(void **state)
{
        struct scene *s = *state;
        registers(s);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 401, "registrar", CHALLENGE, NULL);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 401, "registrar", CHALLENGE, NULL);
        expect_failed(s, SIP_REGISTRATION_REFUSED, 401);
        expect_register_within(s, 14 * 1000, 31 * 1000);
        assert_false(last_has(s, "Authorization"));
}

static void refusals_are_tried_again_more_and_more_rarely(void **state)
{
        struct scene *s = *state;
        int64_t most_s = 30;
        registers(s);
        take_request(s, SIP_REGISTER);
        for (unsigned i = 0; i < 30; i++) {
                peer_reply(s, 403, "registrar", "", NULL);
                expect_failed(s, SIP_REGISTRATION_REFUSED, 403);
                assert_false(shown(s).is_registered);
                expect_register_within(s, most_s * 500 - 10, most_s * 1000 + 10);
                most_s = most_s * 2 < 1800 ? most_s * 2 : 1800;
        }
        assert_int_equal(sip_ua_counters(s->ua)->register_failures, 30);
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_int_equal(shown(s).problem, SIP_REGISTRATION_FINE);
        /* From then on the patience is new. */
        expect_register_within(s, 419 * 1000, 541 * 1000);
        peer_reply(s, 500, "registrar", "", NULL);
        assert_true(shown(s).is_registered);
        expect_failed(s, SIP_REGISTRATION_REFUSED, 500);
        expect_register_within(s, 14 * 1000, 31 * 1000);
}

static void a_time_to_wait_is_kept_if_it_is_sensible(void **state)
{
        struct scene *s = *state;
        registers(s);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 503, "registrar", "Retry-After: 200\r\n", NULL);
        expect_register_within(s, 199 * 1000, 201 * 1000);
        peer_reply(s, 503, "registrar", "Retry-After: 4294967295\r\n", NULL);
        expect_register_within(s, 7199 * 1000, 7201 * 1000);
}

static void silence_is_a_failure_and_loss_is_none(void **state)
{
        struct scene *s = *state;
        char before[DATAGRAM_MAX];
        registers(s);
        take_request(s, SIP_REGISTER);
        strcpy(before, s->last);
        scene_run(s, 500);
        take_request(s, SIP_REGISTER);
        assert_string_equal(s->last, before);
        scene_run(s, 32 * 1000);
        forget_messages(s);
        expect_failed(s, SIP_REGISTRATION_NO_ANSWER, 0);
        expect_register_within(s, 14 * 1000, 31 * 1000);
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_true(shown(s).is_registered);
}

static void a_registration_that_is_not_refreshed_is_over_when_its_time_is(void **state)
{
        struct scene *s = *state;
        registered(s);
        s->is_deaf = true;
        scene_run(s, 590 * 1000);
        assert_true(shown(s).is_registered);
        expect_failed(s, SIP_REGISTRATION_NO_ANSWER, 0);
        scene_run(s, 20 * 1000);
        assert_false(shown(s).is_registered);
        assert_int_equal(shown(s).until_wall_ms, 0);
}

static void the_least_time_that_a_registrar_wants_is_asked_for(void **state)
{
        struct scene *s = *state;
        registers(s);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 423, "registrar", "Min-Expires: 1800\r\n", NULL);
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 1800);
        peer_reply(s, 200, "registrar", "Expires: 1800\r\n" OURS("1800"), NULL);
        assert_int_equal(until_s(s), 1800);
        expect_register_within(s, 1259 * 1000, 1621 * 1000);
        assert_int_equal(s->msg.expires_s, 1800);
}

static void a_least_time_that_makes_no_sense_is_a_refusal(void **state)
{
        static const char *const headers[] = {
                "",
                "Min-Expires: 600\r\n",
                "Min-Expires: 604801\r\n",
                "Min-Expires: x\r\n",
        };
        struct scene *s = *state;
        registers(s);
        take_request(s, SIP_REGISTER);
        for (unsigned i = 0; i < sizeof headers / sizeof headers[0]; i++) {
                peer_reply(s, 423, "registrar", headers[i], NULL);
                expect_failed(s, SIP_REGISTRATION_REFUSED, 423);
                expect_register_within(s, 14 * 1000, 300 * 1000);
        }
        /* Twice in a row is no haggling. */
        peer_reply(s, 423, "registrar", "Min-Expires: 700\r\n", NULL);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 423, "registrar", "Min-Expires: 800\r\n", NULL);
        expect_failed(s, SIP_REGISTRATION_REFUSED, 423);
        expect_silence(s);
}

static void the_time_granted_is_that_of_our_binding(void **state)
{
        static const struct {
                const char *headers;
                int64_t granted_s;
        } rows[] = {
                {"", 600},
                {"Expires: 300\r\n", 300},
                {"Expires: 300\r\n" OURS("200"), 200},
                {"Contact: <sip:other@203.0.113.1>;expires=50\r\n" OURS("200"), 200},
                {OURS("200") "Contact: <sip:other@203.0.113.1>;expires=50\r\n", 200},
                {"Contact: <sip:a@203.0.113.1>;expires=50, <sip:b@203.0.113.1>;expires=60\r\n",
                 600},
                {"Contact: <sip:rewritten@203.0.113.1>;expires=70\r\n", 70},
                {"Contact: <" CONTACT ";transport=udp>;q=1;expires=80\r\n", 80},
                {"Contact: <" CONTACT ">;expires=x\r\nExpires: 90\r\n", 90},
        };
        struct scene *s = *state;
        registers(s);
        take_request(s, SIP_REGISTER);
        for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                peer_reply(s, 200, "registrar", rows[i].headers, NULL);
                assert_int_equal(until_s(s), rows[i].granted_s);
                expect_register_within(s, rows[i].granted_s * 700 - 10,
                                       rows[i].granted_s * 900 + 200);
        }
}

static void a_registration_for_no_time_is_a_failure(void **state)
{
        struct scene *s = *state;
        registers(s);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 200, "registrar", OURS("0"), NULL);
        expect_failed(s, SIP_REGISTRATION_NOT_KEPT, 0);
        assert_false(shown(s).is_registered);
        expect_register_within(s, 14 * 1000, 31 * 1000);
}

static void leaving_takes_the_registration_back(void **state)
{
        struct scene *s = *state;
        registered(s);
        assert_false(sip_ua_is_leaving(s->ua));
        sip_ua_leave(s->ua);
        assert_true(sip_ua_is_leaving(s->ua));
        scene_run(s, 1);
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 0);
        assert_true(slice_equal(s->msg.contacts[0].uri.text, SLICE(CONTACT)));
        peer_reply(s, 401, "registrar", CHALLENGE, NULL);
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 0);
        assert_true(last_has(s, "Authorization"));
        assert_true(sip_ua_is_leaving(s->ua));
        peer_reply(s, 200, "registrar", "", NULL);
        assert_false(sip_ua_is_leaving(s->ua));
        assert_false(shown(s).is_wanted);
        /* And none is made any more. */
        s->trunk.register_s = 700;
        put_trunk(s);
        expect_silence(s);
}

static void leaving_does_not_wait_for_ever(void **state)
{
        struct scene *s = *state;
        registered(s);
        sip_ua_leave(s->ua);
        scene_run(s, SIP_LEAVE_MS - 1);
        assert_true(sip_ua_is_leaving(s->ua));
        scene_run(s, 1);
        assert_false(sip_ua_is_leaving(s->ua));
        scene_run(s, 40 * 1000);
        forget_messages(s);
}

static void leaving_before_the_first_answer_takes_back_what_it_brings(void **state)
{
        struct scene *s = *state;
        char first[DATAGRAM_MAX];
        registers(s);
        take_request(s, SIP_REGISTER);
        strcpy(first, s->last);
        sip_ua_leave(s->ua);
        scene_run(s, 1);
        expect_silence(s); /* one at a time */
        peer_reply_to(s, first, 200, "registrar", OURS("600"), NULL);
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 0);
        peer_reply(s, 200, "registrar", "", NULL);
        assert_false(sip_ua_is_leaving(s->ua));
}

static void one_that_was_never_registered_leaves_silently(void **state)
{
        struct scene *s = *state;
        registers(s);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 403, "registrar", "", NULL);
        sip_ua_leave(s->ua);
        assert_false(sip_ua_is_leaving(s->ua));
        scene_run(s, 100 * 1000);
        expect_silence(s);
}

static void a_trunk_that_no_longer_wants_it_is_taken_back(void **state)
{
        struct scene *s = *state;
        registered(s);
        s->trunk.registers = false;
        put_trunk(s);
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 0);
        assert_false(shown(s).is_wanted);
        peer_reply(s, 200, "registrar", "", NULL);
        s->trunk.registers = true;
        put_trunk(s);
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 600);
}

static void one_that_loses_its_user_name_is_taken_back_under_the_old_one(void **state)
{
        struct scene *s = *state;
        registered(s);
        s->trunk.username[0] = 0;
        put_trunk(s);
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 0);
        assert_true(slice_equal(s->msg.contacts[0].uri.text, SLICE(CONTACT)));
        peer_reply(s, 200, "registrar", "", NULL);
}

static void a_removed_trunk_is_taken_back_and_then_gone(void **state)
{
        struct scene *s = *state;
        registered(s);
        sip_trunks_remove(s->trunks, TRUNK_ID);
        scene_run(s, 1);
        assert_non_null(sip_trunks_state_any(s->trunks, TRUNK_ID));
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 0);
        peer_reply(s, 401, "registrar", CHALLENGE, NULL);
        take_request(s, SIP_REGISTER);
        assert_true(last_has(s, "Authorization"));
        peer_reply(s, 200, "registrar", "", NULL);
        assert_null(sip_trunks_state_any(s->trunks, TRUNK_ID));
        s->trunk.registers = false; /* the end of the scene looks for it */
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
}

static void what_is_said_again_is_not_done_again_but_a_change_is(void **state)
{
        struct scene *s = *state;
        registered(s);
        put_trunk(s);
        s->trunk.channels_max = 5;
        put_trunk(s);
        expect_silence(s);
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE("another")), 0);
        scene_run(s, 1);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        s->trunk.register_s = 700;
        put_trunk(s); /* with the former password, too */
        assert_int_equal(take_request(s, SIP_REGISTER)->expires_s, 700);
        expect_silence(s);
        peer_reply(s, 200, "registrar", OURS("700"), NULL);
}

static void an_answer_to_what_is_no_longer_asked_changes_nothing(void **state)
{
        struct scene *s = *state;
        char first[DATAGRAM_MAX];
        registers(s);
        take_request(s, SIP_REGISTER);
        strcpy(first, s->last);
        s->trunk.register_s = 700;
        put_trunk(s);
        take_request(s, SIP_REGISTER);
        peer_reply_to(s, first, 403, "registrar", "", NULL);
        assert_int_equal(shown(s).problem, SIP_REGISTRATION_FINE);
        assert_false(shown(s).is_registered);
        forget_messages(s);
}

static void an_odd_user_name_is_escaped(void **state)
{
        struct scene *s = *state;
        strcpy(s->trunk.username, "a b@c.example:d%");
        s->trunk.registers = true;
        s->trunk.register_s = 600;
        put_trunk(s);
        const struct sip_msg *msg = take_request(s, SIP_REGISTER);
        assert_true(slice_equal(msg->from.uri.user, SLICE("a%20b%40c.example%3ad%25")));
        assert_true(slice_equal(msg->from.uri.host, SLICE("192.0.2.10")));
        peer_reply(s, 401, "registrar", CHALLENGE, NULL);
        take_request(s, SIP_REGISTER);
        assert_true(last_has(s, "username=\"a b@c.example:d%\""));
        peer_reply(s, 403, "registrar", "", NULL);
}

static void a_peer_with_a_name_is_registered_at_once_it_has_an_address(void **state)
{
        struct scene *s = *state;
        const struct addr peer = *io_udp_local(s->peer);
        strcpy(s->trunk.peer_host, "sip.carrier.example");
        registers(s);
        expect_silence(s);
        expect_failed(s, SIP_REGISTRATION_NO_PEER, 0);
        assert_int_equal(dns_sim_set(s->io, SLICE("sip.carrier.example"), &peer, 1, 60), 0);
        /* Well before the next try would be due: the name is looked up again. */
        for (unsigned i = 0; i < 600 && s->inbox_count == 0; i++)
                scene_run(s, 100);
        const struct sip_msg *msg = take_request(s, SIP_REGISTER);
        assert_true(slice_equal(msg->request_uri.text, SLICE("sip:sip.carrier.example")));
        assert_true(slice_equal(msg->to.uri.text, SLICE("sip:" USERNAME "@sip.carrier.example")));
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_true(shown(s).is_registered);
        /* The same address again is nothing new. */
        scene_run(s, 200 * 1000);
        expect_silence(s);
}

static int teardown(void **state)
{
        struct scene *s = *state;
        /* What registers goes on for ever; the scene ends when nothing does. */
        s->trunk.registers = false;
        (void)!sip_trunks_put(s->trunks, &s->trunk);
        return scene_teardown(state);
}

/* The scene's peer, and a port where nobody is, in this order or the other. */
static void name_two_servers(struct scene *s, bool is_first_dark)
{
        const struct addr there = {.family = 4, .ip = {192, 0, 2, 10}};
        const struct dns_srv servers[] = {
                {10, 0, is_first_dark ? 5062 : 5060, "a.example"},
                {20, 0, is_first_dark ? 5060 : 5062, "a.example"},
        };
        assert_int_equal(dns_sim_set(s->io, SLICE("a.example"), &there, 1, 3600), 0);
        assert_int_equal(dns_sim_set_srv(s->io, SLICE("_sip._udp.peer.example"), servers, 2, 3600),
                         0);
        strcpy(s->trunk.peer_host, "peer.example");
        s->trunk.peer_port = 0;
        s->trunk.failover_ms = 1000;
}

static void a_server_that_is_dark_is_left_for_the_next_one(void **state)
{
        struct scene *s = *state;
        name_two_servers(s, true);
        registers(s);
        scene_run(s, 900);
        expect_silence(s);
        scene_run(s, 200);
        assert_int_equal(take_request(s, SIP_REGISTER)->cseq, 2);
        assert_int_equal(sip_ua_counters(s->ua)->failovers, 1);
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_true(shown(s).is_registered);
        assert_int_equal(sip_ua_counters(s->ua)->register_failures, 0);

        /* It stays where it is registered. */
        expect_register_within(s, 300 * 1000, 550 * 1000);
        assert_int_equal(s->msg.cseq, 3);
        peer_reply(s, 200, "registrar", OURS("600"), NULL);
        assert_int_equal(sip_ua_counters(s->ua)->failovers, 1);
}

static void a_server_that_cannot_is_left_for_the_next_one(void **state)
{
        struct scene *s = *state;
        name_two_servers(s, false);
        registers(s);
        assert_int_equal(take_request(s, SIP_REGISTER)->cseq, 1);
        peer_reply(s, 503, "registrar", "", NULL);
        assert_int_equal(sip_ua_counters(s->ua)->failovers, 1);
        assert_int_equal(sip_ua_counters(s->ua)->register_failures, 0);
        /* Nowhere else to go: the usual time. */
        scene_run(s, 31000);
        assert_int_equal(sip_ua_counters(s->ua)->register_failures, 0);
        scene_run(s, 2000);
        expect_failed(s, SIP_REGISTRATION_NO_ANSWER, 0);
        s->is_deaf = true;
}

static void what_is_refused_for_its_own_sake_is_not_asked_elsewhere(void **state)
{
        struct scene *s = *state;
        name_two_servers(s, false);
        registers(s);
        take_request(s, SIP_REGISTER);
        peer_reply(s, 403, "registrar", "", NULL);
        expect_failed(s, SIP_REGISTRATION_REFUSED, 403);
        assert_int_equal(sip_ua_counters(s->ua)->failovers, 0);
        s->is_deaf = true;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_trunk_that_wants_it_is_registered),
                TEST(a_challenge_is_answered_and_the_refresh_needs_none),
                TEST(a_wrong_password_is_tried_once_each_time),
                TEST(refusals_are_tried_again_more_and_more_rarely),
                TEST(a_time_to_wait_is_kept_if_it_is_sensible),
                TEST(silence_is_a_failure_and_loss_is_none),
                TEST(a_registration_that_is_not_refreshed_is_over_when_its_time_is),
                TEST(the_least_time_that_a_registrar_wants_is_asked_for),
                TEST(a_least_time_that_makes_no_sense_is_a_refusal),
                TEST(the_time_granted_is_that_of_our_binding),
                TEST(a_registration_for_no_time_is_a_failure),
                TEST(leaving_takes_the_registration_back),
                TEST(leaving_does_not_wait_for_ever),
                TEST(leaving_before_the_first_answer_takes_back_what_it_brings),
                TEST(one_that_was_never_registered_leaves_silently),
                TEST(a_trunk_that_no_longer_wants_it_is_taken_back),
                TEST(one_that_loses_its_user_name_is_taken_back_under_the_old_one),
                TEST(a_removed_trunk_is_taken_back_and_then_gone),
                TEST(what_is_said_again_is_not_done_again_but_a_change_is),
                TEST(an_answer_to_what_is_no_longer_asked_changes_nothing),
                TEST(an_odd_user_name_is_escaped),
                TEST(a_server_that_is_dark_is_left_for_the_next_one),
                TEST(a_server_that_cannot_is_left_for_the_next_one),
                TEST(what_is_refused_for_its_own_sake_is_not_asked_elsewhere),
                TEST(a_peer_with_a_name_is_registered_at_once_it_has_an_address),
        };
        return RUN_TESTS(tests);
}
