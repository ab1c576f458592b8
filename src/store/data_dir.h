/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data_dir.h - the directory that holds all durable data, held by one process at a time.
 *
 * What it finds wrong is told in a sentence that names the file and says what to do; every
 * `problem` on this floor has room for STORE_PROBLEM_BYTES.
 */
#ifndef MASKLINE_STORE_DATA_DIR_H
#define MASKLINE_STORE_DATA_DIR_H

#include <sys/types.h>

#include "base/err.h"

#define STORE_PROBLEM_BYTES 512

struct data_dir;

/*
 * The directory must exist, belong to this process's user and be closed to everybody else. Takes
 * the lock `lock` in it: -EWOULDBLOCK when another process holds it, which then is named by its
 * process id. The lock ends with the process, however it ends.
 */
int data_dir_open(const char *path, struct data_dir **out, char *problem) MUST_CHECK;
void data_dir_close(struct data_dir *dir); /* gives the lock up; NULL is fine */

const char *data_dir_path(const struct data_dir *dir);
int data_dir_fd(const struct data_dir *dir);

/*
 * Opens a file in it for reading and writing, mode 0600 whatever the umask; refuses one that is no
 * plain file, belongs to another user or is open to others (-EPERM). With O_CREAT in `flags` it is
 * made when it is missing, -ENOENT otherwise. The descriptor is the caller's.
 */
int data_dir_open_file(const struct data_dir *dir, const char *name, int flags, int *out,
                       char *problem) MUST_CHECK;

/* Makes names that were created, renamed or removed in it durable. */
int data_dir_sync(const struct data_dir *dir) MUST_CHECK;

#endif
