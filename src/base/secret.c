/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>

void *secret_alloc(size_t bytes)
{
        if (bytes == 0)
                bytes = 1;
        void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                return NULL;
        (void)mlock(p, bytes);
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
