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

/* Sessions of a time, and who was in them: in one array, the parties of a session one after the other. */
struct capacity_session {
        int64_t start_ms, end_ms; /* end 0: it still lives */
        uint32_t first;           /* in the array, of ... */
        uint32_t count;           /* ... so many; at least two, all different */
};
struct capacity_log {
        const struct capacity_session *sessions;
        uint32_t count;
        const uint64_t *parties; /* keyed hashes, or any other names */
        uint32_t party_count;    /* of all sessions together */
};

struct capacity_want {
        /*
         * Two numbers, or one, or a group, whose parties take a number for each other one. One number
         * must be free for all: at worst each of them holds other ones.
         */
        enum session_model model;
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

/* The memory that a plan takes for so many parties of all sessions together. */
size_t capacity_bytes(uint32_t party_count);

/*
 * `memory` holds capacity_bytes(log->party_count), aligned for any type. ERR_RANGE: a session ends before
 * it starts, has less than two parties, or one of them twice.
 */
int capacity_plan(const struct capacity_log *log, const struct capacity_want *want, void *memory,
                  struct capacity *out) MUST_CHECK;

/*
 * The shortest quarantine after which at most so many redials of a million come. `delays_ms`, from
 * the end of the session to the redial, get sorted.
 */
int64_t capacity_quarantine_ms(int64_t *delays_ms, uint32_t count, uint32_t misses_per_million);

/* The same without data: delays spread exponentially around their mean. At least one in a million. */
int64_t capacity_quarantine_of_mean_ms(int64_t mean_ms, uint32_t misses_per_million);

#endif
