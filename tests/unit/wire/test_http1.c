/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"

#include <llhttp.h>

#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"

#define BODY      "From=%2B919888800001&To=%2B919000000001"
#define BODY_LEN  "39"
#define BODY_HEX  "27"
#define POST_LINE "POST /answer HTTP/1.1\r\n"
#define HEAD                                                                                       \
        POST_LINE "Host: a\r\n"                                                                    \
                  "Content-Type: application/x-www-form-urlencoded\r\n"
#define GET_HEAD "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct http1_limits limits = {.header_bytes_max = 2048, .body_bytes_max = 4096};

static struct http1 *reader(enum http1_kind kind)
{
        struct http1 *http = NULL;
        assert_int_equal(http1_create(kind, &limits, &http), 0);
        return http;
}

/* Feeds in pieces of `step` bytes up to the first event; `used` is the sum of what was taken. */
static enum http1_event feed(struct http1 *http, struct slice data, size_t step, size_t *used)
{
        enum http1_event event = HTTP1_MORE;
        *used = 0;
        while (event == HTTP1_MORE && *used < data.len) {
                size_t taken = 0;
                size_t len = data.len - *used < step ? data.len - *used : step;
                event = http1_feed(http, (struct slice){data.p + *used, len}, &taken);
                assert_true(event != HTTP1_MORE || taken == len);
                *used += taken;
        }
        return event;
}

/* A message in any pieces ends with the same status: 0 whole, -1 not yet, else what refuses it. */
static int outcome(enum http1_kind kind, struct slice data)
{
        static const size_t steps[] = {1, 2, 3, 7, 64, 100000};
        int first = 0;
        for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
                struct http1 *http = reader(kind);
                size_t used;
                enum http1_event event = feed(http, data, steps[i], &used);
                int result = event == HTTP1_MESSAGE ? 0
                             : event == HTTP1_MORE  ? -1
                                                    : (int)http1_error(http)->status;
                if (event == HTTP1_BAD) {
                        /* Our own reader finds all of them, and it stays refused. */
                        assert_string_not_equal(http1_error(http)->reason,
                                                "refused by the second reader");
                        assert_int_equal(http1_feed(http, SLICE("\r\n"), &used), HTTP1_BAD);
                        assert_int_equal(http1_finish(http), HTTP1_BAD);
                }
                if (i && result != first)
                        fail_msg("in pieces of %zu: %d, in single bytes: %d", steps[i], result,
                                 first);
                first = result;
                http1_destroy(http);
        }
        return first;
}

#define REQUEST(literal)  outcome(HTTP1_REQUEST, SLICE(literal))
#define RESPONSE(literal) outcome(HTTP1_RESPONSE, SLICE(literal))

static void assert_text(struct slice s, const char *expected)
{
        if (!slice_equal(s, slice_from(expected)))
                fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

static void a_request_is_taken_apart(void **state)
{
        (void)state;
        struct slice data = SLICE("POST /v1/sessions?page=2&x=? HTTP/1.1\r\n"
                                  "host: maskline.example:8080\r\n"
                                  "AUTHORIZATION:Bearer abc\r\n"
                                  "Content-Type: \t application/json \t\r\n"
                                  "Idempotency-Key: k-1\r\n"
                                  "X-Other: \xc3\xa4 any\r\n"
                                  "Content-Length: 5\r\n\r\nhello"
                                  "GET /next");
        for (size_t step = 1; step < 300; step += 13) {
                struct http1 *http = reader(HTTP1_REQUEST);
                struct slice value = SLICE_NONE;
                size_t used;
                assert_int_equal(feed(http, data, step, &used), HTTP1_MESSAGE);
                assert_int_equal(used, data.len - 9);
                const struct http1_message *m = http1_message(http);
                assert_text(m->method, "POST");
                assert_text(m->path, "/v1/sessions");
                assert_text(m->query, "page=2&x=?");
                assert_text(m->host, "maskline.example:8080");
                assert_text(m->authorization, "Bearer abc");
                assert_text(m->content_type, "application/json");
                assert_text(m->idempotency_key, "k-1");
                assert_text(m->body, "hello");
                assert_int_equal(m->minor, 1);
                assert_true(m->keep_alive);
                assert_true(http1_find_field(http, SLICE("x-other"), &value));
                assert_text(value, "\xc3\xa4 any");
                assert_false(http1_find_field(http, SLICE("x-absent"), &value));
                http1_destroy(http);
        }
}

static void messages_follow_one_another(void **state)
{
        (void)state;
        struct slice data = SLICE(GET_HEAD "\r\n" HEAD "Transfer-Encoding: chunked\r\n\r\n"
                                           "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
                                           "\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
        struct http1 *http = reader(HTTP1_REQUEST);
        static const char *const bodies[] = {"", "abcd", ""};
        for (int i = 0; i < 3; i++) {
                size_t used;
                assert_false(http1_has_begun(http));
                assert_int_equal(http1_feed(http, data, &used), HTTP1_MESSAGE);
                assert_text(http1_message(http)->body, bodies[i]);
                data = (struct slice){data.p + used, data.len - used};
                http1_reset(http);
        }
        assert_int_equal(data.len, 0);
        assert_int_equal(http1_finish(http), HTTP1_MORE);
        http1_destroy(http);
}

/* Each of these is read by some server as a message of another length than by some proxy. */
static void what_could_smuggle_a_request_is_refused(void **state)
{
        (void)state;
        assert_int_equal(REQUEST(HEAD "Content-Length: " BODY_LEN "\r\n\r\n" BODY), 0);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: chunked\r\n\r\n" BODY_HEX "\r\n" BODY
                                      "\r\n0\r\n\r\n"),
                         0);

        /* Two lengths, differing or not, in either order; and both kinds of length. */
        assert_int_equal(REQUEST(HEAD "Content-Length: " BODY_LEN "\r\n"
                                      "Content-Length: 5\r\n\r\n" BODY),
                         400);
        assert_int_equal(REQUEST(HEAD "Content-Length: 5\r\n"
                                      "Content-Length: " BODY_LEN "\r\n\r\n" BODY),
                         400);
        assert_int_equal(REQUEST(HEAD "Content-Length: " BODY_LEN "\r\n"
                                      "content-length: " BODY_LEN "\r\n\r\n" BODY),
                         400);
        assert_int_equal(REQUEST(HEAD "Content-Length: " BODY_LEN ", " BODY_LEN "\r\n\r\n" BODY),
                         400);
        assert_int_equal(REQUEST(HEAD "Content-Length: " BODY_LEN "\r\n"
                                      "Transfer-Encoding: chunked\r\n\r\n" BODY_HEX "\r\n" BODY
                                      "\r\n0\r\n\r\n"),
                         400);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: chunked\r\n"
                                      "Content-Length: " BODY_LEN "\r\n\r\n" BODY_HEX "\r\n" BODY
                                      "\r\n0\r\n\r\n"),
                         400);

        /* Lengths that are no plain number. */
        assert_int_equal(REQUEST(HEAD "Content-Length: +" BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "Content-Length: -1\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "Content-Length: 0x27\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "Content-Length: 3 9\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "Content-Length: \r\n\r\n" BODY), 400);

        /* Codings that are not exactly "chunked", once, in HTTP/1.1. */
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
                         400);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 400);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), 400);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: \x0b"
                                      "chunked\r\n\r\n0\r\n\r\n"),
                         400);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: \xa0"
                                      "chunked\r\n\r\n0\r\n\r\n"),
                         400);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), 400);
        assert_int_equal(REQUEST(HEAD "Transfer-Encoding: chunked\r\n"
                                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                         400);
        assert_int_equal(REQUEST("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                         400);

        /* Lines that another reader ends or joins differently. */
        assert_int_equal(REQUEST(HEAD "Content-Length : " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "Content-Length\t: " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD " Content-Length: " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "X: a\r\n b\r\nContent-Length: " BODY_LEN "\r\n\r\n" BODY),
                         400);
        assert_int_equal(REQUEST(HEAD "X: a\r\n\tb\r\nContent-Length: " BODY_LEN "\r\n\r\n" BODY),
                         400);
        assert_int_equal(
                REQUEST("POST /answer HTTP/1.1\nHost: a\nContent-Length: " BODY_LEN "\n\n" BODY),
                400);
        assert_int_equal(REQUEST(HEAD "X: a\nContent-Length: " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "X: a\rContent-Length: " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "X: a\r\r\nContent-Length: " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "Content-Length: " BODY_LEN "\r\n\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "X: a\0b\r\nContent-Length: " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "Content-\0Length: " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "X: a\x7f\r\n\r\n"), 400);
}

static void a_head_without_sense_is_refused(void **state)
{
        (void)state;
        assert_int_equal(REQUEST(POST_LINE "Content-Length: " BODY_LEN "\r\n\r\n" BODY), 400);
        assert_int_equal(REQUEST(HEAD "Host: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET / HTTP/1.1\r\nHost: \r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n"), 400);
        assert_int_equal(REQUEST(GET_HEAD "no colon\r\n\r\n"), 400);
        assert_int_equal(REQUEST(GET_HEAD ": no name\r\n\r\n"), 400);
        assert_int_equal(REQUEST(GET_HEAD "X\xc3\xa4: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST(GET_HEAD "(x): a\r\n\r\n"), 400);
        assert_int_equal(REQUEST(GET_HEAD "Authorization: a\r\nAuthorization: b\r\n\r\n"), 400);
        assert_int_equal(REQUEST(GET_HEAD "Authorization: \xc3\xa4\r\n\r\n"), 400);
        assert_int_equal(REQUEST(GET_HEAD "Content-Type: a\r\nContent-Type: b\r\n\r\n"), 400);
        assert_int_equal(REQUEST(GET_HEAD "Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET /\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("G\"T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
        assert_int_equal(REQUEST("\x16\x03\x01\x02\x00\x01\x00\n"), 400);
        assert_int_equal(REQUEST("FETCH / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
        assert_int_equal(REQUEST("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 505);
        assert_int_equal(REQUEST("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
        assert_int_equal(REQUEST("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505);
        assert_int_equal(REQUEST("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
        assert_int_equal(REQUEST(GET_HEAD "Expect: 200-ok\r\n\r\n"), 417);
}

static void odd_chunks_are_refused(void **state)
{
        (void)state;
#define CHUNKED(text) REQUEST(HEAD "Transfer-Encoding: chunked\r\n\r\n" text)
        assert_int_equal(CHUNKED("3\r\nabc\r\n0\r\n\r\n"), 0);
        assert_int_equal(CHUNKED("003\r\nabc\r\n00\r\n\r\n"), 0);
        assert_int_equal(CHUNKED("3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"), 0);
        assert_int_equal(CHUNKED("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), 0);
        assert_int_equal(CHUNKED("3;\n\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3;\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3;a=b\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3 \r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED(" 3\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("+3\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("-3\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("0x3\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("g\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3\rabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3\r\nabcd\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3\r\nabc\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3\r\nabc0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("ffffffffffffffff\r\nabc\r\n0\r\n\r\n"), 413);
        assert_int_equal(CHUNKED("3\r\nabc\r\n0\r\nno colon\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3\r\nabc\r\n0\r\nX : 1\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3\r\nabc\r\n0\r\n\n"), 400);
        assert_int_equal(CHUNKED("3\r\nabc\r\n0\r\nX: a\nY: b\r\n\r\n"), 400);
        assert_int_equal(CHUNKED("3\r\nabc\r\n0\r\n"), -1);
        assert_int_equal(CHUNKED("3\r\nabc\r\n"), -1);
}

static struct slice filled(char *out, size_t cap, const char *before, char c, size_t count,
                           const char *after)
{
        size_t len = strlen(before);
        assert_true(len + count + strlen(after) <= cap);
        memcpy(out, before, len);
        memset(out + len, c, count);
        memcpy(out + len + count, after, strlen(after));
        return (struct slice){out, len + count + strlen(after)};
}

static void limits_hold_to_the_byte(void **state)
{
        (void)state;
        static char text[20000];
        size_t fixed = strlen(GET_HEAD "X: \r\n\r\n");
        struct slice fits = filled(text, sizeof text, GET_HEAD "X: ", 'a',
                                   limits.header_bytes_max - fixed, "\r\n\r\n");
        assert_int_equal(fits.len, limits.header_bytes_max);
        assert_int_equal(outcome(HTTP1_REQUEST, fits), 0);
        struct slice over = filled(text, sizeof text, GET_HEAD "X: ", 'a',
                                   limits.header_bytes_max - fixed + 1, "\r\n\r\n");
        assert_int_equal(outcome(HTTP1_REQUEST, over), 431);
        /* Without an end in sight, and a line that is bad but too long to be looked at. */
        assert_int_equal(outcome(HTTP1_REQUEST, filled(text, sizeof text, "GET /", 'a', 3000, "")),
                         431);
        assert_int_equal(outcome(HTTP1_REQUEST,
                                 filled(text, sizeof text, GET_HEAD "X: ", '\1', 3000, "\r\n")),
                         431);

        assert_int_equal(outcome(HTTP1_REQUEST,
                                 filled(text, sizeof text, GET_HEAD "Content-Length: 4096\r\n\r\n",
                                        'b', 4096, "")),
                         0);
        assert_int_equal(REQUEST(GET_HEAD "Content-Length: 4097\r\n\r\n"), 413);
        assert_int_equal(REQUEST(GET_HEAD "Content-Length: 99999999999999999999999\r\n\r\n"), 413);
        assert_int_equal(
                outcome(HTTP1_REQUEST, filled(text, sizeof text,
                                              GET_HEAD "Transfer-Encoding: chunked\r\n\r\n1000\r\n",
                                              'c', 4096, "\r\n0\r\n\r\n")),
                0);
        assert_int_equal(
                outcome(HTTP1_REQUEST, filled(text, sizeof text,
                                              GET_HEAD "Transfer-Encoding: chunked\r\n\r\n1000\r\n",
                                              'c', 4096, "\r\n1\r\n")),
                413);
        assert_int_equal(outcome(HTTP1_REQUEST,
                                 filled(text, sizeof text,
                                        GET_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", 'd',
                                        3000, "\r\n\r\n")),
                         431);
}

static void fields_have_a_limit(void **state)
{
        (void)state;
        char text[2048] = GET_HEAD;
        for (int i = 1; i < HTTP1_FIELDS_MAX; i++)
                strcat(text, "a:b\r\n");
        size_t len = strlen(text);
        strcat(text, "\r\n");
        assert_int_equal(outcome(HTTP1_REQUEST, slice_from(text)), 0);
        strcpy(text + len, "a:b\r\n\r\n");
        assert_int_equal(outcome(HTTP1_REQUEST, slice_from(text)), 431);
}

static void assert_target(const char *request, const char *path, const char *query)
{
        struct http1 *http = reader(HTTP1_REQUEST);
        size_t used;
        assert_int_equal(http1_feed(http, slice_from(request), &used), HTTP1_MESSAGE);
        assert_text(http1_message(http)->path, path);
        assert_text(http1_message(http)->query, query);
        http1_destroy(http);
}

static void targets_have_three_forms(void **state)
{
        (void)state;
        assert_target("GET /?a HTTP/1.1\r\nHost: a\r\n\r\n", "/", "a");
        assert_target("GET //x/http://y HTTP/1.1\r\nHost: a\r\n\r\n", "//x/http://y", "");
        assert_target("GET http://a:80/x/y?z=1 HTTP/1.1\r\nHost: a\r\n\r\n", "/x/y", "z=1");
        assert_target("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*", "");
}

static bool keeps_alive(enum http1_kind kind, const char *text)
{
        struct http1 *http = reader(kind);
        size_t used;
        assert_int_equal(http1_feed(http, slice_from(text), &used), HTTP1_MESSAGE);
        bool keep_alive = http1_message(http)->keep_alive;
        http1_destroy(http);
        return keep_alive;
}

static void the_connection_is_kept_as_asked(void **state)
{
        (void)state;
        assert_true(keeps_alive(HTTP1_REQUEST, GET_HEAD "\r\n"));
        assert_true(keeps_alive(HTTP1_REQUEST, GET_HEAD "Connection: Upgrade\r\n"
                                                        "Upgrade: websocket\r\n\r\n"));
        assert_false(keeps_alive(HTTP1_REQUEST, GET_HEAD "Connection: CLOSE\r\n\r\n"));
        assert_false(keeps_alive(HTTP1_REQUEST, GET_HEAD "Connection: TE , close,\r\n\r\n"));
        assert_false(keeps_alive(HTTP1_REQUEST, GET_HEAD "Connection: keep-alive\r\n"
                                                         "Connection: close\r\n\r\n"));
        assert_true(keeps_alive(HTTP1_REQUEST, GET_HEAD "Connection: closed\r\n\r\n"));
        assert_false(keeps_alive(HTTP1_REQUEST, "GET / HTTP/1.0\r\n\r\n"));
        assert_true(keeps_alive(HTTP1_REQUEST, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
        assert_true(keeps_alive(HTTP1_RESPONSE, "HTTP/1.1 204 No Content\r\n\r\n"));
}

static void an_upgrade_is_read_as_the_request_it_is(void **state)
{
        (void)state;
        assert_int_equal(REQUEST(GET_HEAD "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), 0);
        assert_int_equal(REQUEST(HEAD "Connection: Upgrade\r\nUpgrade: h2c\r\n"
                                      "Content-Length: 3\r\n\r\nabc"),
                         0);
        assert_int_equal(REQUEST(HEAD "Connection: Upgrade\r\nUpgrade: h2c\r\n"
                                      "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
                         0);
}

static void a_client_that_waits_for_100_is_noticed_once(void **state)
{
        (void)state;
        struct http1 *http = reader(HTTP1_REQUEST);
        size_t used;
        assert_int_equal(http1_feed(http, SLICE(HEAD "Expect: 100-Continue\r\n"), &used),
                         HTTP1_MORE);
        assert_false(http1_wants_continue(http));
        assert_int_equal(http1_feed(http, SLICE("Content-Length: 3\r\n\r\n"), &used), HTTP1_MORE);
        assert_true(http1_wants_continue(http));
        assert_int_equal(http1_feed(http, SLICE("a"), &used), HTTP1_MORE);
        assert_false(http1_wants_continue(http));
        assert_int_equal(http1_feed(http, SLICE("bc"), &used), HTTP1_MESSAGE);
        assert_false(http1_wants_continue(http));
        http1_destroy(http);

        /* Too large is said at once, and HTTP/1.0 knows no 100. */
        assert_int_equal(REQUEST(HEAD "Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n"), 413);
        http = reader(HTTP1_REQUEST);
        assert_int_equal(http1_feed(http,
                                    SLICE("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
                                          "Content-Length: 3\r\n\r\n"),
                                    &used),
                         HTTP1_MORE);
        assert_false(http1_wants_continue(http));
        http1_destroy(http);
}

static void a_message_that_is_cut_off_is_bad(void **state)
{
        (void)state;
        static const char *const cut[] = {"G", GET_HEAD, HEAD "Content-Length: 3\r\n\r\nab",
                                          HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n"};
        for (unsigned i = 0; i < sizeof cut / sizeof *cut; i++) {
                struct http1 *http = reader(HTTP1_REQUEST);
                size_t used;
                assert_int_equal(http1_feed(http, slice_from(cut[i]), &used), HTTP1_MORE);
                assert_true(http1_has_begun(http));
                assert_int_equal(http1_finish(http), HTTP1_BAD);
                http1_destroy(http);
        }
}

static void a_response_is_read_by_its_length(void **state)
{
        (void)state;
        struct http1 *http = reader(HTTP1_RESPONSE);
        size_t used;
        assert_int_equal(http1_feed(http,
                                    SLICE("HTTP/1.1 201 Created at last\r\nContent-Length: 2\r\n"
                                          "Content-Type: application/json\r\n\r\n{}more"),
                                    &used),
                         HTTP1_MESSAGE);
        assert_int_equal(http1_message(http)->status, 201);
        assert_text(http1_message(http)->body, "{}");
        assert_text(http1_message(http)->content_type, "application/json");
        http1_destroy(http);

        assert_int_equal(RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "2\r\nab\r\n0\r\n\r\n"),
                         0);
        assert_int_equal(RESPONSE("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), 0);
        assert_int_equal(RESPONSE("HTTP/1.1 204 No Content\r\n\r\n"), 0);
        assert_int_equal(RESPONSE("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), 0);
        assert_int_equal(RESPONSE("HTTP/1.1 100 Continue\r\n\r\n"), 0);
}

static void a_response_without_a_length_ends_with_the_connection(void **state)
{
        (void)state;
        struct http1 *http = reader(HTTP1_RESPONSE);
        size_t used;
        assert_int_equal(http1_feed(http, SLICE("HTTP/1.1 200 OK\r\n\r\nab"), &used), HTTP1_MORE);
        assert_int_equal(http1_feed(http, SLICE("cd"), &used), HTTP1_MORE);
        assert_int_equal(http1_finish(http), HTTP1_MESSAGE);
        assert_text(http1_message(http)->body, "abcd");
        assert_false(http1_message(http)->keep_alive);
        http1_destroy(http);
}

static void an_answer_to_head_has_no_body(void **state)
{
        (void)state;
        struct http1 *http = reader(HTTP1_RESPONSE);
        size_t used;
        http1_set_answers_head(http);
        assert_int_equal(
                http1_feed(http, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"), &used),
                HTTP1_MESSAGE);
        assert_int_equal(http1_message(http)->body.len, 0);
        http1_destroy(http);
}

static void a_response_without_sense_is_refused(void **state)
{
        (void)state;
        assert_int_equal(RESPONSE("HTTP/1.1 20 OK\r\n\r\n"), 400);
        assert_int_equal(RESPONSE("HTTP/1.1 099 OK\r\n\r\n"), 400);
        assert_int_equal(RESPONSE("HTTP/1.1 2000 OK\r\n\r\n"), 400);
        assert_int_equal(RESPONSE("HTTP/1.1  200 OK\r\n\r\n"), 400);
        assert_int_equal(RESPONSE("HTTP/2 200\r\n\r\n"), 505);
        assert_int_equal(RESPONSE("SSH-2.0-x\r\n\r\n"), 505);
        assert_int_equal(RESPONSE("\r\nHTTP/1.1 200 OK\r\n\r\n"), 400);
        assert_int_equal(RESPONSE("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), 400);
        assert_int_equal(RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                                  "Content-Length: 1\r\n\r\na"),
                         400);
        assert_int_equal(RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                         400);
        assert_int_equal(RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n"), 413);
        static char text[6000];
        assert_int_equal(outcome(HTTP1_RESPONSE, filled(text, sizeof text,
                                                        "HTTP/1.1 200 OK\r\n\r\n", 'a', 4097, "")),
                         413);
}

/* Without LLHTTP_STRICT_MODE the second reader would take a space in a field name. */
static void the_second_reader_is_strict(void **state)
{
        (void)state;
        static const char text[] = "GET / HTTP/1.1\r\nHost a: b\r\n\r\n";
        llhttp_settings_t settings;
        llhttp_t parser;
        llhttp_settings_init(&settings);
        llhttp_init(&parser, HTTP_REQUEST, &settings);
        assert_int_not_equal(llhttp_execute(&parser, text, sizeof text - 1), HPE_OK);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_request_is_taken_apart),
                cmocka_unit_test(messages_follow_one_another),
                cmocka_unit_test(what_could_smuggle_a_request_is_refused),
                cmocka_unit_test(a_head_without_sense_is_refused),
                cmocka_unit_test(odd_chunks_are_refused),
                cmocka_unit_test(limits_hold_to_the_byte),
                cmocka_unit_test(fields_have_a_limit),
                cmocka_unit_test(targets_have_three_forms),
                cmocka_unit_test(the_connection_is_kept_as_asked),
                cmocka_unit_test(an_upgrade_is_read_as_the_request_it_is),
                cmocka_unit_test(a_client_that_waits_for_100_is_noticed_once),
                cmocka_unit_test(a_message_that_is_cut_off_is_bad),
                cmocka_unit_test(a_response_is_read_by_its_length),
                cmocka_unit_test(a_response_without_a_length_ends_with_the_connection),
                cmocka_unit_test(an_answer_to_head_has_no_body),
                cmocka_unit_test(a_response_without_sense_is_refused),
                cmocka_unit_test(the_second_reader_is_strict),
        };
        return RUN_TESTS(tests);
}
