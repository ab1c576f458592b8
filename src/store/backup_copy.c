/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup_copy.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/backup_file.h"
#include "store/key_slots.h"
#include "store/problem.h"
#include "store/sqlite_db.h"

#define PATH_BYTES     4200
#define PAGES_AT_ONCE  256
#define READ_BYTES     65536
#define CHECK_STEPS    100000               /* of SQLite's, between two looks at whether to stop */
#define SPARE_BYTES    (UINT64_C(16) << 20) /* left for others on its file system */
#define PART_SUFFIX    ".part"              /* sealed, and not yet whole */
#define SCRATCH_SUFFIX ".copy"              /* of the database, before it is sealed */

struct making {
        const struct backup_copy *copy;
        char *problem;
        struct backup_name name;
        int folder;      /* descriptor */
        sqlite3 *source; /* owned; holds the moment that is copied */
        sqlite3 *target; /* owned */
        int part;        /* descriptor of what is sealed */
        struct backup_header header;
        struct backup_writer *writer; /* owned */
};

struct backup_name backup_name_of(const struct backup_key *key)
{
        struct backup_name name = {""};
        struct tm tm;
        time_t seconds = (time_t)(key->created_ms / 1000);
        struct buf b;
        buf_init(&b, name.text, sizeof name.text - 1);
        if (gmtime_r(&seconds, &tm))
                b.len = strftime(name.text, sizeof name.text, "%Y%m%dT%H%M%SZ-", &tm);
        buf_put_hex(&b, key->id.bytes, 4);
        return name;
}

struct file_name {
        char text[BACKUP_NAME_TEXT + 24];
};

static struct file_name file_name(const struct making *m, const char *suffix)
{
        struct file_name name;
        snprintf(name.text, sizeof name.text, "%s%s", m->name.text, suffix);
        return name;
}

static void tell(const struct making *m, int err)
{
        const char *folder = m->copy->folder;
        if (err == -ECANCELED)
                problem_put(m->problem, "The backup was broken off: maskline is ending. Make "
                                        "another one when it runs again.");
        else if (err == -ENOSPC || err == -EDQUOT)
                problem_put(m->problem,
                            "There is no room for the backup in %s: free space there, or set "
                            "backup_dir to another place. Nothing of it is left.",
                            folder);
        else
                problem_put(m->problem,
                            "The backup can't be written to %s: %s. The folder must exist and "
                            "belong to the user that maskline runs as (backup_dir).",
                            folder, err_text(err));
}

static bool is_stopped(const struct making *m)
{
        return atomic_load(m->copy->stop);
}

static int open_folder(struct making *m)
{
        const char *path = m->copy->folder;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return -errno;
        m->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return m->folder < 0 ? -errno : 0;
}

static int get_int(sqlite3 *db, const char *sql, int64_t *out)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
                *out = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
        return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/*
 * From the first read on this connection sees one moment, whatever is committed meanwhile. The
 * keys are copied after it: a session of that moment has its key then, unless it was erased since.
 */
static int begin_moment(struct making *m)
{
        const struct sqlite_db_params params = {.dir = m->copy->data_dir, .vault = m->copy->vault};
        int64_t schema = 0, pages = 0, page_bytes = 0;
        int err = sqlite_db_open_reader(&params, &m->source);
        if (err)
                return err;
        int rc = sqlite3_exec(m->source, "BEGIN", NULL, NULL, NULL);
        if (!rc)
                rc = get_int(m->source, "PRAGMA user_version", &schema);
        if (!rc)
                rc = get_int(m->source, "PRAGMA page_count", &pages);
        if (!rc)
                rc = get_int(m->source, "PRAGMA page_size", &page_bytes);
        if (rc) {
                sqlite_db_problem(m->copy->data_dir, m->source, rc, m->problem);
                return sqlite_db_error(rc);
        }
        m->header.schema = (uint32_t)schema;
        m->header.database_bytes = (uint64_t)(pages * page_bytes);
        return 0;
}

/* Said before anything is written: a full disk may be the one that maskline itself writes to. */
static int check_room(const struct making *m)
{
        struct statvfs fs;
        uint64_t needed = 2 * m->header.database_bytes + m->header.slots_bytes + SPARE_BYTES;
        if (fstatvfs(m->folder, &fs) < 0)
                return -errno;
        if ((uint64_t)fs.f_bavail * fs.f_frsize >= needed)
                return 0;
        problem_put(m->problem,
                    "The backup needs %" PRIu64 " MB in %s for a while, and there are %" PRIu64
                    ": free space there, or set backup_dir to another place.",
                    needed >> 20, m->copy->folder, ((uint64_t)fs.f_bavail * fs.f_frsize) >> 20);
        return -ENOSPC;
}

static int create(const struct making *m, const char *suffix)
{
        struct file_name name = file_name(m, suffix);
        int fd = openat(m->folder, name.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                        0600);
        return fd < 0 ? -errno : fd;
}

static int put_slots(void *arg, struct slice bytes)
{
        const struct making *m = arg;
        if (is_stopped(m))
                return -ECANCELED;
        atomic_fetch_add(m->copy->bytes_done, bytes.len);
        return backup_writer_put(m->writer, bytes);
}

static int begin_file(struct making *m)
{
        const struct backup_copy *copy = m->copy;
        uint32_t slots = vault_slot_count(copy->vault);
        vault_id(copy->vault, m->header.vault_id);
        m->header.id = copy->key.id;
        m->header.created_ms = copy->key.created_ms;
        m->header.expires_ms = copy->key.expires_ms;
        m->header.slots_bytes = key_slots_file_bytes(slots);
        atomic_store(copy->bytes_total, 2 * m->header.database_bytes + m->header.slots_bytes);

        int err = check_room(m);
        if (err)
                return err;
        m->part = create(m, PART_SUFFIX);
        if (m->part < 0)
                return m->part;
        err = backup_writer_create(m->part, &m->header, copy->secret, &m->writer);
        return err ? err : vault_copy_slots(copy->vault, slots, put_slots, m);
}

/* Kept from others by its mode from the start; without a journal, since half of it is nothing. */
static int open_target(struct making *m)
{
        char path[PATH_BYTES];
        struct file_name name = file_name(m, SCRATCH_SUFFIX);
        int fd = create(m, SCRATCH_SUFFIX);
        if (fd < 0)
                return fd;
        close(fd);
        int n = snprintf(path, sizeof path, "%s/%s", m->copy->folder, name.text);
        if (n < 0 || (size_t)n >= sizeof path)
                return -ENAMETOOLONG;
        int rc = sqlite3_open_v2(path, &m->target,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                         SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
                                 NULL);
        if (!rc)
                rc = sqlite3_exec(m->target,
                                  "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF;"
                                  "PRAGMA synchronous = OFF;",
                                  NULL, NULL, NULL);
        return sqlite_db_error(rc);
}

static int database_error(const struct making *m, sqlite3 *db, int rc)
{
        if ((rc & 0xff) == SQLITE_INTERRUPT)
                return -ECANCELED;
        if ((rc & 0xff) == SQLITE_FULL || sqlite3_system_errno(db) == ENOSPC)
                return -ENOSPC;
        if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
                sqlite_db_problem(m->copy->data_dir, db, rc, m->problem);
        return sqlite_db_error(rc);
}

static int copy_pages(struct making *m)
{
        sqlite3_backup *backup = sqlite3_backup_init(m->target, "main", m->source, "main");
        if (!backup)
                return database_error(m, m->target, sqlite3_errcode(m->target));
        uint64_t before = atomic_load(m->copy->bytes_done);
        int rc = SQLITE_OK;
        while (rc == SQLITE_OK && !is_stopped(m)) {
                rc = sqlite3_backup_step(backup, PAGES_AT_ONCE);
                uint64_t pages = (uint64_t)sqlite3_backup_pagecount(backup);
                uint64_t left = (uint64_t)sqlite3_backup_remaining(backup);
                if (pages)
                        atomic_store(m->copy->bytes_done,
                                     before + m->header.database_bytes * (pages - left) / pages);
        }
        int finished = sqlite3_backup_finish(backup);
        if (rc == SQLITE_OK)
                return -ECANCELED;
        return rc == SQLITE_DONE ? 0 : database_error(m, m->target, finished ? finished : rc);
}

static int on_steps(void *arg)
{
        return is_stopped(arg);
}

/* A copy of a damaged database is no backup. */
static int check_pages(struct making *m)
{
        sqlite3_stmt *stmt = NULL;
        sqlite3_progress_handler(m->target, CHECK_STEPS, on_steps, m);
        int rc = sqlite3_prepare_v2(m->target, "PRAGMA quick_check(1)", -1, &stmt, NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        bool fine =
                rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
        sqlite3_finalize(stmt);
        if (fine)
                return 0;
        if (rc != SQLITE_ROW)
                return database_error(m, m->target, rc);
        sqlite_db_problem(m->copy->data_dir, m->source, SQLITE_CORRUPT, m->problem);
        return ERR_STORE;
}

static int copy_database(struct making *m)
{
        int err = open_target(m);
        if (!err)
                err = copy_pages(m);
        if (!err)
                err = check_pages(m);
        sqlite3_close(m->target);
        sqlite3_close(m->source); /* the moment is over: the log may begin anew */
        m->target = m->source = NULL;
        return err;
}

static int seal_file(struct making *m, int fd)
{
        char *bytes = malloc(READ_BYTES);
        int err = bytes ? 0 : -ENOMEM;
        uint64_t left = m->header.database_bytes;
        for (off_t at = 0; !err && left; at += READ_BYTES) {
                size_t n = left < READ_BYTES ? (size_t)left : READ_BYTES;
                err = is_stopped(m) ? -ECANCELED : data_dir_read_at(fd, bytes, n, at);
                if (!err)
                        err = backup_writer_put(m->writer, (struct slice){bytes, n});
                left -= n;
                atomic_fetch_add(m->copy->bytes_done, n);
        }
        free(bytes);
        return err ? err : backup_writer_end(m->writer);
}

static int seal_database(struct making *m)
{
        struct file_name name = file_name(m, SCRATCH_SUFFIX);
        struct stat st;
        int fd = openat(m->folder, name.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        int err = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
        if (!err && (uint64_t)st.st_size != m->header.database_bytes)
                err = -EIO;
        if (!err)
                err = seal_file(m, fd);
        if (fd >= 0)
                close(fd);
        return err;
}

static int give_name(const struct making *m)
{
        struct file_name part = file_name(m, PART_SUFFIX), whole = file_name(m, BACKUP_SUFFIX);
        if (renameat2(m->folder, part.text, m->folder, whole.text, RENAME_NOREPLACE) < 0)
                return -errno;
        return fsync(m->folder) < 0 ? -errno : 0;
}

static void leave_nothing(const struct making *m, bool is_whole)
{
        static const char *const suffixes[] = {SCRATCH_SUFFIX, SCRATCH_SUFFIX "-wal", PART_SUFFIX,
                                               BACKUP_SUFFIX};
        if (m->folder < 0)
                return;
        for (unsigned i = 0; i < sizeof suffixes / sizeof suffixes[0] - is_whole; i++)
                (void)unlinkat(m->folder, file_name(m, suffixes[i]).text, 0);
}

int backup_copy_run(const struct backup_copy *copy, char *problem)
{
        struct making m = {
                .copy = copy,
                .problem = problem,
                .name = backup_name_of(&copy->key),
                .folder = -1,
                .part = -1,
        };
        static int (*const steps[])(struct making *) = {open_folder,   begin_moment,  begin_file,
                                                        copy_database, seal_database, NULL};
        int err = 0;
        problem[0] = '\0';
        for (unsigned i = 0; !err && steps[i]; i++)
                err = steps[i](&m);
        if (!err)
                err = give_name(&m);

        if (err && !problem[0])
                tell(&m, err);
        sqlite3_close(m.target);
        sqlite3_close(m.source);
        backup_writer_destroy(m.writer);
        if (m.part >= 0)
                close(m.part);
        leave_nothing(&m, err == 0);
        if (m.folder >= 0)
                close(m.folder);
        return err;
}

/* "20261124T133000Z-1a2b3c4d" and one of our endings. */
static bool is_leftover(const char *name)
{
        static const char *const endings[] = {PART_SUFFIX, SCRATCH_SUFFIX, SCRATCH_SUFFIX "-wal"};
        size_t len = strspn(name, "0123456789abcdefTZ-");
        for (unsigned i = 0; i < sizeof endings / sizeof endings[0]; i++)
                if (len == 25 && !strcmp(name + len, endings[i]))
                        return true;
        return false;
}

void backup_copy_clean(const char *folder)
{
        DIR *dir = opendir(folder);
        struct dirent *entry;
        if (!dir)
                return;
        while ((entry = readdir(dir)))
                if (is_leftover(entry->d_name))
                        (void)unlinkat(dirfd(dir), entry->d_name, 0);
        closedir(dir);
}

void backup_copy_remove(const char *folder, const struct backup_key *key)
{
        char path[PATH_BYTES];
        int n = snprintf(path, sizeof path, "%s/%s" BACKUP_SUFFIX, folder,
                         backup_name_of(key).text);
        if (n > 0 && (size_t)n < sizeof path && unlink(path) < 0 && errno != ENOENT)
                log_warn("backup: %s cannot be removed: %s; nobody can read it any more", path,
                         strerror(errno));
}
