/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - how far long work has come, on standard error: one line that is written over where
 * somebody looks on, now and then a line where it goes into a file.
 */
#ifndef MASKLINE_CLI_PROGRESS_H
#define MASKLINE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress { /* zeroed to begin with */
        int64_t shown_ms;
        bool is_open; /* the line is not ended yet */
        bool is_quiet;
};

/* "rows read: 1200 of 5000 (24 %)"; `total` 0: nobody knows it. */
void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total);
void progress_end(struct progress *progress);

/* A moment, before the server is asked again how far it has come. */
void progress_pause(void);

#endif
