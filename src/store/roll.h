/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roll.h - slots in the order of their ascending ids: appended at the end, removed anywhere.
 *
 * Five bytes an entry. What is removed is mostly old, so removal shifts the shorter side; a
 * position is found by binary search over the ids, which the owner of the slots tells.
 */
#ifndef MASKLINE_STORE_ROLL_H
#define MASKLINE_STORE_ROLL_H

#include <stdint.h>

#include "base/err.h"

struct roll {
        uint32_t *slots; /* owned; used from `first` on */
        uint32_t first, count;
        uint32_t max, room; /* entries; memory */
        uint64_t (*id_of)(const void *arg, uint32_t slot);
        const void *arg;
};

int roll_init(struct roll *roll, uint32_t max, uint64_t (*id_of)(const void *arg, uint32_t slot),
              const void *arg) MUST_CHECK;
void roll_fini(struct roll *roll);

/* Its id lies above all others', or, for one that is put back, where it was. At most `max`. */
void roll_add(struct roll *roll, uint32_t slot);
void roll_remove(struct roll *roll, uint32_t slot);

/* How many ids lie below `id`: the position of `id` itself if it is there. */
uint32_t roll_below(const struct roll *roll, uint64_t id);
uint32_t roll_at(const struct roll *roll, uint32_t position); /* position < count */

#endif
