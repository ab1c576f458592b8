/* SPDX-License-Identifier: Apache-2.0 */
#include "media/receiver.h"

#include <assert.h>

#define SEQUENCES    0x10000u
#define DROPOUT_MAX  3000u /* RFC 3550 A.1 */
#define MISORDER_MAX 100u
#define NO_JUMP      SEQUENCES

/*
 * Extended numbers begin one cycle up, so that what was sent before the first packet still has a
 * number; reports subtract it again.
 */
#define FIRST_CYCLE SEQUENCES

static int32_t lost_in_epoch(const struct receiver *r)
{
        return r->started ? (int32_t)(r->highest - r->first + 1 - r->received) : 0;
}

void receiver_start(struct receiver *r, uint32_t ssrc, uint16_t sequence)
{
        *r = (struct receiver){
                .started = true,
                .ssrc = ssrc,
                .epoch = r->epoch + 1,
                .first = FIRST_CYCLE + sequence,
                .highest = FIRST_CYCLE + sequence - 1,
                .jump_next = NO_JUMP,
                .lost_before = receiver_lost(r),
                .jitter_x16 = r->jitter_x16,
        };
}

static void advance(struct receiver *r, uint32_t steps)
{
        r->highest += steps;
        r->seen = steps < 64 ? r->seen << steps | 1 : 1;
        r->received++;
}

/* Behind the highest: late, twice, or from before the start. */
static bool take_late(struct receiver *r, uint32_t behind)
{
        if (r->highest - behind < r->first)
                return false;

        r->received++;
        uint64_t bit = behind < 64 ? UINT64_C(1) << behind : 0;
        bool is_new = bit && !(r->seen & bit);
        r->seen |= bit;
        return is_new;
}

bool receiver_take(struct receiver *r, uint16_t sequence, uint32_t *extended)
{
        assert(r->started);
        uint32_t ahead = (uint16_t)(sequence - r->highest);
        if (ahead > SEQUENCES - MISORDER_MAX || ahead == 0) {
                uint32_t behind = ahead ? SEQUENCES - ahead : 0;
                if (!take_late(r, behind))
                        return false;
                *extended = r->highest - behind;
                return true;
        }

        if (ahead >= DROPOUT_MAX) {
                bool confirmed = sequence == r->jump_next;
                r->jump_next = (uint16_t)(sequence + 1);
                if (!confirmed)
                        return false;
                receiver_start(r, r->ssrc, sequence);
                ahead = 1;
        }
        advance(r, ahead);
        r->jump_next = NO_JUMP;
        *extended = r->highest;
        return true;
}

void receiver_measure(struct receiver *r, uint32_t timestamp, int64_t now_ms)
{
        uint32_t transit = (uint32_t)(now_ms * MEDIA_CLOCK_PER_MS) - timestamp;
        int32_t change = (int32_t)(transit - r->transit);
        uint32_t distance = change < 0 ? 0u - (uint32_t)change : (uint32_t)change;
        bool is_jump = distance > 1000 * MEDIA_CLOCK_PER_MS; /* another clock, not jitter */
        if (r->has_transit && !is_jump)
                r->jitter_x16 += distance - ((r->jitter_x16 + 8) >> 4);
        r->transit = transit;
        r->has_transit = true;
}

void receiver_on_sr(struct receiver *r, const struct rtcp_sender *sender, int64_t now_ms)
{
        r->sr_middle = sender->ntp_seconds << 16 | sender->ntp_fraction >> 16;
        r->sr_ms = now_ms;
}

static uint8_t fraction_lost(const struct receiver *r, uint32_t expected)
{
        uint32_t expected_now = expected - r->expected_reported;
        int32_t lost_now = (int32_t)(expected_now - (r->received - r->received_reported));
        if (expected_now == 0 || lost_now <= 0)
                return 0;
        uint64_t fraction = ((uint64_t)lost_now << 8) / expected_now;
        return fraction > 255 ? 255 : (uint8_t)fraction;
}

static int32_t clamp24(int32_t value)
{
        if (value > 0x7fffff)
                return 0x7fffff;
        return value < -0x800000 ? -0x800000 : value;
}

void receiver_report(struct receiver *r, int64_t now_ms, struct rtcp_report *out)
{
        assert(r->started);
        uint32_t expected = r->highest - r->first + 1;
        *out = (struct rtcp_report){
                .ssrc = r->ssrc,
                .fraction_lost = fraction_lost(r, expected),
                .cumulative_lost = clamp24(lost_in_epoch(r)),
                .highest_sequence = r->highest - FIRST_CYCLE,
                .jitter = r->jitter_x16 >> 4,
                .last_sr = r->sr_middle,
        };
        if (r->sr_middle)
                out->delay_since_last_sr = (uint32_t)((now_ms - r->sr_ms) * 65536 / 1000);
        r->expected_reported = expected;
        r->received_reported = r->received;
}

uint32_t receiver_lost(const struct receiver *r)
{
        int32_t lost = lost_in_epoch(r);
        return r->lost_before + (lost > 0 ? (uint32_t)lost : 0);
}

uint32_t receiver_jitter_ms_x10(const struct receiver *r)
{
        return r->jitter_x16 * 10 / 16 / MEDIA_CLOCK_PER_MS;
}
