/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows_alone.c - SQLite alone: the rows of sessions that were created, committed once more to a database of
 * their own with the same schema and settings, in batches: rows_alone FROM TO BATCH.
 *
 * A batch is what a commit of the server's writes: for each create its session and its audit entry, and
 * how far the audit record goes, once. Prints "creates=N seconds=S cpu_seconds=S".
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS_MAX  32
#define KIND_CREATED "(SELECT kind FROM audit GROUP BY kind ORDER BY count(*) DESC LIMIT 1)"

static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;"
                              "PRAGMA foreign_keys = OFF;";

struct rows {
        sqlite3_value **values; /* owned */
        size_t count, columns;
};

static void must(int rc, sqlite3 *db)
{
        if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
                return;
        fprintf(stderr, "rows_alone: %s\n", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
        exit(1);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
        sqlite3_stmt *stmt;
        must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL), db);
        return stmt;
}

static void run(sqlite3_stmt *stmt)
{
        must(sqlite3_step(stmt), sqlite3_db_handle(stmt));
        must(sqlite3_reset(stmt), sqlite3_db_handle(stmt));
}

static struct rows read_rows(sqlite3 *db, const char *sql)
{
        struct rows rows = {0};
        size_t room = 0;
        sqlite3_stmt *stmt = prepare(db, sql);
        rows.columns = (size_t)sqlite3_column_count(stmt);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
                if (rows.count == room) {
                        room = room ? 2 * room : 1024;
                        rows.values =
                                realloc(rows.values, room * rows.columns * sizeof *rows.values);
                        if (!rows.values)
                                exit(1);
                }
                for (size_t i = 0; i < rows.columns; i++)
                        rows.values[rows.count * rows.columns + i] =
                                sqlite3_value_dup(sqlite3_column_value(stmt, (int)i));
                rows.count++;
        }
        must(sqlite3_finalize(stmt), db);
        return rows;
}

static void copy_schema(sqlite3 *from, sqlite3 *to)
{
        sqlite3_stmt *stmt =
                prepare(from, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL "
                              "AND name NOT LIKE 'sqlite_%' ORDER BY type = 'table' DESC");
        must(sqlite3_exec(to, pragmas, NULL, NULL, NULL), to);
        while (sqlite3_step(stmt) == SQLITE_ROW)
                must(sqlite3_exec(to, (const char *)sqlite3_column_text(stmt, 0), NULL, NULL, NULL),
                     to);
        must(sqlite3_finalize(stmt), from);
}

static sqlite3_stmt *inserter(sqlite3 *to, const char *table, size_t columns)
{
        char sql[256];
        int len = snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO %s VALUES (?", table);
        for (size_t i = 1; i < columns; i++)
                len += snprintf(sql + len, sizeof sql - (size_t)len, ",?");
        snprintf(sql + len, sizeof sql - (size_t)len, ")");
        return prepare(to, sql);
}

static void insert(sqlite3_stmt *stmt, const struct rows *rows, size_t at)
{
        for (size_t i = 0; i < rows->columns; i++)
                must(sqlite3_bind_value(stmt, (int)i + 1, rows->values[at * rows->columns + i]),
                     sqlite3_db_handle(stmt));
        run(stmt);
}

static double seconds_of(clockid_t clock)
{
        struct timespec t;
        clock_gettime(clock, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
        sqlite3 *from, *to;
        size_t batch = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
        if (!batch) {
                fprintf(stderr, "usage: rows_alone FROM TO BATCH\n");
                return 2;
        }
        must(sqlite3_open_v2(argv[1], &from, SQLITE_OPEN_READONLY, NULL), NULL);
        must(sqlite3_open_v2(argv[2], &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), NULL);
        copy_schema(from, to);
        struct rows sessions = read_rows(from, "SELECT * FROM session ORDER BY id");
        struct rows audits = read_rows(from, "SELECT * FROM audit WHERE kind = " KIND_CREATED
                                             " ORDER BY sequence");
        struct rows head = read_rows(from, "SELECT * FROM audit_head");
        if (sessions.count != audits.count || head.count != 1) {
                fprintf(stderr, "rows_alone: %zu sessions, but %zu audit entries\n", sessions.count,
                        audits.count);
                return 1;
        }
        sqlite3_stmt *add_session = inserter(to, "session", sessions.columns);
        sqlite3_stmt *add_audit = inserter(to, "audit", audits.columns);
        sqlite3_stmt *put_head = inserter(to, "audit_head", head.columns);
        sqlite3_stmt *begin = prepare(to, "BEGIN IMMEDIATE"), *commit = prepare(to, "COMMIT");

        double start = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t at = 0; at < sessions.count;) {
                run(begin);
                for (size_t end = at + batch; at < end && at < sessions.count; at++) {
                        insert(add_session, &sessions, at);
                        insert(add_audit, &audits, at);
                }
                insert(put_head, &head, 0);
                run(commit);
        }
        printf("creates=%zu seconds=%.3f cpu_seconds=%.3f\n", sessions.count,
               seconds_of(CLOCK_MONOTONIC) - start, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        return 0; /* what is read stays until the end of the process */
}
