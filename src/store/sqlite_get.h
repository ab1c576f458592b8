/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_get.h - one row, as the columns of sqlite_columns.h give it, to its struct.
 *
 * Results are SQLITE_OK, or SQLITE_CORRUPT when a value is none that a version of ours can have
 * written; `out` is then not to be used.
 */
#ifndef MASKLINE_STORE_SQLITE_GET_H
#define MASKLINE_STORE_SQLITE_GET_H

#include <sqlite3.h>

#include "core/store.h"
#include "store/audit.h"

int sqlite_get_tenant(sqlite3_stmt *stmt, struct tenant *out) MUST_CHECK;
int sqlite_get_trunk(sqlite3_stmt *stmt, struct trunk *out) MUST_CHECK;
int sqlite_get_block(sqlite3_stmt *stmt, struct store_block *out) MUST_CHECK;
int sqlite_get_pool(sqlite3_stmt *stmt, struct store_pool *out) MUST_CHECK;
int sqlite_get_number(sqlite3_stmt *stmt, struct store_number *out) MUST_CHECK;

/* A revoked key has no hash any more. */
int sqlite_get_key(sqlite3_stmt *stmt, struct api_key *out) MUST_CHECK;

/* SESSION_COLUMNS, then USE_COLUMNS. */
int sqlite_get_session(sqlite3_stmt *stmt, struct store_session *out,
                       struct session_use *use) MUST_CHECK;

int sqlite_get_grave(sqlite3_stmt *stmt, struct store_grave *out) MUST_CHECK;

/* CDR_COLUMNS from column `first` on. */
int sqlite_get_cdr(sqlite3_stmt *stmt, int first, struct cdr *out) MUST_CHECK;

/*
 * Never fails: whatever is stored is shown to who verifies it. A body that is too long keeps a
 * length that no genuine entry has.
 */
void sqlite_get_audit(sqlite3_stmt *stmt, struct store_audit *out);

int sqlite_get_audit_head(sqlite3_stmt *stmt, struct audit_head *out,
                          uint8_t mac[AUDIT_HASH_BYTES]) MUST_CHECK;

#endif
