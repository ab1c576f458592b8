/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/siphash.h"
#include "stream_scene.h"

static void a_connection_takes_the_world_s_delay(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        listen_at_b(&s, &usual);
        int64_t begin_ms = sim_world_now_ms(s.world);
        assert_int_equal(try_connect(&s, &usual), 0);
        sim_world_run_ms(s.world, 9);
        assert_int_equal(s.accepted, 0);
        RUN_UNTIL(&s, s.accepted);
        assert_int_equal(sim_world_now_ms(s.world), begin_ms + 10);
        RUN_UNTIL(&s, s.client.opened);
        assert_int_equal(sim_world_now_ms(s.world), begin_ms + 20);
        assert_int_equal(stream_send(s.client.stream, SLICE("x")), 0);
        RUN_UNTIL(&s, s.server.received);
        assert_int_equal(sim_world_now_ms(s.world), begin_ms + 30);
        assert_false(sim_world_step(s.world));
        scene_fini(&s);
}

static void loss_and_jitter_make_it_late_and_never_wrong(void **state)
{
        struct scene s;
        char sent[3000];
        (void)state;
        scene_init(&s, true);
        sim_world_set_network(s.world, &(struct sim_network){.delay_ms = 10,
                                                             .jitter_ms = 50,
                                                             .loss_permille = 200,
                                                             .duplicate_permille = 200,
                                                             .segment_bytes_max = 7});
        connect_both(&s);
        int64_t begin_ms = sim_world_now_ms(s.world);
        fill(sent, sizeof sent, 5);
        for (size_t i = 0; i < sizeof sent; i += 100)
                assert_int_equal(stream_send(s.client.stream, (struct slice){sent + i, 100}), 0);
        RUN_UNTIL(&s, s.server.received == sizeof sent);
        assert_memory_equal(s.server.bytes, sent, sizeof sent);
        assert_true(s.server.pieces >= sizeof sent / 7);
        assert_true(sim_world_now_ms(s.world) >= begin_ms + 200);
        settle(&s);
        assert_int_equal(s.server.received, sizeof sent);
        scene_fini(&s);
}

/* When each piece arrives and how large it is, as one number. */
static uint64_t trace_of(uint64_t seed)
{
        struct scene s;
        struct sim_world *world = NULL;
        static const struct siphash_key key;
        uint64_t trace = 0;
        scene_init(&s, true);
        sim_world_destroy(s.world);
        assert_int_equal(sim_world_create(seed, &world), 0);
        s.world = world;
        assert_int_equal(io_create_sim(world, &s.a), 0);
        assert_int_equal(io_create_sim(world, &s.b), 0);
        sim_world_set_network(world, &(struct sim_network){.delay_ms = 5,
                                                           .jitter_ms = 20,
                                                           .loss_permille = 100,
                                                           .segment_bytes_max = 100});
        connect_both(&s);
        assert_int_equal(stream_send(s.client.stream, (struct slice){s.client.bytes, 2000}), 0);
        for (size_t seen = 0; s.server.received < 2000;) {
                assert_true(sim_world_step(world));
                if (s.server.received == seen)
                        continue;
                seen = s.server.received;
                uint64_t now[3] = {trace, (uint64_t)sim_world_now_ms(world), seen};
                trace = siphash(&key, now, sizeof now);
        }
        scene_fini(&s);
        return trace;
}

static void the_same_seed_gives_the_same_trace(void **state)
{
        (void)state;
        uint64_t first = trace_of(11);
        assert_true(trace_of(11) == first);
        assert_true(trace_of(12) != first);
}

static void a_cut_way_is_waited_for_and_mended(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        connect_both(&s);
        assert_int_equal(stream_send(s.client.stream, SLICE("one ")), 0);
        sim_world_cut(s.world, &s.ip_a, &s.ip_b);
        assert_int_equal(stream_send(s.client.stream, SLICE("two")), 0);
        sim_world_run_ms(s.world, 9000);
        assert_int_equal(s.server.received, 0);
        sim_world_mend(s.world, &s.ip_a, &s.ip_b);
        sim_world_run_ms(s.world, 1000);
        assert_int_equal(s.server.received, 7);
        assert_memory_equal(s.server.bytes, "one two", 7);
        sim_world_run_ms(s.world, 60000);
        assert_int_equal(s.client.closed + s.server.closed, 0);
        scene_fini(&s);
}

static void a_peer_that_confirms_nothing_is_gone_in_the_end(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        connect_both(&s);
        sim_world_cut(s.world, &s.ip_b, NULL);
        assert_int_equal(stream_send(s.client.stream, SLICE("anybody?")), 0);
        sim_world_run_ms(s.world, usual.unacked_ms);
        assert_int_equal(s.client.closed, 0);
        sim_world_run_ms(s.world, 20);
        assert_int_equal(s.client.closed, 1);
        assert_int_equal(s.client.err, -ETIMEDOUT);
        /* The other side has sent nothing, and knows nothing. */
        sim_world_run_ms(s.world, 3600000);
        assert_int_equal(s.server.closed, 0);
        assert_false(sim_world_step(s.world));
        sim_world_mend(s.world, &s.ip_b, NULL);
        sim_world_run_ms(s.world, 10000);
        assert_int_equal(s.server.ended, 1);
        scene_fini(&s);
}

static void keepalive_notices_a_silent_peer(void **state)
{
        struct scene s;
        struct stream_options probing = usual;
        (void)state;
        probing.keepalive_ms = 30000;
        scene_init(&s, true);
        listen_at_b(&s, &probing);
        assert_int_equal(try_connect(&s, &usual), 0);
        RUN_UNTIL(&s, s.client.opened);
        sim_world_cut(s.world, &s.ip_a, NULL);
        sim_world_run_ms(s.world, 20000);
        sim_world_mend(s.world, &s.ip_a, NULL);
        sim_world_run_ms(s.world, 100000);
        assert_int_equal(s.server.closed, 0);
        sim_world_cut(s.world, &s.ip_a, NULL);
        sim_world_run_ms(s.world, 39999);
        assert_int_equal(s.server.closed, 0);
        sim_world_run_ms(s.world, 1);
        assert_int_equal(s.server.err, -ETIMEDOUT);
        assert_int_equal(s.client.closed, 0);
        scene_fini(&s);
}

static void connecting_over_a_cut_way_times_out(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        listen_at_b(&s, &usual);
        sim_world_cut(s.world, &s.ip_a, &s.ip_b);
        assert_int_equal(try_connect(&s, &usual), 0);
        sim_world_run_ms(s.world, usual.connect_ms - 1);
        assert_int_equal(s.client.closed, 0);
        sim_world_run_ms(s.world, 1);
        assert_int_equal(s.client.err, -ETIMEDOUT);
        assert_int_equal(s.accepted, 0);

        /* A way that is mended in time is connected over. */
        s.client = (struct end){.other = &s.server, .bytes = s.client.bytes};
        assert_int_equal(try_connect(&s, &usual), 0);
        sim_world_run_ms(s.world, 1000);
        sim_world_mend(s.world, &s.ip_a, &s.ip_b);
        sim_world_run_ms(s.world, 1000);
        assert_int_equal(s.client.opened, 1);
        scene_fini(&s);
}

static void on_any(void *arg, const struct addr *from, struct slice data)
{
        (void)from;
        (void)data;
        ++*(unsigned *)arg;
}

static void datagrams_are_lost_on_a_cut_way(void **state)
{
        struct scene s;
        struct io_udp *ua = NULL, *ub = NULL;
        unsigned arrived = 0;
        (void)state;
        scene_init(&s, true);
        struct addr a = address("192.0.2.1:5060"), b = address("192.0.2.2:5060");
        assert_int_equal(io_udp_open(s.a, &a, on_any, &arrived, &ua), 0);
        assert_int_equal(io_udp_open(s.b, &b, on_any, &arrived, &ub), 0);
        sim_world_cut(s.world, &a, &b);
        io_udp_send(ua, &b, SLICE("x"));
        io_udp_send(ub, &a, SLICE("x"));
        sim_world_run_ms(s.world, 100);
        assert_int_equal(arrived, 0);
        assert_int_equal(sim_world_counters(s.world)->lost, 2);
        sim_world_mend(s.world, &a, &b);
        io_udp_send(ub, &a, SLICE("x"));
        sim_world_run_ms(s.world, 100);
        assert_int_equal(arrived, 1);
        scene_fini(&s);
}

static void a_test_may_reset_the_streams_between_two_hosts(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        connect_both(&s);
        struct addr other = address("192.0.2.99");
        sim_world_reset_streams(s.world, &other, NULL);
        sim_world_run_ms(s.world, 100);
        assert_int_equal(s.client.closed + s.server.closed, 0);
        sim_world_reset_streams(s.world, &s.ip_b, &s.ip_a);
        assert_int_equal(s.client.closed + s.server.closed, 0);
        sim_world_run_ms(s.world, 0);
        assert_int_equal(s.client.err, -ECONNRESET);
        assert_int_equal(s.server.err, -ECONNRESET);
        scene_fini(&s);
}

static void a_host_that_crashes_resets_its_streams(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        connect_both(&s);
        io_destroy(s.b);
        assert_int_equal(s.server.closed, 0);
        sim_world_run_ms(s.world, 10);
        assert_int_equal(s.client.err, -ECONNRESET);
        assert_int_equal(
                stream_connect(s.a, NULL, &s.ip_b, &usual, &telling, &s.client, &s.client.stream),
                -EINVAL);
        scene_fini(&s);
}

static void an_end_that_is_never_answered_is_given_up(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        connect_both(&s);
        stream_close(s.client.stream);
        sim_world_run_ms(s.world, 4000);
        assert_int_equal(s.server.ended, 1);
        assert_int_equal(s.server.closed, 0);
        sim_world_run_ms(s.world, 2000);
        assert_int_equal(s.server.err, -ECONNRESET);
        scene_fini(&s);
}

static void count_bytes(void *arg, const struct addr *from, const struct addr *to,
                        struct slice data)
{
        (void)from;
        assert_int_equal(to->port != 0, 1);
        *(size_t *)arg += data.len;
}

static void whatever_is_sent_can_be_watched(void **state)
{
        struct scene s;
        size_t watched = 0;
        (void)state;
        scene_init(&s, true);
        sim_world_on_stream(s.world, count_bytes, &watched);
        connect_both(&s);
        assert_int_equal(stream_send(s.client.stream, SLICE("12345")), 0);
        assert_int_equal(stream_send(s.server.stream, SLICE("678")), 0);
        sim_world_run_ms(s.world, 100);
        assert_int_equal(watched, 8);
        scene_fini(&s);
}

static void a_listener_on_any_address_hears_its_own(void **state)
{
        struct scene s;
        (void)state;
        scene_init(&s, true);
        struct addr any = address("0.0.0.0:5061"), b = address("192.0.2.2:5061"),
                    wrong = address("192.0.2.3:5061");
        assert_int_equal(stream_listen(s.b, &any, &usual, 10, on_accept, &s, &s.listener), 0);
        assert_int_equal(
                stream_connect(s.a, NULL, &wrong, &usual, &telling, &s.client, &s.client.stream),
                0);
        RUN_UNTIL(&s, s.client.closed);
        assert_int_equal(s.client.err, -ECONNREFUSED);
        assert_int_equal(
                stream_connect(s.a, NULL, &b, &usual, &telling, &s.client, &s.client.stream), 0);
        RUN_UNTIL(&s, s.client.opened);
        assert_true(addr_equal(stream_local(s.server.stream), &b));
        scene_fini(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_connection_takes_the_world_s_delay),
                cmocka_unit_test(loss_and_jitter_make_it_late_and_never_wrong),
                cmocka_unit_test(the_same_seed_gives_the_same_trace),
                cmocka_unit_test(a_cut_way_is_waited_for_and_mended),
                cmocka_unit_test(a_peer_that_confirms_nothing_is_gone_in_the_end),
                cmocka_unit_test(keepalive_notices_a_silent_peer),
                cmocka_unit_test(connecting_over_a_cut_way_times_out),
                cmocka_unit_test(datagrams_are_lost_on_a_cut_way),
                cmocka_unit_test(a_test_may_reset_the_streams_between_two_hosts),
                cmocka_unit_test(a_host_that_crashes_resets_its_streams),
                cmocka_unit_test(an_end_that_is_never_answered_is_given_up),
                cmocka_unit_test(whatever_is_sent_can_be_watched),
                cmocka_unit_test(a_listener_on_any_address_hears_its_own),
        };
        return RUN_TESTS(tests);
}
