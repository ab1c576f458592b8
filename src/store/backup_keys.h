/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup_keys.h - the keys under which backups are sealed, one for each, until its time is over.
 *
 * The file `backup.keys` in the data directory: fixed slots that are overwritten in place, as in
 * keys.slots, and never in a backup: else one backup would keep the key of another. When a slot is
 * shredded, its backup is noise, wherever copies of it are. docs/design/backup.md has the reasons.
 *
 * What changes the file waits for the disk: one thread does it, which is not the loop's. Any thread
 * may ask meanwhile.
 */
#ifndef MASKLINE_STORE_BACKUP_KEYS_H
#define MASKLINE_STORE_BACKUP_KEYS_H

#include "store/seal.h"

#define DATA_DIR_BACKUP_KEYS "backup.keys"
#define BACKUP_KEYS_MAX      1024
#define BACKUP_ID_BYTES      16

struct backup_id {
        uint8_t bytes[BACKUP_ID_BYTES];
};

struct backup_key {
        struct backup_id id;
        int64_t created_ms, expires_ms;
        bool is_done; /* its backup is whole; else under way, or broken off by a crash */
};

struct backup_keys;

/* Makes the file when there is none. Both must outlive it. */
int backup_keys_open(const struct data_dir *dir, const struct vault *vault,
                     struct backup_keys **out, char *problem) MUST_CHECK;
void backup_keys_close(struct backup_keys *keys); /* NULL is fine */

/* A fresh key for what `info` says, on disk. ERR_FULL, -ENOSPC ... */
int backup_keys_add(struct backup_keys *keys, const struct backup_key *info,
                    uint8_t key[VAULT_KEY_BYTES]) MUST_CHECK;
int backup_keys_set_done(struct backup_keys *keys, const struct backup_id *id) MUST_CHECK;

/* Gone, on disk and in memory, when it returns 0; else it is as it was. ERR_NOT_FOUND. */
int backup_keys_shred(struct backup_keys *keys, const struct backup_id *id) MUST_CHECK;

/* Those that are there, oldest first; how many. */
uint32_t backup_keys_list(struct backup_keys *keys, struct backup_key out[BACKUP_KEYS_MAX]);
/* ERR_NOT_FOUND, ERR_SEALED. */
int backup_keys_get(struct backup_keys *keys, const struct backup_id *id,
                    uint8_t key[VAULT_KEY_BYTES]) MUST_CHECK;

/* The key out of another data directory, whoever serves it. ERR_NOT_FOUND: it is shredded. */
int backup_keys_read(const char *data_dir, const struct vault *vault, const struct backup_id *id,
                     uint8_t key[VAULT_KEY_BYTES], char *problem) MUST_CHECK;

/* A key as it is kept elsewhere: "maskline-backup-key-1 ID KEY", in hex. */
#define BACKUP_KEY_TEXT 128
void backup_key_format(const struct backup_id *id, const uint8_t key[VAULT_KEY_BYTES],
                       char out[BACKUP_KEY_TEXT]);
/* ERR_SYNTAX; ERR_CONFLICT: another backup's. */
int backup_key_parse(struct slice text, const struct backup_id *id,
                     uint8_t key[VAULT_KEY_BYTES]) MUST_CHECK;

#endif
