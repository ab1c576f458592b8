/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtp.h - RTP packets (RFC 3550 5) and telephone events (RFC 4733).
 */
#ifndef MASKLINE_WIRE_RTP_H
#define MASKLINE_WIRE_RTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define RTP_HEADER_BYTES 12
#define RTP_PACKET_MAX   1500

struct rtp {
        bool marker;
        uint8_t payload_type;
        uint16_t sequence;
        uint32_t timestamp;
        uint32_t ssrc;
        struct slice payload; /* without CSRCs, extension and padding */
};

/* ERR_SYNTAX: not RTP version 2, truncated, or with padding or an extension beyond its end. */
int rtp_parse(struct slice packet, struct rtp *out) MUST_CHECK;

/* Header alone: no CSRC, no extension, no padding. The payload follows. */
void rtp_write(struct buf *b, const struct rtp *rtp);

struct rtp_event {
        uint8_t event; /* 0-9, 10 '*', 11 '#', 12-15 'A'-'D'; others are not digits */
        bool end;
        uint8_t volume;    /* -dBm0, 0 to 63 */
        uint16_t duration; /* timestamp units */
};

/* The first event of a payload; ERR_SYNTAX when it is cut short. */
int rtp_event_parse(struct slice payload, struct rtp_event *out) MUST_CHECK;
void rtp_event_write(struct buf *b, const struct rtp_event *event);
char rtp_event_digit(uint8_t event);  /* '0'...'D', or 0 */
int rtp_event_from_digit(char digit); /* 0-15, or -1 */

#endif
