/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender.h - the one RTP stream that a leg is sent: own SSRC, sequence numbers and timestamps,
 * whatever its audio comes from.
 *
 * Played audio, key presses and the partner's packets continue one line. Of a relayed source the
 * distances are kept, not the numbers: gaps stay gaps, so that the far end can conceal a loss, and
 * what was out of order can be put in order there. Values only; the time is an argument.
 */
#ifndef MASKLINE_MEDIA_SENDER_H
#define MASKLINE_MEDIA_SENDER_H

#include "base/random.h"
#include "wire/rtp.h"

struct sender {
        uint32_t ssrc;
        uint32_t sequence; /* of the next packet; the low 16 bits are sent */
        uint32_t packets, bytes;

        /* What was last sent, for the timestamp that belongs to any moment. */
        bool has_sent;
        uint32_t clock_timestamp;
        int64_t clock_ms;
        bool is_own_audio; /* it was a frame of sender_frame(): the next one joins without a gap */

        /* How the numbers of the relayed source become ours. */
        struct {
                bool has_sequence, has_timestamp;
                uint32_t epoch;                /* of the source's receiver */
                uint32_t first_in, highest_in; /* older than first_in cannot be placed */
                uint32_t sequence_offset, timestamp_offset;
        } map;
};

void sender_init(struct sender *s, struct random *random);

/* The timestamp that `now_ms` has on this line. */
uint32_t sender_clock(const struct sender *s, int64_t now_ms);

/* Each fills what the header needs but payload type and payload. */

/* The next frame of audio of our own, of `samples`. */
void sender_frame(struct sender *s, int64_t now_ms, uint32_t samples, struct rtp *out);

/* A packet of a key press that began at `timestamp`; the first one carries the marker. */
void sender_event(struct sender *s, int64_t now_ms, uint32_t timestamp, bool is_first,
                  struct rtp *out);

/* Where a key press, or own audio, that begins now is placed: after what was sent. */
uint32_t sender_next_timestamp(const struct sender *s, int64_t now_ms);

/*
 * A packet of the source, with its extended sequence number. False when it is older than the
 * present mapping and cannot be placed.
 */
bool sender_relay(struct sender *s, int64_t now_ms, uint32_t epoch, uint32_t extended,
                  const struct rtp *in, struct rtp *out) MUST_CHECK;

/* A packet of the source that is not sent on: it leaves no gap. */
void sender_skip(struct sender *s, uint32_t epoch, uint32_t extended);

/* The source is another one from now on. */
void sender_forget_source(struct sender *s);

/* Counts what has been given to the socket (RFC 3550 6.4.1: payload bytes). */
void sender_count(struct sender *s, size_t payload_bytes);

#endif
