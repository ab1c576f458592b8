/* SPDX-License-Identifier: Apache-2.0 */
#include "core/public_id.h"

#include <assert.h>
#include <string.h>

#define HALF_CHARS (PUBLIC_ID_CHARS / 2) /* 8 characters of 5 bits: 40 bits */

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

struct public_id_key public_id_key_from(const uint8_t bytes[32])
{
        struct public_id_key key;
        memcpy(&key.tag, bytes, sizeof key.tag);
        memcpy(&key.mask, bytes + sizeof key.tag, sizeof key.mask);
        return key;
}

static uint64_t keyed40(const struct siphash_key *key, uint64_t value)
{
        uint8_t bytes[8];
        for (unsigned i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)(value >> (56 - 8 * i));
        return siphash(key, bytes, sizeof bytes) & PUBLIC_ID_MAX;
}

static void put_half(uint64_t value, char *out)
{
        for (unsigned i = 0; i < HALF_CHARS; i++)
                out[i] = alphabet[value >> (5 * (HALF_CHARS - 1 - i)) & 31];
}

static int get_half(const char *text, uint64_t *out)
{
        uint64_t value = 0;
        for (unsigned i = 0; i < HALF_CHARS; i++) {
                const char *at = memchr(alphabet, text[i], sizeof alphabet - 1);
                if (!at)
                        return ERR_SYNTAX;
                value = value << 5 | (uint64_t)(at - alphabet);
        }
        *out = value;
        return 0;
}

void public_id_format(const struct public_id_key *key, uint64_t id, char out[PUBLIC_ID_CHARS])
{
        assert(id <= PUBLIC_ID_MAX);
        uint64_t tag = keyed40(&key->tag, id);
        put_half(tag, out);
        put_half(id ^ keyed40(&key->mask, tag), out + HALF_CHARS);
}

int public_id_parse(const struct public_id_key *key, struct slice text, uint64_t *out)
{
        uint64_t tag, masked;
        if (text.len != PUBLIC_ID_CHARS || get_half(text.p, &tag) ||
            get_half(text.p + HALF_CHARS, &masked))
                return ERR_SYNTAX;

        uint64_t id = masked ^ keyed40(&key->mask, tag);
        if (keyed40(&key->tag, id) != tag)
                return ERR_NOT_FOUND;
        *out = id;
        return 0;
}
