/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks too often is told when to come again, and nobody else is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
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

/* The whole answer to a GET of /v1/trunks with this key. */
static struct reply ask_as(struct scene *s, const char *token)
{
        char bytes[512];
        int len = snprintf(bytes, sizeof bytes,
                           "GET /v1/trunks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Authorization: Bearer %s\r\n\r\n",
                           token);
        return rig_raw(&s->rig, bytes, (size_t)len);
}

static void make_key(struct scene *s, char out[64])
{
        json_t *key = rig_expect(&s->rig, 201, "POST", "/v1/keys",
                                 "{\"name\":\"k\",\"scopes\":[\"read\"]}");
        snprintf(out, 64, "%s", json_string_value(json_object_get(key, "key")));
        json_decref(key);
}

static void expect(struct scene *s, const char *token, unsigned status)
{
        struct reply reply = ask_as(s, token);
        assert_int_equal(reply.status, status);
        reply_free(&reply);
}

/* So slow that no token comes while the test runs. */
static void slow(struct scene *s)
{
        const struct api_limits limits = {.requests_per_s = 1, .burst = 1, .failures_per_min = 1};
        api_set_limits(s->rig.api, &limits);
}

static void a_key_that_asks_too_often_is_told_when_to_come_again(void **state)
{
        struct scene *s = *state;
        char first[64], second[64];
        make_key(s, first);
        make_key(s, second);
        const struct api_limits limits = {.requests_per_s = 1, .burst = 100, .failures_per_min = 1};
        api_set_limits(s->rig.api, &limits);
        unsigned refused = 0;
        for (unsigned i = 0; i < 300 && !refused; i++) {
                struct reply reply = ask_as(s, first);
                if (reply.status == 429) {
                        refused++;
                        assert_true(i >= 100);
                        assert_non_null(strstr(reply.text, "\r\nRetry-After: 1\r\n"));
                        assert_string_equal(reply_text(&reply, "type"),
                                            "urn:maskline:problem:rate");
                        assert_true(reply_text(&reply, "remedy")[0]);
                }
                reply_free(&reply);
        }
        assert_int_equal(refused, 1);
        expect(s, second, 200);
        expect(s, s->operator_token, 200);
}

static void the_operators_token_has_no_limit(void **state)
{
        struct scene *s = *state;
        slow(s);
        for (unsigned i = 0; i < 20; i++)
                expect(s, s->operator_token, 200);
}

static void strangers_are_limited_and_who_has_a_key_at_their_address_is_not(void **state)
{
        struct scene *s = *state;
        char key[64];
        make_key(s, key);
        const struct api_limits limits = {
                .requests_per_s = 1000, .burst = 1000, .failures_per_min = 1};
        api_set_limits(s->rig.api, &limits);
        expect(s, "mk_wrong", 401);
        struct reply reply = ask_as(s, "mk_wrong");
        assert_int_equal(reply.status, 429);
        const char *after = strstr(reply.text, "\r\nRetry-After: ");
        assert_non_null(after);
        unsigned wait_s = (unsigned)atoi(after + 15);
        assert_true(wait_s >= 1 && wait_s <= 60);
        reply_free(&reply);
        expect(s, key, 200);
        expect(s, s->operator_token, 200);
        expect(s, "", 429);
}

/* A key that was revoked is no better known than one that never was. */
static void past_the_limit_a_revoked_key_looks_like_an_unknown_one(void **state)
{
        struct scene *s = *state;
        char path[64], key[64];
        json_t *made = rig_expect(&s->rig, 201, "POST", "/v1/keys",
                                  "{\"name\":\"k\",\"scopes\":[\"read\"]}");
        snprintf(key, sizeof key, "%s", json_string_value(json_object_get(made, "key")));
        snprintf(path, sizeof path, "/v1/keys/%s", json_string_value(json_object_get(made, "id")));
        json_decref(made);
        json_decref(rig_expect(&s->rig, 204, "DELETE", path, NULL));
        slow(s);
        expect(s, key, 401);
        struct reply revoked = ask_as(s, key);
        struct reply unknown = ask_as(s, "mk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert_int_equal(revoked.status, 429);
        assert_int_equal(unknown.status, 429);
        assert_int_equal(json_equal(revoked.json, unknown.json), 1);
        reply_free(&revoked);
        reply_free(&unknown);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_SCENE(a_key_that_asks_too_often_is_told_when_to_come_again),
                WITH_SCENE(the_operators_token_has_no_limit),
                WITH_SCENE(strangers_are_limited_and_who_has_a_key_at_their_address_is_not),
                WITH_SCENE(past_the_limit_a_revoked_key_looks_like_an_unknown_one),
        };
        return RUN_TESTS(tests);
}
