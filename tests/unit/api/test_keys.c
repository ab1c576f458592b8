/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the API: what they may do, how they are made and how they end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "api/route.h"
#include "rig.h"

struct scene {
        struct rig rig;
        char operator_token[64];
};

static int set_up(void **state)
{
        struct scene *s = calloc(1, sizeof *s);
        rig_open(&s->rig, false);
        memcpy(s->operator_token, s->rig.token, sizeof s->operator_token);
        *state = s;
        return 0;
}

static int tear_down(void **state)
{
        struct scene *s = *state;
        rig_close(&s->rig);
        free(s);
        return 0;
}

static void as(struct scene *s, const char *token)
{
        snprintf(s->rig.token, sizeof s->rig.token, "%s", token);
}

struct key {
        char id[24], text[64];
};

static struct key make(struct scene *s, const char *body)
{
        struct key key;
        json_t *json = rig_expect(&s->rig, 201, "POST", "/v1/keys", body);
        snprintf(key.id, sizeof key.id, "%s", json_string_value(json_object_get(json, "id")));
        snprintf(key.text, sizeof key.text, "%s", json_string_value(json_object_get(json, "key")));
        json_decref(json);
        return key;
}

static void expect_problem(struct scene *s, unsigned status, const char *field, const char *body)
{
        struct reply reply = rig_ask(&s->rig, "POST", "/v1/keys", body);
        if (reply.status != status || strcmp(reply_text(&reply, "field"), field))
                fail_msg("%s: %u %s", body, reply.status, reply.text);
        assert_true(reply_text(&reply, "remedy")[0]);
        reply_free(&reply);
}

static void a_key_is_told_once_and_looks_like_a_secret(void **state)
{
        struct scene *s = *state;
        struct reply made = rig_ask(&s->rig, "POST", "/v1/keys",
                                    "{\"name\":\"shop\",\"scopes\":[\"read\",\"operate\"]}");
        assert_int_equal(made.status, 201);
        const char *text = reply_text(&made, "key");
        assert_int_equal(strlen(text), TOKEN_TEXT_BYTES);
        assert_int_equal(strncmp(text, "mk_", 3), 0);
        assert_string_equal(reply_text(&made, "state"), "active");
        assert_string_equal(reply_text(&made, "tenant"), "default");
        assert_true(json_is_null(json_object_get(made.json, "used_at")));

        char path[64];
        snprintf(path, sizeof path, "/v1/keys/%s", reply_text(&made, "id"));
        struct reply shown = rig_ask(&s->rig, "GET", path, NULL);
        assert_int_equal(shown.status, 200);
        assert_null(strstr(shown.text, "mk_"));
        assert_string_equal(reply_text(&shown, "name"), "shop");
        assert_int_equal(json_array_size(json_object_get(shown.json, "scopes")), 2);
        reply_free(&shown);
        struct reply list = rig_ask(&s->rig, "GET", "/v1/keys", NULL);
        assert_null(strstr(list.text, text));
        reply_free(&list);
        reply_free(&made);
}

static void a_revoked_key_is_told_what_an_unknown_one_is(void **state)
{
        struct scene *s = *state;
        char path[64];
        struct key key = make(s, "{\"name\":\"shop\",\"scopes\":[\"read\"]}");
        as(s, key.text);
        json_decref(rig_expect(&s->rig, 200, "GET", "/v1/trunks", NULL));
        as(s, s->operator_token);
        snprintf(path, sizeof path, "/v1/keys/%s", key.id);
        json_decref(rig_expect(&s->rig, 204, "DELETE", path, NULL));
        json_decref(rig_expect(&s->rig, 404, "DELETE", path, NULL));
        json_decref(rig_expect(&s->rig, 404, "GET", path, NULL));

        as(s, key.text);
        struct reply revoked = rig_ask(&s->rig, "GET", "/v1/trunks", NULL);
        as(s, "mk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        struct reply unknown = rig_ask(&s->rig, "GET", "/v1/trunks", NULL);
        assert_int_equal(revoked.status, 401);
        assert_int_equal(unknown.status, 401);
        assert_string_equal(revoked.text, unknown.text);
        reply_free(&revoked);
        reply_free(&unknown);
}

/* Each route, with a key of each scope alone: admitted where its row says so, and nowhere else. */
static void a_key_may_do_what_its_scope_says(void **state)
{
        struct scene *s = *state;
        struct key keys[SCOPE_COUNT];
        for (unsigned i = 0; i < SCOPE_COUNT; i++) {
                char body[96];
                snprintf(body, sizeof body,
                         "{\"name\":\"k\",\"all_tenants\":true,\"scopes\":[\"%s\"]}",
                         api_scope_name(i));
                keys[i] = make(s, body);
        }
        const struct route *route;
        for (unsigned r = 0; (route = route_at(r)); r++) {
                char path[96];
                const char *hole = strstr(route->path, "{}");
                snprintf(path, sizeof path, "%.*s%s%s",
                         hole ? (int)(hole - route->path) : (int)strlen(route->path), route->path,
                         hole ? "x" : "", hole ? hole + 2 : "");
                for (unsigned i = 0; i < SCOPE_COUNT && !route->is_open; i++) {
                        as(s, keys[i].text);
                        struct reply reply = rig_ask(&s->rig, route->method, path, NULL);
                        bool admitted = reply.status != 403;
                        if (admitted != ((route->scopes & 1u << i) != 0))
                                fail_msg("%s %s as %s: %u", route->method, route->path,
                                         api_scope_name(i), reply.status);
                        if (!admitted)
                                assert_non_null(strstr(reply_text(&reply, "detail"), "scope"));
                        reply_free(&reply);
                }
        }
}

static void no_key_makes_one_that_may_do_more(void **state)
{
        struct scene *s = *state;
        struct key key = make(s, "{\"name\":\"p\",\"scopes\":[\"provision\",\"read\"],"
                                 "\"expires_in_s\":3600}");
        as(s, key.text);
        expect_problem(s, 403, "scopes",
                       "{\"name\":\"x\",\"scopes\":[\"operate\"],\"expires_in_s\":60}");
        expect_problem(s, 403, "all_tenants",
                       "{\"name\":\"x\",\"scopes\":[\"read\"],\"all_tenants\":true,"
                       "\"expires_in_s\":60}");
        expect_problem(s, 403, "expires_at", "{\"name\":\"x\",\"scopes\":[\"read\"]}");
        expect_problem(s, 403, "expires_at",
                       "{\"name\":\"x\",\"scopes\":[\"read\"],\"expires_in_s\":7200}");
        (void)make(s, "{\"name\":\"x\",\"scopes\":[\"read\"],\"expires_in_s\":60}");
}

static void what_a_key_cannot_be_is_refused_by_field(void **state)
{
        struct scene *s = *state;
        char body[256];
        expect_problem(s, 422, "name", "{\"scopes\":[\"read\"]}");
        expect_problem(s, 422, "name", "{\"name\":\"\",\"scopes\":[\"read\"]}");
        expect_problem(s, 422, "name", "{\"name\":\"a\\nb\",\"scopes\":[\"read\"]}");
        snprintf(body, sizeof body, "{\"name\":\"%064d\",\"scopes\":[\"read\"]}", 0);
        expect_problem(s, 422, "name", body);
        expect_problem(s, 422, "scopes", "{\"name\":\"x\"}");
        expect_problem(s, 422, "scopes", "{\"name\":\"x\",\"scopes\":[]}");
        expect_problem(s, 422, "scopes", "{\"name\":\"x\",\"scopes\":[\"admin\"]}");
        expect_problem(s, 422, "scopes", "{\"name\":\"x\",\"scopes\":[1]}");
        expect_problem(s, 422, "scopes", "{\"name\":\"x\",\"scopes\":\"read\"}");
        expect_problem(s, 422, "expires_at",
                       "{\"name\":\"x\",\"scopes\":[\"read\"],"
                       "\"expires_at\":\"2020-01-01T00:00:00Z\"}");
        expect_problem(s, 422, "expires_in_s",
                       "{\"name\":\"x\",\"scopes\":[\"read\"],\"expires_in_s\":0}");
        json_t *list = rig_expect(&s->rig, 200, "GET", "/v1/keys", NULL);
        assert_int_equal(json_array_size(json_object_get(list, "keys")), 0);
        json_decref(list);
}

static void keys_are_listed_page_by_page(void **state)
{
        struct scene *s = *state;
        enum {
                KEYS = 7
        };
        for (unsigned i = 0; i < KEYS; i++)
                (void)make(s, "{\"name\":\"x\",\"scopes\":[\"read\"]}");
        unsigned count = 0, pages = 0;
        char path[96] = "/v1/keys?limit=3";
        for (bool more = true; more; pages++) {
                json_t *page = rig_expect(&s->rig, 200, "GET", path, NULL);
                count += (unsigned)json_array_size(json_object_get(page, "keys"));
                const char *next = json_string_value(json_object_get(page, "next"));
                more = next != NULL;
                snprintf(path, sizeof path, "/v1/keys?limit=3&after=%s", more ? next : "");
                json_decref(page);
        }
        assert_int_equal(count, KEYS);
        assert_int_equal(pages, 3);
        json_decref(rig_expect(&s->rig, 400, "GET", "/v1/keys?after=1", NULL));
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_SCENE(a_key_is_told_once_and_looks_like_a_secret),
                WITH_SCENE(a_revoked_key_is_told_what_an_unknown_one_is),
                WITH_SCENE(a_key_may_do_what_its_scope_says),
                WITH_SCENE(no_key_makes_one_that_may_do_more),
                WITH_SCENE(what_a_key_cannot_be_is_refused_by_field),
                WITH_SCENE(keys_are_listed_page_by_page),
        };
        return RUN_TESTS(tests);
}
