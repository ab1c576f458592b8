/* SPDX-License-Identifier: Apache-2.0 */
/* One request outside of any call: what is sent, and what is made of the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scene.h"
#include "sip/sip_core.h"
#include "sip/sip_probe.h"

#define USERNAME "maskline-1"

static struct sip_probe_result heard;
static unsigned times_heard;

static void on_result(void *arg, const struct sip_probe_result *result)
{
        (void)arg;
        heard = *result;
        times_heard++;
}

static int start(struct scene *s, enum sip_method method, struct sip_probe *out)
{
        const struct sip_probe_params params = {
                .trunk_id = TRUNK_ID,
                .method = method,
                .timeout_ms = 5000,
                .shows_password = true,
                .fn = on_result,
        };
        heard = (struct sip_probe_result){0};
        times_heard = 0;
        return sip_probe_start(s->ua, &params, out);
}

static void probe(struct scene *s, enum sip_method method)
{
        struct sip_probe handle;
        assert_int_equal(start(s, method, &handle), 0);
        assert_int_equal(times_heard, 0);
        scene_run(s, 1);
        take_request(s, method);
}

static void log_in(struct scene *s, const char *realm)
{
        strcpy(s->trunk.username, USERNAME);
        strcpy(s->trunk.realm, realm);
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE("secret")), 0);
        scene_run(s, 1);
}

static void expect_heard(enum sip_probe_outcome outcome, unsigned status)
{
        assert_int_equal(times_heard, 1);
        assert_int_equal(heard.outcome, outcome);
        assert_int_equal(heard.status, status);
}

static void options_go_to_the_peer_and_its_answer_is_told(void **state)
{
        struct scene *s = *state;
        probe(s, SIP_OPTIONS);
        assert_true(slice_equal(s->msg.request_uri.text, SLICE("sip:192.0.2.10")));
        assert_true(slice_equal(s->msg.to.uri.text, SLICE("sip:192.0.2.10")));
        assert_true(slice_equal(s->msg.from.uri.text, SLICE("sip:198.51.100.1:5060")));
        assert_int_equal(s->msg.max_forwards, 70);
        scene_run(s, 40);
        peer_reply(s, 100, "", "", NULL);
        assert_int_equal(times_heard, 0);
        peer_reply(s, 200, "t",
                   "Allow: INVITE, ACK, BYE, UPDATE\r\n"
                   "Supported: timer\r\n"
                   "Server: carrier/1.2\r\n",
                   NULL);
        expect_heard(SIP_PROBE_ANSWERED, 200);
        assert_int_equal(heard.provisional, 100);
        assert_true(heard.round_trip_ms >= 40 && heard.round_trip_ms < 50);
        assert_int_equal(heard.allow,
                         1u << SIP_INVITE | 1u << SIP_ACK | 1u << SIP_BYE | 1u << SIP_UPDATE);
        assert_int_equal(heard.supported, SIP_OPTION_TIMER);
        assert_string_equal(heard.server, "carrier/1.2");
        assert_string_equal(addr_format(&heard.peer.addr).text, "192.0.2.10:5060");
        assert_string_equal(addr_format(&heard.source).text, "192.0.2.10:5060");
        assert_int_equal(heard.login, SIP_PROBE_NOT_ASKED);
        assert_false(heard.has_date);
        assert_int_equal(heard.seen.family, 0);
        expect_no_event(s);
}

static void a_refusal_is_an_answer(void **state)
{
        struct scene *s = *state;
        probe(s, SIP_OPTIONS);
        peer_reply(s, 405, "t", "", NULL);
        expect_heard(SIP_PROBE_ANSWERED, 405);
        probe(s, SIP_OPTIONS);
        peer_reply(s, 503, "t", "Retry-After: 30\r\n", NULL);
        expect_heard(SIP_PROBE_ANSWERED, 503);
        assert_int_equal(heard.retry_after_s, 30);
}

static void a_dark_peer_is_told_in_time_and_asked_no_longer(void **state)
{
        struct scene *s = *state;
        probe(s, SIP_OPTIONS);
        scene_run(s, 4990);
        assert_int_equal(times_heard, 0);
        scene_run(s, 20);
        expect_heard(SIP_PROBE_NO_ANSWER, 0);
        assert_true(s->inbox_count > 2);
        forget_messages(s);
        scene_run(s, 60000);
        expect_silence(s);
        assert_int_equal(times_heard, 1);
}

static void an_answer_too_late_is_nobodys(void **state)
{
        struct scene *s = *state;
        uint64_t strays = sip_ua_counters(s->ua)->stray_responses;
        probe(s, SIP_OPTIONS);
        scene_run(s, 5001);
        peer_reply(s, 200, "t", "", NULL);
        expect_heard(SIP_PROBE_NO_ANSWER, 0);
        assert_int_equal(sip_ua_counters(s->ua)->stray_responses, strays + 1);
        forget_messages(s);
}

static void an_answer_sent_twice_is_told_once(void **state)
{
        struct scene *s = *state;
        probe(s, SIP_OPTIONS);
        peer_reply(s, 200, "t", "", NULL);
        peer_reply(s, 200, "t", "", NULL);
        expect_heard(SIP_PROBE_ANSWERED, 200);
}

static void who_gave_up_hears_nothing(void **state)
{
        struct scene *s = *state;
        struct sip_probe handle;
        assert_int_equal(start(s, SIP_OPTIONS, &handle), 0);
        sip_probe_cancel(s->ua, handle);
        sip_probe_cancel(s->ua, handle);
        scene_run(s, 1);
        take_request(s, SIP_OPTIONS);
        peer_reply(s, 200, "t", "", NULL);
        scene_run(s, 60000);
        assert_int_equal(times_heard, 0);
        expect_silence(s);
}

static void the_password_is_shown_to_the_realm_of_the_trunk(void **state)
{
        struct scene *s = *state;
        log_in(s, "carrier.example");
        probe(s, SIP_REGISTER);
        assert_true(slice_equal(s->msg.from.uri.text, SLICE("sip:" USERNAME "@192.0.2.10")));
        assert_int_equal(s->msg.contact_count, 0);
        assert_int_equal(s->msg.expires_s, -1);
        assert_false(last_has(s, "Authorization"));
        peer_reply(s, 401, "t",
                   "WWW-Authenticate: Digest realm=\"carrier.example\", nonce=\"n\", "
                   "qop=\"auth\"\r\n",
                   NULL);
        assert_int_equal(times_heard, 0);
        take_request(s, SIP_REGISTER);
        assert_int_equal(s->msg.cseq, 2);
        assert_true(last_has(s, "\r\nAuthorization: Digest username=\"" USERNAME "\""));
        peer_reply(s, 200, "t",
                   "Contact: <sip:other@192.0.2.77>;expires=60\r\n"
                   "Contact: <sip:" USERNAME "@198.51.100.1:5060>;expires=60\r\n",
                   NULL);
        expect_heard(SIP_PROBE_ANSWERED, 200);
        assert_int_equal(heard.login, SIP_PROBE_LOGGED_IN);
        assert_string_equal(heard.realm, "carrier.example");
        assert_int_equal(heard.bindings, 2);
        assert_true(heard.is_bound);
}

static void a_binding_of_somebody_else_is_not_ours(void **state)
{
        struct scene *s = *state;
        log_in(s, "");
        probe(s, SIP_REGISTER);
        peer_reply(s, 200, "t", "Contact: <sip:" USERNAME "@198.51.100.2:5060>\r\n", NULL);
        expect_heard(SIP_PROBE_ANSWERED, 200);
        assert_int_equal(heard.login, SIP_PROBE_NOT_ASKED);
        assert_int_equal(heard.bindings, 1);
        assert_false(heard.is_bound);
}

static void a_wrong_password_another_realm_and_no_password_differ(void **state)
{
        struct scene *s = *state;
        static const char challenge[] =
                "WWW-Authenticate: Digest realm=\"r\", nonce=\"%u\", qop=\"auth\"\r\n";
        char first[128], second[128];
        snprintf(first, sizeof first, challenge, 1u);
        snprintf(second, sizeof second, challenge, 2u);

        probe(s, SIP_OPTIONS);
        peer_reply(s, 401, "t", first, NULL);
        expect_heard(SIP_PROBE_ANSWERED, 401);
        assert_int_equal(heard.login, SIP_PROBE_NO_PASSWORD);
        assert_string_equal(heard.realm, "r");

        log_in(s, "");
        probe(s, SIP_OPTIONS);
        peer_reply(s, 401, "t", first, NULL);
        take_request(s, SIP_OPTIONS);
        peer_reply(s, 401, "t", second, NULL);
        expect_heard(SIP_PROBE_ANSWERED, 401);
        assert_int_equal(heard.login, SIP_PROBE_BAD_PASSWORD);

        log_in(s, "carrier.example");
        probe(s, SIP_OPTIONS);
        peer_reply(s, 401, "t", second, NULL);
        expect_heard(SIP_PROBE_ANSWERED, 401);
        assert_int_equal(heard.login, SIP_PROBE_OTHER_REALM);

        probe(s, SIP_OPTIONS);
        peer_reply(s, 407, "t", "Proxy-Authenticate: Basic realm=\"carrier.example\"\r\n", NULL);
        expect_heard(SIP_PROBE_ANSWERED, 407);
        assert_int_equal(heard.login, SIP_PROBE_UNSUITABLE);
        expect_silence(s);
}

static void a_probe_that_shows_no_password_does_not(void **state)
{
        struct scene *s = *state;
        struct sip_probe handle;
        log_in(s, "");
        const struct sip_probe_params params = {
                .trunk_id = TRUNK_ID,
                .method = SIP_OPTIONS,
                .timeout_ms = 5000,
                .fn = on_result,
        };
        times_heard = 0;
        assert_int_equal(sip_probe_start(s->ua, &params, &handle), 0);
        scene_run(s, 1);
        take_request(s, SIP_OPTIONS);
        peer_reply(s, 401, "t", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", NULL);
        expect_heard(SIP_PROBE_ANSWERED, 401);
        assert_int_equal(heard.login, SIP_PROBE_NO_PASSWORD);
        expect_silence(s);
}

static void what_the_peer_sees_of_us_is_told(void **state)
{
        struct scene *s = *state;
        char text[DATAGRAM_MAX], reply[DATAGRAM_MAX];
        probe(s, SIP_OPTIONS);
        peer_compose_reply(reply, s->last, 200, "t", "", NULL);
        char *rport = strstr(reply, ";rport");
        assert_non_null(rport);
        int len = snprintf(text, sizeof text, "%.*s;received=203.0.113.9;rport=6123%s",
                           (int)(rport - reply), reply, rport + strlen(";rport"));
        assert_true(len > 0 && (size_t)len < sizeof text);
        peer_send(s, text);
        expect_heard(SIP_PROBE_ANSWERED, 200);
        assert_string_equal(addr_format(&heard.seen).text, "203.0.113.9:6123");
        assert_string_equal(addr_format(&heard.local.addr).text, "198.51.100.1:5060");
}

static void the_peers_clock_is_compared_with_ours(void **state)
{
        struct scene *s = *state;
        char date[96];
        probe(s, SIP_OPTIONS);
        const time_t then = (time_t)(io_wall_ms(s->io) / 1000 + 90);
        struct tm tm;
        gmtime_r(&then, &tm);
        strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        peer_reply(s, 200, "t", date, NULL);
        expect_heard(SIP_PROBE_ANSWERED, 200);
        assert_true(heard.has_date);
        assert_true(heard.date_ahead_ms > 88000 && heard.date_ahead_ms <= 90000);
}

static void the_peers_words_are_short_printable_and_hold_no_number(void **state)
{
        struct scene *s = *state;
        probe(s, SIP_OPTIONS);
        peer_reply(s, 200, "t",
                   "Server: a\xc3\xa9 +" PARTY
                   " bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n",
                   NULL);
        expect_heard(SIP_PROBE_ANSWERED, 200);
        assert_int_equal(strlen(heard.server), SIP_PROBE_WORDS_BYTES - 1);
        assert_int_equal(strncmp(heard.server, "a +919888 bbb", 13), 0);
}

static void a_number_in_groups_is_a_number(void **state)
{
        struct scene *s = *state;
        probe(s, SIP_OPTIONS);
        peer_reply(s, 200, "t", "Server: x (98888) 00-010/1.2.3 (x86_64)\r\n", NULL);
        expect_heard(SIP_PROBE_ANSWERED, 200);
        assert_string_equal(heard.server, "x (98888) 0-/1.2.3 (x86_64)");
}

static void it_needs_a_trunk_with_a_peer_and_an_address_of_ours(void **state)
{
        struct scene *s = *state;
        struct sip_probe handle;
        const struct sip_probe_params nobody = {
                .trunk_id = 99, .method = SIP_OPTIONS, .timeout_ms = 1, .fn = on_result};
        assert_int_equal(sip_probe_start(s->ua, &nobody, &handle), ERR_NOT_FOUND);
        assert_int_equal(start(s, SIP_REGISTER, &handle), ERR_NOT_FOUND); /* no user name */
        strcpy(s->trunk.peer_host, "");
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        assert_int_equal(start(s, SIP_OPTIONS, &handle), ERR_NOT_FOUND);
}

static void there_are_only_so_many_at_once(void **state)
{
        struct scene *s = *state;
        struct sip_probe handle;
        unsigned started = 0;
        s->is_deaf = true;
        while (started <= SIP_PROBES_MAX && !start(s, SIP_OPTIONS, &handle))
                started++;
        assert_true(started > 0);
        assert_true(started <= SIP_PROBES_MAX);
        assert_int_equal(start(s, SIP_OPTIONS, &handle), ERR_FULL);
        scene_run(s, 5001);
        assert_int_equal(times_heard, started);
        assert_int_equal(start(s, SIP_OPTIONS, &handle), 0);
        scene_run(s, 5001);
}

static void a_trunk_removed_meanwhile_is_waited_for(void **state)
{
        struct scene *s = *state;
        probe(s, SIP_OPTIONS);
        sip_trunks_remove(s->trunks, TRUNK_ID);
        peer_reply(s, 200, "t", "", NULL);
        expect_heard(SIP_PROBE_ANSWERED, 200);
        assert_null(sip_trunks_state_any(s->trunks, TRUNK_ID));
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
        const struct CMUnitTest tests[] = {
                TEST(options_go_to_the_peer_and_its_answer_is_told),
                TEST(a_refusal_is_an_answer),
                TEST(a_dark_peer_is_told_in_time_and_asked_no_longer),
                TEST(an_answer_too_late_is_nobodys),
                TEST(an_answer_sent_twice_is_told_once),
                TEST(who_gave_up_hears_nothing),
                TEST(the_password_is_shown_to_the_realm_of_the_trunk),
                TEST(a_binding_of_somebody_else_is_not_ours),
                TEST(a_wrong_password_another_realm_and_no_password_differ),
                TEST(a_probe_that_shows_no_password_does_not),
                TEST(what_the_peer_sees_of_us_is_told),
                TEST(the_peers_clock_is_compared_with_ours),
                TEST(the_peers_words_are_short_printable_and_hold_no_number),
                TEST(a_number_in_groups_is_a_number),
                TEST(it_needs_a_trunk_with_a_peer_and_an_address_of_ours),
                TEST(there_are_only_so_many_at_once),
                TEST(a_trunk_removed_meanwhile_is_waited_for),
        };
        return RUN_TESTS(tests);
}
