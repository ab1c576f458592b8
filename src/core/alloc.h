/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.h - which masking numbers a new two-number session gets.
 *
 * Each party needs a number that is free for that party: no live or quarantined session of theirs
 * holds it. The two are chosen independently, least recently used first, so a create fails only
 * when one party alone has used up the pool: D numbers serve whoever holds at most D sessions at
 * once, quarantined ones included. Where it costs nothing the two differ, so that each party has
 * a number of its own; where it would cost the session, both dial the same one.
 *
 * Pure: the pool and what is free are the caller's to tell.
 */
#ifndef MASKLINE_CORE_ALLOC_H
#define MASKLINE_CORE_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define ALLOC_NONE UINT32_MAX

/* Numbers go by any index of the caller's. */
struct alloc_pool {
        uint32_t (*first)(void *arg);                /* least recently used; ALLOC_NONE: empty */
        uint32_t (*next)(void *arg, uint32_t after); /* ALLOC_NONE: that was the last */
        bool (*is_free)(void *arg, uint32_t number, unsigned party);
        void *arg;
};

/*
 * `given` numbers (ALLOC_NONE: choose one) need not be in the pool. ERR_CONFLICT: a given one is
 * not free for its party; ERR_NO_NUMBER: the pool has none that is free for a party.
 */
int alloc_pick(const struct alloc_pool *pool, const uint32_t given[2], uint32_t out[2]) MUST_CHECK;

#endif
