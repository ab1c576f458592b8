/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rtp.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

#define RTP_VERSION 2

/* ---- RTP ---- */

/* CSRCs and extension: their length, or -1 when they go beyond the end. */
static long optional_bytes(struct slice packet)
{
        size_t bytes = RTP_HEADER_BYTES + 4u * (get_u8(packet, 0) & 0x0f);
        bool has_extension = get_u8(packet, 0) & 0x10;
        if (has_extension) {
                if (packet.len < bytes + 4)
                        return -1;
                bytes += 4 + 4u * get_be16(packet, bytes + 2);
        }
        return packet.len < bytes ? -1 : (long)(bytes - RTP_HEADER_BYTES);
}

int rtp_parse(struct slice packet, struct rtp *out)
{
        if (packet.len < RTP_HEADER_BYTES || get_u8(packet, 0) >> 6 != RTP_VERSION)
                return ERR_SYNTAX;

        long optional = optional_bytes(packet);
        if (optional < 0)
                return ERR_SYNTAX;

        struct slice payload = slice_after(packet, RTP_HEADER_BYTES + (size_t)optional);
        bool has_padding = get_u8(packet, 0) & 0x20;
        if (has_padding) {
                size_t padding = get_u8(packet, packet.len - 1);
                if (padding == 0 || padding > payload.len)
                        return ERR_SYNTAX;
                payload.len -= padding;
        }

        *out = (struct rtp){
                .marker = get_u8(packet, 1) & 0x80,
                .payload_type = get_u8(packet, 1) & 0x7f,
                .sequence = get_be16(packet, 2),
                .timestamp = get_be32(packet, 4),
                .ssrc = get_be32(packet, 8),
                .payload = payload,
        };
        return 0;
}

void rtp_write(struct buf *b, const struct rtp *rtp)
{
        assert(rtp->payload_type < 0x80);
        buf_put_u8(b, RTP_VERSION << 6);
        buf_put_u8(b, (uint8_t)(rtp->payload_type | (rtp->marker ? 0x80 : 0)));
        buf_put_be16(b, rtp->sequence);
        buf_put_be32(b, rtp->timestamp);
        buf_put_be32(b, rtp->ssrc);
}

/* ---- telephone events ---- */

static const char event_digits[] = "0123456789*#ABCD";

int rtp_event_parse(struct slice payload, struct rtp_event *out)
{
        if (payload.len < 4)
                return ERR_SYNTAX;

        *out = (struct rtp_event){
                .event = get_u8(payload, 0),
                .end = get_u8(payload, 1) & 0x80,
                .volume = get_u8(payload, 1) & 0x3f,
                .duration = get_be16(payload, 2),
        };
        return 0;
}

void rtp_event_write(struct buf *b, const struct rtp_event *event)
{
        assert(event->volume < 0x40);
        buf_put_u8(b, event->event);
        buf_put_u8(b, (uint8_t)(event->volume | (event->end ? 0x80 : 0)));
        buf_put_be16(b, event->duration);
}

char rtp_event_digit(uint8_t event)
{
        return event < sizeof event_digits - 1 ? event_digits[event] : '\0';
}

int rtp_event_from_digit(char digit)
{
        if (digit >= 'a' && digit <= 'd')
                digit = (char)(digit - 'a' + 'A');
        const char *at = digit ? strchr(event_digits, digit) : NULL;
        return at ? (int)(at - event_digits) : -1;
}
