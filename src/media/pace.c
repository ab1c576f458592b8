/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io.h"
#include "media/leg.h"

/* After a longer hold-up of the loop frames are left out rather than sent in one burst. */
#define CATCH_UP_FRAMES 5

bool pace_is_busy(const struct leg *leg)
{
        return leg->player.is_on || !event_sender_is_idle(&leg->keys_out);
}

static void send_key_packet(struct leg *leg)
{
        int64_t now_ms = io_now_ms(leg->media->io);
        struct event_packet packet;
        event_sender_step(&leg->keys_out, sender_next_timestamp(&leg->sender, now_ms), &packet);
        if (!leg_may_send(leg) || leg->remote.dtmf_pt == SDP_NO_PT)
                return;

        struct rtp header;
        sender_event(&leg->sender, now_ms, packet.timestamp, packet.is_first, &header);
        header.payload_type = leg->remote.dtmf_pt;

        char payload[4];
        struct buf b;
        buf_init(&b, payload, sizeof payload);
        rtp_event_write(&b, &packet.event);
        leg_send(leg, &header, buf_slice(&b));
}

static void send_frame(struct leg *leg, const int16_t *samples)
{
        enum sdp_codec codec = leg->remote.codecs[0];
        uint8_t payload[FRAME_SAMPLES];
        codec_encode(codec, samples, FRAME_SAMPLES, payload);

        struct rtp header;
        sender_frame(&leg->sender, io_now_ms(leg->media->io), FRAME_SAMPLES, &header);
        header.payload_type = leg->remote.codec_pt[codec];
        leg_send(leg, &header, (struct slice){(const char *)payload, sizeof payload});
}

/*
 * One step of 20 ms. A sound goes on in silence while the peer cannot be sent to or a key press has
 * the line, so that it ends when it should. False when the sound has just come to its end.
 */
static bool step(struct leg *leg)
{
        bool has_key = !event_sender_is_idle(&leg->keys_out);
        if (has_key)
                send_key_packet(leg);
        if (!leg->player.is_on)
                return true;

        int16_t samples[FRAME_SAMPLES];
        if (!player_frame(&leg->player, samples))
                return false;
        if (!has_key && leg_may_send(leg))
                send_frame(leg, samples);
        return true;
}

static void on_tick(void *arg)
{
        struct leg *leg = arg;
        struct io *io = leg->media->io;
        int64_t now_ms = io_now_ms(io);
        bool has_played = false;
        for (int i = 0; i < CATCH_UP_FRAMES && leg->pace_ms <= now_ms && pace_is_busy(leg); i++) {
                has_played |= !step(leg);
                leg->pace_ms += FRAME_MS;
        }
        if (leg->pace_ms <= now_ms)
                leg->pace_ms = now_ms + FRAME_MS;
        if (pace_is_busy(leg))
                io_timer_start(io, &leg->pace_timer, leg->pace_ms - now_ms, on_tick, leg);
        if (has_played)
                leg_notify(leg, MEDIA_PLAYED, '\0');
}

void pace_start(struct leg *leg)
{
        struct io *io = leg->media->io;
        if (leg->pace_timer.armed)
                return;
        leg->pace_ms = io_now_ms(io);
        io_timer_start(io, &leg->pace_timer, 0, on_tick, leg);
}

bool pace_press(struct leg *leg, const struct press *press)
{
        if (!leg_may_send(leg) || leg->remote.dtmf_pt == SDP_NO_PT ||
            !event_sender_press(&leg->keys_out, press))
                return false;
        pace_start(leg);
        return true;
}
