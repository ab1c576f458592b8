/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: every setting comes back, what cannot be is refused by field, and sessions go by them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "api/rest_pools.h"
#include "core/pool_policy.h"
#include "rig.h"

/* What is read here is what core/pool_policy.h has, by name and kind. */
static void each_field_is_a_row_of_the_policy(void **state)
{
        (void)state;
        for (const struct body_field *field = rest_pools_fields + 1; field->name; field++) {
                const struct policy_row *row = pool_policy_row(slice_from(field->name));
                if (!row)
                        fail_msg("%s is no row of pool_policy_rows.c", field->name);
                switch (row->kind) {
                case POLICY_SWITCH:
                        assert_int_equal(field->type, BODY_SWITCH);
                        break;
                case POLICY_COUNT:
                        assert_int_equal(field->type, row->min < 0 ? BODY_NUMBER : BODY_COUNT);
                        break;
                case POLICY_SET:
                        assert_int_equal(field->type, BODY_LIST);
                        break;
                case POLICY_CHOICE:
                case POLICY_TEXT:
                        assert_int_equal(field->type, BODY_TEXT);
                        break;
                }
        }
}

static void each_row_of_the_policy_is_a_field(void **state)
{
        (void)state;
        for (unsigned i = 0; i < pool_policy_row_count; i++) {
                bool is_there = false;
                for (const struct body_field *field = rest_pools_fields; field->name; field++)
                        is_there |= !strcmp(field->name, pool_policy_rows[i].name);
                if (!is_there)
                        fail_msg("%s cannot be set by REST", pool_policy_rows[i].name);
        }
}

static void assert_refused(struct rig *rig, const char *field, json_t *value)
{
        json_t *body = json_pack("{s:s, s:o}", "name", "x", field, value);
        char *text = json_dumps(body, JSON_COMPACT);
        struct reply reply = rig_ask(rig, "POST", "/v1/pools", text);
        if (reply.status != 422 || strcmp(reply_text(&reply, "field"), field) ||
            !reply_text(&reply, "detail")[0] || !reply_text(&reply, "remedy")[0])
                fail_msg("%s: %u %s", text, reply.status, reply.text);
        reply_free(&reply);
        free(text);
        json_decref(body);
}

static void refuse_kind(struct rig *rig, const struct policy_row *row)
{
        char longer[300] = {0};
        switch (row->kind) {
        case POLICY_SWITCH:
                assert_refused(rig, row->name, json_integer(1));
                assert_refused(rig, row->name, json_string("true"));
                return;
        case POLICY_COUNT:
                assert_refused(rig, row->name, json_integer(row->min - 1));
                assert_refused(rig, row->name, json_integer(row->max + 1));
                assert_refused(rig, row->name, json_string("1"));
                return;
        case POLICY_CHOICE:
                assert_refused(rig, row->name, json_string("nothing-of-the-kind"));
                assert_refused(rig, row->name, json_string(""));
                assert_refused(rig, row->name, json_array());
                return;
        case POLICY_SET:
                assert_refused(rig, row->name, json_pack("[s]", "nothing-of-the-kind"));
                assert_refused(rig, row->name, json_pack("[s]", ""));
                assert_refused(rig, row->name, json_string(row->words[0]));
                return;
        case POLICY_TEXT:
                memset(longer, 'x', (size_t)row->max + 1);
                assert_refused(rig, row->name, json_string(longer));
                assert_refused(rig, row->name, json_string("two words"));
                assert_refused(rig, row->name, json_true());
                return;
        }
}

static void what_no_setting_can_be_is_refused_by_field_rule_and_remedy(void **state)
{
        for (unsigned i = 0; i < pool_policy_row_count; i++)
                refuse_kind(*state, &pool_policy_rows[i]);
}

static void settings_that_do_not_go_together_are_refused(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *settings, *field;
        } rows[] = {
                {"\"ttl_ms\":2000,\"ttl_max_ms\":1000", "ttl_ms"},
                {"\"from_min\":60,\"to_min\":60", "to_min"},
                {"\"days\":[]", "days"},
                {"\"talk_s\":60,\"warn_s\":60", "warn_s"},
                {"\"warn_s\":1", "warn_s"},
                {"\"model\":\"group\",\"direction\":\"from-side-0\"", "direction"},
                {"\"match_area\":\"strict\"", "match_country"},
                {"\"intercept_url\":\"ftp://example.com\"", "intercept_url"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                char body[256];
                snprintf(body, sizeof body, "{\"name\":\"x\",%s}", rows[i].settings);
                struct reply reply = rig_ask(rig, "POST", "/v1/pools", body);
                if (reply.status != 422 || strcmp(reply_text(&reply, "field"), rows[i].field) ||
                    !reply_text(&reply, "remedy")[0])
                        fail_msg("%s: %u %s", body, reply.status, reply.text);
                reply_free(&reply);
        }
}

static void one_setting_that_is_wrong_has_a_remedy_of_its_own(void **state)
{
        struct rig *rig = *state;
        json_t *days = rig_expect(rig, 422, "POST", "/v1/pools", "{\"name\":\"x\",\"days\":[]}");
        assert_string_equal(text_of(days, "remedy"), "Name one at least.");
        json_decref(days);
        json_t *url = rig_expect(rig, 422, "POST", "/v1/pools",
                                 "{\"name\":\"x\",\"intercept_url\":\"https://\"}");
        assert_string_equal(text_of(url, "remedy"), "Write it like https://host.example/path.");
        json_decref(url);
}

static void what_nothing_goes_by_yet_is_said(void **state)
{
        struct rig *rig = *state;
        json_t *pool = rig_expect(rig, 201, "POST", "/v1/pools",
                                  "{\"name\":\"x\",\"recording\":\"announced\","
                                  "\"pin_joins\":true}");
        const json_t *names = json_object_get(pool, "no_effect_yet");
        assert_int_equal(json_array_size(names), 2);
        assert_string_equal(json_string_value(json_array_get(names, 0)), "recording");
        assert_string_equal(json_string_value(json_array_get(names, 1)), "pin_joins");
        json_decref(pool);
        pool = rig_expect(rig, 200, "PATCH", "/v1/pools/x",
                          "{\"recording\":\"off\",\"pin_joins\":false}");
        assert_int_equal(json_array_size(json_object_get(pool, "no_effect_yet")), 0);
        json_decref(pool);
}

/* NULL: there is none. */
static void expect_remark(struct rig *rig, const char *change, const char *words)
{
        json_t *pool = rig_expect(rig, 200, "PATCH", "/v1/pools/x", change);
        const json_t *remarks = json_object_get(pool, "remarks");
        assert_int_equal(json_array_size(remarks), words != NULL);
        if (words)
                assert_non_null(strstr(json_string_value(json_array_get(remarks, 0)), words));
        json_decref(pool);
}

static void what_calls_come_to_is_remarked(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/pools", "{\"name\":\"x\"}"));
        expect_remark(rig, "{\"intercept_fails_open\":true}", NULL);
        expect_remark(rig, "{\"intercept_url\":\"https://example.com/ask\"}",
                      "connected without an answer");
        expect_remark(rig, "{\"intercept_fails_open\":false}", "refused (intercept-unanswered)");
        expect_remark(rig, "{\"intercept_url\":\"\"}", NULL);
        expect_remark(rig, "{\"tell_ended\":true}", "told by explain");
}

static void the_default_pool_is_always_there(void **state)
{
        struct rig *rig = *state;
        json_t *list = rig_expect(rig, 200, "GET", "/v1/pools", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "pools")), 1);
        json_decref(list);
        json_t *pool = rig_expect(rig, 200, "GET", "/v1/pools/default", NULL);
        assert_int_equal(count_of(pool, "quarantine_ms"), 7200000);
        assert_int_equal(json_array_size(json_object_get(pool, "days")), 7);
        json_decref(pool);
        json_decref(rig_expect(rig, 409, "DELETE", "/v1/pools/default", NULL));
        json_decref(rig_expect(rig, 409, "POST", "/v1/pools", "{\"name\":\"default\"}"));

        struct reply reply = rig_ask(rig, "PATCH", "/v1/pools/default", "{\"name\":\"first\"}");
        assert_int_equal(reply.status, 409);
        assert_string_equal(reply_text(&reply, "field"), "name");
        reply_free(&reply);
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/pools/default",
                               "{\"name\":\"default\",\"ttl_ms\":1000}"));
        pool = rig_expect(rig, 200, "GET", "/v1/pools/default", NULL);
        assert_int_equal(count_of(pool, "ttl_ms"), 1000);
        json_decref(pool);
}

static void every_setting_comes_back(void **state)
{
        struct rig *rig = *state;
        json_t *made =
                rig_expect(rig, 201, "POST", "/v1/pools",
                           "{\"name\":\"riders\",\"ttl_ms\":3600000,\"ttl_max_ms\":7200000,"
                           "\"quarantine_ms\":60000,\"selection\":\"sticky\","
                           "\"capabilities\":[\"voice\",\"sms\"],\"direction\":\"from-side-1\","
                           "\"days\":[\"monday\",\"sunday\"],\"from_min\":540,\"to_min\":1080,"
                           "\"utc_offset_min\":-330}");
        json_t *shown = rig_expect(rig, 200, "GET", "/v1/pools/riders", NULL);
        assert_int_equal(json_equal(made, shown), 1);
        assert_int_equal(count_of(shown, "ttl_max_ms"), 7200000);
        assert_int_equal(count_of(shown, "utc_offset_min"), -330);
        assert_string_equal(text_of(shown, "selection"), "sticky");
        assert_int_equal(json_array_size(json_object_get(shown, "capabilities")), 2);
        assert_string_equal(json_string_value(json_array_get(json_object_get(shown, "days"), 1)),
                            "sunday");
        json_decref(made);
        json_decref(shown);

        json_t *changed = rig_expect(rig, 200, "PATCH", "/v1/pools/riders",
                                     "{\"name\":\"drivers\",\"direction\":\"both\"}");
        assert_string_equal(text_of(changed, "direction"), "both");
        assert_string_equal(text_of(changed, "selection"), "sticky"); /* what is absent stays */
        json_decref(changed);
        json_decref(rig_expect(rig, 404, "GET", "/v1/pools/riders", NULL));
        json_decref(rig_expect(rig, 204, "DELETE", "/v1/pools/drivers", NULL));
        json_decref(rig_expect(rig, 404, "DELETE", "/v1/pools/drivers", NULL));
}

static void what_a_pool_cannot_be_is_refused_by_field(void **state)
{
        struct rig *rig = *state;
        static const struct {
                const char *body, *field;
        } rows[] = {
                {"{\"name\":\"\"}", "name"},
                {"{\"name\":\"A\"}", "name"},
                {"{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "name"},
                {"{\"name\":\"x\",\"ttl_ms\":-1}", "ttl_ms"},
                {"{\"name\":\"x\",\"ttl_ms\":99999999999999}", "ttl_ms"},
                {"{\"name\":\"x\",\"ttl_ms\":1.5}", "ttl_ms"},
                {"{\"name\":\"x\",\"selection\":\"best\"}", "selection"},
                {"{\"name\":\"x\",\"days\":[\"someday\"]}", "days"},
                {"{\"name\":\"x\",\"days\":[\"monday,tuesday\"]}", "days"},
                {"{\"name\":\"x\",\"days\":[1]}", "days"},
                {"{\"name\":\"x\",\"days\":\"monday\"}", "days"},
                {"{\"name\":\"x\",\"from_min\":1441}", "from_min"},
                {"{\"name\":\"x\",\"utc_offset_min\":841}", "utc_offset_min"},
                {"{\"name\":\"x\",\"capabilities\":[\"fax\"]}", "capabilities"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/pools", rows[i].body);
                if (reply.status != 422 || strcmp(reply_text(&reply, "field"), rows[i].field))
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                reply_free(&reply);
        }
        json_t *list = rig_expect(rig, 200, "GET", "/v1/pools", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "pools")), 1);
        json_decref(list);
}

static void pools_are_listed_page_by_page(void **state)
{
        struct rig *rig = *state;
        for (unsigned i = 0; i < 6; i++) {
                char body[48];
                snprintf(body, sizeof body, "{\"name\":\"p%u\"}", i);
                json_decref(rig_expect(rig, 201, "POST", "/v1/pools", body));
        }
        unsigned count = 0, pages = 0;
        char path[64] = "/v1/pools?limit=3";
        for (bool more = true; more; pages++) {
                json_t *page = rig_expect(rig, 200, "GET", path, NULL);
                count += (unsigned)json_array_size(json_object_get(page, "pools"));
                more = json_is_string(json_object_get(page, "next"));
                snprintf(path, sizeof path, "/v1/pools?limit=3&after=%s", text_of(page, "next"));
                json_decref(page);
        }
        assert_int_equal(count, 7);
        assert_int_equal(pages, 3);
}

#define PAIR "\"parties\":[{\"number\":\"+919888800001\"},{\"number\":\"+919888800002\"}]"

static void a_session_goes_by_its_pool(void **state)
{
        struct rig *rig = *state;
        rig_provision(rig, 2);
        json_decref(rig_expect(rig, 201, "POST", "/v1/pools",
                               "{\"name\":\"riders\",\"ttl_max_ms\":60000}"));
        struct reply reply = rig_ask(rig, "POST", "/v1/sessions", "{\"pool\":\"none\"," PAIR "}");
        assert_int_equal(reply.status, 404);
        assert_string_equal(reply_text(&reply, "field"), "pool");
        reply_free(&reply);
        /* It has no numbers of its own. */
        json_decref(rig_expect(rig, 409, "POST", "/v1/sessions",
                               "{\"pool\":\"riders\",\"expires_in_s\":30," PAIR "}"));
        reply = rig_ask(rig, "POST", "/v1/sessions",
                        "{\"pool\":\"riders\",\"expires_in_s\":3600," PAIR "}");
        assert_int_equal(reply.status, 422);
        reply_free(&reply);
        json_t *made = rig_expect(rig, 201, "POST", "/v1/sessions", "{" PAIR "}");
        assert_string_equal(text_of(made, "pool"), "default");
        assert_string_equal(text_of(made, "model"), "two-numbers");
        json_decref(made);

        json_decref(rig_expect(rig, 200, "PATCH", "/v1/pools/default", "{\"ttl_ms\":60000}"));
        made = rig_expect(rig, 201, "POST", "/v1/sessions",
                          "{\"parties\":[{\"number\":\"+919888800003\"},"
                          "{\"number\":\"+919888800004\"}]}");
        assert_true(json_is_string(json_object_get(made, "expires_at")));
        json_decref(made);
}

static void explain(struct rig *rig, const char *dialled, const char *caller, const char *verdict)
{
        char body[128];
        snprintf(body, sizeof body, "{\"dialled\":\"%s\",\"caller\":\"%s\"}", dialled, caller);
        json_t *answer = rig_expect(rig, 200, "POST", "/v1/explain", body);
        if (strcmp(text_of(answer, "verdict"), verdict))
                fail_msg("%s: %s", body, text_of(answer, "verdict"));
        json_decref(answer);
}

static void each_model_connects_whom_it_should(void **state)
{
        struct rig *rig = *state;
        rig_provision(rig, 4);
        json_t *one = rig_expect(rig, 201, "POST", "/v1/sessions",
                                 "{\"model\":\"one-number\",\"parties\":["
                                 "{\"number\":\"+919888800001\",\"dials\":\"+919000000001\"},"
                                 "{\"number\":\"+919888800002\"}]}");
        assert_string_equal(text_of(one, "model"), "one-number");
        json_decref(one);
        explain(rig, "+919000000001", "+919888800001", "connect");
        explain(rig, "+919000000001", "+919888800002", "connect");
        explain(rig, "+919000000001", "+919888800003", "stranger");

        json_t *open = rig_expect(rig, 201, "POST", "/v1/sessions",
                                  "{\"model\":\"one-way\",\"open\":true,\"parties\":["
                                  "{\"number\":\"+919888800005\",\"side\":1,"
                                  "\"dials\":\"+919000000002\"}]}");
        assert_true(json_is_true(json_object_get(open, "open")));
        json_decref(open);
        explain(rig, "+919000000002", "+919888800009", "connect");

        json_decref(rig_expect(rig, 201, "POST", "/v1/sessions",
                               "{\"model\":\"sides\",\"parties\":["
                               "{\"number\":\"+919888800011\",\"side\":0,"
                               "\"dials\":\"+919000000003\"},"
                               "{\"number\":\"+919888800012\",\"side\":0},"
                               "{\"number\":\"+919888800013\",\"side\":1,"
                               "\"dials\":\"+919000000004\"}]}"));
        explain(rig, "+919000000003", "+919888800011", "connect");
        explain(rig, "+919000000003", "+919888800012", "connect");
        explain(rig, "+919000000004", "+919888800013", "connect");
        explain(rig, "+919000000004", "+919888800011", "stranger");
}

static void parties_that_are_not_what_the_model_wants_are_refused(void **state)
{
        struct rig *rig = *state;
        rig_provision(rig, 4);
        static const struct {
                const char *body, *field;
        } rows[] = {
                {"{\"model\":\"couple\"," PAIR "}", "model"},
                {"{\"open\":true," PAIR "}", "open"},
                {"{\"model\":\"one-number\",\"parties\":[{\"number\":\"+919888800001\"}]}",
                 "parties"},
                {"{\"model\":\"sides\",\"parties\":[]}", "parties"},
                {"{\"model\":\"sides\",\"parties\":[{\"number\":\"+919888800001\",\"side\":2},"
                 "{\"number\":\"+919888800002\",\"side\":1}]}",
                 "parties[0].side"},
                {"{\"model\":\"one-number\",\"parties\":["
                 "{\"number\":\"+919888800001\",\"dials\":\"+919000000001\"},"
                 "{\"number\":\"+919888800002\",\"dials\":\"+919000000002\"}]}",
                 "parties[1].dials"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = rig_ask(rig, "POST", "/v1/sessions", rows[i].body);
                if (reply.status != 422 || strcmp(reply_text(&reply, "field"), rows[i].field))
                        fail_msg("%s: %u %s", rows[i].body, reply.status, reply.text);
                reply_free(&reply);
        }
        /* Two on one side and nobody on the other. */
        struct reply reply = rig_ask(rig, "POST", "/v1/sessions",
                                     "{\"model\":\"sides\",\"parties\":["
                                     "{\"number\":\"+919888800001\",\"side\":0},"
                                     "{\"number\":\"+919888800002\",\"side\":0}]}");
        assert_int_equal(reply.status, 422);
        assert_int_equal(strncmp(reply_text(&reply, "field"), "parties", 7), 0);
        reply_free(&reply);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_field_is_a_row_of_the_policy),
                cmocka_unit_test(each_row_of_the_policy_is_a_field),
                WITH_RIG(what_no_setting_can_be_is_refused_by_field_rule_and_remedy),
                WITH_RIG(settings_that_do_not_go_together_are_refused),
                WITH_RIG(one_setting_that_is_wrong_has_a_remedy_of_its_own),
                WITH_RIG(what_nothing_goes_by_yet_is_said),
                WITH_RIG(what_calls_come_to_is_remarked),
                WITH_RIG(the_default_pool_is_always_there),
                WITH_RIG(every_setting_comes_back),
                WITH_RIG(what_a_pool_cannot_be_is_refused_by_field),
                WITH_RIG(pools_are_listed_page_by_page),
                WITH_RIG(a_session_goes_by_its_pool),
                WITH_RIG(each_model_connects_whom_it_should),
                WITH_RIG(parties_that_are_not_what_the_model_wants_are_refused),
        };
        return RUN_TESTS(tests);
}
