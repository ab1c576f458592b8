/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every scene here is played again and again, with the first allocation failing, then the second,
 * and so on until none fails. Nothing may crash or leak, and what fails says so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"
#include "io/dns.h"
#include "io/http_server.h"
#include "io/io_epoll.h"
#include "io/io_sim.h"
#include "io/locate.h"
#include "io/stream.h"
#include "io/tls.h"
#include "tls_files.h"

void *__real_calloc(size_t count, size_t bytes);
void *__real_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_malloc(size_t bytes);

static bool is_armed;
static unsigned left; /* allocations until one fails */
static bool has_failed;

static bool fails(void)
{
        if (!is_armed || has_failed || --left)
                return false;
        has_failed = true;
        return true;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
        return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_malloc(size_t bytes)
{
        return fails() ? NULL : __real_malloc(bytes);
}

/* A scene returns 0 when everything went as it should. */
static void play_until_none_fails(int (*scene)(void), unsigned at_least)
{
        for (unsigned n = 1;; n++) {
                assert_true(n < 1000);
                left = n;
                has_failed = false;
                is_armed = true;
                int err = scene();
                is_armed = false;
                if (has_failed)
                        continue;
                assert_int_equal(err, 0);
                assert_true(n > at_least);
                return;
        }
}

static void ignore_datagram(void *arg, const struct addr *from, struct slice data)
{
        (void)from;
        ++*(unsigned *)arg;
        assert_int_equal(data.len, 1);
}

static void ignore_events(void *arg, unsigned events)
{
        (void)arg;
        (void)events;
}

static struct addr loopback(void)
{
        return (struct addr){.family = 4, .ip = {127, 0, 0, 1}};
}

static void turn(struct io *io)
{
        io_stop(io);
        io_run(io);
}

static int real_loop(void)
{
        struct io *io = NULL;
        struct io_udp *udp = NULL;
        struct io_fd *watch = NULL;
        struct addr local = loopback();
        unsigned datagrams = 0;
        int fds[2] = {-1, -1};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        int err = io_create_epoll(&io);
        if (!err)
                err = io_udp_open(io, &local, ignore_datagram, &datagrams, &udp);
        if (!err)
                err = io_fd_watch(io, fds[0], IO_READ, ignore_events, NULL, &watch);
        assert_true(err == 0 || err == -ENOMEM);
        if (!err) {
                io_udp_send(udp, io_udp_local(udp), SLICE("x"));
                turn(io);
                assert_int_equal(datagrams, 1);
        }
        io_fd_unwatch(watch);
        io_udp_close(udp);
        io_destroy(io);
        close(fds[0]);
        close(fds[1]);
        return err;
}

static void the_real_loop(void **state)
{
        (void)state;
        play_until_none_fails(real_loop, 5);
}

static void on_address(void *arg, int err, const struct dns_answer *answer)
{
        int *result = arg;
        *result = err;
        assert_int_equal(answer != NULL, err == 0);
}

static int simulated_loop(void)
{
        struct sim_world *world = NULL;
        struct io *io = NULL;
        struct io_udp *udp = NULL;
        struct dns_query *query = NULL;
        struct addr local = loopback();
        unsigned datagrams = 0;
        int result = 1;
        int err = sim_world_create(1, &world);
        if (!err)
                err = io_create_sim(world, &io);
        if (!err)
                err = io_udp_open(io, &local, ignore_datagram, &datagrams, &udp);
        if (!err)
                err = dns_sim_set(io, SLICE("a.example"), &local, 1, 60);
        if (!err)
                err = dns_resolve(io, SLICE("a.example"), on_address, &result, &query);
        assert_true(err == 0 || err == -ENOMEM);
        if (!err) {
                io_udp_send(udp, io_udp_local(udp), SLICE("x"));
                sim_world_run_ms(world, 10);
                assert_int_equal(result, 0);
                assert_int_equal(datagrams + io_counters(io)->send_failed, 1);
        }
        sim_world_destroy(world);
        return err;
}

static void the_simulated_loop(void **state)
{
        (void)state;
        play_until_none_fails(simulated_loop, 5);
}

static int look_up(void)
{
        struct io *io = NULL;
        struct dns_query *query = NULL;
        volatile int result = 1; /* on_address sets it */
        int err = io_create_epoll(&io);
        if (!err)
                err = dns_resolve(io, SLICE("localhost"), on_address, (void *)&result, &query);
        int turns = 0;
        while (!err && result == 1) {
                assert_true(turns++ < 1000);
                turn(io);
        }
        io_destroy(io);
        return err ? err : result;
}

static void a_look_up(void **state)
{
        (void)state;
        play_until_none_fails(look_up, 4);
}

struct service {
        struct http_server *server;
        struct http_exchange waiting;
        unsigned requests;
};

static void on_request(void *arg, struct http_exchange exchange, const struct http_request *r)
{
        struct service *service = arg;
        (void)r;
        service->waiting = exchange;
        service->requests++;
}

static int connected_to(const struct addr *server)
{
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(server, &ss);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
        return fd;
}

/* Two requests in one piece, with bodies, answered later; whoever is out of luck is closed. */
static unsigned ask_twice(struct io *io, struct service *service)
{
        static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                   "Content-Length: 1\r\n\r\n";
        char bytes[4096];
        unsigned answers = 0;
        int fd = connected_to(http_server_local(service->server));
        assert_int_equal(send(fd, text, sizeof text - 1, MSG_NOSIGNAL), sizeof text - 1);
        turn(io);
        turn(io);
        (void)send(fd, "a", 1, MSG_NOSIGNAL);
        (void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
        (void)send(fd, "b", 1, MSG_NOSIGNAL);
        for (int i = 0; i < 20; i++) {
                struct http_response response = {
                        .status = 200, .content_type = "text/plain", .body = SLICE("yes")};
                turn(io);
                http_respond(service->server, service->waiting, &response);
                ssize_t n = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT);
                if (n <= 0)
                        continue;
                bytes[n] = '\0';
                for (const char *at = bytes; (at = strstr(at, "HTTP/1.1 200 ")); at++)
                        answers++;
        }
        close(fd);
        return answers;
}

static int serve(void)
{
        struct io *io = NULL;
        struct service service = {0};
        struct http_server_params params = {.listen = loopback(),
                                            .connections_max = 2,
                                            .body_bytes_max = 100,
                                            .header_bytes_max = 1000,
                                            .idle_ms = 3600000,
                                            .request_ms = 3600000,
                                            .handler = on_request,
                                            .arg = &service};
        int err = io_create_epoll(&io);
        params.io = io;
        if (!err)
                err = http_server_create(&params, &service.server);
        assert_true(err == 0 || err == -ENOMEM);
        if (!err) {
                unsigned answers = ask_twice(io, &service);
                /* The server itself has survived, and serves the next client. */
                if (has_failed)
                        answers = ask_twice(io, &service);
                assert_int_equal(answers, 2);
        }
        http_server_destroy(service.server);
        io_destroy(io);
        return err;
}

static void the_http_server(void **state)
{
        (void)state;
        play_until_none_fails(serve, 15);
}

/* A client, and a server that sends back what it gets; each may find no memory at any time. */
struct echo {
        struct stream *client, *server;
        unsigned received;
        bool over;
};

static void echo_server_data(void *arg, struct slice data)
{
        struct echo *echo = arg;
        (void)!stream_send(echo->server, data);
}

static void echo_server_close(void *arg, int err)
{
        struct echo *echo = arg;
        (void)err;
        echo->server = NULL;
}

static void echo_client_data(void *arg, struct slice data)
{
        struct echo *echo = arg;
        echo->received += (unsigned)data.len;
}

static void echo_client_close(void *arg, int err)
{
        struct echo *echo = arg;
        (void)err;
        echo->client = NULL;
        echo->over = true;
}

static const struct stream_handlers echo_server = {.on_data = echo_server_data,
                                                   .on_close = echo_server_close};
static const struct stream_handlers echo_client = {.on_data = echo_client_data,
                                                   .on_close = echo_client_close};

static void on_echo_accept(void *arg, struct stream *stream)
{
        struct echo *echo = arg;
        stream_abort(echo->server);
        echo->server = stream;
        stream_set_handlers(stream, &echo_server, echo);
}

static int talk(struct io *io, struct sim_world *world, struct echo *echo,
                struct stream_listener *listener)
{
        static const struct stream_options options = {.out_bytes_max = 8192, .connect_ms = 5000};
        *echo = (struct echo){.server = echo->server};
        int err = stream_connect(io, NULL, stream_listener_local(listener), &options, &echo_client,
                                 echo, &echo->client);
        if (!err)
                err = stream_send(echo->client, SLICE("hello"));
        for (unsigned i = 0; !err && i < 1000 && !echo->over && echo->received < 5; i++) {
                if (world)
                        sim_world_run_ms(world, 10);
                else
                        turn(io);
        }
        stream_close(echo->client);
        return !err && echo->received == 5 ? 0 : -ENOMEM;
}

static int echo_on(struct io *io, struct sim_world *world)
{
        static const struct stream_options options = {.out_bytes_max = 8192};
        struct addr local = loopback();
        struct echo echo = {0};
        struct stream_listener *listener = NULL;
        int err = stream_listen(io, &local, &options, 10, on_echo_accept, &echo, &listener);
        assert_true(err == 0 || err == -ENOMEM);
        if (err)
                return err;
        err = talk(io, world, &echo, listener);
        /* The listener has survived, and serves the next client. */
        if (has_failed)
                assert_int_equal(talk(io, world, &echo, listener), 0);
        return err;
}

static int real_streams(void)
{
        struct io *io = NULL;
        int err = io_create_epoll(&io);
        if (!err)
                err = echo_on(io, NULL);
        io_destroy(io);
        return err;
}

static int simulated_streams(void)
{
        struct sim_world *world = NULL;
        struct io *io = NULL;
        int err = sim_world_create(1, &world);
        if (!err)
                err = io_create_sim(world, &io);
        if (!err)
                err = echo_on(io, world);
        sim_world_destroy(world);
        return err;
}

static void streams(void **state)
{
        (void)state;
        play_until_none_fails(real_streams, 8);
        play_until_none_fails(simulated_streams, 8);
}

static void on_located(void *arg, int err, const struct locate_answer *answer)
{
        int *result = arg;
        *result = err;
        assert_int_equal(answer != NULL, err == 0);
}

static int search(void)
{
        struct sim_world *world = NULL;
        struct io *io = NULL;
        struct locate *l = NULL;
        struct addr local = loopback();
        struct locate_params params = {.host = SLICE("a.example"),
                                       .transport = SIP_TRANSPORT_OTHER,
                                       .speaks = 1u << SIP_UDP | 1u << SIP_TCP};
        struct dns_naptr naptr = {1, 1, "s", "SIP+D2T", "_sip._tcp.a.example"};
        struct dns_srv srv[2] = {{1, 1, 5060, "b.example"}, {2, 1, 5060, "c.example"}};
        int result = 1;
        int err = sim_world_create(1, &world);
        if (!err)
                err = io_create_sim(world, &io);
        if (!err)
                err = dns_sim_set_naptr(io, SLICE("a.example"), &naptr, 1, 60);
        if (!err)
                err = dns_sim_set_srv(io, SLICE("_sip._tcp.a.example"), srv, 2, 60);
        if (!err)
                err = dns_sim_set(io, SLICE("b.example"), &local, 1, 60);
        if (!err)
                err = dns_sim_set(io, SLICE("c.example"), &local, 1, 60);
        if (!err)
                err = locate_start(io, &params, on_located, &result, &l);
        assert_true(err == 0 || err == -ENOMEM);
        if (!err) {
                sim_world_run_ms(world, 10);
                /* One server of two that was not found for want of memory is not missed. */
                assert_true(result == 0 || result == -ENOMEM);
        }
        sim_world_destroy(world);
        return err ? err : result;
}

static void a_search(void **state)
{
        (void)state;
        play_until_none_fails(search, 12);
}

/* The same under TLS: each accepted stream, and each that connects, has one above. */
static struct authority authority;
static struct granted files;

struct tls_echo {
        struct echo echo;
        struct tls_context *context;
};

static void on_tls_echo_accept(void *arg, struct stream *stream)
{
        struct tls_echo *t = arg;
        struct tls_params params = {
                .context = t->context, .is_server = true, .handshake_ms = 60000};
        stream_abort(t->echo.server);
        t->echo.server = NULL;
        if (tls_start(stream, &params, &echo_server, &t->echo, &t->echo.server))
                stream_abort(stream);
}

static int tls_talk(struct io *io, struct sim_world *world, struct tls_echo *t,
                    struct stream_listener *listener)
{
        static const struct stream_options options = {.out_bytes_max = 8192, .connect_ms = 5000};
        struct tls_params params = {
                .context = t->context, .domain = SLICE("a.example"), .handshake_ms = 60000};
        struct stream *below = NULL;
        t->echo = (struct echo){.server = t->echo.server};
        int err = stream_connect(io, NULL, stream_listener_local(listener), &options, &echo_client,
                                 &t->echo, &below);
        if (!err) {
                err = tls_start(below, &params, &echo_client, &t->echo, &t->echo.client);
                if (err)
                        stream_abort(below);
        }
        if (!err)
                err = stream_send(t->echo.client, SLICE("hello"));
        for (unsigned i = 0; !err && i < 100 && !t->echo.over && t->echo.received < 5; i++)
                sim_world_run_ms(world, 10);
        stream_close(t->echo.client);
        return !err && t->echo.received == 5 ? 0 : -ENOMEM;
}

static int tls_streams(void)
{
        static const struct stream_options options = {.out_bytes_max = 8192};
        struct sim_world *world = NULL;
        struct io *io = NULL;
        struct addr local = loopback();
        struct tls_echo t = {0};
        struct tls_reason why;
        struct stream_listener *listener = NULL;
        int err = sim_world_create(1, &world);
        if (!err)
                err = io_create_sim(world, &io);
        if (!err)
                err = tls_context_create(&files.files, &why, &t.context);
        if (!err)
                err = stream_listen(io, &local, &options, 10, on_tls_echo_accept, &t, &listener);
        assert_true(err == 0 || err == -ENOMEM);
        if (!err) {
                err = tls_talk(io, world, &t, listener);
                if (has_failed)
                        assert_int_equal(tls_talk(io, world, &t, listener), 0);
        }
        sim_world_destroy(world);
        tls_context_destroy(t.context);
        return err;
}

static void streams_under_tls(void **state)
{
        (void)state;
        authority_init(&authority, "test authority");
        grant(&authority, &(struct wish){.name = "a", .san = "DNS:a.example"}, &files);
        play_until_none_fails(tls_streams, 12);
        authority_fini(&authority);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_real_loop),     cmocka_unit_test(the_simulated_loop),
                cmocka_unit_test(a_look_up),         cmocka_unit_test(the_http_server),
                cmocka_unit_test(a_search),          cmocka_unit_test(streams),
                cmocka_unit_test(streams_under_tls),
        };
        return RUN_TESTS(tests);
}
