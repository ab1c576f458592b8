/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces.h - byte strings of any length out of memory that is taken once: chains of fixed pieces.
 *
 * For what is usually absent and sometimes long. What it holds is counted and bounded; a string that
 * finds no room is refused whole.
 */
#ifndef MASKLINE_STORE_PIECES_H
#define MASKLINE_STORE_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

#define PIECE_BYTES 60 /* of content; 64 with what links it to the next */
#define PIECES_NONE UINT32_MAX

struct pieces {
        struct pool *pool; /* owned */
};

int pieces_init(struct pieces *pieces, uint32_t max) MUST_CHECK;
void pieces_fini(struct pieces *pieces); /* after a failed init, too */

/* `first` names the string from now on; PIECES_NONE for an empty one. ERR_FULL: nothing was taken. */
int pieces_put(struct pieces *pieces, const void *bytes, size_t len, uint32_t *first) MUST_CHECK;
/* `len` is what was put. */
void pieces_get(const struct pieces *pieces, uint32_t first, void *out, size_t len);
void pieces_drop(struct pieces *pieces, uint32_t first); /* wipes it; PIECES_NONE is fine */

uint32_t pieces_used(const struct pieces *pieces);
/* Each piece, for tests that look for what must not be there. */
void pieces_visit(const struct pieces *pieces,
                  void (*visit)(void *arg, const void *p, size_t bytes), void *arg);

#endif
