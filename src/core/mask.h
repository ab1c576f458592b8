/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask.h - whom a masked call reaches, and which number they see.
 *
 * Pure: no clock, no input or output, no allocation. The caller brings the time, the mapping, the
 * policy and what has been counted; the answer is a value.
 */
#ifndef MASKLINE_CORE_MASK_H
#define MASKLINE_CORE_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mapping.h"
#include "core/pool_policy.h"

/* The numbers are on disk and never change their meaning. */
enum mask_verdict {
        MASK_CONNECT,
        MASK_UNKNOWN_NUMBER, /* the dialled number is none of ours, or no number at all */
        MASK_WITHHELD,       /* the caller's number is withheld or unreadable: a stranger */
        MASK_STRANGER,       /* the caller is no party of any session on that number */
        MASK_NOT_YET,        /* the session's start lies ahead */
        MASK_EXPIRED,        /* past its expiry */
        MASK_ENDED,          /* ended by order; a tombstone answers */
        MASK_ASK_DIGITS,     /* no party by its number: digits would tell who it is, or wants */
        MASK_LOCKED_OUT,     /* too many wrong digits */
        MASK_ASK_PARTY,      /* no party: the one it would reach is to be asked */
        MASK_BLOCKED,        /* one of the two does not want the other */
        MASK_DIRECTION,      /* this side may not call the other */
        MASK_HOURS,          /* not at this time */
        MASK_NOBODY,         /* there is nobody to be reached: no last caller */
        MASK_CALLS_USED_UP,  /* as many calls as the session has */
        MASK_RATE,           /* as many calls within an hour as the party may make */
        MASK_BUSY,           /* as many calls at once as the session or a party may have */
        /* Who is asked before a call said no; or nothing in time, and the policy wants a yes. */
        MASK_INTERCEPT_REFUSED,
        MASK_INTERCEPT_UNANSWERED,
        MASK_VERDICTS,
};

/* What has come of asking the pool's intercept_url about this call. */
enum intercept_answer {
        INTERCEPT_NO_ANSWER, /* nobody was asked, or the deadline is over */
        INTERCEPT_ALLOWS,
        INTERCEPT_REFUSES,
};

/* What has been counted, each before this call. */
struct mask_counts {
        uint32_t session_calls;   /* connected so far */
        uint32_t session_running; /* now */
        uint32_t caller_running;  /* of this caller, in any session */
        uint32_t callee_running;  /* of the one it would reach */
        bool rate_is_spent;       /* core/rate.h said no */
        bool is_blocked;          /* one of the two has blocked the other */
        bool is_locked_out;       /* core/lockout.h said no */
        bool digits_were_asked;   /* and what was keyed in, if anything, was wrong */
        /* Counts where the policy has an intercept_url, and no other rule refuses. */
        enum intercept_answer intercept;
};

struct mask_question {
        const struct mapping *mapping; /* NULL: none was found */
        const struct mapping *request; /* for a stranger: whom it would reach; NULL: nobody */
        struct masking_number dialled;
        bool number_is_ours;
        struct real_number caller; /* none: withheld or unreadable */
        int64_t now_ms;
        const struct pool_policy *policy; /* of the session's pool; without mapping the number's */
        struct mask_counts counts;        /* of the mapping; without one of the request */
};

/*
 * Whether a mapping is for this call, by policy and full comparison; of one that is not, nothing
 * counts, and the caller is a stranger.
 */
bool mask_admits(const struct mask_question *question, const struct mapping *mapping);

/*
 * The mapping's own dialled number and caller are compared in full here: however it was found, a
 * connect is only for who may dial it. Callers switch over every verdict; all but MASK_CONNECT
 * look the same to the caller of the telephone.
 */
enum mask_verdict mask_decide(const struct mask_question *question);

/* Whether the verdict says anything about a session: it is recorded for its parties alone. */
bool mask_verdict_is_of_session(enum mask_verdict verdict);

/* What a refused caller is told: the same as every other one, or that its conversation is over. */
enum mask_words {
        WORDS_GENERAL,
        WORDS_ENDED,
};

/*
 * `mapping`: by which the caller was refused; NULL: none. Ended is for the party whose number it is
 * and for nobody else: who withholds its number, keyed in digits or came where anyone may, may be
 * somebody else.
 */
enum mask_words mask_words(enum mask_verdict verdict, const struct mapping *mapping,
                           const struct pool_policy *policy);
const char *mask_words_name(enum mask_words words); /* "general" */

const char *mask_verdict_name(enum mask_verdict verdict);     /* "stranger", as records spell it */
const char *mask_verdict_sentence(enum mask_verdict verdict); /* why, for whoever operates it */

#endif
