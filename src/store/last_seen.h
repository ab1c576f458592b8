/* SPDX-License-Identifier: Apache-2.0 */
/*
 * last_seen.h - when the data was last served, by the clock of then: what a clock says at the start is
 * not believed when it is more than a month ahead of that.
 *
 * Sessions whose time is over at the start are erased, and that cannot be undone. A clock that is wrong
 * by years (a flat battery, a bad time server) must not do it; whoever stopped Maskline for so long
 * can say so, by removing the file.
 */
#ifndef MASKLINE_STORE_LAST_SEEN_H
#define MASKLINE_STORE_LAST_SEEN_H

#include <stdint.h>

#include "store/data_dir.h"

#define DATA_DIR_CLOCK          "clock"
#define LAST_SEEN_AHEAD_MS      (INT64_C(31) * 24 * 3600 * 1000)
#define LAST_SEEN_WRITE_EACH_MS (INT64_C(3600) * 1000)

/* ERR_CONFLICT: too far ahead; `problem` says what to do. Without the file all is well. */
int last_seen_check(const struct data_dir *dir, int64_t now_ms, char *problem) MUST_CHECK;
/* A negative errno: it stays as it was. Not synced: what is lost of it is an hour. */
int last_seen_write(const struct data_dir *dir, int64_t now_ms);

#endif
