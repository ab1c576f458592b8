/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_peers.h"

#include "../unit.h"

#include "base/buf.h"

static struct random rng;
static struct sip_peers peers;

static int setup(void **state)
{
        (void)state;
        random_init_seeded(&rng, 5);
        peers = (struct sip_peers){0};
        return 0;
}

/* 192.0.2.N:5060/udp */
static struct locate_target at(uint8_t n, uint16_t rank, uint16_t weight, uint8_t server)
{
        return (struct locate_target){
                .transport = SIP_UDP,
                .addr = {.family = 4, .ip = {192, 0, 2, n}, .port = 5060},
                .rank = rank,
                .weight = weight,
                .server = server,
        };
}

static struct sip_target target(uint8_t n)
{
        return sip_target_of(SIP_UDP, at(n, 0, 0, 0).addr);
}

static struct sip_peer *peer(uint8_t n)
{
        const struct sip_target wanted = target(n);
        return sip_peers_find(&peers, &wanted);
}

#define SET(keeps_old, ...)                                                                        \
        sip_peers_set(&peers, (struct locate_target[]){__VA_ARGS__},                               \
                      sizeof((struct locate_target[]){__VA_ARGS__}) /                              \
                              sizeof(struct locate_target),                                        \
                      keeps_old)

/* "1 2 3" */
static const char *order(void)
{
        static char text[256];
        uint8_t out[SIP_PEERS_MAX];
        struct buf b;
        unsigned count = sip_peers_order(&peers, &rng, out);
        buf_init(&b, text, sizeof text - 1);
        for (unsigned i = 0; i < count; i++)
                buf_printf(&b, "%s%u", i ? " " : "", peers.list[out[i]].target.addr.ip[3]);
        text[b.len] = '\0';
        return text;
}

static void nothing_has_no_order(void **state)
{
        (void)state;
        assert_string_equal(order(), "");
        assert_null(sip_peers_first(&peers));
}

static void ranks_come_in_their_order_whatever_the_weights(void **state)
{
        (void)state;
        SET(false, at(1, 0, 0, 0), at(2, 1, 65535, 1), at(3, 2, 10, 2));
        for (int i = 0; i < 100; i++)
                assert_string_equal(order(), "1 2 3");
        assert_int_equal(sip_peers_first(&peers)->target.addr.ip[3], 1);
}

static void servers_of_one_rank_are_drawn_by_their_weight(void **state)
{
        (void)state;
        unsigned first[5] = {0};
        SET(false, at(1, 0, 60, 0), at(2, 0, 20, 1), at(3, 0, 20, 2), at(4, 1, 99, 3));
        for (int i = 0; i < 10000; i++) {
                const char *text = order();
                assert_int_equal(strlen(text), 7);
                assert_int_equal(text[6], '4');
                first[text[0] - '0']++;
        }
        assert_in_range(first[1], 5600, 6400);
        assert_in_range(first[2], 1700, 2300);
        assert_in_range(first[3], 1700, 2300);
}

static void a_weight_of_zero_is_drawn_hardly_ever_and_zeros_alone_evenly(void **state)
{
        (void)state;
        unsigned zero = 0;
        SET(false, at(1, 0, 0, 0), at(2, 0, 100, 1));
        for (int i = 0; i < 10000; i++)
                zero += order()[0] == '1';
        assert_in_range(zero, 1, 300);
        zero = 0;
        SET(false, at(1, 0, 0, 0), at(2, 0, 0, 1));
        for (int i = 0; i < 1000; i++)
                zero += order()[0] == '1';
        assert_in_range(zero, 400, 600);
}

static void the_addresses_of_a_server_stay_together(void **state)
{
        (void)state;
        bool seen[2] = {false};
        SET(false, at(1, 0, 1, 0), at(2, 0, 1, 0), at(3, 0, 1, 1), at(4, 0, 1, 1));
        for (int i = 0; i < 50; i++) {
                const char *text = order();
                bool is_one = !strcmp(text, "1 2 3 4");
                assert_true(is_one || !strcmp(text, "3 4 1 2"));
                seen[is_one] = true;
        }
        assert_true(seen[0] && seen[1]);
}

static void within_a_server_the_one_that_was_first_stays_the_first(void **state)
{
        (void)state;
        SET(false, at(1, 0, 0, 0), at(2, 0, 0, 0), at(3, 0, 0, 0));
        SET(false, at(3, 0, 0, 0), at(2, 0, 0, 0), at(1, 0, 0, 0));
        assert_string_equal(order(), "1 2 3");
        SET(false, at(3, 0, 0, 0), at(2, 0, 0, 0));
        assert_int_equal(order()[0], '3');
}

static void what_is_known_of_a_target_outlives_an_answer(void **state)
{
        (void)state;
        SET(false, at(1, 0, 0, 0), at(2, 0, 0, 0));
        peer(2)->breaker.is_open = true;
        SET(false, at(2, 3, 7, 4), at(9, 4, 0, 5));
        assert_true(peer(2)->breaker.is_open);
        assert_int_equal(peer(2)->rank, 3);
        assert_int_equal(peer(2)->weight, 7);
        assert_false(peer(9)->breaker.is_open);
        assert_null(peer(1));
}

static void the_old_ones_are_kept_while_they_may_be_needed(void **state)
{
        (void)state;
        SET(true, at(1, 0, 0, 0));
        SET(true, at(2, 0, 0, 0));
        assert_string_equal(order(), "2");
        assert_int_equal(sip_peers_current(&peers), 1);
        assert_non_null(peer(1));
        assert_false(peer(1)->is_current);
        /* It comes back. */
        SET(true, at(1, 0, 0, 0), at(2, 1, 0, 1));
        assert_int_equal(peers.count, 2);
        assert_true(peer(1)->is_current);
        SET(false, at(2, 0, 0, 0));
        assert_null(peer(1));
}

static void of_the_old_ones_the_latest_are_kept(void **state)
{
        (void)state;
        for (unsigned i = 1; i <= 100; i++)
                SET(true, at((uint8_t)i, 0, 0, 0));
        assert_int_equal(peers.count, SIP_PEERS_MAX);
        assert_non_null(peer(100));
        assert_non_null(peer(100 - SIP_PEERS_MAX + 1));
        assert_null(peer(100 - SIP_PEERS_MAX));
        const struct sip_target other = target(200), known = target(100);
        sip_peers_remember(&peers, &other); /* no room: nothing happens */
        assert_null(peer(200));
        SET(false, at(1, 0, 0, 0));
        sip_peers_remember(&peers, &other);
        sip_peers_remember(&peers, &other);
        sip_peers_remember(&peers, &known);
        assert_int_equal(peers.count, 3);
        assert_string_equal(order(), "1");
}

static void transports_make_different_targets_of_one_address(void **state)
{
        (void)state;
        struct locate_target tcp = at(1, 1, 0, 1);
        tcp.transport = SIP_TCP;
        SET(false, at(1, 0, 0, 0), tcp);
        assert_string_equal(order(), "1 1");
        const struct sip_target by_tcp = sip_target_of(SIP_TCP, tcp.addr);
        assert_true(sip_peers_find(&peers, &by_tcp) == &peers.list[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(nothing_has_no_order, setup),
                cmocka_unit_test_setup(ranks_come_in_their_order_whatever_the_weights, setup),
                cmocka_unit_test_setup(servers_of_one_rank_are_drawn_by_their_weight, setup),
                cmocka_unit_test_setup(a_weight_of_zero_is_drawn_hardly_ever_and_zeros_alone_evenly,
                                       setup),
                cmocka_unit_test_setup(the_addresses_of_a_server_stay_together, setup),
                cmocka_unit_test_setup(within_a_server_the_one_that_was_first_stays_the_first,
                                       setup),
                cmocka_unit_test_setup(what_is_known_of_a_target_outlives_an_answer, setup),
                cmocka_unit_test_setup(the_old_ones_are_kept_while_they_may_be_needed, setup),
                cmocka_unit_test_setup(of_the_old_ones_the_latest_are_kept, setup),
                cmocka_unit_test_setup(transports_make_different_targets_of_one_address, setup),
        };
        return RUN_TESTS(tests);
}
