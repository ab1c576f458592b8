/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"

#include <assert.h>
#include <string.h>

struct heap {
        char *items;
        size_t bytes;
        sort_before_fn *before;
};

static char *item(const struct heap *heap, size_t i)
{
        return heap->items + i * heap->bytes;
}

static void swap(const struct heap *heap, size_t a, size_t b)
{
        char kept[SORT_ITEM_MAX];
        memcpy(kept, item(heap, a), heap->bytes);
        memcpy(item(heap, a), item(heap, b), heap->bytes);
        memcpy(item(heap, b), kept, heap->bytes);
}

/* Lets the item at `at` sink until none below it comes after it. */
static void sink(const struct heap *heap, size_t at, size_t count)
{
        for (;;) {
                size_t child = 2 * at + 1;
                if (child >= count)
                        return;
                if (child + 1 < count && heap->before(item(heap, child), item(heap, child + 1)))
                        child++;
                if (!heap->before(item(heap, at), item(heap, child)))
                        return;
                swap(heap, at, child);
                at = child;
        }
}

void sort_items(void *items, size_t count, size_t item_bytes, sort_before_fn *before)
{
        assert(item_bytes <= SORT_ITEM_MAX);
        const struct heap heap = {items, item_bytes, before};
        for (size_t i = count / 2; i > 0; i--)
                sink(&heap, i - 1, count);
        for (size_t left = count; left > 1; left--) {
                swap(&heap, 0, left - 1);
                sink(&heap, 0, left - 1);
        }
}
