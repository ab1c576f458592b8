/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/problem.h"
#include "store/store_sqlite_impl.h"

#define QUEUE_MAX_DEFAULT  4096
#define READS_MAX          256
#define POST_RETRY_MS      2
#define AUDIT_SEQUENCE_MAX (UINT64_C(1) << 62) /* no honest record comes near */

static struct store_sqlite *self(struct store *store)
{
        return container_of(store, struct store_sqlite, base);
}

struct timespec store_sqlite_from_now(long ms)
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
        free(item->audits);
        free(item->legs);
        free(item);
}

void store_sqlite_move_all(struct list *from, struct list *to)
{
        list_for_each (node, from) {
                list_remove(node);
                list_add_tail(to, node);
        }
}

bool store_sqlite_has_genuine_head(const struct store_sqlite *s,
                                   const struct sqlite_audit_part *part)
{
        return part->has_head && audit_head_is_genuine(s->params.vault, &part->head, part->mac);
}

/* Back in the loop. */

static void deliver(struct store_sqlite *s, struct item *item)
{
        switch (item->kind) {
        case ITEM_SUBMIT:
                s->queued--;
                item->done(item->arg, item->err);
                break;
        case ITEM_DROP:
        case ITEM_QUERY:
                item->on_cdrs(item->arg, item->err, item->cdrs, item->cdr_count);
                break;
        case ITEM_EVENTS:
                item->on_events(item->arg, item->err, item->err ? NULL : &item->events);
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
        store_sqlite_move_all(&s->done, &done);
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
void store_sqlite_announce(struct store_sqlite *s, struct list *items)
{
        pthread_mutex_lock(&s->lock);
        store_sqlite_move_all(items, &s->done);
        while (!s->posted && !s->closing) {
                if (io_post(s->params.io, on_done, s) == 0) {
                        s->posted = true;
                        break;
                }
                struct timespec until = store_sqlite_from_now(POST_RETRY_MS);
                (void)pthread_cond_timedwait(&s->retry, &s->lock, &until);
        }
        pthread_mutex_unlock(&s->lock);
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

static int query_events(struct store *store, const struct store_events_query *query,
                        store_events_fn *fn, void *arg)
{
        struct item *item = new_item(ITEM_EVENTS, 0, arg);
        if (!item)
                return -ENOMEM;
        item->events_query = *query;
        item->on_events = fn;
        return read_later(self(store), item);
}

static int drop_cdrs(struct store *store, const struct store_cdr_query *query, store_cdrs_fn *fn,
                     void *arg)
{
        struct store_sqlite *s = self(store);
        struct item *item = s->closed ? NULL : new_item(ITEM_DROP, 0, arg);
        if (!item)
                return s->closed ? ERR_STATE : -ENOMEM;
        item->query = *query;
        item->on_cdrs = fn;
        pthread_mutex_lock(&s->lock);
        list_add_tail(&s->drops, &item->node);
        pthread_cond_signal(&s->to_write);
        pthread_mutex_unlock(&s->lock);
        return 0;
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
        .query_events = query_events,
        .drop_cdrs = drop_cdrs,
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
        if (!store_sqlite_has_genuine_head(s, s->part)) {
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
        list_init(&s->drops);
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
        s->part = calloc(1, sizeof *s->part + STORE_AUDIT_PART * sizeof s->part->entries[0]);
        if (!s->part)
                goto fail;
        err = open_database(s, problem);
        if (err)
                goto fail;
        err = start_thread(&s->write_thread, &s->writes, store_sqlite_write_loop, s);
        if (!err)
                err = start_thread(&s->read_thread, &s->reads, store_sqlite_read_loop, s);
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
