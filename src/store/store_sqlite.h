/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sqlite.h - the embedded store: `maskline.db` in the data directory.
 *
 * One thread writes: whatever has been submitted since it last looked becomes one transaction
 * (group commit), after the vault's changed slots are on disk. Another thread reads for queries
 * and audit walks. `done` callbacks reach the loop through io_post(), many at a time.
 *
 * A change that contradicts what is stored (the state of a session that is not there) fails its
 * own submit alone, with ERR_CONFLICT; a write that the disk refuses fails every submit of its
 * transaction, with ERR_STORE. Later submits are tried again.
 */
#ifndef MASKLINE_STORE_STORE_SQLITE_H
#define MASKLINE_STORE_STORE_SQLITE_H

#include "core/store.h"
#include "io/io.h"
#include "store/data_dir.h"
#include "store/seal.h"

struct store_sqlite_params {
        struct io *io;
        const struct data_dir *dir; /* must outlive the store, as the vault must */
        struct vault *vault;
        uint32_t queue_max; /* submits that may wait; 0: 4,096 */
        const char *vfs;    /* SQLite's name of it; NULL: the system's */
};

/*
 * Opens or creates the database and brings its schema up to date. Refuses, with a sentence in
 * `problem`: a database of another application, of a newer maskline (ERR_VERSION), of another
 * master key (ERR_CONFLICT), a damaged one, one that can't be written.
 */
int store_sqlite_open(const struct store_sqlite_params *params, struct store **out,
                      char *problem) MUST_CHECK;

#endif
