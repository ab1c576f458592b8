/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fuzz.h"
#include "wire/rtp.h"

static bool is_within(struct slice part, struct slice whole)
{
        return part.p >= whole.p && part.p + part.len <= whole.p + whole.len;
}

static void check_event(struct slice payload)
{
        struct rtp_event event = {.volume = 99}, again;
        if (rtp_event_parse(payload, &event)) {
                MUST(event.volume == 99 && payload.len < 4);
                return;
        }
        char bytes[4];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        rtp_event_write(&b, &event);
        MUST(buf_ok(&b) && b.len == 4);
        MUST(rtp_event_parse(buf_slice(&b), &again) == 0);
        MUST(again.event == event.event && again.end == event.end);
        MUST(again.volume == event.volume && again.duration == event.duration);
        char digit = rtp_event_digit(event.event);
        MUST(!digit || rtp_event_from_digit(digit) == event.event);
}

/* Header and payload alone are the packet without all that is optional. */
static void check_writing(const struct rtp *rtp)
{
        size_t bytes = RTP_HEADER_BYTES + rtp->payload.len;
        char *packet = malloc(bytes);
        MUST(packet);
        struct buf b;
        struct rtp again;
        buf_init(&b, packet, bytes);
        rtp_write(&b, rtp);
        buf_put_slice(&b, rtp->payload);
        MUST(buf_ok(&b) && b.len == bytes);
        MUST(rtp_parse(buf_slice(&b), &again) == 0);
        MUST(again.marker == rtp->marker && again.payload_type == rtp->payload_type);
        MUST(again.sequence == rtp->sequence && again.timestamp == rtp->timestamp);
        MUST(again.ssrc == rtp->ssrc && slice_equal(again.payload, rtp->payload));
        free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice packet = {(const char *)data, size};
        struct rtp rtp = {.sequence = 4711};
        check_event(packet);
        if (rtp_parse(packet, &rtp)) {
                MUST(rtp.sequence == 4711);
                return 0;
        }
        MUST(is_within(rtp.payload, packet));
        MUST(rtp.payload.len + RTP_HEADER_BYTES <= size);
        MUST(rtp.payload_type < 128);
        check_event(rtp.payload);
        check_writing(&rtp);
        return 0;
}
