/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate.h - proof of how many masking numbers a pool needs.
 *
 * Whoever holds D pairs (party, number) at the same time, of live or quarantined sessions, needs D
 * numbers, since no two sessions may share a pair: D is a lower bound for any model. Two-number
 * sessions need no more than that. The certificate names the party that forces it, by a hash, and
 * can bring all pairs, so that somebody else can check it: tests/unit/core/certificate.py does,
 * and shares no code with us.
 *
 * Pure; the pairs are sorted in the caller's memory.
 */
#ifndef MASKLINE_CORE_CERTIFICATE_H
#define MASKLINE_CORE_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/number.h"

struct certificate_pair {
        uint64_t party; /* keyed hash of a real number; an alias is one of its own */
        struct masking_number number;
        uint64_t session_id;
        bool is_quarantined;
};

struct certificate {
        uint32_t most;  /* D; 0: nobody holds anything */
        uint64_t party; /* that holds so many; of several the smallest hash */
        uint32_t first; /* its pairs: `most` of them from this index */
        uint32_t parties, pairs, quarantined;
        uint32_t numbers; /* in use */
};

/*
 * Sorts `pairs` by party and number. ERR_CONFLICT: a pair is there twice, which no allocation may
 * do: `out->first` is the second one's index.
 */
int certificate_make(struct certificate_pair *pairs, uint32_t count,
                     struct certificate *out) MUST_CHECK;

/* A line of JSON each, for a file: the head first, then pairs in their order, some or all. */
void certificate_put_head(const struct certificate *certificate, bool is_complete, struct buf *out);
void certificate_put_pair(const struct certificate_pair *pair, struct buf *out);

#endif
