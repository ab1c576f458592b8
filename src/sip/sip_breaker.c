/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_breaker.h"

#define DOUBLINGS_MAX 8

static void count(uint8_t *value)
{
        if (*value < UINT8_MAX)
                (*value)++;
}

/* At least half of it, so that those who lost the same peer do not come back as one. */
static int64_t back_off_ms(const struct sip_breaker *breaker, struct random *random)
{
        unsigned doublings = breaker->trips ? breaker->trips - 1u : 0;
        int64_t most_ms = (int64_t)SIP_BREAKER_MIN_MS
                          << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
        if (most_ms > SIP_BREAKER_MAX_MS)
                most_ms = SIP_BREAKER_MAX_MS;
        return most_ms / 2 + random_below(random, (uint32_t)(most_ms / 2) + 1);
}

/* Or stays open, for longer. */
static bool open_for(struct sip_breaker *breaker, int64_t wait_ms, int64_t now_ms)
{
        bool is_news = !breaker->is_open;
        breaker->is_open = true;
        breaker->unanswered = 0;
        breaker->probe_ms = now_ms + wait_ms;
        return is_news;
}

static bool trip(struct sip_breaker *breaker, int64_t now_ms, struct random *random)
{
        count(&breaker->trips);
        return open_for(breaker, back_off_ms(breaker, random), now_ms);
}

bool sip_breaker_on_answer(struct sip_breaker *breaker)
{
        bool is_news = breaker->is_open;
        breaker->is_open = false;
        breaker->failures = 0;
        breaker->unanswered = 0;
        breaker->trips = 0;
        return is_news;
}

bool sip_breaker_on_silence(struct sip_breaker *breaker, int64_t now_ms, struct random *random)
{
        count(&breaker->failures);
        if (breaker->failures < SIP_BREAKER_FAILURES)
                return false;
        /* Requests that were under way when it opened say nothing new. */
        if (breaker->is_open && now_ms < breaker->probe_ms)
                return false;
        return trip(breaker, now_ms, random);
}

bool sip_breaker_on_refusal(struct sip_breaker *breaker, uint32_t retry_after_s, int64_t now_ms,
                            struct random *random)
{
        if (!retry_after_s)
                return sip_breaker_on_silence(breaker, now_ms, random);
        if (retry_after_s > SIP_BREAKER_RETRY_AFTER_S)
                retry_after_s = SIP_BREAKER_RETRY_AFTER_S;
        count(&breaker->failures);
        return open_for(breaker, (int64_t)retry_after_s * 1000, now_ms);
}

bool sip_breaker_on_pong(struct sip_breaker *breaker, unsigned status, int64_t now_ms,
                         struct random *random)
{
        breaker->answers_options = true;
        breaker->unanswered = 0;
        if (!breaker->is_open)
                return false;
        if (status == 503)
                return trip(breaker, now_ms, random);
        breaker->is_open = false;
        breaker->failures = SIP_BREAKER_FAILURES - 1;
        return true;
}

bool sip_breaker_on_no_pong(struct sip_breaker *breaker, int64_t now_ms, struct random *random)
{
        if (!breaker->answers_options)
                return false;
        count(&breaker->unanswered);
        if (!breaker->is_open && breaker->unanswered < SIP_BREAKER_FAILURES)
                return false;
        return trip(breaker, now_ms, random);
}

bool sip_breaker_admits(const struct sip_breaker *breaker, bool by_call, int64_t now_ms)
{
        return !breaker->is_open || (by_call && now_ms >= breaker->probe_ms);
}

void sip_breaker_begin_probe(struct sip_breaker *breaker, int64_t now_ms, struct random *random)
{
        if (breaker->is_open)
                breaker->probe_ms = now_ms + back_off_ms(breaker, random);
}
