/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"
#include "io/http_server.h"
#include "io/io_epoll.h"

#define PATIENCE_MS 60000

/* A server that says what it was told to, whatever it is asked. */
struct script {
        const char *answer;
        bool at_once; /* not waiting for the end of the request's head */
        bool silent;  /* keeps the connection open and says nothing */
        bool in_bytes;
        int fd;
        struct addr addr;
        pthread_t thread;
        int quit[2];
        char heard[4096];
        size_t heard_bytes;
};

static void hear_head(struct script *s, int fd)
{
        while (!strstr(s->heard, "\r\n\r\n") && s->heard_bytes < sizeof s->heard - 1) {
                ssize_t n = recv(fd, s->heard + s->heard_bytes,
                                 sizeof s->heard - 1 - s->heard_bytes, 0);
                if (n <= 0)
                        return;
                s->heard_bytes += (size_t)n;
        }
}

static void *play(void *arg)
{
        struct script *s = arg;
        char byte;
        int fd = accept(s->fd, NULL, NULL);
        if (!s->at_once)
                hear_head(s, fd);
        size_t len = strlen(s->answer), step = s->in_bytes ? 1 : len;
        for (size_t at = 0; at < len; at += step) {
                if (send(fd, s->answer + at, step, MSG_NOSIGNAL) < 0)
                        break;
        }
        if (s->silent && read(s->quit[0], &byte, 1) < 0)
                return NULL;
        shutdown(fd, SHUT_WR);
        while (recv(fd, &byte, 1, 0) > 0)
                ;
        close(fd);
        return NULL;
}

static void script_start(struct script *s)
{
        struct sockaddr_storage ss;
        struct addr local = {0};
        assert_int_equal(addr_parse_ip(SLICE("127.0.0.1"), &local), 0);
        socklen_t len = addr_to_sockaddr(&local, &ss);
        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(s->fd >= 0);
        assert_int_equal(bind(s->fd, (struct sockaddr *)&ss, len), 0);
        assert_int_equal(listen(s->fd, 8), 0);
        len = sizeof ss;
        assert_int_equal(getsockname(s->fd, (struct sockaddr *)&ss, &len), 0);
        addr_from_sockaddr(&ss, &s->addr);
        assert_int_equal(pipe(s->quit), 0);
        assert_int_equal(pthread_create(&s->thread, NULL, play, s), 0);
}

static void script_end(struct script *s)
{
        assert_int_equal(write(s->quit[1], "q", 1), 1);
        shutdown(s->fd, SHUT_RDWR); /* nobody may have come */
        pthread_join(s->thread, NULL);
        close(s->fd);
        close(s->quit[0]);
        close(s->quit[1]);
}

static int call_script(struct script *s, struct http_call call, struct http_reply *reply)
{
        script_start(s);
        call.server = s->addr;
        if (!call.method)
                call.method = "GET";
        if (!call.path)
                call.path = "/v1/x";
        if (!call.timeout_ms)
                call.timeout_ms = PATIENCE_MS;
        int err = http_call(&call, reply);
        script_end(s);
        return err;
}

static int answer_to(const char *answer)
{
        struct script s = {.answer = answer};
        struct http_reply reply = {0};
        int err = call_script(&s, (struct http_call){0}, &reply);
        assert_int_equal(err != 0, reply.body == NULL);
        int status = (int)reply.status;
        free(reply.body);
        return err ? err : status;
}

static void the_request_is_written_as_it_should(void **state)
{
        (void)state;
        struct script s = {.answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"};
        struct http_reply reply = {0};
        struct http_call call = {.method = "POST",
                                 .path = "/v1/sessions?x=1",
                                 .bearer_token = "secret-token",
                                 .idempotency_key = "order-17",
                                 .body = SLICE("{\"a\":1}")};
        char expected[512], host[ADDR_TEXT_MAX];
        assert_int_equal(call_script(&s, call, &reply), 0);
        strcpy(host, addr_format(&s.addr).text);
        snprintf(expected, sizeof expected,
                 "POST /v1/sessions?x=1 HTTP/1.1\r\nHost: %s\r\nUser-Agent: maskline\r\n"
                 "Accept: application/json\r\nAuthorization: Bearer secret-token\r\n"
                 "Idempotency-Key: order-17\r\n"
                 "Content-Type: application/json\r\nContent-Length: 7\r\n"
                 "Connection: close\r\n\r\n{\"a\":1}",
                 host);
        assert_int_equal(strncmp(s.heard, expected, strlen(expected)), 0);
        assert_int_equal(reply.status, 201);
        assert_int_equal(reply.body_bytes, 2);
        assert_string_equal(reply.body, "{}");
        free(reply.body);
}

static void answers_of_all_lengths_are_read(void **state)
{
        (void)state;
        static const char *const answers[] = {
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n"
                "0\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\nhello",
                "HTTP/1.0 200 OK\r\n\r\nhello",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
        };
        for (unsigned i = 0; i < 2 * sizeof answers / sizeof *answers; i++) {
                struct script s = {.answer = answers[i / 2], .in_bytes = i % 2};
                struct http_reply reply = {0};
                assert_int_equal(call_script(&s, (struct http_call){0}, &reply), 0);
                assert_int_equal(reply.status, 200);
                assert_string_equal(reply.body, "hello");
                free(reply.body);
        }
}

static void an_answer_to_head_ends_with_its_head(void **state)
{
        (void)state;
        struct script s = {.answer = "HTTP/1.1 100 Continue\r\n\r\n"
                                     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                           .silent = true};
        struct http_reply reply = {0};
        assert_int_equal(call_script(&s, (struct http_call){.method = "HEAD"}, &reply), 0);
        assert_string_equal(reply.body, "");
        free(reply.body);
}

static void what_is_no_answer_is_an_error(void **state)
{
        (void)state;
        assert_int_equal(answer_to("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), 404);
        assert_int_equal(answer_to("HTTP/1.1 204 No Content\r\n\r\n"), 204);
        assert_int_equal(answer_to(""), -ECONNRESET);
        assert_int_equal(answer_to("HTTP/1.1 100 Continue\r\n\r\n"), -ECONNRESET);
        assert_int_equal(answer_to("SIP/2.0 200 OK\r\n\r\n"), ERR_SYNTAX);
        assert_int_equal(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), ERR_SYNTAX);
        assert_int_equal(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                                   "Content-Length: 6\r\n\r\nhello"),
                         ERR_SYNTAX);
        assert_int_equal(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n"),
                         ERR_TOO_LARGE);
}

static void a_server_that_is_silent_times_out(void **state)
{
        (void)state;
        static const char *const answers[] = {"",
                                              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"};
        for (unsigned i = 0; i < 2; i++) {
                struct script s = {.answer = answers[i], .silent = true};
                struct http_reply reply = {0};
                assert_int_equal(call_script(&s, (struct http_call){.timeout_ms = 20}, &reply),
                                 -ETIMEDOUT);
                assert_null(reply.body);
        }
}

static void an_answer_may_come_before_the_request_is_sent(void **state)
{
        (void)state;
        static char body[4 << 20];
        memset(body, 'b', sizeof body);
        struct script s = {.answer = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
                           .at_once = true,
                           .silent = true};
        struct http_reply reply = {0};
        struct http_call call = {.method = "POST", .body = {body, sizeof body}};
        assert_int_equal(call_script(&s, call, &reply), 0);
        assert_int_equal(reply.status, 413);
        free(reply.body);
}

static void nobody_there_is_connection_refused(void **state)
{
        (void)state;
        struct script s = {.answer = ""};
        struct http_reply reply = {0};
        assert_int_equal(call_script(&s, (struct http_call){0}, &reply), -ECONNRESET);
        struct http_call call = {
                .server = s.addr, .method = "GET", .path = "/", .timeout_ms = 1000};
        assert_int_equal(http_call(&call, &reply), -ECONNREFUSED);
}

static void what_would_break_the_request_is_refused(void **state)
{
        (void)state;
        struct http_reply reply = {0};
        static const struct http_call calls[] = {
                {.method = "GET", .path = "/a b"},
                {.method = "GET", .path = "/a\r\nX: y"},
                {.method = "GET", .path = "/\xc3\xa4"},
                {.method = "GET", .path = "a"},
                {.method = "GET", .path = ""},
                {.method = "", .path = "/"},
                {.method = "GET /", .path = "/"},
                {.method = "GET", .path = "/", .bearer_token = "a\r\nX: y"},
                {.method = "GET", .path = "/", .bearer_token = "a\n"},
                {.method = "POST", .path = "/", .idempotency_key = "a b"},
                {.method = "POST", .path = "/", .idempotency_key = "a\r\nX: y"},
        };
        for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
                assert_int_equal(http_call(&calls[i], &reply), -EINVAL);
}

/* With our own server, each on its own thread. */
struct service {
        struct io *io;
        struct http_server *server;
};

static void on_request(void *arg, struct http_exchange exchange, const struct http_request *r)
{
        struct service *s = arg;
        bool authorized = slice_equal(r->authorization, SLICE("Bearer t"));
        http_respond(s->server, exchange,
                     &(struct http_response){.status = authorized ? 200 : 401,
                                             .content_type = "application/json",
                                             .body = r->body});
}

static void *serve(void *arg)
{
        io_run(arg);
        return NULL;
}

static void our_server_and_our_client_understand_each_other(void **state)
{
        (void)state;
        struct service s = {0};
        pthread_t thread;
        static char body[100000];
        memset(body, 'j', sizeof body);
        assert_int_equal(io_create_epoll(&s.io), 0);
        struct http_server_params params = {.io = s.io,
                                            .connections_max = 2,
                                            .body_bytes_max = sizeof body,
                                            .header_bytes_max = 2048,
                                            .idle_ms = PATIENCE_MS,
                                            .request_ms = PATIENCE_MS,
                                            .handler = on_request,
                                            .arg = &s};
        assert_int_equal(addr_parse_ip(SLICE("127.0.0.1"), &params.listen), 0);
        assert_int_equal(http_server_create(&params, &s.server), 0);
        struct http_call call = {.server = *http_server_local(s.server),
                                 .method = "PUT",
                                 .path = "/",
                                 .body = {body, sizeof body},
                                 .timeout_ms = PATIENCE_MS};
        assert_int_equal(pthread_create(&thread, NULL, serve, s.io), 0);
        for (int i = 0; i < 20; i++) {
                struct http_reply reply = {0};
                call.bearer_token = i % 2 ? "t" : NULL;
                assert_int_equal(http_call(&call, &reply), 0);
                assert_int_equal(reply.status, i % 2 ? 200 : 401);
                assert_int_equal(reply.body_bytes, sizeof body);
                assert_memory_equal(reply.body, body, sizeof body);
                free(reply.body);
        }
        io_stop(s.io);
        pthread_join(thread, NULL);
        http_server_destroy(s.server);
        io_destroy(s.io);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_request_is_written_as_it_should),
                cmocka_unit_test(answers_of_all_lengths_are_read),
                cmocka_unit_test(an_answer_to_head_ends_with_its_head),
                cmocka_unit_test(what_is_no_answer_is_an_error),
                cmocka_unit_test(a_server_that_is_silent_times_out),
                cmocka_unit_test(an_answer_may_come_before_the_request_is_sent),
                cmocka_unit_test(nobody_there_is_connection_refused),
                cmocka_unit_test(what_would_break_the_request_is_refused),
                cmocka_unit_test(our_server_and_our_client_understand_each_other),
        };
        return RUN_TESTS(tests);
}
