/* SPDX-License-Identifier: Apache-2.0 */
/* A look at a trunk: what each step says of a carrier that is well, dark, or strange. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../sip/scene.h"

#include "call/check.h"
#include "call/check_words.h"
#include "sip/sip_core.h"

static struct check *begin(struct scene *s)
{
        const struct check_params params = {
                .io = s->io,
                .ua = s->ua,
                .trunks = s->trunks,
                .trunk_id = TRUNK_ID,
        };
        struct check *check;
        assert_int_equal(check_start(&params, &check), 0);
        scene_run(s, 10);
        return check;
}

static void put_trunk(struct scene *s)
{
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        if (s->trunk.username[0])
                assert_int_equal(sip_trunks_set_password(s->trunks, TRUNK_ID, SLICE("secret")), 0);
        scene_run(s, 10);
}

/* The n-th step of this kind. */
static const struct check_step *step_of(const struct check *check, enum check_kind kind, unsigned n)
{
        const struct check_report *report = check_report(check);
        for (unsigned i = 0; i < report->count; i++) {
                if (report->steps[i].kind == kind && n-- == 0)
                        return &report->steps[i];
        }
        fail_msg("there is no step of kind %s", check_kind_name(kind));
        return NULL;
}

static void expect_step(const struct check *check, enum check_kind kind, enum check_grade grade,
                        const char *sentence, const char *advice)
{
        const struct check_step *step = step_of(check, kind, 0);
        if (step->grade != grade || !strstr(step->sentence, sentence) ||
            (advice ? !strstr(step->advice, advice) : step->advice[0]))
                fail_msg("%s: %s -> %s", check_grade_name(step->grade), step->sentence,
                         step->advice);
}

static void expect_verdict(struct check *check, bool is_good, const char *sentence)
{
        const struct check_report *report = check_report(check);
        assert_true(report->is_over);
        assert_int_equal(report->is_good, is_good);
        assert_int_equal(report->steps[report->count - 1].kind, CHECK_VERDICT);
        if (!strstr(report->steps[report->count - 1].sentence, sentence))
                fail_msg("verdict: %s", report->steps[report->count - 1].sentence);
        check_destroy(check);
}

static void answer_options(struct scene *s, unsigned status, const char *headers)
{
        take_request(s, SIP_OPTIONS);
        peer_reply(s, status, "t", headers, NULL);
        scene_run(s, 10);
}

static void a_carrier_that_answers_is_ready(void **state)
{
        struct scene *s = *state;
        struct check *check = begin(s);
        assert_false(check_report(check)->is_over);
        expect_step(check, CHECK_RESOLVE, CHECK_GOOD, "192.0.2.10:5060 (UDP)", NULL);
        expect_step(check, CHECK_CONNECT, CHECK_GOOD, "nothing to connect", NULL);
        answer_options(s, 200, "Allow: INVITE, BYE\r\nServer: edge\r\n");
        expect_step(check, CHECK_OPTIONS, CHECK_GOOD, "with 200 OK after", NULL);
        assert_non_null(strstr(step_of(check, CHECK_OPTIONS, 0)->sentence,
                               "It calls itself \"edge\". It allows INVITE, BYE."));
        expect_step(check, CHECK_ADDRESS, CHECK_NOTE, "does not say as whom", NULL);
        expect_step(check, CHECK_INCOMING, CHECK_NOTE, "No call has come", NULL);
        expect_verdict(check, true, "is ready");
        expect_silence(s);
        expect_no_event(s);
}

static void a_refusal_of_options_shows_that_it_is_there(void **state)
{
        static const unsigned statuses[] = {403, 404, 405, 480, 501};
        struct scene *s = *state;
        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
                struct check *check = begin(s);
                answer_options(s, statuses[i], "");
                assert_non_null(
                        strstr(step_of(check, CHECK_OPTIONS, 0)->sentence, "but it is there"));
                assert_true(check_report(check)->is_good);
                check_destroy(check);
        }
}

static void a_dark_carrier_does_not_work_and_is_not_waited_for_long(void **state)
{
        struct scene *s = *state;
        struct check *check = begin(s);
        scene_run(s, 3900);
        assert_false(check_report(check)->is_over);
        scene_run(s, 200);
        expect_step(check, CHECK_OPTIONS, CHECK_BAD, "does not answer OPTIONS at all", "firewall");
        expect_verdict(check, false, "does not work: 1 thing");
        forget_messages(s);
}

static void an_overloaded_carrier_does_not_work(void **state)
{
        struct scene *s = *state;
        struct check *check = begin(s);
        answer_options(s, 503, "Retry-After: 10\r\n");
        expect_step(check, CHECK_OPTIONS, CHECK_BAD, "takes no calls for now", "later");
        expect_verdict(check, false, "does not work");
}

static void a_name_that_stands_for_nothing_is_said_so(void **state)
{
        struct scene *s = *state;
        strcpy(s->trunk.peer_host, "nowhere.example");
        put_trunk(s);
        struct check *check = begin(s);
        scene_run(s, 10000);
        expect_step(check, CHECK_RESOLVE, CHECK_BAD, "nowhere.example cannot be resolved", "dig");
        expect_verdict(check, false, "does not work");
        strcpy(s->trunk.peer_host, "192.0.2.10");
        put_trunk(s);
}

static void a_password_is_refused_missing_or_for_another_realm(void **state)
{
        static const char challenge[] =
                "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
        struct scene *s = *state;
        struct check *check = begin(s);
        answer_options(s, 401, challenge);
        expect_step(check, CHECK_OPTIONS, CHECK_BAD, "and the trunk has none", "--password");
        expect_verdict(check, false, "does not work");

        strcpy(s->trunk.username, "acme");
        put_trunk(s);
        check = begin(s);
        answer_options(s, 401, challenge);
        answer_options(s, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"m\"\r\n");
        expect_step(check, CHECK_OPTIONS, CHECK_BAD, "refuses our user name and password", "again");
        expect_verdict(check, false, "does not work");

        strcpy(s->trunk.realm, "carrier.example");
        put_trunk(s);
        check = begin(s);
        answer_options(s, 401, challenge);
        expect_step(check, CHECK_OPTIONS, CHECK_BAD, "to \"carrier.example\" only", "--realm 'r'");
        expect_verdict(check, false, "does not work");

        /* Nothing that a shell would read otherwise is offered to be pasted. */
        check = begin(s);
        answer_options(s, 401,
                       "WWW-Authenticate: Digest realm=\"r' --realm 'x\", nonce=\"n\", "
                       "qop=\"auth\"\r\n");
        expect_step(check, CHECK_OPTIONS, CHECK_BAD, "to \"carrier.example\" only",
                    "make it the trunk's realm");
        expect_verdict(check, false, "does not work");
}

static void a_nat_between_us_is_noticed(void **state)
{
        struct scene *s = *state;
        char reply[DATAGRAM_MAX], text[DATAGRAM_MAX];
        struct check *check = begin(s);
        take_request(s, SIP_OPTIONS);
        peer_compose_reply(reply, s->last, 200, "t", "", NULL);
        char *rport = strstr(reply, ";rport");
        int len = snprintf(text, sizeof text, "%.*s;received=203.0.113.9;rport=6123%s",
                           (int)(rport - reply), reply, rport + strlen(";rport"));
        assert_true(len > 0 && (size_t)len < sizeof text);
        peer_send(s, text);
        scene_run(s, 10);
        expect_step(check, CHECK_ADDRESS, CHECK_WARN, "sees us as 203.0.113.9:6123",
                    "--advertised 203.0.113.9");
        expect_verdict(check, true, "with 1 warning");
}

static void strangers_are_named_with_what_they_sent(void **state)
{
        struct scene *s = *state;
        send_from(s, "203.0.113.5:5060", "OPTIONS sip:x SIP/2.0\r\n\r\n");
        send_from(s, "203.0.113.5:5062", "OPTIONS sip:x SIP/2.0\r\n\r\n");
        send_from(s, "203.0.113.6:5060", "OPTIONS sip:x SIP/2.0\r\n\r\n");
        struct check *check = begin(s);
        answer_options(s, 200, "");
        assert_non_null(strstr(step_of(check, CHECK_INCOMING, 1)->sentence,
                               "203.0.113.6:5060, which is no trunk's, 1 packet was dropped"));
        assert_non_null(
                strstr(step_of(check, CHECK_INCOMING, 2)->sentence, "2 packets were dropped"));
        expect_verdict(check, true, "is ready");
}

static void the_last_call_from_it_is_told(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg = incoming_call(s);
        sip_leg_reject(s->ua, leg, 404, 0);
        scene_run(s, 1);
        take_status(s, 404);
        peer_ack_failure(s);
        expect_ended(s, leg, SIP_END_LOCAL, 404);
        scene_run(s, 7000);
        struct check *check = begin(s);
        answer_options(s, 200, "");
        expect_step(check, CHECK_INCOMING, CHECK_GOOD, "came 7 s ago", NULL);
        expect_verdict(check, true, "is ready");
}

static void who_gives_up_leaves_nothing_behind(void **state)
{
        struct scene *s = *state;
        struct check *check = begin(s);
        take_request(s, SIP_OPTIONS);
        check_destroy(check);
        peer_reply(s, 200, "t", "", NULL);
        scene_run(s, 60000);
        expect_silence(s);
        check_destroy(NULL);
        const struct check_params nobody = {
                .io = s->io, .ua = s->ua, .trunks = s->trunks, .trunk_id = 99};
        assert_int_equal(check_start(&nobody, &check), ERR_NOT_FOUND);
}

/* What the words say of values that a simulated peer does not show. */

static void words_of_connections(void **state)
{
        (void)state;
        struct check_step step;
        struct check_connection c = {.target = {.transport = SIP_TLS}, .took_ms = 12};
        assert_int_equal(addr_parse(SLICE("192.0.2.1:5061"), 0, &c.target.addr), 0);
        c.has_tls = true;
        c.tls = (struct tls_facts){.version = "TLSv1.3",
                                   .has_certificate = true,
                                   .subject = "CN=sip.example",
                                   .issuer = "CN=ca"};
        c.tls.expires_ms = INT64_C(86400000) * 100;
        check_words_connect(&step, &c);
        assert_int_equal(step.grade, CHECK_GOOD);
        assert_non_null(strstr(step.sentence, "certificate of CN=sip.example, issued by CN=ca"));
        assert_non_null(strstr(step.sentence, "100 more days"));
        c.now_ms = INT64_C(86400000) * 90;
        check_words_connect(&step, &c);
        assert_int_equal(step.grade, CHECK_WARN);
        assert_non_null(strstr(step.advice, "expires"));
        static const struct {
                int err;
                const char *advice;
        } rows[] = {{ERR_UNTRUSTED, "tls_ca"},
                    {-EPROTO, "TLS 1.2"},
                    {-ECONNREFUSED, "Nobody listens"},
                    {-ETIMEDOUT, "firewall"}};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                c.err = rows[i].err;
                c.reason = "a reason";
                check_words_connect(&step, &c);
                assert_int_equal(step.grade, CHECK_BAD);
                assert_non_null(strstr(step.sentence, "a reason"));
                assert_non_null(strstr(step.advice, rows[i].advice));
        }
}

static void words_of_registrars(void **state)
{
        (void)state;
        static const struct {
                struct sip_probe_result result;
                struct sip_registration registration;
                enum check_grade grade;
                const char *sentence;
        } rows[] = {
                {{.outcome = SIP_PROBE_NO_ANSWER}, {0}, CHECK_BAD, "does not answer"},
                {{.status = 200, .bindings = 1, .is_bound = true}, {0}, CHECK_GOOD, "1 binding)"},
                {{.status = 200, .bindings = 2},
                 {.is_registered = true},
                 CHECK_NOTE,
                 "does not list"},
                {{.status = 200},
                 {.problem = SIP_REGISTRATION_NOT_KEPT},
                 CHECK_BAD,
                 "not registered: "},
                {{.status = 405}, {0}, CHECK_BAD, "is no registrar"},
                {{.status = 404}, {0}, CHECK_BAD, "refuses us: 404"},
                {{.status = 403}, {0}, CHECK_BAD, "refuses us: 403"},
                {{.status = 401, .login = SIP_PROBE_BAD_PASSWORD},
                 {0},
                 CHECK_BAD,
                 "refuses our user"},
                {{.status = 401, .login = SIP_PROBE_UNSUITABLE}, {0}, CHECK_BAD, "not Digest"},
        };
        const struct trunk trunk = {.name = "t"};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct check_step step;
                check_words_login(&step, &trunk, &rows[i].registration, &rows[i].result);
                assert_int_equal(step.grade, rows[i].grade);
                if (!strstr(step.sentence, rows[i].sentence))
                        fail_msg("%s", step.sentence);
        }
}

static void words_of_clocks_and_of_a_trunk_without_peer(void **state)
{
        (void)state;
        struct check_step step;
        const struct trunk trunk = {.name = "t"};
        struct sip_probe_result result = {.has_date = true, .date_ahead_ms = 4000};
        assert_true(check_words_clock(&step, &result));
        assert_int_equal(step.grade, CHECK_GOOD);
        result.date_ahead_ms = -90000;
        assert_true(check_words_clock(&step, &result));
        assert_int_equal(step.grade, CHECK_WARN);
        assert_non_null(strstr(step.sentence, "90 s behind ours"));
        result.has_date = false;
        assert_false(check_words_clock(&step, &result));
        check_words_resolve(&step, &trunk, 0, NULL, NULL);
        assert_non_null(strstr(step.sentence, "can only wait for calls"));
}

static void a_target_that_is_not_called_is_marked(void **state)
{
        (void)state;
        struct check_step step;
        const struct trunk trunk = {.name = "t", .peer_host = "sip.example"};
        struct locate_answer answer = {.count = 2, .ttl_s = 60}, called;
        answer.targets[0].addr =
                (struct addr){.family = 6, .port = 5060, .ip = {0x20, 1, 0xd, 0xb8}};
        answer.targets[1].addr = (struct addr){.family = 4, .port = 5060, .ip = {192, 0, 2, 1}};
        called = answer;
        check_words_resolve(&step, &trunk, 0, &answer, &called);
        assert_non_null(strstr(step.sentence, "[2001:db8::]:5060 (UDP), 192.0.2.1:5060 (UDP);"));
        assert_string_equal(step.advice, "");
        called.count = 1;
        called.targets[0] = answer.targets[1];
        check_words_resolve(&step, &trunk, 0, &answer, &called);
        assert_non_null(strstr(step.sentence,
                               "[2001:db8::]:5060 (UDP, not called), 192.0.2.1:5060 (UDP);"));
        assert_non_null(strstr(step.advice, "sip_listen"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_carrier_that_answers_is_ready),
                TEST(a_refusal_of_options_shows_that_it_is_there),
                TEST(a_dark_carrier_does_not_work_and_is_not_waited_for_long),
                TEST(an_overloaded_carrier_does_not_work),
                TEST(a_name_that_stands_for_nothing_is_said_so),
                TEST(a_target_that_is_not_called_is_marked),
                TEST(a_password_is_refused_missing_or_for_another_realm),
                TEST(a_nat_between_us_is_noticed),
                TEST(strangers_are_named_with_what_they_sent),
                TEST(the_last_call_from_it_is_told),
                TEST(who_gives_up_leaves_nothing_behind),
                cmocka_unit_test(words_of_connections),
                cmocka_unit_test(words_of_registrars),
                cmocka_unit_test(words_of_clocks_and_of_a_trunk_without_peer),
        };
        return RUN_TESTS(tests);
}
