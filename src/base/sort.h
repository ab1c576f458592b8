/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sort.h - sorts an array where it lies: no allocation, n log n steps whatever the order was.
 *
 * qsort(3) promises neither. Equal items may change places.
 */
#ifndef MASKLINE_BASE_SORT_H
#define MASKLINE_BASE_SORT_H

#include <stdbool.h>
#include <stddef.h>

#define SORT_ITEM_MAX 64 /* bytes */

typedef bool sort_before_fn(const void *a, const void *b);

void sort_items(void *items, size_t count, size_t item_bytes, sort_before_fn *before);

/*
 * The same a few steps at a time, for a loop that has other things to do: there are 1.5 steps for each
 * item, and none takes more than log n comparisons. Nobody changes the items meanwhile.
 */
struct sorting {
        char *items;
        size_t count, item_bytes;
        sort_before_fn *before;
        size_t unheaped; /* the first so many are no heap yet */
        size_t unsorted; /* then: the first so many are still one */
};
void sorting_begin(struct sorting *sorting, void *items, size_t count, size_t item_bytes,
                   sort_before_fn *before);
bool sorting_go_on(struct sorting *sorting, size_t steps); /* true: they are sorted */

#endif
