/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_db.h - one connection to the database: opened as we need it, checked to be ours, its
 * schema brought up to date, its errors told in sentences.
 */
#ifndef MASKLINE_STORE_SQLITE_DB_H
#define MASKLINE_STORE_SQLITE_DB_H

#include <sqlite3.h>

#include "store/data_dir.h"
#include "store/seal.h"

struct sqlite_db_params {
        const struct data_dir *dir;
        const struct vault *vault;
        const char *vfs; /* NULL: the system's */
};

/*
 * The writing connection: creates the database when there is none, refuses what is not ours or not
 * whole, applies the migrations that are missing, each in one transaction.
 */
int sqlite_db_open(const struct sqlite_db_params *params, sqlite3 **out, char *problem) MUST_CHECK;

/* Another one that only reads, to a database that sqlite_db_open() has passed. */
int sqlite_db_open_reader(const struct sqlite_db_params *params, sqlite3 **out) MUST_CHECK;

/* SQLite's result as ours: ERR_CONFLICT for a constraint, ERR_STORE for what the disk refused. */
int sqlite_db_error(int rc);

/* What failed and what to do, after a call on `db` that returned `rc`. */
void sqlite_db_problem(const struct data_dir *dir, sqlite3 *db, int rc, char *problem);

#endif
