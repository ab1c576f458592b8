/* SPDX-License-Identifier: Apache-2.0 */
/* What a leg that went on to another target leaves to the next process, and what it says of itself. */
#include <errno.h>

#include "io/dns.h"
#include "scene.h"
#include "sip/sip_core.h"

/* The scene's peer first, then an address where nobody is. */
static void name_two_servers(struct scene *s)
{
        const struct addr there = {.family = 4, .ip = {192, 0, 2, 10}};
        const struct dns_srv servers[] = {{10, 0, 5060, "a.example"}, {20, 0, 5062, "a.example"}};
        assert_int_equal(dns_sim_set(s->io, SLICE("a.example"), &there, 1, 3600), 0);
        assert_int_equal(dns_sim_set_srv(s->io, SLICE("_sip._udp.peer.example"), servers, 2, 3600),
                         0);
        strcpy(s->trunk.peer_host, "peer.example");
        s->trunk.peer_port = 0;
        s->trunk.failover_ms = 1000;
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        scene_run(s, 10);
}

static void a_leg_that_went_on_is_saved_where_it_is(void **state)
{
        struct scene *s = *state;
        static struct sip_leg_state saved;
        name_two_servers(s);
        struct sip_leg leg = dialled_call(s);
        assert_int_equal(sip_leg_save(s->ua, leg, &saved), 0);
        assert_int_equal(saved.attempts.count, 1);
        assert_int_equal(saved.peer.addr.port, 5060);
        scene_run(s, 1100);
        forget_messages(s);
        assert_int_equal(sip_leg_save(s->ua, leg, &saved), 0);
        assert_int_equal(saved.kind, SIP_SAVED_CALLING);
        assert_int_equal(saved.peer.addr.port, 5062);
        assert_int_equal(saved.invite_cseq, 2);
        assert_false(saved.has_rung);
        assert_int_equal(saved.attempts.count, 2);
        assert_int_equal(saved.attempts.list[0].how, SIP_ATTEMPT_SILENT);
        assert_int_equal(saved.attempts.list[1].how, SIP_ATTEMPT_GOES_ON);
        assert_int_equal(sip_ua_counters(s->ua)->failovers, 1);
        /* The last one has the usual time. */
        scene_run(s, 30000);
        expect_no_event(s);
        scene_run(s, 3000);
        struct event event = take_event(s, EVENT_ENDED);
        assert_int_equal(event.how, SIP_END_TIMEOUT);
}

static void when_none_is_up_nothing_is_dialled(void **state)
{
        struct scene *s = *state;
        struct sip_leg leg;
        name_two_servers(s);
        struct sip_trunk_state *trunk = sip_trunks_find(s->trunks, TRUNK_ID);
        for (unsigned i = 0; i < 2; i++) {
                trunk->peers.list[i].breaker.is_open = true;
                trunk->peers.list[i].breaker.probe_ms = io_now_ms(s->io) + 5000;
        }
        assert_int_equal(dial(s, &leg), -EHOSTUNREACH);
        expect_silence(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_leg_that_went_on_is_saved_where_it_is),
                TEST(when_none_is_up_nothing_is_dialled),
        };
        return RUN_TESTS(tests);
}
