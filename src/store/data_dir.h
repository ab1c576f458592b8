/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data_dir.h - the directory that holds all durable data, held by one process at a time.
 *
 * What it finds wrong is told in a sentence that names the file and says what to do; every
 * `problem` on this floor has room for STORE_PROBLEM_BYTES, or is NULL.
 */
#ifndef MASKLINE_STORE_DATA_DIR_H
#define MASKLINE_STORE_DATA_DIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"

#define STORE_PROBLEM_BYTES 512

#define DATA_DIR_LOCK       "lock"
#define DATA_DIR_MASTER_KEY "master.key"
#define DATA_DIR_KEY_SLOTS  "keys.slots"
#define DATA_DIR_DATABASE   "maskline.db"

struct data_dir;

/*
 * The directory must exist, belong to this process's user and be closed to everybody else. Takes
 * the lock in it: -EWOULDBLOCK when another process holds it, which then is named by its process
 * id. The lock ends with the process, however it ends.
 */
int data_dir_open(const char *path, struct data_dir **out, char *problem) MUST_CHECK;
void data_dir_close(struct data_dir *dir); /* gives the lock up; NULL is fine */

const char *data_dir_path(const struct data_dir *dir);
bool data_dir_has(const struct data_dir *dir, const char *name);

/*
 * Opens a file in it for reading and writing. Refuses one that is no plain file, belongs to
 * another user or is open to others (-EPERM); -ENOENT without a sentence when it is missing. The
 * descriptor is the caller's.
 */
int data_dir_open_file(const struct data_dir *dir, const char *name, int *out,
                       char *problem) MUST_CHECK;

/*
 * Makes a file with these bytes, mode 0600 whatever the umask. It appears whole and durable, or
 * not at all. -EEXIST.
 */
int data_dir_create_file(const struct data_dir *dir, const char *name, struct slice content,
                         char *problem) MUST_CHECK;

/* Makes names that were created, renamed or removed in it durable. */
int data_dir_sync(const struct data_dir *dir) MUST_CHECK;

/* All bytes or a negative errno. */
int data_dir_write_at(int fd, const void *bytes, size_t len, off_t offset) MUST_CHECK;
int data_dir_read_at(int fd, void *bytes, size_t len,
                     off_t offset) MUST_CHECK; /* -EIO: too short */

#endif
