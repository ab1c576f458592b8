/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no client should send, sent to every route that takes a body: each time a 4xx that says what to do,
 * and nothing is half done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "api/body.h"
#include "api/route.h"
#include "rig.h"

#define BODY_BYTES (1024 * 1024)
#define ROUTES_MAX 64
#define LISTS      5

struct scene {
        struct rig rig;
        char session[24];
        char *bytes; /* owned: head and body */
        char before[LISTS][8192];
};

static const char *const lists[] = {"/v1/trunks", "/v1/numbers", "/v1/sessions", "/v1/keys",
                                    "/v1/pools"};

static void look(struct scene *s, unsigned i, char *out, size_t out_bytes)
{
        struct reply reply = rig_ask(&s->rig, "GET", lists[i], NULL);
        assert_int_equal(reply.status, 200);
        assert_true(strlen(reply.text) < out_bytes);
        strcpy(out, reply.text);
        reply_free(&reply);
}

static int set_up(void **state)
{
        struct scene *s = calloc(1, sizeof *s);
        s->bytes = malloc(BODY_BYTES + 4096);
        rig_open(&s->rig, false);
        rig_provision(&s->rig, 2);
        rig_session(&s->rig, 1, 2, s->session);
        json_decref(rig_expect(&s->rig, 201, "POST", "/v1/pools", "{\"name\":\"north\"}"));
        for (unsigned i = 0; i < LISTS; i++)
                look(s, i, s->before[i], sizeof s->before[i]);
        *state = s;
        return 0;
}

static int tear_down(void **state)
{
        struct scene *s = *state;
        rig_close(&s->rig);
        free(s->bytes);
        free(s);
        return 0;
}

static struct reply send_to(struct scene *s, const struct route *route, const char *type,
                            const char *body, size_t len)
{
        const char *hole = strstr(route->path, "{}");
        int head = snprintf(
                s->bytes, 4096,
                "%s %.*s%s%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                "Authorization: Bearer %s\r\nContent-Length: %zu\r\n%s%s%s\r\n",
                route->method, hole ? (int)(hole - route->path) : (int)strlen(route->path),
                route->path, hole ? (strstr(route->path, "sessions") ? s->session : "north") : "",
                hole ? hole + 2 : "", s->rig.token, len, type ? "Content-Type: " : "",
                type ? type : "", type ? "\r\n" : "");
        memcpy(s->bytes + head, body, len);
        return rig_raw(&s->rig, s->bytes, (size_t)head + len);
}

static void expect_refused(struct scene *s, const struct route *route, const char *type,
                           const char *body, size_t len, unsigned status, const char *kind)
{
        struct reply reply = send_to(s, route, type, body, len);
        const char *name = strrchr(reply_text(&reply, "type"), ':');
        if (reply.status != status || !name || strcmp(name + 1, kind))
                fail_msg("%s %s: %.60s: %u %s", route->method, route->path, body, reply.status,
                         reply.text);
        assert_true(reply_text(&reply, "detail")[0]);
        assert_true(reply_text(&reply, "remedy")[0]);
        assert_null(strstr(reply.text, "98888"));
        reply_free(&reply);
}

static unsigned routes_with_body(const struct route **out)
{
        const struct route *route;
        unsigned count = 0;
        for (unsigned i = 0; (route = route_at(i)); i++) {
                assert_true(count < ROUTES_MAX);
                if (route->fields)
                        out[count++] = route;
        }
        assert_true(count >= 6);
        return count;
}

static void expect_unchanged(struct scene *s)
{
        static char now[8192];
        for (unsigned i = 0; i < LISTS; i++) {
                look(s, i, now, sizeof now);
                assert_string_equal(now, s->before[i]);
        }
}

#define JSON "application/json"

static void no_route_takes_what_is_no_json_object(void **state)
{
        struct scene *s = *state;
        static const struct {
                const char *body;
                size_t len;
        } rows[] = {
#define ROW(text) {text, sizeof(text) - 1}
                ROW(""),
                ROW("null"),
                ROW("[]"),
                ROW("\"+919888800001\""),
                ROW("{"),
                ROW("{}{}"),
                ROW("{\"name\":\"+919888800001\",\"name\":\"b\"}"),
                ROW("{\"name\":\"\xff\"}"),
                ROW("{\"name\":\"\xc0\xaf\"}"),
                ROW("{\"name\":\"\xed\xa0\x80\"}"),
                ROW("{\"name\":\"\xf4\x90\x80\x80\"}"),
                ROW("{\"na\xffme\":1}"),
                ROW("{\"name\":\"\\ud800\"}"),
                ROW("{\"name\":1e999}"),
                ROW("{\"name\":99999999999999999999}"),
                ROW("{\"name\":+919888800001}"),
                ROW("{\"name\":'x'}"),
                ROW("{\"name\":\"a\0b\"}"),
                ROW("\xef\xbb\xbf{}"),
#undef ROW
        };
        const struct route *routes[ROUTES_MAX];
        unsigned count = routes_with_body(routes);
        for (unsigned r = 0; r < count; r++) {
                for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                        expect_refused(s, routes[r], JSON, rows[i].body, rows[i].len, 400,
                                       "bad-json");
        }
        expect_unchanged(s);
}

static void no_route_takes_a_field_that_it_does_not_know(void **state)
{
        struct scene *s = *state;
        static const char *const bodies[] = {
                "{\"+919888800001\":1}",
                "{\"nombre\":\"x\"}",
                "{\"__proto__\":{}}",
                "{\"tenant_id\":2}",
        };
        const struct route *routes[ROUTES_MAX];
        unsigned count = routes_with_body(routes);
        for (unsigned r = 0; r < count; r++) {
                for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
                        expect_refused(s, routes[r], JSON, bodies[i], strlen(bodies[i]), 422,
                                       "unknown-field");
        }
        expect_unchanged(s);
}

static void no_route_takes_another_content_type(void **state)
{
        struct scene *s = *state;
        static const char *const types[] = {NULL, "text/json", "application/x-www-form-urlencoded",
                                            "multipart/form-data; boundary=x",
                                            "application/json-patch+json"};
        const struct route *routes[ROUTES_MAX];
        unsigned count = routes_with_body(routes);
        for (unsigned r = 0; r < count; r++) {
                for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
                        expect_refused(s, routes[r], types[i], "{}", 2, 415, "media-type");
        }
        expect_unchanged(s);
}

/* Depth, values in one object, values in one list: as much as a body may be long. */
static void no_bomb_goes_off(void **state)
{
        struct scene *s = *state;
        const struct route *routes[ROUTES_MAX];
        unsigned count = routes_with_body(routes);
        char *bomb = malloc(BODY_BYTES);
        assert_non_null(bomb);
        for (unsigned r = 0; r < count; r++) {
                memset(bomb, '[', BODY_BYTES);
                memcpy(bomb, "{\"name\":", 8);
                expect_refused(s, routes[r], JSON, bomb, BODY_BYTES, 400, "bad-json");
                for (size_t i = 0; i + 5 <= BODY_BYTES; i += 5)
                        memcpy(bomb + i, "{\"a\":", 5);
                expect_refused(s, routes[r], JSON, bomb, BODY_BYTES / 5 * 5, 400, "bad-json");
        }
        size_t len = 0;
        bomb[len++] = '{';
        for (unsigned i = 0; len + 32 < BODY_BYTES; i++)
                len += (size_t)sprintf(bomb + len, "%s\"k%u\":0", i ? "," : "", i);
        bomb[len++] = '}';
        for (unsigned r = 0; r < count; r++)
                expect_refused(s, routes[r], JSON, bomb, len, 400, "bad-json");

        len = (size_t)sprintf(bomb, "{\"name\":[");
        while (len + 8 < BODY_BYTES) {
                memcpy(bomb + len, "0,", 2);
                len += 2;
        }
        len += (size_t)sprintf(bomb + len, "0]}");
        for (unsigned r = 0; r < count; r++)
                expect_refused(s, routes[r], JSON, bomb, len, 400, "bad-json");
        free(bomb);
        expect_unchanged(s);
}

/* So that what is counted is values, and not what a text may hold. */
static void commas_in_a_text_are_no_values(void **state)
{
        struct scene *s = *state;
        char *body = malloc(BODY_BYTES);
        assert_non_null(body);
        size_t len = (size_t)sprintf(body, "{\"name\":\"\\\"");
        memset(body + len, ',', BODY_VALUES_MAX + 10);
        len += BODY_VALUES_MAX + 10;
        len += (size_t)sprintf(body + len, "\"}");
        const struct route *route =
                route_find(SLICE("POST"), SLICE("/v1/tenants"), &(struct slice){NULL, 0});
        assert_non_null(route);
        expect_refused(s, route, JSON, body, len, 422, "bad-value");
        free(body);
}

/* Of ten megabytes the first kilobytes tell; the rest is not waited for. */
static void ten_megabytes_are_refused_unread(void **state)
{
        struct scene *s = *state;
        const struct route *routes[ROUTES_MAX];
        unsigned count = routes_with_body(routes);
        for (unsigned r = 0; r < count; r++) {
                static const char *const lengths[] = {"Content-Length: 10485760\r\n",
                                                      "Content-Length: 1048577\r\n",
                                                      "Content-Length: 99999999999999999999\r\n"};
                for (unsigned i = 0; i < 3; i++) {
                        int len = snprintf(s->bytes, 4096,
                                           "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                                           "%s\r\nContent-Type: " JSON "\r\n%s\r\n{",
                                           routes[r]->method, routes[r]->path, s->rig.token,
                                           lengths[i]);
                        struct reply reply = rig_raw(&s->rig, s->bytes, (size_t)len);
                        assert_int_equal(reply.status, 413);
                        assert_string_equal(reply_text(&reply, "type"),
                                            "urn:maskline:problem:too-large");
                        assert_true(reply_text(&reply, "remedy")[0]);
                        reply_free(&reply);
                }
        }
        expect_unchanged(s);
}

/* In a session, where both parties and what they dial are numbers. */
static void malformed_numbers_are_refused_by_field(void **state)
{
        struct scene *s = *state;
        static const char *const numbers[] = {
                "",
                " ",
                "+",
                "++919888800001",
                "+91988880000a",
                "+91 98888",
                "+9198888000011234567",
                "98888;00001",
                "sip:+919888800001@x",
                "tel:+919888800001",
                "+91\\n9888800001",
                "\\u0967\\u096f\\u096e",
                "112",
                "00000000000",
        };
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                char body[256];
                for (unsigned party = 0; party < 2; party++) {
                        snprintf(body, sizeof body,
                                 "{\"parties\":[{\"number\":\"%s\"},{\"number\":\"%s\"}]}",
                                 party ? "+919888800003" : numbers[i],
                                 party ? numbers[i] : "+919888800003");
                        struct reply reply = rig_ask(&s->rig, "POST", "/v1/sessions", body);
                        if (reply.status != 422)
                                fail_msg("%s: %u %s", numbers[i], reply.status, reply.text);
                        assert_string_equal(reply_text(&reply, "field"),
                                            party ? "parties[1].number" : "parties[0].number");
                        assert_true(reply_text(&reply, "remedy")[0]);
                        assert_null(strstr(reply.text, "98888"));
                        reply_free(&reply);
                }
                snprintf(body, sizeof body, "{\"number\":\"%s\",\"trunk\":\"north\"}", numbers[i]);
                struct reply reply = rig_ask(&s->rig, "POST", "/v1/numbers", body);
                assert_int_equal(reply.status, 422);
                assert_string_equal(reply_text(&reply, "field"), "number");
                reply_free(&reply);
        }
        expect_unchanged(s);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_SCENE(no_route_takes_what_is_no_json_object),
                WITH_SCENE(no_route_takes_a_field_that_it_does_not_know),
                WITH_SCENE(no_route_takes_another_content_type),
                WITH_SCENE(no_bomb_goes_off),
                WITH_SCENE(commas_in_a_text_are_no_values),
                WITH_SCENE(ten_megabytes_are_refused_unread),
                WITH_SCENE(malformed_numbers_are_refused_by_field),
        };
        return RUN_TESTS(tests);
}
