/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_breaker.h - whether a target is worth a try, by what was heard of it lately: a value.
 *
 * Closed, it is used. After SIP_BREAKER_FAILURES in a row it opens: nothing goes there until a probe
 * is answered, and probes come ever more rarely. After that it is on trial: one more failure, and it
 * is open again, for longer. Only a call that is answered, whatever the answer, ends the trial: who
 * answers OPTIONS need not take calls.
 *
 *     closed --SIP_BREAKER_FAILURES--> open --probe answered--> on trial --answer--> closed
 *                                       ^------one failure---------'
 */
#ifndef MASKLINE_SIP_SIP_BREAKER_H
#define MASKLINE_SIP_SIP_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

#define SIP_BREAKER_FAILURES      3
#define SIP_BREAKER_MIN_MS        5000  /* until the first probe; twice as long each time */
#define SIP_BREAKER_MAX_MS        60000 /* so that who comes back is found soon */
#define SIP_BREAKER_RETRY_AFTER_S 300   /* a peer that asks for more is not believed */

struct sip_breaker {
        bool is_open;
        uint8_t failures;     /* calls in a row that were not taken */
        uint8_t unanswered;   /* OPTIONS in a row, of a target that has answered one before */
        uint8_t trips;        /* it has opened so often since the last call was answered */
        bool answers_options; /* it has done so, ever */
        int64_t probe_ms;     /* open: from then on it may be probed */
};

/* All of them answer true when it opens or closes by that. Times are monotonic. */

/* A request of a call, or a registration, was answered: by anything but 503. */
bool sip_breaker_on_answer(struct sip_breaker *breaker);
/* It was not, or could not be sent. */
bool sip_breaker_on_silence(struct sip_breaker *breaker, int64_t now_ms, struct random *random);
/* 503, and for how long (RFC 3261 21.5.4): at once, if it says so. 0: it does not say. */
bool sip_breaker_on_refusal(struct sip_breaker *breaker, uint32_t retry_after_s, int64_t now_ms,
                            struct random *random);

/* OPTIONS was answered; an open one takes a 503 as a no. */
bool sip_breaker_on_pong(struct sip_breaker *breaker, unsigned status, int64_t now_ms,
                         struct random *random);
/* It was not: that means something only of who has answered one before. */
bool sip_breaker_on_no_pong(struct sip_breaker *breaker, int64_t now_ms, struct random *random);

/* Whether OPTIONS can tell: else a call must, one at a time. */
static inline bool sip_breaker_can_ask(const struct sip_breaker *breaker)
{
        return breaker->answers_options;
}

/*
 * Whether a call may go there now. `by_call`: OPTIONS cannot or shall not tell, so that when it is
 * time this very call is the probe; the next may go when that has been answered, or later.
 */
bool sip_breaker_admits(const struct sip_breaker *breaker, bool by_call, int64_t now_ms);
void sip_breaker_begin_probe(struct sip_breaker *breaker, int64_t now_ms, struct random *random);

#endif
