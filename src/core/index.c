/* SPDX-License-Identifier: Apache-2.0 */
#include "core/index.h"

#include <assert.h>
#include <string.h>

static uint32_t buckets_for(uint32_t max)
{
        uint64_t buckets = (uint64_t)max * 5 / 4 + 1;
        assert(buckets <= UINT32_MAX);
        return (uint32_t)buckets;
}

size_t index_bytes(uint32_t max)
{
        return (size_t)buckets_for(max) * sizeof(struct index_entry);
}

void index_init(struct index *index, void *memory, uint32_t max)
{
        *index = (struct index){.entries = memory, .buckets = buckets_for(max), .max = max};
}

/* Scales the hash's first 64 bits to the table, whose size need not be a power of two. */
static uint32_t home_of(const struct index *index, const uint8_t *hash)
{
        uint64_t head;
        memcpy(&head, hash, sizeof head);
        return (uint32_t)(((unsigned __int128)head * index->buckets) >> 64);
}

static uint32_t next_of(const struct index *index, uint32_t at)
{
        return at + 1 == index->buckets ? 0 : at + 1;
}

/* How far the entry at `at` lies from where its hash sends it. */
static uint32_t distance_of(const struct index *index, uint32_t at)
{
        uint32_t home = home_of(index, index->entries[at].hash);
        return at >= home ? at - home : at + index->buckets - home;
}

/*
 * The bucket of `hash`, or, when it is absent, the one where it would have to go: the first that
 * is empty or whose entry is closer to its home than we would be. `distance` gets ours.
 */
static bool locate(const struct index *index, const uint8_t *hash, uint32_t *out,
                   uint32_t *distance)
{
        uint32_t at = home_of(index, hash);
        for (uint32_t d = 0;; d++, at = next_of(index, at)) {
                const struct index_entry *entry = &index->entries[at];
                bool here = entry->value && !memcmp(entry->hash, hash, sizeof entry->hash);
                if (here || !entry->value || distance_of(index, at) < d) {
                        *out = at;
                        *distance = d;
                        return here;
                }
        }
}

int index_add(struct index *index, const uint8_t hash[INDEX_HASH_BYTES], uint32_t slot)
{
        assert(slot <= INDEX_SLOTS_MAX);
        uint32_t at, distance;
        if (locate(index, hash, &at, &distance))
                return ERR_EXISTS;
        if (index->count == index->max)
                return ERR_FULL;

        struct index_entry carried = {.value = slot + 1};
        memcpy(carried.hash, hash, sizeof carried.hash);
        /* Whoever is closer to home gives way and moves on. */
        while (index->entries[at].value) {
                uint32_t theirs = distance_of(index, at);
                if (theirs < distance) {
                        struct index_entry evicted = index->entries[at];
                        index->entries[at] = carried;
                        carried = evicted;
                        distance = theirs;
                }
                at = next_of(index, at);
                distance++;
        }
        index->entries[at] = carried;
        index->count++;
        return 0;
}

bool index_find(const struct index *index, const uint8_t hash[INDEX_HASH_BYTES], uint32_t *out)
{
        uint32_t at, distance;
        if (!locate(index, hash, &at, &distance))
                return false;
        *out = index->entries[at].value - 1;
        return true;
}

bool index_remove(struct index *index, const uint8_t hash[INDEX_HASH_BYTES], uint32_t slot)
{
        uint32_t at, distance;
        if (!locate(index, hash, &at, &distance) || index->entries[at].value != slot + 1)
                return false;

        /* Those behind move up until one is at home or the run ends. */
        uint32_t next = next_of(index, at);
        while (index->entries[next].value && distance_of(index, next) > 0) {
                index->entries[at] = index->entries[next];
                at = next;
                next = next_of(index, next);
        }
        index->entries[at] = (struct index_entry){0};
        index->count--;
        return true;
}
