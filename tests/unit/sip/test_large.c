/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are too large for a datagram (RFC 3261 18.1.1).
 */
#include "scene.h"

#include <stdio.h>

#include "io/stream.h"
#include "sip/sip_core.h"

static char got[8192]; /* over TCP */
static size_t got_bytes;
static struct stream *accepted;

static void on_data(void *arg, struct slice data)
{
        (void)arg;
        assert_true(data.len < sizeof got - got_bytes);
        memcpy(got + got_bytes, data.p, data.len);
        got_bytes += data.len;
        got[got_bytes] = 0;
}

static void on_close(void *arg, int err)
{
        (void)arg;
        (void)err;
        accepted = NULL;
}

static void on_accept(void *arg, struct stream *stream)
{
        static const struct stream_handlers handlers = {.on_data = on_data, .on_close = on_close};
        (void)arg;
        accepted = stream;
        stream_set_handlers(stream, &handlers, NULL);
}

static struct stream_listener *listen_for_tcp(struct scene *s)
{
        static const struct stream_options options = {.out_bytes_max = 65536};
        const struct addr at = *io_udp_local(s->peer);
        struct stream_listener *listener;
        got_bytes = 0;
        got[0] = 0;
        assert_int_equal(stream_listen(s->peer_io, &at, &options, 4, on_accept, NULL, &listener),
                         0);
        return listener;
}

/* Of exactly so many bytes. */
static void send_as(struct scene *s, enum sip_method method, int64_t patience_ms, size_t bytes)
{
        const struct sip_client_params params = {
                .method = method,
                .patience_ms = patience_ms,
                .trunk_id = TRUNK_ID,
                .local = {SIP_UDP, *sip_ua_local(s->ua)},
        };
        const struct sip_target to = sip_target_of(SIP_UDP, *io_udp_local(s->peer));
        struct sip_transaction *tx = sip_client_open(s->ua->txs, &params);
        const struct slice name = sip_method_name(method);
        char text[4096], filler[4096];
        assert_non_null(tx);
        int len = snprintf(text, sizeof text,
                           "%.*s sip:192.0.2.10 SIP/2.0\r\n"
                           "Via: SIP/2.0/UDP 198.51.100.1:5060;branch=%s;rport\r\n"
                           "From: <sip:a@198.51.100.1>;tag=1\r\nTo: <sip:192.0.2.10>\r\n"
                           "Call-ID: large\r\nCSeq: 1 %.*s\r\nContent-Length: 0\r\nSubject: ",
                           SLICE_ARG(name), sip_client_branch(tx).text, SLICE_ARG(name));
        size_t fill = bytes - (size_t)len - 4;
        memset(filler, 'x', fill);
        snprintf(text + len, sizeof text - (size_t)len, "%.*s\r\n\r\n", (int)fill, filler);
        assert_int_equal(sip_client_start(tx, (struct slice){text, bytes}, &to), 0);
}

static void send_request(struct scene *s, size_t bytes)
{
        send_as(s, SIP_OPTIONS, 0, bytes);
}

static void past_1300_bytes_it_goes_by_tcp(void **state)
{
        struct scene *s = *state;
        struct stream_listener *listener = listen_for_tcp(s);
        send_request(s, 1301);
        scene_run(s, 100);
        expect_silence(s);
        assert_int_equal(got_bytes, 1301);
        assert_non_null(strstr(got, "\r\nVia: SIP/2.0/TCP 198.51.100.1:5060;branch=z9hG4bK"));
        /* Not sent again. */
        scene_run(s, 10000);
        assert_int_equal(got_bytes, 1301);
        stream_abort(accepted);
        stream_listener_close(listener);
}

/* The answer to what came over TCP. */
static void answer(struct scene *s, unsigned status)
{
        char text[8192];
        assert_non_null(accepted);
        peer_compose_reply(text, got, status, "callee", "", NULL);
        assert_int_equal(stream_send(accepted, slice_from(text)), 0);
        scene_run(s, 100);
}

static void an_answer_over_tcp_is_one_of_the_target_that_it_was_meant_for(void **state)
{
        struct scene *s = *state;
        struct stream_listener *listener = listen_for_tcp(s);
        struct sip_peer *peer = sip_trunks_find(s->trunks, TRUNK_ID)->peers.list;
        peer->breaker.failures = SIP_BREAKER_FAILURES - 1;
        send_as(s, SIP_INVITE, 0, 1301);
        scene_run(s, 100);
        answer(s, 486);
        assert_int_equal(peer->health, SIP_HEALTH_UP);
        assert_int_equal(peer->status, 486);
        assert_int_equal(peer->breaker.failures, 0);
        stream_abort(accepted);
        stream_listener_close(listener);
}

static void a_refusal_over_tcp_opens_the_breaker_of_the_target_that_it_was_meant_for(void **state)
{
        struct scene *s = *state;
        struct stream_listener *listener = listen_for_tcp(s);
        struct sip_peer *peer = sip_trunks_find(s->trunks, TRUNK_ID)->peers.list;
        peer->breaker.failures = SIP_BREAKER_FAILURES - 1;
        send_as(s, SIP_INVITE, 0, 1301);
        scene_run(s, 100);
        answer(s, 503);
        assert_true(peer->breaker.is_open);
        assert_int_equal(peer->health, SIP_HEALTH_DOWN);
        stream_abort(accepted);
        stream_listener_close(listener);
}

static void up_to_1300_bytes_it_is_a_datagram(void **state)
{
        struct scene *s = *state;
        struct stream_listener *listener = listen_for_tcp(s);
        send_request(s, 1300);
        scene_run(s, 100);
        take_request(s, SIP_OPTIONS);
        assert_int_equal(got_bytes, 0);
        stream_listener_close(listener);
        s->is_deaf = true;
}

static void a_peer_without_tcp_gets_a_datagram_after_all(void **state)
{
        struct scene *s = *state;
        send_request(s, 2000);
        scene_run(s, 100);
        assert_int_equal(take_request(s, SIP_OPTIONS)->vias[0].transport, SIP_UDP);
        assert_int_equal(sip_ua_counters(s->ua)->streams.failed, 1);
        scene_run(s, 450);
        take_request(s, SIP_OPTIONS); /* and again, as datagrams are */

        /* For a while nobody asks it for TCP. */
        s->is_deaf = true;
        send_request(s, 2000);
        scene_run(s, 100);
        assert_int_equal(sip_ua_counters(s->ua)->streams.failed, 1);
}

static void
a_firewall_that_swallows_tcp_is_known_to_the_next_call_although_the_first_gave_up(void **state)
{
        struct scene *s = *state;
        const struct addr *peer = io_udp_local(s->peer);
        sim_world_cut(s->world, peer, NULL);
        send_as(s, SIP_INVITE, 1000, 2000);
        scene_run(s, 5000);
        sim_world_mend(s->world, peer, NULL);
        scene_run(s, 1000);
        expect_silence(s); /* the call has gone elsewhere */

        s->is_deaf = false;
        send_request(s, 2000);
        scene_run(s, 100);
        assert_int_equal(take_request(s, SIP_OPTIONS)->vias[0].transport, SIP_UDP);
        assert_int_equal(sip_ua_counters(s->ua)->streams.failed, 1);
        s->is_deaf = true;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(past_1300_bytes_it_goes_by_tcp),
                TEST(an_answer_over_tcp_is_one_of_the_target_that_it_was_meant_for),
                TEST(a_refusal_over_tcp_opens_the_breaker_of_the_target_that_it_was_meant_for),
                TEST(up_to_1300_bytes_it_is_a_datagram),
                TEST(a_peer_without_tcp_gets_a_datagram_after_all),
                TEST(a_firewall_that_swallows_tcp_is_known_to_the_next_call_although_the_first_gave_up),
        };
        return RUN_TESTS(tests);
}
