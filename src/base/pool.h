/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - a fixed number of objects, taken once, handed out by handle.
 *
 * A handle is {index, generation}; after pool_put() every handle to the object is stale and
 * pool_find() answers NULL. Nobody keeps a pointer across a loop turn.
 */
#ifndef MASKLINE_BASE_POOL_H
#define MASKLINE_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct handle {
        uint32_t index;
        uint32_t generation; /* 0 is never valid: {0} is "no object" */
};

static inline bool handle_is_none(struct handle h)
{
        return h.generation == 0;
}

static inline bool handle_equal(struct handle a, struct handle b)
{
        return a.index == b.index && a.generation == b.generation;
}

struct pool;

/*
 * Takes memory for `count` objects of `object_bytes`, zeroed. With `secret` it is locked and left
 * out of core dumps, for objects that hold real numbers. -ENOMEM when it is not there.
 */
int pool_create(size_t object_bytes, uint32_t count, bool secret, struct pool **out) MUST_CHECK;
void pool_destroy(struct pool *pool); /* NULL is fine */

/* A zeroed object, or NULL when the pool is exhausted. `handle` may be NULL. */
void *pool_take(struct pool *pool, struct handle *handle);
/* The same where there is always one left, and why is said by the caller: asserts it. */
void *pool_get(struct pool *pool, struct handle *handle);
void pool_put(struct pool *pool, void *object); /* wipes it */

/*
 * For a pool whose handles outlive the process. All generations begin past `generation`, so that
 * handles of an earlier pool are stale in this one; nothing may have been taken yet.
 */
void pool_begin_at(struct pool *pool, uint32_t generation);
/* Exactly this object again, under the handle it had. NULL: in use, or no handle of this pool. */
void *pool_take_at(struct pool *pool, struct handle handle);

void *pool_find(struct pool *pool, struct handle handle); /* NULL when stale */
struct handle pool_handle(const struct pool *pool, const void *object);

/* Objects in use; the one at `index` if it is in use, for walking all of them. */
uint32_t pool_used(const struct pool *pool);
uint32_t pool_capacity(const struct pool *pool);
void *pool_at(struct pool *pool, uint32_t index);

#endif
