/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockout.h - how often digits may be guessed.
 *
 * Wrong digits are counted for the caller on the number, and for the number whoever calls, since a
 * caller's number can be forged. At the limit no digits are looked at until `lockout_ms` have gone
 * by without a wrong one; right ones do not clear what was counted. So on one number at most
 * k * (t / lockout_ms + 1) guesses are looked at in a time t, k being the limit of the number, and
 * whoever guesses at n parties with digits of length d finds one with a probability of at most
 * n * 10^-d for each of them.
 *
 * Fixed memory, as in rate.h: who shares two cells with another one is locked out too early, and
 * nobody gets a guess too many. Pure: time and memory are the caller's. Hashes are keyed.
 */
#ifndef MASKLINE_CORE_LOCKOUT_H
#define MASKLINE_CORE_LOCKOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCKOUT_HASH_BYTES    16
#define LOCKOUT_NUMBER_FACTOR 20 /* a number takes as many wrong digits as so many callers */

struct lockout_limit {
        uint32_t tries_max; /* of one caller on one number */
        int64_t lockout_ms;
};

struct lockout_cell {
        int64_t until_ms; /* what it counts is forgotten then */
        uint32_t wrong;
};

struct lockout {
        struct lockout_cell *cells; /* the caller's memory */
        uint32_t count;             /* in each of two rows */
};

/* Who is asked about: both hashes of the same length. */
struct lockout_key {
        uint8_t caller
                [LOCKOUT_HASH_BYTES]; /* of the caller on the number; all withheld ones: one */
        uint8_t number[LOCKOUT_HASH_BYTES];
};

size_t lockout_bytes(uint32_t cells);

/* `memory` holds lockout_bytes(cells) zeroed bytes, stays the caller's and must outlive it. */
void lockout_init(struct lockout *lockout, void *memory, uint32_t cells);

bool lockout_is_locked(const struct lockout *lockout, const struct lockout_key *key,
                       const struct lockout_limit *limit, int64_t now_ms);

/* Digits that nobody has were keyed in. */
void lockout_count(struct lockout *lockout, const struct lockout_key *key,
                   const struct lockout_limit *limit, int64_t now_ms);

#endif
