/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lockout.h"

#include <assert.h>
#include <string.h>

#define ROWS 2

size_t lockout_bytes(uint32_t cells)
{
        return (size_t)cells * ROWS * sizeof(struct lockout_cell);
}

void lockout_init(struct lockout *lockout, void *memory, uint32_t cells)
{
        assert(cells > 0);
        *lockout = (struct lockout){memory, cells};
}

static struct lockout_cell *cell_of(const struct lockout *lockout, const uint8_t *hash,
                                    unsigned row)
{
        uint64_t half;
        memcpy(&half, hash + row * sizeof half, sizeof half);
        uint64_t at = (uint64_t)(((unsigned __int128)half * lockout->count) >> 64);
        return &lockout->cells[row * (size_t)lockout->count + at];
}

static uint32_t wrong_in(const struct lockout_cell *cell, int64_t now_ms)
{
        return cell->until_ms > now_ms ? cell->wrong : 0;
}

static uint32_t wrong_of(const struct lockout *lockout, const uint8_t *hash, int64_t now_ms)
{
        uint32_t a = wrong_in(cell_of(lockout, hash, 0), now_ms);
        uint32_t b = wrong_in(cell_of(lockout, hash, 1), now_ms);
        return a < b ? a : b;
}

bool lockout_is_locked(const struct lockout *lockout, const struct lockout_key *key,
                       const struct lockout_limit *limit, int64_t now_ms)
{
        assert(limit->tries_max > 0);
        uint64_t of_number = (uint64_t)limit->tries_max * LOCKOUT_NUMBER_FACTOR;
        return wrong_of(lockout, key->caller, now_ms) >= limit->tries_max ||
               wrong_of(lockout, key->number, now_ms) >= of_number;
}

static void count(struct lockout *lockout, const uint8_t *hash, int64_t lockout_ms, int64_t now_ms)
{
        uint32_t wrong = wrong_of(lockout, hash, now_ms);
        for (unsigned row = 0; row < ROWS; row++) {
                struct lockout_cell *cell = cell_of(lockout, hash, row);
                uint32_t theirs = wrong_in(cell, now_ms);
                cell->wrong = theirs > wrong + 1 ? theirs : wrong + 1;
                if (cell->until_ms < now_ms + lockout_ms)
                        cell->until_ms = now_ms + lockout_ms;
        }
}

void lockout_count(struct lockout *lockout, const struct lockout_key *key,
                   const struct lockout_limit *limit, int64_t now_ms)
{
        count(lockout, key->caller, limit->lockout_ms, now_ms);
        count(lockout, key->number, limit->lockout_ms, now_ms);
}
