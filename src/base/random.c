/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void fill_system(struct random *r, void *out, size_t bytes)
{
        uint8_t *p = out;
        while (bytes) {
                if (r->ahead_left == 0) {
                        ssize_t n = getrandom(r->ahead, sizeof r->ahead, 0);
                        if (n < 0 && errno == EINTR)
                                continue;
                        if (n <= 0)
                                abort();
                        r->ahead_left = (size_t)n;
                }
                size_t take = bytes < r->ahead_left ? bytes : r->ahead_left;
                uint8_t *from = r->ahead + r->ahead_left - take;
                memcpy(p, from, take);
                explicit_bzero(from, take);
                r->ahead_left -= take;
                p += take;
                bytes -= take;
        }
}

static uint64_t splitmix(uint64_t *x)
{
        uint64_t z = *x += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int bits)
{
        return x << bits | x >> (64 - bits);
}

/* xoshiro256** */
static uint64_t next_seeded(uint64_t s[4])
{
        uint64_t result = rotl(s[1] * 5, 7) * 9;
        uint64_t t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = rotl(s[3], 45);
        return result;
}

static void fill_seeded(struct random *r, void *out, size_t bytes)
{
        uint8_t *p = out;
        while (bytes) {
                uint64_t word = next_seeded(r->state);
                size_t take = bytes < sizeof word ? bytes : sizeof word;
                memcpy(p, &word, take);
                p += take;
                bytes -= take;
        }
}

void random_init_system(struct random *r)
{
        *r = (struct random){.fill = fill_system};
}

void random_init_seeded(struct random *r, uint64_t seed)
{
        *r = (struct random){.fill = fill_seeded};
        for (int i = 0; i < 4; i++)
                r->state[i] = splitmix(&seed);
}

void random_fill(struct random *r, void *out, size_t bytes)
{
        r->fill(r, out, bytes);
}

uint32_t random_u32(struct random *r)
{
        uint32_t value;
        random_fill(r, &value, sizeof value);
        return value;
}

uint64_t random_u64(struct random *r)
{
        uint64_t value;
        random_fill(r, &value, sizeof value);
        return value;
}

uint32_t random_below(struct random *r, uint32_t bound)
{
        assert(bound > 0);
        /* Reject the uneven tail, so that no value is favoured. */
        uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
        uint32_t value;
        do {
                value = random_u32(r);
        } while (value >= limit);
        return value % bound;
}
