/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limiter.h - how often somebody may ask: a token bucket for each, in a table of fixed size.
 *
 * Somebody who is not in the table has a full bucket. With the table full, whoever has asked for nothing
 * the longest is forgotten.
 */
#ifndef MASKLINE_API_LIMITER_H
#define MASKLINE_API_LIMITER_H

#include <stdint.h>

#include "base/err.h"
#include "base/random.h"

struct limiter;

/* Of a bucket: tokens come at this pace until it holds `burst`. */
struct limiter_pace {
        uint32_t tokens, per_ms; /* so many in so long; both at least 1 */
        uint32_t burst;          /* at least 1 */
};

int limiter_create(uint32_t buckets_max, struct random *random, struct limiter **out) MUST_CHECK;
void limiter_destroy(struct limiter *limiter); /* NULL is fine */

/* Takes a token of `id`'s. 0, or, when there is none, in how many ms there will be one. */
int64_t limiter_take(struct limiter *limiter, uint64_t id, const struct limiter_pace *pace,
                     int64_t now_ms);

#endif
