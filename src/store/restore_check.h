/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_check.h - whether what came out of a backup is whole, and what must not come back.
 */
#ifndef MASKLINE_STORE_RESTORE_CHECK_H
#define MASKLINE_STORE_RESTORE_CHECK_H

#include "store/restore.h"

struct restore_check {
        const struct data_dir *dir; /* all files are in it */
        const char *from;           /* as in struct restore_params */
        int64_t now_ms;
        void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total);
        void *arg;
};

/*
 * Looks through every page and the whole audit record, brings the schema up to date, wipes the
 * keys that `from` no longer has, and counts. The ids of sessions go on far behind the last one:
 * those given out after the backup was made are not given to anybody else.
 */
int restore_check_run(const struct restore_check *check, struct restore_report *report,
                      char *problem) MUST_CHECK;

#endif
