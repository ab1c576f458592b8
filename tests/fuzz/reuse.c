/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reuse.c - large blocks that are taken anew for every input are kept from one input to the next.
 *
 * For targets that open and close a whole user agent at each input: most of their time went into
 * page faults and system calls of blocks that are zeroed, locked, touched a little, and given back.
 * Linked into fuzz builds only, by --wrap; replaying a corpus uses the real ones. A block that was
 * given back is poisoned, so that its use is found as before.
 */
#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX 128
#define BYTES_MIN  2048

void *__real_calloc(size_t count, size_t bytes);
void *__real_malloc(size_t bytes);
void __real_free(void *p);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_malloc(size_t bytes);
void __wrap_free(void *p);
void *__wrap_secret_alloc(size_t bytes);
void __wrap_secret_free(void *p, size_t bytes);

static struct block {
        void *p; /* of the allocator: its red zones stay around it */
        size_t bytes;
        bool is_used;
} blocks[BLOCKS_MAX];
static unsigned block_count;

static void *take(size_t bytes, bool is_zeroed)
{
        for (unsigned i = 0; i < block_count; i++) {
                struct block *block = &blocks[i];
                if (block->is_used || block->bytes != bytes)
                        continue;
                block->is_used = true;
                __asan_unpoison_memory_region(block->p, bytes);
                return is_zeroed ? memset(block->p, 0, bytes) : block->p;
        }
        void *p = __real_calloc(1, bytes);
        if (p && block_count < BLOCKS_MAX)
                blocks[block_count++] = (struct block){p, bytes, true};
        return p;
}

static bool give_back(void *p)
{
        for (unsigned i = 0; p && i < block_count; i++) {
                if (blocks[i].p != p)
                        continue;
                blocks[i].is_used = false;
                __asan_poison_memory_region(p, blocks[i].bytes);
                return true;
        }
        return false;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
        bool is_large = bytes && count >= BYTES_MIN / bytes && count < (1u << 26) / bytes;
        return is_large ? take(count * bytes, true) : __real_calloc(count, bytes);
}

void *__wrap_malloc(size_t bytes)
{
        return bytes < BYTES_MIN || bytes >= 1u << 26 ? __real_malloc(bytes) : take(bytes, false);
}

void __wrap_free(void *p)
{
        if (!give_back(p))
                __real_free(p);
}

void *__wrap_secret_alloc(size_t bytes)
{
        return bytes < BYTES_MIN ? __real_calloc(1, bytes ? bytes : 1) : take(bytes, true);
}

void __wrap_secret_free(void *p, size_t bytes)
{
        (void)bytes;
        __wrap_free(p);
}
