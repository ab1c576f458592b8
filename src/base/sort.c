/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sort.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static char *item(const struct sorting *s, size_t i)
{
        return s->items + i * s->item_bytes;
}

static void swap(const struct sorting *s, size_t a, size_t b)
{
        char kept[SORT_ITEM_MAX];
        memcpy(kept, item(s, a), s->item_bytes);
        memcpy(item(s, a), item(s, b), s->item_bytes);
        memcpy(item(s, b), kept, s->item_bytes);
}

/* Lets the item at `at` sink until none below it comes after it. */
static void sink(const struct sorting *s, size_t at, size_t count)
{
        for (;;) {
                size_t child = 2 * at + 1;
                if (child >= count)
                        return;
                if (child + 1 < count && s->before(item(s, child), item(s, child + 1)))
                        child++;
                if (!s->before(item(s, at), item(s, child)))
                        return;
                swap(s, at, child);
                at = child;
        }
}

void sorting_begin(struct sorting *sorting, void *items, size_t count, size_t item_bytes,
                   sort_before_fn *before)
{
        assert(item_bytes <= SORT_ITEM_MAX);
        *sorting = (struct sorting){items, count, item_bytes, before, count / 2, count};
}

bool sorting_go_on(struct sorting *s, size_t steps)
{
        for (; steps && s->unheaped; steps--, s->unheaped--)
                sink(s, s->unheaped - 1, s->count);
        for (; steps && s->unsorted > 1; steps--, s->unsorted--) {
                swap(s, 0, s->unsorted - 1);
                sink(s, 0, s->unsorted - 1);
        }
        return s->unheaped == 0 && s->unsorted <= 1;
}

void sort_items(void *items, size_t count, size_t item_bytes, sort_before_fn *before)
{
        struct sorting sorting;
        sorting_begin(&sorting, items, count, item_bytes, before);
        bool sorted = sorting_go_on(&sorting, SIZE_MAX);
        assert(sorted);
        (void)sorted;
}
