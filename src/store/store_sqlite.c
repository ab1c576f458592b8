/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "store/audit.h"
#include "store/problem.h"
#include "store/sqlite_db.h"
#include "store/sqlite_rows.h"

#define QUEUE_MAX_DEFAULT  4096
#define READS_MAX          256
#define BATCH_MAX          512 /* submits in one transaction */
#define CDRS_MAX           1000
#define AUDIT_PART         500
#define AUDIT_SEQUENCE_MAX (UINT64_C(1) << 62) /* no honest record comes near */

/*
 * The log goes back into the database off the commit path: past SOON the reading thread copies
 * pages while commits go on; when nothing has been written for a while, or past LATE, the writing
 * thread does the rest, after which the log starts from its beginning again.
 */
#define CHECKPOINT_SOON_PAGES 1000
#define CHECKPOINT_LATE_PAGES 16000
#define IDLE_MS               500
#define POST_RETRY_MS         2

enum item_kind {
        ITEM_SUBMIT,
        ITEM_QUERY,
        ITEM_WALK,
};

/* One order from the loop: owned by the list it is in. */
struct item {
        struct list node;
        enum item_kind kind;
        int err;
        void *arg;
        store_done *done; /* submit, walk */

        store_cdrs_fn *on_cdrs;
        struct store_cdr_query query;
        struct cdr *cdrs; /* owned */
        uint32_t cdr_count;

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

        /* The reading thread's. */
        sqlite3 *read_db;
        struct sqlite_audit_part *part; /* owned */

        /* The loop's. */
        uint32_t queued;
        bool delivering;
        bool closed; /* callbacks still come, but ask in vain for more */

        pthread_mutex_t lock; /* over everything below */
        pthread_cond_t to_write, to_read, retry;
        struct list submits, queries, done;
        uint32_t query_count;
        bool closing;
        bool posted;         /* on_done() is on its way to the loop */
        bool checkpoint_due; /* for the reading thread */
        bool write_failed;
        bool audit_broken;
        char problem[STORE_PROBLEM_BYTES];
        char audit_problem[STORE_PROBLEM_BYTES];
};

static struct store_sqlite *self(struct store *store)
{
        return container_of(store, struct store_sqlite, base);
}

static struct timespec from_now(long ms)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_nsec += ms * 1000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        return t;
}

static struct item *new_item(enum item_kind kind, uint32_t changes, void *arg)
{
        struct item *item = calloc(1, sizeof *item + changes * sizeof item->changes[0]);
        if (!item)
                return NULL;
        item->kind = kind;
        item->arg = arg;
        return item;
}

static void free_item(struct item *item)
{
        free(item->cdrs);
        free(item);
}

static void move_all(struct list *from, struct list *to)
{
        list_for_each (node, from) {
                list_remove(node);
                list_add_tail(to, node);
        }
}

/* Back in the loop. */

static void deliver(struct store_sqlite *s, struct item *item)
{
        switch (item->kind) {
        case ITEM_SUBMIT:
                s->queued--;
                item->done(item->arg, item->err);
                break;
        case ITEM_QUERY:
                item->on_cdrs(item->arg, item->err, item->cdrs, item->cdr_count);
                break;
        case ITEM_WALK:
                item->done(item->arg, item->err);
                break;
        }
        free_item(item);
}

static void deliver_done(struct store_sqlite *s)
{
        struct list done;
        list_init(&done);
        pthread_mutex_lock(&s->lock);
        s->posted = false;
        move_all(&s->done, &done);
        pthread_mutex_unlock(&s->lock);

        s->delivering = true;
        list_for_each (node, &done) {
                list_remove(node);
                deliver(s, container_of(node, struct item, node));
        }
        s->delivering = false;
}

static void on_done(void *arg)
{
        deliver_done(arg);
}

/*
 * One post brings everything that is done by the time it runs. With a full post queue we try again
 * a little later; a store that is being closed delivers by itself.
 */
static void announce(struct store_sqlite *s, struct list *items)
{
        pthread_mutex_lock(&s->lock);
        move_all(items, &s->done);
        while (!s->posted && !s->closing) {
                if (io_post(s->params.io, on_done, s) == 0) {
                        s->posted = true;
                        break;
                }
                struct timespec until = from_now(POST_RETRY_MS);
                (void)pthread_cond_timedwait(&s->retry, &s->lock, &until);
        }
        pthread_mutex_unlock(&s->lock);
}

/* The writing thread. */

static void on_written(struct store_sqlite *s, int err, const char *problem)
{
        pthread_mutex_lock(&s->lock);
        bool was_failing = s->write_failed;
        s->write_failed = err != 0;
        if (err)
                memcpy(s->problem, problem, sizeof s->problem);
        pthread_mutex_unlock(&s->lock);

        if (err && !was_failing)
                log_error("store: %s", problem);
        if (!err && was_failing)
                log_info("store: writes succeed again");
}

static int apply_items(struct store_sqlite *s, struct list *items, struct audit_head *head)
{
        list_for_each (node, items) {
                struct item *item = container_of(node, struct item, node);
                for (uint32_t i = 0; i < item->count; i++) {
                        struct store_change *change = &item->changes[i];
                        if (change->kind == STORE_ADD_AUDIT)
                                audit_link(s->params.vault, head, &change->audit);
                        int rc = sqlite_write_change(s->writer, change);
                        if (rc)
                                return rc;
                }
        }
        return SQLITE_OK;
}

static int write_head(struct store_sqlite *s, const struct audit_head *head)
{
        uint8_t mac[AUDIT_HASH_BYTES];
        if (head->sequence == s->head.sequence)
                return SQLITE_OK;
        audit_head_mac(s->params.vault, head, mac);
        return sqlite_write_audit_head(s->writer, head, mac);
}

static int write_transaction(struct store_sqlite *s, struct list *items)
{
        struct audit_head head = s->head;
        int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        if (rc)
                return rc;
        rc = apply_items(s, items, &head);
        if (!rc)
                rc = write_head(s, &head);
        if (!rc)
                rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
        if (!rc)
                s->head = head;
        return rc;
}

/* The key a session is sealed under is on disk before the session can be. */
static int sync_vault(struct store_sqlite *s, char *problem)
{
        int err = vault_sync(s->params.vault);
        if (!err)
                return 0;
        problem_put(problem,
                    "%s/%s can't be written: %s. %s; nothing that was acknowledged is lost.",
                    data_dir_path(s->params.dir), DATA_DIR_KEY_SLOTS, strerror(-err),
                    err == -ENOSPC ? "Free space on its file system" : "Look at the disk's health");
        return ERR_STORE;
}

static bool several(const struct list *items)
{
        return items->next != items->prev;
}

/* All of the items or none. */
static int commit(struct store_sqlite *s, struct list *items)
{
        char problem[STORE_PROBLEM_BYTES] = "";
        int err = sync_vault(s, problem);
        if (!err) {
                int rc = write_transaction(s, items);
                err = sqlite_db_error(rc);
                if (err)
                        sqlite_db_problem(s->params.dir, s->db, rc, problem);
                if (!sqlite3_get_autocommit(s->db))
                        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        }
        /* A contradiction is the submit's fault, and no word about the disk. */
        if (err != ERR_CONFLICT)
                on_written(s, err, problem);
        else if (!several(items))
                log_warn("store: a change contradicts what is stored and was refused");
        list_for_each (node, items)
                container_of(node, struct item, node)->err = err;
        return err;
}

static void commit_one_by_one(struct store_sqlite *s, struct list *items)
{
        struct list finished;
        list_init(&finished);
        list_for_each (node, items) {
                struct list alone;
                list_init(&alone);
                list_remove(node);
                list_add_tail(&alone, node);
                (void)commit(s, &alone);
                move_all(&alone, &finished);
        }
        move_all(&finished, items);
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
        struct store_sqlite *s = arg;
        (void)db;
        (void)name;
        s->wal_pages = pages;
        return SQLITE_OK;
}

static void checkpoint(struct store_sqlite *s)
{
        int in_log = 0, copied = 0;
        int rc =
                sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
        if (rc == SQLITE_OK && copied < in_log)
                return; /* a reader still needs the rest: again after the next pause */
        if (rc != SQLITE_OK && rc != SQLITE_BUSY)
                log_warn("store: checkpoint failed: %s", sqlite3_errstr(rc));
        s->wal_pages = 0;
}

static void after_commit(struct store_sqlite *s)
{
        if (s->wal_pages > CHECKPOINT_LATE_PAGES) {
                checkpoint(s);
                return;
        }
        if (s->wal_pages <= CHECKPOINT_SOON_PAGES)
                return;
        pthread_mutex_lock(&s->lock);
        s->checkpoint_due = true;
        pthread_cond_signal(&s->to_read);
        pthread_mutex_unlock(&s->lock);
}

/* Waits for submits and takes them; false: none came, which `*end` or a pause explains. */
static bool take_submits(struct store_sqlite *s, struct list *out, bool *end)
{
        int rc = 0;
        pthread_mutex_lock(&s->lock);
        while (list_is_empty(&s->submits) && !s->closing && rc != ETIMEDOUT) {
                struct timespec until = from_now(IDLE_MS);
                if (s->wal_pages)
                        rc = pthread_cond_timedwait(&s->to_write, &s->lock, &until);
                else
                        rc = pthread_cond_wait(&s->to_write, &s->lock);
        }
        *end = s->closing && list_is_empty(&s->submits);
        uint32_t taken = 0;
        list_for_each (node, &s->submits) {
                if (taken++ == BATCH_MAX)
                        break;
                list_remove(node);
                list_add_tail(out, node);
        }
        pthread_mutex_unlock(&s->lock);
        return taken > 0;
}

static void *write_loop(void *arg)
{
        struct store_sqlite *s = arg;
        struct list items;
        bool end = false;
        list_init(&items);
        while (!end) {
                if (!take_submits(s, &items, &end)) {
                        if (!end)
                                checkpoint(s);
                        continue;
                }
                if (commit(s, &items) == ERR_CONFLICT && several(&items))
                        commit_one_by_one(s, &items);
                announce(s, &items);
                after_commit(s);
        }
        return NULL;
}

/* The reading thread. */

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

static bool is_genuine(const struct store_sqlite *s)
{
        const struct sqlite_audit_part *part = s->part;
        return part->has_head && audit_head_is_genuine(s->params.vault, &part->head, part->mac);
}

/* The head is read in the same transaction: past the last entry it must be reached. */
static int end_of_walk(const struct store_sqlite *s, const struct item *item)
{
        const struct sqlite_audit_part *part = s->part;
        if (!is_genuine(s))
                return ERR_NOT_FOUND;
        uint64_t last = item->after < 0 ? 0 : (uint64_t)item->after;
        return last < part->head.sequence ? ERR_NOT_FOUND : 0;
}

/* One part of the record; false: there is more. No snapshot is held in between. */
static bool run_walk(struct store_sqlite *s, struct item *item)
{
        s->part->after = item->after;
        s->part->max = AUDIT_PART;
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
        if (s->part->count == AUDIT_PART)
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
        else if (closing)
                item->err = -ECANCELED;
        else
                finished = run_walk(s, item);

        if (finished) {
                list_add_tail(&one, &item->node);
                announce(s, &one);
                return;
        }
        pthread_mutex_lock(&s->lock);
        list_add_tail(&s->queries, &item->node);
        s->query_count++;
        pthread_mutex_unlock(&s->lock);
}

static void *read_loop(void *arg)
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

/* The interface. */

static int submit(struct store *store, const struct store_change *changes, uint32_t count,
                  store_done *done, void *arg)
{
        struct store_sqlite *s = self(store);
        assert(count > 0);
        if (s->closed)
                return ERR_STATE;
        if (s->queued >= s->params.queue_max)
                return ERR_FULL;
        struct item *item = new_item(ITEM_SUBMIT, count, arg);
        if (!item)
                return -ENOMEM;
        item->done = done;
        item->count = count;
        memcpy(item->changes, changes, count * sizeof changes[0]);

        s->queued++;
        pthread_mutex_lock(&s->lock);
        list_add_tail(&s->submits, &item->node);
        pthread_cond_signal(&s->to_write);
        pthread_mutex_unlock(&s->lock);
        return 0;
}

static int read_later(struct store_sqlite *s, struct item *item)
{
        int err = s->closed ? ERR_STATE : ERR_FULL;
        pthread_mutex_lock(&s->lock);
        if (!s->closed && s->query_count < READS_MAX) {
                list_add_tail(&s->queries, &item->node);
                s->query_count++;
                pthread_cond_signal(&s->to_read);
                err = 0;
        }
        pthread_mutex_unlock(&s->lock);
        if (err)
                free_item(item);
        return err;
}

static int query_cdrs(struct store *store, const struct store_cdr_query *query, store_cdrs_fn *fn,
                      void *arg)
{
        struct item *item = new_item(ITEM_QUERY, 0, arg);
        if (!item)
                return -ENOMEM;
        item->query = *query;
        item->on_cdrs = fn;
        return read_later(self(store), item);
}

static int walk_audit(struct store *store, int (*visit)(void *arg, const struct store_audit *entry),
                      store_done *done, void *arg)
{
        struct item *item = new_item(ITEM_WALK, 0, arg);
        if (!item)
                return -ENOMEM;
        item->visit = visit;
        item->done = done;
        item->after = INT64_MIN;
        return read_later(self(store), item);
}

static struct sqlite_db_params db_params(const struct store_sqlite *s)
{
        return (struct sqlite_db_params){
                .dir = s->params.dir,
                .vault = s->params.vault,
                .vfs = s->params.vfs,
        };
}

static int load(struct store *store, const struct store_loader *loader)
{
        struct store_sqlite *s = self(store);
        struct sqlite_db_params params = db_params(s);
        sqlite3 *db = NULL;
        int stopped = 0;
        int err = sqlite_db_open_reader(&params, &db);
        if (err)
                return err;
        int rc = sqlite_read_all(db, loader, &stopped);
        if (rc) {
                char problem[STORE_PROBLEM_BYTES];
                sqlite_db_problem(s->params.dir, db, rc, problem);
                log_error("store: %s", problem);
        }
        sqlite3_close(db);
        return rc ? sqlite_db_error(rc) : stopped;
}

static uint32_t queued(const struct store *store)
{
        return container_of(store, const struct store_sqlite, base)->queued;
}

static bool healthy(const struct store *store, char *problem)
{
        struct store_sqlite *s = self((struct store *)store);
        pthread_mutex_lock(&s->lock);
        bool fine = !s->write_failed && !s->audit_broken;
        if (!fine)
                problem_put(problem, "%s", s->write_failed ? s->problem : s->audit_problem);
        pthread_mutex_unlock(&s->lock);
        return fine;
}

static void destroy(struct store_sqlite *s)
{
        sqlite_writer_destroy(s->writer);
        sqlite3_close(s->read_db);
        sqlite3_close(s->db); /* the last one: writes the log back and removes it */
        free(s->part);
        pthread_cond_destroy(&s->retry);
        pthread_cond_destroy(&s->to_read);
        pthread_cond_destroy(&s->to_write);
        pthread_mutex_destroy(&s->lock);
        free(s);
}

static void stop_threads(struct store_sqlite *s)
{
        pthread_mutex_lock(&s->lock);
        s->closing = true;
        pthread_cond_broadcast(&s->to_write);
        pthread_cond_broadcast(&s->to_read);
        pthread_cond_broadcast(&s->retry);
        pthread_mutex_unlock(&s->lock);
        if (s->writes)
                pthread_join(s->write_thread, NULL);
        if (s->reads)
                pthread_join(s->read_thread, NULL);
}

static void close_store(struct store *store)
{
        struct store_sqlite *s = self(store);
        assert(!s->delivering);
        s->closed = true;
        stop_threads(s);
        io_post_cancel(s->params.io, on_done, s);
        deliver_done(s);
        destroy(s);
}

static const struct store_ops ops = {
        .load = load,
        .submit = submit,
        .query_cdrs = query_cdrs,
        .walk_audit = walk_audit,
        .queued = queued,
        .healthy = healthy,
        .close = close_store,
};

/* Opening. */

static void tell_broken_audit(struct store_sqlite *s, const char *what)
{
        s->audit_broken = true;
        problem_put(s->audit_problem,
                    "The audit record in %s/%s %s: somebody has changed the file. Keep a copy of "
                    "the directory and find out who can write there.",
                    data_dir_path(s->params.dir), DATA_DIR_DATABASE, what);
        log_error("store: %s", s->audit_problem);
}

/*
 * Where the chain goes on. A record that was tampered with must not look whole again because it
 * grew: after a false head the next entry links to nothing, and after entries were taken or put
 * at the end it keeps the place that the head, or the last of them, left it.
 */
static int find_audit_head(struct store_sqlite *s)
{
        struct store_audit last = {0};
        s->part->after = INT64_MAX;
        s->part->max = 0;
        int rc = sqlite_read_audit(s->db, s->part);
        if (!rc)
                rc = sqlite_read_last_audit(s->db, &last);
        if (rc && rc != SQLITE_DONE)
                return rc;

        s->head = s->part->head;
        if (!is_genuine(s)) {
                tell_broken_audit(s, "has no genuine head");
                memset(s->head.hash, 0xff, sizeof s->head.hash);
        } else if (last.sequence != s->head.sequence ||
                   memcmp(last.hash, s->head.hash, sizeof last.hash) != 0) {
                tell_broken_audit(s, "does not end where its head says");
        }
        if ((int64_t)last.sequence > (int64_t)s->head.sequence)
                s->head.sequence = last.sequence;
        return s->head.sequence > AUDIT_SEQUENCE_MAX ? SQLITE_CORRUPT : SQLITE_OK;
}

static int start_thread(pthread_t *thread, bool *runs, void *(*fn)(void *), void *arg)
{
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
        int err = pthread_create(thread, NULL, fn, arg);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        *runs = err == 0;
        return -err;
}

static void init_locks(struct store_sqlite *s)
{
        pthread_condattr_t attr;
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->to_write, &attr);
        pthread_cond_init(&s->to_read, &attr);
        pthread_cond_init(&s->retry, &attr);
        pthread_condattr_destroy(&attr);
        list_init(&s->submits);
        list_init(&s->queries);
        list_init(&s->done);
}

static int open_database(struct store_sqlite *s, char *problem)
{
        struct sqlite_db_params params = db_params(s);
        int err = sqlite_db_open(&params, &s->db, problem);
        if (err)
                return err;
        int rc = sqlite_writer_create(s->db, &s->writer);
        if (!rc)
                rc = find_audit_head(s);
        if (rc) {
                sqlite_db_problem(s->params.dir, s->db, rc, problem);
                return sqlite_db_error(rc);
        }
        sqlite3_wal_hook(s->db, on_wal, s);
        err = sqlite_db_open_reader(&params, &s->read_db);
        if (err)
                problem_put(problem, "%s/%s can't be opened a second time for reading: %s.",
                            data_dir_path(s->params.dir), DATA_DIR_DATABASE, err_text(err));
        return err;
}

int store_sqlite_open(const struct store_sqlite_params *params, struct store **out, char *problem)
{
        struct store_sqlite *s = calloc(1, sizeof *s);
        if (!s)
                return -ENOMEM;
        s->base.ops = &ops;
        s->params = *params;
        if (!s->params.queue_max)
                s->params.queue_max = QUEUE_MAX_DEFAULT;
        init_locks(s);

        int err = -ENOMEM;
        s->part = calloc(1, sizeof *s->part + AUDIT_PART * sizeof s->part->entries[0]);
        if (!s->part)
                goto fail;
        err = open_database(s, problem);
        if (err)
                goto fail;
        err = start_thread(&s->write_thread, &s->writes, write_loop, s);
        if (!err)
                err = start_thread(&s->read_thread, &s->reads, read_loop, s);
        if (err) {
                problem_put(problem, "The store's threads can't be started: %s.", err_text(err));
                goto fail;
        }
        *out = &s->base;
        return 0;
fail:
        stop_threads(s);
        destroy(s);
        return err;
}
