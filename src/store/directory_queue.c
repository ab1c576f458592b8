/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One submit is under way at a time; what comes meanwhile waits and goes with the next one, as
 * many units as there are. So when the disk refuses, nothing that was built on the refused change
 * can be on its way, and memory goes back to what is on disk by undoing in reverse order.
 *
 * A refused group is tried again one unit at a time, so that one unit's fault is not another's.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "core/audit_entry.h"
#include "store/directory_impl.h"

#define WAITING_MAX  65536u /* twenty seconds of a busy machine's records, while the disk stalls */
#define UNDOABLE_MAX 4096u
#define GROUP_UNITS  128u
#define RETRY_MS     1000

static void flush(void *arg);
static void retry(void *arg);

int queue_init(struct directory *dir, uint32_t waiting_max)
{
        struct queue *q = &dir->queue;
        list_init(&q->pending);
        list_init(&q->in_flight);
        q->group_max = GROUP_UNITS;
        q->group = calloc(UNIT_CHANGES * GROUP_UNITS, sizeof *q->group);
        if (!q->group)
                return -ENOMEM;
        return pool_create(sizeof(struct unit), waiting_max ? waiting_max : WAITING_MAX, false,
                           &q->units);
}

void queue_fini(struct directory *dir)
{
        pool_destroy(dir->queue.units);
        free(dir->queue.group);
}

struct unit *queue_take(struct directory *dir, bool kept)
{
        struct queue *q = &dir->queue;
        if (!kept && q->undoable >= UNDOABLE_MAX)
                return NULL;

        struct unit *unit = pool_take(q->units, NULL);
        if (!unit)
                return NULL;
        unit->kept = kept;
        q->undoable += !kept;
        list_init(&unit->node);
        return unit;
}

void queue_give_back(struct directory *dir, struct unit *unit)
{
        list_remove(&unit->node);
        dir->queue.undoable -= !unit->kept;
        free(unit->before);
        pool_put(dir->queue.units, unit);
}

struct store_change *unit_change(struct unit *unit, enum store_change_kind kind)
{
        assert(unit->count < UNIT_CHANGES);
        struct store_change *change = &unit->changes[unit->count++];
        change->kind = kind;
        return change;
}

struct store_audit *unit_audit(struct unit *unit)
{
        return &unit_change(unit, STORE_ADD_AUDIT)->audit;
}

static void schedule(struct directory *dir)
{
        struct queue *q = &dir->queue;
        if (!q->closing && list_is_empty(&q->in_flight) && !q->flush.queued)
                io_defer(dir->io, &q->flush, flush, dir);
}

void queue_add(struct directory *dir, struct unit *unit, directory_done *done, void *arg)
{
        struct queue *q = &dir->queue;
        unit->done = done;
        unit->arg = arg;
        list_add_tail(&q->pending, &unit->node);
        /* While the disk refuses, records wait for the timer; a change is answered at once. */
        if (q->refused && unit->kept)
                return;
        schedule(dir);
}

/* Moves the next units over to in_flight and lists their changes; how many changes. */
static uint32_t take_group(struct queue *q)
{
        uint32_t units = 0, changes = 0;
        struct unit *unit = NULL;
        while (units < q->group_max && !list_is_empty(&q->pending)) {
                unit = container_of(q->pending.next, struct unit, node);
                unit->last = false;
                list_remove(&unit->node);
                list_add_tail(&q->in_flight, &unit->node);
                for (uint32_t i = 0; i < unit->count; i++)
                        q->group[changes++] = unit->changes[i];
                units++;
        }
        if (unit)
                unit->last = true;
        return changes;
}

static void change_written(struct directory *dir, const struct store_change *change,
                           const void *before)
{
        if (change->kind == STORE_ADD_SESSION || change->kind == STORE_SET_SESSION_STATE)
                row_written(dir, &change->session, NULL);
        if (change->kind == STORE_SET_SESSION_STATE)
                session_is_over(dir, row_find(dir, change->session.id));
        if (change->kind == STORE_SET_SESSION)
                row_written(dir, &change->session, before);
        if (change->kind == STORE_REMOVE_TRUNK)
                trunk_written(dir, &change->trunk, NULL);
        if (change->kind == STORE_PUT_TRUNK && before)
                trunk_written(dir, before, &change->trunk);
        if (change->kind == STORE_PUT_POOL && before)
                directory_pool_written(dir, &change->pool);
}

/* `before` is of the first change. */
static void written(struct directory *dir, const struct unit *unit)
{
        for (unsigned i = 0; !unit->kept && i < unit->count; i++)
                change_written(dir, &unit->changes[i], i == 0 ? unit->before : NULL);
}

static void take_back_change(struct directory *dir, const struct store_change *change,
                             const void *before)
{
        switch (change->kind) {
        case STORE_PUT_TENANT:
                tenant_forget(dir, &change->tenant);
                break;
        case STORE_REMOVE_TENANT:
                tenant_put_back(dir, &change->tenant);
                break;
        case STORE_PUT_KEY:
                key_forget(dir, change->key.id);
                break;
        case STORE_REVOKE_KEY:
                key_put_back(dir, &change->key);
                break;
        case STORE_TOUCH_KEY:
                break;
        case STORE_PUT_TRUNK:
                if (before)
                        trunk_change_back(dir, &change->trunk, before);
                else
                        trunk_forget(dir, &change->trunk);
                break;
        case STORE_REMOVE_TRUNK:
                trunk_put_back(dir, &change->trunk);
                break;
        case STORE_PUT_POOL:
                directory_pool_back(dir, &change->pool, before);
                break;
        case STORE_REMOVE_POOL:
                directory_pool_put_back(dir, &change->pool);
                break;
        case STORE_PUT_BLOCK:
                block_forget(dir, &change->block);
                break;
        case STORE_REMOVE_BLOCK:
                block_put_back(dir, &change->block);
                break;
        case STORE_PUT_NUMBER:
                if (before)
                        number_change_back(dir, before);
                else
                        number_forget(dir, change->number.number);
                break;
        case STORE_REMOVE_NUMBER:
                number_put_back(dir, &change->number);
                break;
        case STORE_ADD_SESSION:
                row_forget(dir, change->session.id);
                break;
        case STORE_SET_SESSION:
                row_change_back(dir, change->session.id, before);
                break;
        case STORE_SET_SESSION_STATE:
                row_reopen(dir, change->session.id);
                break;
        case STORE_SET_SESSION_USE:
        case STORE_PUT_GRAVE:
        case STORE_REMOVE_GRAVE:
        case STORE_ADD_CDR:
        case STORE_ADD_AUDIT:
                break;
        }
}

static void take_back(struct directory *dir, const struct unit *unit)
{
        for (unsigned i = unit->count; i > 0; i--)
                take_back_change(dir, &unit->changes[i - 1], i == 1 ? unit->before : NULL);
}

static void answer(struct directory *dir, struct unit *unit, int err)
{
        directory_done *done = unit->done;
        void *arg = unit->arg;
        queue_give_back(dir, unit);
        if (done)
                done(arg, err);
}

/* The oldest group of those in flight; callbacks may add units meanwhile. */
static void group_written(struct directory *dir)
{
        struct queue *q = &dir->queue;
        bool last;
        do {
                assert(!list_is_empty(&q->in_flight));
                struct unit *unit = container_of(q->in_flight.next, struct unit, node);
                last = unit->last;
                written(dir, unit);
                answer(dir, unit, 0);
        } while (!last);
}

/* Takes back every change that is not on disk, newest first, and answers them oldest first. */
static void give_up_changes(struct directory *dir, int err)
{
        struct queue *q = &dir->queue;
        struct list given_up;
        list_init(&given_up);
        list_for_each (node, &q->pending) {
                struct unit *unit = container_of(node, struct unit, node);
                if (unit->kept)
                        continue;
                list_remove(&unit->node);
                list_add_tail(&given_up, &unit->node);
        }
        for (struct list *node = given_up.prev; node != &given_up; node = node->prev)
                take_back(dir, container_of(node, struct unit, node));
        while (!list_is_empty(&given_up))
                answer(dir, container_of(given_up.next, struct unit, node), err);
}

/* The oldest group goes back to the front of what waits; how many units it had. */
static uint32_t return_group(struct queue *q)
{
        struct list *before = &q->pending;
        uint32_t units = 0;
        bool last;
        do {
                struct unit *unit = container_of(q->in_flight.next, struct unit, node);
                last = unit->last;
                list_remove(&unit->node);
                /* Behind `before`: the tail of the list that begins with its successor. */
                list_add_tail(before->next, &unit->node);
                before = &unit->node;
                units++;
        } while (!last);
        return units;
}

void queue_lost(struct directory *dir, int err)
{
        uint64_t lost = ++dir->queue.lost;
        /* Told more and more rarely: 1, 2, 4, 8 ... */
        if ((lost & (lost - 1)) == 0)
                log_error("store: %" PRIu64 " records lost so far: %s", lost, err_text(err));
}

/* A fault of the disk may pass; anything else is the record's own and comes again each time. */
static bool may_pass(int err)
{
        return err == ERR_STORE || err == ERR_FULL || err > -1000;
}

static void group_refused(struct directory *dir, int err)
{
        struct queue *q = &dir->queue;
        uint32_t units = return_group(q);
        q->group_max = 1;
        if (units > 1) {
                schedule(dir);
                return;
        }
        struct unit *first = container_of(q->pending.next, struct unit, node);
        if (first->kept && !may_pass(err)) {
                queue_lost(dir, err);
                answer(dir, first, err);
                schedule(dir);
                return;
        }
        if (!q->refused)
                log_error("store: changes are not being written: %s", err_text(err));
        q->refused = true;
        give_up_changes(dir, err);
        erasings_refused(dir, err);
        io_timer_start(dir->io, &q->retry, RETRY_MS, retry, dir);
}

/* Nothing comes after it: what can't be written now never is. */
static bool refuse_at_close(struct directory *dir, struct unit *unit, int err)
{
        bool last = unit->last;
        if (unit->kept)
                queue_lost(dir, err);
        answer(dir, unit, err);
        return last;
}

static void group_refused_at_close(struct directory *dir, int err)
{
        struct queue *q = &dir->queue;
        while (!refuse_at_close(dir, container_of(q->in_flight.next, struct unit, node), err))
                ;
}

static void on_done(void *arg, int err)
{
        struct directory *dir = arg;
        struct queue *q = &dir->queue;
        if (err && q->closing) {
                group_refused_at_close(dir, err);
                return;
        }
        if (err) {
                group_refused(dir, err);
                return;
        }
        if (q->refused)
                log_info("store: changes are being written again");
        q->refused = false;
        q->group_max = q->group_max * 2 < GROUP_UNITS ? q->group_max * 2 : GROUP_UNITS;
        group_written(dir);
        if (!q->closing && !list_is_empty(&q->pending))
                schedule(dir);
}

static void submit(struct directory *dir)
{
        struct queue *q = &dir->queue;
        struct list *before = q->in_flight.prev; /* something is in flight only at close */
        bool alone = list_is_empty(&q->in_flight);
        uint32_t changes = take_group(q);
        if (changes == 0 && !alone) {
                /* Answers that wait for their turn: it comes with the group before. */
                container_of(before, struct unit, node)->last = false;
                return;
        }
        int err =
                changes ? dir->store->ops->submit(dir->store, q->group, changes, on_done, dir) : 0;
        if (alone && (changes == 0 || err)) {
                on_done(dir, err);
                return;
        }
        while (err && before->next != &q->in_flight)
                refuse_at_close(dir, container_of(before->next, struct unit, node), err);
}

static void flush(void *arg)
{
        struct directory *dir = arg;
        if (list_is_empty(&dir->queue.in_flight) && !list_is_empty(&dir->queue.pending))
                submit(dir);
}

/*
 * For the record, and to have something to try again with: a server that says it is not ready may
 * be sent nothing that would find out that the disk takes writes again.
 */
static void record_refusal(struct directory *dir)
{
        struct unit *unit = queue_take(dir, true);
        if (!unit) {
                io_timer_start(dir->io, &dir->queue.retry, RETRY_MS, retry, dir);
                return;
        }
        audit_entry_writes_refused(unit_audit(unit), directory_now(dir));
        queue_add(dir, unit, NULL, NULL);
}

static void retry(void *arg)
{
        struct directory *dir = arg;
        struct queue *q = &dir->queue;
        if (q->refused && list_is_empty(&q->pending) && list_is_empty(&q->in_flight))
                record_refusal(dir);
        schedule(dir);
}

void queue_close(struct directory *dir)
{
        struct queue *q = &dir->queue;
        q->closing = true;
        io_defer_cancel(dir->io, &q->flush);
        io_timer_stop(dir->io, &q->retry);
        while (!list_is_empty(&q->pending))
                submit(dir);
}
