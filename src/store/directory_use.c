/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sessions remember of their calls. It takes effect in memory at once and is written within
 * WRITE_EACH_MS, once for all calls of that time: a crash may forget that much of it.
 */
#include <assert.h>
#include <string.h>

#include "store/directory_impl.h"

#define WRITE_EACH_MS 1000
#define PER_TURN      256

static void write_used(void *arg);

void use_read(const struct directory *dir, const struct row *row, struct session_use *out)
{
        const struct row_use *use = row_use(dir, row);
        session_use_init(out);
        out->last_used_ms = use->last_used_ms;
        out->calls = row_calls(dir, row);
        if (use->parties != PIECES_NONE)
                pieces_get(&dir->pieces, use->parties, out->parties, PARTY_USE_BYTES);
}

/* Without room for it, whose turn it is is forgotten, and nothing else. */
static void keep_parties(struct directory *dir, struct row_use *use, const struct session_use *now)
{
        uint32_t parties;
        pieces_drop(&dir->pieces, use->parties);
        use->parties = PIECES_NONE;
        if (pieces_put(&dir->pieces, now->parties, PARTY_USE_BYTES, &parties) == 0)
                use->parties = parties;
}

static bool has_heard(const struct session_use *use)
{
        for (unsigned i = 0; i < SESSION_PARTIES_MAX; i++)
                if (use->parties[i].reached)
                        return true;
        return false;
}

void use_load(struct directory *dir, const struct row *row, const struct session_use *use)
{
        struct row_use *held = row_use(dir, row);
        if (row->flags & ROW_TOMBSTONE)
                return; /* it has been called by nobody */
        held->last_used_ms = use->last_used_ms;
        held->calls = use->calls;
        if (has_heard(use))
                keep_parties(dir, held, use);
}

void use_drop(struct directory *dir, struct row *row)
{
        struct row_use *use = row_use(dir, row);
        pieces_drop(&dir->pieces, use->parties);
        *use = ROW_USE_NONE;
        row->flags = 0;
}

void use_slide(struct directory *dir, struct row *row)
{
        const struct row_use *use = row_use(dir, row);
        if (!use->sliding_ms)
                return;
        const struct pool_policy sliding = {.sliding_ms = use->sliding_ms};
        int64_t from_ms = use->last_used_ms ? use->last_used_ms : row->starts_ms;
        row->expires_ms = pool_policy_slides_to(&sliding, use->fixed_ms, from_ms);
}

/* The list has room for every row; what is stale in it goes when it is written. */
static void mark(struct directory *dir, struct row *row, uint8_t flags)
{
        bool is_listed = row->flags & ROW_USED;
        row->flags |= ROW_USED | flags;
        if (is_listed)
                return;
        if (dir->used_count == pool_capacity(dir->rows))
                use_flush(dir);
        if (dir->used_count == pool_capacity(dir->rows))
                return; /* the disk is stuck and all that waits is there */
        dir->used[dir->used_count++] = row_slot(dir, row);
        if (!dir->used_timer.armed)
                io_timer_start(dir->io, &dir->used_timer, WRITE_EACH_MS, write_used, dir);
}

/* Sealed again with who called last; without room, the one before stays the last. */
static bool note_caller(struct directory *dir, struct row *row, const struct mapping *mapping,
                        struct real_number caller, int64_t now_ms)
{
        const struct session *opened = row_open(dir, row);
        if (!opened)
                return false;
        struct session *session = &dir->scratch->made;
        struct row sealed = *row;
        *session = *opened;
        row_close(dir);
        bool is_noted = session_note_caller(session, mapping, caller, now_ms) &&
                        row_seal(dir, session, &sealed) == 0;
        explicit_bzero(session, sizeof *session);
        if (!is_noted)
                return false;
        pieces_drop(&dir->pieces, row->rest);
        *row = sealed;
        return true;
}

void directory_session_used(struct directory *dir, const struct mapping *mapping,
                            struct real_number caller)
{
        int64_t now_ms = directory_now(dir);
        struct row *row = row_find(dir, mapping->session_id);
        if (!row || row_has_ended(row))
                return;
        const struct session *session = row_open(dir, row);
        if (!session)
                return;
        struct row_use *held = row_use(dir, row);
        struct session_use use;
        use_read(dir, row, &use);
        session_use_note(&use, session, mapping, now_ms);
        bool has_parties = session_use_has_parties(session->model);
        bool has_caller = session->model == MODEL_LAST_CALLER;
        row_close(dir);

        held->last_used_ms = use.last_used_ms;
        held->calls = use.calls;
        if (has_parties)
                keep_parties(dir, held, &use);
        /* What a change under way may yet take back is not sealed anew. */
        bool is_sealed =
                has_caller && !row->undoable && note_caller(dir, row, mapping, caller, now_ms);
        use_slide(dir, row);
        row_set_due(dir, row);
        mark(dir, row, is_sealed ? ROW_RESEALED : 0);
        rows_watch(dir);
}

static bool write_row(struct directory *dir, struct row *row)
{
        /* A change that may be taken back is written first: what it made of the row is in here, too. */
        if (row->undoable)
                return false;
        struct unit *unit = queue_take(dir, true);
        if (!unit)
                return false;
        if (row->flags & ROW_RESEALED)
                row_to_store(dir, row, &unit_change(unit, STORE_SET_SESSION)->session);
        struct store_use *use = &unit_change(unit, STORE_SET_SESSION_USE)->use;
        use->id = row->id;
        use->expires_ms = row->expires_ms;
        use_read(dir, row, &use->use);
        row->flags &= (uint8_t) ~(ROW_USED | ROW_RESEALED);
        queue_add(dir, unit, NULL, NULL);
        return true;
}

/* Up to `max` of those listed; the others move up. */
static void write_some(struct directory *dir, uint32_t max)
{
        uint32_t count = dir->used_count < max ? dir->used_count : max, left = 0;
        for (uint32_t i = 0; i < count; i++) {
                uint32_t slot = dir->used[i];
                struct row *row = pool_at(dir->rows, slot);
                bool is_done = !row || !(row->flags & ROW_USED) || write_row(dir, row);
                if (!is_done)
                        dir->used[left++] = slot;
        }
        memmove(&dir->used[left], &dir->used[count],
                (dir->used_count - count) * sizeof dir->used[0]);
        dir->used_count -= count - left;
}

static void write_used(void *arg)
{
        struct directory *dir = arg;
        write_some(dir, PER_TURN);
        if (dir->used_count)
                io_timer_start(dir->io, &dir->used_timer, WRITE_EACH_MS, write_used, dir);
}

void use_flush(struct directory *dir)
{
        write_some(dir, dir->used_count);
}
