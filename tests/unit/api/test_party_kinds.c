/* SPDX-License-Identifier: Apache-2.0 */
/* Premium-rate, shared-cost and emergency numbers as parties: refused unless the pool allows them. */
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "rig.h"

#define ORDINARY  "+919888800001"
#define ANOTHER   "+919888800002"
#define PREMIUM   "+19002345678"
#define SHARED    "+491804123456"
#define EMERGENCY "+2710177" /* of the few that are long enough to be written for the world */

static int set_up(void **state)
{
        return rig_set_up_provisioned(state, 6);
}

static void body_of(char out[256], const char *number, const char *alias)
{
        snprintf(out, 256,
                 "{\"parties\":[{\"number\":\"" ORDINARY "\"},{\"number\":\"%s\"%s%s%s}]}", number,
                 alias ? ",\"aliases\":[\"" : "", alias ? alias : "", alias ? "\"]" : "");
}

/* The field, the rule and a remedy are named, and the number is not. */
static void refused(struct rig *rig, const char *path, const char *body, const char *field,
                    const char *number, const char *rule, const char *remedy)
{
        struct reply reply = rig_ask(rig, "POST", path, body);
        if (reply.status != 422 || strcmp(reply_text(&reply, "field"), field) ||
            !strstr(reply_text(&reply, "detail"), rule) ||
            !strstr(reply_text(&reply, "remedy"), remedy))
                fail_msg("%u %s", reply.status, reply.text);
        if (strstr(reply.text, number + 3))
                fail_msg("the number is told");
        reply_free(&reply);
}

static void allow(struct rig *rig, const char *settings)
{
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/pools/default", settings));
}

static const struct {
        const char *number, *rule, *setting;
} kinds[] = {
        {PREMIUM, "a premium-rate or shared-cost number", "allow_premium"},
        {SHARED, "a premium-rate or shared-cost number", "allow_premium"},
        {EMERGENCY, "an emergency number", "allow_emergency"},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void no_session_begins_with_one(void **state)
{
        struct rig *rig = *state;
        for (size_t i = 0; i < KINDS; i++) {
                char body[256];
                body_of(body, kinds[i].number, NULL);
                refused(rig, "/v1/sessions", body, "parties[1].number", kinds[i].number,
                        kinds[i].rule, kinds[i].setting);
                body_of(body, ANOTHER, kinds[i].number);
                refused(rig, "/v1/sessions", body, "parties[1].aliases[0]", kinds[i].number,
                        kinds[i].rule, kinds[i].setting);
        }
        /* Nothing was done by halves. */
        json_t *list = rig_expect(rig, 200, "GET", "/v1/sessions", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "sessions")), 0);
        json_decref(list);
}

static void none_comes_into_a_session_that_is_there(void **state)
{
        struct rig *rig = *state;
        static const char *const edits[] = {
                "\"replace-party\",\"party\":1",
                "\"add-party\"",
                "\"add-alias\",\"party\":1",
        };
        char id[24], path[64], body[128];
        allow(rig, "{\"ladder\":[\"intent\"]}");
        rig_session(rig, 1, 2, id);
        for (size_t i = 0; i < KINDS; i++) {
                snprintf(path, sizeof path, "/v1/sessions/%s/change", id);
                for (size_t k = 0; k < sizeof edits / sizeof edits[0]; k++) {
                        snprintf(body, sizeof body, "{\"edit\":%s,\"number\":\"%s\"}", edits[k],
                                 kinds[i].number);
                        refused(rig, path, body, "number", kinds[i].number, kinds[i].rule,
                                kinds[i].setting);
                }
                snprintf(path, sizeof path, "/v1/sessions/%s/intent", id);
                snprintf(body, sizeof body, "{\"party\":1,\"number\":\"%s\"}", kinds[i].number);
                refused(rig, path, body, "number", kinds[i].number, kinds[i].rule,
                        kinds[i].setting);
        }
}

static void the_pool_may_allow_each_of_them(void **state)
{
        struct rig *rig = *state;
        char body[256];
        for (size_t i = 0; i < KINDS; i++) {
                bool is_premium = strstr(kinds[i].setting, "premium");
                body_of(body, kinds[i].number, NULL);
                /* The other one's permission is not this one's. */
                allow(rig, is_premium ? "{\"allow_premium\":false,\"allow_emergency\":true}"
                                      : "{\"allow_premium\":true,\"allow_emergency\":false}");
                refused(rig, "/v1/sessions", body, "parties[1].number", kinds[i].number,
                        kinds[i].rule, kinds[i].setting);
                allow(rig, is_premium ? "{\"allow_premium\":true,\"allow_emergency\":false}"
                                      : "{\"allow_premium\":false,\"allow_emergency\":true}");
                json_decref(rig_expect(rig, 201, "POST", "/v1/sessions", body));
        }
}

/* It is the pool of the session that says so, not the default one. */
static void each_pool_says_it_for_itself(void **state)
{
        struct rig *rig = *state;
        json_decref(rig_expect(rig, 201, "POST", "/v1/pools",
                               "{\"name\":\"hotlines\",\"allow_premium\":true}"));
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/numbers/919000000005",
                               "{\"pool\":\"hotlines\"}"));
        json_decref(rig_expect(rig, 200, "PATCH", "/v1/numbers/919000000006",
                               "{\"pool\":\"hotlines\"}"));
        refused(rig, "/v1/sessions",
                "{\"parties\":[{\"number\":\"" ORDINARY "\"},{\"number\":\"" PREMIUM "\"}]}",
                "parties[1].number", PREMIUM, "premium", "allow_premium");
        json_decref(rig_expect(rig, 201, "POST", "/v1/sessions",
                               "{\"pool\":\"hotlines\",\"parties\":[{\"number\":\"" ORDINARY
                               "\"},{\"number\":\"" PREMIUM "\"}]}"));
}

/* One that was allowed once can go, whatever is allowed now. */
static void an_alias_that_is_not_allowed_any_more_can_go(void **state)
{
        struct rig *rig = *state;
        char body[256], path[64];
        allow(rig, "{\"allow_premium\":true}");
        body_of(body, ANOTHER, PREMIUM);
        json_t *made = rig_expect(rig, 201, "POST", "/v1/sessions", body);
        allow(rig, "{\"allow_premium\":false}");
        snprintf(path, sizeof path, "/v1/sessions/%s/change",
                 json_string_value(json_object_get(made, "id")));
        json_decref(rig_expect(rig, 200, "POST", path,
                               "{\"edit\":\"remove-alias\",\"party\":1,\"number\":\"" PREMIUM
                               "\"}"));
        json_decref(made);
}

static void free_and_foreign_numbers_are_parties_like_others(void **state)
{
        struct rig *rig = *state;
        static const char *const numbers[] = {"+18005550100", "+448001234567", "+14155550100"};
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                char body[256];
                body_of(body, numbers[i], NULL);
                json_decref(rig_expect(rig, 201, "POST", "/v1/sessions", body));
        }
}

/* Too short to be read at all, and told for what it is. */
static void a_short_emergency_number_is_named_as_one(void **state)
{
        struct rig *rig = *state;
        static const char *const numbers[] = {"+91112", "+91100", "+1911", "+44999", "+49110"};
        allow(rig, "{\"allow_emergency\":true}");
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                char body[256];
                body_of(body, numbers[i], NULL);
                refused(rig, "/v1/sessions", body, "parties[1].number", "+++no number",
                        "an emergency number", "a person");
        }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, rig_tear_down)
        const struct CMUnitTest tests[] = {
                TEST(no_session_begins_with_one),
                TEST(none_comes_into_a_session_that_is_there),
                TEST(the_pool_may_allow_each_of_them),
                TEST(each_pool_says_it_for_itself),
                TEST(an_alias_that_is_not_allowed_any_more_can_go),
                TEST(free_and_foreign_numbers_are_parties_like_others),
                TEST(a_short_emergency_number_is_named_as_one),
        };
        return RUN_TESTS(tests);
}
