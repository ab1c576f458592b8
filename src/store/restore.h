/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.h - a data directory made out of a backup, checked before it is one.
 *
 * Everything is unsealed and verified in the folder `restore.part` of the new directory and put in
 * its place at the end. Broken off at any point, the directory is refused by the daemon, and the
 * same restore begins anew.
 */
#ifndef MASKLINE_STORE_RESTORE_H
#define MASKLINE_STORE_RESTORE_H

#include "store/backup_keys.h"

#define DATA_DIR_RESTORE_PART "restore.part"

struct restore_params {
        const char *backup; /* the file */
        const char *into;   /* exists, mode 0700, without data of an installation */
        /*
         * The data directory that the backup was made in: brings both keys, and says which
         * sessions have been erased since, so that they stay so. NULL: it is lost.
         */
        const char *from;
        const char *master_key, *backup_key; /* files; NULL: those of `from` */
        int64_t now_ms;
        /* Called now and then. NULL: nobody listens. */
        void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total);
        void *arg;
};

struct restore_report {
        struct backup_key key; /* which backup it was */
        uint32_t trunks, numbers;
        uint32_t api_keys; /* that are valid, also if they have been revoked since */
        uint64_t sessions; /* that are there again: live, or in quarantine */
        uint64_t ended;    /* of these, ended */
        uint64_t erased;   /* stay erased: while the backup was made, or since, as `from` says */
        uint64_t audit_entries;
};

int restore_run(const struct restore_params *params, struct restore_report *report,
                char *problem) MUST_CHECK;

/* What is left for the audit record of the new directory; false: nothing. */
bool restore_note_read(const struct data_dir *dir, struct backup_key *out);
void restore_note_remove(const struct data_dir *dir);

#endif
