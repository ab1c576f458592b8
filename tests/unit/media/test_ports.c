/* SPDX-License-Identifier: Apache-2.0 */
#include "media/ports.h"

#include <errno.h>

#include "../unit.h"
#include "io/io_sim.h"

static struct sim_world *world;
static struct io *io;
static unsigned arrived;
static struct addr_pair local_ips;

static void on_datagram(void *arg, const struct addr *from, struct slice data)
{
        (void)from;
        (void)data;
        const struct port_pair *pair = arg;
        assert_ptr_equal(pair->owner, &arrived);
        arrived++;
}

static struct ports_params params_of(uint16_t port_min, uint16_t port_max, uint32_t count)
{
        struct ports_params params = {
                .io = io,
                .local_ips = &local_ips,
                .port_min = port_min,
                .port_max = port_max,
                .count = count,
                .on_rtp = on_datagram,
                .on_rtcp = on_datagram,
                .owner = &arrived,
        };
        return params;
}

static int create(uint16_t port_min, uint16_t port_max, uint32_t count, struct ports **out)
{
        struct ports_params params = params_of(port_min, port_max, count);
        return ports_create(&params, out);
}

static int set_up_seeded(uint64_t seed)
{
        assert_int_equal(sim_world_create(seed, &world), 0);
        return io_create_sim(world, &io);
}

static int set_up(void **state)
{
        (void)state;
        arrived = 0;
        local_ips = (struct addr_pair){.ip4 = {.family = 4, .ip = {192, 0, 2, 1}}};
        return set_up_seeded(1);
}

static int tear_down(void **state)
{
        (void)state;
        sim_world_destroy(world);
        return 0;
}

static const struct handle somebody = {3, 1};

static void pairs_are_even_and_odd_and_within_the_range(void **state)
{
        (void)state;
        struct ports *ports;
        bool used[65536] = {false};
        assert_int_equal(create(20001, 20040, 19, &ports), 0);
        for (int i = 0; i < 19; i++) {
                assert_int_equal(ports_free(ports), 19 - i);
                struct port_pair *pair = ports_take(ports, somebody);
                assert_non_null(pair);
                unsigned rtp = io_udp_local(pair->ip4.rtp)->port;
                assert_int_equal(rtp % 2, 0);
                assert_in_range(rtp, 20002, 20038);
                assert_int_equal(io_udp_local(pair->ip4.rtcp)->port, rtp + 1);
                assert_false(used[rtp]);
                used[rtp] = true;
        }
        assert_null(ports_take(ports, somebody));
        ports_destroy(ports);
}

static void too_small_a_range_is_an_error(void **state)
{
        (void)state;
        struct ports *ports = NULL;
        assert_int_equal(create(20000, 20019, 11, &ports), -EADDRINUSE);
        assert_int_equal(create(20001, 20002, 1, &ports), -EADDRINUSE);
        assert_int_equal(create(20010, 20000, 1, &ports), -EADDRINUSE);
        assert_int_equal(create(65535, 65535, 1, &ports), -EADDRINUSE);
        assert_null(ports);
        assert_int_equal(create(20000, 20019, 10, &ports), 0);
        ports_destroy(ports);
        assert_int_equal(create(65534, 65535, 1, &ports), 0);
        ports_destroy(ports);
}

static void ports_of_others_are_passed_over(void **state)
{
        (void)state;
        struct ports *ports;
        struct io_udp *odd, *even;
        struct addr taken = {.family = 4, .ip = {192, 0, 2, 1}, .port = 20003};
        assert_int_equal(io_udp_open(io, &taken, on_datagram, NULL, &odd), 0);
        taken.port = 20006;
        assert_int_equal(io_udp_open(io, &taken, on_datagram, NULL, &even), 0);
        assert_int_equal(create(20000, 20009, 4, &ports), -EADDRINUSE);
        assert_int_equal(create(20000, 20009, 3, &ports), 0);
        for (int i = 0; i < 3; i++) {
                unsigned port = io_udp_local(ports_take(ports, somebody)->ip4.rtp)->port;
                assert_int_not_equal(port, 20002);
                assert_int_not_equal(port, 20006);
        }
        ports_destroy(ports);
        io_udp_close(odd);
        io_udp_close(even);
}

static void the_order_cannot_be_foretold(void **state)
{
        (void)state;
        unsigned first[8];
        for (unsigned seed = 0; seed < 8; seed++) {
                struct ports *ports;
                sim_world_destroy(world);
                assert_int_equal(set_up_seeded(seed), 0);
                assert_int_equal(create(20000, 29999, 20, &ports), 0);
                unsigned port = io_udp_local(ports_take(ports, somebody)->ip4.rtp)->port;
                unsigned next = io_udp_local(ports_take(ports, somebody)->ip4.rtp)->port;
                first[seed] = port;
                assert_true(port != 20000 && next != port);
                for (unsigned i = 0; i < seed; i++)
                        assert_int_not_equal(first[i], port);
                ports_destroy(ports);
        }
}

static void a_pair_given_back_is_the_last_to_be_taken(void **state)
{
        (void)state;
        struct ports *ports;
        assert_int_equal(create(20000, 20099, 5, &ports), 0);
        struct port_pair *first = ports_take(ports, somebody);
        assert_true(handle_equal(first->leg, somebody));
        ports_give(ports, first);
        assert_true(handle_is_none(first->leg));
        for (int i = 0; i < 4; i++)
                assert_ptr_not_equal(ports_take(ports, somebody), first);
        assert_ptr_equal(ports_take(ports, somebody), first);
        ports_destroy(ports);
}

static void datagrams_come_with_their_pair(void **state)
{
        (void)state;
        struct ports *ports;
        struct io_udp *other;
        struct addr local = {.family = 4, .ip = {192, 0, 2, 2}, .port = 1000};
        assert_int_equal(create(20000, 20099, 1, &ports), 0);
        struct port_pair *pair = ports_take(ports, somebody);
        assert_int_equal(io_udp_open(io, &local, on_datagram, NULL, &other), 0);
        io_udp_send(other, io_udp_local(pair->ip4.rtp), SLICE("x"));
        io_udp_send(other, io_udp_local(pair->ip4.rtcp), SLICE("x"));
        sim_world_run_ms(world, 10);
        assert_int_equal(arrived, 2);
        io_udp_close(other);
        ports_destroy(ports);
}

static void speak_both(void)
{
        local_ips.ip6 = (struct addr){.family = 6, .ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
}

static void a_pair_is_open_in_both_families_under_the_same_numbers(void **state)
{
        (void)state;
        struct ports *ports;
        speak_both();
        assert_int_equal(create(20000, 20019, 10, &ports), 0);
        for (int i = 0; i < 10; i++) {
                struct port_pair *pair = ports_take(ports, somebody);
                const struct port_sockets *ip4 = port_pair_find(pair, 4),
                                          *ip6 = port_pair_find(pair, 6);
                assert_int_equal(io_udp_local(ip4->rtp)->family, 4);
                assert_int_equal(io_udp_local(ip6->rtp)->family, 6);
                assert_int_equal(io_udp_local(ip4->rtp)->port, pair->port);
                assert_int_equal(io_udp_local(ip6->rtp)->port, pair->port);
                assert_int_equal(io_udp_local(ip4->rtcp)->port, pair->port + 1);
                assert_int_equal(io_udp_local(ip6->rtcp)->port, pair->port + 1);
        }
        ports_destroy(ports);
}

static void a_family_that_is_not_there_has_no_sockets(void **state)
{
        (void)state;
        struct ports *ports;
        assert_int_equal(create(20000, 20001, 1, &ports), 0);
        assert_null(port_pair_find(ports_take(ports, somebody), 6));
        ports_destroy(ports);
        speak_both();
        local_ips.ip4 = (struct addr){0};
        assert_int_equal(create(20000, 20001, 1, &ports), 0);
        struct port_pair *pair = ports_take(ports, somebody);
        assert_null(port_pair_find(pair, 4));
        assert_int_equal(io_udp_local(port_pair_find(pair, 6)->rtp)->port, 20000);
        ports_destroy(ports);
}

/* And what was opened of it in the other family is closed again. */
static void a_port_that_is_taken_in_one_family_is_passed_over_in_both(void **state)
{
        (void)state;
        struct ports *ports;
        struct io_udp *other, *again;
        speak_both();
        struct addr taken = local_ips.ip6, ip4 = local_ips.ip4;
        taken.port = 20003;
        assert_int_equal(io_udp_open(io, &taken, on_datagram, NULL, &other), 0);
        assert_int_equal(create(20000, 20005, 3, &ports), -EADDRINUSE);
        assert_int_equal(create(20000, 20005, 2, &ports), 0);
        for (ip4.port = 20002; ip4.port <= 20003; ip4.port++) {
                assert_int_equal(io_udp_open(io, &ip4, on_datagram, NULL, &again), 0);
                io_udp_close(again);
        }
        assert_null(ports_take_at(ports, 20002, somebody));
        assert_non_null(ports_take_at(ports, 20004, somebody));
        ports_destroy(ports);
        io_udp_close(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(pairs_are_even_and_odd_and_within_the_range),
                TEST(too_small_a_range_is_an_error),
                TEST(ports_of_others_are_passed_over),
                TEST(the_order_cannot_be_foretold),
                TEST(a_pair_given_back_is_the_last_to_be_taken),
                TEST(datagrams_come_with_their_pair),
                TEST(a_pair_is_open_in_both_families_under_the_same_numbers),
                TEST(a_family_that_is_not_there_has_no_sockets),
                TEST(a_port_that_is_taken_in_one_family_is_passed_over_in_both),
        };
        return RUN_TESTS(tests);
}
