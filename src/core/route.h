/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.h - the rows of a session: by which keys it is found, and whom a call reaches.
 *
 * A lookup goes by key: first the exact one (dialled, caller), then (dialled, digits) if some were
 * keyed in, then (dialled, anyone). A key only leads to a session; whom the call reaches is decided
 * here, on the session in the clear, by full comparison.
 */
#ifndef MASKLINE_CORE_ROUTE_H
#define MASKLINE_CORE_ROUTE_H

#include "core/session.h"
#include "core/session_use.h"

enum route_by {
        ROUTE_EXACT,  /* (dialled, caller) */
        ROUTE_DIGITS, /* (dialled, digits) */
        ROUTE_ANYONE, /* (dialled) */
};

struct route_key {
        enum route_by by;
        struct masking_number dialled;
        struct real_number caller; /* ROUTE_EXACT */
        struct pin_hash digits;    /* ROUTE_DIGITS */
        uint8_t slot, party;       /* the party that it lets in, or reaches; PARTY_NONE */
};

/* Walks the keys of a session in a fixed order; begin with all zero but the session. */
struct route_walk {
        const struct session *session;
        unsigned slot, party, step;
};
/*
 * `out` has a real number in it until the walk is at its end; who leaves it before wipes it. Every key
 * of the session is unique among sessions that are not erased. Two numbers and no
 * aliases: two keys. False: that was the last.
 */
bool route_next(struct route_walk *walk, struct route_key *out);

/* The keys that a slot would have if it held `number`: what must be free for it. */
bool route_next_of_slot(struct route_walk *walk, struct masking_number number,
                        struct route_key *out);

struct route_call {
        struct masking_number dialled;
        struct real_number caller;   /* none: withheld, or not to be read */
        struct real_number acts_for; /* the number of the party that it is said to be; none */
        struct pin_hash digits;      /* none: none were keyed in */
        /* Where one of several is reached, the party of this number is, whoever's turn it is; none. */
        struct real_number reaches;
        uint32_t apart; /* a bit each: parties who are reached only if there is no other one */
        int64_t now_ms;
};

/* How long what was heard counts; 0: never. */
struct route_memory {
        int64_t affinity_ms;    /* that a party was called by another one */
        int64_t last_caller_ms; /* that it was the last caller */
};

/*
 * Whom the call reaches and what that one sees. False: the session has no row for it, and `out` is
 * untouched. The session may have ended: the mapping says so and mask_decide() judges. `use` may
 * be NULL: nothing is known yet of the session's calls.
 */
bool session_route(const struct session *session, const struct session_use *use,
                   const struct route_memory *memory, const struct route_call *call,
                   struct mapping *out);

/*
 * For a caller who is no party: the one party that whoever dials this number reaches, and what it would
 * see. False: there is none, or not one alone, or the call comes from a telephone of its own.
 */
bool session_route_request(const struct session *session, const struct route_call *call,
                           struct mapping *out);

/*
 * Who called the party of a last-caller session: the one it reaches from now on. True: the session
 * was changed and is to be sealed again.
 */
bool session_note_caller(struct session *session, const struct mapping *mapping,
                         struct real_number caller, int64_t now_ms);

#endif
