/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same floor on real sockets: one packet through, on loopback.
 */
#include "../unit.h"
#include "base/buf.h"
#include "io/io_epoll.h"
#include "media/media.h"
#include "wire/rtp.h"

#define PATIENCE_MS 10000 /* only a failure waits so long */

struct end {
        struct io *io;
        struct io_udp *udp;
        struct media_leg leg;
        char payload[32];
};

static void on_packet(void *arg, const struct addr *from, struct slice data)
{
        struct end *end = arg;
        struct rtp rtp;
        (void)from;
        assert_int_equal(rtp_parse(data, &rtp), 0);
        assert_int_equal(slice_to_text(rtp.payload, end->payload, sizeof end->payload), 0);
        io_stop(end->io);
}

static void give_up(void *arg)
{
        io_stop(arg);
}

static void open_end(struct media *media, struct io *io, struct end *end)
{
        struct addr local = {.family = 4, .ip = {127, 0, 0, 1}};
        *end = (struct end){.io = io};
        assert_int_equal(io_udp_open(io, &local, on_packet, end, &end->udp), 0);
        assert_int_equal(media_leg_open(media, (struct handle){1, 1}, &end->leg), 0);
        struct media_stream stream = {
                .remote = {.rtp = *io_udp_local(end->udp), .dtmf_pt = SDP_NO_PT},
        };
        sdp_audio_add_codec(&stream.remote, SDP_PCMA, 8);
        media_leg_set(media, end->leg, &stream);
}

static void send_twice(struct media *media, struct end *end)
{
        struct addr to = media_leg_local(media, end->leg).ip4;
        for (uint16_t sequence = 1; sequence <= 2; sequence++) {
                char packet[64];
                struct buf b;
                struct rtp rtp = {.payload_type = 8, .sequence = sequence, .ssrc = 1};
                buf_init(&b, packet, sizeof packet);
                rtp_write(&b, &rtp);
                buf_put_text(&b, "word");
                buf_put_u64(&b, sequence);
                io_udp_send(end->udp, &to, buf_slice(&b));
        }
}

static void a_packet_passes_over_real_sockets(void **state)
{
        (void)state;
        struct io *io;
        struct media *media;
        struct end a, b;
        struct io_timer timer = {0};
        assert_int_equal(io_create_epoll(&io), 0);
        struct media_params params = {
                .io = io,
                .local_ips.ip4 = {.family = 4, .ip = {127, 0, 0, 1}},
                .port_min = 20000,
                .port_max = 59999,
                .legs_max = 2,
        };
        assert_int_equal(media_create(&params, &media), 0);
        open_end(media, io, &a);
        open_end(media, io, &b);
        media_join(media, a.leg, b.leg);
        send_twice(media, &a);
        io_timer_start(io, &timer, PATIENCE_MS, give_up, io);
        io_run(io);
        assert_string_equal(b.payload, "word2");
        media_destroy(media);
        io_udp_close(a.udp);
        io_udp_close(b.udp);
        io_destroy(io);
}

static void nothing_that_waited_in_a_port_reaches_the_leg_that_has_it_next(void **state)
{
        (void)state;
        struct io *io;
        struct media *media;
        struct end before, after;
        struct media_stats stats;
        struct io_timer timer = {0};
        assert_int_equal(io_create_epoll(&io), 0);
        const struct media_params params = {
                .io = io,
                .local_ips.ip4 = {.family = 4, .ip = {127, 0, 0, 1}},
                .port_min = 20000,
                .port_max = 59999,
                .legs_max = 1,
        };
        assert_int_equal(media_create(&params, &media), 0);
        open_end(media, io, &before);
        struct addr port = media_leg_local(media, before.leg).ip4;
        send_twice(media, &before);
        media_leg_close(media, before.leg);
        io_udp_close(before.udp);

        open_end(media, io, &after);
        assert_int_equal(media_leg_local(media, after.leg).ip4.port, port.port);
        io_timer_start(io, &timer, 50, give_up, io);
        io_run(io);
        assert_true(media_leg_stats(media, after.leg, &stats));
        assert_int_equal(stats.packets_in + stats.dropped_source, 0);
        media_destroy(media);
        io_udp_close(after.udp);
        io_destroy(io);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_packet_passes_over_real_sockets),
                cmocka_unit_test(nothing_that_waited_in_a_port_reaches_the_leg_that_has_it_next),
        };
        return RUN_TESTS(tests);
}
