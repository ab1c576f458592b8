/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_trunks.h"

#include <errno.h>

#include "../unit.h"

#include "io/dns.h"
#include "io/io_sim.h"

static struct sim_world *world;
static struct io *io;
static struct sip_trunks *trunks;

static int setup(void **state)
{
        (void)state;
        assert_int_equal(sim_world_create(1, &world), 0);
        assert_int_equal(io_create_sim(world, &io), 0);
        assert_int_equal(sip_trunks_create(io, &trunks), 0);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        sip_trunks_destroy(trunks);
        sim_world_destroy(world);
        return 0;
}

static struct addr address(const char *text)
{
        struct addr a;
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

static struct trunk trunk_of(uint32_t id, const char *source, uint16_t port, const char *peer)
{
        struct trunk trunk = {.id = id, .name = "t"};
        if (source) {
                trunk.source_count = 1;
                trunk.sources[0].port = port;
                assert_int_equal(addr_prefix_parse(slice_from(source), &trunk.sources[0].prefix),
                                 0);
        }
        strcpy(trunk.peer_host, peer);
        return trunk;
}

static struct sip_trunk_state *put(struct trunk trunk)
{
        assert_int_equal(sip_trunks_put(trunks, &trunk), 0);
        return sip_trunks_find(trunks, trunk.id);
}

static uint32_t match(const char *source)
{
        const struct sip_target a = sip_target_of(SIP_UDP, address(source));
        struct sip_trunk_state *state = sip_trunks_match(trunks, &a);
        return state ? state->trunk.id : 0;
}

static bool know(const char *source)
{
        const struct sip_target a = sip_target_of(SIP_UDP, address(source));
        return sip_trunks_know(trunks, &a);
}

static void a_source_finds_its_trunk(void **state)
{
        (void)state;
        put(trunk_of(1, "192.0.2.0/28", 0, "192.0.2.1"));
        put(trunk_of(2, "192.0.2.16/28", 5070, "192.0.2.17"));
        put(trunk_of(3, "2001:db8::/64", 0, "2001:db8::5"));
        assert_int_equal(match("192.0.2.15:1234"), 1);
        assert_int_equal(match("192.0.2.20:5070"), 2);
        assert_int_equal(match("192.0.2.20:5060"), 0);
        assert_int_equal(match("[2001:db8::77]:5060"), 3);
        assert_int_equal(match("203.0.113.1:5060"), 0);
        assert_true(know("192.0.2.20:5070"));
        assert_false(know("192.0.2.20:5060"));
}

static void a_peer_is_a_source_by_its_exact_address(void **state)
{
        (void)state;
        put(trunk_of(1, NULL, 0, "192.0.2.1"));
        assert_int_equal(match("192.0.2.1:5060"), 1);
        assert_int_equal(match("192.0.2.1:5061"), 0);
        put(trunk_of(2, NULL, 0, "192.0.2.1"));
        assert_int_equal(match("192.0.2.1:5060"), 0);
        assert_true(know("192.0.2.1:5060"));
        /* A source says whose it is. */
        put(trunk_of(3, "192.0.2.1", 0, "192.0.2.1"));
        assert_int_equal(match("192.0.2.1:5060"), 3);
}

static void a_name_is_resolved_and_resolved_again(void **state)
{
        (void)state;
        const struct addr first = address("192.0.2.50:0"), second = address("192.0.2.51:0");
        const struct addr both[2] = {second, first};
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), &first, 1, 60), 0);
        struct trunk trunk = trunk_of(1, NULL, 0, "peer.example");
        trunk.peer_port = 5080;
        struct sip_trunk_state *t = put(trunk);
        assert_int_equal(t->peer.addr.family, 0);
        sim_world_run_ms(world, 100);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.50:5080");

        /* The order of the answer does not matter while ours is in it. */
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), both, 2, 60), 0);
        sim_world_run_ms(world, 61 * 1000);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.50:5080");
        assert_true(know("192.0.2.51:5080"));

        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), &second, 1, 60), 0);
        sim_world_run_ms(world, 61 * 1000);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.51:5080");
        assert_false(know("192.0.2.50:5080"));

        /* A server that cannot tell takes nothing away. */
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), NULL, 0, 60), 0);
        sim_world_run_ms(world, 200 * 1000);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.51:5080");
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), &first, 1, 60), 0);
        sim_world_run_ms(world, 200 * 1000);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.50:5080");
}

/* Of what the trunk stands for at present. */
static unsigned current(const struct sip_trunk_state *t)
{
        return sip_peers_current(&t->peers);
}

static void of_both_families_those_that_the_trunk_speaks_are_taken(void **state)
{
        (void)state;
        const struct addr both[2] = {address("[2001:db8::9]:0"), address("192.0.2.50:0")};
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), both, 2, 60), 0);
        struct sip_trunk_state *plain = put(trunk_of(1, NULL, 0, "peer.example"));
        struct sip_trunk_state *six = put(trunk_of(2, "2001:db8::/64", 0, "peer.example"));
        struct sip_trunk_state *four = put(trunk_of(3, "192.0.2.0/24", 0, "peer.example"));
        sim_world_run_ms(world, 100);
        assert_int_equal(current(plain), 2); /* in the resolver's order */
        assert_string_equal(addr_format(&plain->peer.addr).text, "[2001:db8::9]:5060");
        assert_int_equal(current(six), 1);
        assert_string_equal(addr_format(&six->peer.addr).text, "[2001:db8::9]:5060");
        assert_int_equal(current(four), 1);
        assert_string_equal(addr_format(&four->peer.addr).text, "192.0.2.50:5060");

        /* An advertised address of the other family says that it is spoken, too. */
        struct trunk both_ways = trunk_of(3, "192.0.2.0/24", 0, "peer.example");
        both_ways.advertised.ip6 = address("[2001:db8::77]:0");
        put(both_ways);
        sim_world_run_ms(world, 100);
        assert_int_equal(current(four), 2);
}

static void a_target_that_we_cannot_send_to_is_taken_when_there_is_no_other(void **state)
{
        (void)state;
        const struct addr both[2] = {address("[2001:db8::9]:0"), address("192.0.2.50:0")};
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), both, 2, 60), 0);
        assert_int_equal(dns_sim_set(io, SLICE("six.example"), both, 1, 60), 0);
        sip_trunks_speak(trunks, (struct sip_spoken){1u << SIP_UDP, 0});
        struct sip_trunk_state *plain = put(trunk_of(1, NULL, 0, "peer.example"));
        struct sip_trunk_state *six = put(trunk_of(2, "2001:db8::/64", 0, "peer.example"));
        struct sip_trunk_state *only = put(trunk_of(3, NULL, 0, "six.example"));
        sim_world_run_ms(world, 100);
        assert_int_equal(current(plain), 1);
        assert_string_equal(addr_format(&plain->peer.addr).text, "192.0.2.50:5060");
        assert_int_equal(current(six), 1);
        assert_string_equal(addr_format(&six->peer.addr).text, "192.0.2.50:5060");
        assert_string_equal(addr_format(&only->peer.addr).text, "[2001:db8::9]:5060");
        /* We have learnt to. */
        sip_trunks_speak(trunks, (struct sip_spoken){1u << SIP_UDP, 1u << SIP_UDP});
        sim_world_run_ms(world, 100);
        assert_int_equal(current(plain), 2);
        assert_string_equal(addr_format(&six->peer.addr).text, "[2001:db8::9]:5060");
}

static void a_trunk_that_is_put_again_keeps_its_peer_and_its_counts(void **state)
{
        (void)state;
        const struct addr first = address("192.0.2.50:0");
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), &first, 1, 60), 0);
        struct trunk trunk = trunk_of(1, NULL, 0, "peer.example");
        struct sip_trunk_state *t = put(trunk);
        sim_world_run_ms(world, 100);
        assert_true(sip_trunk_admit(t, io_now_ms(io)));
        trunk.channels_max = 1;
        assert_ptr_equal(put(trunk), t);
        assert_int_equal(t->peer.addr.family, 4);
        assert_false(sip_trunk_admit(t, io_now_ms(io)));
        strcpy(trunk.peer_host, "192.0.2.77");
        put(trunk);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.77:5060");
}

static void server(const char *name, unsigned priority, unsigned weight, uint16_t port,
                   struct dns_srv *out)
{
        *out = (struct dns_srv){(uint16_t)priority, (uint16_t)weight, port, ""};
        assert_int_equal(slice_to_text(slice_from(name), out->target, sizeof out->target), 0);
}

static void without_a_port_servers_are_asked_for(void **state)
{
        (void)state;
        struct dns_srv servers[2];
        const struct addr one = address("192.0.2.50:0"), two = address("192.0.2.51:0");
        const struct dns_naptr naptr = {10, 10, "s", "SIP+D2U", "_sip._udp.other.example"};
        server("one.example", 20, 0, 5070, &servers[0]);
        server("two.example", 10, 0, 5080, &servers[1]);
        assert_int_equal(dns_sim_set(io, SLICE("one.example"), &one, 1, 60), 0);
        assert_int_equal(dns_sim_set(io, SLICE("two.example"), &two, 1, 60), 0);
        assert_int_equal(dns_sim_set_srv(io, SLICE("_sip._udp.peer.example"), servers, 2, 60), 0);
        struct sip_trunk_state *t = put(trunk_of(1, NULL, 0, "peer.example"));
        sim_world_run_ms(world, 100);
        assert_int_equal(current(t), 2);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.51:5080");
        assert_true(know("192.0.2.50:5070"));
        assert_int_equal(match("192.0.2.50:5070"), 1);

        /* NAPTR is for those who leave the transport to DNS. */
        assert_int_equal(dns_sim_set_naptr(io, SLICE("peer.example"), &naptr, 1, 60), 0);
        assert_int_equal(dns_sim_set_srv(io, SLICE("_sip._udp.other.example"), servers, 1, 60), 0);
        struct trunk as_dns_says = trunk_of(1, NULL, 0, "peer.example");
        as_dns_says.transport = TRUNK_AUTO;
        put(as_dns_says);
        sim_world_run_ms(world, 100);
        assert_int_equal(current(t), 1);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.50:5070");
}

static void with_a_port_only_addresses_are(void **state)
{
        (void)state;
        struct dns_srv srv;
        const struct addr own = address("192.0.2.50:0"), two = address("192.0.2.51:0");
        server("two.example", 10, 0, 5080, &srv);
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), &own, 1, 60), 0);
        assert_int_equal(dns_sim_set(io, SLICE("two.example"), &two, 1, 60), 0);
        assert_int_equal(dns_sim_set_srv(io, SLICE("_sip._udp.peer.example"), &srv, 1, 60), 0);
        struct trunk trunk = trunk_of(1, NULL, 0, "peer.example");
        trunk.peer_port = 5060;
        struct sip_trunk_state *t = put(trunk);
        sim_world_run_ms(world, 100);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.50:5060");
        /* Taken away, it is looked for again. */
        trunk.peer_port = 0;
        put(trunk);
        sim_world_run_ms(world, 100);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.51:5080");
}

static void where_dialogs_may_live_is_known_after_dns_has_moved_on(void **state)
{
        (void)state;
        const struct addr first = address("192.0.2.50:0"), second = address("192.0.2.51:0");
        const struct sip_target there = sip_target_of(SIP_UDP, address("192.0.2.50:5060"));
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), &first, 1, 60), 0);
        struct sip_trunk_state *t = put(trunk_of(1, NULL, 0, "peer.example"));
        sim_world_run_ms(world, 100);
        sip_trunks_open_dialog(trunks, 1);
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), &second, 1, 60), 0);
        sim_world_run_ms(world, 61 * 1000);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.51:5060");
        assert_true(sip_trunks_may_continue(trunks, 1, &there));
        assert_int_equal(match("192.0.2.50:5060"), 0); /* but no new call comes from there */
        sip_trunks_close_dialog(trunks, 1);
        sim_world_run_ms(world, 61 * 1000);
        assert_false(sip_trunks_may_continue(trunks, 1, &there));
}

static void dns_that_fails_takes_nothing_away(void **state)
{
        (void)state;
        const struct addr first = address("192.0.2.50:0");
        assert_int_equal(dns_sim_set(io, SLICE("peer.example"), &first, 1, 60), 0);
        struct sip_trunk_state *t = put(trunk_of(1, NULL, 0, "peer.example"));
        sim_world_run_ms(world, 100);
        assert_int_equal(t->resolve_err, 0);
        assert_int_equal(dns_sim_set_error(io, SLICE("peer.example"), -ETIMEDOUT), 0);
        sim_world_run_ms(world, 3600 * 1000);
        assert_int_equal(t->resolve_err, -ETIMEDOUT);
        assert_string_equal(addr_format(&t->peer.addr).text, "192.0.2.50:5060");
        assert_int_equal(dns_sim_set_error(io, SLICE("peer.example"), 0), 0);
        sim_world_run_ms(world, 31 * 1000);
        assert_int_equal(t->resolve_err, 0);
}

static void channels_are_counted_and_given_back(void **state)
{
        (void)state;
        struct trunk trunk = trunk_of(1, NULL, 0, "192.0.2.1");
        trunk.channels_max = 2;
        struct sip_trunk_state *t = put(trunk);
        assert_true(sip_trunk_admit(t, 0));
        assert_true(sip_trunk_admit(t, 0));
        assert_false(sip_trunk_admit(t, 0));
        assert_int_equal(t->counters.refused_limit, 1);
        sip_trunk_release(t);
        assert_true(sip_trunk_admit(t, 0));
        assert_int_equal(t->counters.channels, 2);
}

static void calls_per_second_allow_a_burst_and_then_the_rate(void **state)
{
        (void)state;
        struct trunk trunk = trunk_of(1, NULL, 0, "192.0.2.1");
        trunk.calls_per_s = 5;
        struct sip_trunk_state *t = put(trunk);
        int64_t now_ms = io_now_ms(io);
        for (unsigned i = 0; i < 5; i++)
                assert_true(sip_trunk_admit(t, now_ms));
        assert_false(sip_trunk_admit(t, now_ms));
        assert_false(sip_trunk_admit(t, now_ms + 199));
        assert_true(sip_trunk_admit(t, now_ms + 200));
        assert_false(sip_trunk_admit(t, now_ms + 200));
        /* A long pause fills the bucket and no more. */
        now_ms += 3600 * 1000;
        for (unsigned i = 0; i < 5; i++)
                assert_true(sip_trunk_admit(t, now_ms));
        assert_false(sip_trunk_admit(t, now_ms));
}

static void a_removed_trunk_stays_for_its_dialogs(void **state)
{
        (void)state;
        const struct sip_target peer = sip_target_of(SIP_UDP, address("192.0.2.1:5060"));
        put(trunk_of(1, NULL, 0, "192.0.2.1"));
        sip_trunks_open_dialog(trunks, 1);
        sip_trunks_remove(trunks, 1);
        assert_null(sip_trunks_find(trunks, 1));
        assert_int_equal(match("192.0.2.1:5060"), 0);
        assert_true(know("192.0.2.1:5060"));
        assert_true(sip_trunks_may_continue(trunks, 1, &peer));
        sip_trunks_close_dialog(trunks, 1);
        assert_false(know("192.0.2.1:5060"));
        assert_false(sip_trunks_may_continue(trunks, 1, &peer));
        sip_trunks_remove(trunks, 1);
        sip_trunks_remove(trunks, 99);
}

static void a_removed_trunk_does_not_ask_for_names_any_more(void **state)
{
        (void)state;
        put(trunk_of(1, NULL, 0, "peer.example"));
        sip_trunks_remove(trunks, 1);
        put(trunk_of(2, NULL, 0, "other.example"));
        sim_world_run_ms(world, 100);
        sip_trunks_remove(trunks, 2);
        assert_false(sim_world_step(world));
}

static void there_is_room_for_so_many_and_no_more(void **state)
{
        (void)state;
        for (uint32_t id = 1; id <= TRUNKS_MAX; id++)
                put(trunk_of(id, NULL, 0, "192.0.2.1"));
        struct trunk one_more = trunk_of(TRUNKS_MAX + 1, NULL, 0, "192.0.2.1");
        assert_int_equal(sip_trunks_put(trunks, &one_more), ERR_FULL);
        sip_trunks_remove(trunks, 7);
        assert_int_equal(sip_trunks_put(trunks, &one_more), 0);
        put(trunk_of(8, "198.51.100.1", 0, "192.0.2.1"));
        assert_int_equal(match("198.51.100.1:5060"), 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_source_finds_its_trunk),
                TEST(a_peer_is_a_source_by_its_exact_address),
                TEST(a_name_is_resolved_and_resolved_again),
                TEST(of_both_families_those_that_the_trunk_speaks_are_taken),
                TEST(a_target_that_we_cannot_send_to_is_taken_when_there_is_no_other),
                TEST(a_trunk_that_is_put_again_keeps_its_peer_and_its_counts),
                TEST(without_a_port_servers_are_asked_for),
                TEST(with_a_port_only_addresses_are),
                TEST(where_dialogs_may_live_is_known_after_dns_has_moved_on),
                TEST(dns_that_fails_takes_nothing_away),
                TEST(channels_are_counted_and_given_back),
                TEST(calls_per_second_allow_a_burst_and_then_the_rate),
                TEST(a_removed_trunk_stays_for_its_dialogs),
                TEST(a_removed_trunk_does_not_ask_for_names_any_more),
                TEST(there_is_room_for_so_many_and_no_more),
        };
        return RUN_TESTS(tests);
}
