/* SPDX-License-Identifier: Apache-2.0 */
/*
 * due.h - which slot falls due next: a binary heap that knows where each slot stands.
 */
#ifndef MASKLINE_STORE_DUE_H
#define MASKLINE_STORE_DUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct due_entry {
        int64_t at_ms;
        uint32_t slot;
};

struct due {
        struct due_entry *heap; /* owned */
        uint32_t *where;        /* owned; by slot, position + 1; 0: not in the heap */
        uint32_t count, max;
};

int due_init(struct due *due, uint32_t max) MUST_CHECK; /* slots are below max */
void due_fini(struct due *due);

void due_set(struct due *due, uint32_t slot, int64_t at_ms); /* adds or moves it */
void due_clear(struct due *due, uint32_t slot);              /* not there: nothing happens */
bool due_first(const struct due *due, struct due_entry *out) MUST_CHECK;

#endif
