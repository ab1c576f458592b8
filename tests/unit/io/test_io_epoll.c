/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../unit.h"
#include "io/stream.h"

static struct io *create(void)
{
        struct io *io = NULL;
        assert_int_equal(io_create_epoll(&io), 0);
        return io;
}

static struct addr any_port(const char *ip)
{
        struct addr a = {0};
        assert_int_equal(addr_parse_ip(slice_from(ip), &a), 0);
        return a;
}

static void stop(void *arg)
{
        io_stop(arg);
}

/* One turn of the loop that does not wait. */
static void turn(struct io *io)
{
        io_stop(io);
        io_run(io);
}

struct echo {
        struct io *io;
        struct io_udp *udp;
        unsigned count, wanted;
        struct addr peer;
        char last[16];
};

static void on_echo(void *arg, const struct addr *from, struct slice data)
{
        struct echo *e = arg;
        io_udp_send(e->udp, from, data);
}

static void on_answer(void *arg, const struct addr *from, struct slice data)
{
        struct echo *e = arg;
        assert_true(addr_equal(from, &e->peer));
        assert_int_equal(slice_to_text(data, e->last, sizeof e->last), 0);
        if (++e->count == e->wanted)
                io_stop(e->io);
}

static void echo_over(const char *ip)
{
        struct io *io = create();
        struct echo server = {.io = io}, client = {.io = io, .wanted = 100};
        struct addr local = any_port(ip);
        assert_int_equal(io_udp_open(io, &local, on_echo, &server, &server.udp), 0);
        assert_int_equal(io_udp_open(io, &local, on_answer, &client, &client.udp), 0);
        assert_true(io_udp_local(server.udp)->port != 0);
        client.peer = *io_udp_local(server.udp);
        for (unsigned i = 0; i < client.wanted; i++)
                io_udp_send(client.udp, io_udp_local(server.udp), SLICE("hello"));
        io_run(io);
        assert_string_equal(client.last, "hello");
        assert_int_equal(io_counters(io)->datagrams_in, 200);
        assert_int_equal(io_counters(io)->datagrams_out, 200);
        assert_int_equal(io_counters(io)->send_failed, 0);
        io_udp_close(server.udp);
        io_udp_close(client.udp);
        io_destroy(io);
}

static void datagrams_go_to_and_fro(void **state)
{
        (void)state;
        echo_over("127.0.0.1");
}

static void datagrams_go_to_and_fro_over_ipv6(void **state)
{
        (void)state;
        struct io *io = create();
        struct io_udp *udp = NULL;
        struct addr local = any_port("::1");
        int err = io_udp_open(io, &local, on_echo, NULL, &udp);
        io_udp_close(udp);
        io_destroy(io);
        if (err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT)
                skip_for_want_of("IPv6");
        assert_int_equal(err, 0);
        echo_over("::1");
}

struct peek {
        struct io *io;
        const char *at;
        size_t len;
};

static void on_peek(void *arg, const struct addr *from, struct slice data)
{
        struct peek *peek = arg;
        (void)from;
        assert_int_equal(data.p[0], 's');
        peek->at = data.p;
        peek->len = data.len;
        io_stop(peek->io);
}

static void what_a_datagram_said_is_wiped_once_it_was_read(void **state)
{
        (void)state;
        struct peek peek = {.io = create()};
        struct io_udp *here, *there;
        const struct addr local = any_port("127.0.0.1");
        assert_int_equal(io_udp_open(peek.io, &local, on_peek, &peek, &here), 0);
        assert_int_equal(io_udp_open(peek.io, &local, on_peek, &peek, &there), 0);
        io_udp_send(there, io_udp_local(here), SLICE("secret"));
        io_run(peek.io);
        assert_int_equal(peek.len, 6);
        for (size_t i = 0; i < peek.len; i++)
                assert_int_equal(peek.at[i], 0);
        io_udp_close(here);
        io_udp_close(there);
        io_destroy(peek.io);
}

static void a_taken_port_is_refused(void **state)
{
        (void)state;
        struct io *io = create();
        struct io_udp *udp = NULL, *again = NULL;
        struct addr local = any_port("127.0.0.1");
        assert_int_equal(io_udp_open(io, &local, on_echo, NULL, &udp), 0);
        assert_int_equal(io_udp_open(io, io_udp_local(udp), on_echo, NULL, &again), -EADDRINUSE);
        assert_null(again);
        assert_int_equal(io_udp_open(io, &(struct addr){0}, on_echo, NULL, &again), -EAFNOSUPPORT);
        io_udp_close(udp);
        io_destroy(io);
}

static void what_cannot_be_sent_is_counted(void **state)
{
        (void)state;
        struct io *io = create();
        struct io_udp *udp = NULL;
        struct addr local = any_port("127.0.0.1"), other_family = any_port("::1");
        static char large[65536];
        other_family.port = 9;
        assert_int_equal(io_udp_open(io, &local, on_echo, NULL, &udp), 0);
        io_udp_send(udp, &other_family, SLICE("x"));
        io_udp_send(udp, io_udp_local(udp), (struct slice){large, sizeof large});
        assert_int_equal(io_counters(io)->send_failed, 2);
        assert_int_equal(io_counters(io)->datagrams_out, 0);
        io_udp_close(udp);
        io_destroy(io);
}

/* Three sockets that all have datagrams waiting; the first handler that is called closes all. */
struct closers {
        struct io_udp *udp[3];
        unsigned calls;
};

static void close_all(void *arg, const struct addr *from, struct slice data)
{
        struct closers *c = arg;
        (void)from;
        (void)data;
        c->calls++;
        for (int i = 0; i < 3; i++) {
                io_udp_close(c->udp[i]);
                c->udp[i] = NULL;
        }
}

static void any_socket_may_be_closed_inside_a_handler(void **state)
{
        (void)state;
        struct io *io = create();
        struct closers c = {0};
        struct addr local = any_port("127.0.0.1");
        for (int i = 0; i < 3; i++)
                assert_int_equal(io_udp_open(io, &local, close_all, &c, &c.udp[i]), 0);
        for (int i = 0; i < 9; i++)
                io_udp_send(c.udp[0], io_udp_local(c.udp[i % 3]), SLICE("x"));
        turn(io);
        assert_int_equal(c.calls, 1);
        turn(io);
        assert_int_equal(c.calls, 1);
        io_destroy(io);
}

struct chain {
        struct io *io;
        struct io_timer timer, never;
        int64_t started_ms;
        unsigned fired;
};

static void on_chain(void *arg)
{
        struct chain *c = arg;
        assert_true(io_now_ms(c->io) >= c->started_ms + 1);
        c->started_ms = io_now_ms(c->io);
        io_timer_stop(c->io, &c->never);
        if (++c->fired == 5)
                io_stop(c->io);
        else
                io_timer_start(c->io, &c->timer, 1, on_chain, c);
}

/* Until both clocks have moved on. */
static void let_time_pass(void)
{
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        do
                clock_gettime(CLOCK_MONOTONIC, &to);
        while ((to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec < 3000000);
}

static void look_at_both_clocks(void *arg)
{
        struct io *io = arg;
        int64_t now_ms = io_now_ms(io), wall_ms = io_wall_ms(io);
        let_time_pass();
        assert_int_equal(io_now_ms(io), now_ms);
        assert_int_equal(io_wall_ms(io), wall_ms);
        io_stop(io);
}

static void both_clocks_stand_still_within_a_turn(void **state)
{
        (void)state;
        struct io_timer timer = {0};
        struct io *io = create();
        io_timer_start(io, &timer, 0, look_at_both_clocks, io);
        io_run(io);
        io_destroy(io);
}

static void a_timer_may_arm_itself_again_in_its_handler(void **state)
{
        (void)state;
        struct io *io = create();
        struct chain c = {.io = io, .started_ms = io_now_ms(io)};
        io_timer_start(io, &c.timer, 1, on_chain, &c);
        io_timer_start(io, &c.never, 3600000, stop, io);
        io_run(io);
        assert_int_equal(c.fired, 5);
        assert_false(c.timer.armed);
        assert_false(c.never.armed);
        io_destroy(io);
}

static void a_stop_before_the_run_is_not_lost(void **state)
{
        (void)state;
        struct io *io = create();
        struct io_timer timer = {0};
        unsigned fired = 0;
        io_timer_start(io, &timer, 3600000, stop, &fired);
        io_stop(io);
        io_run(io);
        io_destroy(io);
}

#define POSTS 1000

struct posts {
        struct io *io;
        pthread_t loop_thread;
        unsigned next;
        bool in_order, in_thread;
        struct post {
                struct posts *posts;
                unsigned number;
        } each[POSTS];
};

static void on_post(void *arg)
{
        struct post *post = arg;
        struct posts *p = post->posts;
        if (post->number != p->next)
                p->in_order = false;
        if (!pthread_equal(pthread_self(), p->loop_thread))
                p->in_thread = false;
        if (++p->next == POSTS)
                io_stop(p->io);
}

static void *post_all(void *arg)
{
        struct posts *p = arg;
        for (unsigned i = 0; i < POSTS; i++) {
                p->each[i] = (struct post){p, i};
                while (io_post(p->io, on_post, &p->each[i]) == ERR_FULL)
                        ;
        }
        return NULL;
}

static void work_from_another_thread_runs_here_in_order(void **state)
{
        (void)state;
        static struct posts p;
        pthread_t thread;
        p = (struct posts){.io = create(), .in_order = true, .in_thread = true};
        p.loop_thread = pthread_self();
        assert_int_equal(pthread_create(&thread, NULL, post_all, &p), 0);
        io_run(p.io);
        pthread_join(thread, NULL);
        assert_int_equal(p.next, POSTS);
        assert_true(p.in_order);
        assert_true(p.in_thread);
        io_destroy(p.io);
}

static void count(void *arg)
{
        ++*(unsigned *)arg;
}

static void the_queue_of_posts_has_a_limit(void **state)
{
        (void)state;
        struct io *io = create();
        unsigned calls = 0, accepted = 0;
        while (io_post(io, count, &calls) == 0)
                accepted++;
        assert_int_equal(accepted, 4096);
        assert_int_equal(io_post(io, count, &calls), ERR_FULL);
        turn(io);
        assert_int_equal(calls, 4096);
        assert_int_equal(io_post(io, count, &calls), 0);
        turn(io);
        assert_int_equal(calls, 4097);
        io_destroy(io);
}

static void on_signal(void *arg, int signal)
{
        assert_int_equal(signal, SIGUSR1);
        io_stop(arg);
}

static void a_signal_arrives_in_the_loop(void **state)
{
        (void)state;
        struct io *io = create();
        assert_int_equal(io_on_signal(io, SIGUSR2, on_signal, io), 0);
        assert_int_equal(io_on_signal(io, SIGUSR1, on_signal, io), 0);
        assert_int_equal(io_on_signal(io, -1, on_signal, io), -EINVAL);
        kill(getpid(), SIGUSR1);
        io_run(io);
        io_destroy(io);
}

struct pipe_end {
        struct io *io;
        struct io_fd *watch;
        int fd;
        unsigned reads, writes, hangups;
};

static void on_pipe(void *arg, unsigned events)
{
        struct pipe_end *end = arg;
        char bytes[16];
        if (events & IO_READ) {
                end->reads++;
                assert_true(read(end->fd, bytes, sizeof bytes) >= 0);
        }
        if (events & IO_WRITE)
                end->writes++;
        if (events & IO_HANGUP)
                end->hangups++;
}

static void a_descriptor_is_watched_for_what_was_asked(void **state)
{
        (void)state;
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
                         0);
        struct io *io = create();
        struct pipe_end end = {.io = io, .fd = fds[0]};
        assert_int_equal(io_fd_watch(io, fds[0], IO_READ, on_pipe, &end, &end.watch), 0);
        turn(io);
        assert_int_equal(end.reads + end.writes + end.hangups, 0);

        assert_int_equal(write(fds[1], "x", 1), 1);
        turn(io);
        assert_int_equal(end.reads, 1);
        assert_int_equal(end.writes, 0);

        io_fd_set_events(end.watch, IO_READ | IO_WRITE);
        turn(io);
        assert_int_equal(end.writes, 1);

        io_fd_set_events(end.watch, 0);
        assert_int_equal(write(fds[1], "x", 1), 1);
        turn(io);
        assert_int_equal(end.reads, 1);
        close(fds[1]);
        turn(io);
        assert_int_equal(end.hangups, 1);

        io_fd_unwatch(end.watch);
        turn(io);
        assert_int_equal(end.hangups, 1);
        close(fds[0]);
        io_destroy(io);
}

/* Two descriptors are ready in one turn; whichever is called first unwatches the other. */
struct pair {
        struct io_fd *watch[2];
        unsigned calls;
};

static void unwatch_both(void *arg, unsigned events)
{
        struct pair *pair = arg;
        assert_int_equal(events, IO_WRITE);
        pair->calls++;
        for (int i = 0; i < 2; i++) {
                io_fd_unwatch(pair->watch[i]);
                pair->watch[i] = NULL;
        }
}

static void an_unwatched_descriptor_is_not_reported_in_the_same_turn(void **state)
{
        (void)state;
        int fds[2];
        struct pair pair = {0};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        struct io *io = create();
        for (int i = 0; i < 2; i++)
                assert_int_equal(
                        io_fd_watch(io, fds[i], IO_WRITE, unwatch_both, &pair, &pair.watch[i]), 0);
        turn(io);
        turn(io);
        assert_int_equal(pair.calls, 1);
        close(fds[0]);
        close(fds[1]);
        io_destroy(io);
}

static void a_bad_descriptor_is_refused(void **state)
{
        (void)state;
        struct io *io = create();
        struct io_fd *watch = NULL;
        assert_int_equal(io_fd_watch(io, -1, IO_READ, on_pipe, NULL, &watch), -EBADF);
        assert_null(watch);
        io_destroy(io);
}

static void count_up(void *arg)
{
        unsigned *calls = arg;
        ++*calls;
}

static void what_was_deferred_before_the_run_does_not_wait(void **state)
{
        (void)state;
        struct io *io = create();
        struct io_task task = {0}, late = {0};
        unsigned calls = 0;
        /* Nothing else would ever wake this loop. */
        io_defer(io, &task, stop, io);
        io_run(io);
        io_defer(io, &late, count_up, &calls);
        io_destroy(io);
        assert_int_equal(calls, 1);
}

static void a_socket_that_was_kept_is_taken_with_what_has_arrived_on_it(void **state)
{
        (void)state;
        struct io *io = create();
        struct addr local = any_port("127.0.0.1"), bound, adopted;
        int fd;
        assert_int_equal(io_epoll_bind_udp(&local, &bound, &fd), 0);
        struct echo sender = {.io = io, .peer = bound, .wanted = 1};
        assert_int_equal(io_udp_open(io, &local, on_answer, &sender, &sender.udp), 0);
        io_udp_send(sender.udp, &bound, SLICE("early"));

        assert_int_equal(io_epoll_adopt_udp(io, fd, &adopted), 0);
        assert_true(addr_equal(&adopted, &bound));
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        struct echo echo = {.io = io};
        assert_int_equal(io_udp_open(io, &bound, on_echo, &echo, &echo.udp), 0);
        struct io_udp *second;
        assert_int_equal(io_udp_open(io, &bound, on_echo, &echo, &second), -EADDRINUSE);
        io_run(io);
        assert_string_equal(sender.last, "early");
        io_udp_close(sender.udp);
        io_udp_close(echo.udp);
        io_destroy(io);
}

struct acceptance {
        struct io *io;
        struct stream *stream;
};

static void on_nothing(void *arg, struct slice data)
{
        (void)arg;
        (void)data;
}

static void on_gone(void *arg, int err)
{
        (void)arg;
        (void)err;
}

static void on_accepted(void *arg, struct stream *stream)
{
        static const struct stream_handlers handlers = {.on_data = on_nothing, .on_close = on_gone};
        struct acceptance *acceptance = arg;
        acceptance->stream = stream;
        stream_set_handlers(stream, &handlers, NULL);
        io_stop(acceptance->io);
}

static void a_listening_socket_that_was_kept_is_taken_with_who_has_connected(void **state)
{
        (void)state;
        static const struct stream_options options = {.out_bytes_max = 4096};
        struct io *io = create();
        struct acceptance acceptance = {.io = io};
        struct addr local = any_port("127.0.0.1"), bound, adopted;
        struct sockaddr_storage to;
        int fd;
        assert_int_equal(io_epoll_bind_listener(&local, &bound, &fd), 0);
        int early = socket(AF_INET, SOCK_STREAM, 0);
        socklen_t len = addr_to_sockaddr(&bound, &to);
        assert_int_equal(connect(early, (struct sockaddr *)&to, len), 0);

        assert_int_equal(io_epoll_adopt_listener(io, fd, &adopted), 0);
        assert_true(addr_equal(&adopted, &bound));
        struct io_udp *udp; /* the same address, and another kind of socket */
        assert_int_equal(io_udp_open(io, &bound, on_echo, NULL, &udp), 0);
        struct stream_listener *listener;
        assert_int_equal(
                stream_listen(io, &bound, &options, 4, on_accepted, &acceptance, &listener), 0);
        struct io_timer nobody_came = {0};
        io_timer_start(io, &nobody_came, 2000, stop, io);
        io_run(io);
        io_timer_stop(io, &nobody_came);
        assert_non_null(acceptance.stream);
        stream_abort(acceptance.stream);
        stream_listener_close(listener);
        io_udp_close(udp);
        close(early);
        io_destroy(io);
}

static void only_listening_sockets_are_adopted_to_listen(void **state)
{
        (void)state;
        struct io *io = create();
        struct addr local = any_port("127.0.0.1"), bound;
        int datagram, silent = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(io_epoll_bind_udp(&local, &bound, &datagram), 0);
        assert_int_equal(io_epoll_adopt_listener(io, datagram, &bound), -EINVAL);
        assert_int_equal(io_epoll_bind(silent, &local, &bound), 0);
        assert_int_equal(io_epoll_adopt_listener(io, silent, &bound), -EINVAL);
        close(datagram);
        close(silent);
        io_destroy(io);
}

static void only_bound_datagram_sockets_are_adopted(void **state)
{
        (void)state;
        struct io *io = create();
        struct addr bound;
        int unbound = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0);
        assert_true(unbound >= 0 && stream >= 0);
        assert_int_equal(io_epoll_adopt_udp(io, unbound, &bound), -EINVAL);
        assert_int_equal(io_epoll_adopt_udp(io, stream, &bound), -EINVAL);
        assert_int_equal(io_epoll_adopt_udp(io, 1000, &bound), -EINVAL);
        close(unbound);
        close(stream);
        io_destroy(io);
}

static void an_adopted_socket_that_nobody_asks_for_is_closed_at_the_end(void **state)
{
        (void)state;
        struct io *io = create();
        struct addr local = any_port("127.0.0.1"), bound;
        int fd;
        assert_int_equal(io_epoll_bind_udp(&local, &bound, &fd), 0);
        assert_int_equal(io_epoll_adopt_udp(io, fd, &bound), 0);
        io_destroy(io);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void every_descriptor_is_closed_on_exec(void **state)
{
        (void)state;
        struct io *io = create();
        struct io_udp *udp = NULL;
        struct addr local = any_port("127.0.0.1");
        assert_int_equal(io_udp_open(io, &local, on_echo, NULL, &udp), 0);
        assert_int_equal(io_on_signal(io, SIGUSR2, on_signal, io), 0);
        unsigned checked = 0;
        for (int fd = 3; fd < 64; fd++) {
                int flags = fcntl(fd, F_GETFD);
                char path[64], target[64] = {0};
                snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
                if (flags < 0 || readlink(path, target, sizeof target - 1) < 0)
                        continue;
                if (!strstr(target, "eventpoll") && !strstr(target, "eventfd") &&
                    !strstr(target, "signalfd") && !strstr(target, "socket:"))
                        continue;
                checked += (flags & FD_CLOEXEC) != 0;
        }
        assert_true(checked >= 4);
        io_udp_close(udp);
        io_destroy(io);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(datagrams_go_to_and_fro),
                cmocka_unit_test(a_socket_that_was_kept_is_taken_with_what_has_arrived_on_it),
                cmocka_unit_test(a_listening_socket_that_was_kept_is_taken_with_who_has_connected),
                cmocka_unit_test(only_listening_sockets_are_adopted_to_listen),
                cmocka_unit_test(only_bound_datagram_sockets_are_adopted),
                cmocka_unit_test(an_adopted_socket_that_nobody_asks_for_is_closed_at_the_end),
                cmocka_unit_test(datagrams_go_to_and_fro_over_ipv6),
                cmocka_unit_test(what_a_datagram_said_is_wiped_once_it_was_read),
                cmocka_unit_test(a_taken_port_is_refused),
                cmocka_unit_test(what_cannot_be_sent_is_counted),
                cmocka_unit_test(any_socket_may_be_closed_inside_a_handler),
                cmocka_unit_test(both_clocks_stand_still_within_a_turn),
                cmocka_unit_test(a_timer_may_arm_itself_again_in_its_handler),
                cmocka_unit_test(a_stop_before_the_run_is_not_lost),
                cmocka_unit_test(work_from_another_thread_runs_here_in_order),
                cmocka_unit_test(the_queue_of_posts_has_a_limit),
                cmocka_unit_test(a_signal_arrives_in_the_loop),
                cmocka_unit_test(a_descriptor_is_watched_for_what_was_asked),
                cmocka_unit_test(an_unwatched_descriptor_is_not_reported_in_the_same_turn),
                cmocka_unit_test(a_bad_descriptor_is_refused),
                cmocka_unit_test(what_was_deferred_before_the_run_does_not_wait),
                cmocka_unit_test(every_descriptor_is_closed_on_exec),
        };
        return RUN_TESTS(tests);
}
