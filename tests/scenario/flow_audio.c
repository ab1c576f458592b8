/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_audio.c - what peers say and hear: once a peer knows where, it sends its voice every 20 ms.
 */
#include "../unit/unit.h"
#include "flow_run.h"
#include "wire/rtp.h"

#define FIRST_PORT 30000
#define SAMPLES_MS 8
#define FRAMES_MAX 4   /* of 20 ms in a packet */
#define DTMF_PT    101 /* in every description of a peer's */

static void hear_event(struct flow_call *call, const struct rtp *rtp)
{
        struct rtp_event event;
        size_t count = strlen(call->digits);
        if (rtp_event_parse(rtp->payload, &event) || !event.end ||
            rtp->timestamp == call->event_timestamp)
                return;
        call->event_timestamp = rtp->timestamp;
        assert_true(count + 1 < sizeof call->digits);
        call->digits[count] = rtp_event_digit(event.event);
}

static void on_rtp(void *arg, const struct addr *from, struct slice data)
{
        struct flow_call *call = arg;
        struct rtp rtp;
        enum sound sound;
        (void)from;
        if (rtp_parse(data, &rtp))
                return;
        if (rtp.payload_type == DTMF_PT)
                hear_event(call, &rtp);
        else if (sound_recognise(rtp.payload, rtp.payload_type == 8 ? SDP_PCMA : SDP_PCMU, &sound))
                call->heard[sound] +=
                        (unsigned)(rtp.payload.len + SOUND_PAYLOAD_BYTES / 2) / SOUND_PAYLOAD_BYTES;
}

void flow_audio_open(struct flow_call *call)
{
        if (call->rtp)
                return;
        struct flow_run *run = call->peer->run;
        struct addr local = call->rtp_ip.family ? call->rtp_ip : call->peer->addr;
        local.port = (uint16_t)(FIRST_PORT + 2 * run->rtp_ports++);
        assert_int_equal(io_udp_open(run->io, &local, on_rtp, call, &call->rtp), 0);
}

void flow_audio_move(struct flow_call *call, uint8_t family)
{
        flow_audio_open(call);
        if (family == 0 || family == io_udp_local(call->rtp)->family)
                return;
        const struct addr north[2] = {platform_addr(NORTH_IP), platform_addr(NORTH_IP6)};
        const struct addr south[2] = {platform_addr(SOUTH_IP), platform_addr(SOUTH_IP6)};
        const struct addr *at = io_udp_local(call->rtp);
        bool is_north = addr_equal_ip(at, &north[0]) || addr_equal_ip(at, &north[1]);
        call->rtp_ip = is_north ? north[family == 6] : south[family == 6];
        io_udp_close(call->rtp);
        call->rtp = NULL;
        flow_audio_open(call);
}

void flow_audio_close(struct flow_call *call)
{
        io_timer_stop(call->peer->run->io, &call->pace);
        io_udp_close(call->rtp);
        call->rtp = NULL;
        call->may_talk = false;
}

static void send_packet(struct flow_call *call, uint8_t pt, uint32_t timestamp,
                        struct slice payload)
{
        char packet[RTP_PACKET_MAX];
        struct buf b;
        const struct rtp rtp = {
                .payload_type = pt,
                .sequence = call->sequence++,
                .timestamp = timestamp,
                .ssrc = 0x1000 + io_udp_local(call->rtp)->port,
        };
        buf_init(&b, packet, sizeof packet);
        rtp_write(&b, &rtp);
        buf_put_slice(&b, payload);
        if (call->remote.family == io_udp_local(call->rtp)->family)
                io_udp_send(call->rtp, &call->remote, buf_slice(&b));
}

/* The other side's first one that we have, too. */
static enum sdp_codec codec_to_send(const struct flow_call *call)
{
        for (unsigned i = 0; i < call->theirs.codec_count; i++) {
                enum sdp_codec codec = (enum sdp_codec)call->theirs.codecs[i];
                if (call->ours.codec_count == 0 || sdp_audio_has_codec(&call->ours, codec))
                        return codec;
        }
        return (enum sdp_codec)call->theirs.codecs[0];
}

static void on_pace(void *arg)
{
        struct flow_call *call = arg;
        uint8_t payload[FRAMES_MAX * SOUND_PAYLOAD_BYTES];
        size_t bytes = (size_t)call->frame_ms * SAMPLES_MS;
        assert_true(bytes > 0 && bytes <= sizeof payload);
        io_timer_start(call->peer->run->io, &call->pace, call->frame_ms, on_pace, call);
        call->timestamp += (uint32_t)bytes;
        if (call->is_quiet || call->peer->has_vanished || !sdp_direction_sends(call->direction))
                return;
        enum sdp_codec codec = codec_to_send(call);
        for (size_t i = 0; i < FRAMES_MAX; i++)
                sound_encode(call->peer->voice, codec, payload + i * SOUND_PAYLOAD_BYTES);
        send_packet(call, call->theirs.codec_pt[codec], call->timestamp,
                    (struct slice){(const char *)payload, bytes});
}

void flow_audio_learn(struct flow_call *call, const struct sdp *theirs)
{
        if (!theirs->has_audio || theirs->audio.codec_count == 0 || call->peer->run->is_mute)
                return;
        flow_audio_open(call);
        call->remote = theirs->audio.rtp;
        call->theirs = theirs->audio;
        if (!call->may_talk)
                io_timer_start(call->peer->run->io, &call->pace, 0, on_pace, call);
        call->may_talk = true;
}

void flow_audio_intrude(struct flow_call *call, const struct flow_call *victim)
{
        assert_true(victim->may_talk);
        flow_audio_open(call);
        call->remote = victim->remote;
        call->theirs = victim->theirs;
        call->may_talk = true;
        io_timer_start(call->peer->run->io, &call->pace, 0, on_pace, call);
}

/* One press of 100 ms; its end three times (RFC 4733 2.5.1.4). */
void flow_audio_press(struct flow_call *call, char digit)
{
        int code = rtp_event_from_digit(digit);
        assert_true(code >= 0 && call->may_talk);
        for (unsigned i = 1; i <= 5 + 2; i++) {
                char payload[8];
                struct buf b;
                const struct rtp_event event = {
                        .event = (uint8_t)code,
                        .end = i >= 5,
                        .volume = 10,
                        .duration = (uint16_t)((i < 5 ? i : 5) * SOUND_PAYLOAD_BYTES),
                };
                buf_init(&b, payload, sizeof payload);
                rtp_event_write(&b, &event);
                send_packet(call, call->theirs.dtmf_pt, call->timestamp, buf_slice(&b));
        }
}
