/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool_take.c - linked into every test instead of the call of pool_take() (ld's --wrap): where
 * memory.c is preloaded, an object may be refused. Otherwise nothing is different.
 */
#include <dlfcn.h>

#include "base/pool.h"

void *__real_pool_take(struct pool *pool, struct handle *handle);
void *__wrap_pool_take(struct pool *pool, struct handle *handle);

typedef bool refuses_fn(void *pc, const void *frame);

static refuses_fn *find(void)
{
        static refuses_fn *refuses;
        static bool is_found;
        if (!is_found)
                refuses = (refuses_fn *)dlsym(RTLD_DEFAULT, "memory_refuses_pool_take");
        is_found = true;
        return refuses;
}

void *__wrap_pool_take(struct pool *pool, struct handle *handle)
{
        refuses_fn *refuses = find();
        if (refuses && refuses(__builtin_return_address(0), __builtin_frame_address(0)))
                return NULL;
        return __real_pool_take(pool, handle);
}
