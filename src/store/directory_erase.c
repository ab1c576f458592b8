/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing by order: a session, and what it left behind, without waiting for the end of quarantine. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "store/directory_change.h"
#include "store/directory_impl.h"

/* Waits for changes that the disk may still refuse, then erases. */
struct erasing {
        struct list node; /* in dir->erasings */
        struct directory *dir;
        struct erase_receipt
                receipt;  /* of no session: waits for those before it, and erases none */
        uint32_t waiting; /* rows on their way */
        int err;
        directory_erased *done; /* NULL: has been told that the disk refuses; or nobody waits */
        directory_done *all_done;
        void *arg;
};

/* The session's tombstones, then itself; NULL: all are erased. */
static struct row *next_of(const struct directory *dir, uint64_t session_id)
{
        struct row *own = row_find(dir, session_id);
        if (!own || own->state == SESSION_ERASED)
                return NULL;
        struct row *left = row_left(dir, own);
        return left ? left : own;
}

static bool is_settled(const struct directory *dir, uint64_t session_id)
{
        for (const struct row *row = row_find(dir, session_id); row; row = row_left(dir, row))
                if (row->undoable)
                        return false;
        return true;
}

static bool end_first(struct directory *dir, struct row *row)
{
        if (row_has_ended(row))
                return true;
        struct unit *unit = queue_take(dir, true);
        if (!unit)
                return false;
        int64_t now_ms = directory_now(dir);
        bool is_expired = row_state_at(row, now_ms) == SESSION_ENDED;
        row_set_ended(dir, row, is_expired ? row->expires_ms : now_ms);
        struct store_session *changed = &unit_change(unit, STORE_SET_SESSION_STATE)->session;
        changed->id = row->id;
        changed->tenant_id = row->tenant_id;
        changed->state = SESSION_ENDED;
        changed->ended_ms = row->ended_ms;
        audit_entry_session_ended(unit_audit(unit), row->tenant_id, row->id, row->ended_ms,
                                  is_expired ? AUDIT_END_EXPIRY : AUDIT_END_ORDER, now_ms);
        queue_add(dir, unit, NULL, NULL);
        session_is_over(dir, row);
        return true;
}

static void tell(struct erasing *e, int err)
{
        directory_erased *done = e->done;
        directory_done *all_done = e->all_done;
        e->done = NULL;
        e->all_done = NULL;
        if (done)
                done(e->arg, err, &e->receipt);
        if (all_done)
                all_done(e->arg, err);
}

static void finish(struct erasing *e, int err)
{
        list_remove(&e->node);
        tell(e, err);
        free(e);
}

/* Those that wait for others, and for no more. */
static void finish_waiters(struct directory *dir)
{
        while (!list_is_empty(&dir->erasings)) {
                struct erasing *first = container_of(dir->erasings.next, struct erasing, node);
                if (first->receipt.session_id)
                        return;
                finish(first, 0);
        }
}

void erasings_refused(struct directory *dir, int err)
{
        uint32_t count = 0;
        for (const struct list *node = dir->erasings.next; node != &dir->erasings;
             node = node->next)
                count++;
        /* Whoever is told may begin others, behind these. */
        struct list *node = dir->erasings.next;
        for (; count > 0; count--) {
                struct erasing *e = container_of(node, struct erasing, node);
                node = node->next;
                if (e->receipt.session_id)
                        tell(e, err);
                else
                        finish(e, err);
        }
}

void erasings_end(struct directory *dir)
{
        while (!list_is_empty(&dir->erasings)) {
                struct erasing *e = container_of(dir->erasings.next, struct erasing, node);
                list_remove(&e->node);
                free(e);
        }
}

/* Of one row. */
static void on_written(void *arg, int err)
{
        struct erasing *e = arg;
        if (err)
                e->err = err;
        struct directory *dir = e->dir;
        if (--e->waiting)
                return;
        finish(e, e->err);
        finish_waiters(dir);
}

static void on_settled(void *arg, int err);

/* An empty unit is answered when all before it is on disk, or was refused. */
static int wait_for_all(struct erasing *e)
{
        struct unit *unit = queue_take(e->dir, true);
        if (!unit)
                return ERR_FULL;
        queue_add(e->dir, unit, on_settled, e);
        return 0;
}

static int erase_row(struct erasing *e, struct row *row)
{
        if (!end_first(e->dir, row))
                return ERR_FULL;
        int err = row_bury(e->dir, row, on_written, e);
        if (err)
                return err;
        e->waiting++;
        e->receipt.rows++;
        return 0;
}

/* An error is told when what was begun is done. */
static int erase_settled(struct erasing *e)
{
        struct directory *dir = e->dir;
        uint64_t session_id = e->receipt.session_id;
        if (!is_settled(dir, session_id))
                return wait_for_all(e);
        struct row *row;
        while (!e->err && (row = next_of(dir, session_id)))
                e->err = erase_row(e, row);
        e->receipt.erased_ms = directory_now(dir);
        rows_watch(dir);
        if (e->waiting)
                return 0;
        return e->err ? e->err : ERR_NOT_FOUND; /* another order came first */
}

static void on_settled(void *arg, int err)
{
        struct erasing *e = arg;
        struct directory *dir = e->dir;
        if (!err)
                err = dir->queue.closing ? ERR_STATE : erase_settled(e);
        if (!err)
                return;
        finish(e, err);
        finish_waiters(dir);
}

int directory_session_erase(struct directory *dir, uint64_t session_id, directory_erased *done,
                            void *arg)
{
        const struct row *row = row_find(dir, session_id);
        if (!row_is_shown(row))
                return ERR_NOT_FOUND;
        struct erasing *e = calloc(1, sizeof *e);
        if (!e)
                return -ENOMEM;
        *e = (struct erasing){
                .dir = dir, .receipt.session_id = session_id, .done = done, .arg = arg};
        list_add_tail(&dir->erasings, &e->node);
        int err = erase_settled(e);
        if (err) {
                list_remove(&e->node);
                free(e);
        }
        return err;
}

int directory_erasures_wait(struct directory *dir, directory_done *done, void *arg)
{
        if (list_is_empty(&dir->erasings))
                return ERR_NOT_FOUND;
        struct erasing *e = calloc(1, sizeof *e);
        if (!e)
                return -ENOMEM;
        *e = (struct erasing){.dir = dir, .all_done = done, .arg = arg};
        list_add_tail(&dir->erasings, &e->node);
        return 0;
}
