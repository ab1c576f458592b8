/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - key presses as telephone events (RFC 4733): read from many packets into one press,
 * and made of one press into many packets.
 *
 * Values only; the time is an argument. A press that is relayed is begun on the other leg when it
 * begins here, while its length is still unknown.
 */
#ifndef MASKLINE_MEDIA_EVENTS_H
#define MASKLINE_MEDIA_EVENTS_H

#include "wire/rtp.h"

struct press {
        uint8_t event, volume;
        uint32_t duration; /* timestamp units */
};

/* ---- reading ---- */

struct event_reader {
        bool has_timestamp; /* something was read: older timestamps are late packets */
        bool is_open;       /* the end was not seen yet */
        uint32_t timestamp;
        uint32_t earlier; /* duration of the segments before this one (RFC 4733 2.5.1.3) */
        struct press press;
        int64_t heard_ms;
};

/* What a packet tells; at most one press is open at a time. */
struct event_news {
        bool lost_end;       /* the press before has ended, though nobody said so */
        struct press before; /* that one */
        bool began, ended;   /* the packet's own press, in reader->press */
};

void event_reader_take(struct event_reader *r, uint32_t timestamp, const struct rtp_event *event,
                       int64_t now_ms, struct event_news *news);

/* True when the press was still open: no update for too long, or its source is gone. */
bool event_reader_expire(struct event_reader *r, int64_t now_ms) MUST_CHECK;
void event_reader_reset(struct event_reader *r);

#define EVENT_EXPIRY_MS 400 /* all packets of an end lost, and longer than any update interval */

/* ---- making ---- */

#define EVENT_QUEUE_MAX 32
#define EVENT_STEP      160 /* one packet every 20 ms */

struct event_sender {
        struct queued_press {
                struct press press;
                bool is_open; /* its length is not known yet */
        } queue[EVENT_QUEUE_MAX];
        uint8_t head, count;
        /* of the press at the head */
        uint32_t timestamp, sent_duration; /* sent_duration 0: not begun */
        uint8_t ends_sent;
};

bool event_sender_is_idle(const struct event_sender *s);

/*
 * Duration 0: open until event_sender_release(); one at a time may be. False when too many wait.
 */
bool event_sender_press(struct event_sender *s, const struct press *press) MUST_CHECK;

/* The open press was let go after `duration`; without one nothing happens. */
void event_sender_release(struct event_sender *s, uint32_t duration);

struct event_packet {
        struct rtp_event event;
        uint32_t timestamp;
        bool is_first;
};

/*
 * To be called every 20 ms while not idle: the next packet. `start` is the timestamp that a press
 * gets that begins now.
 */
void event_sender_step(struct event_sender *s, uint32_t start, struct event_packet *out);

#endif
