/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_MAX_DEFAULT 4096
#define CDRS_MAX          1000

enum item_kind {
        ITEM_SUBMIT,
        ITEM_QUERY,
        ITEM_WALK,
        ITEM_DROP,
        ITEM_EVENTS,
};

struct item {
        struct list node;
        enum item_kind kind;
        void *arg;
        store_done *done; /* submit, walk */
        int fail;         /* submit: refused with this */
        store_cdrs_fn *on_cdrs;
        struct store_cdr_query query;
        store_events_fn *on_events;
        struct store_events_query events_query;
        int (*visit)(void *arg, const struct store_audit *entry);
        uint32_t count;
        struct store_change changes[];
};

struct store_memory {
        struct store base;
        struct store_memory_params params;
        struct list items; /* owned */
        uint32_t queued;   /* submits among them */
        struct io_task task;
        struct io_timer timer;
        uint32_t fail_in, fail_count;
        int fail_err;
        int last_err; /* of the last commit */
        bool working;
        bool dead;   /* it has crashed */
        bool closed; /* callbacks still come, but ask in vain for more */
};

static struct store_memory *self(struct store *store)
{
        return container_of(store, struct store_memory, base);
}

/* Keys are written before rows: a commit that is refused may leave them behind. */
static int commit(struct store_memory *m, const struct item *item)
{
        int err = vault_sync(m->params.vault);
        if (!err)
                err = item->fail;
        if (!err)
                err = store_memory_disk_commit(m->params.disk, m->params.vault, item->changes,
                                               item->count);
        return err;
}

static void run_query(struct store_memory *m, struct item *item)
{
        uint32_t count = 0;
        if (item->query.max > CDRS_MAX)
                item->query.max = CDRS_MAX;
        struct cdr *out = calloc(item->query.max + 1, sizeof *out);
        if (out)
                count = store_memory_disk_find_cdrs(m->params.disk, &item->query, out);
        item->on_cdrs(item->arg, out ? 0 : -ENOMEM, out, count);
        free(out);
}

static void run_events(struct store_memory *m, const struct item *item)
{
        struct store_events page;
        uint32_t max = item->events_query.max;
        struct store_audit *audits = calloc(max + 1, sizeof *audits);
        struct store_cdr *legs = calloc(max + 1, sizeof *legs);
        bool ok = audits && legs;
        if (ok)
                store_memory_disk_collect(m->params.disk, &item->events_query, audits, legs, &page);
        item->on_events(item->arg, ok ? 0 : -ENOMEM, ok ? &page : NULL);
        free(audits);
        free(legs);
}

static void run_item(struct store_memory *m, struct item *item)
{
        switch (item->kind) {
        case ITEM_SUBMIT:
                m->last_err = commit(m, item);
                m->queued--;
                item->done(item->arg, m->last_err);
                return;
        case ITEM_QUERY:
                run_query(m, item);
                return;
        case ITEM_DROP:
                item->on_cdrs(item->arg, 0, NULL,
                              store_memory_disk_drop_cdrs(m->params.disk, &item->query));
                return;
        case ITEM_EVENTS:
                run_events(m, item);
                return;
        case ITEM_WALK:
                item->done(item->arg,
                           store_memory_disk_walk_audit(m->params.disk, item->visit, item->arg));
                return;
        }
}

static void work(void *arg)
{
        struct store_memory *m = arg;
        struct list taken;
        list_init(&taken);
        list_for_each (node, &m->items) {
                list_remove(node);
                list_add_tail(&taken, node);
        }
        m->working = true;
        list_for_each (node, &taken) {
                struct item *item = container_of(node, struct item, node);
                run_item(m, item);
                list_remove(node);
                free(item);
        }
        m->working = false;
}

static int queue(struct store_memory *m, struct item *item)
{
        if (m->closed || m->dead) {
                free(item);
                return m->dead ? 0 : ERR_STATE;
        }
        list_add_tail(&m->items, &item->node);
        if (m->params.commit_ms == 0)
                io_defer(m->params.io, &m->task, work, m);
        else if (!m->timer.armed)
                io_timer_start(m->params.io, &m->timer, m->params.commit_ms, work, m);
        return 0;
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

static int submit(struct store *store, const struct store_change *changes, uint32_t count,
                  store_done *done, void *arg)
{
        struct store_memory *m = self(store);
        if (m->queued >= m->params.queue_max)
                return ERR_FULL;
        struct item *item = new_item(ITEM_SUBMIT, count, arg);
        if (!item)
                return -ENOMEM;
        item->done = done;
        item->count = count;
        memcpy(item->changes, changes, count * sizeof changes[0]);
        if (!m->closed && m->fail_count && --m->fail_in == 0) {
                item->fail = m->fail_err;
                m->fail_in = --m->fail_count ? 1 : 0;
        }
        int err = queue(m, item);
        m->queued += !err && !m->dead;
        return err;
}

static int ask_cdrs(struct store *store, enum item_kind kind, const struct store_cdr_query *query,
                    store_cdrs_fn *fn, void *arg)
{
        struct item *item = new_item(kind, 0, arg);
        if (!item)
                return -ENOMEM;
        item->query = *query;
        item->on_cdrs = fn;
        return queue(self(store), item);
}

static int query_cdrs(struct store *store, const struct store_cdr_query *query, store_cdrs_fn *fn,
                      void *arg)
{
        return ask_cdrs(store, ITEM_QUERY, query, fn, arg);
}

static int drop_cdrs(struct store *store, const struct store_cdr_query *query, store_cdrs_fn *fn,
                     void *arg)
{
        return ask_cdrs(store, ITEM_DROP, query, fn, arg);
}

static int query_events(struct store *store, const struct store_events_query *query,
                        store_events_fn *fn, void *arg)
{
        struct item *item = new_item(ITEM_EVENTS, 0, arg);
        if (!item)
                return -ENOMEM;
        item->events_query = *query;
        item->on_events = fn;
        return queue(self(store), item);
}

static int walk_audit(struct store *store, int (*visit)(void *arg, const struct store_audit *entry),
                      store_done *done, void *arg)
{
        struct item *item = new_item(ITEM_WALK, 0, arg);
        if (!item)
                return -ENOMEM;
        item->visit = visit;
        item->done = done;
        return queue(self(store), item);
}

static int load(struct store *store, const struct store_loader *loader)
{
        return store_memory_disk_load(self(store)->params.disk, loader);
}

static uint32_t queued(const struct store *store)
{
        return container_of(store, const struct store_memory, base)->queued;
}

static bool healthy(const struct store *store, char *problem)
{
        const struct store_memory *m = container_of(store, const struct store_memory, base);
        if (!m->last_err || m->last_err == ERR_CONFLICT)
                return true;
        strcpy(problem, "The last write to the store in memory was refused, as the test asked.");
        return false;
}

static void drop_items(struct store_memory *m)
{
        io_defer_cancel(m->params.io, &m->task);
        io_timer_stop(m->params.io, &m->timer);
        list_for_each (node, &m->items) {
                list_remove(node);
                free(container_of(node, struct item, node));
        }
}

static void close_store(struct store *store)
{
        struct store_memory *m = self(store);
        assert(!m->working);
        m->closed = true;
        while (!list_is_empty(&m->items))
                work(m);
        drop_items(m);
        free(m);
}

void store_memory_crash(struct store *store)
{
        struct store_memory *m = self(store);
        assert(!m->working);
        m->dead = true;
        drop_items(m);
        m->queued = 0;
}

void store_memory_fail(struct store *store, uint32_t nth, uint32_t count, int err)
{
        struct store_memory *m = self(store);
        assert(nth > 0);
        m->fail_in = nth;
        m->fail_count = count;
        m->fail_err = err;
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

int store_memory_open(const struct store_memory_params *params, struct store **out)
{
        struct store_memory *m = calloc(1, sizeof *m);
        if (!m)
                return -ENOMEM;
        m->base.ops = &ops;
        m->params = *params;
        if (!m->params.queue_max)
                m->params.queue_max = QUEUE_MAX_DEFAULT;
        list_init(&m->items);
        *out = &m->base;
        return 0;
}
