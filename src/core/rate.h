/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate.h - how often somebody may do something, for any number of somebodies in fixed memory.
 *
 * Token buckets: `n` at once, then one more each period divided by n, so never more than 2n - 1
 * within a period. A bucket is one point in time (GCRA), in two cells that the key's hash names;
 * who shares both of them with another one may be refused too early, and nobody is let through
 * too often. There is nothing to be cleared away and nothing to be pushed out.
 *
 * Pure: memory is the caller's, and so is the time, which must not go back. Hashes are keyed: they
 * choose the cells.
 */
#ifndef MASKLINE_CORE_RATE_H
#define MASKLINE_CORE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATE_HASH_BYTES 16

struct rate_limit {
        uint32_t n; /* at least 1, at most a period in ms */
        int64_t period_ms;
};

struct rate {
        int64_t *cells; /* the caller's memory; when each bucket is full again */
        uint32_t count; /* in each of two rows */
};

size_t rate_bytes(uint32_t cells);

/* `memory` holds rate_bytes(cells) zeroed bytes, stays the caller's and must outlive it. */
void rate_init(struct rate *rate, void *memory, uint32_t cells);

/* Whether there is a token; none is taken. */
bool rate_has(const struct rate *rate, const uint8_t hash[RATE_HASH_BYTES],
              const struct rate_limit *limit, int64_t now_ms);

/* Takes a token; false: there is none. */
bool rate_take(struct rate *rate, const uint8_t hash[RATE_HASH_BYTES],
               const struct rate_limit *limit, int64_t now_ms);

/* How long until there is one; 0: there is. For Retry-After. */
int64_t rate_wait_ms(const struct rate *rate, const uint8_t hash[RATE_HASH_BYTES],
                     const struct rate_limit *limit, int64_t now_ms);

#endif
