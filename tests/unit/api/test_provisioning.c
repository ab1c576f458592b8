/* SPDX-License-Identifier: Apache-2.0 */
/* Trunks and masking numbers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"
#include "api/rest_trunk_address.h"
#include "rig.h"

static int set_up_behind_nat(void **state)
{
        struct rig *rig = malloc(sizeof *rig);
        rig_open(rig, true);
        *state = rig;
        return 0;
}

static void a_trunk_is_shown_as_it_was_given(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(
                rig, 201, "POST", "/v1/trunks",
                "{\"name\":\"carrier-1\",\"sources\":[\"192.0.2.0/24\",\"198.51.100.7:5070\","
                "\"[2001:db8::/32]:5060\",\"2001:db9::1\"],\"peer\":\"192.0.2.9:5080\","
                "\"caller_from\":\"asserted\",\"dialled_from\":\"to\",\"number_form\":\"national\","
                "\"send_asserted\":true,\"advertised\":\"203.0.113.5\",\"country\":\"91\","
                "\"international\":\"00\",\"national\":\"0\",\"digits_min\":10,\"digits_max\":10,"
                "\"channels_max\":30,\"calls_per_s\":2,\"announcements_max\":5}");
        json_t *shown = rig_expect(rig, 200, "GET", "/v1/trunks/carrier-1", NULL);
        assert_true(json_equal(made, shown));
        assert_string_equal(text_of(shown, "peer"), "192.0.2.9:5080");
        assert_string_equal(text_of(shown, "peer_address"), "192.0.2.9:5080");
        assert_string_equal(text_of(shown, "caller_from"), "asserted");
        assert_string_equal(text_of(shown, "dialled_from"), "to");
        assert_string_equal(text_of(shown, "number_form"), "national");
        assert_string_equal(text_of(shown, "advertised"), "203.0.113.5");
        assert_string_equal(text_of(shown, "country"), "91");
        assert_true(json_is_true(json_object_get(shown, "send_asserted")));
        assert_int_equal(count_of(shown, "digits_min"), 10);
        assert_int_equal(count_of(shown, "channels_max"), 30);
        assert_int_equal(count_of(shown, "calls_per_s"), 2);
        assert_int_equal(count_of(shown, "announcements_max"), 5);

        static const char *const sources[] = {"192.0.2.0/24", "198.51.100.7/32:5070",
                                              "[2001:db8::/32]:5060", "2001:db9::1/128"};
        const json_t *list = json_object_get(shown, "sources");
        assert_int_equal(json_array_size(list), 4);
        for (size_t i = 0; i < 4; i++)
                assert_string_equal(json_string_value(json_array_get(list, i)), sources[i]);
        json_decref(made);
        json_decref(shown);
}

/* The least a trunk needs, with `more` fields; or another value for one of them. */
#define TRUNK(name, sources, peer, more)                                                           \
        "{\"name\":" name ",\"sources\":" sources ",\"peer\":" peer more "}"
#define GOOD(more) TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"192.0.2.1\"", more)

#define LOGIN "\"username\":\"acme\",\"password\":\"correct-horse-battery\""

static const struct sip_trunk_state *state_of(struct rig *rig)
{
        struct sip_target source = {.transport = SIP_UDP};
        assert_int_equal(addr_parse(SLICE("192.0.2.1:5060"), 0, &source.addr), 0);
        return sip_trunks_match(rig->trunks, &source);
}

/* The answer has no password in any member, under any name. */
static json_t *without_password(json_t *answer)
{
        char *text = json_dumps(answer, 0);
        assert_null(strstr(text, "correct-horse"));
        free(text);
        return answer;
}

static void a_password_is_taken_and_never_told(void **state)
{
        struct rig *rig = *state;
        json_t *made = without_password(
                rig_expect(rig, 201, "POST", "/v1/trunks", GOOD("," LOGIN ",\"realm\":\"r\"")));
        json_t *shown = without_password(rig_expect(rig, 200, "GET", "/v1/trunks/east", NULL));
        json_decref(without_password(rig_expect(rig, 200, "GET", "/v1/trunks", NULL)));
        assert_string_equal(text_of(shown, "username"), "acme");
        assert_string_equal(text_of(shown, "realm"), "r");
        assert_true(json_is_true(json_object_get(shown, "password_set")));
        assert_true(json_is_false(json_object_get(shown, "register")));
        assert_null(json_object_get(shown, "password"));
        assert_non_null(state_of(rig)->digest);
        json_decref(made);
        json_decref(shown);
}

static void a_login_is_changed_and_taken_away(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks", GOOD("")));
        assert_null(state_of(rig)->digest);
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{" LOGIN "}"));
        assert_non_null(state_of(rig)->digest);

        json_t *changed = rig_expect(rig, 200, "PATCH", "/v1/trunks/east",
                                     "{\"realm\":\"r\",\"register\":true,\"register_s\":90}");
        assert_string_equal(text_of(changed, "username"), "acme");
        assert_string_equal(text_of(changed, "realm"), "r");
        assert_true(json_is_true(json_object_get(changed, "password_set")));
        assert_true(json_is_true(json_object_get(changed, "register")));
        assert_int_equal(count_of(changed, "register_s"), 90);
        const json_t *registration = json_object_get(changed, "registration");
        assert_string_equal(text_of(registration, "state"), "trying");
        assert_true(json_is_null(json_object_get(registration, "until")));
        assert_true(json_is_null(json_object_get(registration, "problem")));
        assert_string_equal(text_of(changed, "peer"), "192.0.2.1:5060");
        json_decref(changed);
        assert_non_null(state_of(rig)->digest);

        changed = rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{\"username\":\"\"}");
        assert_true(json_is_null(json_object_get(changed, "username")));
        assert_true(json_is_null(json_object_get(changed, "realm")));
        assert_true(json_is_false(json_object_get(changed, "password_set")));
        assert_true(json_is_false(json_object_get(changed, "register")));
        assert_true(json_is_null(json_object_get(changed, "registration")));
        json_decref(changed);
        assert_null(state_of(rig)->digest);
        json_decref(rig_expect(rig, 404, "PATCH", "/v1/trunks/west", "{" LOGIN "}"));
}

static void a_login_that_is_wrong_is_refused(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body, *field;
        } rows[] = {{"{\"username\":\"acme\"}", "password"},
                    {"{\"password\":\"p\"}", "username"},
                    {"{\"register\":true}", "username"},
                    {"{" LOGIN ",\"register_s\":59}", "register_s"},
                    {"{" LOGIN ",\"register_s\":86401}", "register_s"},
                    {"{" LOGIN ",\"realm\":\"a\\\"b\"}", "realm"},
                    {"{\"username\":\"a\\\\b\",\"password\":\"p\"}", "username"},
                    {"{\"username\":\"a\\nb\",\"password\":\"p\"}", "username"},
                    {"{\"username\":\"acme\",\"password\":\"correct-horse\\n\"}", "password"},
                    {"{\"username\":\"acme\",\"password\":\"correct-horse-battery-correct-horse-"
                     "battery-correct-horse-battery\"}",
                     "password"},
                    {"{\"username\":\"\",\"password\":\"correct-horse\"}", "username"},
                    {"{\"username\":7}", "username"},
                    {"{\"peer\":\"192.0.2.2\"}", "known are options_s"}};
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks", GOOD("")));
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "PATCH", "/v1/trunks/east", rows[i].body);
                bool is_refused = reply.status == 400 || reply.status == 422;
                if (!is_refused || !strstr(reply.text, rows[i].field))
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                assert_null(strstr(reply.text, "correct-horse"));
                reply_free(&reply);
        }
        assert_null(state_of(rig)->digest);
}

static void a_login_that_the_disk_refuses_is_taken_back(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks", GOOD("")));
        store_memory_fail(rig->store, 1, 1, -ENOSPC);
        json_decref(rig_expect(rig, 503, "PATCH", "/v1/trunks/east", "{" LOGIN "}"));
        assert_null(state_of(rig)->digest);
        json_t *shown = rig_expect(rig, 200, "GET", "/v1/trunks/east", NULL);
        assert_true(json_is_false(json_object_get(shown, "password_set")));
        json_decref(shown);
}

static void signalling_knows_a_trunk_at_once_and_forgets_it_when_it_is_removed(void **state)
{
        struct rig *rig = *state;
        struct sip_target source = {.transport = SIP_UDP};
        assert_int_equal(addr_parse(SLICE("127.0.0.11:5060"), 0, &source.addr), 0);
        assert_null(sip_trunks_match(rig->trunks, &source));
        rig_provision(rig, 0);
        assert_non_null(sip_trunks_match(rig->trunks, &source));

        json_t *list = rig_expect(rig, 200, "GET", "/v1/trunks", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "trunks")), 2);
        json_decref(list);

        json_decref(rig_expect(rig, 204, "DELETE", "/v1/trunks/north", NULL));
        assert_null(sip_trunks_match(rig->trunks, &source));
        json_decref(rig_expect(rig, 404, "GET", "/v1/trunks/north", NULL));
        json_decref(rig_expect(rig, 404, "DELETE", "/v1/trunks/north", NULL));
}

/* What a body is refused for: the field, and what is said of it. */
static const struct {
        const char *body, *field, *detail;
} wrong_trunks[] = {
        {"{}", "name", "missing"},
        {"{\"name\":\"east\"}", "sources", "missing"},
        {"{\"name\":\"east\",\"sources\":[\"192.0.2.1\"]}", "peer", "missing"},
        {"{\"name\":\"east\",\"sources\":[\"192.0.2.1\"],\"peer\":null}", "peer", "missing"},
        {GOOD(",\"surprise\":1"), "", "known are name"},
        {GOOD(",\"surprise\":1"), "", ", register_s"}, /* to the last */
        {GOOD(",\"advertized\":\"192.0.2.1\""), "", "did you mean \\\"advertised\\\""},
        {TRUNK("7", "[\"192.0.2.1\"]", "\"192.0.2.1\"", ""), "name", "must be a text"},
        {TRUNK("\"\"", "[\"192.0.2.1\"]", "\"192.0.2.1\"", ""), "name", "a-z, 0-9"},
        {TRUNK("\"East\"", "[\"192.0.2.1\"]", "\"192.0.2.1\"", ""), "name", "a-z, 0-9"},
        {TRUNK("\"a/b\"", "[\"192.0.2.1\"]", "\"192.0.2.1\"", ""), "name", "a-z, 0-9"},
        {TRUNK("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "[\"192.0.2.1\"]", "\"192.0.2.1\"", ""),
         "name", "1 to 31"},
        {TRUNK("\"east\"", "\"192.0.2.1\"", "\"192.0.2.1\"", ""), "sources", "a list"},
        {TRUNK("\"east\"", "[]", "\"192.0.2.1\"", ""), "sources", "1 to 8"},
        {TRUNK("\"east\"", "[1]", "\"192.0.2.1\"", ""), "sources[0]", "IP address or"},
        {TRUNK("\"east\"", "[\"192.0.2.1\",\"x\"]", "\"192.0.2.1\"", ""), "sources[1]",
         "IP address or"},
        {TRUNK("\"east\"", "[\"192.0.2.1/24\"]", "\"192.0.2.1\"", ""), "sources[0]",
         "bits set beyond"},
        {TRUNK("\"east\"", "[\"192.0.2.1:0\"]", "\"192.0.2.1\"", ""), "sources[0]", ""},
        {TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"\"", ""), "peer", "host name"},
        {TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"sip:host\"", ""), "peer", "host name"},
        {TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"192.0.2\"", ""), "peer", "host name"},
        {TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"192.0.2.1:0\"", ""), "peer", "host name"},
        {TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"a b\"", ""), "peer", "host name"},
        {TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"host:99999\"", ""), "peer", "host name"},
        {TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"-host\"", ""), "peer", "host name"},
        {GOOD(",\"caller_from\":\"pai\""), "caller_from", "\\\"from\\\", \\\"asserted\\\""},
        {GOOD(",\"dialled_from\":1"), "dialled_from", "a text"},
        {GOOD(",\"number_form\":\"e164\""), "number_form", "plus"},
        {GOOD(",\"number_form\":\"national\""), "country", "needs a country"},
        {GOOD(",\"send_asserted\":\"yes\""), "send_asserted", "true or false"},
        {GOOD(",\"advertised\":\"host\""), "advertised", "IP address"},
        {GOOD(",\"advertised\":\"0.0.0.0\""), "advertised", "IP address"},
        {GOOD(",\"advertised\":\"203.0.113.5,203.0.113.6\""), "advertised", "of one kind"},
        {GOOD(",\"advertised\":\"203.0.113.5,\""), "advertised", "IP address"},
        {GOOD(",\"advertised\":\"203.0.113.5,2001:db8::1\""), "advertised", "IPv4"},
        {GOOD(",\"country\":\"9111\""), "country", "at most 3 digits"},
        {GOOD(",\"country\":\"+91\""), "country", "at most 3 digits"},
        {GOOD(",\"country\":\"091\",\"digits_min\":1,\"digits_max\":1"), "country", "0"},
        {GOOD(",\"country\":\"91\""), "digits_min", "lengths"},
        {GOOD(",\"national\":\"0\""), "country", "needs a country"},
        {GOOD(",\"digits_min\":5"), "digits_max", "less than"},
        {GOOD(",\"digits_max\":16"), "digits_max", "0 to 15"},
        {GOOD(",\"channels_max\":-1"), "channels_max", "0 to 1000000"},
        {TRUNK("\"east\"", "[\"2001:db8::1\"]", "\"192.0.2.1\"", ""), "sources", "IPv4"},
        {TRUNK("\"east\"", "[\"::ffff:192.0.2.1\"]", "\"192.0.2.1\"", ""), "sources", "IPv4"},
        {TRUNK("\"east\"", "[\"192.0.2.1\"]", "\"[2001:db8::1]:5060\"", ""), "peer", "IPv4"},
        {GOOD(",\"advertised\":\"2001:db8::1\""), "advertised", "IPv4"},
        {GOOD(",\"channels_max\":1.5"), "channels_max", "a whole number"},
        {GOOD(",\"channels_max\":1000001"), "channels_max", "0 to 1000000"},
        {GOOD(",\"calls_per_s\":\"2\""), "calls_per_s", "a whole number"},
        {GOOD(",\"redirects\":\"everything\""), "redirects", "\\\"follow\\\""},
        {GOOD(",\"redirects\":true"), "redirects", "text"},
        {GOOD(",\"prack\":\"off\""), "prack", "true or false"},
        {GOOD(",\"session_timer\":0"), "session_timer", "true or false"},
        {GOOD(",\"transport\":\"sctp\""), "transport", "one of"},
        {GOOD(",\"transport\":\"tls\""), "transport", "does not listen for SIP over tls"},
        {GOOD(",\"transport\":\"tcp\""), "transport", "does not listen for SIP over tcp"},
        {GOOD(",\"client_certificate\":\"a.example\""), "client_certificate",
         "only a trunk with transport tls"},
        {GOOD(",\"client_certificate\":\"a b\""), "client_certificate", "a domain"},
        {GOOD(",\"options_s\":9"), "options_s", "0, for never, or a whole number from 10"},
        {GOOD(",\"queue_ms\":30001"), "queue_ms", "0 to 30000"},
        {GOOD(",\"overflow\":\"west\""), "overflow", "a list"},
        {GOOD(",\"overflow\":[\"nowhere\"]"), "overflow", "names of other trunks"},
        {GOOD(",\"overflow\":[\"east\"]"), "overflow", "names of other trunks"},
        {GOOD(",\"overflow\":[7]"), "overflow", "names of other trunks"},
        {GOOD(",\"overflow\":[\"a\",\"b\",\"c\",\"d\",\"e\"]"), "overflow", "4 others"},
        {GOOD(",\"failover_ms\":499"), "failover_ms", "from 500 to 32000"},
        {GOOD(",\"failover_ms\":32001"), "failover_ms", "from 500 to 32000"},
        {GOOD(",\"options_s\":3601"), "options_s", "to 3600"},
        {GOOD(",\"options_s\":-1"), "options_s", "from 10 to 3600"},
};

static void a_trunk_that_is_wrong_is_refused_with_field_and_rule(void **state)
{
        struct rig *rig = *state;
        for (size_t i = 0; i < sizeof wrong_trunks / sizeof wrong_trunks[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/trunks", wrong_trunks[i].body);
                bool refused = reply.status == 422 || reply.status == 409;
                if (!refused || strcmp(reply_text(&reply, "field"), wrong_trunks[i].field) != 0 ||
                    !strstr(reply.text, wrong_trunks[i].detail) ||
                    !reply_text(&reply, "remedy")[0] || strchr(reply_text(&reply, "remedy"), '%'))
                        fail_msg("%s: %s", wrong_trunks[i].body, reply.text);
                reply_free(&reply);
        }
        json_t *list = rig_expect(rig, 200, "GET", "/v1/trunks", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "trunks")), 0);
        json_decref(list);
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks", GOOD("")));
}

static void how_calls_find_their_way_may_be_changed_later(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(rig, 201, "POST", "/v1/trunks", GOOD(""));
        assert_int_equal(count_of(made, "options_s"), TRUNK_OPTIONS_S_DEFAULT);
        assert_string_equal(text_of(made, "state"), "unknown");
        assert_true(json_is_null(json_object_get(made, "state_since")));
        const json_t *target = json_array_get(json_object_get(made, "targets"), 0);
        assert_string_equal(text_of(target, "transport"), "udp");
        assert_string_equal(text_of(target, "state"), "unknown");
        json_decref(made);

        json_t *changed = rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{\"options_s\":0}");
        assert_int_equal(count_of(changed, "options_s"), 0);
        assert_int_equal(count_of(changed, "failover_ms"), TRUNK_FAILOVER_MS_DEFAULT);
        assert_int_equal(state_of(rig)->trunk.options_s, 0);
        json_decref(changed);
        json_decref(rig_expect(rig, 422, "PATCH", "/v1/trunks/east", "{\"options_s\":1}"));
        assert_int_equal(state_of(rig)->trunk.options_s, 0);
}

static void how_requests_go_to_a_carrier_may_be_chosen(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(rig, 201, "POST", "/v1/trunks", GOOD(""));
        assert_string_equal(text_of(made, "transport"), "udp");
        assert_string_equal(text_of(made, "client_certificate"), "");
        json_decref(made);
        json_t *changed =
                rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{\"transport\":\"auto\"}");
        assert_string_equal(text_of(changed, "transport"), "auto");
        assert_int_equal(state_of(rig)->trunk.transport, TRUNK_AUTO);
        json_decref(changed);
        json_decref(rig_expect(rig, 422, "PATCH", "/v1/trunks/east", "{\"transport\":\"tls\"}"));
        assert_int_equal(state_of(rig)->trunk.transport, TRUNK_AUTO);
}

static const char *word_of(const json_t *json, const char *field)
{
        return json_string_value(json_object_get(json, field));
}

static void redirections_are_refused_until_it_is_said_otherwise(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(rig, 201, "POST", "/v1/trunks", GOOD(""));
        assert_string_equal(word_of(made, "redirects"), "refuse");
        assert_false(state_of(rig)->trunk.follows_redirects);
        json_decref(made);
        json_t *changed =
                rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{\"redirects\":\"follow\"}");
        assert_string_equal(word_of(changed, "redirects"), "follow");
        assert_true(state_of(rig)->trunk.follows_redirects);
        json_decref(changed);
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{\"options_s\":0}"));
        assert_true(state_of(rig)->trunk.follows_redirects);
}

static void what_a_carrier_stumbles_over_is_left_out(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(rig, 201, "POST", "/v1/trunks", GOOD(",\"prack\":false"));
        assert_true(json_is_true(json_object_get(made, "session_timer")));
        assert_true(json_is_false(json_object_get(made, "prack")));
        assert_true(state_of(rig)->trunk.no_prack);
        json_decref(made);
        json_t *changed = rig_expect(rig, 200, "PATCH", "/v1/trunks/east",
                                     "{\"session_timer\":false,\"prack\":true}");
        assert_true(json_is_false(json_object_get(changed, "session_timer")));
        assert_true(state_of(rig)->trunk.no_session_timer);
        assert_false(state_of(rig)->trunk.no_prack);
        json_decref(changed);
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{\"options_s\":0}"));
        assert_true(state_of(rig)->trunk.no_session_timer);
}

static void a_trunk_overflows_to_others_that_then_stay(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks", GOOD("")));
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks",
                               TRUNK("\"west\"", "[\"192.0.2.99\"]", "\"192.0.2.99\"",
                                     ",\"overflow\":[\"east\"],\"queue_ms\":1500")));
        json_t *shown = rig_expect(rig, 200, "GET", "/v1/trunks/west", NULL);
        const json_t *list = json_object_get(shown, "overflow");
        assert_int_equal(json_array_size(list), 1);
        assert_string_equal(json_string_value(json_array_get(list, 0)), "east");
        assert_int_equal(count_of(shown, "queue_ms"), 1500);
        assert_int_equal(count_of(shown, "waiting"), 0);
        json_decref(shown);

        json_decref(rig_expect(rig, 409, "DELETE", "/v1/trunks/east", NULL));
        json_decref(rig_expect(rig, 422, "PATCH", "/v1/trunks/west",
                               "{\"overflow\":[\"east\",\"east\"]}"));
        json_decref(rig_expect(rig, 422, "PATCH", "/v1/trunks/west", "{\"overflow\":[\"west\"]}"));
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/trunks/west", "{\"overflow\":[]}"));
        json_decref(rig_expect(rig, 204, "DELETE", "/v1/trunks/east", NULL));
}

static void two_trunks_share_neither_a_name_nor_a_source(void **state)
{
        struct rig *rig = *state;
        rig_provision(rig, 0);
        json_t *same = rig_expect(rig, 409, "POST", "/v1/trunks",
                                  "{\"name\":\"north\",\"sources\":[\"192.0.2.1\"],"
                                  "\"peer\":\"192.0.2.1\"}");
        assert_string_equal(text_of(same, "field"), "name");
        json_decref(same);
        json_t *overlap = rig_expect(rig, 409, "POST", "/v1/trunks",
                                     "{\"name\":\"east\",\"sources\":[\"192.0.2.1\","
                                     "\"127.0.0.0/8\"],\"peer\":\"192.0.2.1\"}");
        assert_string_equal(text_of(overlap, "field"), "sources");
        assert_non_null(strstr(text_of(overlap, "detail"), "north"));
        json_decref(overlap);
}

static void without_an_address_of_our_own_a_trunk_must_name_one(void **state)
{
        struct rig *rig = *state;
        json_t *missing = rig_expect(rig, 422, "POST", "/v1/trunks", GOOD(""));
        assert_string_equal(text_of(missing, "field"), "advertised");
        json_decref(missing);
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks",
                               GOOD(",\"advertised\":\"203.0.113.5\"")));
}

static void with_ipv4_and_ipv6_a_trunk_may_be_of_either_kind(void **state)
{
        (void)state;
        struct rig rig;
        rig_open_both(&rig);
        json_decref(rig_expect(&rig, 201, "POST", "/v1/trunks",
                               TRUNK("\"four\"", "[\"192.0.2.1\"]", "\"192.0.2.1\"", "")));
        json_decref(
                rig_expect(&rig, 201, "POST", "/v1/trunks",
                           TRUNK("\"six\"", "[\"2001:db8::1\"]", "\"[2001:db8::1]:5070\"", "")));
        json_decref(rig_expect(&rig, 201, "POST", "/v1/trunks",
                               TRUNK("\"both\"", "[\"192.0.2.2\",\"2001:db8::2\"]", "\"192.0.2.2\"",
                                     ",\"advertised\":\"[2001:db8::77]:5062,203.0.113.5\"")));
        json_decref(rig_expect(
                &rig, 201, "POST", "/v1/trunks",
                TRUNK("\"tcp\"", "[\"192.0.2.3\"]", "\"192.0.2.3\"", ",\"transport\":\"tcp\"")));
        json_t *deaf = rig_expect(&rig, 422, "POST", "/v1/trunks",
                                  TRUNK("\"deaf\"", "[\"2001:db8::4\"]", "\"2001:db8::4\"",
                                        ",\"transport\":\"tcp\""));
        assert_string_equal(text_of(deaf, "field"), "transport");
        assert_non_null(strstr(text_of(deaf, "detail"), "over tcp at an IPv6 address"));
        json_decref(deaf);
        json_t *shown = rig_expect(&rig, 200, "GET", "/v1/trunks/both", NULL);
        assert_string_equal(text_of(shown, "advertised"), "203.0.113.5, [2001:db8::77]:5062");
        json_decref(shown);
        rig_close(&rig);
}

static void sources_are_read_with_and_without_a_port(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int err;
                uint8_t bits;
                uint16_t port;
        } rows[] = {
                {"192.0.2.7", 0, 32, 0},
                {"192.0.2.0/24", 0, 24, 0},
                {"192.0.2.7:5060", 0, 32, 5060},
                {"192.0.2.0/24:5060", 0, 24, 5060},
                {"0.0.0.0/0", 0, 0, 0},
                {"2001:db8::1", 0, 128, 0},
                {"2001:db8::/32", 0, 32, 0},
                {"[2001:db8::/32]", 0, 32, 0},
                {"[2001:db8::/32]:5060", 0, 32, 5060},
                {"[2001:db8::1]:5060", 0, 128, 5060},
                {"", ERR_SYNTAX, 0, 0},
                {":", ERR_SYNTAX, 0, 0},
                {"192.0.2.7:", ERR_SYNTAX, 0, 0},
                {"192.0.2.7:0", ERR_SYNTAX, 0, 0},
                {"192.0.2.7:65536", ERR_SYNTAX, 0, 0},
                {"192.0.2.7:sip", ERR_SYNTAX, 0, 0},
                {"[", ERR_SYNTAX, 0, 0},
                {"[]", ERR_SYNTAX, 0, 0},
                {"[]:5060", ERR_SYNTAX, 0, 0},
                {"[2001:db8::1", ERR_SYNTAX, 0, 0},
                {"[2001:db8::1]5060", ERR_SYNTAX, 0, 0},
                {"[2001:db8::1]:", ERR_SYNTAX, 0, 0},
                {"192.0.2.7/33", ERR_SYNTAX, 0, 0},
                {"192.0.2.7/24", ERR_RANGE, 0, 0},
                {"sip.example.net", ERR_SYNTAX, 0, 0},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct trunk_source source = {.port = 9};
                int err = rest_trunk_address_parse_source(slice_from(rows[i].text), &source);
                if (err != rows[i].err)
                        fail_msg("\"%s\": %s", rows[i].text, err_text(err));
                assert_int_equal(source.port, err ? 9 : rows[i].port);
                assert_int_equal(source.prefix.bits, rows[i].bits);
        }
}

static void a_number_belongs_to_its_trunk_until_it_is_removed(void **state)
{
        struct rig *rig = *state;
        rig_provision(rig, 0);
        json_t *made = rig_expect(rig, 201, "POST", "/v1/numbers",
                                  "{\"number\":\"090000 00001\",\"trunk\":\"north\"}");
        assert_string_equal(text_of(made, "number"), "+919000000001");
        assert_string_equal(text_of(made, "trunk"), "north");
        json_decref(made);

        json_decref(rig_expect(rig, 409, "POST", "/v1/numbers",
                               "{\"number\":\"+919000000001\",\"trunk\":\"south\"}"));
        json_t *in_use = rig_expect(rig, 409, "DELETE", "/v1/trunks/north", NULL);
        assert_non_null(strstr(text_of(in_use, "remedy"), "Remove its numbers"));
        json_decref(in_use);

        json_decref(rig_expect(rig, 204, "DELETE", "/v1/numbers/%2B919000000001", NULL));
        json_decref(rig_expect(rig, 404, "DELETE", "/v1/numbers/919000000001", NULL));
        json_decref(rig_expect(rig, 404, "DELETE", "/v1/numbers/anonymous", NULL));
        json_decref(rig_expect(rig, 204, "DELETE", "/v1/trunks/north", NULL));
}

static void a_number_that_is_wrong_is_refused(void **state)
{
        struct rig *rig = *state;
        rig_provision(rig, 0);
        static const struct {
                const char *body;
                unsigned status;
                const char *field, *detail;
        } rows[] = {
                {"{\"trunk\":\"north\"}", 422, "number", "missing"},
                {"{\"number\":\"+919000000001\"}", 422, "trunk", "missing"},
                {"{\"number\":919000000001,\"trunk\":\"north\"}", 422, "number", "a text"},
                {"{\"number\":\"12345\",\"trunk\":\"north\"}", 422, "number", "fits no reading"},
                {"{\"number\":\"anonymous\",\"trunk\":\"north\"}", 422, "number",
                 "not a telephone number"},
                {"{\"number\":\"+91900000\",\"trunk\":\"north\"}", 422, "number", "too short"},
                {"{\"number\":\"+919000000001\",\"trunk\":\"nowhere\"}", 404, "trunk",
                 "of this name"},
                {"{\"number\":\"+919000000001\",\"trunk\":\"919888800001\"}", 404, "trunk",
                 "of this name"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/numbers", rows[i].body);
                if (reply.status != rows[i].status ||
                    strcmp(reply_text(&reply, "field"), rows[i].field) != 0 ||
                    !strstr(reply.text, rows[i].detail))
                        fail_msg("%s: %s", rows[i].body, reply.text);
                reply_free(&reply);
        }
}

static void numbers_are_listed_page_by_page(void **state)
{
        struct rig *rig = *state;
        rig_provision(rig, 5);
        char path[96] = "/v1/numbers?limit=2";
        unsigned pages = 0, numbers = 0;
        for (bool more = true; more; pages++) {
                json_t *page = rig_expect(rig, 200, "GET", path, NULL);
                numbers += (unsigned)json_array_size(json_object_get(page, "numbers"));
                more = json_is_string(json_object_get(page, "next"));
                snprintf(path, sizeof path, "/v1/numbers?limit=2&after=%s", text_of(page, "next"));
                json_decref(page);
        }
        assert_int_equal(pages, 3);
        assert_int_equal(numbers, 5);

        static const char *const bad[] = {"limit=0",  "limit=1001", "limit=x",  "limit=1&limit=2",
                                          "limits=1", "after=x",    "after=-1", "limit=%zz"};
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                snprintf(path, sizeof path, "/v1/numbers?%s", bad[i]);
                json_decref(rig_expect(rig, 400, "GET", path, NULL));
        }
}

static void what_the_disk_refuses_is_taken_back_and_said(void **state)
{
        struct rig *rig = *state;
        struct sip_target source = {.transport = SIP_UDP};
        assert_int_equal(addr_parse(SLICE("192.0.2.1:5060"), 0, &source.addr), 0);
        store_memory_fail(rig->store, 1, 1, -ENOSPC);
        json_t *refused = rig_expect(rig, 503, "POST", "/v1/trunks", GOOD(""));
        assert_string_equal(text_of(refused, "type"), "urn:maskline:problem:store");
        json_decref(refused);
        assert_null(sip_trunks_match(rig->trunks, &source));
        json_decref(rig_expect(rig, 404, "GET", "/v1/trunks/east", NULL));

        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks", GOOD("")));
        store_memory_fail(rig->store, 1, 1, -ENOSPC);
        json_decref(rig_expect(rig, 503, "DELETE", "/v1/trunks/east", NULL));
        assert_non_null(sip_trunks_match(rig->trunks, &source));
        json_decref(rig_expect(rig, 200, "GET", "/v1/trunks/east", NULL));
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(a_trunk_is_shown_as_it_was_given),
                WITH_RIG(a_password_is_taken_and_never_told),
                WITH_RIG(a_login_is_changed_and_taken_away),
                WITH_RIG(a_login_that_is_wrong_is_refused),
                WITH_RIG(a_login_that_the_disk_refuses_is_taken_back),
                WITH_RIG(signalling_knows_a_trunk_at_once_and_forgets_it_when_it_is_removed),
                WITH_RIG(a_trunk_that_is_wrong_is_refused_with_field_and_rule),
                WITH_RIG(how_calls_find_their_way_may_be_changed_later),
                WITH_RIG(how_requests_go_to_a_carrier_may_be_chosen),
                WITH_RIG(redirections_are_refused_until_it_is_said_otherwise),
                WITH_RIG(what_a_carrier_stumbles_over_is_left_out),
                WITH_RIG(a_trunk_overflows_to_others_that_then_stay),
                WITH_RIG(two_trunks_share_neither_a_name_nor_a_source),
                cmocka_unit_test_setup_teardown(without_an_address_of_our_own_a_trunk_must_name_one,
                                                set_up_behind_nat, rig_tear_down),
                cmocka_unit_test(with_ipv4_and_ipv6_a_trunk_may_be_of_either_kind),
                cmocka_unit_test(sources_are_read_with_and_without_a_port),
                WITH_RIG(a_number_belongs_to_its_trunk_until_it_is_removed),
                WITH_RIG(a_number_that_is_wrong_is_refused),
                WITH_RIG(numbers_are_listed_page_by_page),
                WITH_RIG(what_the_disk_refuses_is_taken_back_and_said),
        };
        return RUN_TESTS(tests);
}
