/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capacity_held.h - how many numbers to rent, by what sessions hold at one moment.
 *
 * Each session counts as a create of somebody who holds as much as its busiest party does: a create is
 * served when each number that it takes is free for all who dial it, which it is for sure with as many
 * numbers as they hold together. What one dials alone takes as many as one holds. So the share of
 * sessions that need more than N bounds the creates that N numbers would refuse at such a moment.
 *
 * Pure; the keys are sorted, and changed, in the caller's memory, a few steps at a time.
 */
#ifndef MASKLINE_CORE_CAPACITY_HELD_H
#define MASKLINE_CORE_CAPACITY_HELD_H

#include "core/certificate.h"

struct capacity_held {
        uint32_t sessions; /* that hold numbers for parties */
        uint32_t most;     /* numbers that would serve every one of them */
        uint32_t numbers;  /* that serve as many as are wanted */
        uint32_t refused;  /* sessions that `numbers` might not have served */
};

struct capacity_held_work {
        struct certificate_key *keys;
        uint32_t count; /* of keys that are left; at last of sessions */
        uint32_t refused_per_million;
        unsigned stage;
        uint32_t at, run;         /* of the stage that counts; where its run began */
        uint64_t need, of_number; /* the session that is being counted; and one number of it */
        struct sorting sorting;
        struct capacity_held made;
};
void capacity_held_begin(struct capacity_held_work *work, struct certificate_key *keys,
                         uint32_t count, uint32_t refused_per_million);
bool capacity_held_go_on(struct capacity_held_work *work, uint32_t steps); /* true: `made` holds */

#endif
