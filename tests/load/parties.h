/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parties.h - who calls whom: the sessions, and which numbers a message may hold.
 *
 * All numbers are invented and differ in their last two digits: +91 98888 000xx are parties, +91
 * 90000 000xx masking numbers. 00 to 49 are the callers and what they dial, 50 to 99 the callees
 * and what they see: so a message at one side must never hold a number of the other half.
 *
 * With `is_shared` several calls may use a session at once, and a callee cannot tell which of them
 * rings; else each session has one call at a time, and both ends of a call know each other.
 */
#ifndef MASKLINE_LOAD_PARTIES_H
#define MASKLINE_LOAD_PARTIES_H

#include "base/list.h"
#include "base/random.h"
#include "base/slice.h"

#define SESSIONS_MAX 4096
#define HALF         50 /* of the last two digits */
#define STRANGER     49 /* a caller who is in no session */
#define UNUSED       49 /* a masking number without a session */

struct call;

enum session_state {
        SESSION_NONE,
        SESSION_LIVE,
        SESSION_ENDED,
};

struct session {
        struct list node; /* among the idle ones of its state */
        enum session_state state;
        uint8_t caller, dials; /* the last two digits */
        uint8_t callee, shows;
        bool is_leaving;   /* it is to be ended: no further calls */
        uint32_t calls;    /* now */
        struct call *call; /* the one, unless it is shared */
};

struct parties {
        bool is_shared;
        struct list live, ended; /* idle */
        struct session sessions[SESSIONS_MAX];
        uint16_t by_callee[HALF][HALF]; /* index + 1, by the callee and the number that it sees */
};

void parties_init(struct parties *parties, bool is_shared);
/* ERR_RANGE, ERR_CONFLICT. The slot's session before must have been ended, with no call on it. */
int parties_add(struct parties *parties, uint32_t slot, const uint8_t digits[4]) MUST_CHECK;
/* True: no call is on it, now; else it goes when the last one has ended (parties_give). */
bool parties_rest(struct parties *parties, struct session *session);
/* Of a session at rest: refused calls are made on it from now on. */
void parties_end(struct parties *parties, struct session *session);
struct session *parties_at(struct parties *parties, uint32_t slot); /* NULL: none */

/* An idle one that is live, or ended; NULL: there is none. */
struct session *parties_take(struct parties *parties, enum session_state state,
                             struct random *random);
/* True: it is at rest now, and that was waited for. */
bool parties_give(struct parties *parties, struct session *session);
/* By what a callee sees of a call; NULL: nobody may call like this. */
struct session *parties_find(struct parties *parties, int callee, int shows);

/* The last two digits of the party or the masking number in a URI; -1: none of ours. */
int parties_real(struct slice text);
int parties_masking(struct slice text);

enum numbers_seen {
        NUMBERS_FINE,
        NUMBERS_LEAK,  /* a party of the other side */
        NUMBERS_WRONG, /* a masking number of the other side, or a number of somebody else */
};
/*
 * What a message holds that came to the caller's side, or to the callee's. `real`, `masking`: the
 * only ones that may be in it, or -1: any of this side.
 */
enum numbers_seen parties_check(struct slice text, bool is_caller_side, int real, int masking);

#endif
