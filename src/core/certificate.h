/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate.h - proof of how many masking numbers a pool needs.
 *
 * Sessions hold keys (core/route.h), which no two of them may share. Whoever holds D keys at the same
 * time, of live or quarantined sessions, holds D numbers, and would whatever chose them: D is a lower
 * bound for any model. Two-number sessions need no more than that. The certificate names the party
 * that forces it, by a hash, and has all keys, so that somebody else can check it:
 * tests/unit/core/certificate.py does, and shares no code with us.
 *
 * Pure; the keys are sorted in the caller's memory, a few steps at a time.
 */
#ifndef MASKLINE_CORE_CERTIFICATE_H
#define MASKLINE_CORE_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sort.h"

/* One may dial a number: 24 bytes, of which there are some millions. */
struct certificate_key {
        uint64_t number; /* keyed hash of the masking number */
        uint64_t who; /* of the party's number, an alias being one of its own, or of its digits */
        uint64_t session : 40;
        uint64_t by : 2; /* enum route_by: a party, digits, anyone */
        uint64_t is_quarantined : 1;
};
_Static_assert(sizeof(struct certificate_key) == 24,
               "the figure in docs/design/how-many-numbers.md");

struct certificate {
        uint32_t most;  /* numbers that one party holds: D; 0: none holds any */
        uint64_t party; /* the one; of several that of the smallest hash */
        uint32_t first; /* its keys: `most` of them from this index */
        uint32_t parties, keys, quarantined;
        uint32_t numbers; /* in use */
        uint32_t open;    /* of them, for anyone */
        uint32_t shared;  /* keys that are there twice, which no allocation may do: always 0 */
};

struct certificate_work {
        struct certificate_key *keys;
        uint32_t count;
        unsigned stage;
        uint32_t at;    /* of the stage that counts */
        uint32_t holds; /* the party that is being counted, so far */
        struct sorting sorting;
        struct certificate made;
};
/* `keys` are the caller's, and are sorted when it is done: by party, those of parties first. */
void certificate_begin(struct certificate_work *work, struct certificate_key *keys, uint32_t count);
bool certificate_go_on(struct certificate_work *work, uint32_t steps); /* true: `made` holds */

/* The keys in the order in which they are told: those of the party that forces it first. */
const struct certificate_key *certificate_key_at(const struct certificate_work *work, uint32_t i);

#endif
