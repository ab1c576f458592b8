/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h - an intrusive hash map with a fixed number of buckets, keyed by bytes the objects hold.
 *
 * It owns nothing but its buckets. The hash is keyed, so that a peer who chooses the keys cannot
 * choose the buckets.
 */
#ifndef MASKLINE_BASE_MAP_H
#define MASKLINE_BASE_MAP_H

#include <stdint.h>

#include "base/siphash.h"
#include "base/slice.h"

struct map_node {
        struct map_node *next;
        struct map_node **link; /* what points to us; NULL while in no map */
        struct slice key;       /* bytes inside the object; must not change while in the map */
        uint64_t hash;
};

struct map {
        struct map_node **buckets; /* owned */
        uint32_t mask;
        uint32_t count;
        struct siphash_key hash_key;
};

/* Buckets for about `expected` nodes; it may hold more. -ENOMEM. */
int map_init(struct map *map, uint32_t expected, struct siphash_key hash_key) MUST_CHECK;
void map_fini(struct map *map);

/* `key` must point into the object that holds `node`. Keys may be equal. */
void map_add(struct map *map, struct map_node *node, struct slice key);
void map_remove(struct map *map, struct map_node *node); /* one in no map: nothing happens */
struct map_node *map_find(const struct map *map, struct slice key);
/* Another one with the same key; NULL when there is none left. */
struct map_node *map_find_next(const struct map_node *node);

#endif
