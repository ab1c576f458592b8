/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_slots.h - the file of wrapped session keys: fixed slots, overwritten in place.
 *
 * The whole table is held in memory, so that a look-up never waits for the disk; changes go to the
 * file with key_slots_sync(). It knows nothing about keys: a slot holds bytes that the vault
 * wrapped. One thread changes slots, any may sync.
 */
#ifndef MASKLINE_STORE_KEY_SLOTS_H
#define MASKLINE_STORE_KEY_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/data_dir.h"

#define KEY_SLOT_BYTES  72 /* nonce 24, key 32, tag 16 */
#define KEY_SLOTS_MAX   (16u << 20)
#define KEY_SLOTS_CHUNK 1024 /* the file grows by so many, written out in full */

struct key_slots;

/* `dir` NULL: in memory only. `vault_id` (16 bytes) is written to a new file, compared in an old. */
int key_slots_open(const struct data_dir *dir, const uint8_t vault_id[16], struct key_slots **out,
                   char *problem) MUST_CHECK;
void key_slots_close(struct key_slots *slots);

/*
 * A free slot and the generation its next content has; it stays free until it is set. ERR_FULL,
 * -ENOMEM.
 */
int key_slots_pick(struct key_slots *slots, uint32_t *index, uint32_t *generation) MUST_CHECK;
void key_slots_set(struct key_slots *slots, uint32_t index, const uint8_t content[KEY_SLOT_BYTES]);

/* False: the slot is not in use, or by another generation. */
bool key_slots_get(const struct key_slots *slots, uint32_t index, uint32_t generation,
                   uint8_t content[KEY_SLOT_BYTES]);
bool key_slots_wipe(struct key_slots *slots, uint32_t index, uint32_t generation);

/* Marks; then wipes what is in use and not marked, and returns how many. */
bool key_slots_keep(struct key_slots *slots, uint32_t index, uint32_t generation);
uint32_t key_slots_wipe_unkept(struct key_slots *slots);

uint32_t key_slots_used(const struct key_slots *slots);

/*
 * The table as its file holds it, for a backup: `put` gets it from the beginning, piece by piece,
 * each slot as it is at that moment; a non-zero return of its ends it. `count` is from
 * key_slots_count(). Any thread.
 */
uint32_t key_slots_count(struct key_slots *slots);
uint64_t key_slots_file_bytes(uint32_t count);
int key_slots_copy(struct key_slots *slots, const uint8_t vault_id[16], uint32_t count,
                   int (*put)(void *arg, struct slice bytes), void *arg) MUST_CHECK;

/*
 * Of bytes that key_slots_copy() gave, KEY_SLOT_FILE_BYTES at a time behind KEY_SLOTS_HEADER_BYTES:
 * whether a key is in the slot, and whether `now`, the same slot of another copy, still holds it.
 */
#define KEY_SLOTS_HEADER_BYTES 4096
#define KEY_SLOT_FILE_BYTES    128
bool key_slot_image_has_key(const uint8_t image[KEY_SLOT_FILE_BYTES]);
bool key_slot_image_is_same(const uint8_t image[KEY_SLOT_FILE_BYTES],
                            const uint8_t now[KEY_SLOT_FILE_BYTES]);
void key_slot_image_wipe(uint8_t image[KEY_SLOT_FILE_BYTES]); /* its generation stays */

int key_slots_sync(struct key_slots *slots) MUST_CHECK;
uint32_t key_slots_unsynced(const struct key_slots *slots);

#endif
