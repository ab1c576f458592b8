/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of every model: created, shown and changed by REST, and what calls of theirs would come to. */
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "core/pool_policy.h"
#include "core/tenant.h"
#include "rig.h"

#define P(n) "{\"number\":\"+9198888000" n "\"}"

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 12);
}

static json_t *create(struct rig *rig, const char *body)
{
        return rig_expect(rig, 201, "POST", "/v1/sessions", body);
}

static const json_t *party_of(const json_t *session, unsigned i)
{
        return json_array_get(json_object_get(session, "parties"), i);
}

static void expect_verdict(struct rig *rig, const char *dialled, const char *caller,
                           const char *digits, const char *verdict)
{
        char body[192];
        snprintf(body, sizeof body, "{\"dialled\":\"%s\",\"caller\":\"%s\"%s%s%s}", dialled, caller,
                 digits ? ",\"digits\":\"" : "", digits ? digits : "", digits ? "\"" : "");
        json_t *answer = rig_expect(rig, 200, "POST", "/v1/explain", body);
        if (strcmp(text_of(answer, "verdict"), verdict))
                fail_msg("%s: %s, not %s", body, text_of(answer, "verdict"), verdict);
        json_decref(answer);
}

/* Every row says whom a call reaches, and each of them would get through. */
static void expect_rows(struct rig *rig, const json_t *session, unsigned count)
{
        char path[64];
        const json_t *rows = json_object_get(session, "rows");
        assert_int_equal(json_array_size(rows), count);
        snprintf(path, sizeof path, "/v1/sessions/%s/explain", text_of(session, "id"));
        json_t *told = rig_expect(rig, 200, "GET", path, NULL);
        assert_string_equal(text_of(told, "session"), text_of(session, "id"));
        assert_int_equal(json_array_size(json_object_get(told, "rows")), count);
        for (unsigned i = 0; i < count; i++) {
                const json_t *row = json_array_get(json_object_get(told, "rows"), i);
                assert_string_equal(text_of(row, "sentence"),
                                    text_of(json_array_get(rows, i), "sentence"));
                if (!json_is_true(json_object_get(row, "connects")))
                        fail_msg("%s: %s", text_of(row, "sentence"), text_of(row, "why"));
        }
        json_decref(told);
}

static void a_group_dials_a_number_for_each_other_party(void **state)
{
        struct rig *rig = *state;
        json_t *made = create(rig, "{\"model\":\"group\",\"parties\":[" P("01") "," P("02") "," P(
                                           "03") "," P("04") "]}");
        expect_rows(rig, made, 12);
        const json_t *rows = json_object_get(made, "rows");
        for (unsigned party = 0; party < 4; party++) {
                /* Distinct, or one number would lead to two people. */
                for (unsigned i = 0; i < 3; i++)
                        for (unsigned k = 0; k < i; k++)
                                assert_string_not_equal(
                                        text_of(json_array_get(rows, 3 * party + i), "dials"),
                                        text_of(json_array_get(rows, 3 * party + k), "dials"));
        }
        json_t *shown = json_object_get(made, "id");
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s", json_string_value(shown));
        shown = rig_expect(rig, 200, "GET", path, NULL);
        assert_true(json_equal(json_object_get(shown, "rows"), rows));
        json_decref(shown);
        json_t *list = rig_expect(rig, 200, "GET", "/v1/sessions", NULL);
        const json_t *one = json_array_get(json_object_get(list, "sessions"), 0);
        assert_null(json_object_get(one, "rows"));
        json_decref(list);
        json_decref(made);
}

static void a_party_that_joins_a_group_gets_numbers_and_one_that_leaves_loses_them(void **state)
{
        struct rig *rig = *state;
        json_t *made = create(
                rig, "{\"model\":\"group\",\"parties\":[" P("01") "," P("02") "," P("03") "]}");
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/change", text_of(made, "id"));
        json_decref(made);
        json_t *more = rig_expect(rig, 200, "POST", path,
                                  "{\"edit\":\"add-party\",\"number\":\"+919888800004\"}");
        expect_rows(rig, more, 12);
        json_decref(more);
        json_t *less =
                rig_expect(rig, 200, "POST", path, "{\"edit\":\"remove-party\",\"party\":1}");
        expect_rows(rig, less, 6);
        assert_true(json_is_null(json_object_get(party_of(less, 1), "hint")));
        json_decref(less);
        /* The place is taken again by the next one, and swapped by slot. */
        json_t *again = rig_expect(rig, 200, "POST", path,
                                   "{\"edit\":\"add-party\",\"number\":\"+919888800005\"}");
        expect_rows(rig, again, 12);
        json_decref(again);
        json_t *swapped = rig_expect(rig, 200, "POST", path,
                                     "{\"edit\":\"swap-number\",\"slot\":3,"
                                     "\"dials\":\"+919000000012\"}");
        expect_rows(rig, swapped, 12);
        expect_verdict(rig, "+919000000012", "+919888800001", NULL, "connect");
        json_decref(swapped);
}

static void sides_and_panels_share_a_number_for_each_side(void **state)
{
        struct rig *rig = *state;
        json_t *sides = create(rig, "{\"model\":\"sides\",\"parties\":["
                                    "{\"number\":\"+919888800001\",\"side\":0},"
                                    "{\"number\":\"+919888800002\",\"side\":0},"
                                    "{\"number\":\"+919888800003\",\"side\":1},"
                                    "{\"number\":\"+919888800004\",\"side\":1}]}");
        expect_rows(rig, sides, 4);
        assert_string_equal(text_of(party_of(sides, 0), "dials"),
                            text_of(party_of(sides, 1), "dials"));
        json_decref(sides);
        /* Nobody says a side: the last one is the respondent. */
        json_t *panel = create(
                rig, "{\"model\":\"panel\",\"parties\":[" P("11") "," P("12") "," P("13") "]}");
        expect_rows(rig, panel, 3);
        assert_int_equal(json_integer_value(json_object_get(party_of(panel, 2), "side")), 1);
        json_decref(panel);
}

static void a_one_way_number_is_for_its_callers_or_for_anyone(void **state)
{
        struct rig *rig = *state;
        json_t *listed =
                create(rig, "{\"model\":\"one-way\",\"parties\":[" P("01") "," P("02") "]}");
        expect_rows(rig, listed, 1);
        json_decref(listed);
        json_t *open =
                create(rig, "{\"model\":\"one-way\",\"open\":true,\"parties\":[" P("03") "]}");
        expect_rows(rig, open, 1);
        const json_t *row = json_array_get(json_object_get(open, "rows"), 0);
        assert_true(json_is_null(json_object_get(row, "party")));
        json_decref(open);
        json_t *last = create(rig, "{\"model\":\"last-caller\",\"parties\":[" P("05") "]}");
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/explain", text_of(last, "id"));
        json_t *told = rig_expect(rig, 200, "GET", path, NULL);
        const json_t *rows = json_object_get(told, "rows");
        assert_int_equal(json_array_size(rows), 2);
        assert_string_equal(text_of(json_array_get(rows, 0), "verdict"), "nobody");
        assert_string_equal(text_of(json_array_get(rows, 1), "verdict"), "connect");
        json_decref(told);
        json_decref(last);
}

static void an_extension_is_given_or_drawn_and_told_once(void **state)
{
        struct rig *rig = *state;
        json_t *given = create(rig, "{\"model\":\"extension\",\"parties\":["
                                    "{\"number\":\"+919888800001\",\"pin\":\"4711\","
                                    "\"dials\":\"+919000000001\"}]}");
        expect_rows(rig, given, 1);
        assert_null(json_object_get(party_of(given, 0), "pin"));
        assert_true(json_is_true(json_object_get(party_of(given, 0), "pin_set")));
        json_decref(given);

        json_t *drawn = create(rig, "{\"model\":\"extension\",\"pin_digits\":8,\"parties\":["
                                    "{\"number\":\"+919888800002\",\"pin\":\"generate\","
                                    "\"dials\":\"+919000000001\"},"
                                    "{\"number\":\"+919888800003\",\"pin\":\"generate\"}]}");
        expect_rows(rig, drawn, 2);
        const char *pin = text_of(party_of(drawn, 0), "pin");
        assert_int_equal(strlen(pin), 8);
        assert_string_not_equal(pin, text_of(party_of(drawn, 1), "pin"));
        expect_verdict(rig, "+919000000001", "+919777700001", "4711", "connect");
        expect_verdict(rig, "+919000000001", "+919777700001", pin, "connect");
        expect_verdict(rig, "+919000000001", "+919777700001", "47110", "stranger");

        /* What was given is not told, also where another one's is. */
        json_t *both = create(rig, "{\"model\":\"extension\",\"parties\":["
                                   "{\"number\":\"+919888800004\",\"pin\":\"271828\"},"
                                   "{\"number\":\"+919888800005\",\"pin\":\"generate\"}]}");
        assert_null(json_object_get(party_of(both, 0), "pin"));
        assert_non_null(json_object_get(party_of(both, 1), "pin"));
        json_decref(both);

        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s", text_of(drawn, "id"));
        struct reply shown = rig_ask(rig, "GET", path, NULL);
        assert_null(strstr(shown.text, pin));
        assert_null(json_object_get(party_of(shown.json, 0), "pin"));
        reply_free(&shown);
        json_decref(drawn);
}

static void digits_that_another_session_has_on_the_number_are_a_conflict(void **state)
{
        struct rig *rig = *state;
        json_decref(create(rig, "{\"model\":\"extension\",\"parties\":["
                                "{\"number\":\"+919888800001\",\"pin\":\"4711\","
                                "\"dials\":\"+919000000001\"}]}"));
        struct reply reply = rig_ask(rig, "POST", "/v1/sessions",
                                     "{\"model\":\"extension\",\"parties\":["
                                     "{\"number\":\"+919888800002\",\"pin\":\"4711\","
                                     "\"dials\":\"+919000000001\"}]}");
        assert_int_equal(reply.status, 409);
        assert_null(strstr(reply.text, "4711"));
        reply_free(&reply);
        /* On another number it is nobody's. */
        json_decref(create(rig, "{\"model\":\"extension\",\"parties\":["
                                "{\"number\":\"+919888800002\",\"pin\":\"4711\","
                                "\"dials\":\"+919000000002\"}]}"));
}

static void a_pin_is_set_drawn_and_cleared(void **state)
{
        struct rig *rig = *state;
        json_t *made = create(rig, "{\"parties\":[" P("01") "," P("02") "]}");
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/change", text_of(made, "id"));
        assert_true(json_is_false(json_object_get(party_of(made, 0), "pin_set")));
        json_decref(made);
        json_t *set = rig_expect(rig, 200, "POST", path,
                                 "{\"edit\":\"set-pin\",\"party\":0,\"pin\":\"271828\"}");
        assert_true(json_is_true(json_object_get(party_of(set, 0), "pin_set")));
        assert_null(json_object_get(party_of(set, 0), "pin"));
        json_decref(set);
        json_t *drawn = rig_expect(rig, 200, "POST", path,
                                   "{\"edit\":\"set-pin\",\"party\":1,\"pin\":\"generate\"}");
        assert_int_equal(strlen(text_of(party_of(drawn, 1), "pin")), 6);
        assert_null(json_object_get(party_of(drawn, 0), "pin"));
        json_decref(drawn);
        json_t *clear = rig_expect(rig, 200, "POST", path, "{\"edit\":\"clear-pin\",\"party\":0}");
        assert_true(json_is_false(json_object_get(party_of(clear, 0), "pin_set")));
        assert_true(json_is_true(json_object_get(party_of(clear, 1), "pin_set")));
        json_decref(clear);
        /* Whoever comes in another's place does not have the other's PIN. */
        json_t *replaced = rig_expect(rig, 200, "POST", path,
                                      "{\"edit\":\"replace-party\",\"party\":1,"
                                      "\"number\":\"+919888800003\"}");
        assert_true(json_is_false(json_object_get(party_of(replaced, 1), "pin_set")));
        json_decref(replaced);
}

static void one_who_joins_may_have_aliases_and_a_pin(void **state)
{
        struct rig *rig = *state;
        json_t *made = create(rig, "{\"model\":\"sides\",\"parties\":["
                                   "{\"number\":\"+919888800001\",\"aliases\":[\"+919888800011\","
                                   "\"098888 00012\"],\"dials\":\"+919000000001\"},"
                                   "{\"number\":\"+919888800002\",\"side\":1}]}");
        assert_int_equal(json_integer_value(json_object_get(party_of(made, 0), "numbers")), 3);
        expect_verdict(rig, "+919000000001", "+919888800012", NULL, "connect");
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/change", text_of(made, "id"));
        json_decref(made);
        json_t *more = rig_expect(rig, 200, "POST", path,
                                  "{\"edit\":\"add-party\",\"number\":\"+919888800003\","
                                  "\"aliases\":[\"+919888800013\"],\"pin\":\"generate\","
                                  "\"pin_digits\":4}");
        assert_int_equal(strlen(text_of(party_of(more, 2), "pin")), 4);
        json_decref(more);
        expect_verdict(rig, "+919000000001", "+919888800013", NULL, "connect");
}

static void a_repeat_finds_the_first_session_whatever_pin_was_drawn(void **state)
{
        struct rig *rig = *state;
        static const char body[] = "{\"reference\":\"order-17\",\"parties\":[{\"number\":"
                                   "\"+919888800001\",\"pin\":\"generate\"}," P("02") "]}";
        json_t *first = create(rig, body);
        json_t *again = rig_expect(rig, 200, "POST", "/v1/sessions", body);
        assert_string_equal(text_of(again, "id"), text_of(first, "id"));
        assert_true(json_is_true(json_object_get(again, "repeated")));
        assert_null(json_object_get(party_of(again, 0), "pin"));
        json_decref(again);
        /* What is not given is not compared. */
        again = rig_expect(rig, 200, "POST", "/v1/sessions",
                           "{\"reference\":\"order-17\",\"parties\":[" P("01") "," P("02") "]}");
        assert_string_equal(text_of(again, "id"), text_of(first, "id"));
        json_decref(first);
        json_decref(again);
        json_t *other = rig_expect(rig, 409, "POST", "/v1/sessions",
                                   "{\"reference\":\"order-17\",\"parties\":[{\"number\":"
                                   "\"+919888800001\",\"pin\":\"4711\"}," P("02") "]}");
        assert_string_equal(text_of(other, "field"), "reference");
        json_decref(other);
}

static void what_a_model_does_not_take_is_refused_by_field(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body, *field;
        } rows[] = {
                {"{\"model\":\"group\",\"parties\":[" P("01") "]}", "parties"},
                {"{\"model\":\"group\",\"parties\":[" P("01") "," P("02") "," P("03") "," P(
                         "04") "," P("05") "," P("06") "," P("07") "," P("08") "," P("09") "]}",
                 "parties"},
                {"{\"model\":\"group\",\"parties\":[" P("01") ",{\"number\":\"+919888800002\","
                                                              "\"dials\":\"+919000000001\"}]}",
                 "parties[1].dials"},
                {"{\"model\":\"last-caller\",\"parties\":[" P("01") "," P("02") "]}", "parties"},
                {"{\"model\":\"extension\",\"parties\":[" P("01") "]}", "parties[0].pin"},
                {"{\"model\":\"extension\",\"parties\":[{\"number\":\"+919888800001\","
                 "\"pin\":\"123\"}]}",
                 "parties[0].pin"},
                {"{\"model\":\"extension\",\"parties\":[{\"number\":\"+919888800001\","
                 "\"pin\":\"12a4\"}]}",
                 "parties[0].pin"},
                {"{\"model\":\"extension\",\"parties\":[{\"number\":\"+919888800001\","
                 "\"pin\":\"1234567890123456\"}]}",
                 "parties[0].pin"},
                {"{\"model\":\"extension\",\"parties\":[{\"number\":\"+919888800001\","
                 "\"pin\":\"4711\"},{\"number\":\"+919888800002\",\"pin\":\"4711\"}]}",
                 "parties[1].pin"},
                {"{\"parties\":[{\"number\":\"+919888800001\",\"side\":1}," P("02") "]}",
                 "parties[0].side"},
                {"{\"model\":\"one-number\",\"parties\":[" P(
                         "01") ",{\"number\":\"+919888800002\",\"side\":1}]}",
                 "parties[1].side"},
                {"{\"model\":\"last-caller\",\"parties\":[{\"number\":\"+919888800001\","
                 "\"side\":0}]}",
                 "parties[0].side"},
                {"{\"pin_digits\":3,\"parties\":[" P("01") "," P("02") "]}", "pin_digits"},
                /* A party on both sides. */
                {"{\"model\":\"sides\",\"parties\":[{\"number\":\"+919888800001\",\"side\":0},"
                 "{\"number\":\"+919888800002\",\"side\":1},"
                 "{\"number\":\"+919888800001\",\"side\":1}]}",
                 "parties[2].number"},
                {"{\"model\":\"panel\",\"parties\":[{\"number\":\"+919888800001\",\"side\":1},"
                 "{\"number\":\"+919888800002\",\"side\":1}]}",
                 "parties"},
                {"{\"parties\":[{\"number\":\"+919888800001\",\"aliases\":[\"+919888800002\"]}," P(
                         "02") "]}",
                 "parties[1].number"},
                {"{\"parties\":[{\"number\":\"+919888800001\",\"aliases\":[\"12\"]}," P("02") "]}",
                 "parties[0].aliases[0]"},
                {"{\"parties\":[{\"number\":\"+919888800001\",\"aliases\":[7]}," P("02") "]}",
                 "parties[0].aliases[0]"},
                {"{\"parties\":[{\"number\":\"+919888800001\",\"aliases\":[\"+919000000003\"]}," P(
                         "02") "]}",
                 "parties[0].aliases[0]"},
                {"{\"parties\":[{\"number\":\"+919888800001\",\"aliases\":[\"+919888800003\","
                 "\"+919888800004\",\"+919888800005\",\"+919888800006\"]}," P("02") "]}",
                 "parties[0].aliases"},
                {"{\"reference\":\"9888800003\",\"parties\":[{\"number\":\"+919888800001\","
                 "\"aliases\":[\"+919888800003\"]}," P("02") "]}",
                 "reference"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/sessions", rows[i].body);
                if (reply.status != 422 || strcmp(reply_text(&reply, "field"), rows[i].field))
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                assert_null(strstr(reply.text, "98888"));
                assert_null(strstr(reply.text, "4711"));
                reply_free(&reply);
        }
        json_t *list = rig_expect(rig, 200, "GET", "/v1/sessions", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "sessions")), 0);
        json_decref(list);
}

static void a_session_that_says_no_model_has_its_pools(void **state)
{
        struct rig *rig = *state;
        const struct directory_pool *pool =
                directory_pool_get(rig->directory, TENANT_DEFAULT, DIRECTORY_DEFAULT_POOL);
        struct directory_pool changed = *pool;
        changed.policy.model = MODEL_GROUP;
        assert_int_equal(directory_pool_change(rig->directory, &changed, NULL, NULL), 0);
        json_t *made = create(rig, "{\"parties\":[" P("01") "," P("02") "," P("03") "]}");
        assert_string_equal(text_of(made, "model"), "group");
        json_decref(made);
        made = create(rig, "{\"model\":\"one-number\",\"parties\":[" P("04") "," P("05") "]}");
        assert_string_equal(text_of(made, "model"), "one-number");
        json_decref(made);
}

static void let_intents_in(struct rig *rig)
{
        struct directory_pool changed =
                *directory_pool_get(rig->directory, TENANT_DEFAULT, DIRECTORY_DEFAULT_POOL);
        changed.policy.ladder = 1u << RUNG_INTENT;
        assert_int_equal(directory_pool_change(rig->directory, &changed, NULL, NULL), 0);
}

static void a_party_may_call_from_another_telephone_for_a_while(void **state)
{
        struct rig *rig = *state;
        json_t *made = create(rig, "{\"parties\":[{\"number\":\"+919888800001\","
                                   "\"dials\":\"+919000000001\"}," P("02") "]}");
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/intent", text_of(made, "id"));
        json_decref(made);
        static const char body[] = "{\"party\":0,\"number\":\"+919777700001\"}";
        struct reply reply = rig_ask(rig, "POST", path, body);
        assert_int_equal(reply.status, 409);
        assert_non_null(strstr(reply_text(&reply, "remedy"), "ladder"));
        reply_free(&reply);
        expect_verdict(rig, "+919000000001", "+919777700001", NULL, "stranger");

        let_intents_in(rig);
        json_t *set = rig_expect(rig, 200, "POST", path, body);
        assert_int_equal(strlen(text_of(set, "until")), 24);
        json_decref(set);
        expect_verdict(rig, "+919000000001", "+919777700001", NULL, "connect");
        expect_verdict(rig, "+919000000001", "+919777700002", NULL, "stranger");
        json_t *events = rig_expect(rig, 200, "GET", "/v1/events", NULL);
        const json_t *list = json_object_get(events, "events");
        const json_t *last = json_array_get(list, json_array_size(list) - 1);
        assert_string_equal(text_of(last, "kind"), "session-changed");
        json_decref(events);
}

static void an_intent_that_cannot_be_is_refused_by_field(void **state)
{
        struct rig *rig = *state;
        let_intents_in(rig);
        json_t *made = create(rig, "{\"model\":\"one-way\",\"parties\":[" P("01") "," P("02") "]}");
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/intent", text_of(made, "id"));
        json_decref(made);
        static const struct {
                unsigned status;
                const char *body, *field;
        } rows[] = {
                {422, "{}", "party"},
                {422, "{\"party\":0}", "number"},
                {422, "{\"party\":16,\"number\":\"+919777700001\"}", "party"},
                {422, "{\"party\":0,\"number\":\"12\"}", "number"},
                {422, "{\"party\":0,\"number\":\"+919000000001\"}", "number"},
                /* A party's already: its own, or the other's. */
                {409, "{\"party\":0,\"number\":\"+919888800001\"}", "number"},
                {409, "{\"party\":0,\"number\":\"+919888800002\"}", "number"},
                {404, "{\"party\":5,\"number\":\"+919777700001\"}", "party"},
                /* Whom the others call dials nothing. */
                {404, "{\"party\":1,\"number\":\"+919777700001\"}", "party"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", path, rows[i].body);
                if (reply.status != rows[i].status ||
                    strcmp(reply_text(&reply, "field"), rows[i].field))
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                reply_free(&reply);
        }
        char end[64];
        snprintf(end, sizeof end, "%.*send", (int)(strlen(path) - strlen("intent")), path);
        json_decref(rig_expect(rig, 200, "POST", end, NULL));
        json_decref(
                rig_expect(rig, 409, "POST", path, "{\"party\":0,\"number\":\"+919777700001\"}"));
}

static void an_ended_session_explains_that_it_has_ended(void **state)
{
        struct rig *rig = *state;
        json_t *made = create(rig, "{\"parties\":[" P("01") "," P("02") "]}");
        char path[64];
        snprintf(path, sizeof path, "/v1/sessions/%s/end", text_of(made, "id"));
        json_decref(rig_expect(rig, 200, "POST", path, NULL));
        snprintf(path, sizeof path, "/v1/sessions/%s/explain", text_of(made, "id"));
        json_t *told = rig_expect(rig, 200, "GET", path, NULL);
        assert_string_equal(text_of(told, "state"), "ended");
        const json_t *row = json_array_get(json_object_get(told, "rows"), 1);
        assert_string_equal(text_of(row, "verdict"), "ended");
        assert_true(json_is_null(json_object_get(row, "reaches_now")));
        assert_true(text_of(row, "why")[0] != '\0');
        json_decref(told);
        json_decref(made);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(a_group_dials_a_number_for_each_other_party),
                WITH_RIG(a_party_that_joins_a_group_gets_numbers_and_one_that_leaves_loses_them),
                WITH_RIG(sides_and_panels_share_a_number_for_each_side),
                WITH_RIG(a_one_way_number_is_for_its_callers_or_for_anyone),
                WITH_RIG(an_extension_is_given_or_drawn_and_told_once),
                WITH_RIG(digits_that_another_session_has_on_the_number_are_a_conflict),
                WITH_RIG(a_pin_is_set_drawn_and_cleared),
                WITH_RIG(one_who_joins_may_have_aliases_and_a_pin),
                WITH_RIG(a_repeat_finds_the_first_session_whatever_pin_was_drawn),
                WITH_RIG(what_a_model_does_not_take_is_refused_by_field),
                WITH_RIG(a_session_that_says_no_model_has_its_pools),
                WITH_RIG(a_party_may_call_from_another_telephone_for_a_while),
                WITH_RIG(an_intent_that_cannot_be_is_refused_by_field),
                WITH_RIG(an_ended_session_explains_that_it_has_ended),
        };
        return RUN_TESTS(tests);
}
