/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receiver.h - what one RTP source has sent: sequence, loss and jitter (RFC 3550 A.1, A.3, A.8).
 *
 * Values only; the time is an argument. Which source is listened to is decided in source.h.
 */
#ifndef MASKLINE_MEDIA_RECEIVER_H
#define MASKLINE_MEDIA_RECEIVER_H

#include "wire/rtcp.h"

#define MEDIA_CLOCK_PER_MS 8 /* G.711 and telephone events: 8,000 Hz */

struct receiver {
        bool started;
        uint32_t ssrc;
        uint32_t epoch;          /* counts the starts: numbers of different epochs do not compare */
        uint32_t first, highest; /* extended sequence numbers */
        uint64_t seen;           /* bit n: highest - n has arrived */
        uint32_t jump_next;      /* what would follow the last one that was out of all order */
        uint32_t received;       /* duplicates included, as RFC 3550 has it */
        uint32_t lost_before;    /* in earlier epochs */
        uint32_t expected_reported, received_reported;
        bool has_transit;
        uint32_t transit, jitter_x16;
        uint32_t sr_middle; /* of the last SR's NTP time; 0: none yet */
        int64_t sr_ms;
};

/* A source begins, and `sequence` is expected next. */
void receiver_start(struct receiver *r, uint32_t ssrc, uint16_t sequence);

/*
 * False for what nobody should hear: duplicates, what is far too late, and a jump that is not yet
 * confirmed by a second packet. `extended` is set when true.
 */
bool receiver_take(struct receiver *r, uint16_t sequence, uint32_t *extended) MUST_CHECK;

/* For packets whose timestamp moves: audio, not events. */
void receiver_measure(struct receiver *r, uint32_t timestamp, int64_t now_ms);

void receiver_on_sr(struct receiver *r, const struct rtcp_sender *sender, int64_t now_ms);

/* The block of our next SR or RR about this source, and the start of another interval. */
void receiver_report(struct receiver *r, int64_t now_ms, struct rtcp_report *out);

uint32_t receiver_lost(const struct receiver *r); /* of all epochs; duplicates may hide some */
uint32_t receiver_jitter_ms_x10(const struct receiver *r);

#endif
