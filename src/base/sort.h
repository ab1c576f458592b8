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

#endif
