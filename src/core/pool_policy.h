/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool_policy.h - what the sessions of a pool may do: a value, and the rows by which it is read,
 * checked, stored and explained.
 *
 * Store, REST, CLI and reference page go by the rows: a new setting is one member and one row. A
 * row's name is stored and never changes its meaning; one that is not known to an older program is
 * refused by it.
 */
#ifndef MASKLINE_CORE_POOL_POLICY_H
#define MASKLINE_CORE_POOL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/number_traits.h"
#include "core/session.h"

enum policy_selection {
        SELECT_LEAST_RECENT,
        SELECT_STICKY, /* the number that this pair had before, if it is free */
        SELECT_AVOID,  /* not that one, if there is another */
};

enum policy_match {
        MATCH_ANY,
        MATCH_BEST_EFFORT,
        MATCH_STRICT,
};

enum policy_direction {
        DIRECTION_BOTH,
        DIRECTION_FROM_SIDE_0, /* only side 0 may call */
        DIRECTION_FROM_SIDE_1,
};

enum policy_recording {
        RECORDING_OFF,
        RECORDING_ON,
        RECORDING_ANNOUNCED,
};

/* What is tried with a caller who is no party, in this order; what is left over is refused. */
enum policy_rung {
        RUNG_INTENT,  /* the platform has said that the party calls from this telephone */
        RUNG_PIN,     /* the caller keys in the party's digits */
        RUNG_REQUEST, /* the other party is asked */
        POLICY_RUNGS,
};

/* What a refused caller gets, whoever it is. */
enum policy_refusal {
        REFUSAL_ANNOUNCE, /* an answer, the announcement, BYE */
        REFUSAL_EARLY,    /* the announcement before any answer, then 603 */
        REFUSAL_PLAIN,    /* 603 */
};

enum policy_on_end {
        ON_END_KEEP, /* a running call goes on */
        ON_END_CUT,
};

/* Limits of 0: none. Times are in ms where the name says so. */
struct pool_policy {
        uint8_t model; /* enum session_model of sessions that do not say another one */

        int64_t ttl_ms;     /* a session that says nothing lives this long; 0: until it is ended */
        int64_t ttl_max_ms; /* whatever it says: no longer than this from its creation; 0: none */
        int64_t sliding_ms; /* it ends when it was not used for this long; 0: it does not */
        int64_t quarantine_ms;

        uint8_t selection;     /* enum policy_selection */
        uint8_t match_country; /* enum policy_match */
        uint8_t match_area;
        uint8_t capabilities; /* bits of enum number_capability that a number must have */

        uint8_t direction; /* enum policy_direction */
        uint8_t days; /* a bit for each day on which calls may be made, Monday first; all: 127 */
        uint16_t from_min, to_min; /* of the day, 0 to 1440; from later than to: over midnight */
        int16_t utc_offset_min;    /* -840 to 840: the clock that hours go by */

        uint32_t session_calls_max;
        uint32_t session_concurrent_max;
        uint32_t party_concurrent_max;
        uint32_t party_calls_per_h;
        uint32_t ring_s;
        uint32_t talk_s; /* longest call; 0: the server's limit alone */
        uint32_t warn_s; /* before its end a tone is heard; 0: none */

        uint8_t recording;  /* enum policy_recording */
        char language[16];  /* of announcements: BCP 47; empty: the server's */
        char voice[32];     /* empty: the server's */
        bool tell_ended;    /* a former party hears that the conversation has ended */
        bool take_withheld; /* open numbers take callers who withhold theirs */

        uint8_t ladder; /* bits of enum policy_rung */
        int64_t intent_ms;
        bool pin_joins; /* who keyed in a party's digits is known as the party from then on */
        uint32_t pin_tries_max;
        int64_t lockout_ms;
        int64_t affinity_ms;    /* for how long a call back reaches the one who called */
        int64_t last_caller_ms; /* for how long the last caller can be called */

        char intercept_url[256]; /* asked before a call is connected; empty: nobody is */
        uint32_t intercept_deadline_ms;
        bool intercept_fails_open; /* no answer in time: the call is connected */

        uint8_t on_end;  /* enum policy_on_end */
        uint8_t refusal; /* enum policy_refusal */
        bool allow_premium, allow_emergency;
};

enum policy_kind {
        POLICY_SWITCH,
        POLICY_COUNT,  /* a whole number, which may be negative */
        POLICY_CHOICE, /* one of `words`, held as its index */
        POLICY_SET,    /* any of `words`, held as bits */
        POLICY_TEXT,   /* `max` counts bytes */
};

struct policy_row {
        const char *name; /* "quarantine_ms" */
        enum policy_kind kind;
        size_t offset, bytes;     /* the member's */
        int64_t min, max;         /* POLICY_COUNT, POLICY_TEXT */
        int64_t fallback;         /* default of all but texts, which are empty */
        const char *const *words; /* POLICY_CHOICE and POLICY_SET; NULL ends them */
        const char *unit;         /* "ms"; NULL: none */
        const char *sentence;     /* what it does */
};

extern const struct policy_row pool_policy_rows[];
extern const unsigned pool_policy_row_count;

const struct policy_row *pool_policy_row(struct slice name); /* NULL: there is none */

/* Today's behaviour of a pool that says nothing. */
void pool_policy_default(struct pool_policy *out);

/* Any member but a text. ERR_RANGE: not within its bounds; the policy is as before. */
int pool_policy_set(struct pool_policy *policy, const struct policy_row *row,
                    int64_t value) MUST_CHECK;
int64_t pool_policy_get(const struct pool_policy *policy, const struct policy_row *row);

/*
 * As text, which the store keeps: "true", "7200000", "two-numbers", "intent,pin", any line.
 * ERR_SYNTAX, ERR_RANGE, ERR_NOT_FOUND (no such word), ERR_TOO_LARGE; the policy is as before.
 */
int pool_policy_parse(struct pool_policy *policy, const struct policy_row *row,
                      struct slice text) MUST_CHECK;
void pool_policy_format(const struct pool_policy *policy, const struct policy_row *row,
                        struct buf *out);

/* What the row takes: "a whole number from 0 to 86400000". */
void pool_policy_takes(const struct policy_row *row, struct buf *out);

struct policy_fault {
        const struct policy_row *row; /* the one to change */
        const char *problem, *remedy; /* sentences */
};

/* Whether the members make sense, and agree with each other. False: `fault` says what does not. */
bool pool_policy_check(const struct pool_policy *policy, struct policy_fault *fault) MUST_CHECK;

/* Whether calls may be made at this time. */
bool pool_policy_is_open(const struct pool_policy *policy, int64_t now_ms);

/*
 * When a session created now ends by the policy if its creator says `wanted_ms` (0: nothing).
 * ERR_RANGE: longer than it may live. 0 in `out`: never.
 */
int pool_policy_expiry(const struct pool_policy *policy, int64_t starts_ms, int64_t wanted_ms,
                       int64_t *out) MUST_CHECK;

/* Sliding: when it ends if it is not used any more; never behind `fixed_ms` (0: none). */
int64_t pool_policy_slides_to(const struct pool_policy *policy, int64_t fixed_ms, int64_t used_ms);

#endif
