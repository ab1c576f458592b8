/* SPDX-License-Identifier: Apache-2.0 */
/* How numbers are written towards a carrier, over REST. */
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#include "rig.h"

static int set_up(void **state)
{
        static struct rig rig;
        rig_open(&rig, false);
        *state = &rig;
        return 0;
}

static int tear_down(void **state)
{
        rig_close(*state);
        return 0;
}

#define TRUNK(more) "{\"name\":\"east\",\"sources\":[\"192.0.2.1\"],\"peer\":\"192.0.2.1\"" more "}"
#define PLAN                                                                                       \
        ",\"country\":\"91\",\"international\":\"00\",\"national\":\"0\",\"digits_min\":10,"       \
        "\"digits_max\":10"

static void nothing_said_is_what_most_carriers_take(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(rig, 201, "POST", "/v1/trunks", TRUNK(""));
        static const char *const rows[][2] = {
                {"number_form", "plus"}, {"from_form", "default"},   {"request_form", "default"},
                {"from_user", "shown"},  {"asserted_user", "shown"}, {"from_domain", "own"},
                {"display_name", ""},    {"privacy", "absent"},      {"charge_info", "absent"},
                {"request_prefix", ""},  {"caller_prefix", ""},      {"dialled_prefix", ""},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                assert_string_equal(text_of(made, rows[i][0]), rows[i][1]);
        assert_true(json_is_false(json_object_get(made, "user_phone")));
        assert_true(json_is_null(json_object_get(made, "pilot")));
        assert_int_equal(json_array_size(json_object_get(made, "headers")), 0);
        json_decref(made);
}

static void a_template_is_shown_as_it_was_given_but_for_values_of_headers(void **state)
{
        struct rig *rig = *state;
        json_t *made = rig_expect(
                rig, 201, "POST", "/v1/trunks",
                TRUNK(PLAN ",\"number_form\":\"digits\",\"from_form\":\"national\","
                           "\"asserted_form\":\"plus\",\"to_form\":\"local\","
                           "\"request_form\":\"international\",\"send_asserted\":true,"
                           "\"from_user\":\"pilot\",\"pilot\":\"090000 00099\","
                           "\"from_domain\":\"carrier.example\",\"display_name\":\"Acme, Inc\","
                           "\"privacy\":\"none\",\"charge_info\":\"pilot\",\"user_phone\":true,"
                           "\"request_prefix\":\"12#\",\"caller_prefix\":\"5\","
                           "\"dialled_prefix\":\"77*\",\"headers\":[{\"name\":\"X-Token\","
                           "\"value\":\"correct-horse\"},{\"name\":\"X-B\",\"value\":\"b\"}]"));
        static const char *const rows[][2] = {
                {"number_form", "digits"},
                {"from_form", "national"},
                {"asserted_form", "plus"},
                {"to_form", "local"},
                {"request_form", "international"},
                {"from_user", "pilot"},
                {"pilot", "+919000000099"},
                {"from_domain", "carrier.example"},
                {"display_name", "Acme, Inc"},
                {"privacy", "none"},
                {"charge_info", "pilot"},
                {"request_prefix", "12#"},
                {"caller_prefix", "5"},
                {"dialled_prefix", "77*"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                assert_string_equal(text_of(made, rows[i][0]), rows[i][1]);
        assert_true(json_is_true(json_object_get(made, "user_phone")));
        const json_t *headers = json_object_get(made, "headers");
        assert_int_equal(json_array_size(headers), 2);
        assert_string_equal(text_of(json_array_get(headers, 0), "name"), "X-Token");
        char *text = json_dumps(made, 0);
        assert_null(strstr(text, "correct-horse"));
        free(text);
        json_t *shown = rig_expect(rig, 200, "GET", "/v1/trunks/east", NULL);
        assert_true(json_equal(made, shown));
        json_decref(made);
        json_decref(shown);

        /* Signalling knows it, too. */
        const struct sip_trunk_state *trunk = sip_trunks_find(rig->trunks, 1);
        assert_non_null(trunk);
        const struct slice lines = {trunk->headers, trunk->headers_bytes};
        assert_true(slice_equal(lines, SLICE("X-Token: correct-horse\r\nX-B: b\r\n")));
}

static void what_is_changed_later_leaves_the_rest(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks",
                               TRUNK(PLAN ",\"request_prefix\":\"12#\",\"send_asserted\":true,"
                                          "\"headers\":[{\"name\":\"X-A\",\"value\":\"a\"}]")));
        json_t *json = rig_expect(rig, 200, "PATCH", "/v1/trunks/east",
                                  "{\"from_user\":\"pilot\",\"pilot\":\"+919000000099\","
                                  "\"caller_from\":\"asserted\",\"number_form\":\"local\"}");
        assert_string_equal(text_of(json, "request_prefix"), "12#");
        assert_string_equal(text_of(json, "from_user"), "pilot");
        assert_string_equal(text_of(json, "caller_from"), "asserted");
        assert_string_equal(text_of(json, "number_form"), "local");
        assert_int_equal(json_array_size(json_object_get(json, "headers")), 1);
        json_decref(json);
        json = rig_expect(rig, 200, "PATCH", "/v1/trunks/east",
                          "{\"from_user\":\"shown\",\"pilot\":\"\",\"request_prefix\":\"\","
                          "\"headers\":[],\"from_domain\":\"peer\"}");
        assert_string_equal(text_of(json, "request_prefix"), "");
        assert_string_equal(text_of(json, "from_domain"), "peer");
        assert_true(json_is_null(json_object_get(json, "pilot")));
        assert_int_equal(json_array_size(json_object_get(json, "headers")), 0);
        assert_int_equal(sip_trunks_find(rig->trunks, 1)->headers_bytes, 0);
        json_decref(json);
}

static void what_the_called_party_could_not_see_is_refused(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body, *field, *detail;
        } rows[] = {
                {TRUNK(",\"from_form\":\"roman\""), "from_form", "\\\"international\\\""},
                {TRUNK(",\"number_form\":\"default\""), "number_form", "\\\"plus\\\""},
                {TRUNK(",\"to_form\":\"local\""), "country", "to_form local needs a country"},
                {TRUNK(",\"request_form\":\"international\""), "international", "prefix"},
                {TRUNK(",\"from_user\":\"pilot\""), "pilot", "must be given"},
                {TRUNK(",\"from_user\":\"pilot\",\"pilot\":\"+919000000099\""), "send_asserted",
                 "must be in From or in P-Asserted-Identity"},
                {TRUNK(",\"from_user\":\"username\",\"send_asserted\":true"), "from_user",
                 "no user name"},
                {TRUNK(",\"privacy\":\"id\""), "send_asserted", "must be in From"},
                {TRUNK(",\"asserted_user\":\"username\""), "asserted_user", "pilot"},
                {TRUNK(",\"charge_info\":\"pilot\""), "pilot", "must be given"},
                {TRUNK(",\"pilot\":\"x\""), "pilot", "no telephone number"},
                {TRUNK(",\"from_domain\":\"a b\""), "from_domain", "host name"},
                {TRUNK(",\"from_domain\":\"\""), "from_domain", "host name"},
                {TRUNK(",\"display_name\":\"98888 00001\""), "display_name", "telephone number"},
                {TRUNK(",\"request_prefix\":\"1 2\""), "request_prefix", "at most 16 digits"},
                {TRUNK(",\"request_prefix\":\"abc\""), "request_prefix", "at most 16 digits"},
                {TRUNK(",\"caller_prefix\":\"01234567890123456\""), "caller_prefix", "at most 16"},
                {TRUNK(",\"dialled_prefix\":\";\""), "dialled_prefix", "at most 16"},
                {TRUNK(",\"tolerates\":[\"everything\"]"), "tolerates", "short-body"},
                {TRUNK(",\"tolerates\":[1]"), "tolerates", "no-contact"},
                {TRUNK(",\"user_phone\":1"), "user_phone", "true or false"},
                {TRUNK(",\"headers\":{}"), "headers", "a list"},
                {TRUNK(",\"headers\":[\"X: y\"]"), "headers", "an object"},
                {TRUNK(",\"headers\":[{\"name\":\"X-A\"}]"), "headers[0].value", "missing"},
                {TRUNK(",\"headers\":[{\"name\":\"Via\",\"value\":\"a\"}]"), "headers",
                 "by Maskline itself"},
                {TRUNK(",\"headers\":[{\"name\":\"X-A\",\"value\":\"a\\r\\nVia: b\"}]"), "headers",
                 "printable"},
                {TRUNK(",\"headers\":[{\"name\":\"X-A\",\"value\":\"+919888800001\"}]"), "headers",
                 "telephone number"},
                {TRUNK(",\"headers\":[{},{},{},{},{}]"), "headers", "at most 4"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/trunks", rows[i].body);
                if (reply.status != 422 || strcmp(reply_text(&reply, "field"), rows[i].field) ||
                    !strstr(reply.text, rows[i].detail) || !reply_text(&reply, "remedy")[0])
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                reply_free(&reply);
        }
        json_t *list = rig_expect(rig, 200, "GET", "/v1/trunks", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "trunks")), 0);
        json_decref(list);
}

static void what_is_tolerated_is_named_counted_and_taken_back(void **state)
{
        struct rig *rig = *state;
        json_t *json = rig_expect(rig, 201, "POST", "/v1/trunks",
                                  TRUNK(",\"tolerates\":[\"no-contact\",\"short-body\"]"));
        assert_int_equal(json_array_size(json_object_get(json, "tolerates")), 2);
        const json_t *counts = json_object_get(json, "tolerated");
        assert_true(json_is_integer(json_object_get(counts, "short-body")));
        json_decref(json);
        json = rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{\"user_phone\":true}");
        assert_int_equal(json_array_size(json_object_get(json, "tolerates")), 2);
        json_decref(json);
        json = rig_expect(rig, 200, "PATCH", "/v1/trunks/east", "{\"tolerates\":[]}");
        assert_int_equal(json_array_size(json_object_get(json, "tolerates")), 0);
        json_decref(json);
}

static void a_user_name_that_is_in_use_is_not_taken_away(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/trunks",
                               TRUNK(",\"username\":\"acme\",\"password\":\"p\","
                                     "\"from_user\":\"username\",\"send_asserted\":true")));
        struct reply reply = rig_ask(rig, "PATCH", "/v1/trunks/east", "{\"username\":\"\"}");
        assert_int_equal(reply.status, 422);
        assert_string_equal(reply_text(&reply, "field"), "from_user");
        reply_free(&reply);
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/trunks/east",
                               "{\"username\":\"\",\"from_user\":\"shown\"}"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(nothing_said_is_what_most_carriers_take),
                TEST(a_template_is_shown_as_it_was_given_but_for_values_of_headers),
                TEST(what_is_changed_later_leaves_the_rest),
                TEST(what_the_called_party_could_not_see_is_refused),
                TEST(what_is_tolerated_is_named_counted_and_taken_back),
                TEST(a_user_name_that_is_in_use_is_not_taken_away),
        };
        return RUN_TESTS(tests);
}
