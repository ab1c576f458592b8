/* SPDX-License-Identifier: Apache-2.0 */
/* The reading thread of the embedded store. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/store_sqlite_impl.h"

#define CDRS_MAX 1000

static void run_query(struct store_sqlite *s, struct item *item)
{
        if (item->query.max > CDRS_MAX)
                item->query.max = CDRS_MAX;
        item->cdrs = calloc(item->query.max + 1, sizeof *item->cdrs);
        if (!item->cdrs) {
                item->err = -ENOMEM;
                return;
        }
        int rc = sqlite_read_cdrs(s->read_db, &item->query, item->cdrs, &item->cdr_count);
        item->err = sqlite_db_error(rc);
        if (item->err) {
                item->cdr_count = 0;
                log_error("store: call records can't be read: %s", sqlite3_errstr(rc));
        }
}

static void run_events(struct store_sqlite *s, struct item *item)
{
        struct store_events_query *query = &item->events_query;
        if (query->max > CDRS_MAX)
                query->max = CDRS_MAX;
        item->audits = calloc(query->max + 1, sizeof *item->audits);
        item->legs = calloc(query->max + 1, sizeof *item->legs);
        if (!item->audits || !item->legs) {
                item->err = -ENOMEM;
                return;
        }
        int rc = sqlite_read_events(s->read_db, query, item->audits, item->legs, &item->events);
        item->err = sqlite_db_error(rc);
        if (item->err)
                log_error("store: events can't be read: %s", sqlite3_errstr(rc));
}

/* The head is read in the same transaction: past the last entry it must be reached. */
static int end_of_walk(const struct store_sqlite *s, const struct item *item)
{
        const struct sqlite_audit_part *part = s->part;
        if (!store_sqlite_has_genuine_head(s, s->part))
                return ERR_NOT_FOUND;
        uint64_t last = item->after < 0 ? 0 : (uint64_t)item->after;
        return last < part->head.sequence ? ERR_NOT_FOUND : 0;
}

/* One part of the record; false: there is more. No snapshot is held in between. */
static bool run_walk(struct store_sqlite *s, struct item *item)
{
        s->part->after = item->after;
        s->part->max = STORE_AUDIT_PART;
        int rc = sqlite_read_audit(s->read_db, s->part);
        if (rc) {
                log_error("store: the audit record can't be read: %s", sqlite3_errstr(rc));
                item->err = sqlite_db_error(rc);
                return true;
        }
        for (uint32_t i = 0; i < s->part->count; i++) {
                item->err = item->visit(item->arg, &s->part->entries[i]);
                if (item->err)
                        return true;
                item->after = (int64_t)s->part->entries[i].sequence;
        }
        if (s->part->count == STORE_AUDIT_PART)
                return false;
        item->err = end_of_walk(s, item);
        return true;
}

static void run_read(struct store_sqlite *s, struct item *item, bool closing)
{
        struct list one;
        bool finished = true;
        list_init(&one);
        if (item->kind == ITEM_QUERY)
                run_query(s, item);
        else if (item->kind == ITEM_EVENTS)
                run_events(s, item);
        else if (closing)
                item->err = -ECANCELED;
        else
                finished = run_walk(s, item);

        if (finished) {
                list_add_tail(&one, &item->node);
                store_sqlite_announce(s, &one);
                return;
        }
        pthread_mutex_lock(&s->lock);
        list_add_tail(&s->queries, &item->node);
        s->query_count++;
        pthread_mutex_unlock(&s->lock);
}

void *store_sqlite_read_loop(void *arg)
{
        struct store_sqlite *s = arg;
        for (;;) {
                struct item *item = NULL;
                pthread_mutex_lock(&s->lock);
                while (list_is_empty(&s->queries) && !s->closing && !s->checkpoint_due)
                        pthread_cond_wait(&s->to_read, &s->lock);
                bool closing = s->closing;
                bool checkpoint_due = s->checkpoint_due && !closing;
                s->checkpoint_due = false;
                if (!list_is_empty(&s->queries)) {
                        item = container_of(s->queries.next, struct item, node);
                        list_remove(&item->node);
                        s->query_count--;
                }
                pthread_mutex_unlock(&s->lock);

                if (checkpoint_due)
                        (void)sqlite3_wal_checkpoint_v2(s->read_db, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                                        NULL, NULL);
                if (item)
                        run_read(s, item, closing);
                else if (closing)
                        return NULL;
        }
}
