/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backups.h - backups of a running installation: made one at a time in a thread of their own, and
 * made unreadable when their time is over.
 *
 * All functions are the loop thread's.
 */
#ifndef MASKLINE_STORE_BACKUPS_H
#define MASKLINE_STORE_BACKUPS_H

#include "store/backup_copy.h"
#include "store/directory.h"

struct backups;

struct backups_params {
        struct io *io;
        struct directory *directory; /* on files; must outlive it */
        const char *folder;          /* absolute, or in the data directory; "": "backups" there */
        int64_t retention_ms;
};

/* `problem` (512 bytes) says what is wrong with backup.keys. */
int backups_open(const struct backups_params *params, struct backups **out,
                 char *problem) MUST_CHECK;
/* Breaks off the one that is being made. NULL is fine. */
void backups_close(struct backups *backups);

const char *backups_folder(const struct backups *backups);

enum backup_state {
        BACKUP_RUNNING,
        BACKUP_DONE,
        BACKUP_FAILED,
};

struct backup_view {
        struct backup_name name;
        enum backup_state state;
        int64_t created_ms, expires_ms;
        uint64_t bytes_done, bytes_total; /* while it runs */
        char problem[512];                /* when it failed */
};

/* ERR_STATE: one is being made. */
int backups_start(struct backups *backups, struct backup_view *out) MUST_CHECK;

/* Those whose key is there, oldest first, then the last one if it failed; false past the last. */
bool backups_at(struct backups *backups, uint32_t i, struct backup_view *out);
int backups_find(struct backups *backups, struct slice name,
                 struct backup_view *out) MUST_CHECK; /* ERR_NOT_FOUND */

/* Its key as text, for keeping it elsewhere; the audit record gets a line. ERR_NOT_FOUND. */
int backups_export_key(struct backups *backups, struct slice name,
                       char out[BACKUP_KEY_TEXT]) MUST_CHECK;

/*
 * Shreds its key and removes its file, before its time is over; `done` when that is on disk. Not
 * while it is being made (ERR_STATE). ERR_NOT_FOUND.
 */
int backups_forget(struct backups *backups, struct slice name, directory_done *done,
                   void *arg) MUST_CHECK;

/* For the metrics. */
struct backups_counters {
        uint64_t made, failed, expired;
        int64_t last_ms; /* when the newest that is whole was begun; 0: there is none */
};
void backups_counters(struct backups *backups, struct backups_counters *out);

#endif
