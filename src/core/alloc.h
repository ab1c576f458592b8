/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.h - which masking numbers a session gets for its slots.
 *
 * A slot needs a number that is free for it: no live or quarantined session has one of the keys
 * that the slot would have with it (core/route.h). Slots of different parties are chosen
 * independently, so a two-number create fails only when one party alone has used up the pool: D
 * numbers serve whoever holds at most D sessions at once, quarantined ones included. A party of a
 * group of n takes n - 1 of its numbers. Where it costs nothing the two numbers of a two-number
 * session differ, so that each party has one of its own.
 *
 * Outside the guarantee: slots of several parties (one number, sides), slots for anyone, PINs, and
 * strict countries and areas. A number that is given by name need not be in the pool.
 *
 * Pure: the pool and what is free are the caller's to tell.
 */
#ifndef MASKLINE_CORE_ALLOC_H
#define MASKLINE_CORE_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/pool_policy.h"
#include "core/session.h"

#define ALLOC_NONE UINT32_MAX

/* Numbers go by any index of the caller's. */
struct alloc_pool {
        uint32_t (*first)(void *arg);                /* least recently used; ALLOC_NONE: empty */
        uint32_t (*next)(void *arg, uint32_t after); /* ALLOC_NONE: that was the last */
        const struct number_traits *(*traits)(void *arg, uint32_t number);
        /*
         * Whether every key of the slot would be the first of its kind. A slot for anyone also
         * wants a number that no other session holds, and other slots none that is open.
         */
        bool (*is_free)(void *arg, uint32_t number, unsigned slot);
        void *arg;
};

struct alloc_request {
        const struct session *session; /* model and parties */
        const struct pool_policy *policy;
        uint64_t wanted; /* the slots to be filled, a bit each */
        /* ALLOC_NONE: choose one. Of a slot that is not wanted: what it holds and keeps. */
        uint32_t given[SESSION_SLOTS_MAX];
        uint32_t had[SESSION_SLOTS_MAX]; /* this pair before, of the pool; or ALLOC_NONE */
        struct number_place
                wish[SESSION_PARTIES_MAX]; /* where a party's number should be at home */
};

/* All slots of the session, nothing given, nothing had, no wish. */
void alloc_request_init(struct alloc_request *out, const struct session *session,
                        const struct pool_policy *policy);

enum alloc_reason {
        ALLOC_SERVED,
        ALLOC_POOL_EMPTY,
        ALLOC_NONE_FITS, /* what it must carry, or where it must be at home; the rest is kept back */
        ALLOC_ALL_HELD,  /* each that fits is held or quarantined for who would dial it */
        ALLOC_GIVEN_HELD,   /* the one that was given is */
        ALLOC_GIVEN_FROZEN, /* the one that was given takes no new session */
        ALLOC_GIVEN_TWICE,  /* one number was given for two slots of one party */
        ALLOC_REASONS,
};

struct alloc_outcome {
        enum alloc_reason reason;
        uint8_t slot;      /* the first that could not be filled */
        uint8_t party;     /* who dials it; PARTY_NONE: anyone */
        uint32_t eligible; /* numbers of the pool that fit, whoever holds them */
        uint32_t needed;   /* as many would have served this create; 0: more would not help */
};

/*
 * Fills out[slot] for each wanted slot, or nothing. ERR_CONFLICT: a given number can't be had;
 * ERR_NO_NUMBER: none is left; `outcome` says why. When one that would do has been found, at most
 * 64 more are looked at for one that fits better.
 */
int alloc_pick(const struct alloc_pool *pool, const struct alloc_request *request,
               uint32_t out[SESSION_SLOTS_MAX], struct alloc_outcome *outcome) MUST_CHECK;

const char *alloc_reason_name(enum alloc_reason reason);     /* "all-held" */
const char *alloc_reason_sentence(enum alloc_reason reason); /* why, and what to do */

#endif
