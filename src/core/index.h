/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - the lookup table in memory: keyed hash of (tenant, masking number, caller) -> the
 * session's slot and the party.
 *
 * Open addressing with linear probing in Robin Hood order; removal shifts back, so there are no
 * tombstones and probes stay short however long it runs. Hashes must be keyed and uniform: they
 * choose the bucket. 20 bytes an entry, at most 80 % full: 25 bytes a mapping. No number is here.
 */
#ifndef MASKLINE_CORE_INDEX_H
#define MASKLINE_CORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define INDEX_HASH_BYTES  16
#define INDEX_SLOTS_MAX   (1u << 28)
#define INDEX_PARTIES_MAX 8

struct index_value {
        uint32_t slot; /* below INDEX_SLOTS_MAX */
        uint8_t party; /* below INDEX_PARTIES_MAX */
};

struct index_entry {
        uint8_t hash[INDEX_HASH_BYTES];
        uint32_t value; /* 0: empty */
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

/* ERR_FULL at the limit, ERR_EXISTS when the hash is there. */
int index_add(struct index *index, const uint8_t hash[INDEX_HASH_BYTES],
              struct index_value value) MUST_CHECK;

bool index_find(const struct index *index, const uint8_t hash[INDEX_HASH_BYTES],
                struct index_value *out) MUST_CHECK;

/* Only if it leads to `value`; false: it is not there, or leads elsewhere. */
bool index_remove(struct index *index, const uint8_t hash[INDEX_HASH_BYTES],
                  struct index_value value);

#endif
