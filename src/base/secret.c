/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_bool was_refused;

bool secret_is_locked(void)
{
        return !atomic_load(&was_refused);
}

void *secret_alloc(size_t bytes)
{
        if (bytes == 0)
                bytes = 1;
        void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                return NULL;
        /* Sanitizers make nothing of mlock(). */
        if (mlock2(p, bytes, 0) < 0)
                atomic_store(&was_refused, true);
        (void)madvise(p, bytes, MADV_DONTDUMP);
        return p;
}

void secret_free(void *p, size_t bytes)
{
        if (!p)
                return;
        if (bytes == 0)
                bytes = 1;
        explicit_bzero(p, bytes);
        munmap(p, bytes);
}

/* In front of the memory, as wide as the strictest alignment. */
union heap_head {
        size_t bytes;
        max_align_t align;
};

void *secret_heap_alloc(size_t bytes)
{
        if (bytes > SIZE_MAX - sizeof(union heap_head))
                return NULL;
        union heap_head *head = malloc(sizeof *head + bytes);
        if (!head)
                return NULL;
        head->bytes = bytes;
        return head + 1;
}

void secret_heap_free(void *p)
{
        if (!p)
                return;
        union heap_head *head = (union heap_head *)p - 1;
        explicit_bzero(p, head->bytes);
        free(head);
}
