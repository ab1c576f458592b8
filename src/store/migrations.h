/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrations.h - the files of sql/sqlite in their order, embedded by tools/embed_sql.py.
 *
 * The schema version of a database is the number of those that were applied to it.
 */
#ifndef MASKLINE_STORE_MIGRATIONS_H
#define MASKLINE_STORE_MIGRATIONS_H

extern const char *const sqlite_migrations[];
extern const unsigned sqlite_migration_count;

#endif
