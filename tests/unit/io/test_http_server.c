/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../log_capture.h"
#include "../unit.h"
#include "io/io_epoll.h"

#define TURNS_MAX   2000000
#define LARGE_BYTES (8 << 20)

struct scene {
        struct io *io;
        struct http_server *server;
        unsigned requests;
        struct http_exchange waiting[8];
        unsigned waiting_count;
        char body[256];
        bool destroyed;
};

struct client {
        int fd;
        char *text; /* all that was received */
        size_t len;
        bool ended, reset;
};

static void turn(struct io *io)
{
        io_stop(io);
        io_run(io);
}

static void respond_text(struct scene *s, struct http_exchange exchange, const char *text)
{
        http_respond(s->server, exchange,
                     &(struct http_response){.status = 200,
                                             .content_type = "text/plain",
                                             .body = slice_from(text)});
}

static void respond_large(struct scene *s, struct http_exchange exchange)
{
        char *large = malloc(LARGE_BYTES);
        assert_non_null(large);
        memset(large, 'x', LARGE_BYTES);
        http_respond(s->server, exchange,
                     &(struct http_response){.status = 200,
                                             .content_type = "text/plain",
                                             .body = {large, LARGE_BYTES}});
        free(large);
}

/* What it does depends on the path. */
static void on_request(void *arg, struct http_exchange exchange, const struct http_request *r)
{
        struct scene *s = arg;
        char text[1024];
        s->requests++;
        assert_true(addr_is_loopback(&r->peer));
        if (slice_equal(r->path, SLICE("/later"))) {
                s->waiting[s->waiting_count++] = exchange;
        } else if (slice_equal(r->path, SLICE("/large"))) {
                respond_large(s, exchange);
        } else if (slice_equal(r->path, SLICE("/destroy"))) {
                http_server_destroy(s->server);
                s->destroyed = true;
                /* The request lives on until we return. */
                assert_true(slice_equal(r->query, SLICE("now")));
        } else if (slice_equal(r->path, SLICE("/empty"))) {
                http_respond(s->server, exchange, &(struct http_response){.status = 204});
        } else if (slice_equal(r->path, SLICE("/fields"))) {
                http_respond(s->server, exchange,
                             &(struct http_response){.status = 405,
                                                     .location = "/v1/x",
                                                     .allow = "GET, POST",
                                                     .authenticate = "Bearer",
                                                     .retry_after_s = 7});
        } else {
                snprintf(text, sizeof text, "%.*s %.*s ?%.*s %.*s", SLICE_ARG(r->method),
                         SLICE_ARG(r->path), SLICE_ARG(r->query), SLICE_ARG(r->body));
                respond_text(s, exchange, text);
        }
}

static void scene_init(struct scene *s, const struct http_server_params *changes)
{
        struct http_server_params params = {
                .connections_max = 4,
                .body_bytes_max = 4096,
                .header_bytes_max = 2048,
                .idle_ms = 3600000,
                .request_ms = 3600000,
        };
        if (changes)
                params = *changes;
        *s = (struct scene){0};
        assert_int_equal(io_create_epoll(&s->io), 0);
        params.io = s->io;
        params.handler = on_request;
        params.arg = s;
        if (!params.listen.family)
                assert_int_equal(addr_parse_ip(SLICE("127.0.0.1"), &params.listen), 0);
        assert_int_equal(http_server_create(&params, &s->server), 0);
        assert_true(http_server_local(s->server)->port != 0);
}

static struct http_server_params with_limits(int64_t idle_ms, int64_t request_ms)
{
        return (struct http_server_params){
                .connections_max = 4,
                .body_bytes_max = 4096,
                .header_bytes_max = 2048,
                .idle_ms = idle_ms,
                .request_ms = request_ms,
        };
}

static void scene_fini(struct scene *s)
{
        if (!s->destroyed)
                http_server_destroy(s->server);
        io_destroy(s->io);
}

static struct client connect_to(struct scene *s)
{
        struct client c = {0};
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(http_server_local(s->server), &ss);
        c.fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(c.fd >= 0);
        assert_int_equal(connect(c.fd, (struct sockaddr *)&ss, len), 0);
        return c;
}

static void client_fini(struct client *c)
{
        close(c->fd);
        free(c->text);
}

static void say(struct client *c, const char *text)
{
        size_t len = strlen(text);
        assert_int_equal(send(c->fd, text, len, MSG_NOSIGNAL), len);
}

static void receive(struct client *c)
{
        char bytes[65536];
        ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
                return;
        c->ended = n <= 0;
        c->reset = n < 0;
        if (n <= 0)
                return;
        c->text = realloc(c->text, c->len + (size_t)n + 1);
        assert_non_null(c->text);
        memcpy(c->text + c->len, bytes, (size_t)n);
        c->len += (size_t)n;
        c->text[c->len] = '\0';
}

static unsigned count_of(const struct client *c, const char *needle)
{
        unsigned count = 0;
        for (const char *at = c->text; at && (at = strstr(at, needle)); at++)
                count++;
        return count;
}

/* Turns the loop until the client has heard `needle` so often, or the end. */
static void hear(struct scene *s, struct client *c, const char *needle, unsigned times)
{
        for (int i = 0; i < TURNS_MAX && count_of(c, needle) < times && !c->ended; i++) {
                turn(s->io);
                receive(c);
        }
        assert_int_equal(count_of(c, needle), times);
}

static void hear_end(struct scene *s, struct client *c)
{
        for (int i = 0; i < TURNS_MAX && !c->ended; i++) {
                turn(s->io);
                receive(c);
        }
        assert_true(c->ended);
        assert_false(c->reset);
}

static void some_turns(struct scene *s, struct client *c)
{
        for (int i = 0; i < 10; i++) {
                turn(s->io);
                receive(c);
        }
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void a_request_is_answered_with_the_fields_every_answer_has(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, GET("/v1/x?page=2"));
        hear(&s, &c, "GET /v1/x ?page=2 ", 1);
        assert_int_equal(strncmp(c.text, "HTTP/1.1 200 OK\r\nDate: ", 23), 0);
        assert_int_equal(count_of(&c, " GMT\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nContent-Type: text/plain\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nContent-Length: 18\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nCache-Control: no-store\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nX-Content-Type-Options: nosniff\r\n"), 1);
        assert_int_equal(count_of(&c, "Connection:"), 0);
        assert_int_equal(http_server_counters(s.server)->requests, 1);
        client_fini(&c);
        scene_fini(&s);
}

static void fields_of_the_answer_are_sent(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, GET("/fields"));
        hear(&s, &c, "\r\n\r\n", 1);
        assert_int_equal(count_of(&c, "HTTP/1.1 405 Method Not Allowed\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nContent-Length: 0\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nLocation: /v1/x\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nAllow: GET, POST\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nWWW-Authenticate: Bearer\r\n"), 1);
        assert_int_equal(count_of(&c, "\r\nRetry-After: 7\r\n"), 1);
        assert_int_equal(count_of(&c, "Content-Type:"), 0);
        client_fini(&c);
        scene_fini(&s);
}

static void a_204_has_no_length(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, GET("/empty"));
        hear(&s, &c, "\r\n\r\n", 1);
        assert_int_equal(count_of(&c, "HTTP/1.1 204 No Content\r\n"), 1);
        assert_int_equal(count_of(&c, "Content-Length"), 0);
        client_fini(&c);
        scene_fini(&s);
}

static void a_head_is_answered_without_the_body(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" GET("/y"));
        hear(&s, &c, "GET /y", 1);
        assert_int_equal(count_of(&c, "HEAD /x"), 0);
        assert_int_equal(count_of(&c, "Content-Length: 9\r\n"), 1);
        client_fini(&c);
        scene_fini(&s);
}

static void a_request_may_come_byte_by_byte(void **state)
{
        (void)state;
        static const char text[] =
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5\r\nhello\r\n0\r\n\r\n" GET("/y");
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        for (size_t i = 0; i < sizeof text - 1; i++) {
                assert_int_equal(send(c.fd, text + i, 1, MSG_NOSIGNAL), 1);
                turn(s.io);
        }
        hear(&s, &c, "POST /x ? hello", 1);
        hear(&s, &c, "GET /y", 1);
        client_fini(&c);
        scene_fini(&s);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, GET("/later") GET("/two") GET("/later") GET("/four"));
        some_turns(&s, &c);
        /* Nothing overtakes the first, and it alone has been seen. */
        assert_int_equal(c.len, 0);
        assert_int_equal(s.requests, 1);

        respond_text(&s, s.waiting[0], "one");
        hear(&s, &c, "GET /two", 1);
        assert_true(strstr(c.text, "one") < strstr(c.text, "GET /two"));
        assert_int_equal(s.requests, 3);
        respond_text(&s, s.waiting[1], "three");
        hear(&s, &c, "GET /four", 1);
        assert_true(strstr(c.text, "three") < strstr(c.text, "GET /four"));
        assert_int_equal(count_of(&c, "HTTP/1.1 200 OK"), 4);

        /* And it goes on. */
        say(&c, GET("/five"));
        hear(&s, &c, "GET /five", 1);
        client_fini(&c);
        scene_fini(&s);
}

static void many_small_requests_in_one_piece_are_all_answered(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        for (int i = 0; i < 1000; i++)
                say(&c, GET("/n"));
        hear(&s, &c, "GET /n", 1000);
        client_fini(&c);
        scene_fini(&s);
}

static void the_connection_is_closed_when_asked(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s), old = connect_to(&s), kept = connect_to(&s);
        say(&c, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/y"));
        hear_end(&s, &c);
        assert_int_equal(count_of(&c, "\r\nConnection: close\r\n"), 1);
        assert_int_equal(count_of(&c, "GET /y"), 0);

        say(&old, "GET /x HTTP/1.0\r\n\r\n");
        hear_end(&s, &old);
        assert_int_equal(count_of(&old, "\r\nConnection: close\r\n"), 1);

        say(&kept, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        hear(&s, &kept, "GET /x", 1);
        assert_int_equal(count_of(&kept, "\r\nConnection: keep-alive\r\n"), 1);
        say(&kept, GET("/y"));
        hear(&s, &kept, "GET /y", 1);
        client_fini(&c);
        client_fini(&old);
        client_fini(&kept);
        scene_fini(&s);
}

static void a_client_that_has_closed_its_side_is_answered(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, GET("/later") GET("/two"));
        assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
        some_turns(&s, &c);
        assert_int_equal(s.waiting_count, 1);
        assert_false(c.ended);
        respond_text(&s, s.waiting[0], "one");
        hear_end(&s, &c);
        assert_int_equal(count_of(&c, "one"), 1);
        assert_int_equal(count_of(&c, "GET /two"), 1);
        assert_int_equal(http_server_counters(s.server)->connections, 0);
        client_fini(&c);
        scene_fini(&s);
}

static void reset_by_client(struct client *c)
{
        struct linger hard = {.l_onoff = 1};
        assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
        client_fini(c);
}

static void a_client_that_vanishes_makes_its_exchange_stale(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, GET("/later") GET("/two"));
        some_turns(&s, &c);
        assert_int_equal(s.waiting_count, 1);
        reset_by_client(&c);
        turn(s.io);
        turn(s.io);
        assert_int_equal(http_server_counters(s.server)->connections, 0);

        /* Another client gets the place; the old answer does not reach it. */
        struct client other = connect_to(&s);
        say(&other, GET("/later"));
        some_turns(&s, &other);
        respond_text(&s, s.waiting[0], "too late");
        some_turns(&s, &other);
        assert_int_equal(other.len, 0);
        respond_text(&s, s.waiting[1], "in time");
        hear(&s, &other, "in time", 1);
        assert_int_equal(s.requests, 2);

        /* Answered twice: the second time nothing happens. */
        respond_text(&s, s.waiting[1], "again");
        some_turns(&s, &other);
        assert_int_equal(count_of(&other, "again"), 0);
        client_fini(&other);
        scene_fini(&s);
}

static void a_client_that_closes_before_the_answer_costs_nothing(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, GET("/later"));
        some_turns(&s, &c);
        client_fini(&c);
        turn(s.io);
        respond_large(&s, s.waiting[0]);
        for (int i = 0; i < TURNS_MAX && http_server_counters(s.server)->connections; i++)
                turn(s.io);
        assert_int_equal(http_server_counters(s.server)->connections, 0);
        scene_fini(&s);
}

static void assert_refused(const char *text, const char *status)
{
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, text);
        hear_end(&s, &c);
        assert_int_equal(count_of(&c, "HTTP/1.1 "), 1);
        if (!c.text || strncmp(c.text + 9, status, 3) != 0)
                fail_msg("not %s: %s", status, c.text);
        assert_int_equal(count_of(&c, "\r\nConnection: close\r\n"), 1);
        assert_int_equal(s.requests, 0);
        assert_int_equal(http_server_counters(s.server)->refused, 1);
        client_fini(&c);
        scene_fini(&s);
}

static void what_is_not_well_framed_is_refused_and_closed(void **state)
{
        (void)state;
        assert_refused("GET / HTTP/1.1\r\n\r\n", "400");
        assert_refused("GET / HTTP/1.1\nHost: a\n\n", "400");
        assert_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                       "Content-Length: 6\r\n\r\nhello!" GET("/smuggled"),
                       "400");
        assert_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET("/smuggled"),
                       "400");
        assert_refused("\x16\x03\x01 tls\n\r\n\r\n", "400");
        assert_refused("GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505");
        assert_refused("GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", "417");
}

static void what_is_too_large_is_refused_and_closed(void **state)
{
        (void)state;
        static char text[300000];
        strcpy(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
        memset(text + strlen(text), 'a', 4000);
        assert_refused(text, "431");

        memset(text, 0, sizeof text);
        strcpy(text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
        memset(text + strlen(text), 'b', 100000);
        assert_refused(text, "413");
        assert_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1001\r\n",
                       "413");
}

static void a_refused_client_is_heard_out_for_a_while(void **state)
{
        (void)state;
        struct scene s;
        char piece[10000];
        size_t sent = 0;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        memset(piece, 'b', sizeof piece);
        say(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
        hear(&s, &c, "HTTP/1.1 413 ", 1);

        /* It is still sending: a reset now could cost it the answer. */
        for (; sent < 200000; sent += sizeof piece) {
                assert_int_equal(send(c.fd, piece, sizeof piece, MSG_NOSIGNAL), sizeof piece);
                turn(s.io);
        }
        assert_int_equal(http_server_counters(s.server)->connections, 1);
        for (; sent < 500000 && http_server_counters(s.server)->connections; sent += sizeof piece) {
                assert_int_equal(send(c.fd, piece, sizeof piece, MSG_NOSIGNAL), sizeof piece);
                turn(s.io);
        }
        assert_int_equal(http_server_counters(s.server)->connections, 0);
        client_fini(&c);
        scene_fini(&s);
}

static void a_request_that_is_cut_off_is_refused(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
        shutdown(c.fd, SHUT_WR);
        hear_end(&s, &c);
        assert_int_equal(count_of(&c, "HTTP/1.1 400 "), 1);
        assert_int_equal(s.requests, 0);
        client_fini(&c);
        scene_fini(&s);
}

static void a_client_that_waits_for_100_gets_it(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        for (unsigned i = 1; i <= 2; i++) {
                say(&c, "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                        "Content-Length: 5\r\n\r\n");
                hear(&s, &c, "HTTP/1.1 100 Continue\r\n\r\n", i);
                say(&c, "hel");
                some_turns(&s, &c);
                say(&c, "lo");
                hear(&s, &c, "POST /x ? hello", i);
                assert_int_equal(count_of(&c, "HTTP/1.1 100 "), i);
        }
        /* Who does not wait is not told to go on. */
        say(&c, "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                "Content-Length: 5\r\n\r\nhello");
        hear(&s, &c, "POST /x ? hello", 3);
        assert_int_equal(count_of(&c, "HTTP/1.1 100 "), 2);
        client_fini(&c);
        scene_fini(&s);
}

static void an_idle_connection_is_closed(void **state)
{
        (void)state;
        struct scene s;
        struct http_server_params params = with_limits(5, 3600000);
        scene_init(&s, &params);
        struct client c = connect_to(&s), used = connect_to(&s);
        say(&used, GET("/x"));
        hear_end(&s, &c);
        hear_end(&s, &used);
        assert_int_equal(c.len, 0);
        assert_int_equal(count_of(&used, "GET /x"), 1);
        assert_int_equal(count_of(&used, "HTTP/1.1 "), 1);
        assert_int_equal(http_server_counters(s.server)->timed_out, 2);
        client_fini(&c);
        client_fini(&used);
        scene_fini(&s);
}

static void a_slow_request_is_answered_408(void **state)
{
        (void)state;
        struct scene s;
        struct http_server_params params = with_limits(3600000, 5);
        scene_init(&s, &params);
        struct client c = connect_to(&s);
        /* A byte now and then does not prolong it. */
        for (int i = 0; i < TURNS_MAX && !c.len; i++) {
                if (i % 50 == 0)
                        say(&c, "a");
                turn(s.io);
                receive(&c);
        }
        hear_end(&s, &c);
        assert_int_equal(count_of(&c, "HTTP/1.1 408 Request Timeout\r\n"), 1);
        client_fini(&c);
        scene_fini(&s);
}

static void an_answer_may_take_longer_than_a_request(void **state)
{
        (void)state;
        struct scene s;
        struct http_server_params params = with_limits(2, 2);
        scene_init(&s, &params);
        struct client c = connect_to(&s), idle = connect_to(&s);
        say(&c, GET("/later"));
        hear_end(&s, &idle);
        assert_false(c.ended);
        assert_int_equal(s.waiting_count, 1);
        respond_text(&s, s.waiting[0], "at last");
        hear(&s, &c, "at last", 1);
        client_fini(&c);
        client_fini(&idle);
        scene_fini(&s);
}

static void a_large_answer_is_sent_whole(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s);
        say(&c, GET("/large") GET("/after"));
        size_t head = 0;
        for (int i = 0; i < TURNS_MAX && (!head || c.len < head + LARGE_BYTES + 50); i++) {
                turn(s.io);
                receive(&c);
                const char *end = head || !c.text ? NULL : strstr(c.text, "\r\n\r\n");
                if (end)
                        head = (size_t)(end - c.text) + 4;
        }
        assert_int_equal(count_of(&c, "Content-Length: 8388608\r\n"), 1);
        assert_int_equal(c.text[head + LARGE_BYTES - 1], 'x');
        assert_int_equal(strncmp(c.text + head + LARGE_BYTES, "HTTP/1.1 200 OK", 15), 0);
        client_fini(&c);
        scene_fini(&s);
}

static void a_client_that_does_not_read_is_closed(void **state)
{
        (void)state;
        struct scene s;
        struct http_server_params params = with_limits(3600000, 10);
        scene_init(&s, &params);
        struct client c = connect_to(&s);
        say(&c, GET("/large") GET("/large") GET("/large"));
        for (int i = 0; i < TURNS_MAX && !http_server_counters(s.server)->timed_out; i++)
                turn(s.io);
        /* While the first answer is stuck, no other is prepared. */
        assert_int_equal(s.requests, 1);
        assert_int_equal(http_server_counters(s.server)->timed_out, 1);
        assert_int_equal(http_server_counters(s.server)->connections, 0);
        client_fini(&c);
        scene_fini(&s);
}

static void connections_have_a_limit(void **state)
{
        (void)state;
        struct scene s;
        struct client c[5];
        scene_init(&s, NULL);
        for (int i = 0; i < 5; i++)
                c[i] = connect_to(&s);
        hear_end(&s, &c[4]);
        assert_int_equal(count_of(&c[4], "HTTP/1.1 503 Service Unavailable\r\n"), 1);
        assert_int_equal(http_server_counters(s.server)->over_limit, 1);
        assert_int_equal(http_server_counters(s.server)->connections, 4);

        /* A place that becomes free is taken again. */
        client_fini(&c[0]);
        turn(s.io);
        turn(s.io);
        c[0] = connect_to(&s);
        say(&c[0], GET("/x"));
        hear(&s, &c[0], "GET /x", 1);
        for (int i = 0; i < 5; i++)
                client_fini(&c[i]);
        scene_fini(&s);
}

static void the_handler_may_destroy_the_server(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct client c = connect_to(&s), other = connect_to(&s);
        say(&other, GET("/later"));
        some_turns(&s, &other);
        say(&c, GET("/destroy?now") GET("/x"));
        hear_end(&s, &other);
        for (int i = 0; i < TURNS_MAX && !c.ended; i++)
                receive(&c);
        assert_true(s.destroyed);
        assert_int_equal(s.requests, 2);
        client_fini(&c);
        client_fini(&other);
        scene_fini(&s);
}

static void a_server_with_loopback_only_serves_loopback(void **state)
{
        (void)state;
        struct scene s;
        struct http_server_params params = with_limits(3600000, 3600000);
        params.loopback_only = true;
        scene_init(&s, &params);
        struct client c = connect_to(&s);
        say(&c, GET("/x"));
        hear(&s, &c, "GET /x", 1);
        assert_int_equal(http_server_counters(s.server)->not_loopback, 0);
        client_fini(&c);
        scene_fini(&s);
}

static void a_number_in_a_request_does_not_reach_the_log(void **state)
{
        (void)state;
        struct scene s;
        char log[4096];
        struct log_capture capture;
        log_capture_begin(&capture, LOG_DEBUG);
        scene_init(&s, NULL);
        struct client c = connect_to(&s), bad = connect_to(&s);
        say(&c, GET("/v1/p/919888800001?to=+919888800002"));
        hear(&s, &c, "GET /v1/p/919888800001", 1);
        say(&bad, "GET /919888800003\r\nX: 919888800004\r\n\r\n");
        hear(&s, &bad, "HTTP/1.1 400 ", 1);
        client_fini(&c);
        client_fini(&bad);
        scene_fini(&s);
        log_capture_end(&capture, log, sizeof log);
        assert_non_null(strstr(log, "GET /v1/p/# from 127.0.0.1:"));
        assert_null(strstr(log, "98888"));
}

static void it_listens_on_ipv6(void **state)
{
        (void)state;
        struct scene s;
        struct http_server_params params = with_limits(3600000, 3600000);
        assert_int_equal(addr_parse_ip(SLICE("::1"), &params.listen), 0);
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(&params.listen, &ss);
        bool has_ipv6 = fd >= 0 && bind(fd, (struct sockaddr *)&ss, len) == 0;
        if (fd >= 0)
                close(fd);
        if (!has_ipv6)
                skip_for_want_of("IPv6");
        scene_init(&s, &params);
        struct client c = connect_to(&s);
        say(&c, GET("/x"));
        hear(&s, &c, "GET /x", 1);
        client_fini(&c);
        scene_fini(&s);
}

static void what_cannot_be_opened_is_an_error(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, NULL);
        struct http_server *again = NULL;
        struct http_server_params params = with_limits(1, 1);
        params.io = s.io;
        params.listen = *http_server_local(s.server);
        params.handler = on_request;
        assert_int_equal(http_server_create(&params, &again), -EADDRINUSE);
        params.connections_max = 0;
        assert_int_equal(http_server_create(&params, &again), -EINVAL);
        assert_null(again);
        http_server_destroy(NULL);
        scene_fini(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_request_is_answered_with_the_fields_every_answer_has),
                cmocka_unit_test(fields_of_the_answer_are_sent),
                cmocka_unit_test(a_204_has_no_length),
                cmocka_unit_test(a_head_is_answered_without_the_body),
                cmocka_unit_test(a_request_may_come_byte_by_byte),
                cmocka_unit_test(pipelined_requests_are_answered_in_order),
                cmocka_unit_test(many_small_requests_in_one_piece_are_all_answered),
                cmocka_unit_test(the_connection_is_closed_when_asked),
                cmocka_unit_test(a_client_that_has_closed_its_side_is_answered),
                cmocka_unit_test(a_client_that_vanishes_makes_its_exchange_stale),
                cmocka_unit_test(a_client_that_closes_before_the_answer_costs_nothing),
                cmocka_unit_test(what_is_not_well_framed_is_refused_and_closed),
                cmocka_unit_test(what_is_too_large_is_refused_and_closed),
                cmocka_unit_test(a_refused_client_is_heard_out_for_a_while),
                cmocka_unit_test(a_request_that_is_cut_off_is_refused),
                cmocka_unit_test(a_client_that_waits_for_100_gets_it),
                cmocka_unit_test(an_idle_connection_is_closed),
                cmocka_unit_test(a_slow_request_is_answered_408),
                cmocka_unit_test(an_answer_may_take_longer_than_a_request),
                cmocka_unit_test(a_large_answer_is_sent_whole),
                cmocka_unit_test(a_client_that_does_not_read_is_closed),
                cmocka_unit_test(connections_have_a_limit),
                cmocka_unit_test(the_handler_may_destroy_the_server),
                cmocka_unit_test(a_server_with_loopback_only_serves_loopback),
                cmocka_unit_test(a_number_in_a_request_does_not_reach_the_log),
                cmocka_unit_test(it_listens_on_ipv6),
                cmocka_unit_test(what_cannot_be_opened_is_an_error),
        };
        return RUN_TESTS(tests);
}
