/* SPDX-License-Identifier: Apache-2.0 */
#include "store/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/problem.h"

struct data_dir {
        char *path; /* owned */
        int fd;
        int lock_fd;
};

static int check_directory(struct data_dir *dir, char *problem)
{
        struct stat st;
        if (fstat(dir->fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid()) {
                problem_put(problem,
                            "The data directory %s belongs to user %u, but maskline runs as user "
                            "%u: run it as that user, or chown -R the directory.",
                            dir->path, (unsigned)st.st_uid, (unsigned)geteuid());
                return -EPERM;
        }
        if (st.st_mode & 077) {
                problem_put(problem,
                            "The data directory %s is open to other users (mode %04o): run "
                            "chmod 0700 %s.",
                            dir->path, (unsigned)(st.st_mode & 07777), dir->path);
                return -EPERM;
        }
        return 0;
}

static void tell_holder(struct data_dir *dir, char *problem)
{
        char pid[16] = "";
        ssize_t n = pread(dir->lock_fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
        problem_put(problem,
                    "Another maskline is running on the data directory %s (process %s): stop it "
                    "first, or use another directory.",
                    dir->path, pid[0] ? pid : "unknown");
}

static int take_lock(struct data_dir *dir, char *problem)
{
        dir->lock_fd =
                openat(dir->fd, DATA_DIR_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (dir->lock_fd < 0) {
                int err = -errno;
                problem_put(problem,
                            "%s/%s can't be opened: %s. Maskline must be able to write "
                            "in its data directory.",
                            dir->path, DATA_DIR_LOCK, strerror(-err));
                return err;
        }
        if (flock(dir->lock_fd, LOCK_EX | LOCK_NB) < 0) {
                int err = -errno;
                if (err == -EWOULDBLOCK)
                        tell_holder(dir, problem);
                else
                        problem_put(problem, "%s/%s can't be locked: %s.", dir->path, DATA_DIR_LOCK,
                                    strerror(-err));
                return err;
        }

        /* Only a courtesy to whoever finds the lock taken: a full disk is no reason to refuse. */
        char pid[16];
        int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
        bool written =
                ftruncate(dir->lock_fd, 0) == 0 && pwrite(dir->lock_fd, pid, (size_t)len, 0) == len;
        if (!written)
                log_debug("the lock of the data directory does not say who holds it");
        return 0;
}

int data_dir_open(const char *path, struct data_dir **out, char *problem)
{
        struct data_dir *dir = calloc(1, sizeof *dir);
        if (!dir)
                return -ENOMEM;
        dir->fd = dir->lock_fd = -1;

        int err = -ENOMEM;
        dir->path = strdup(path);
        if (!dir->path)
                goto fail;

        dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir->fd < 0) {
                err = -errno;
                problem_put(problem,
                            "The data directory %s can't be opened: %s. Create it with "
                            "mkdir -m 0700 %s.",
                            path, strerror(-err), path);
                goto fail;
        }
        err = check_directory(dir, problem);
        if (err)
                goto fail;
        err = take_lock(dir, problem);
        if (err)
                goto fail;

        *out = dir;
        return 0;
fail:
        data_dir_close(dir);
        return err;
}

void data_dir_close(struct data_dir *dir)
{
        if (!dir)
                return;
        if (dir->lock_fd >= 0)
                close(dir->lock_fd);
        if (dir->fd >= 0)
                close(dir->fd);
        free(dir->path);
        free(dir);
}

const char *data_dir_path(const struct data_dir *dir)
{
        return dir->path;
}

bool data_dir_has(const struct data_dir *dir, const char *name)
{
        return faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int check_file(const struct data_dir *dir, const char *name, int fd, char *problem)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode)) {
                problem_put(problem,
                            "%s/%s is not a plain file: move it away, or restore it from "
                            "the backup.",
                            dir->path, name);
                return -EPERM;
        }
        if (st.st_uid != geteuid()) {
                problem_put(problem,
                            "%s/%s belongs to user %u, but maskline runs as user %u: run it as "
                            "that user, or chown the file.",
                            dir->path, name, (unsigned)st.st_uid, (unsigned)geteuid());
                return -EPERM;
        }
        if (st.st_mode & 077) {
                problem_put(problem,
                            "%s/%s can be read by other users (mode %04o): run chmod 0600 %s/%s, "
                            "and ask who may have read it.",
                            dir->path, name, (unsigned)(st.st_mode & 07777), dir->path, name);
                return -EPERM;
        }
        return 0;
}

int data_dir_open_file(const struct data_dir *dir, const char *name, int *out, char *problem)
{
        /* O_NONBLOCK: a FIFO in the file's place must not hold us. */
        int fd = openat(dir->fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0) {
                int err = -errno;
                if (err != -ENOENT)
                        problem_put(problem,
                                    "%s/%s can't be opened: %s. It must be a plain file that "
                                    "maskline may read and write.",
                                    dir->path, name, strerror(-err));
                return err;
        }
        int err = check_file(dir, name, fd, problem);
        if (err) {
                close(fd);
                return err;
        }
        *out = fd;
        return 0;
}

static int write_new(const struct data_dir *dir, const char *name, struct slice content)
{
        int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        int err = 0;
        if (fchmod(fd, 0600) < 0)
                err = -errno;
        if (!err)
                err = data_dir_write_at(fd, content.p, content.len, 0);
        if (!err && fsync(fd) < 0)
                err = -errno;
        close(fd);
        return err;
}

int data_dir_create_file(const struct data_dir *dir, const char *name, struct slice content,
                         char *problem)
{
        char draft[64];
        int len = snprintf(draft, sizeof draft, "%s.new", name);
        if (len < 0 || (size_t)len >= sizeof draft)
                return -ENAMETOOLONG;

        /* One that a crash left behind never got its name: nothing was sealed under it. */
        (void)unlinkat(dir->fd, draft, 0);
        int err = write_new(dir, draft, content);
        if (!err && renameat2(dir->fd, draft, dir->fd, name, RENAME_NOREPLACE) < 0)
                err = -errno;
        if (!err)
                err = data_dir_sync(dir);
        if (err) {
                (void)unlinkat(dir->fd, draft, 0);
                problem_put(problem, "%s/%s can't be created: %s.", dir->path, name,
                            strerror(-err));
        }
        return err;
}

int data_dir_sync(const struct data_dir *dir)
{
        return fsync(dir->fd) < 0 ? -errno : 0;
}

int data_dir_write_at(int fd, const void *bytes, size_t len, off_t offset)
{
        const char *p = bytes;
        while (len) {
                ssize_t n = pwrite(fd, p, len, offset);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                p += n;
                len -= (size_t)n;
                offset += n;
        }
        return 0;
}

int data_dir_read_at(int fd, void *bytes, size_t len, off_t offset)
{
        char *p = bytes;
        while (len) {
                ssize_t n = pread(fd, p, len, offset);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                p += n;
                len -= (size_t)n;
                offset += n;
        }
        return 0;
}
