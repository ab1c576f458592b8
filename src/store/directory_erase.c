/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing by order: keys are shredded at once. The hashes of what was taken stay until quarantine would
 * be over, in a row without anything else (a grave): a stale call must not reach whoever is next.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "store/directory_change.h"
#include "store/directory_impl.h"

/* Waits for changes that the disk may still refuse, then erases. */
struct erasing {
        struct list node; /* in dir->erasings */
        struct directory *dir;
        struct erase_receipt receipt;
        directory_erased *done;
        void *arg;
};

static bool is_of(const struct directory *dir, const struct row *row, uint64_t session_id)
{
        return row->id == session_id ||
               ((row->flags & ROW_TOMBSTONE) && row_use(dir, row)->origin == session_id);
}

/* The next of the session's rows from here on, its tombstones' first: they have higher ids. */
static struct row *last_of(const struct directory *dir, uint64_t session_id)
{
        const struct row *own = row_find(dir, session_id);
        uint32_t least = own && !(own->flags & ROW_LEFT_SOME)
                                 ? roll_below(&dir->rows_roll, session_id + 1)
                                 : dir->rows_roll.count;
        for (uint32_t at = least; at > 0; at--) {
                struct row *row = row_at(dir, at - 1);
                if (row->id < session_id)
                        return NULL;
                if (row->state != SESSION_ERASED && is_of(dir, row, session_id))
                        return row;
        }
        return NULL;
}

static bool is_settled(const struct directory *dir, uint64_t session_id)
{
        for (uint32_t at = roll_below(&dir->rows_roll, session_id); at < dir->rows_roll.count;
             at++) {
                const struct row *row = row_at(dir, at);
                if (is_of(dir, row, session_id) && row->undoable)
                        return false;
        }
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

static bool erase_row(struct directory *dir, struct row *row)
{
        if (!end_first(dir, row))
                return false;
        struct unit *unit = queue_take(dir, true);
        if (!unit)
                return false;
        struct store_session *changed = &unit_change(unit, STORE_SET_SESSION_STATE)->session;
        changed->id = row->id;
        changed->tenant_id = row->tenant_id;
        changed->state = SESSION_ERASED;
        changed->ended_ms = row->ended_ms;
        audit_entry_session_erased(unit_audit(unit), row->tenant_id, row->id, directory_now(dir));
        queue_add(dir, unit, NULL, NULL);
        row_bury(dir, row);
        return true;
}

int row_erase_now(struct directory *dir, uint64_t session_id, uint32_t *rows)
{
        struct row *row;
        while ((row = last_of(dir, session_id))) {
                if (row->undoable || !erase_row(dir, row))
                        return ERR_FULL;
                ++*rows;
        }
        return 0;
}

static void finish(struct erasing *e, int err)
{
        list_remove(&e->node);
        if (e->done)
                e->done(e->arg, err, &e->receipt);
        free(e);
}

void erasings_end(struct directory *dir)
{
        while (!list_is_empty(&dir->erasings)) {
                struct erasing *e = container_of(dir->erasings.next, struct erasing, node);
                list_remove(&e->node);
                free(e);
        }
}

static void on_written(void *arg, int err)
{
        finish(arg, err);
}

static void on_settled(void *arg, int err);

/* An empty unit is answered when all before it is on disk, or was refused. */
static int wait_for_all(struct erasing *e, directory_done *then)
{
        struct unit *unit = queue_take(e->dir, true);
        if (!unit)
                return ERR_FULL;
        queue_add(e->dir, unit, then, e);
        return 0;
}

static int erase_settled(struct erasing *e)
{
        if (!is_settled(e->dir, e->receipt.session_id))
                return wait_for_all(e, on_settled);
        int err = row_erase_now(e->dir, e->receipt.session_id, &e->receipt.rows);
        e->receipt.erased_ms = directory_now(e->dir);
        rows_watch(e->dir);
        return err ? err : wait_for_all(e, on_written);
}

static void on_settled(void *arg, int err)
{
        struct erasing *e = arg;
        if (!err)
                err = erase_settled(e);
        if (err)
                finish(e, err);
}

int directory_session_erase(struct directory *dir, uint64_t session_id, directory_erased *done,
                            void *arg)
{
        const struct row *row = row_find(dir, session_id);
        if (!row || (row->flags & ROW_TOMBSTONE) || row->state == SESSION_ERASED)
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
