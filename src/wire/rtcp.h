/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtcp.h - RTCP compound packets (RFC 3550 6): the little that is read, the less that is written.
 */
#ifndef MASKLINE_WIRE_RTCP_H
#define MASKLINE_WIRE_RTCP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* One report block of an SR or RR (RFC 3550 6.4.1). */
struct rtcp_report {
        uint32_t ssrc;
        uint8_t fraction_lost;
        int32_t cumulative_lost; /* 24 bits, signed */
        uint32_t highest_sequence;
        uint32_t jitter;
        uint32_t last_sr;
        uint32_t delay_since_last_sr;
};

struct rtcp_sender {
        uint32_t ntp_seconds, ntp_fraction;
        uint32_t rtp_timestamp;
        uint32_t packets, bytes;
};

/* What a received compound packet tells. SDES, APP, BYE reasons and XR are never kept. */
struct rtcp {
        bool has_sender;
        uint32_t ssrc; /* of the SR or RR */
        struct rtcp_sender sender;
        bool has_report; /* the first block that is about `our_ssrc` */
        struct rtcp_report report;
        bool has_bye;
};

/* RTCP on a port that is meant for RTP, or shared with it (RFC 5761 4). */
bool rtcp_is_likely(struct slice packet);

/* ERR_SYNTAX unless it is a valid compound packet (RFC 3550 A.2), whole blocks included. */
int rtcp_parse(struct slice packet, uint32_t our_ssrc, struct rtcp *out) MUST_CHECK;

#define RTCP_CNAME_MAX 255

/*
 * SR (or RR when `sender` is NULL) with at most one block, SDES with CNAME alone, and BYE without
 * a reason when `bye` is set.
 */
void rtcp_write(struct buf *b, uint32_t ssrc, const struct rtcp_sender *sender,
                const struct rtcp_report *report, struct slice cname, bool bye);

#endif
