/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sqlite_impl.h - what the parts of the embedded store share; for this folder only.
 *
 *   store_sqlite.c        opening, closing, the interface, callbacks back in the loop
 *   store_sqlite_write.c  the writing thread
 *   store_sqlite_read.c   the reading thread
 */
#ifndef MASKLINE_STORE_STORE_SQLITE_IMPL_H
#define MASKLINE_STORE_STORE_SQLITE_IMPL_H

#include <pthread.h>
#include <time.h>

#include "base/list.h"
#include "store/audit.h"
#include "store/sqlite_db.h"
#include "store/sqlite_rows.h"
#include "store/store_sqlite.h"

#define STORE_AUDIT_PART 500 /* entries that a walk reads at once */

enum item_kind {
        ITEM_SUBMIT,
        ITEM_QUERY,
        ITEM_WALK,
        ITEM_DROP,
        ITEM_EVENTS,
};

/* One order from the loop: owned by the list it is in. */
struct item {
        struct list node;
        enum item_kind kind;
        int err;
        void *arg;
        store_done *done; /* submit, walk */

        store_cdrs_fn *on_cdrs; /* query, drop */
        struct store_cdr_query query;
        struct cdr *cdrs; /* owned */
        uint32_t cdr_count;

        store_events_fn *on_events;
        struct store_events_query events_query;
        struct store_events events; /* points into the two below */
        struct store_audit *audits; /* owned */
        struct store_cdr *legs;     /* owned */

        int (*visit)(void *arg, const struct store_audit *entry);
        int64_t after; /* the walk has come so far */

        uint32_t count;
        struct store_change changes[];
};

struct store_sqlite {
        struct store base;
        struct store_sqlite_params params;
        pthread_t write_thread, read_thread;
        bool writes, reads; /* the threads run */

        /* The writing thread's. */
        sqlite3 *db;
        struct sqlite_writer *writer; /* owned */
        struct audit_head head;       /* as of the last commit */
        int wal_pages;
        unsigned commits; /* since something was dropped */

        /* The reading thread's. */
        sqlite3 *read_db;
        struct sqlite_audit_part *part; /* owned */

        /* The loop's. */
        uint32_t queued;
        bool delivering;
        bool closed; /* callbacks still come, but ask in vain for more */

        pthread_mutex_t lock; /* over everything below */
        pthread_cond_t to_write, to_read, retry;
        struct list submits, drops, queries, done;
        uint32_t query_count;
        bool closing;
        bool posted;         /* on_done() is on its way to the loop */
        bool checkpoint_due; /* for the reading thread */
        bool write_failed;
        bool audit_broken;
        char problem[STORE_PROBLEM_BYTES];
        char audit_problem[STORE_PROBLEM_BYTES];
};

void *store_sqlite_write_loop(void *store);
void *store_sqlite_read_loop(void *store);

/* Hands finished items to the loop; the list is empty afterwards. Any thread but the loop's. */
void store_sqlite_announce(struct store_sqlite *s, struct list *items);

/* Whether the head in `part` is there and vouched for. */
bool store_sqlite_has_genuine_head(const struct store_sqlite *s,
                                   const struct sqlite_audit_part *part);

void store_sqlite_move_all(struct list *from, struct list *to);
struct timespec store_sqlite_from_now(long ms);

#endif
