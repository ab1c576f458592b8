/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - the lookup table in memory: keyed hash of a row's key (core/route.h) -> the slot of its
 * session.
 *
 * Open addressing with linear probing in Robin Hood order; removal shifts back, so there are no
 * tombstones and probes stay short however long it runs. Hashes must be keyed and uniform: they
 * choose the bucket. 20 bytes an entry, at most 80 % full: 25 bytes a key. No number is here.
 */
#ifndef MASKLINE_CORE_INDEX_H
#define MASKLINE_CORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define INDEX_HASH_BYTES 16
#define INDEX_SLOTS_MAX  (UINT32_MAX - 1)

struct index_entry {
        uint8_t hash[INDEX_HASH_BYTES];
        uint32_t value; /* the slot and 1; 0: empty */
};

struct index {
        struct index_entry *entries; /* the caller's memory */
        uint32_t buckets;
        uint32_t count, max;
};

/* How much memory a table of `max` entries wants. */
size_t index_bytes(uint32_t max);

/* `memory` holds index_bytes(max) zeroed bytes, stays the caller's and must outlive the table. */
void index_init(struct index *index, void *memory, uint32_t max);

/* Slots are at most INDEX_SLOTS_MAX. ERR_FULL at the limit, ERR_EXISTS when the hash is there. */
int index_add(struct index *index, const uint8_t hash[INDEX_HASH_BYTES], uint32_t slot) MUST_CHECK;

bool index_find(const struct index *index, const uint8_t hash[INDEX_HASH_BYTES],
                uint32_t *out) MUST_CHECK;

/* Only if it leads to `slot`; false: it is not there, or leads elsewhere. */
bool index_remove(struct index *index, const uint8_t hash[INDEX_HASH_BYTES], uint32_t slot);

#endif
