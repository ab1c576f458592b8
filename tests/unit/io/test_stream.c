/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every test that does not ask for more than both kinds of stream can do is run on both.
 */
#include "io/stream.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream_scene.h"

static bool is_simulated(void **state)
{
        return *state != NULL;
}

static void bytes_arrive_in_order_both_ways(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        connect_both(&s);
        assert_int_equal(s.client.opened, 1);
        assert_int_equal(s.accepted, 1);
        assert_int_equal(stream_send(s.client.stream, SLICE("hello ")), 0);
        assert_int_equal(stream_send(s.client.stream, SLICE("there")), 0);
        assert_int_equal(stream_send(s.server.stream, SLICE("yes")), 0);
        assert_int_equal(s.server.received, 0);
        RUN_UNTIL(&s, s.server.received == 11 && s.client.received == 3);
        assert_memory_equal(s.server.bytes, "hello there", 11);
        assert_memory_equal(s.client.bytes, "yes", 3);
        scene_fini(&s);
}

static void both_ends_know_both_addresses(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        connect_both(&s);
        const struct addr *listener = stream_listener_local(s.listener);
        assert_true(addr_equal(stream_peer(s.client.stream), listener));
        assert_true(addr_equal(stream_local(s.server.stream), listener));
        assert_true(addr_equal(stream_local(s.client.stream), stream_peer(s.server.stream)));
        assert_true(addr_equal_ip(stream_local(s.client.stream), &s.ip_a));
        assert_int_not_equal(stream_local(s.client.stream)->port, 0);
        scene_fini(&s);
}

static void a_source_address_is_kept_to(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        listen_at_b(&s, &usual);
        struct addr source = address("127.0.0.9");
        assert_int_equal(stream_connect(s.a, &source, stream_listener_local(s.listener), &usual,
                                        &telling, &s.client, &s.client.stream),
                         0);
        RUN_UNTIL(&s, s.server.stream);
        assert_true(addr_equal_ip(stream_peer(s.server.stream), &source));
        scene_fini(&s);
}

static void a_source_that_is_not_ours_is_refused(void **state)
{
        struct scene s;
        struct stream *stream = NULL;
        scene_init(&s, is_simulated(state));
        listen_at_b(&s, &usual);
        struct addr six = address("[::1]"), foreign = address("192.0.2.77");
        const struct addr *to = stream_listener_local(s.listener);
        assert_int_equal(stream_connect(s.a, &six, to, &usual, &telling, &s.client, &stream),
                         -EAFNOSUPPORT);
        if (!s.world)
                assert_int_equal(
                        stream_connect(s.a, &foreign, to, &usual, &telling, &s.client, &stream),
                        -EADDRNOTAVAIL);
        assert_null(stream);
        scene_fini(&s);
}

static void what_is_sent_before_the_peer_is_there_waits(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        listen_at_b(&s, &usual);
        assert_int_equal(try_connect(&s, &usual), 0);
        assert_int_equal(stream_send(s.client.stream, SLICE("early")), 0);
        assert_int_equal(stream_pending(s.client.stream), 5);
        RUN_UNTIL(&s, s.server.received == 5);
        assert_memory_equal(s.server.bytes, "early", 5);
        assert_int_equal(stream_pending(s.client.stream), 0);
        scene_fini(&s);
}

static void nobody_there_is_refused(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        listen_at_b(&s, &usual);
        struct addr gone = *stream_listener_local(s.listener);
        stream_listener_close(s.listener);
        assert_int_equal(
                stream_connect(s.a, NULL, &gone, &usual, &telling, &s.client, &s.client.stream), 0);
        assert_int_equal(s.client.closed, 0);
        RUN_UNTIL(&s, s.client.closed);
        assert_int_equal(s.client.err, -ECONNREFUSED);
        assert_string_equal(s.client.reason, err_text(-ECONNREFUSED));
        assert_int_equal(s.client.opened, 0);
        scene_fini(&s);
}

static void what_cannot_be_connected_to_is_an_error_at_once(void **state)
{
        struct scene s;
        struct stream *stream = NULL;
        scene_init(&s, is_simulated(state));
        struct addr none = {0}, any = address("0.0.0.0:5060"), no_port = address("127.0.0.1");
        assert_int_equal(stream_connect(s.a, NULL, &none, &usual, &telling, &s, &stream),
                         -EAFNOSUPPORT);
        assert_int_equal(stream_connect(s.a, NULL, &any, &usual, &telling, &s, &stream), -EINVAL);
        assert_int_equal(stream_connect(s.a, NULL, &no_port, &usual, &telling, &s, &stream),
                         -EINVAL);
        assert_null(stream);
        scene_fini(&s);
}

static void a_port_is_listened_to_once(void **state)
{
        struct scene s;
        struct stream_listener *other = NULL;
        scene_init(&s, is_simulated(state));
        listen_at_b(&s, &usual);
        assert_int_equal(stream_listen(s.b, stream_listener_local(s.listener), &usual, 1, on_accept,
                                       &s, &other),
                         -EADDRINUSE);
        assert_null(other);
        scene_fini(&s);
}

/* Sends `total` bytes as fast as the other end takes them. */
struct pourer {
        struct end *end;
        const char *bytes;
        size_t total, sent;
        unsigned full;
};
static struct pourer pourer;

static void pour(struct end *end)
{
        if (end != pourer.end || !end->stream)
                return;
        while (pourer.sent < pourer.total) {
                size_t piece = 1 + (pourer.sent * 7919) % 20000;
                if (piece > pourer.total - pourer.sent)
                        piece = pourer.total - pourer.sent;
                int err =
                        stream_send(end->stream, (struct slice){pourer.bytes + pourer.sent, piece});
                if (err == ERR_FULL) {
                        pourer.full++;
                        return;
                }
                assert_int_equal(err, 0);
                pourer.sent += piece;
        }
}

static void a_large_amount_waits_for_its_reader_and_arrives_whole(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        connect_both(&s);
        char *bytes = malloc(RECEIVED_MAX);
        assert_non_null(bytes);
        fill(bytes, RECEIVED_MAX, 3);
        pourer = (struct pourer){.end = &s.client, .bytes = bytes, .total = RECEIVED_MAX};
        s.client.then = pour;
        pour(&s.client);
        assert_true(pourer.sent < RECEIVED_MAX);
        assert_true(stream_pending(s.client.stream) <= usual.out_bytes_max);
        RUN_UNTIL(&s, s.server.received == RECEIVED_MAX);
        assert_memory_equal(s.server.bytes, bytes, RECEIVED_MAX);
        assert_true(pourer.full > 0);
        assert_int_equal(s.client.drained, pourer.full);
        free(bytes);
        scene_fini(&s);
}

static void all_of_a_message_or_nothing_is_taken(void **state)
{
        struct scene s;
        static char large[1001];
        struct stream_options small = usual;
        small.out_bytes_max = 1000;
        scene_init(&s, is_simulated(state));
        listen_at_b(&s, &usual);
        assert_int_equal(try_connect(&s, &small), 0);
        struct stream *stream = s.client.stream;
        assert_int_equal(stream_send(stream, (struct slice){large, 1001}), ERR_TOO_LARGE);
        assert_int_equal(stream_send(stream, (struct slice){large, 600}), 0);
        assert_int_equal(stream_send(stream, (struct slice){large, 401}), ERR_FULL);
        assert_int_equal(stream_pending(stream), 600);
        assert_int_equal(stream_send(stream, (struct slice){large, 400}), 0);
        assert_int_equal(stream_send(stream, SLICE("x")), ERR_FULL);
        assert_int_equal(stream_send(stream, SLICE_NONE), 0);
        RUN_UNTIL(&s, s.server.received == 1000 && s.client.drained);
        settle(&s);
        assert_int_equal(s.server.received, 1000);
        assert_int_equal(s.client.drained, 1);
        scene_fini(&s);
}

static void a_closed_stream_still_sends_what_waits(void **state)
{
        struct scene s;
        static char large[65000];
        scene_init(&s, is_simulated(state));
        listen_at_b(&s, &usual);
        connect_both(&s);
        fill(large, sizeof large, 1);
        for (int i = 0; i < 3; i++)
                assert_int_equal(stream_send(s.client.stream, (struct slice){large, 40000}), 0);
        stream_close(s.client.stream);
        RUN_UNTIL(&s, s.server.ended);
        assert_int_equal(s.server.received, 120000);
        assert_memory_equal(s.server.bytes, large, 40000);
        assert_int_equal(s.server.closed, 0);
        assert_int_equal(s.client.closed, 0);
        stream_close(s.server.stream);
        settle(&s);
        assert_int_equal(s.client.closed + s.server.closed, 0);
        scene_fini(&s);
}

static void a_half_closed_peer_can_still_be_answered(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        connect_both(&s);
        stream_close(s.client.stream);
        RUN_UNTIL(&s, s.server.ended);
        settle(&s);
        assert_int_equal(s.server.ended, 1);
        assert_int_equal(stream_send(s.server.stream, SLICE("last word")), 0);
        stream_close(s.server.stream);
        settle(&s);
        scene_fini(&s);
}

static void without_on_end_the_peer_s_end_is_ours(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        s.accept_with = &short_lived;
        connect_both(&s);
        assert_int_equal(stream_send(s.client.stream, SLICE("bye")), 0);
        stream_close(s.client.stream);
        RUN_UNTIL(&s, s.server.closed);
        assert_int_equal(s.server.err, 0);
        assert_int_equal(s.server.received, 3);
        scene_fini(&s);
}

static void an_aborted_stream_resets_its_peer(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        connect_both(&s);
        stream_abort(s.client.stream);
        RUN_UNTIL(&s, s.server.closed);
        assert_int_equal(s.server.err, -ECONNRESET);
        assert_int_equal(s.server.ended, 0);
        assert_int_equal(s.client.closed, 0);
        scene_fini(&s);
}

static void a_peer_that_aborts_what_it_accepts_is_heard(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        s.accept_with = NULL;
        listen_at_b(&s, &usual);
        assert_int_equal(try_connect(&s, &usual), 0);
        RUN_UNTIL(&s, s.client.closed);
        assert_int_equal(s.client.err, -ECONNRESET);
        assert_int_equal(s.accepted, 1);
        scene_fini(&s);
}

/* Ends the stream inside whatever handler was called first. */
static void close_own(struct end *end)
{
        stream_close(end->stream);
        end->stream = NULL;
}

static void abort_own(struct end *end)
{
        stream_abort(end->stream);
        end->stream = NULL;
}

static void abort_other(struct end *end)
{
        stream_abort(end->other->stream);
        end->other->stream = NULL;
}

static void end_inside(struct scene *s, void (*client)(struct end *), void (*server)(struct end *))
{
        s->client = (struct end){.other = &s->server, .bytes = s->client.bytes, .then = client};
        s->server = (struct end){.other = &s->client, .bytes = s->server.bytes, .then = server};
        assert_int_equal(try_connect(s, &usual), 0);
        assert_int_equal(stream_send(s->client.stream, SLICE("first")), 0);
        for (unsigned i = 0; i < 50 && s->client.stream; i++)
                step(s);
        if (s->client.stream)
                (void)!stream_send(s->client.stream, SLICE("second"));
        settle(s);
        stream_close(s->client.stream);
        s->client.stream = NULL;
        settle(s);
        assert_true(s->client.closed <= 1);
        assert_true(s->server.closed <= 1);
        stream_abort(s->server.stream);
        s->server.stream = NULL;
}

static void ending_inside_any_handler_is_safe(void **state)
{
        struct scene s;
        void (*const ways[])(struct end *) = {NULL, close_own, abort_own, abort_other};
        scene_init(&s, is_simulated(state));
        listen_at_b(&s, &usual);
        for (unsigned i = 0; i < 4; i++) {
                for (unsigned j = 0; j < 4; j++) {
                        s.accept_with = (i + j) % 2 ? &telling : &short_lived;
                        end_inside(&s, ways[i], ways[j]);
                }
        }
        scene_fini(&s);
}

static void whoever_comes_beyond_the_limit_is_closed_and_counted(void **state)
{
        struct scene s;
        struct end second = {0};
        scene_init(&s, is_simulated(state));
        assert_int_equal(stream_listen(s.b, &s.ip_b, &usual, 1, on_accept, &s, &s.listener), 0);
        second.bytes = s.client.bytes;
        connect_both(&s);
        assert_int_equal(stream_connect(s.a, NULL, stream_listener_local(s.listener), &usual,
                                        &short_lived, &second, &second.stream),
                         0);
        RUN_UNTIL(&s, second.closed);
        assert_int_equal(s.accepted, 1);
        assert_int_equal(io_counters(s.b)->streams_over_limit, 1);

        /* One that ends makes room for another. */
        stream_abort(s.server.stream);
        s.server.stream = NULL;
        RUN_UNTIL(&s, s.client.closed);
        s.client.opened = 0;
        connect_both(&s);
        assert_int_equal(s.accepted, 2);
        assert_int_equal(io_counters(s.b)->streams_in, 2);
        assert_int_equal(io_counters(s.a)->streams_out, 3);
        scene_fini(&s);
}

static void streams_outlive_their_listener(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        connect_both(&s);
        stream_listener_close(s.listener);
        assert_int_equal(stream_send(s.client.stream, SLICE("still")), 0);
        RUN_UNTIL(&s, s.server.received == 5);
        stream_abort(s.server.stream);
        RUN_UNTIL(&s, s.client.closed);
        stream_listener_close(NULL);
        stream_close(NULL);
        stream_abort(NULL);
        scene_fini(&s);
}

static void an_io_that_is_destroyed_takes_its_streams_along(void **state)
{
        struct scene s;
        scene_init(&s, is_simulated(state));
        connect_both(&s);
        assert_int_equal(stream_send(s.client.stream, SLICE("x")), 0);
        stream_close(s.client.stream);
        assert_int_equal(try_connect(&s, &usual), 0);
        scene_fini(&s);
}

/* Of TCP alone. */

static int raw_client(const struct scene *s)
{
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(stream_listener_local(s->listener), &ss);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
        return fd;
}

static void a_byte_at_a_time_is_a_stream_too(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, false);
        listen_at_b(&s, &usual);
        int fd = raw_client(&s);
        for (unsigned i = 0; i < 100; i++) {
                char c = (char)('a' + i % 26);
                assert_int_equal(send(fd, &c, 1, MSG_NOSIGNAL), 1);
                RUN_UNTIL(&s, s.server.received == i + 1);
                assert_int_equal(s.server.bytes[i], c);
        }
        close(fd);
        RUN_UNTIL(&s, s.server.ended);
        scene_fini(&s);
}

static void a_peer_that_never_reads_is_given_up_after_closing(void **state)
{
        struct scene s;
        static char large[60000];
        (void)state;
        scene_init(&s, false);
        listen_at_b(&s, &usual);
        int fd = raw_client(&s);
        RUN_UNTIL(&s, s.server.stream);
        while (stream_send(s.server.stream, (struct slice){large, sizeof large}) == 0)
                ;
        assert_true(stream_pending(s.server.stream) > 0);
        assert_true(stream_pending(s.server.stream) <= usual.out_bytes_max);
        settle(&s);
        assert_int_equal(s.server.drained, 0);
        stream_close(s.server.stream);
        settle(&s);
        assert_int_equal(s.server.closed, 0);
        scene_fini(&s); /* and takes the rest along */
        close(fd);
}

static void a_reset_comes_after_the_bytes_before_it(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, false);
        listen_at_b(&s, &usual);
        int fd = raw_client(&s);
        RUN_UNTIL(&s, s.server.stream);
        struct linger now = {.l_onoff = 1};
        assert_int_equal(send(fd, "last", 4, MSG_NOSIGNAL), 4);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
        close(fd);
        RUN_UNTIL(&s, s.server.closed);
        assert_int_equal(s.server.received, 4);
        assert_int_equal(s.server.err, -ECONNRESET);
        scene_fini(&s);
}

static void a_send_that_fails_says_so_and_on_close_follows(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, false);
        listen_at_b(&s, &usual);
        int fd = raw_client(&s);
        RUN_UNTIL(&s, s.server.stream);
        struct linger now = {.l_onoff = 1};
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
        close(fd);
        int err = 0;
        for (unsigned i = 0; i < 100000 && !err; i++)
                err = stream_send(s.server.stream, SLICE("x"));
        assert_int_equal(err, -ECONNRESET);
        assert_int_equal(stream_send(s.server.stream, SLICE("x")), ERR_STATE);
        assert_int_equal(stream_pending(s.server.stream), 0);
        /* Not from within the call. */
        assert_int_equal(s.server.closed, 0);
        RUN_UNTIL(&s, s.server.closed);
        assert_int_equal(s.server.err, -ECONNRESET);
        scene_fini(&s);
}

static void an_owner_who_lets_go_of_what_has_failed_hears_nothing(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        connect_both(&s);
        sim_world_reset_streams(s.world, &s.ip_a, &s.ip_b);
        stream_close(s.client.stream);
        stream_abort(s.server.stream);
        settle(&s);
        assert_int_equal(s.client.closed + s.server.closed, 0);
        scene_fini(&s);
}

static void a_reset_after_the_half_close_is_heard(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, false);
        listen_at_b(&s, &usual);
        int fd = raw_client(&s);
        RUN_UNTIL(&s, s.server.stream);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        RUN_UNTIL(&s, s.server.ended);
        struct linger now = {.l_onoff = 1};
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
        close(fd);
        RUN_UNTIL(&s, s.server.closed);
        assert_int_equal(s.server.err, -ECONNRESET);
        scene_fini(&s);
}

static void ipv6_works_alike(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, false);
        s.ip_b = address("[::1]");
        connect_both(&s);
        assert_int_equal(stream_peer(s.server.stream)->family, 6);
        assert_int_equal(stream_send(s.client.stream, SLICE("six")), 0);
        RUN_UNTIL(&s, s.server.received == 3);
        scene_fini(&s);
}

#define ON_BOTH(test)                                                                              \
        {#test " (tcp)", test, NULL, NULL, NULL},                                                  \
        {                                                                                          \
#test " (simulated)", test, NULL, NULL, &yes                                       \
        }

int main(void)
{
        static bool yes = true;
        const struct CMUnitTest tests[] = {
                ON_BOTH(bytes_arrive_in_order_both_ways),
                ON_BOTH(both_ends_know_both_addresses),
                ON_BOTH(a_source_address_is_kept_to),
                ON_BOTH(a_source_that_is_not_ours_is_refused),
                ON_BOTH(what_is_sent_before_the_peer_is_there_waits),
                ON_BOTH(nobody_there_is_refused),
                ON_BOTH(what_cannot_be_connected_to_is_an_error_at_once),
                ON_BOTH(a_port_is_listened_to_once),
                ON_BOTH(a_large_amount_waits_for_its_reader_and_arrives_whole),
                ON_BOTH(all_of_a_message_or_nothing_is_taken),
                ON_BOTH(a_closed_stream_still_sends_what_waits),
                ON_BOTH(a_half_closed_peer_can_still_be_answered),
                ON_BOTH(without_on_end_the_peer_s_end_is_ours),
                ON_BOTH(an_aborted_stream_resets_its_peer),
                ON_BOTH(a_peer_that_aborts_what_it_accepts_is_heard),
                ON_BOTH(ending_inside_any_handler_is_safe),
                ON_BOTH(whoever_comes_beyond_the_limit_is_closed_and_counted),
                ON_BOTH(streams_outlive_their_listener),
                ON_BOTH(an_io_that_is_destroyed_takes_its_streams_along),
                cmocka_unit_test(a_byte_at_a_time_is_a_stream_too),
                cmocka_unit_test(a_peer_that_never_reads_is_given_up_after_closing),
                cmocka_unit_test(a_reset_comes_after_the_bytes_before_it),
                cmocka_unit_test(a_send_that_fails_says_so_and_on_close_follows),
                cmocka_unit_test(an_owner_who_lets_go_of_what_has_failed_hears_nothing),
                cmocka_unit_test(a_reset_after_the_half_close_is_heard),
                cmocka_unit_test(ipv6_works_alike),
        };
        return RUN_TESTS(tests);
}
