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

int key_slots_sync(struct key_slots *slots) MUST_CHECK;
uint32_t key_slots_unsynced(const struct key_slots *slots);

#endif
