/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_token.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"

void sip_token_keys_init(struct sip_token_keys *keys, struct random *random)
{
        random_fill(random, keys, sizeof *keys);
}

static uint64_t tag_of(const struct sip_token_keys *keys, enum sip_token_kind kind,
                       uint64_t payload)
{
        const uint64_t covered[2] = {kind, payload};
        return siphash(&keys->tag, covered, sizeof covered);
}

static uint64_t mask_of(const struct sip_token_keys *keys, uint64_t tag)
{
        return siphash(&keys->mask, &tag, sizeof tag);
}

static void put_hex(char *out, uint64_t value)
{
        for (unsigned i = 0; i < 16; i++)
                out[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
}

static bool get_hex(const char *text, uint64_t *out)
{
        uint64_t value = 0;
        for (unsigned i = 0; i < 16; i++) {
                char c = text[i];
                unsigned digit;
                if (c >= '0' && c <= '9')
                        digit = (unsigned)(c - '0');
                else if (c >= 'a' && c <= 'f')
                        digit = (unsigned)(c - 'a') + 10;
                else
                        return false;
                value = value << 4 | digit;
        }
        *out = value;
        return true;
}

struct sip_token_text sip_token_make(const struct sip_token_keys *keys, enum sip_token_kind kind,
                                     struct sip_token token)
{
        assert(token.slot.index <= SIP_TOKEN_INDEX_MAX);
        uint64_t payload = (uint64_t)token.shard << 56 | (uint64_t)token.slot.index << 32 |
                           token.slot.generation;
        uint64_t tag = tag_of(keys, kind, payload);

        struct sip_token_text out = {{0}};
        put_hex(out.text, tag);
        put_hex(out.text + 16, payload ^ mask_of(keys, tag));
        return out;
}

bool sip_token_read(const struct sip_token_keys *keys, enum sip_token_kind kind, struct slice text,
                    struct sip_token *out)
{
        uint64_t tag, masked;
        if (text.len != SIP_TOKEN_CHARS || !get_hex(text.p, &tag) || !get_hex(text.p + 16, &masked))
                return false;

        uint64_t payload = masked ^ mask_of(keys, tag);
        if (tag_of(keys, kind, payload) != tag)
                return false;
        out->shard = (uint8_t)(payload >> 56);
        out->slot.index = (uint32_t)(payload >> 32) & SIP_TOKEN_INDEX_MAX;
        out->slot.generation = (uint32_t)payload;
        return true;
}

struct sip_branch_text sip_branch_make(const struct sip_token_keys *keys, struct sip_token token)
{
        struct sip_branch_text out = {SIP_BRANCH_COOKIE};
        struct sip_token_text text = sip_token_make(keys, SIP_TOKEN_BRANCH, token);
        memcpy(out.text + strlen(SIP_BRANCH_COOKIE), text.text, sizeof text.text);
        return out;
}

void sip_token_random(struct random *random, char *out, size_t bytes)
{
        uint8_t id[SIP_TOKEN_CHARS / 2];
        struct buf b;
        assert(bytes <= sizeof id);
        random_fill(random, id, bytes);
        buf_init(&b, out, 2 * bytes);
        buf_put_hex(&b, id, bytes);
        out[b.len] = '\0';
}

struct sip_branch_text sip_branch_random(struct random *random)
{
        struct sip_branch_text out = {SIP_BRANCH_COOKIE};
        put_hex(out.text + strlen(SIP_BRANCH_COOKIE), random_u64(random));
        put_hex(out.text + strlen(SIP_BRANCH_COOKIE) + 16, random_u64(random));
        return out;
}

bool sip_branch_has_cookie(struct slice branch)
{
        return slice_starts_with(branch, SLICE(SIP_BRANCH_COOKIE)) &&
               branch.len > strlen(SIP_BRANCH_COOKIE);
}

bool sip_branch_read(const struct sip_token_keys *keys, struct slice branch, struct sip_token *out)
{
        if (!sip_branch_has_cookie(branch))
                return false;
        size_t cookie = strlen(SIP_BRANCH_COOKIE);
        const struct slice token = {branch.p + cookie, branch.len - cookie};
        return sip_token_read(keys, SIP_TOKEN_BRANCH, token, out);
}
