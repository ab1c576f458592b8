/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that fall due: expired, then erased. */
#include "store/directory_impl.h"

#define DUE_PER_TURN 64
#define POSTPONE_MS  1000
#define WATCH_MS     60000 /* the wall clock may jump: look again at least this often */

static struct store_session state_change(const struct row *row)
{
        return (struct store_session){
                .id = row->id,
                .tenant_id = row->tenant_id,
                .state = (enum session_state)row->state,
                .ended_ms = row->ended_ms,
        };
}

void session_is_over(const struct directory *dir, const struct row *row)
{
        if (dir->on_over && !(row->flags & ROW_TOMBSTONE))
                dir->on_over(dir->on_over_arg, row->id);
}

void directory_watch_over(struct directory *dir, directory_over_fn *fn, void *arg)
{
        dir->on_over = fn;
        dir->on_over_arg = arg;
}

/* Writes down that its time has run out. */
static bool expire(struct directory *dir, struct row *row)
{
        struct unit *unit = queue_take(dir, true);
        if (!unit)
                return false;
        row_set_ended(dir, row, row->expires_ms);
        unit_change(unit, STORE_SET_SESSION_STATE)->session = state_change(row);
        audit_entry_session_ended(unit_audit(unit), row->tenant_id, row->id, row->ended_ms,
                                  AUDIT_END_EXPIRY, directory_now(dir));
        queue_add(dir, unit, NULL, NULL);
        session_is_over(dir, row);
        return true;
}

static bool queue_erasure(struct directory *dir, struct store_session session)
{
        struct unit *unit = queue_take(dir, true);
        if (!unit)
                return false;
        session.state = SESSION_ERASED;
        unit_change(unit, STORE_SET_SESSION_STATE)->session = session;
        audit_entry_session_erased(unit_audit(unit), session.tenant_id, session.id,
                                   directory_now(dir));
        queue_add(dir, unit, NULL, NULL);
        return true;
}

/*
 * The key goes first: the store makes a shred durable before the commit that says so. A crash
 * between the two leaves a row that can't be read, which the next start finishes.
 */
static bool erase(struct directory *dir, struct row *row)
{
        bool is_queued = row->state == SESSION_ERASED ? grave_remove(dir, row->id)
                                                      : queue_erasure(dir, state_change(row));
        if (!is_queued)
                return false;
        row_drop(dir, row);
        return true;
}

bool erase_stored(struct directory *dir, const struct store_session *stored)
{
        return queue_erasure(
                dir, (struct store_session){
                             .id = stored->id,
                             .tenant_id = stored->tenant_id,
                             .ended_ms = stored->ended_ms ? stored->ended_ms : stored->expires_ms,
                     });
}

/* What is erased is not brought back when the disk refuses the change that let it be. */
static bool is_undecided(struct directory *dir, const struct row *row)
{
        const struct number_pool *pool = number_pool_find(dir, row->tenant_id, row->pool_id);
        return row->undoable || (pool && pool->undoable);
}

bool row_release(struct directory *dir, struct row *row)
{
        if (is_undecided(dir, row) || !row_is_past_quarantine(dir, row, directory_now(dir)))
                return false;
        /* Its time is over, though the timer has not come to it yet. */
        if (!row_has_ended(row) && !expire(dir, row))
                return false;
        return erase(dir, row);
}

static bool settle(struct directory *dir, struct row *row)
{
        if (is_undecided(dir, row))
                return false;
        return row_has_ended(row) ? erase(dir, row) : expire(dir, row);
}

static void on_due(void *arg)
{
        struct directory *dir = arg;
        int64_t now_ms = directory_now(dir);
        struct due_entry first;
        for (unsigned i = 0; i < DUE_PER_TURN && due_first(&dir->due, &first); i++) {
                if (first.at_ms > now_ms)
                        break;
                if (!settle(dir, row_in(dir, first.slot)))
                        due_set(&dir->due, first.slot, now_ms + POSTPONE_MS);
        }
        rows_watch(dir);
}

void rows_watch(struct directory *dir)
{
        struct due_entry first;
        if (!due_first(&dir->due, &first)) {
                io_timer_stop(dir->io, &dir->due_timer);
                return;
        }
        int64_t wait_ms = first.at_ms - directory_now(dir);
        if (wait_ms < 0)
                wait_ms = 0;
        if (wait_ms > WATCH_MS)
                wait_ms = WATCH_MS;
        io_timer_start(dir->io, &dir->due_timer, wait_ms, on_due, dir);
}
