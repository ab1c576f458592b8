/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language of flows: what is wrong in a flow is refused, and what goes otherwise than written
 * fails.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "flow.h"

static const char call[] = "session agent customer M1 M2\n"
                           "agent -> INVITE M1 sdp\n"
                           "agent <- 100\n"
                           "customer <- INVITE to customer from M2 below 1200 sdp pcma pcmu\n"
                           "customer -> 180\n"
                           "agent <- 180 sdp\n"
                           "agent hears ringback\n"
                           "customer -> 200 sdp pcma\n"
                           "customer <- ACK without Contact\n"
                           "agent <- 200 has Allow sdp same\n"
                           "agent -> ACK\n"
                           "agent hears customer\n"
                           "after 5s\n"
                           "customer presses 7\n"
                           "agent got-digits 7\n"
                           "agent -> BYE\n"
                           "agent <- 200\n"
                           "customer <- BYE with \"Max-Forwards: 70\"\n"
                           "customer -> 200\n"
                           "record A cause 4000 source Caller verdict connect status 200 answered\n"
                           "record B cause 4000\n"
                           "counter connected 1\n";

/* Told to call itself so, Maskline speaks of the south in every message to the north. */
static const char leaking[] = "trunk north source 127.0.0.11 peer 127.0.0.11:5060 "
                              "advertised 127.0.0.12:5060\n"
                              "session agent customer M1 M2\n"
                              "customer -> INVITE M2 sdp\n"
                              "customer <- 100\n"
                              "agent <- INVITE sdp\n";

/* `call` with the first `from` replaced. */
static char *changed(const char *from, const char *to)
{
        const char *at = strstr(call, from);
        assert_non_null(at);
        char *text = malloc(sizeof call + strlen(to));
        assert_non_null(text);
        sprintf(text, "%.*s%s%s", (int)(at - call), call, to, at + strlen(from));
        return text;
}

static bool plays(const char *text, char **report)
{
        char problem[FLOW_PROBLEM_BYTES];
        struct flow *flow = flow_read("test.flow", text, problem);
        if (!flow)
                fail_msg("%s", problem);
        bool is_good = flow_play(flow, 1, report);
        flow_destroy(flow);
        return is_good;
}

static void a_call_goes_as_written(void **state)
{
        (void)state;
        char *report = NULL;
        if (!plays(call, &report))
                fail_msg("%s", report);
}

static void a_wrong_expectation_fails(void **state)
{
        (void)state;
        static const char *const changes[][2] = {
                {"agent <- 100", "agent <- 180"},
                {"agent <- 100\n", ""},
                {"agent <- 100", "agent <- 100 sdp"},
                {"customer <- INVITE", "stranger <- INVITE"},
                {"customer <- INVITE", "customer <- BYE"},
                {"to customer", "to stranger"},
                {"from M2", "from M1"},
                {"below 1200", "below 100"},
                {"sdp pcma pcmu", "sdp pcmu"},
                {"sdp pcma pcmu", "sdp pcmu pcma"},
                {"sdp pcma pcmu", "sdp no-dtmf"},
                {"sdp pcma pcmu", "sdp sendonly"},
                {"sdp pcma pcmu", "sdp video"},
                {"sdp pcma pcmu", ""},
                {"customer -> 180", "customer -> 180 lost"},
                {"agent <- 180 sdp", "agent <- 180"},
                {"agent hears ringback", "agent hears customer"},
                {"agent hears ringback", "agent hears nothing"},
                {"ACK without Contact", "ACK without Via"},
                {"ACK without Contact", "ACK again"},
                {"ACK without Contact", "ACK tag other"},
                {"has Allow", "has Supported"},
                {"200 has Allow sdp same", "200 for BYE has Allow sdp same"},
                {"200 has Allow sdp same", "200 has Allow sdp"},
                {"agent -> ACK", "agent -> ACK lost"},
                {"agent hears customer", "agent hears nothing"},
                {"agent hears customer", "customer hears customer"},
                {"got-digits 7", "got-digits 77"},
                {"agent <- 200\n", ""},
                {"customer <- BYE", "customer/2 <- BYE"},
                {"Max-Forwards: 70", "Max-Forwards: 7"},
                {"customer -> 200\nrecord", "record"},
                {"cause 4000", "cause 4001"},
                {"source Caller", "source Callee"},
                {"verdict connect", "verdict stranger"},
                {"status 200", "status 486"},
                {"answered", "unanswered"},
                {"record B cause 4000", "record B cause 1000"},
                {"record B cause 4000", "no-record"},
                {"counter connected 1", "counter connected 2"},
                {"counter connected 1", "counter conected 1"},
                {"agent -> BYE", "nobody -> BYE"},
                {"session agent customer M1 M2\n", ""},
        };
        for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
                char *text = changed(changes[i][0], changes[i][1]), *report = NULL;
                if (plays(text, &report))
                        fail_msg("'%s' for '%s' is not noticed", changes[i][1], changes[i][0]);
                assert_non_null(report);
                free(report);
                free(text);
        }
}

static void the_report_shows_both_sides(void **state)
{
        (void)state;
        char *text = changed("agent <- 180 sdp", "agent <- 183 sdp"), *report = NULL;
        assert_false(plays(text, &report));
        assert_non_null(strstr(report, "test.flow:6: it is no 183"));
        assert_non_null(strstr(report, "agent      -> INVITE sip:+919000000001@127.0.0.1:5060"));
        assert_non_null(strstr(report, "|   2 agent -> INVITE M1 sdp\n"));
        assert_non_null(strstr(report, "agent      <- 180 Ringing (sdp)"));
        assert_non_null(strstr(report, "|     (not expected)\n"));
        assert_non_null(strstr(report, "|   6 agent <- 183 sdp\n"));
        free(report);
        free(text);
}

static void a_number_of_the_other_side_fails(void **state)
{
        (void)state;
        char *report = NULL;
        assert_false(plays(leaking, &report));
        assert_non_null(strstr(report, "an address of south goes to 127.0.0.11:5060"));
        free(report);
}

static bool storms(const char *text, uint64_t seed, char **report)
{
        char problem[FLOW_PROBLEM_BYTES];
        struct flow *flow = flow_read("test.flow", text, problem);
        if (!flow)
                fail_msg("%s", problem);
        bool is_good = flow_storm(flow, seed, &flow_bad_network, report);
        flow_destroy(flow);
        return is_good;
}

static void a_storm_takes_another_course_and_keeps_the_rules(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 5; seed++) {
                char *report = NULL;
                if (!storms(call, seed, &report))
                        fail_msg("%s", report);
        }
}

static void a_seed_repeats_its_storm(void **state)
{
        (void)state;
        char *reports[3] = {NULL};
        assert_false(storms(leaking, 7, &reports[0]));
        assert_false(storms(leaking, 7, &reports[1]));
        assert_false(storms(leaking, 8, &reports[2]));
        assert_string_equal(reports[0], reports[1]);
        assert_string_not_equal(reports[0], reports[2]);
        for (int i = 0; i < 3; i++)
                free(reports[i]);
}

static void a_storm_notices_a_leak(void **state)
{
        (void)state;
        char *report = NULL;
        assert_false(storms(leaking, 1, &report));
        assert_non_null(strstr(report, "an address of south goes to 127.0.0.11:5060"));
        free(report);
}

static void the_same_flow_sends_the_same_bytes(void **state)
{
        (void)state;
        char *text = changed("counter connected 1", "counter connected 2");
        char *first = NULL, *second = NULL;
        assert_false(plays(text, &first));
        assert_false(plays(text, &second));
        assert_string_equal(first, second);
        free(first);
        free(second);
        free(text);
}

static void what_is_no_flow_is_refused(void **state)
{
        (void)state;
        static const struct {
                const char *text, *problem;
        } rows[] = {
                {"", "f:1: nothing is expected"},
                {"agent -> INVITE M1 sdp\n", "f:2: nothing is expected"},
                {"\nagent <- 1000\n", "f:2: not a status: '1000'"},
                {"agent <- 099\n", "f:1: not a status: '099'"},
                {"agent <- ringing\n", "f:1: neither a method nor a status: 'ringing'"},
                {"agent <- 180 spd\n", "f:1: not known here: 'spd'"},
                {"agent <- 180 sdp mp3\n", "f:1: not known here: 'mp3'"},
                {"agent <-\n", "f:1: something is missing after '<-'"},
                {"agent\n", "f:1: no such step: 'agent'"},
                {"agent says hello\n", "f:1: not known here: 'says'"},
                {"agent -> INVITE M9\n", "f:1: nobody's number: 'M9'"},
                {"agent <- INVITE after 5s\n", "f:1: 'after' says when something comes again"},
                {"agent -> INVITE M1 with Subject\n",
                 "f:1: not a header with its value: 'Subject'"},
                {"agent -> INVITE M1 with \"A: b\n", "f:1: a quote without its end"},
                {"agent hears music\n", "f:1: no sound: 'music'"},
                {"after 5\n", "f:1: not a time (100ms, 5s, 2m, 1h): '5'"},
                {"after -5s\n", "f:1: not a time (100ms, 5s, 2m, 1h): '-5s'"},
                {"trunk north peer 127.0.0.11\n", "f:1: a trunk has a source"},
                {"trunk north source here\n", "f:1: not a source: 'here'"},
                {"trunk north source 127.0.0.11 colour red\n",
                 "f:1: not known of a trunk: 'colour'"},
                {"trunk north source 127.0.0.11 number-form roman\n",
                 "f:1: not known here: 'roman'"},
                {"limit patience 5\n", "f:1: no limit: 'patience'"},
                {"session agent customer M1\n", "f:1: something is missing after 'M1'"},
                {"record C cause 4000\n", "f:1: not known here: 'C'"},
                {"record A reason 4000\n", "f:1: not known of a record: 'reason'"},
                {"record A cause none\n", "f:1: not a number: 'none'"},
                {"counter calls\n", "f:1: something is missing after 'calls'"},
                {"wall-clock away 1h\n", "f:1: not known here: 'away'"},
                {"drain now\n", "f:1: not known here: 'now'"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                char problem[FLOW_PROBLEM_BYTES] = "";
                struct flow *flow = flow_read("f", rows[i].text, problem);
                if (flow || strncmp(problem, rows[i].problem, strlen(rows[i].problem)) != 0)
                        fail_msg("%s: %s", rows[i].text, problem);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_call_goes_as_written),
                cmocka_unit_test(a_wrong_expectation_fails),
                cmocka_unit_test(the_report_shows_both_sides),
                cmocka_unit_test(a_number_of_the_other_side_fails),
                cmocka_unit_test(a_storm_takes_another_course_and_keeps_the_rules),
                cmocka_unit_test(a_storm_notices_a_leak),
                cmocka_unit_test(a_seed_repeats_its_storm),
                cmocka_unit_test(the_same_flow_sends_the_same_bytes),
                cmocka_unit_test(what_is_no_flow_is_refused),
        };
        return RUN_TESTS(tests);
}
