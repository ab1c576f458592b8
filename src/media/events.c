/* SPDX-License-Identifier: Apache-2.0 */
#include "media/events.h"

#include <assert.h>

#define DURATION_MAX 0xffffu
#define DURATION_MIN 320 /* 40 ms: shorter presses are missed by many (ITU-T Q.24) */
#define ENDS         3   /* RFC 4733 2.5.1.4 */

/* ---- reading ---- */

/* A press longer than a duration can say goes on under another timestamp, without an end. */
static bool is_next_segment(const struct event_reader *r, uint32_t timestamp,
                            const struct rtp_event *event)
{
        uint32_t segment = r->press.duration - r->earlier;
        return r->is_open && event->event == r->press.event && segment >= DURATION_MAX / 2 &&
               timestamp - r->timestamp == segment;
}

static void update(struct event_reader *r, const struct rtp_event *event, struct event_news *news)
{
        uint32_t duration = r->earlier + event->duration;
        if (duration > r->press.duration)
                r->press.duration = duration;
        if (event->end) {
                r->is_open = false;
                news->ended = true;
        }
}

static void begin(struct event_reader *r, uint32_t timestamp, const struct rtp_event *event)
{
        r->has_timestamp = true;
        r->is_open = true;
        r->timestamp = timestamp;
        r->earlier = 0;
        r->press = (struct press){.event = event->event, .volume = event->volume};
}

void event_reader_take(struct event_reader *r, uint32_t timestamp, const struct rtp_event *event,
                       int64_t now_ms, struct event_news *news)
{
        *news = (struct event_news){0};
        if (r->has_timestamp && timestamp == r->timestamp) {
                if (!r->is_open)
                        return; /* one more copy of the end */
        } else if (r->has_timestamp && (int32_t)(timestamp - r->timestamp) < 0) {
                return;
        } else if (is_next_segment(r, timestamp, event)) {
                r->earlier = r->press.duration;
                r->timestamp = timestamp;
        } else {
                news->lost_end = r->is_open;
                news->before = r->press;
                news->began = true;
                begin(r, timestamp, event);
        }
        r->heard_ms = now_ms;
        update(r, event, news);
}

bool event_reader_expire(struct event_reader *r, int64_t now_ms)
{
        if (!r->is_open || now_ms - r->heard_ms < EVENT_EXPIRY_MS)
                return false;
        r->is_open = false;
        return true;
}

void event_reader_reset(struct event_reader *r)
{
        r->is_open = false;
        r->has_timestamp = false;
}

/* ---- making ---- */

static struct queued_press *at(struct event_sender *s, unsigned i)
{
        return &s->queue[(s->head + i) % EVENT_QUEUE_MAX];
}

bool event_sender_is_idle(const struct event_sender *s)
{
        return s->count == 0;
}

static uint32_t long_enough(uint32_t duration)
{
        return duration < DURATION_MIN ? DURATION_MIN : duration;
}

bool event_sender_press(struct event_sender *s, const struct press *press)
{
        if (s->count == EVENT_QUEUE_MAX)
                return false;

        bool is_open = press->duration == 0;
        struct queued_press *tail = at(s, s->count++);
        *tail = (struct queued_press){.press = *press, .is_open = is_open};
        if (!is_open)
                tail->press.duration = long_enough(press->duration);
        return true;
}

void event_sender_release(struct event_sender *s, uint32_t duration)
{
        for (unsigned i = 0; i < s->count; i++) {
                struct queued_press *queued = at(s, i);
                if (!queued->is_open)
                        continue;
                queued->is_open = false;
                queued->press.duration = long_enough(duration);
        }
}

/* The duration that the next packet says; it never shrinks, whatever the source said. */
static uint32_t next_duration(const struct event_sender *s, const struct queued_press *head)
{
        uint32_t next = s->sent_duration + EVENT_STEP;
        if (!head->is_open && next > head->press.duration)
                next = head->press.duration;
        if (next < s->sent_duration)
                next = s->sent_duration;
        return next < DURATION_MAX ? next : DURATION_MAX;
}

void event_sender_step(struct event_sender *s, uint32_t start, struct event_packet *out)
{
        assert(s->count);
        struct queued_press *head = at(s, 0);
        bool is_first = s->sent_duration == 0;
        if (is_first)
                s->timestamp = start;
        if (s->ends_sent == 0)
                s->sent_duration = next_duration(s, head);

        bool is_over = !head->is_open && s->sent_duration >= head->press.duration;
        bool is_end = is_over || s->sent_duration == DURATION_MAX;
        *out = (struct event_packet){
                .event = {.event = head->press.event,
                          .end = is_end,
                          .volume = head->press.volume,
                          .duration = (uint16_t)s->sent_duration},
                .timestamp = s->timestamp,
                .is_first = is_first,
        };
        if (!is_end || ++s->ends_sent < ENDS)
                return;
        s->head = (uint8_t)((s->head + 1) % EVENT_QUEUE_MAX);
        s->count--;
        s->sent_duration = 0;
        s->ends_sent = 0;
}
