/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP over TLS: both ends, who trusts whom, and what comes on such a port that is no TLS. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/http_client.h"
#include "io/http_server.h"
#include "io/io_epoll.h"
#include "tls_files.h"

#define BODY_MAX    (4 * 1024 * 1024)
#define PATIENCE_MS 60000

struct scene {
        struct authority authority, foreign;
        struct granted ours;
        struct tls_context *tls;
        struct io *io;
        struct http_server *server;
        unsigned asked;
};

/* Says the body back. */
static void echo(void *arg, struct http_exchange exchange, const struct http_request *request)
{
        struct scene *s = arg;
        const struct http_response response = {
                .status = 200, .content_type = "application/json", .body = request->body};
        s->asked++;
        http_respond(s->server, exchange, &response);
}

static void open_server(struct scene *s, int64_t request_ms)
{
        struct http_server_params params = {
                .io = s->io,
                .tls = s->tls,
                .connections_max = 4,
                .body_bytes_max = BODY_MAX,
                .header_bytes_max = 4096,
                .idle_ms = PATIENCE_MS,
                .request_ms = request_ms,
                .handler = echo,
                .arg = s,
        };
        assert_int_equal(addr_parse(SLICE("127.0.0.1:0"), 0, &params.listen), 0);
        assert_int_equal(http_server_create(&params, &s->server), 0);
}

static int set_up(void **state)
{
        struct scene *s = calloc(1, sizeof *s);
        assert_non_null(s);
        authority_init(&s->authority, "test authority");
        authority_init(&s->foreign, "somebody else");
        grant(&s->authority,
              &(struct wish){.name = "ours", .san = "DNS:*.maskline.example,IP:127.0.0.1"},
              &s->ours);
        s->tls = context_of(&s->ours.files);
        assert_int_equal(io_create_epoll(&s->io), 0);
        open_server(s, PATIENCE_MS);
        *state = s;
        return 0;
}

static int tear_down(void **state)
{
        struct scene *s = *state;
        http_server_destroy(s->server);
        io_destroy(s->io);
        tls_context_destroy(s->tls);
        authority_fini(&s->authority);
        authority_fini(&s->foreign);
        free(s);
        return 0;
}

struct question {
        struct scene *scene;
        struct http_call call;
        struct http_reply reply;
        struct tls_reason why;
        int err;
};

static void stop_loop(void *arg)
{
        io_stop(arg);
}

static void *put_question(void *arg)
{
        struct question *q = arg;
        q->err = http_call(&q->call, &q->reply);
        if (io_post(q->scene->io, stop_loop, q->scene->io))
                abort();
        return NULL;
}

/* A POST of `body`, with whatever the client thinks of the server. */
static struct question ask(struct scene *s, const struct http_tls *tls, struct slice body)
{
        pthread_t thread;
        struct question q = {
                .scene = s,
                .call = {.server = *http_server_local(s->server),
                         .tls = tls,
                         .method = "POST",
                         .path = "/",
                         .bearer_token = "mk_secret",
                         .body = body,
                         .timeout_ms = PATIENCE_MS},
        };
        q.call.why = &q.why;
        assert_int_equal(pthread_create(&thread, NULL, put_question, &q), 0);
        io_run(s->io);
        pthread_join(thread, NULL);
        q.call.why = NULL;
        return q;
}

static void expect_answer(struct scene *s, const struct http_tls *tls, struct slice body)
{
        struct question q = ask(s, tls, body);
        if (q.err)
                fail_msg("%s %s", err_text(q.err), q.why.text);
        assert_int_equal(q.reply.status, 200);
        assert_true(slice_equal(body, (struct slice){q.reply.body, q.reply.body_bytes}));
        free(q.reply.body);
}

static void expect_distrust(struct scene *s, const struct http_tls *tls, const char *why)
{
        unsigned before = s->asked;
        struct question q = ask(s, tls, SLICE("{}"));
        assert_int_equal(q.err, ERR_UNTRUSTED);
        if (!strstr(q.why.text, why))
                fail_msg("\"%s\" is not in \"%s\"", why, q.why.text);
        assert_int_equal(s->asked, before); /* the token stayed here */
}

static void who_trusts_the_authority_is_answered(void **state)
{
        struct scene *s = *state;
        expect_answer(s, &(struct http_tls){"127.0.0.1", s->authority.ca, NULL, NULL}, SLICE("{}"));
        expect_answer(s, &(struct http_tls){"api.maskline.example", s->authority.ca, NULL, NULL},
                      SLICE("{}"));
}

static void who_is_somebody_else_is_sent_nothing(void **state)
{
        struct scene *s = *state;
        expect_distrust(s, &(struct http_tls){"127.0.0.1", s->foreign.ca, NULL, NULL}, "issuer");
        expect_distrust(s, &(struct http_tls){"127.0.0.2", s->authority.ca, NULL, NULL},
                        "mismatch");
        expect_distrust(s, &(struct http_tls){"other.example", s->authority.ca, NULL, NULL},
                        "mismatch");
        expect_distrust(s, &(struct http_tls){"maskline.example", s->authority.ca, NULL, NULL},
                        "mismatch");
        expect_distrust(s, &(struct http_tls){"a.b.maskline.example", s->authority.ca, NULL, NULL},
                        "mismatch");
}

static void a_pin_is_enough_and_another_pin_is_not(void **state)
{
        struct scene *s = *state;
        uint8_t pin[HTTP_PIN_BYTES];
        assert_int_equal(tls_context_fingerprint(s->tls, pin), 0);
        expect_answer(s, &(struct http_tls){"other.example", NULL, pin, NULL}, SLICE("{}"));
        pin[31] ^= 1;
        expect_distrust(s, &(struct http_tls){"127.0.0.1", s->authority.ca, pin, NULL},
                        "not the certificate");
}

/* More than the socket takes at once, in both directions. */
static void large_bodies_cross(void **state)
{
        struct scene *s = *state;
        char *body = malloc(BODY_MAX);
        assert_non_null(body);
        for (size_t i = 0; i < BODY_MAX; i++)
                body[i] = (char)('a' + i * 7 % 26);
        const struct http_tls tls = {"127.0.0.1", s->authority.ca, NULL, NULL};
        static const size_t sizes[] = {16383, 16384, 16385, 100000, BODY_MAX};
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
                expect_answer(s, &tls, (struct slice){body, sizes[i]});
        free(body);
}

static void many_calls_trust_by_one_context(void **state)
{
        struct scene *s = *state;
        struct tls_reason why;
        struct tls_context *context;
        const struct tls_files files = {.ca = s->authority.ca};
        assert_int_equal(tls_context_create(&files, &why, &context), 0);
        /* The file is not looked at again. */
        const struct http_tls tls = {"127.0.0.1", "/nowhere", NULL, context};
        for (unsigned i = 0; i < 3; i++)
                expect_answer(s, &tls, SLICE("{}"));
        expect_distrust(s, &(struct http_tls){"other.example", "/nowhere", NULL, context},
                        "mismatch");
        tls_context_destroy(context);
}

static void a_new_certificate_is_shown_after_a_reload(void **state)
{
        struct scene *s = *state;
        struct granted fresh;
        struct tls_reason why;
        uint8_t before[HTTP_PIN_BYTES], after[HTTP_PIN_BYTES];
        assert_int_equal(tls_context_fingerprint(s->tls, before), 0);
        grant(&s->authority, &(struct wish){.name = "fresh", .san = "IP:127.0.0.1"}, &fresh);
        assert_int_equal(tls_context_reload(s->tls, &fresh.files, &why), 0);
        assert_int_equal(tls_context_fingerprint(s->tls, after), 0);
        expect_answer(s, &(struct http_tls){"127.0.0.1", NULL, after, NULL}, SLICE("{}"));
        expect_distrust(s, &(struct http_tls){"127.0.0.1", NULL, before, NULL},
                        "not the certificate");
}

/* A client of our own, byte by byte. */

static int connect_to(struct scene *s)
{
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(http_server_local(s->server), &ss);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
        return fd;
}

struct bytes {
        struct scene *scene;
        int fd;
        struct slice text;
        size_t got;
        char answer[256];
};

static void *say_bytes(void *arg)
{
        struct bytes *b = arg;
        ssize_t n;
        if (send(b->fd, b->text.p, b->text.len, MSG_NOSIGNAL) < 0)
                abort();
        while (b->got < sizeof b->answer &&
               (n = recv(b->fd, b->answer + b->got, sizeof b->answer - b->got, 0)) > 0)
                b->got += (size_t)n;
        if (io_post(b->scene->io, stop_loop, b->scene->io))
                abort();
        return NULL;
}

static struct bytes say(struct scene *s, struct slice text)
{
        pthread_t thread;
        struct bytes b = {.scene = s, .fd = connect_to(s), .text = text};
        assert_int_equal(pthread_create(&thread, NULL, say_bytes, &b), 0);
        io_run(s->io);
        pthread_join(thread, NULL);
        close(b.fd);
        return b;
}

static void what_is_no_tls_is_closed_and_asks_no_handler(void **state)
{
        struct scene *s = *state;
        /* A hello of SSL 2.0, whole: the server would wait for the rest of a shorter one. */
        static const char hello_2[2 + 0x2e] = "\x80\x2e\x01\x00\x02";
        const struct slice texts[] = {
                SLICE("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                SLICE("\x16\x03\x01\xff\xff rubbish"),
                {hello_2, sizeof hello_2},
        };
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct bytes b = say(s, texts[i]);
                assert_null(memmem(b.answer, b.got, "HTTP/", 5));
        }
        assert_int_equal(s->asked, 0);
        assert_int_equal(http_server_counters(s->server)->connections, 0);
}

/* Who says nothing holds a place for no longer than a request may take. */
static void a_silent_client_is_closed_before_its_handshake(void **state)
{
        struct scene *s = *state;
        http_server_destroy(s->server);
        open_server(s, 50);
        struct bytes b = say(s, SLICE_NONE);
        assert_int_equal(b.got, 0);
        assert_int_equal(http_server_counters(s->server)->timed_out, 1);
}

static void a_plain_client_of_a_plain_server_is_told_that_it_speaks_no_tls(void **state)
{
        struct scene *s = *state;
        http_server_destroy(s->server);
        struct tls_context *tls = s->tls;
        s->tls = NULL;
        open_server(s, PATIENCE_MS);
        s->tls = tls;
        struct question q =
                ask(s, &(struct http_tls){"127.0.0.1", s->authority.ca, NULL, NULL}, SLICE("{}"));
        assert_int_equal(q.err, -EPROTO);
        assert_int_equal(s->asked, 0);
}

/* TLS 1.1 is refused, 1.2 and 1.3 are spoken, and a connection serves more than one request. */

struct session {
        struct scene *scene;
        int fd, version, err;
        char answers[2][256];
};

static void *speak_tls(void *arg)
{
        struct session *c = arg;
        static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, c->version);
        SSL_CTX_set_max_proto_version(context, c->version);
        SSL *ssl = SSL_new(context);
        SSL_set_fd(ssl, c->fd);
        c->err = SSL_connect(ssl) == 1 ? 0 : -EPROTO;
        for (unsigned i = 0; i < 2 && !c->err; i++) {
                if (SSL_write(ssl, request, sizeof request - 1) <= 0 ||
                    SSL_read(ssl, c->answers[i], sizeof c->answers[i] - 1) <= 0)
                        c->err = -EIO;
        }
        SSL_free(ssl);
        SSL_CTX_free(context);
        if (io_post(c->scene->io, stop_loop, c->scene->io))
                abort();
        return NULL;
}

static void tls_1_2_and_1_3_are_spoken_and_nothing_older(void **state)
{
        struct scene *s = *state;
        static const struct {
                int version, err;
        } rows[] = {{TLS1_1_VERSION, -EPROTO}, {TLS1_2_VERSION, 0}, {TLS1_3_VERSION, 0}};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                pthread_t thread;
                struct session c = {.scene = s, .fd = connect_to(s), .version = rows[i].version};
                assert_int_equal(pthread_create(&thread, NULL, speak_tls, &c), 0);
                io_run(s->io);
                pthread_join(thread, NULL);
                close(c.fd);
                assert_int_equal(c.err, rows[i].err);
                for (unsigned k = 0; k < 2 && !c.err; k++)
                        assert_int_equal(strncmp(c.answers[k], "HTTP/1.1 200 ", 13), 0);
        }
        assert_int_equal(s->asked, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(who_trusts_the_authority_is_answered),
                TEST(who_is_somebody_else_is_sent_nothing),
                TEST(a_pin_is_enough_and_another_pin_is_not),
                TEST(large_bodies_cross),
                TEST(many_calls_trust_by_one_context),
                TEST(a_new_certificate_is_shown_after_a_reload),
                TEST(what_is_no_tls_is_closed_and_asks_no_handler),
                TEST(a_silent_client_is_closed_before_its_handshake),
                TEST(a_plain_client_of_a_plain_server_is_told_that_it_speaks_no_tls),
                TEST(tls_1_2_and_1_3_are_spoken_and_nothing_older),
        };
        return RUN_TESTS(tests);
}
