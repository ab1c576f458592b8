/* SPDX-License-Identifier: Apache-2.0 */
#include "store/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "store/backup_copy.h"
#include "store/backup_file.h"
#include "store/key_slots.h"
#include "store/last_seen.h"
#include "store/migrations.h"
#include "store/problem.h"
#include "store/restore_check.h"

#define PATH_BYTES         4200
#define COPY_BYTES         65536
#define NOTE               "restored"
#define NOTE_BYTES         (BACKUP_ID_BYTES + 16)
#define KEY_FILE_BYTES_MAX 256

struct path {
        char text[PATH_BYTES];
};

struct restoring {
        const struct restore_params *params;
        struct restore_report *report;
        char *problem;
        int backup; /* descriptor */
        struct backup_header header;
        struct vault *vault;          /* owned; of the master key, without sessions' */
        struct backup_reader *reader; /* owned */
        struct data_dir *into;        /* owned */
        int into_fd, part_fd;
        struct data_dir *part; /* owned */
        struct path part_path;
};

static struct path path_in(const char *dir, const char *name)
{
        struct path path;
        int n = snprintf(path.text, sizeof path.text, "%s/%s", dir, name);
        if (n < 0 || (size_t)n >= sizeof path.text)
                path.text[0] = '\0'; /* which no file has */
        return path;
}

static struct path master_path(const struct restoring *r)
{
        if (r->params->master_key)
                return path_in(r->params->master_key[0] == '/' ? "" : ".", r->params->master_key);
        return path_in(r->params->from, DATA_DIR_MASTER_KEY);
}

static void tell(struct restoring *r, const char *what, uint64_t done, uint64_t total)
{
        if (r->params->progress)
                r->params->progress(r->params->arg, what, done, total);
}

/* What the backup says of itself. */

static int open_backup(struct restoring *r)
{
        const char *path = r->params->backup;
        r->backup = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        int err = r->backup < 0 ? -errno : backup_header_read(r->backup, &r->header);
        if (err == ERR_SYNTAX || err == -EISDIR)
                problem_put(r->problem,
                            "%s is no backup of maskline's, or only the beginning of "
                            "one.",
                            path);
        else if (err == ERR_VERSION)
                problem_put(r->problem,
                            "%s was written by a newer maskline: restore it with that "
                            "version or a later one.",
                            path);
        else if (err)
                problem_put(r->problem, "%s can't be read: %s.", path, err_text(err));
        if (err)
                return err;
        if (r->header.schema > sqlite_migration_count) {
                problem_put(r->problem,
                            "%s holds the data of a newer maskline (schema %" PRIu32
                            ", this one knows %u): restore it with that version or a later one.",
                            path, r->header.schema, sqlite_migration_count);
                return ERR_VERSION;
        }
        return 0;
}

static int open_master(struct restoring *r)
{
        uint8_t id[VAULT_ID_BYTES];
        struct path path = master_path(r);
        int err = vault_open_master(path.text, &r->vault, r->problem);
        if (err)
                return err;
        vault_id(r->vault, id);
        if (!memcmp(id, r->header.vault_id, sizeof id))
                return 0;
        problem_put(r->problem,
                    "%s is not the master key of the installation that made %s: find "
                    "that one.",
                    path.text, r->params->backup);
        return ERR_CONFLICT;
}

static int read_key_file(const struct restoring *r, uint8_t *key)
{
        const char *path = r->params->backup_key;
        char text[KEY_FILE_BYTES_MAX];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
        int err = n < 0 ? -errno : 0;
        if (fd >= 0)
                close(fd);
        if (!err)
                err = backup_key_parse((struct slice){text, (size_t)n}, &r->header.id, key);
        explicit_bzero(text, sizeof text);
        if (err == ERR_SYNTAX)
                problem_put(r->problem,
                            "%s is no key of a backup: it is what \"maskline backup "
                            "key\" writes.",
                            path);
        else if (err == ERR_CONFLICT)
                problem_put(r->problem, "%s is the key of another backup than %s.", path,
                            r->params->backup);
        else if (err)
                problem_put(r->problem, "%s can't be read: %s.", path, err_text(err));
        return err;
}

static int open_reader(struct restoring *r)
{
        uint8_t *key = secret_alloc(VAULT_KEY_BYTES);
        int err = -ENOMEM;
        if (key)
                err = r->params->backup_key ? read_key_file(r, key)
                                            : backup_keys_read(r->params->from, r->vault,
                                                               &r->header.id, key, r->problem);
        if (!err)
                err = backup_reader_create(r->backup, key, &r->reader);
        secret_free(key, VAULT_KEY_BYTES);
        return err;
}

/* Where it goes. */

static const char *const restored[] = {DATA_DIR_KEY_SLOTS, DATA_DIR_DATABASE, NOTE,
                                       DATA_DIR_MASTER_KEY}; /* the last makes it whole */
#define RESTORED (sizeof restored / sizeof restored[0])

static int refuse_occupied(struct restoring *r)
{
        static const char *const names[] = {DATA_DIR_MASTER_KEY,  DATA_DIR_KEY_SLOTS,
                                            DATA_DIR_DATABASE,    DATA_DIR_DATABASE "-wal",
                                            DATA_DIR_BACKUP_KEYS, DATA_DIR_CLOCK,
                                            "calls.slots"};
        if (data_dir_has(r->into, DATA_DIR_RESTORE_PART))
                return 0; /* ours, broken off */
        for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
                if (!data_dir_has(r->into, names[i]))
                        continue;
                problem_put(r->problem,
                            "%s holds data already (%s): restore into an empty "
                            "directory, and move the old one away first.",
                            r->params->into, names[i]);
                return ERR_EXISTS;
        }
        return 0;
}

static void empty(int dir_fd)
{
        int fd = dup(dir_fd);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;
        if (!dir) {
                if (fd >= 0)
                        close(fd);
                return;
        }
        rewinddir(dir);
        while ((entry = readdir(dir)))
                (void)unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
}

static int open_part(struct restoring *r)
{
        for (unsigned i = 0; i < RESTORED && data_dir_has(r->into, DATA_DIR_RESTORE_PART); i++)
                (void)unlinkat(r->into_fd, restored[i], 0);
        if (mkdirat(r->into_fd, DATA_DIR_RESTORE_PART, 0700) < 0 && errno != EEXIST)
                return -errno;
        int err = data_dir_sync(r->into);
        if (err)
                return err;
        r->part_fd = openat(r->into_fd, DATA_DIR_RESTORE_PART,
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (r->part_fd < 0)
                return -errno;
        empty(r->part_fd);
        r->part_path = path_in(r->params->into, DATA_DIR_RESTORE_PART);
        return data_dir_open(r->part_path.text, &r->part, r->problem);
}

static int open_into(struct restoring *r)
{
        int err = data_dir_open(r->params->into, &r->into, r->problem);
        if (err)
                return err;
        err = refuse_occupied(r);
        if (err)
                return err;
        r->into_fd = open(r->params->into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return r->into_fd < 0 ? -errno : open_part(r);
}

/* What comes out of it. */

static int unseal_to(struct restoring *r, int fd, uint64_t bytes, uint64_t before)
{
        uint64_t total = r->header.slots_bytes + r->header.database_bytes;
        uint8_t *piece = malloc(COPY_BYTES);
        int err = piece ? 0 : -ENOMEM;
        for (uint64_t at = 0; !err && at < bytes; at += COPY_BYTES) {
                size_t n = bytes - at < COPY_BYTES ? (size_t)(bytes - at) : COPY_BYTES;
                err = backup_reader_get(r->reader, piece, n);
                if (!err)
                        err = data_dir_write_at(fd, piece, n, (off_t)at);
                tell(r, "unsealed", before + at + n, total);
        }
        free(piece);
        return !err && fsync(fd) < 0 ? -errno : err;
}

static int unseal_file(struct restoring *r, const char *name, uint64_t bytes, uint64_t before)
{
        int fd = openat(r->part_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        int err = fchmod(fd, 0600) < 0 ? -errno : unseal_to(r, fd, bytes, before);
        close(fd);
        return err;
}

static int unseal_all(struct restoring *r)
{
        int err = unseal_file(r, DATA_DIR_KEY_SLOTS, r->header.slots_bytes, 0);
        if (!err)
                err = unseal_file(r, DATA_DIR_DATABASE, r->header.database_bytes,
                                  r->header.slots_bytes);
        return err ? err : backup_reader_end(r->reader);
}

static int put_master(struct restoring *r)
{
        return vault_copy_master(master_path(r).text, r->part, r->problem);
}

static int put_note(struct restoring *r)
{
        char bytes[NOTE_BYTES];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        buf_put(&b, r->header.id.bytes, BACKUP_ID_BYTES);
        buf_put_be64(&b, (uint64_t)r->header.created_ms);
        buf_put_be64(&b, (uint64_t)r->header.expires_ms);
        return data_dir_create_file(r->part, NOTE, buf_slice(&b), r->problem);
}

static int check(struct restoring *r)
{
        const struct restore_check check = {
                .dir = r->part,
                .from = r->params->from,
                .now_ms = r->params->now_ms,
                .progress = r->params->progress,
                .arg = r->params->arg,
        };
        return restore_check_run(&check, r->report, r->problem);
}

static int put_in_place(struct restoring *r)
{
        data_dir_close(r->part);
        r->part = NULL;
        for (unsigned i = 0; i < RESTORED; i++)
                if (renameat2(r->part_fd, restored[i], r->into_fd, restored[i], RENAME_NOREPLACE) <
                    0)
                        return -errno;
        int err = data_dir_sync(r->into);
        if (err)
                return err;
        empty(r->part_fd);
        if (unlinkat(r->into_fd, DATA_DIR_RESTORE_PART, AT_REMOVEDIR) < 0)
                return -errno;
        return data_dir_sync(r->into);
}

static void explain(const struct restoring *r, int err)
{
        const char *backup = r->params->backup;
        if (err == ERR_SEALED || err == ERR_STATE)
                problem_put(r->problem,
                            "%s has been altered since it was made, or the key is not "
                            "its: use another copy of it, or another backup.",
                            backup);
        else if (err == -EIO)
                problem_put(r->problem,
                            "%s is cut short, or the disk fails: use another copy of "
                            "it, or another backup.",
                            backup);
        else if (err == -ENOSPC || err == -EDQUOT)
                problem_put(r->problem, "There is no room in %s: free some and restore again.",
                            r->params->into);
        else
                problem_put(r->problem, "The restore into %s failed: %s.", r->params->into,
                            err_text(err));
}

static void fini(struct restoring *r)
{
        backup_reader_destroy(r->reader);
        vault_close(r->vault);
        data_dir_close(r->part);
        data_dir_close(r->into);
        if (r->part_fd >= 0)
                close(r->part_fd);
        if (r->into_fd >= 0)
                close(r->into_fd);
        if (r->backup >= 0)
                close(r->backup);
}

int restore_run(const struct restore_params *params, struct restore_report *report, char *problem)
{
        static int (*const steps[])(struct restoring *) = {
                open_backup, open_master, open_reader, open_into,    unseal_all,
                put_master,  put_note,    check,       put_in_place,
        };
        struct restoring r = {
                .params = params,
                .report = report,
                .problem = problem,
                .backup = -1,
                .into_fd = -1,
                .part_fd = -1,
        };
        int err = 0;
        problem[0] = '\0';
        *report = (struct restore_report){0};
        for (unsigned i = 0; !err && i < sizeof steps / sizeof steps[0]; i++)
                err = steps[i](&r);
        if (err && !problem[0])
                explain(&r, err);
        report->key =
                (struct backup_key){r.header.id, r.header.created_ms, r.header.expires_ms, true};
        fini(&r);
        return err;
}

bool restore_note_read(const struct data_dir *dir, struct backup_key *out)
{
        uint8_t bytes[NOTE_BYTES];
        int fd = -1;
        if (data_dir_open_file(dir, NOTE, &fd, NULL))
                return false;
        int err = data_dir_read_at(fd, bytes, sizeof bytes, 0);
        close(fd);
        if (err)
                return false;
        *out = (struct backup_key){.is_done = true};
        memcpy(out->id.bytes, bytes, BACKUP_ID_BYTES);
        for (unsigned i = 0; i < 8; i++) {
                out->created_ms = out->created_ms << 8 | bytes[BACKUP_ID_BYTES + i];
                out->expires_ms = out->expires_ms << 8 | bytes[BACKUP_ID_BYTES + 8 + i];
        }
        return true;
}

void restore_note_remove(const struct data_dir *dir)
{
        struct path path = path_in(data_dir_path(dir), NOTE);
        (void)unlink(path.text);
}
