/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup_copy.h - one backup: a consistent copy of a database that is being written to, and of the
 * keys of its sessions, sealed into a file that appears whole or not at all.
 *
 * Runs in a thread of its own, beside the writing one, which it does not hold up.
 */
#ifndef MASKLINE_STORE_BACKUP_COPY_H
#define MASKLINE_STORE_BACKUP_COPY_H

#include <stdatomic.h>

#include "store/backup_keys.h"

#define BACKUP_SUFFIX    ".maskline-backup"
#define BACKUP_NAME_TEXT 40

/* "20261124T133000Z-1a2b3c4d": when it was made, and the beginning of its id. */
struct backup_name {
        char text[BACKUP_NAME_TEXT];
};
struct backup_name backup_name_of(const struct backup_key *key);

struct backup_copy {
        const struct data_dir *data_dir;
        struct vault *vault;
        const char *folder; /* where it goes; made when it is missing, its parents are not */
        struct backup_key key;
        const uint8_t *secret; /* VAULT_KEY_BYTES */
        atomic_bool *stop;     /* -ECANCELED soon after it is set */
        atomic_ullong *bytes_done, *bytes_total;
};

/* On failure nothing of it is left in the folder, and `problem` says why and what to do. */
int backup_copy_run(const struct backup_copy *copy, char *problem) MUST_CHECK;

/* Removes from the folder what was under way in another life. */
void backup_copy_clean(const char *folder);

/* The finished file of a backup; not there: nothing happens. */
void backup_copy_remove(const char *folder, const struct backup_key *key);

#endif
