/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_block.h - pairs of people who are not to be connected, in whatever session of the tenant's
 * and from whatever number of theirs.
 *
 * A block is between two numbers, and counts for the parties that have them: also by an alias, and for a
 * caller of an open number. It keeps keyed hashes alone. It holds for the next call, and until it is
 * removed; sessions can be made all the same.
 */
#ifndef MASKLINE_STORE_DIRECTORY_BLOCK_H
#define MASKLINE_STORE_DIRECTORY_BLOCK_H

#include "store/directory.h"

#define DIRECTORY_BLOCKS_MAX 65536 /* of all tenants together */
#define DIRECTORY_BLOCKS_OF  16384 /* of one tenant */

struct directory_block {
        uint64_t id; /* made of the pair: the same whenever it is blocked */
        uint32_t tenant_id;
        int64_t created_ms;
};

/*
 * In no order of the two. `repeated`: they were blocked already; then nothing is changed, and `done`
 * comes when that is on disk. ERR_SYNTAX (the same number twice),
 * ERR_TOO_LARGE (the tenant has as many as one may have), ERR_IN_USE (all together have), ERR_FULL.
 */
int directory_block_add(struct directory *dir, uint32_t tenant_id, struct real_number a,
                        struct real_number b, struct directory_block *out, bool *repeated,
                        directory_done *done, void *arg) MUST_CHECK;
/* ERR_NOT_FOUND, ERR_FULL. */
int directory_block_remove(struct directory *dir, uint32_t tenant_id, uint64_t id,
                           directory_done *done, void *arg) MUST_CHECK;
int directory_block_find(const struct directory *dir, uint32_t tenant_id, uint64_t id,
                         struct directory_block *out) MUST_CHECK; /* ERR_NOT_FOUND */
/*
 * Up to `max` of the tenant's, newest first; those behind the block `before`, 0: from the newest. Of one
 * that is not there: none.
 */
uint32_t directory_block_list(const struct directory *dir, uint32_t tenant_id, uint64_t before,
                              struct directory_block *out, uint32_t max);

/* "b_" and 16 characters. */
struct block_id_text {
        char text[24];
};
struct block_id_text block_id_format(uint64_t id);
int block_id_parse(struct slice text, uint64_t *out) MUST_CHECK; /* ERR_SYNTAX */

#endif
