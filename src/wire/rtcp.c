/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rtcp.h"

#include <assert.h>

#include "base/bytes.h"

#define RTCP_VERSION 2

enum {
        RTCP_SR = 200,
        RTCP_RR = 201,
        RTCP_SDES = 202,
        RTCP_BYE = 203,
};

#define RTCP_HEADER_BYTES 4
#define RTCP_SENDER_BYTES 20 /* of an SR, after its SSRC */
#define RTCP_REPORT_BYTES 24
#define SDES_CNAME        1

bool rtcp_is_likely(struct slice packet)
{
        /* RFC 5761 4: with the marker bit, 192 to 223 are payload types 64 to 95 */
        return packet.len >= 8 && get_u8(packet, 0) >> 6 == RTCP_VERSION &&
               get_u8(packet, 1) >= 192 && get_u8(packet, 1) <= 223;
}

/* Takes one packet off a compound one; padding may stand in the last alone. */
static int next_packet(struct slice *rest, struct slice *packet)
{
        if (rest->len < RTCP_HEADER_BYTES || get_u8(*rest, 0) >> 6 != RTCP_VERSION)
                return ERR_SYNTAX;

        size_t bytes = 4 * ((size_t)get_be16(*rest, 2) + 1);
        if (bytes > rest->len)
                return ERR_SYNTAX;
        bool has_padding = get_u8(*rest, 0) & 0x20;
        if (has_padding && bytes != rest->len)
                return ERR_SYNTAX;
        *packet = (struct slice){rest->p, bytes};
        *rest = slice_after(*rest, bytes);
        return 0;
}

static int32_t signed24(uint32_t value)
{
        return (int32_t)(value << 8) >> 8;
}

static struct rtcp_report parse_block(struct slice block)
{
        return (struct rtcp_report){
                .ssrc = get_be32(block, 0),
                .fraction_lost = get_u8(block, 4),
                .cumulative_lost = signed24(get_be32(block, 4) & 0xffffff),
                .highest_sequence = get_be32(block, 8),
                .jitter = get_be32(block, 12),
                .last_sr = get_be32(block, 16),
                .delay_since_last_sr = get_be32(block, 20),
        };
}

static int parse_report(struct slice packet, bool is_sr, uint32_t our_ssrc, struct rtcp *out)
{
        size_t head = RTCP_HEADER_BYTES + 4 + (is_sr ? RTCP_SENDER_BYTES : 0);
        size_t count = get_u8(packet, 0) & 0x1f;
        if (packet.len < head + count * RTCP_REPORT_BYTES)
                return ERR_SYNTAX;

        out->ssrc = get_be32(packet, 4);
        if (is_sr) {
                out->has_sender = true;
                out->sender = (struct rtcp_sender){
                        .ntp_seconds = get_be32(packet, 8),
                        .ntp_fraction = get_be32(packet, 12),
                        .rtp_timestamp = get_be32(packet, 16),
                        .packets = get_be32(packet, 20),
                        .bytes = get_be32(packet, 24),
                };
        }
        for (size_t i = 0; i < count && !out->has_report; i++) {
                struct rtcp_report report =
                        parse_block(slice_after(packet, head + i * RTCP_REPORT_BYTES));
                if (report.ssrc != our_ssrc)
                        continue;
                out->has_report = true;
                out->report = report;
        }
        return 0;
}

int rtcp_parse(struct slice packet, uint32_t our_ssrc, struct rtcp *out)
{
        struct rtcp rtcp = {0};
        bool is_first = true;
        struct slice rest = packet;
        do {
                struct slice one;
                int err = next_packet(&rest, &one);
                if (err)
                        return err;

                uint8_t type = get_u8(one, 1);
                bool is_report = type == RTCP_SR || type == RTCP_RR;
                if (is_first && (!is_report || get_u8(one, 0) & 0x20))
                        return ERR_SYNTAX;
                if (is_first && parse_report(one, type == RTCP_SR, our_ssrc, &rtcp))
                        return ERR_SYNTAX;
                rtcp.has_bye |= type == RTCP_BYE;
                is_first = false;
        } while (rest.len);
        *out = rtcp;
        return 0;
}

static void put_rtcp_header(struct buf *b, unsigned count, uint8_t type, size_t bytes_after)
{
        buf_put_u8(b, (uint8_t)(RTCP_VERSION << 6 | count));
        buf_put_u8(b, type);
        buf_put_be16(b, (uint16_t)(bytes_after / 4));
}

static void put_sender(struct buf *b, const struct rtcp_sender *sender)
{
        buf_put_be32(b, sender->ntp_seconds);
        buf_put_be32(b, sender->ntp_fraction);
        buf_put_be32(b, sender->rtp_timestamp);
        buf_put_be32(b, sender->packets);
        buf_put_be32(b, sender->bytes);
}

static void put_block(struct buf *b, const struct rtcp_report *report)
{
        buf_put_be32(b, report->ssrc);
        buf_put_be32(b, (uint32_t)report->fraction_lost << 24 |
                                ((uint32_t)report->cumulative_lost & 0xffffff));
        buf_put_be32(b, report->highest_sequence);
        buf_put_be32(b, report->jitter);
        buf_put_be32(b, report->last_sr);
        buf_put_be32(b, report->delay_since_last_sr);
}

/* One chunk with one item; zeros end it at a word's boundary, at least one (RFC 3550 6.5). */
static void put_sdes(struct buf *b, uint32_t ssrc, struct slice cname)
{
        static const char zeros[4];
        size_t zero_count = 4 - (2 + cname.len) % 4;
        put_rtcp_header(b, 1, RTCP_SDES, 4 + 2 + cname.len + zero_count);
        buf_put_be32(b, ssrc);
        buf_put_u8(b, SDES_CNAME);
        buf_put_u8(b, (uint8_t)cname.len);
        buf_put_slice(b, cname);
        buf_put(b, zeros, zero_count);
}

void rtcp_write(struct buf *b, uint32_t ssrc, const struct rtcp_sender *sender,
                const struct rtcp_report *report, struct slice cname, bool bye)
{
        assert(cname.len <= RTCP_CNAME_MAX);
        put_rtcp_header(b, report ? 1 : 0, sender ? RTCP_SR : RTCP_RR,
                        4 + (sender ? RTCP_SENDER_BYTES : 0u) + (report ? RTCP_REPORT_BYTES : 0u));
        buf_put_be32(b, ssrc);
        if (sender)
                put_sender(b, sender);
        if (report)
                put_block(b, report);
        put_sdes(b, ssrc, cname);
        if (bye) {
                put_rtcp_header(b, 1, RTCP_BYE, 4);
                buf_put_be32(b, ssrc);
        }
}
