/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capacity.h - how many numbers to rent, and how long to quarantine, for what one wants.
 *
 * From past sessions: for each create, how many numbers its busier party would hold with it, those
 * in quarantine included. As many numbers serve it, whatever else goes on; so the share of creates
 * that need more than N is an upper bound of what a pool of N would have refused (a session that
 * is refused frees numbers for others).
 *
 * From redials: who dials a number after its session ended is refused as long as the quarantine
 * lasts; later the call may reach a stranger. The share of redials that come later is an upper
 * bound: most of them find the pair unused.
 *
 * Pure: memory is the caller's.
 */
#ifndef MASKLINE_CORE_CAPACITY_H
#define MASKLINE_CORE_CAPACITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/session.h"

struct capacity_session {
        int64_t start_ms, end_ms; /* end 0: it still lives */
        uint64_t party[2];        /* keyed hashes, or any other names */
};

struct capacity_want {
        enum session_model model; /* two numbers, or one */
        int64_t quarantine_ms;
        uint32_t refused_per_million; /* creates that may be refused */
};

struct capacity {
        uint32_t most;    /* numbers that serve every create: D; for one number, what suffices */
        uint32_t numbers; /* that serve as many as are wanted; at most `most` */
        uint32_t refused; /* creates that `numbers` might not serve */
        uint64_t party;   /* the one that needs `most`, and ... */
        int64_t at_ms;    /* ... when */
};

/* The memory that a plan takes for so many sessions. */
size_t capacity_bytes(uint32_t count);

/*
 * `memory` holds capacity_bytes(count), aligned for any type. ERR_RANGE: a session ends before it
 * starts, or is one of a party with itself.
 */
int capacity_plan(const struct capacity_session *sessions, uint32_t count,
                  const struct capacity_want *want, void *memory, struct capacity *out) MUST_CHECK;

/*
 * The shortest quarantine after which at most so many redials of a million come. `delays_ms`, from
 * the end of the session to the redial, get sorted.
 */
int64_t capacity_quarantine_ms(int64_t *delays_ms, uint32_t count, uint32_t misses_per_million);

/* The same without data: delays spread exponentially around their mean. At least one in a million. */
int64_t capacity_quarantine_of_mean_ms(int64_t mean_ms, uint32_t misses_per_million);

#endif
