/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

struct slot {
        uint32_t generation; /* odd while the object is in use */
        uint32_t next_free;
};

struct pool {
        char *objects;      /* owned */
        struct slot *slots; /* owned */
        size_t object_bytes;
        uint32_t count;
        uint32_t used;
        uint32_t free_head; /* count: none */
        bool secret;
};

int pool_create(size_t object_bytes, uint32_t count, bool secret, struct pool **out)
{
        struct pool *pool = calloc(1, sizeof *pool);
        if (!pool)
                return -ENOMEM;

        /* Objects begin at multiples of 16, as malloc's would. */
        pool->object_bytes = (object_bytes + 15) & ~(size_t)15;
        pool->count = count;
        pool->secret = secret;
        pool->slots = calloc(count ? count : 1, sizeof *pool->slots);
        pool->objects = secret ? secret_alloc(pool->object_bytes * count)
                               : calloc(count ? count : 1, pool->object_bytes);
        if (!pool->slots || !pool->objects) {
                pool_destroy(pool);
                return -ENOMEM;
        }
        for (uint32_t i = 0; i < count; i++)
                pool->slots[i].next_free = i + 1;
        *out = pool;
        return 0;
}

void pool_destroy(struct pool *pool)
{
        if (!pool)
                return;
        if (pool->secret)
                secret_free(pool->objects, pool->object_bytes * pool->count);
        else
                free(pool->objects);
        free(pool->slots);
        free(pool);
}

static uint32_t index_of(const struct pool *pool, const void *object)
{
        size_t offset = (size_t)((const char *)object - pool->objects);
        assert(offset % pool->object_bytes == 0);
        assert(offset / pool->object_bytes < pool->count);
        return (uint32_t)(offset / pool->object_bytes);
}

void *pool_take(struct pool *pool, struct handle *handle)
{
        uint32_t index = pool->free_head;
        if (index == pool->count)
                return NULL;

        struct slot *slot = &pool->slots[index];
        pool->free_head = slot->next_free;
        slot->generation++;
        pool->used++;
        if (handle)
                *handle = (struct handle){index, slot->generation};
        return pool->objects + index * pool->object_bytes;
}

void *pool_get(struct pool *pool, struct handle *handle)
{
        void *object = pool_take(pool, handle);
        assert(object);
        return object;
}

void pool_begin_at(struct pool *pool, uint32_t generation)
{
        assert(pool->used == 0);
        for (uint32_t i = 0; i < pool->count; i++)
                pool->slots[i].generation = generation & ~UINT32_C(1);
}

void *pool_take_at(struct pool *pool, struct handle handle)
{
        if (handle.index >= pool->count || !(handle.generation & 1) ||
            pool->slots[handle.index].generation & 1)
                return NULL;

        /* Short when handles are taken again in ascending order, as they were given out. */
        uint32_t *link = &pool->free_head;
        while (*link != handle.index)
                link = &pool->slots[*link].next_free;
        struct slot *slot = &pool->slots[handle.index];
        *link = slot->next_free;
        slot->generation = handle.generation;
        pool->used++;
        return pool->objects + handle.index * pool->object_bytes;
}

void pool_put(struct pool *pool, void *object)
{
        uint32_t index = index_of(pool, object);
        struct slot *slot = &pool->slots[index];
        assert(slot->generation & 1);

        explicit_bzero(object, pool->object_bytes);
        slot->generation++;
        slot->next_free = pool->free_head;
        pool->free_head = index;
        pool->used--;
}

void *pool_find(struct pool *pool, struct handle handle)
{
        if (handle.index >= pool->count || !(handle.generation & 1) ||
            pool->slots[handle.index].generation != handle.generation)
                return NULL;
        return pool->objects + handle.index * pool->object_bytes;
}

struct handle pool_handle(const struct pool *pool, const void *object)
{
        uint32_t index = index_of(pool, object);
        return (struct handle){index, pool->slots[index].generation};
}

uint32_t pool_used(const struct pool *pool)
{
        return pool->used;
}

uint32_t pool_capacity(const struct pool *pool)
{
        return pool->count;
}

void *pool_at(struct pool *pool, uint32_t index)
{
        if (index >= pool->count || !(pool->slots[index].generation & 1))
                return NULL;
        return pool->objects + index * pool->object_bytes;
}
