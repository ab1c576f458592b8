/* SPDX-License-Identifier: Apache-2.0 */
#include "store/use_codec.h"

#include <assert.h>

#define HEAD_BYTES  12
#define PARTY_BYTES 10

static bool is_unused(const struct party_use *party)
{
        return party->reached == 0 && party->heard_s == 0 && party->heard_from == PARTY_NONE;
}

void use_encode(const struct session_use *use, struct buf *out)
{
        if (use->calls == 0 && use->last_used_ms == 0)
                return;
        buf_put_be64(out, (uint64_t)use->last_used_ms);
        buf_put_be32(out, use->calls);
        for (unsigned i = 0; i < SESSION_PARTIES_MAX; i++) {
                const struct party_use *party = &use->parties[i];
                if (is_unused(party))
                        continue;
                buf_put_u8(out, (uint8_t)i);
                buf_put_be32(out, party->reached);
                buf_put_be32(out, party->heard_s);
                buf_put_u8(out, party->heard_from);
        }
        assert(buf_ok(out));
}

static uint64_t read_be(const char *p, unsigned bytes)
{
        uint64_t value = 0;
        for (unsigned i = 0; i < bytes; i++)
                value = value << 8 | (uint8_t)p[i];
        return value;
}

int use_decode(struct slice bytes, struct session_use *out)
{
        struct session_use use;
        session_use_init(&use);
        if (bytes.len && (bytes.len < HEAD_BYTES || (bytes.len - HEAD_BYTES) % PARTY_BYTES))
                return ERR_VERSION;
        if (bytes.len) {
                use.last_used_ms = (int64_t)read_be(bytes.p, 8);
                use.calls = (uint32_t)read_be(bytes.p + 8, 4);
        }
        for (size_t at = HEAD_BYTES; at < bytes.len; at += PARTY_BYTES) {
                unsigned i = (uint8_t)bytes.p[at];
                if (i >= SESSION_PARTIES_MAX)
                        return ERR_VERSION;
                use.parties[i].reached = (uint32_t)read_be(bytes.p + at + 1, 4);
                use.parties[i].heard_s = (uint32_t)read_be(bytes.p + at + 5, 4);
                use.parties[i].heard_from = (uint8_t)bytes.p[at + 9];
        }
        *out = use;
        return 0;
}
