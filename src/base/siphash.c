/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"

static uint64_t rotl(uint64_t x, int bits)
{
        return x << bits | x >> (64 - bits);
}

static uint64_t load_le64(const uint8_t *p, size_t len)
{
        uint64_t value = 0;
        for (size_t i = 0; i < len; i++)
                value |= (uint64_t)p[i] << (8 * i);
        return value;
}

static void sip_round(uint64_t v[4])
{
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotl(v[1], 13) ^ v[0];
        v[3] = rotl(v[3], 16) ^ v[2];
        v[0] = rotl(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotl(v[1], 17) ^ v[2];
        v[3] = rotl(v[3], 21) ^ v[0];
        v[2] = rotl(v[2], 32);
}

static void absorb(uint64_t v[4], uint64_t word)
{
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
}

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len)
{
        const uint8_t *p = bytes;
        uint64_t v[4] = {
                key->k[0] ^ 0x736f6d6570736575u,
                key->k[1] ^ 0x646f72616e646f6du,
                key->k[0] ^ 0x6c7967656e657261u,
                key->k[1] ^ 0x7465646279746573u,
        };

        size_t whole = len & ~(size_t)7;
        for (size_t i = 0; i < whole; i += 8)
                absorb(v, load_le64(p + i, 8));
        uint64_t last = (uint64_t)len << 56;
        if (len > whole)
                last |= load_le64(p + whole, len - whole);
        absorb(v, last);

        v[2] ^= 0xff;
        for (int i = 0; i < 4; i++)
                sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}
