/* SPDX-License-Identifier: Apache-2.0 */
/* What a leg that went on to another target leaves to the next process, and what it says of itself. */
#include <errno.h>

#include "io/dns.h"
#include "io/stream.h"
#include "scene.h"
#include "sip/sip_core.h"

static void name_two_servers_of(struct scene *s, struct slice service)
{
        const struct addr there = {.family = 4, .ip = {192, 0, 2, 10}};
        const struct dns_srv servers[] = {{10, 0, 5060, "a.example"}, {20, 0, 5062, "a.example"}};
        assert_int_equal(dns_sim_set(s->io, SLICE("a.example"), &there, 1, 3600), 0);
        assert_int_equal(dns_sim_set_srv(s->io, service, servers, 2, 3600), 0);
        strcpy(s->trunk.peer_host, "peer.example");
        s->trunk.peer_port = 0;
        s->trunk.failover_ms = 1000;
        assert_int_equal(sip_trunks_put(s->trunks, &s->trunk), 0);
        scene_run(s, 10);
}

/* The scene's peer first, then an address where nobody is. */
static void name_two_servers(struct scene *s)
{
        name_two_servers_of(s, SLICE("_sip._udp.peer.example"));
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

/* Both ports, over TCP: what comes is only counted. */
static size_t bytes_at[2];

static void on_data(void *arg, struct slice data)
{
        *(size_t *)arg += data.len;
}

static void on_close(void *arg, int err)
{
        (void)arg;
        (void)err;
}

static void on_accept(void *arg, struct stream *stream)
{
        static const struct stream_handlers handlers = {.on_data = on_data, .on_close = on_close};
        stream_set_handlers(stream, &handlers, arg);
}

static void listen_for_tcp(struct scene *s, struct stream_listener *out[2])
{
        static const struct stream_options options = {.out_bytes_max = 65536};
        for (unsigned i = 0; i < 2; i++) {
                struct addr at = *io_udp_local(s->peer);
                at.port = i ? 5062 : 5060;
                bytes_at[i] = 0;
                assert_int_equal(stream_listen(s->peer_io, &at, &options, 4, on_accept,
                                               &bytes_at[i], &out[i]),
                                 0);
        }
}

/* Until nothing more is taken. */
static void fill_connection(struct scene *s)
{
        static char filler[16384];
        struct sip_target to = sip_target_of(SIP_TCP, *io_udp_local(s->peer));
        memset(filler, '\n', sizeof filler);
        int err = 0;
        for (unsigned i = 0; i < 1000 && !err; i++)
                err = sip_transports_send(s->ua->transports, TRUNK_ID, &to,
                                          (struct slice){filler, sizeof filler});
        assert_int_not_equal(err, 0);
}

static void a_server_that_does_not_read_is_left_for_the_next_one(void **state)
{
        struct scene *s = *state;
        struct stream_listener *listeners[2];
        struct sip_leg leg;
        s->trunk.transport = TRUNK_TCP;
        listen_for_tcp(s, listeners);
        name_two_servers_of(s, SLICE("_sip._tcp.peer.example"));
        fill_connection(s);
        assert_int_equal(dial(s, &leg), 0);
        const struct sip_attempts *attempts = sip_leg_attempts(s->ua, leg);
        assert_int_equal(attempts->count, 2);
        assert_int_equal(attempts->list[0].how, SIP_ATTEMPT_UNSENT);
        assert_int_equal(attempts->list[1].target.addr.port, 5062);
        assert_int_equal(sip_trunks_find(s->trunks, TRUNK_ID)->peers.list[0].breaker.failures, 1);
        scene_run(s, 100);
        assert_true(bytes_at[1] > 0);
        sip_leg_hangup(s->ua, leg);
        scene_run(s, 33000);
        expect_ended(s, leg, SIP_END_LOCAL, 0);
        stream_listener_close(listeners[0]);
        stream_listener_close(listeners[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_leg_that_went_on_is_saved_where_it_is),
                TEST(when_none_is_up_nothing_is_dialled),
                TEST(a_server_that_does_not_read_is_left_for_the_next_one),
        };
        return RUN_TESTS(tests);
}
