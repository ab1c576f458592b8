/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rate.h"

#include <assert.h>
#include <string.h>

#define ROWS 2

size_t rate_bytes(uint32_t cells)
{
        return (size_t)cells * ROWS * sizeof(int64_t);
}

void rate_init(struct rate *rate, void *memory, uint32_t cells)
{
        assert(cells > 0);
        *rate = (struct rate){memory, cells};
}

/* Each row goes by its own half of the hash. */
static int64_t *cell_of(const struct rate *rate, const uint8_t *hash, unsigned row)
{
        uint64_t half;
        memcpy(&half, hash + row * sizeof half, sizeof half);
        uint64_t at = (uint64_t)(((unsigned __int128)half * rate->count) >> 64);
        return &rate->cells[row * (size_t)rate->count + at];
}

static int64_t full_at(const struct rate *rate, const uint8_t *hash, int64_t now_ms)
{
        int64_t a = *cell_of(rate, hash, 0), b = *cell_of(rate, hash, 1);
        int64_t at = a < b ? a : b;
        return at > now_ms ? at : now_ms;
}

int64_t rate_wait_ms(const struct rate *rate, const uint8_t hash[RATE_HASH_BYTES],
                     const struct rate_limit *limit, int64_t now_ms)
{
        assert(limit->n > 0 && limit->n <= limit->period_ms);
        int64_t each_ms = limit->period_ms / limit->n;
        int64_t wait_ms = full_at(rate, hash, now_ms) - now_ms - each_ms * (limit->n - 1);
        return wait_ms > 0 ? wait_ms : 0;
}

bool rate_has(const struct rate *rate, const uint8_t hash[RATE_HASH_BYTES],
              const struct rate_limit *limit, int64_t now_ms)
{
        return rate_wait_ms(rate, hash, limit, now_ms) == 0;
}

bool rate_take(struct rate *rate, const uint8_t hash[RATE_HASH_BYTES],
               const struct rate_limit *limit, int64_t now_ms)
{
        if (!rate_has(rate, hash, limit, now_ms))
                return false;
        int64_t at = full_at(rate, hash, now_ms) + limit->period_ms / limit->n;
        for (unsigned row = 0; row < ROWS; row++) {
                int64_t *cell = cell_of(rate, hash, row);
                if (*cell < at)
                        *cell = at;
        }
        return true;
}
