/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int map_init(struct map *map, uint32_t expected, struct siphash_key hash_key)
{
        uint32_t size = 16;
        while (size < expected && size < UINT32_C(1) << 30)
                size *= 2;

        struct map_node **buckets = calloc(size, sizeof(struct map_node *));
        if (!buckets)
                return -ENOMEM;
        *map = (struct map){.buckets = buckets, .mask = size - 1, .hash_key = hash_key};
        return 0;
}

void map_fini(struct map *map)
{
        free(map->buckets);
        *map = (struct map){0};
}

void map_add(struct map *map, struct map_node *node, struct slice key)
{
        assert(!node->link);
        node->key = key;
        node->hash = siphash(&map->hash_key, key.p, key.len);

        struct map_node **head = &map->buckets[node->hash & map->mask];
        node->next = *head;
        node->link = head;
        if (node->next)
                node->next->link = &node->next;
        *head = node;
        map->count++;
}

void map_remove(struct map *map, struct map_node *node)
{
        if (!node->link)
                return;
        *node->link = node->next;
        if (node->next)
                node->next->link = node->link;
        node->next = NULL;
        node->link = NULL;
        map->count--;
}

static struct map_node *first_with(struct map_node *node, uint64_t hash, struct slice key)
{
        while (node && (node->hash != hash || !slice_equal(node->key, key)))
                node = node->next;
        return node;
}

struct map_node *map_find(const struct map *map, struct slice key)
{
        uint64_t hash = siphash(&map->hash_key, key.p, key.len);
        return first_with(map->buckets[hash & map->mask], hash, key);
}

struct map_node *map_find_next(const struct map_node *node)
{
        return first_with(node->next, node->hash, node->key);
}
