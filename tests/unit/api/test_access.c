/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets an answer, on which path and method, for which bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"
#include "rig.h"

/* A request line and header fields; the token's unless `token` is another text. */
static struct reply send_with(struct rig *rig, const char *line, const char *token,
                              const char *fields, const char *body, size_t body_len)
{
        char bytes[8192];
        int head = snprintf(bytes, sizeof bytes,
                            "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            "Authorization: %s\r\nContent-Length: %zu\r\n%s\r\n",
                            line, token, body_len, fields);
        memcpy(bytes + head, body, body_len);
        return rig_raw(rig, bytes, (size_t)head + body_len);
}

static struct reply post(struct rig *rig, const char *path, const char *fields, const char *body,
                         size_t body_len)
{
        char line[128], token[96];
        snprintf(line, sizeof line, "POST %s", path);
        snprintf(token, sizeof token, "Bearer %s", rig->token);
        return send_with(rig, line, token, fields, body, body_len);
}

static void without_the_token_nothing_is_said(void **state)
{
        struct rig *rig = *state;
        static const char *const lines[] = {
                "GET /v1/trunks",
                "POST /v1/sessions",
                "DELETE /v1/numbers/919000000001",
                "GET /v1/calls",
                "GET /metrics",
                "GET /v1/audit/verify",
                "PATCH /v1/trunks",
                "GET /nowhere",
                "POST /v1/explain",
                "GET /v1/sessions/s_",
                "GET /",
        };
        static const char *const tokens[] = {"", "Bearer", "Bearer mk_wrong", "Basic eDp5"};
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
                const char *token = tokens[i % 4];
                struct reply reply = send_with(rig, lines[i], token, "", "", 0);
                assert_int_equal(reply.status, 401);
                assert_non_null(strstr(reply.text, "\r\nWWW-Authenticate: Bearer"));
                assert_non_null(strstr(reply.text, "application/problem+json"));
                assert_string_equal(reply_text(&reply, "type"),
                                    "urn:maskline:problem:unauthorized");
                reply_free(&reply);
        }
}

static void health_needs_no_token_and_says_one_word(void **state)
{
        struct rig *rig = *state;
        struct reply live = send_with(rig, "GET /healthz", "", "", "", 0);
        assert_int_equal(live.status, 200);
        assert_string_equal(reply_text(&live, "status"), "ok");
        reply_free(&live);

        struct reply ready = send_with(rig, "GET /readyz", "", "", "", 0);
        assert_int_equal(ready.status, 200);
        assert_string_equal(reply_text(&ready, "status"), "ready");
        reply_free(&ready);

        struct reply head = send_with(rig, "HEAD /readyz", "", "", "", 0);
        assert_int_equal(head.status, 200);
        assert_null(strstr(head.text, "{"));
        reply_free(&head);

        api_drain(rig->api);
        struct reply draining = send_with(rig, "GET /readyz", "", "", "", 0);
        assert_int_equal(draining.status, 503);
        assert_string_equal(reply_text(&draining, "status"), "draining");
        reply_free(&draining);
}

static void an_unknown_path_is_not_found_and_a_wrong_method_is_told_the_right_ones(void **state)
{
        struct rig *rig = *state;
        static const char *const unknown[] = {
                "/", "/v1", "/v1/", "/v2/trunks", "/v1/trunks/a/b", "/v1/trunks/", "/V1/trunks"};
        for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
                json_decref(rig_expect(rig, 404, "GET", unknown[i], NULL));

        static const struct {
                const char *line, *allow;
        } rows[] = {
                {"PATCH /v1/trunks", "\r\nAllow: GET, HEAD, POST\r\n"},
                {"PUT /v1/trunks/north", "\r\nAllow: GET, HEAD, PATCH, DELETE\r\n"},
                {"GET /v1/sessions/s_0/end", "\r\nAllow: POST\r\n"},
                {"POST /healthz", "\r\nAllow: GET, HEAD\r\n"},
        };
        char token[96];
        snprintf(token, sizeof token, "Bearer %s", rig->token);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = send_with(rig, rows[i].line, token, "", "", 0);
                assert_int_equal(reply.status, 405);
                assert_non_null(strstr(reply.text, rows[i].allow));
                reply_free(&reply);
        }
}

static void a_path_that_cannot_be_decoded_is_refused(void **state)
{
        struct rig *rig = *state;
        static const char *const bad[] = {"/v1/trunks/%", "/v1/trunks/%4", "/v1/trunks/%zz",
                                          "/v1/trunks/a%00b", "/v1/trunks/%0a"};
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                json_decref(rig_expect(rig, 400, "GET", bad[i], NULL));

        char path[400] = "/v1/trunks/";
        memset(path + strlen(path), 'a', 300);
        json_decref(rig_expect(rig, 400, "GET", path, NULL));
        json_decref(rig_expect(rig, 404, "GET", "/v1/trunks/%6eorth", NULL));
}

static void a_body_that_is_not_one_json_object_is_refused(void **state)
{
        struct rig *rig = *state;
        static const char json[] = "Content-Type: application/json\r\n";
        static const struct {
                const char *body;
                size_t len;
                const char *detail;
        } rows[] = {
#define ROW(body, detail) {body, sizeof(body) - 1, detail}
                ROW("", "missing"),
                ROW("[]", "not a JSON object"),
                ROW("\"text\"", "grammar"),
                ROW("{", "ends too early"),
                ROW("{} {}", "follows its end"),
                ROW("{\"dialled\":1,\"dialled\":2}", "given twice"),
                ROW("{\"dialled\":\"\xff\xfe\"}", "not UTF-8"),
                ROW("{\"dialled\":\"\xed\xa0\x80\"}", "not UTF-8"),
                ROW("{\"dialled\":\"a\\u0000b\"}", "NUL"),
                ROW("{\"di\\u0000alled\":\"a\"}", "NUL"),
                ROW("{\"dialled\":\"a\0b\"}", "grammar"),
                ROW("{\"dialled\":'+919888800001'}", "grammar"),
                ROW("{dialled:1}", "grammar"),
                ROW("{\"dialled\":NaN}", "grammar"),
                ROW("{\"dialled\":99999999999999999999}", "too large"),
#undef ROW
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply = post(rig, "/v1/explain", json, rows[i].body, rows[i].len);
                assert_int_equal(reply.status, 400);
                if (!strstr(reply_text(&reply, "detail"), rows[i].detail))
                        fail_msg("%s: \"%s\"", rows[i].body, reply_text(&reply, "detail"));
                assert_null(strstr(reply.text, "98888"));
                reply_free(&reply);
        }
}

static void a_bomb_of_brackets_is_refused(void **state)
{
        struct rig *rig = *state;
        char bomb[6000];
        memset(bomb, '[', sizeof bomb);
        memcpy(bomb, "{\"a\":", 5);
        struct reply reply =
                post(rig, "/v1/explain", "Content-Type: application/json\r\n", bomb, sizeof bomb);
        assert_int_equal(reply.status, 400);
        assert_non_null(strstr(reply_text(&reply, "detail"), "nested too deeply"));
        reply_free(&reply);
}

static void a_body_of_another_type_is_refused(void **state)
{
        struct rig *rig = *state;
        static const char body[] = "{\"dialled\":\"+919000000001\"}";
        static const struct {
                const char *fields;
                unsigned status;
        } rows[] = {
                {"", 415},
                {"Content-Type: text/plain\r\n", 415},
                {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
                {"Content-Type: application/jsonx\r\n", 415},
                {"Content-Type: Application/JSON\r\n", 200},
                {"Content-Type: application/json; charset=utf-8\r\n", 200},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct reply reply =
                        post(rig, "/v1/explain", rows[i].fields, body, sizeof body - 1);
                assert_int_equal(reply.status, rows[i].status);
                reply_free(&reply);
        }
}

static void a_body_beyond_the_limit_is_refused_before_it_is_read(void **state)
{
        struct rig *rig = *state;
        char bytes[512];
        int len = snprintf(bytes, sizeof bytes,
                           "POST /v1/explain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Content-Type: application/json\r\nAuthorization: Bearer %s\r\n"
                           "Content-Length: 1048577\r\n\r\n{",
                           rig->token);
        struct reply reply = rig_raw(rig, bytes, (size_t)len);
        assert_int_equal(reply.status, 413);
        reply_free(&reply);
}

static void the_metrics_name_no_number(void **state)
{
        struct rig *rig = *state;
        char id[24];
        rig_provision(rig, 2);
        rig_session(rig, 1, 2, id);
        struct reply reply = rig_ask(rig, "GET", "/metrics", NULL);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.text, "\nmaskline_sessions 1\n"));
        assert_non_null(strstr(reply.text, "\nmaskline_numbers 2\n"));
        assert_non_null(strstr(reply.text, "\nmaskline_trunks 2\n"));
        assert_non_null(strstr(reply.text, "\nmaskline_trunks_up 0\n"));
        assert_non_null(strstr(reply.text, "\nmaskline_trunks_down 0\n"));
        assert_non_null(strstr(reply.text, "# TYPE maskline_calls_total counter\n"));
        assert_non_null(strstr(reply.text, "# TYPE maskline_rtp_ports_free gauge\n"));
        assert_non_null(strstr(reply.text, "\nmaskline_call_pairs 0\n"));
        assert_null(strstr(reply.text, "\nmaskline_open_files 0\n"));
        assert_null(strstr(reply.text, "\nmaskline_resident_bytes 0\n"));
        assert_null(strstr(reply.text, "98888"));
        assert_null(strstr(reply.text, "90000000"));
        assert_null(strstr(reply.text, "north"));
        reply_free(&reply);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_RIG(without_the_token_nothing_is_said),
                WITH_RIG(health_needs_no_token_and_says_one_word),
                WITH_RIG(an_unknown_path_is_not_found_and_a_wrong_method_is_told_the_right_ones),
                WITH_RIG(a_path_that_cannot_be_decoded_is_refused),
                WITH_RIG(a_body_that_is_not_one_json_object_is_refused),
                WITH_RIG(a_bomb_of_brackets_is_refused),
                WITH_RIG(a_body_of_another_type_is_refused),
                WITH_RIG(a_body_beyond_the_limit_is_refused_before_it_is_read),
                WITH_RIG(the_metrics_name_no_number),
        };
        return RUN_TESTS(tests);
}
