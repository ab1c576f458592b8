/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_rows.h"

#include <string.h>

#include "store/sqlite_columns.h"
#include "store/sqlite_get.h"

static int read_bounds(sqlite3 *db, const char *sql, uint64_t *oldest, uint64_t *newest)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
        if (!rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                *oldest = (uint64_t)sqlite3_column_int64(stmt, 0);
                *newest = (uint64_t)sqlite3_column_int64(stmt, 1);
                rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        return rc;
}

/* Which rows to look at: from `after` on, or what is left of them, and no more than a window. */
static int begin_window(sqlite3 *db, const char *sql, uint64_t oldest, uint64_t newest,
                        const struct store_events_query *query, uint64_t *after, uint64_t *seen,
                        sqlite3_stmt **out)
{
        if (*after > newest) /* of a newer state than this one, which is out of a backup */
                *after = 0;
        if (oldest && *after < oldest - 1)
                *after = oldest - 1;
        uint64_t last =
                newest - *after > STORE_EVENTS_WINDOW ? *after + STORE_EVENTS_WINDOW : newest;
        *seen = query->from_now ? newest : last;
        int rc = sqlite3_prepare_v2(db, sql, -1, out, NULL);
        if (rc)
                return rc;
        sqlite3_bind_int64(*out, 1, (int64_t)*after);
        sqlite3_bind_int64(*out, 2, (int64_t)last);
        sqlite3_bind_int64(*out, 3, query->tenant_id);
        sqlite3_bind_int64(*out, 4, query->from_now ? 0 : query->max);
        return SQLITE_OK;
}

static int read_event_audits(sqlite3 *db, const struct store_events_query *query,
                             struct store_audit *audits, struct store_events *page)
{
        uint64_t oldest = 0, after = query->after_audit;
        sqlite3_stmt *stmt = NULL;
        int rc = read_bounds(db, "SELECT min(sequence), max(sequence) FROM audit", &oldest,
                             &page->audit_head);
        if (!rc)
                rc = begin_window(db,
                                  "SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence > ?1 AND "
                                  "sequence <= ?2 AND (?3 = 0 OR tenant_id = ?3) "
                                  "ORDER BY sequence LIMIT ?4",
                                  oldest, page->audit_head, query, &after, &page->audit_seen,
                                  &stmt);
        while (!rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                sqlite_get_audit(stmt, &audits[page->audit_count++]);
                rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        if (page->audit_count == query->max && !query->from_now)
                page->audit_seen = audits[page->audit_count - 1].sequence;
        page->audits = audits;
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

_Static_assert(CDR_LEG_A == 0 && MASK_CONNECT == 0, "what the statement below looks for");

static int read_event_cdrs(sqlite3 *db, const struct store_events_query *query,
                           struct store_cdr *cdrs, struct store_events *page)
{
        uint64_t oldest = 0, after = query->after_cdr;
        sqlite3_stmt *stmt = NULL;
        int rc = read_bounds(db, "SELECT min(id), max(id) FROM cdr", &oldest, &page->cdr_head);
        if (!rc)
                rc = begin_window(db,
                                  "SELECT id, " CDR_COLUMNS " FROM cdr WHERE id > ?1 AND id <= ?2 "
                                  "AND (?3 = 0 OR tenant_id = ?3) AND leg = 0 AND verdict = 0 "
                                  "ORDER BY id LIMIT ?4",
                                  oldest, page->cdr_head, query, &after, &page->cdr_seen, &stmt);
        while (!rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                struct store_cdr *row = &cdrs[page->cdr_count++];
                row->number = (uint64_t)sqlite3_column_int64(stmt, 0);
                rc = sqlite_get_cdr(stmt, 1, &row->cdr);
        }
        sqlite3_finalize(stmt);
        if (page->cdr_count == query->max && !query->from_now)
                page->cdr_seen = cdrs[page->cdr_count - 1].number;
        page->cdrs = cdrs;
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_read_events(sqlite3 *db, const struct store_events_query *query,
                       struct store_audit *audits, struct store_cdr *cdrs,
                       struct store_events *page)
{
        *page = (struct store_events){0};
        int rc = read_event_audits(db, query, audits, page);
        return rc ? rc : read_event_cdrs(db, query, cdrs, page);
}

static int list_cdrs(sqlite3 *db, const struct store_cdr_query *query, struct cdr *rows,
                     uint32_t *count)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(
                db,
                "SELECT " CDR_COLUMNS " FROM cdr "
                "WHERE started_ms < ?1 AND (?2 = 0 OR tenant_id = ?2 OR (?4 AND tenant_id = 0)) "
                "ORDER BY started_ms DESC, tenant_id DESC, id DESC LIMIT ?3",
                -1, &stmt, NULL);
        if (rc)
                return rc;
        sqlite3_bind_int64(stmt, 1, query->before_ms ? query->before_ms : INT64_MAX);
        sqlite3_bind_int64(stmt, 2, query->tenant_id);
        sqlite3_bind_int64(stmt, 3, query->max);
        sqlite3_bind_int64(stmt, 4, query->or_nobodys);
        while (!rc && *count < query->max && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
                rc = sqlite_get_cdr(stmt, 0, &rows[*count]);
                *count += !rc;
        }
        sqlite3_finalize(stmt);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The next older hour of which there are records; SQLITE_DONE when there is none. */
static int step_hour(sqlite3_stmt *hours, int64_t *hour)
{
        sqlite3_bind_int64(hours, 1, *hour);
        int rc = sqlite3_step(hours);
        if (rc == SQLITE_ROW)
                *hour = sqlite3_column_int64(hours, 0);
        (void)sqlite3_reset(hours);
        return rc;
}

static bool wanted(const struct store_cdr_query *query, const struct cdr *cdr)
{
        return (!query->tenant_id || cdr->tenant_id == query->tenant_id) &&
               (!query->before_ms || cdr->started_ms < query->before_ms);
}

/* The legs of the call that began in this hour, behind those in `rows`; `first` once the A leg was. */
static int read_hour(sqlite3_stmt *legs, int64_t hour, const struct store_cdr_query *query,
                     struct cdr *rows, uint32_t *count, bool *first)
{
        int rc = SQLITE_OK;
        sqlite3_bind_int64(legs, 1, hour);
        sqlite3_bind_blob(legs, 2, query->call_id.bytes, sizeof query->call_id.bytes,
                          SQLITE_STATIC);
        while (!rc && (rc = sqlite3_step(legs)) == SQLITE_ROW) {
                struct cdr cdr;
                rc = sqlite_get_cdr(legs, 0, &cdr);
                if (rc)
                        break;
                if (memcmp(&cdr.leg_id, &cdr.call_id, sizeof cdr.leg_id) == 0)
                        *first = true;
                if (wanted(query, &cdr) && *count < query->max)
                        rows[(*count)++] = cdr;
        }
        (void)sqlite3_reset(legs);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/*
 * The index on legs has the hour before the call id, so the hours are gone through, newest first.
 * The A leg begins before all others of its call: with it the search is over.
 */
static int find_call(sqlite3 *db, const struct store_cdr_query *query, struct cdr *rows,
                     uint32_t *count)
{
        sqlite3_stmt *hours = NULL, *legs = NULL;
        int64_t hour = INT64_MAX;
        bool first = false;
        int rc = sqlite3_prepare_v2(db,
                                    "SELECT started_ms / 3600000 FROM cdr "
                                    "WHERE started_ms / 3600000 < ?1 "
                                    "ORDER BY started_ms / 3600000 DESC LIMIT 1",
                                    -1, &hours, NULL);
        if (!rc)
                rc = sqlite3_prepare_v2(db,
                                        "SELECT " CDR_COLUMNS " FROM cdr "
                                        "WHERE started_ms / 3600000 = ?1 AND call_id = ?2 "
                                        "ORDER BY started_ms DESC, id DESC",
                                        -1, &legs, NULL);
        while (!rc && !first && (rc = step_hour(hours, &hour)) == SQLITE_ROW)
                rc = read_hour(legs, hour, query, rows, count, &first);
        sqlite3_finalize(hours);
        sqlite3_finalize(legs);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_read_cdrs(sqlite3 *db, const struct store_cdr_query *query, struct cdr *rows,
                     uint32_t *count)
{
        *count = 0;
        return query->by_call ? find_call(db, query, rows, count)
                              : list_cdrs(db, query, rows, count);
}

static int read_head(sqlite3 *db, struct sqlite_audit_part *part)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, "SELECT sequence, hash, mac FROM audit_head", -1, &stmt,
                                    NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        part->has_head = rc == SQLITE_ROW &&
                         sqlite_get_audit_head(stmt, &part->head, part->mac) == SQLITE_OK;
        sqlite3_finalize(stmt);
        return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int read_entries(sqlite3 *db, struct sqlite_audit_part *part)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db,
                                    "SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence > ?1 "
                                    "ORDER BY sequence LIMIT ?2",
                                    -1, &stmt, NULL);
        if (rc)
                return rc;
        sqlite3_bind_int64(stmt, 1, part->after);
        sqlite3_bind_int64(stmt, 2, part->max);
        while (part->count < part->max && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
                sqlite_get_audit(stmt, &part->entries[part->count++]);
        sqlite3_finalize(stmt);
        return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int sqlite_read_audit(sqlite3 *db, struct sqlite_audit_part *part)
{
        part->count = 0;
        int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        if (rc)
                return rc;
        rc = read_head(db, part);
        if (!rc)
                rc = read_entries(db, part);
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return rc;
}

int sqlite_read_last_audit(sqlite3 *db, struct store_audit *out)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, LAST_AUDIT, -1, &stmt, NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
                sqlite_get_audit(stmt, out);
                rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        return rc;
}
