/* SPDX-License-Identifier: Apache-2.0 */
#include "store/due.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int due_init(struct due *due, uint32_t max)
{
        *due = (struct due){.max = max};
        due->heap = calloc(max ? max : 1, sizeof *due->heap);
        due->where = calloc(max ? max : 1, sizeof *due->where);
        if (due->heap && due->where)
                return 0;
        due_fini(due);
        return -ENOMEM;
}

void due_fini(struct due *due)
{
        free(due->heap);
        free(due->where);
        *due = (struct due){0};
}

static void put(struct due *due, uint32_t at, struct due_entry entry)
{
        due->heap[at] = entry;
        due->where[entry.slot] = at + 1;
}

static void rise(struct due *due, uint32_t at, struct due_entry entry)
{
        while (at > 0 && due->heap[(at - 1) / 2].at_ms > entry.at_ms) {
                put(due, at, due->heap[(at - 1) / 2]);
                at = (at - 1) / 2;
        }
        put(due, at, entry);
}

static void sink(struct due *due, uint32_t at, struct due_entry entry)
{
        for (;;) {
                uint32_t child = 2 * at + 1;
                if (child + 1 < due->count && due->heap[child + 1].at_ms < due->heap[child].at_ms)
                        child++;
                if (child >= due->count || due->heap[child].at_ms >= entry.at_ms)
                        break;
                put(due, at, due->heap[child]);
                at = child;
        }
        put(due, at, entry);
}

void due_set(struct due *due, uint32_t slot, int64_t at_ms)
{
        assert(slot < due->max);
        due_clear(due, slot);
        rise(due, due->count++, (struct due_entry){at_ms, slot});
}

void due_clear(struct due *due, uint32_t slot)
{
        assert(slot < due->max);
        if (!due->where[slot])
                return;

        uint32_t at = due->where[slot] - 1;
        due->where[slot] = 0;
        struct due_entry last = due->heap[--due->count];
        if (at == due->count)
                return;
        /* The last entry fills the gap and may have to go either way. */
        if (at > 0 && due->heap[(at - 1) / 2].at_ms > last.at_ms)
                rise(due, at, last);
        else
                sink(due, at, last);
}

bool due_first(const struct due *due, struct due_entry *out)
{
        if (due->count == 0)
                return false;
        *out = due->heap[0];
        return true;
}
