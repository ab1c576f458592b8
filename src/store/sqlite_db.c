/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_db.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/audit.h"
#include "store/migrations.h"
#include "store/problem.h"

#define APPLICATION_ID  0x4d534b4c /* "MSKL" */
#define BUSY_TIMEOUT_MS 5000       /* somebody else's backup or sqlite3 prompt */
#define CHECK_BYTES_MAX (256 << 20)
#define WAL_KEEP_BYTES  "67108864"
#define PATH_BYTES      4200

int sqlite_db_error(int rc)
{
        switch (rc & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_CONSTRAINT:
                return ERR_CONFLICT;
        case SQLITE_NOMEM:
                return -ENOMEM;
        default:
                return ERR_STORE;
        }
}

void sqlite_db_problem(const struct data_dir *dir, sqlite3 *db, int rc, char *problem)
{
        const char *path = data_dir_path(dir), *file = DATA_DIR_DATABASE;
        int system = db ? sqlite3_system_errno(db) : 0;
        int kind = rc & 0xff;
        if (kind == SQLITE_FULL || (kind == SQLITE_IOERR && system == ENOSPC)) {
                problem_put(problem,
                            "%s/%s can't be written: the disk is full. Free space on its file "
                            "system; nothing that was acknowledged is lost.",
                            path, file);
                return;
        }
        if (kind == SQLITE_READONLY || kind == SQLITE_CANTOPEN || kind == SQLITE_PERM) {
                problem_put(problem,
                            "%s/%s can't be written (%s): maskline needs to read and write in its "
                            "data directory; look at its owner, modes and mount.",
                            path, file, system ? strerror(system) : sqlite3_errstr(rc));
                return;
        }
        if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) {
                problem_put(problem,
                            "%s/%s is damaged (%s): stop maskline, keep a copy of the directory, "
                            "and put the last backup back.",
                            path, file, sqlite3_errstr(rc));
                return;
        }
        if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED) {
                problem_put(problem,
                            "%s/%s is held by another program: end the sqlite3 prompt or backup "
                            "that has it open.",
                            path, file);
                return;
        }
        problem_put(problem, "%s/%s can't be read or written: %s%s%s. Look at the disk's health.",
                    path, file, sqlite3_errstr(rc), system ? ", " : "",
                    system ? strerror(system) : "");
}

static int open_connection(const struct sqlite_db_params *params, sqlite3 **out)
{
        char path[PATH_BYTES];
        int n = snprintf(path, sizeof path, "%s/%s", data_dir_path(params->dir), DATA_DIR_DATABASE);
        if (n < 0 || (size_t)n >= sizeof path)
                return SQLITE_CANTOPEN;

        int rc = sqlite3_open_v2(path, out,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                                         SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
                                 params->vfs);
        if (rc)
                return rc;
        sqlite3_busy_timeout(*out, BUSY_TIMEOUT_MS);
        (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        return sqlite3_exec(*out,
                            "PRAGMA temp_store = MEMORY;"
                            "PRAGMA secure_delete = ON;"
                            "PRAGMA trusted_schema = OFF;"
                            "PRAGMA cell_size_check = ON;"
                            "PRAGMA mmap_size = 0;"
                            "PRAGMA foreign_keys = OFF;",
                            NULL, NULL, NULL);
}

/* One integer that a statement answers. */
static int get_int(sqlite3 *db, const char *sql, int64_t *out)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
                *out = sqlite3_column_int64(stmt, 0);
                rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        return rc;
}

struct schema {
        int64_t application_id, version, tables;
};

static int get_schema(sqlite3 *db, struct schema *schema)
{
        int rc = get_int(db, "PRAGMA application_id", &schema->application_id);
        if (!rc)
                rc = get_int(db, "PRAGMA user_version", &schema->version);
        if (!rc)
                rc = get_int(db, "SELECT count(*) FROM sqlite_schema", &schema->tables);
        return rc;
}

static int check_schema(const struct data_dir *dir, const struct schema *schema, char *problem)
{
        const char *path = data_dir_path(dir);
        bool is_empty = !schema->application_id && !schema->version && !schema->tables;
        if (!is_empty && schema->application_id != APPLICATION_ID) {
                problem_put(problem,
                            "%s/%s is a database of another application: use another data "
                            "directory, or move that file away.",
                            path, DATA_DIR_DATABASE);
                return ERR_CONFLICT;
        }
        if (schema->version > sqlite_migration_count) {
                problem_put(problem,
                            "%s/%s was written by a newer maskline (schema %lld, this one knows "
                            "%u): run that version or a later one, or put back the backup made "
                            "before the upgrade.",
                            path, DATA_DIR_DATABASE, (long long)schema->version,
                            sqlite_migration_count);
                return ERR_VERSION;
        }
        return 0;
}

/* What a fresh database gets besides its tables: whose it is, and the head of an empty record. */
static int put_origin(sqlite3 *db, const struct vault *vault)
{
        struct audit_head head = {0};
        uint8_t id[VAULT_ID_BYTES], mac[AUDIT_HASH_BYTES];
        sqlite3_stmt *meta = NULL, *first = NULL;
        vault_id(vault, id);
        audit_head_mac(vault, &head, mac);

        int rc = sqlite3_prepare_v2(db, "INSERT INTO meta VALUES ('vault_id', ?)", -1, &meta, NULL);
        if (!rc)
                rc = sqlite3_prepare_v2(db, "INSERT INTO audit_head VALUES (0, 0, ?, ?)", -1,
                                        &first, NULL);
        if (!rc) {
                sqlite3_bind_blob(meta, 1, id, sizeof id, SQLITE_STATIC);
                sqlite3_bind_blob(first, 1, head.hash, sizeof head.hash, SQLITE_STATIC);
                sqlite3_bind_blob(first, 2, mac, sizeof mac, SQLITE_STATIC);
                rc = sqlite3_step(meta);
                if (rc == SQLITE_DONE)
                        rc = sqlite3_step(first);
        }
        sqlite3_finalize(meta);
        sqlite3_finalize(first);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int migrate_one(sqlite3 *db, const struct vault *vault, unsigned version)
{
        char stamp[96];
        snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %u;",
                 APPLICATION_ID, version + 1);
        int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        if (rc)
                return rc;
        rc = sqlite3_exec(db, sqlite_migrations[version], NULL, NULL, NULL);
        if (!rc)
                rc = sqlite3_exec(db, stamp, NULL, NULL, NULL);
        if (!rc && version == 0)
                rc = put_origin(db, vault);
        if (!rc)
                rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        if (rc)
                (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return rc;
}

static int check_vault(const struct sqlite_db_params *params, sqlite3 *db, char *problem)
{
        uint8_t id[VAULT_ID_BYTES];
        sqlite3_stmt *stmt = NULL;
        vault_id(params->vault, id);
        int rc = sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name = 'vault_id'", -1, &stmt,
                                    NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        bool same = rc == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == sizeof id &&
                    memcmp(sqlite3_column_blob(stmt, 0), id, sizeof id) == 0;
        sqlite3_finalize(stmt);
        if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
                sqlite_db_problem(params->dir, db, rc, problem);
                return sqlite_db_error(rc);
        }
        if (!same) {
                problem_put(problem,
                            "%s/%s belongs to another %s: put back the files that belong "
                            "together.",
                            data_dir_path(params->dir), DATA_DIR_DATABASE, DATA_DIR_MASTER_KEY);
                return ERR_CONFLICT;
        }
        return 0;
}

/* After a crash the log is still there; then the pages are looked through, if that is quick. */
static bool wants_check(const struct data_dir *dir)
{
        char path[PATH_BYTES];
        struct stat wal, db;
        snprintf(path, sizeof path, "%s/%s", data_dir_path(dir), DATA_DIR_DATABASE);
        if (stat(path, &db) < 0 || db.st_size == 0 || db.st_size > CHECK_BYTES_MAX)
                return false;
        snprintf(path, sizeof path, "%s/%s-wal", data_dir_path(dir), DATA_DIR_DATABASE);
        return stat(path, &wal) == 0 && wal.st_size > 0;
}

static int quick_check(sqlite3 *db)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        bool fine =
                rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
        sqlite3_finalize(stmt);
        if (rc == SQLITE_ROW)
                return fine ? SQLITE_OK : SQLITE_CORRUPT;
        return rc;
}

/* SQLite gives its log and shared memory the mode of the database: so we make that one. */
static int make_file(const struct data_dir *dir, char *problem)
{
        int fd = -1;
        int err = data_dir_open_file(dir, DATA_DIR_DATABASE, &fd, problem);
        if (err == -ENOENT)
                return data_dir_create_file(dir, DATA_DIR_DATABASE, SLICE_NONE, problem);
        if (!err)
                close(fd);
        return err;
}

/*
 * The switch itself goes through a rollback journal. EXTRA makes sure that this is gone for good:
 * one that came back after a power cut would undo the database and take the log with it. Where
 * there can be no log, on some network file systems, SQLite would stay without one silently.
 */
static int use_log(sqlite3 *db)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_exec(db, "PRAGMA synchronous = EXTRA", NULL, NULL, NULL);
        if (!rc)
                rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
                rc = strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0
                             ? SQLITE_OK
                             : SQLITE_CANTOPEN;
        sqlite3_finalize(stmt);
        return rc;
}

static int prepare(const struct sqlite_db_params *params, sqlite3 *db, char *problem)
{
        struct schema schema = {0};
        bool check = wants_check(params->dir);
        int rc = get_schema(db, &schema);
        if (rc)
                goto fail;
        int err = check_schema(params->dir, &schema, problem);
        if (err)
                return err;

        rc = sqlite3_db_readonly(db, "main") == 1 ? SQLITE_READONLY : SQLITE_OK;
        if (!rc)
                rc = use_log(db);
        if (!rc)
                rc = sqlite3_exec(db,
                                  "PRAGMA synchronous = FULL;"
                                  "PRAGMA wal_autocheckpoint = 0;"
                                  "PRAGMA journal_size_limit = " WAL_KEEP_BYTES ";",
                                  NULL, NULL, NULL);
        if (!rc && check)
                rc = quick_check(db);
        for (unsigned v = (unsigned)schema.version; !rc && v < sqlite_migration_count; v++)
                rc = migrate_one(db, params->vault, v);
        if (rc)
                goto fail;
        return check_vault(params, db, problem);
fail:
        sqlite_db_problem(params->dir, db, rc, problem);
        return sqlite_db_error(rc);
}

int sqlite_db_open(const struct sqlite_db_params *params, sqlite3 **out, char *problem)
{
        int err = make_file(params->dir, problem);
        if (err)
                return err;
        sqlite3 *db = NULL;
        int rc = open_connection(params, &db);
        if (rc) {
                sqlite_db_problem(params->dir, db, rc, problem);
                err = sqlite_db_error(rc);
        } else {
                err = prepare(params, db, problem);
        }
        if (!err)
                err = data_dir_sync(params->dir);
        if (err) {
                sqlite3_close(db);
                return err;
        }
        *out = db;
        return 0;
}

int sqlite_db_open_reader(const struct sqlite_db_params *params, sqlite3 **out)
{
        sqlite3 *db = NULL;
        int64_t tables = 0;
        int rc = open_connection(params, &db);
        if (!rc)
                rc = sqlite3_exec(db, "PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = ON;",
                                  NULL, NULL, NULL);
        /* Only a connection that has read once knows of the log and can write it back. */
        if (!rc)
                rc = get_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
        if (rc) {
                sqlite3_close(db);
                return sqlite_db_error(rc);
        }
        *out = db;
        return 0;
}
