/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_rows.h - what is written into the database, and what is read out of it.
 *
 * Results are SQLite's; a stored value that no version of ours can have written is SQLITE_CORRUPT.
 */
#ifndef MASKLINE_STORE_SQLITE_ROWS_H
#define MASKLINE_STORE_SQLITE_ROWS_H

#include <sqlite3.h>

#include "core/store.h"
#include "store/audit.h"

/* The statements of the writing connection, prepared once. */
struct sqlite_writer;
int sqlite_writer_create(sqlite3 *db, struct sqlite_writer **out) MUST_CHECK;
void sqlite_writer_destroy(struct sqlite_writer *writer); /* NULL is fine */

/*
 * One change, inside the caller's transaction; an audit entry must be linked already.
 * SQLITE_CONSTRAINT when it contradicts what is stored.
 */
int sqlite_write_change(struct sqlite_writer *writer, const struct store_change *change) MUST_CHECK;
int sqlite_write_audit_head(struct sqlite_writer *writer, const struct audit_head *head,
                            const uint8_t mac[AUDIT_HASH_BYTES]) MUST_CHECK;

/* The whole provisioned state, as store_ops.load says. `err` gets what a callback returned. */
int sqlite_read_all(sqlite3 *db, const struct store_loader *loader, int *err) MUST_CHECK;

/* At most query->max rows, newest first; `rows` has room for them. */
int sqlite_read_cdrs(sqlite3 *db, const struct store_cdr_query *query, struct cdr *rows,
                     uint32_t *count) MUST_CHECK;

/*
 * The oldest that began before query->before_ms, at most query->max; in statements of their own. Their
 * numbers are not given again.
 */
int sqlite_drop_cdrs(sqlite3 *db, const struct store_cdr_query *query, uint32_t *count) MUST_CHECK;

/* Rows for `query->max` of each; a page that points into them, with what is seen and the heads. */
int sqlite_read_events(sqlite3 *db, const struct store_events_query *query,
                       struct store_audit *audits, struct store_cdr *cdrs,
                       struct store_events *page) MUST_CHECK;

/* One part of the audit record and its head, as they are at one moment. */
struct sqlite_audit_part {
        int64_t after; /* in: the last sequence seen; INT64_MIN to begin */
        uint32_t max;  /* in */
        uint32_t count;
        struct audit_head head;
        uint8_t mac[AUDIT_HASH_BYTES];
        bool has_head;
        struct store_audit entries[];
};
int sqlite_read_audit(sqlite3 *db, struct sqlite_audit_part *part) MUST_CHECK;

/* The entry with the highest sequence; SQLITE_DONE when there is none. */
int sqlite_read_last_audit(sqlite3 *db, struct store_audit *out) MUST_CHECK;

#endif
