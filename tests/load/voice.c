/* SPDX-License-Identifier: Apache-2.0 */
#include "voice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/rtp.h"

#define PACKET_MS     20
#define SAMPLES       160
#define PRESS_PACKETS 5
#define END_PACKETS   3
#define SILENCE       '\xd5'

/* At the beginning of each of our payloads. */
struct mark {
        char magic[4];
        uint32_t run, call, generation, side;
};

static const char magic[4] = {'L', 'O', 'A', 'D'};

struct voice_side {
        struct load *load;
        enum side side;
        struct io_udp *udp;         /* owned */
        struct leg *by_port[65536]; /* who hears what comes from this port of the system's */
};

struct voice {
        struct voice_side sides[2];
};

static struct voice_side *side_of(const struct leg *leg)
{
        return &leg->load->voice->sides[leg->side];
}

/* ---- what comes ---- */

static void hear_mark(struct leg *leg, const struct mark *mark)
{
        struct load *load = leg->load;
        struct call *call = leg->call;
        load->tally.talk_heard++;
        if (!call)
                return;
        if (mark->run != load->run || mark->call != call->index ||
            mark->generation != call->generation || mark->side == leg->side) {
                load->tally.crossed++;
                return;
        }
        if (leg->side == CALLER_SIDE)
                call->near_heard = true;
        else
                call->far_heard = true;
}

/* Its packets share a timestamp. */
static void hear_key(struct leg *leg, const struct rtp *rtp)
{
        struct rtp_event event;
        if (!leg->call || rtp_event_parse(rtp->payload, &event) ||
            (leg->key_at == rtp->timestamp && leg->key_packets_left))
                return;
        leg->key_at = rtp->timestamp;
        leg->key_packets_left = 1;
        if (event.event == CALL_KEY)
                leg->call->keys_heard++;
        else
                leg->load->tally.crossed++;
}

static void on_packet(void *arg, const struct addr *from, struct slice data)
{
        struct voice_side *side = arg;
        struct leg *leg = side->by_port[from->port];
        struct rtp rtp;
        struct mark mark;
        if (!leg || rtp_parse(data, &rtp))
                return;
        struct call *call = leg->call;
        const struct leg *other = !call ? NULL : leg == &call->near ? call->far : &call->near;
        if (other && rtp.ssrc == other->ssrc)
                side->load->tally.crossed++;
        if (rtp.payload_type == leg->remote.dtmf_pt) {
                if (leg->side == CALLEE_SIDE)
                        hear_key(leg, &rtp);
                return;
        }
        if (rtp.payload.len < sizeof mark || memcmp(rtp.payload.p, magic, sizeof magic)) {
                side->load->tally.tones++;
                return;
        }
        memcpy(&mark, rtp.payload.p, sizeof mark);
        hear_mark(leg, &mark);
}

/* ---- what goes ---- */

static void put_voice(struct leg *leg, struct buf *b)
{
        const struct call *call = leg->call;
        struct mark mark = {
                .run = leg->load->run,
                .call = call->index,
                .generation = call->generation,
                .side = leg->side,
        };
        char payload[SAMPLES];
        memcpy(mark.magic, magic, sizeof magic);
        memset(payload, SILENCE, sizeof payload);
        memcpy(payload, &mark, sizeof mark);
        const struct rtp rtp = {
                .payload_type = leg->remote.codec_pt[SDP_PCMA],
                .sequence = leg->sequence,
                .timestamp = leg->timestamp,
                .ssrc = leg->ssrc,
        };
        rtp_write(b, &rtp);
        buf_put(b, payload, sizeof payload);
}

static void put_press(struct leg *leg, struct buf *b)
{
        int sent = PRESS_PACKETS + END_PACKETS - leg->key_packets_left;
        bool is_end = leg->key_packets_left <= END_PACKETS;
        const struct rtp rtp = {
                .marker = sent == 0,
                .payload_type = leg->remote.dtmf_pt,
                .sequence = leg->sequence,
                .timestamp = leg->key_at,
                .ssrc = leg->ssrc,
        };
        const struct rtp_event event = {
                .event = CALL_KEY,
                .end = is_end,
                .volume = 10,
                .duration = (uint16_t)(SAMPLES * (is_end ? PRESS_PACKETS : sent + 1)),
        };
        rtp_write(b, &rtp);
        rtp_event_write(b, &event);
        leg->key_packets_left--;
}

static void on_pace(void *arg)
{
        struct leg *leg = arg;
        char memory[RTP_PACKET_MAX];
        struct buf b;
        struct addr to = leg->remote.rtp;
        buf_init(&b, memory, sizeof memory);
        if (leg->side == CALLER_SIDE && leg->key_packets_left)
                put_press(leg, &b);
        else
                put_voice(leg, &b);
        leg->sequence++;
        leg->timestamp += SAMPLES;
        leg->load->tally.talk_sent++;
        io_udp_send(side_of(leg)->udp, &to, buf_slice(&b));
        io_timer_start(leg->load->io, &leg->voice_timer, PACKET_MS, on_pace, leg);
}

void voice_press(struct leg *leg)
{
        leg->key_at = leg->timestamp;
        leg->key_packets_left = PRESS_PACKETS + END_PACKETS;
}

/* ---- who ---- */

void voice_choose(struct leg *near)
{
        struct load *load = near->load;
        near->talks = !load->parties.is_shared &&
                      (near->call->kind == KIND_KEYS ||
                       random_below(io_random(load->io), 100) < load->options.talk_percent);
}

struct addr voice_address(const struct load *load, enum side side)
{
        return *io_udp_local(load->voice->sides[side].udp);
}

void voice_expect(struct leg *leg)
{
        voice_forget(leg);
        leg->rtp_port = leg->remote.rtp.port;
        side_of(leg)->by_port[leg->rtp_port] = leg;
}

void voice_start(struct leg *leg)
{
        if (leg->talks && leg->has_remote && sdp_audio_has_codec(&leg->remote, SDP_PCMA))
                on_pace(leg);
}

void voice_stop(struct leg *leg)
{
        io_timer_stop(leg->load->io, &leg->voice_timer);
}

void voice_forget(struct leg *leg)
{
        struct voice_side *side = side_of(leg);
        voice_stop(leg);
        if (side->by_port[leg->rtp_port] == leg)
                side->by_port[leg->rtp_port] = NULL;
}

int voice_open(struct load *load)
{
        load->voice = calloc(1, sizeof *load->voice);
        if (!load->voice)
                return -ENOMEM;
        int err = 0;
        for (int i = 0; !err && i < 2; i++) {
                struct voice_side *side = &load->voice->sides[i];
                struct addr local = *link_local(load->links[i]);
                local.port = 0;
                side->load = load;
                side->side = (enum side)i;
                err = io_udp_open(load->io, &local, on_packet, side, &side->udp);
        }
        return err;
}

void voice_close(struct load *load)
{
        for (int i = 0; load->voice && i < 2; i++)
                io_udp_close(load->voice->sides[i].udp);
        free(load->voice);
}
