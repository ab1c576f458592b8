/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - a temporary relation between parties: who they are, and which masking numbers it
 * holds. What follows from it is elsewhere: session_model.h says what each number is for, route.h
 * whom a call reaches.
 */
#ifndef MASKLINE_CORE_SESSION_H
#define MASKLINE_CORE_SESSION_H

#include <stdbool.h>

#include "core/mapping.h"

#define SESSION_PARTIES_MAX   16
#define SESSION_REALS_MAX     32 /* real numbers of all parties together */
#define PARTY_REALS_MAX       4
#define SESSION_GROUP_MAX     8 /* parties of a group */
#define SESSION_SLOTS_MAX     64
#define SESSION_REFERENCE_MAX 64

/* What a session is for; the numbers are stored and never change their meaning. */
enum session_model {
        MODEL_TWO_NUMBERS, /* two parties, each dials a number of its own */
        MODEL_ONE_NUMBER,  /* two parties, both dial the same number */
        MODEL_ONE_WAY,     /* anyone, or the callers of side 0, reach the party of side 1 */
        MODEL_GROUP,       /* each party has a number for each other one */
        MODEL_SIDES,       /* a list on either side, and one number for each side */
        MODEL_EXTENSION,   /* anyone reaches a party by its digits, on a number that many share */
        MODEL_PANEL,       /* interviewers in turn on side 0, the one respondent on side 1 */
        MODEL_LAST_CALLER, /* anyone reaches the one party; it reaches who called it last */
        SESSION_MODELS,
};

/* Digits that a caller keys in, hashed under a key of the tenant's; all zero: none. */
struct pin_hash {
        uint8_t bytes[16];
};

static inline bool pin_is_none(const struct pin_hash *pin)
{
        unsigned any = 0;
        for (unsigned i = 0; i < sizeof pin->bytes; i++)
                any |= pin->bytes[i];
        return any == 0;
}

/* In constant time. */
static inline bool pin_equal(const struct pin_hash *a, const struct pin_hash *b)
{
        unsigned differ = 0;
        for (unsigned i = 0; i < sizeof a->bytes; i++)
                differ |= a->bytes[i] ^ b->bytes[i];
        return differ == 0;
}

/*
 * In the clear: lives in secret memory for as long as a create or a lookup takes. A party that has
 * left keeps its place, with no number, so that the places of the others mean what they meant.
 */
struct session_party {
        struct real_number real[PARTY_REALS_MAX]; /* the first is called, the others are aliases */
        uint8_t real_count;                       /* 0: nobody has this place */
        uint8_t side;                             /* 0 or 1 */
        struct pin_hash pin;
};

struct session {
        uint64_t id; /* sequential in the store, from 1; outside it is spelt by session_id_format */
        uint32_t tenant_id;
        uint32_t pool_id;
        enum session_model model;
        bool open; /* anyone may call: MODEL_LAST_CALLER, and MODEL_ONE_WAY without a list */
        enum session_state state;
        int64_t created_ms, starts_ms, expires_ms /* 0: never */, ended_ms /* 0: not */;
        int64_t fixed_ms;  /* sliding expiry: expires_ms is never put behind this; 0: no bound */
        uint64_t key_slot; /* the vault's name for its key; 0: none */
        struct session_party parties[SESSION_PARTIES_MAX];
        uint8_t party_count; /* places, empty ones among them */
        /* The masking numbers that it holds: what a slot is for, its model says. None: it is not held. */
        struct masking_number slots[SESSION_SLOTS_MAX];
        struct real_number last_caller;        /* MODEL_LAST_CALLER: none, or who called last ... */
        int64_t last_caller_ms;                /* ... and when */
        char reference[SESSION_REFERENCE_MAX]; /* the caller's own, for idempotency; may be empty */
};

/* What state it is in at this time: expiry and start need no event to take effect. */
enum session_state session_state_at(const struct session *session, int64_t now_ms);

/* When it ended, by order or by its time running out; 0: it has not. */
int64_t session_end_at(const struct session *session, int64_t now_ms);

/* Whether it is one of the party's numbers, also an alias. */
bool session_party_has(const struct session_party *party, struct real_number real);

/* The place of the party with this number, also an alias; PARTY_NONE. */
uint8_t session_party_of(const struct session *session, struct real_number real);

#endif
