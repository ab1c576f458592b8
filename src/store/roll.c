/* SPDX-License-Identifier: Apache-2.0 */
#include "store/roll.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int roll_init(struct roll *roll, uint32_t max, uint64_t (*id_of)(const void *arg, uint32_t slot),
              const void *arg)
{
        /* Spare room at the end: the entries move back to the front once in max / 4 additions. */
        uint32_t room = max + max / 4 + 1;
        uint32_t *slots = calloc(room, sizeof *slots);
        if (!slots)
                return -ENOMEM;
        *roll = (struct roll){.slots = slots, .max = max, .room = room, .id_of = id_of, .arg = arg};
        return 0;
}

void roll_fini(struct roll *roll)
{
        free(roll->slots);
        *roll = (struct roll){0};
}

static void shift(struct roll *roll, uint32_t from, uint32_t to, uint32_t count)
{
        memmove(&roll->slots[to], &roll->slots[from], count * sizeof *roll->slots);
}

uint32_t roll_below(const struct roll *roll, uint64_t id)
{
        uint32_t low = 0, high = roll->count;
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (roll->id_of(roll->arg, roll_at(roll, middle)) < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

uint32_t roll_at(const struct roll *roll, uint32_t position)
{
        assert(position < roll->count);
        return roll->slots[roll->first + position];
}

void roll_add(struct roll *roll, uint32_t slot)
{
        assert(roll->count < roll->max);
        if (roll->first + roll->count == roll->room) {
                shift(roll, roll->first, 0, roll->count);
                roll->first = 0;
        }
        uint32_t position = roll_below(roll, roll->id_of(roll->arg, slot));
        uint32_t at = roll->first + position;
        shift(roll, at, at + 1, roll->count - position);
        roll->slots[at] = slot;
        roll->count++;
}

void roll_remove(struct roll *roll, uint32_t slot)
{
        uint32_t position = roll_below(roll, roll->id_of(roll->arg, slot));
        assert(position < roll->count);
        assert(roll_at(roll, position) == slot);

        uint32_t at = roll->first + position;
        if (position < roll->count / 2) {
                shift(roll, roll->first, roll->first + 1, position);
                roll->first++;
        } else {
                shift(roll, at + 1, at, roll->count - position - 1);
        }
        roll->count--;
}
