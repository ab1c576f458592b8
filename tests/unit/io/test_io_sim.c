/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_sim.h"

#include <errno.h>

#include "../unit.h"
#include "base/buf.h"
#include "base/siphash.h"

static struct addr address(const char *text)
{
        struct addr a = {0};
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

struct inbox {
        unsigned count;
        struct addr from;
        char text[64];
        char numbers[4096]; /* the first byte of each datagram, in order of arrival */
};

static void on_datagram(void *arg, const struct addr *from, struct slice data)
{
        struct inbox *inbox = arg;
        inbox->from = *from;
        assert_true(inbox->count < sizeof inbox->numbers);
        inbox->numbers[inbox->count++] = data.len ? data.p[0] : 0;
        if (data.len < sizeof inbox->text)
                assert_int_equal(slice_to_text(data, inbox->text, sizeof inbox->text), 0);
}

struct scene {
        struct sim_world *world;
        struct io *a, *b;
        struct io_udp *ua, *ub;
        struct inbox in_a, in_b;
        struct addr to_b;
};

static void scene_init(struct scene *s, uint64_t seed)
{
        *s = (struct scene){0};
        assert_int_equal(sim_world_create(seed, &s->world), 0);
        assert_int_equal(io_create_sim(s->world, &s->a), 0);
        assert_int_equal(io_create_sim(s->world, &s->b), 0);
        struct addr a = address("192.0.2.1:5060");
        s->to_b = address("192.0.2.2:5060");
        assert_int_equal(io_udp_open(s->a, &a, on_datagram, &s->in_a, &s->ua), 0);
        assert_int_equal(io_udp_open(s->b, &s->to_b, on_datagram, &s->in_b, &s->ub), 0);
}

static void scene_fini(struct scene *s)
{
        sim_world_destroy(s->world);
}

static void a_datagram_arrives_after_the_delay_with_its_source(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        sim_world_set_network(s.world, &(struct sim_network){.delay_ms = 30});
        int64_t begin_ms = sim_world_now_ms(s.world);
        io_udp_send(s.ua, &s.to_b, SLICE("hello"));
        assert_int_equal(s.in_b.count, 0);
        sim_world_run_ms(s.world, 29);
        assert_int_equal(s.in_b.count, 0);
        assert_true(sim_world_step(s.world));
        assert_int_equal(sim_world_now_ms(s.world), begin_ms + 30);
        assert_int_equal(s.in_b.count, 1);
        assert_string_equal(s.in_b.text, "hello");
        assert_true(addr_equal(&s.in_b.from, io_udp_local(s.ua)));
        assert_int_equal(io_counters(s.a)->datagrams_out, 1);
        assert_int_equal(io_counters(s.b)->datagrams_in, 1);
        assert_false(sim_world_step(s.world));
        scene_fini(&s);
}

static void nothing_is_delivered_inside_the_send(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        io_udp_send(s.ua, &s.to_b, SLICE("x"));
        assert_int_equal(s.in_b.count, 0);
        sim_world_run_ms(s.world, 0);
        assert_int_equal(s.in_b.count, 1);
        scene_fini(&s);
}

static void a_datagram_to_nobody_vanishes_and_is_counted(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct addr nobody = address("192.0.2.9:5060");
        io_udp_send(s.ua, &nobody, SLICE("x"));
        io_udp_send(s.ua, &s.to_b, SLICE("y"));
        io_udp_close(s.ub); /* gone while the datagram is on its way */
        sim_world_run_ms(s.world, 10);
        assert_int_equal(sim_world_counters(s.world)->to_nobody, 2);
        assert_int_equal(sim_world_counters(s.world)->delivered, 0);
        scene_fini(&s);
}

static void what_cannot_be_sent_is_counted(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        static char large[65508];
        struct addr six = address("[2001:db8::1]:5060"), no_port = address("192.0.2.2:0");
        io_udp_send(s.ua, &six, SLICE("x"));
        io_udp_send(s.ua, &no_port, SLICE("x"));
        io_udp_send(s.ua, &s.to_b, (struct slice){large, sizeof large});
        assert_int_equal(io_counters(s.a)->send_failed, 3);
        assert_int_equal(io_counters(s.a)->datagrams_out, 0);
        io_udp_send(s.ua, &s.to_b, (struct slice){large, sizeof large - 1});
        assert_int_equal(io_counters(s.a)->datagrams_out, 1);
        scene_fini(&s);
}

static void a_socket_bound_to_any_address_hears_its_port(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct inbox in = {0};
        struct io_udp *any = NULL;
        struct addr local = address("0.0.0.0:7000"), to = address("203.0.113.5:7000");
        assert_int_equal(io_udp_open(s.b, &local, on_datagram, &in, &any), 0);
        io_udp_send(s.ua, &to, SLICE("x"));
        sim_world_run_ms(s.world, 1);
        assert_int_equal(in.count, 1);

        io_udp_send(any, io_udp_local(s.ua), SLICE("y"));
        sim_world_run_ms(s.world, 1);
        struct addr loopback = address("127.0.0.1:7000");
        assert_true(addr_equal(&s.in_a.from, &loopback));

        /* With an IP of its own it speaks from it, and hears nothing else. */
        struct addr ip = address("203.0.113.6:0");
        sim_set_ip(s.b, &ip);
        io_udp_send(any, io_udp_local(s.ua), SLICE("y"));
        io_udp_send(s.ua, &to, SLICE("x"));
        sim_world_run_ms(s.world, 1);
        assert_true(addr_equal_ip(&s.in_a.from, &ip));
        assert_int_equal(in.count, 1);
        scene_fini(&s);
}

static void an_address_is_bound_once(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct io_udp *again = NULL;
        assert_int_equal(io_udp_open(s.a, &s.to_b, on_datagram, &s.in_a, &again), -EADDRINUSE);
        struct addr any = address("0.0.0.0:5060");
        assert_int_equal(io_udp_open(s.b, &any, on_datagram, &s.in_a, &again), -EADDRINUSE);
        assert_null(again);

        /* Another machine may listen on any address of its own. */
        struct io *third = NULL;
        assert_int_equal(io_create_sim(s.world, &third), 0);
        assert_int_equal(io_udp_open(third, &any, on_datagram, &s.in_a, &again), 0);
        scene_fini(&s);
}

static void port_0_finds_ports_that_differ(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct io_udp *one = NULL, *two = NULL;
        struct addr local = address("192.0.2.1:0");
        assert_int_equal(io_udp_open(s.a, &local, on_datagram, &s.in_a, &one), 0);
        assert_int_equal(io_udp_open(s.a, &local, on_datagram, &s.in_a, &two), 0);
        assert_true(io_udp_local(one)->port != 0);
        assert_true(io_udp_local(one)->port != io_udp_local(two)->port);
        scene_fini(&s);
}

static void send_many(struct scene *s, unsigned count)
{
        for (unsigned i = 0; i < count; i++) {
                char c = (char)(i & 0x7f);
                io_udp_send(s->ua, &s->to_b, (struct slice){&c, 1});
                sim_world_run_ms(s->world, 1);
        }
        sim_world_run_ms(s->world, 1000);
}

static void the_network_loses_its_share(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 7);
        sim_world_set_network(s.world, &(struct sim_network){.loss_permille = 250});
        send_many(&s, 2000);
        const struct sim_counters *c = sim_world_counters(s.world);
        assert_int_equal(c->sent, 2000);
        assert_int_equal(c->lost + c->delivered, 2000);
        assert_true(c->lost > 400 && c->lost < 600);
        assert_int_equal(s.in_b.count, c->delivered);
        scene_fini(&s);
}

static void the_network_duplicates_its_share(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 7);
        sim_world_set_network(s.world, &(struct sim_network){.duplicate_permille = 250});
        send_many(&s, 1000);
        const struct sim_counters *c = sim_world_counters(s.world);
        assert_true(c->duplicated > 200 && c->duplicated < 300);
        assert_int_equal(s.in_b.count, 1000 + c->duplicated);
        scene_fini(&s);
}

static bool is_in_order(const struct inbox *inbox)
{
        for (unsigned i = 1; i < inbox->count; i++) {
                if (inbox->numbers[i] != ((inbox->numbers[i - 1] + 1) & 0x7f))
                        return false;
        }
        return true;
}

static void jitter_reorders_and_without_it_order_is_kept(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 7);
        sim_world_set_network(s.world, &(struct sim_network){.delay_ms = 40});
        send_many(&s, 500);
        assert_int_equal(s.in_b.count, 500);
        assert_true(is_in_order(&s.in_b));
        scene_fini(&s);

        scene_init(&s, 7);
        sim_world_set_network(s.world, &(struct sim_network){.delay_ms = 40, .jitter_ms = 20});
        send_many(&s, 500);
        assert_int_equal(s.in_b.count, 500);
        assert_false(is_in_order(&s.in_b));
        scene_fini(&s);
}

/* Two hosts that play ball with random pauses, on a bad network; the trace is hashed. */
struct player {
        struct io *io;
        struct io_udp *udp;
        struct addr other;
        struct io_timer timer;
};

struct trace {
        struct sim_world *world;
        uint64_t hash, datagrams;
};

static void on_trace(void *arg, const struct addr *from, const struct addr *to, struct slice data)
{
        struct trace *trace = arg;
        struct {
                uint64_t hash;
                int64_t now_ms;
                uint64_t from_port, to_port;
                char first;
        } row = {0};
        row.hash = trace->hash;
        row.now_ms = sim_world_now_ms(trace->world);
        row.from_port = from->port;
        row.to_port = to->port;
        row.first = data.p[0];
        trace->hash = siphash(&(struct siphash_key){{1, 2}}, &row, sizeof row);
        trace->datagrams++;
}

static void play(void *arg)
{
        struct player *p = arg;
        char byte = (char)random_u32(io_random(p->io));
        io_udp_send(p->udp, &p->other, (struct slice){&byte, 1});
        io_timer_start(p->io, &p->timer, 1 + random_below(io_random(p->io), 50), play, p);
}

static void on_ball(void *arg, const struct addr *from, struct slice data)
{
        struct player *p = arg;
        (void)from;
        if (data.p[0] & 1)
                play(p);
}

static struct trace play_for_a_minute(uint64_t seed)
{
        struct trace trace = {0};
        struct player players[2] = {{0}};
        assert_int_equal(sim_world_create(seed, &trace.world), 0);
        sim_world_on_datagram(trace.world, on_trace, &trace);
        sim_world_set_network(trace.world, &(struct sim_network){20, 15, 100, 50});
        for (int i = 0; i < 2; i++) {
                struct addr local = address(i ? "192.0.2.2:0" : "192.0.2.1:0");
                struct player *p = &players[i];
                assert_int_equal(io_create_sim(trace.world, &p->io), 0);
                assert_int_equal(io_udp_open(p->io, &local, on_ball, p, &p->udp), 0);
        }
        for (int i = 0; i < 2; i++) {
                players[i].other = *io_udp_local(players[1 - i].udp);
                play(&players[i]);
        }
        sim_world_run_ms(trace.world, 60000);
        sim_world_destroy(trace.world);
        return trace;
}

static void the_same_seed_gives_the_same_trace(void **state)
{
        (void)state;
        struct trace one = play_for_a_minute(11), two = play_for_a_minute(11);
        struct trace other = play_for_a_minute(12);
        assert_true(one.datagrams > 1000);
        assert_true(one.datagrams == two.datagrams);
        assert_true(one.hash == two.hash);
        assert_true(one.hash != other.hash);
}

static void lost_datagrams_are_seen_by_the_trace(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct trace trace = {.world = s.world};
        sim_world_on_datagram(s.world, on_trace, &trace);
        sim_world_set_network(s.world, &(struct sim_network){.loss_permille = 1000});
        send_many(&s, 5);
        assert_int_equal(trace.datagrams, 5);
        assert_int_equal(s.in_b.count, 0);
        scene_fini(&s);
}

struct moment {
        struct io *io;
        int64_t at_ms;
        unsigned calls;
        struct io_timer timer;
        struct io_task task;
};

static void on_moment(void *arg)
{
        struct moment *m = arg;
        m->at_ms = io_now_ms(m->io);
        m->calls++;
}

static void the_world_jumps_to_the_next_timer_of_any_host(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct moment late = {.io = s.a}, early = {.io = s.b};
        int64_t begin_ms = sim_world_now_ms(s.world);
        io_timer_start(s.a, &late.timer, 86400000, on_moment, &late);
        io_timer_start(s.b, &early.timer, 5000, on_moment, &early);
        assert_true(sim_world_step(s.world));
        assert_int_equal(early.at_ms, begin_ms + 5000);
        assert_int_equal(late.calls, 0);
        assert_true(sim_world_step(s.world));
        assert_int_equal(late.at_ms, begin_ms + 86400000);
        assert_false(sim_world_step(s.world));
        scene_fini(&s);
}

static void run_ms_stops_where_it_was_told(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct moment m = {.io = s.a};
        int64_t begin_ms = sim_world_now_ms(s.world);
        io_timer_start(s.a, &m.timer, 101, on_moment, &m);
        sim_world_run_ms(s.world, 100);
        assert_int_equal(m.calls, 0);
        assert_int_equal(io_now_ms(s.a), begin_ms + 100);
        sim_world_run_ms(s.world, 1);
        assert_int_equal(m.calls, 1);
        scene_fini(&s);
}

static void defer_from_timer(void *arg)
{
        struct moment *m = arg;
        io_defer(m->io, &m->task, on_moment, m);
        assert_int_equal(m->calls, 0);
}

static void a_deferred_task_runs_at_the_end_of_the_turn(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct moment m = {.io = s.a}, cancelled = {.io = s.a};
        int64_t begin_ms = sim_world_now_ms(s.world);
        io_timer_start(s.a, &m.timer, 7, defer_from_timer, &m);
        io_defer(s.a, &cancelled.task, on_moment, &cancelled);
        io_defer_cancel(s.a, &cancelled.task);
        assert_true(sim_world_step(s.world));
        assert_int_equal(m.calls, 1);
        assert_int_equal(m.at_ms, begin_ms + 7);
        assert_int_equal(cancelled.calls, 0);
        scene_fini(&s);
}

static void posted_work_runs_at_the_next_step(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct moment m = {.io = s.b};
        assert_int_equal(io_post(s.b, on_moment, &m), 0);
        assert_int_equal(m.calls, 0);
        assert_true(sim_world_step(s.world));
        assert_int_equal(m.calls, 1);
        assert_false(sim_world_step(s.world));
        scene_fini(&s);
}

static void posted_work_can_be_taken_back(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct moment kept = {.io = s.b}, back = {.io = s.b};
        assert_int_equal(io_post(s.b, on_moment, &back), 0);
        assert_int_equal(io_post(s.b, on_moment, &kept), 0);
        assert_int_equal(io_post(s.b, on_moment, &back), 0);
        io_post_cancel(s.b, on_moment, &back);
        assert_true(sim_world_step(s.world));
        assert_int_equal(kept.calls, 1);
        assert_int_equal(back.calls, 0);
        assert_false(sim_world_step(s.world));

        io_post_cancel(s.b, on_moment, &back);
        assert_int_equal(io_post(s.b, on_moment, &back), 0);
        assert_true(sim_world_step(s.world));
        assert_int_equal(back.calls, 1);
        scene_fini(&s);
}

static void the_wall_clock_moves_alone(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        assert_true(io_wall_ms(s.a) == SIM_WALL_START_MS);
        int64_t monotonic_ms = io_now_ms(s.a);
        sim_set_wall_ms(s.a, SIM_WALL_START_MS - 5000);
        sim_world_run_ms(s.world, 250);
        assert_true(io_wall_ms(s.a) == SIM_WALL_START_MS - 5000 + 250);
        assert_true(io_wall_ms(s.b) == SIM_WALL_START_MS + 250);
        assert_true(io_now_ms(s.a) == monotonic_ms + 250);
        scene_fini(&s);
}

static void a_host_that_crashes_leaves_its_addresses_free(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        io_udp_send(s.ua, &s.to_b, SLICE("x"));
        io_destroy(s.b);
        sim_world_run_ms(s.world, 1);
        assert_int_equal(sim_world_counters(s.world)->to_nobody, 1);
        assert_int_equal(io_create_sim(s.world, &s.b), 0);
        assert_int_equal(io_udp_open(s.b, &s.to_b, on_datagram, &s.in_b, &s.ub), 0);
        io_udp_send(s.ua, &s.to_b, SLICE("x"));
        sim_world_run_ms(s.world, 1);
        assert_int_equal(s.in_b.count, 1);
        scene_fini(&s);
}

static void close_self(void *arg, const struct addr *from, struct slice data)
{
        struct scene *s = arg;
        (void)from;
        (void)data;
        s->in_b.count++;
        io_udp_close(s->ub);
}

static void a_socket_may_close_itself_in_its_handler(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        io_udp_set_handler(s.ub, close_self, &s);
        io_udp_send(s.ua, &s.to_b, SLICE("x"));
        io_udp_send(s.ua, &s.to_b, SLICE("y"));
        sim_world_run_ms(s.world, 1);
        assert_int_equal(s.in_b.count, 1);
        assert_int_equal(sim_world_counters(s.world)->to_nobody, 1);
        scene_fini(&s);
}

static void stop_world(void *arg)
{
        io_stop(arg);
}

static void io_run_steps_the_world_until_stop(void **state)
{
        (void)state;
        struct scene s;
        scene_init(&s, 1);
        struct moment m = {.io = s.b}, after = {.io = s.b};
        struct io_timer stop = {0};
        io_timer_start(s.b, &m.timer, 10, on_moment, &m);
        io_timer_start(s.a, &stop, 20, stop_world, s.a);
        io_timer_start(s.b, &after.timer, 30, on_moment, &after);
        io_run(s.a);
        assert_int_equal(m.calls, 1);
        assert_int_equal(after.calls, 0);
        scene_fini(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_datagram_arrives_after_the_delay_with_its_source),
                cmocka_unit_test(nothing_is_delivered_inside_the_send),
                cmocka_unit_test(a_datagram_to_nobody_vanishes_and_is_counted),
                cmocka_unit_test(what_cannot_be_sent_is_counted),
                cmocka_unit_test(a_socket_bound_to_any_address_hears_its_port),
                cmocka_unit_test(an_address_is_bound_once),
                cmocka_unit_test(port_0_finds_ports_that_differ),
                cmocka_unit_test(the_network_loses_its_share),
                cmocka_unit_test(the_network_duplicates_its_share),
                cmocka_unit_test(jitter_reorders_and_without_it_order_is_kept),
                cmocka_unit_test(the_same_seed_gives_the_same_trace),
                cmocka_unit_test(lost_datagrams_are_seen_by_the_trace),
                cmocka_unit_test(the_world_jumps_to_the_next_timer_of_any_host),
                cmocka_unit_test(run_ms_stops_where_it_was_told),
                cmocka_unit_test(a_deferred_task_runs_at_the_end_of_the_turn),
                cmocka_unit_test(posted_work_runs_at_the_next_step),
                cmocka_unit_test(posted_work_can_be_taken_back),
                cmocka_unit_test(the_wall_clock_moves_alone),
                cmocka_unit_test(a_host_that_crashes_leaves_its_addresses_free),
                cmocka_unit_test(a_socket_may_close_itself_in_its_handler),
                cmocka_unit_test(io_run_steps_the_world_until_stop),
        };
        return RUN_TESTS(tests);
}
