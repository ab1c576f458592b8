/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pieces.h"

#include <assert.h>
#include <string.h>

struct piece {
        uint32_t next;
        uint8_t bytes[PIECE_BYTES];
};

_Static_assert(sizeof(struct piece) == 64, "one line of the cache");

int pieces_init(struct pieces *pieces, uint32_t max)
{
        return pool_create(sizeof(struct piece), max, false, &pieces->pool);
}

void pieces_fini(struct pieces *pieces)
{
        pool_destroy(pieces->pool);
        pieces->pool = NULL;
}

static struct piece *piece_at(const struct pieces *pieces, uint32_t index)
{
        struct piece *piece = pool_at(pieces->pool, index);
        assert(piece);
        return piece;
}

static size_t pieces_for(size_t len)
{
        return (len + PIECE_BYTES - 1) / PIECE_BYTES;
}

int pieces_put(struct pieces *pieces, const void *bytes, size_t len, uint32_t *first)
{
        if (pieces_for(len) > pool_capacity(pieces->pool) - pool_used(pieces->pool))
                return ERR_FULL;
        /* From the last to the first: each knows its successor when it is made. */
        uint32_t next = PIECES_NONE;
        for (size_t i = pieces_for(len); i > 0; i--) {
                struct handle handle;
                struct piece *piece = pool_get(pieces->pool, &handle);
                size_t from = (i - 1) * PIECE_BYTES;
                size_t part = len - from < PIECE_BYTES ? len - from : PIECE_BYTES;
                memcpy(piece->bytes, (const uint8_t *)bytes + from, part);
                piece->next = next;
                next = handle.index;
        }
        *first = next;
        return 0;
}

void pieces_get(const struct pieces *pieces, uint32_t first, void *out, size_t len)
{
        uint8_t *to = out;
        for (uint32_t at = first; len > 0;) {
                const struct piece *piece = piece_at(pieces, at);
                size_t part = len < PIECE_BYTES ? len : PIECE_BYTES;
                memcpy(to, piece->bytes, part);
                to += part;
                len -= part;
                at = piece->next;
        }
}

void pieces_drop(struct pieces *pieces, uint32_t first)
{
        while (first != PIECES_NONE) {
                struct piece *piece = piece_at(pieces, first);
                first = piece->next;
                pool_put(pieces->pool, piece);
        }
}

uint32_t pieces_used(const struct pieces *pieces)
{
        return pool_used(pieces->pool);
}

void pieces_visit(const struct pieces *pieces,
                  void (*visit)(void *arg, const void *p, size_t bytes), void *arg)
{
        for (uint32_t i = 0; i < pool_capacity(pieces->pool); i++)
                if (pool_at(pieces->pool, i))
                        visit(arg, pool_at(pieces->pool, i), sizeof(struct piece));
}
