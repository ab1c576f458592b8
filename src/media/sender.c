/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sender.h"

#include "media/receiver.h"

#define FRAME_SAMPLES 160

/*
 * A source whose timestamps leave the clock by more than this has begun another line under the
 * same SSRC, as gateways do when the answering side takes over from the announcement.
 */
#define CLOCK_TOLERANCE (3000 * MEDIA_CLOCK_PER_MS)

/* Audio after a longer pause is another talkspurt. */
#define PAUSE_MS 200

void sender_init(struct sender *s, struct random *random)
{
        *s = (struct sender){
                .ssrc = random_u32(random),
                .sequence = random_u32(random),
                .clock_timestamp = random_u32(random),
        };
}

uint32_t sender_clock(const struct sender *s, int64_t now_ms)
{
        if (!s->has_sent)
                return s->clock_timestamp;
        return s->clock_timestamp + (uint32_t)((now_ms - s->clock_ms) * MEDIA_CLOCK_PER_MS);
}

uint32_t sender_next_timestamp(const struct sender *s, int64_t now_ms)
{
        uint32_t clock = sender_clock(s, now_ms);
        bool is_too_soon = (int32_t)(clock - s->clock_timestamp) < FRAME_SAMPLES;
        return s->has_sent && is_too_soon ? s->clock_timestamp + FRAME_SAMPLES : clock;
}

static void set_clock(struct sender *s, uint32_t timestamp, int64_t now_ms)
{
        s->has_sent = true;
        s->clock_timestamp = timestamp;
        s->clock_ms = now_ms;
}

void sender_frame(struct sender *s, int64_t now_ms, uint32_t samples, struct rtp *out)
{
        bool is_joined = s->is_own_audio && now_ms - s->clock_ms <= PAUSE_MS;
        uint32_t timestamp =
                is_joined ? s->clock_timestamp + samples : sender_next_timestamp(s, now_ms);
        *out = (struct rtp){
                .marker = !is_joined,
                .sequence = (uint16_t)s->sequence++,
                .timestamp = timestamp,
                .ssrc = s->ssrc,
        };
        set_clock(s, timestamp, now_ms);
        s->is_own_audio = true;
        s->map.has_sequence = false;
        s->map.has_timestamp = false;
}

void sender_event(struct sender *s, int64_t now_ms, uint32_t timestamp, bool is_first,
                  struct rtp *out)
{
        *out = (struct rtp){
                .marker = is_first,
                .sequence = (uint16_t)s->sequence++,
                .timestamp = timestamp,
                .ssrc = s->ssrc,
        };
        if (is_first)
                set_clock(s, timestamp, now_ms);
        s->is_own_audio = false;
        s->map.has_sequence = false; /* the timestamps of the source go on as they were */
}

static bool is_on_clock(const struct sender *s, uint32_t timestamp, int64_t now_ms)
{
        int32_t off = (int32_t)(timestamp - sender_clock(s, now_ms));
        return off >= -CLOCK_TOLERANCE && off <= CLOCK_TOLERANCE;
}

/* Makes sure that the mapping holds for this packet; true when its timestamps had to be placed. */
static bool place_source(struct sender *s, int64_t now_ms, uint32_t epoch, uint32_t extended,
                         uint32_t timestamp)
{
        if (s->map.epoch != epoch)
                sender_forget_source(s);
        s->map.epoch = epoch;
        if (!s->map.has_sequence) {
                s->map.has_sequence = true;
                s->map.first_in = extended;
                s->map.highest_in = extended;
                s->map.sequence_offset = s->sequence - extended;
        }

        if (s->map.has_timestamp && is_on_clock(s, timestamp + s->map.timestamp_offset, now_ms))
                return false;
        s->map.has_timestamp = true;
        s->map.timestamp_offset = sender_next_timestamp(s, now_ms) - timestamp;
        return true;
}

bool sender_relay(struct sender *s, int64_t now_ms, uint32_t epoch, uint32_t extended,
                  const struct rtp *in, struct rtp *out)
{
        bool is_mapped = s->map.has_sequence && s->map.epoch == epoch;
        if (is_mapped && (int32_t)(extended - s->map.first_in) < 0)
                return false;

        bool is_new_spurt = now_ms - s->clock_ms > PAUSE_MS;
        is_new_spurt |= place_source(s, now_ms, epoch, extended, in->timestamp);
        uint32_t sequence = extended + s->map.sequence_offset;
        *out = (struct rtp){
                .marker = in->marker || is_new_spurt,
                .sequence = (uint16_t)sequence,
                .timestamp = in->timestamp + s->map.timestamp_offset,
                .ssrc = s->ssrc,
        };
        s->is_own_audio = false;
        if ((int32_t)(extended - s->map.highest_in) >= 0) {
                s->map.highest_in = extended;
                s->sequence = sequence + 1;
                set_clock(s, out->timestamp, now_ms);
        }
        return true;
}

void sender_skip(struct sender *s, uint32_t epoch, uint32_t extended)
{
        bool is_mapped = s->map.has_sequence && s->map.epoch == epoch;
        if (!is_mapped || (int32_t)(extended - s->map.highest_in) <= 0)
                return;
        s->map.sequence_offset--;
        s->map.highest_in = extended;
        s->map.first_in = extended + 1;
}

void sender_forget_source(struct sender *s)
{
        s->map.has_sequence = false;
        s->map.has_timestamp = false;
}

void sender_count(struct sender *s, size_t payload_bytes)
{
        s->packets++;
        s->bytes += (uint32_t)payload_bytes;
}
