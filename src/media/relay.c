/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "io/io.h"
#include "media/leg.h"
#include "wire/rtcp.h"

#define RATE_PER_S  200
#define RATE_BURST  100
#define RATE_PACKET 1000 /* of credit */
#define PT_NO_CODEC SDP_CODECS
#define ENDED_MAX   3

/* Key presses that a packet has ended: told when everything else is done. */
struct ended {
        char digits[ENDED_MAX];
        unsigned count;
};

/* ---- what may come in ---- */

static bool within_rate(struct rate *rate, int64_t now_ms)
{
        int64_t credit_max = RATE_BURST * RATE_PACKET;
        rate->credit += (now_ms - rate->last_ms) * RATE_PER_S * RATE_PACKET / 1000;
        if (rate->credit > credit_max)
                rate->credit = credit_max;
        rate->last_ms = now_ms;
        if (rate->credit < RATE_PACKET)
                return false;
        rate->credit -= RATE_PACKET;
        return true;
}

/* What can be said of a datagram before it is read. */
static bool admit(struct leg *leg, const struct addr *from, struct slice data, int64_t now_ms)
{
        if (!leg->is_set || !source_may_be(&leg->source, from, now_ms)) {
                leg->stats.dropped_source++;
                return false;
        }
        if (!within_rate(&leg->rate, now_ms)) {
                leg->stats.dropped_rate++;
                return false;
        }
        if (data.len > RTP_PACKET_MAX) {
                leg->stats.dropped_format++;
                return false;
        }
        return true;
}

/* ---- key presses ---- */

static bool is_muted_by_fault(const struct leg *from)
{
#ifdef MASKLINE_FAULT_MUTE_DIRECTION
        return from->joined_as_second;
#else
        (void)from;
        return false;
#endif
}

/* Who is to hear this leg, or NULL. */
static struct leg *listener_of(const struct leg *leg)
{
        return is_muted_by_fault(leg) ? NULL : leg_partner(leg);
}

static void end_press(struct leg *leg, const struct press *press, struct ended *ended)
{
        struct leg *listener = listener_of(leg);
        if (listener)
                event_sender_release(&listener->keys_out, press->duration);
        assert(ended->count < ENDED_MAX);
        ended->digits[ended->count++] = rtp_event_digit(press->event);
}

static void begin_press(struct leg *leg, const struct press *press)
{
        struct leg *listener = listener_of(leg);
        struct press open = {.event = press->event, .volume = press->volume};
        if (listener && !pace_press(listener, &open))
                listener->stats.dropped_keys++;
}

static void end_open_press(struct leg *leg, struct ended *ended)
{
        if (leg->keys_in.is_open)
                end_press(leg, &leg->keys_in.press, ended);
        event_reader_reset(&leg->keys_in);
}

void relay_release_keys(struct leg *leg)
{
        struct leg *listener = listener_of(leg);
        if (listener && leg->keys_in.is_open)
                event_sender_release(&listener->keys_out, leg->keys_in.press.duration);
}

/* The handler may close the leg at the first of them. */
static void notify_ended(struct leg *leg, const struct ended *ended)
{
        struct media *media = leg->media;
        struct handle self = leg->self;
        for (unsigned i = 0; i < ended->count; i++) {
                leg = leg_find(media, self);
                if (leg)
                        leg_notify(leg, MEDIA_DIGIT, ended->digits[i]);
        }
}

/* An end may be lost in all its copies. */
static void on_key_timer(void *arg)
{
        struct leg *leg = arg;
        struct io *io = leg->media->io;
        struct ended ended = {.count = 0};
        if (!leg->keys_in.is_open)
                return;
        if (event_reader_expire(&leg->keys_in, io_now_ms(io)))
                end_press(leg, &leg->keys_in.press, &ended);
        else
                io_timer_start(io, &leg->key_timer, EVENT_EXPIRY_MS / 4, on_key_timer, leg);
        notify_ended(leg, &ended);
}

static void take_event(struct leg *leg, const struct rtp *rtp, struct ended *ended)
{
        struct io *io = leg->media->io;
        struct rtp_event event;
        if (rtp_event_parse(rtp->payload, &event) || !rtp_event_digit(event.event)) {
                leg->stats.dropped_format++;
                return;
        }

        struct event_news news;
        event_reader_take(&leg->keys_in, rtp->timestamp, &event, io_now_ms(io), &news);
        if (news.lost_end)
                end_press(leg, &news.before, ended);
        if (news.began)
                begin_press(leg, &leg->keys_in.press);
        if (news.ended)
                end_press(leg, &leg->keys_in.press, ended);
        if (leg->keys_in.is_open && !leg->key_timer.armed)
                io_timer_start(io, &leg->key_timer, EVENT_EXPIRY_MS, on_key_timer, leg);
}

/* ---- audio ---- */

static unsigned codec_of(const struct sdp_audio *audio, uint8_t payload_type)
{
        for (int i = 0; i < audio->codec_count; i++) {
                if (audio->codec_pt[audio->codecs[i]] == payload_type)
                        return audio->codecs[i];
        }
        return PT_NO_CODEC;
}

/*
 * What we have described counts first: it is what the peer should use (RFC 3264 6.1); many use
 * their own numbers all the same.
 */
static unsigned agreed_codec(const struct leg *leg, uint8_t payload_type)
{
        unsigned codec = codec_of(&leg->local, payload_type);
        return codec == PT_NO_CODEC ? codec_of(&leg->remote, payload_type) : codec;
}

static bool is_agreed_event(const struct leg *leg, uint8_t payload_type)
{
        return payload_type == leg->remote.dtmf_pt ||
               (leg->local.codec_count && payload_type == leg->local.dtmf_pt);
}

static void send_audio(struct leg *to, struct rtp *header, enum sdp_codec codec,
                       struct slice payload)
{
        uint8_t recoded[RTP_PACKET_MAX];
        assert(payload.len <= sizeof recoded);
        if (!sdp_audio_has_codec(&to->remote, codec)) {
                codec = to->remote.codecs[0];
                codec_recode(&to->media->codec_tables, codec, (const uint8_t *)payload.p,
                             payload.len, recoded);
                payload.p = (const char *)recoded;
        }
        header->payload_type = to->remote.codec_pt[codec];
        leg_send(to, header, payload);
}

/* What is not sent on should look as if it had never been sent. */
static void leave_no_gap(const struct leg *leg, uint32_t extended)
{
        struct leg *to = listener_of(leg);
        if (to)
                sender_skip(&to->sender, leg->receiver.epoch, extended);
}

static void forward_audio(struct leg *leg, const struct rtp *rtp, uint32_t extended,
                          enum sdp_codec codec)
{
        struct leg *to = listener_of(leg);
        if (!to || !leg_may_send(to) || pace_is_busy(to)) {
                leave_no_gap(leg, extended);
                return;
        }

        struct rtp header;
        int64_t now_ms = io_now_ms(leg->media->io);
        if (sender_relay(&to->sender, now_ms, leg->receiver.epoch, extended, rtp, &header))
                send_audio(to, &header, codec, rtp->payload);
}

/* ---- a packet ---- */

/* The packet as the leg's source has sent it; false for what is not to be heard. */
static bool receive(struct leg *leg, const struct addr *from, const struct rtp *rtp,
                    uint32_t *extended, struct ended *ended)
{
        struct receiver *receiver = &leg->receiver;
        int64_t now_ms = io_now_ms(leg->media->io);
        bool is_current_ssrc = receiver->started && receiver->ssrc == rtp->ssrc;
        switch (source_check(&leg->source, from, rtp->ssrc, rtp->sequence, is_current_ssrc,
                             now_ms)) {
        case SOURCE_STRANGER:
        case SOURCE_CANDIDATE:
                return false;
        case SOURCE_NEW:
                end_open_press(leg, ended);
                receiver_start(receiver, rtp->ssrc, rtp->sequence);
                break;
        case SOURCE_CURRENT:
                break;
        }
        leg->heard_ms = now_ms;
        leg->stats.packets_in++;
        return receiver_take(receiver, rtp->sequence, extended);
}

static void take_packet(struct leg *leg, const struct rtp *rtp, uint32_t extended,
                        struct ended *ended)
{
        if (is_agreed_event(leg, rtp->payload_type)) {
                leave_no_gap(leg, extended);
                take_event(leg, rtp, ended);
                return;
        }

        unsigned codec = agreed_codec(leg, rtp->payload_type);
        if (codec == PT_NO_CODEC || rtp->payload.len == 0) {
                leave_no_gap(leg, extended);
                leg->stats.dropped_format += codec == PT_NO_CODEC; /* RFC 6263: no payload, fine */
                return;
        }
        receiver_measure(&leg->receiver, rtp->timestamp, io_now_ms(leg->media->io));
        forward_audio(leg, rtp, extended, codec);
}

static void on_rtp(struct leg *leg, const struct addr *from, struct slice data)
{
        struct rtp rtp;
        if (!admit(leg, from, data, io_now_ms(leg->media->io)))
                return;
        if (rtp_parse(data, &rtp)) {
                leg->stats.dropped_format++;
                return;
        }
        if (!leg_should_hear(leg)) {
                leg->stats.dropped_held++;
                return;
        }

        uint32_t extended;
        struct ended ended = {.count = 0};
        if (receive(leg, from, &rtp, &extended, &ended))
                take_packet(leg, &rtp, extended, &ended);
        notify_ended(leg, &ended);
}

void relay_on_rtp(void *arg, const struct addr *from, struct slice data)
{
        const struct port_pair *pair = arg;
        struct leg *leg = leg_find(pair->owner, pair->leg);
        if (!leg)
                return;
        /* Some send both to one port without having asked. */
        if (rtcp_is_likely(data))
                reports_take(leg, from, data);
        else
                on_rtp(leg, from, data);
}

void relay_on_rtcp(void *arg, const struct addr *from, struct slice data)
{
        const struct port_pair *pair = arg;
        struct leg *leg = leg_find(pair->owner, pair->leg);
        if (leg)
                reports_take(leg, from, data);
}

bool relay_within_rate(struct leg *leg)
{
        return within_rate(&leg->rate, io_now_ms(leg->media->io));
}

/* ---- silence ---- */

/* Who holds by sendonly (RFC 3264 8.4) may have no music to send. */
static bool is_expected_to_talk(const struct leg *leg)
{
        return leg_should_hear(leg) && sdp_direction_receives(leg->remote.direction);
}

static void on_silence_timer(void *arg)
{
        struct leg *leg = arg;
        struct media *media = leg->media;
        int64_t now_ms = io_now_ms(media->io);
        int64_t timeout_ms = media->params.silence_timeout_ms;
        if (!is_expected_to_talk(leg))
                leg->heard_ms = now_ms;

        bool is_silent = now_ms - leg->heard_ms >= timeout_ms;
        if (is_silent)
                leg->heard_ms = now_ms;
        io_timer_start(media->io, &leg->silence_timer, leg->heard_ms + timeout_ms - now_ms,
                       on_silence_timer, leg);
        if (is_silent)
                leg_notify(leg, MEDIA_SILENT, '\0');
}

void relay_watch_silence(struct leg *leg)
{
        struct media *media = leg->media;
        leg->heard_ms = io_now_ms(media->io);
        if (media->params.silence_timeout_ms)
                io_timer_start(media->io, &leg->silence_timer, media->params.silence_timeout_ms,
                               on_silence_timer, leg);
}
