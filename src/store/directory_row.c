/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/design/numbers-at-rest.md has the reasons: what is sealed under what, why the lookup goes
 * by a keyed hash, and when a key is shredded.
 */
#include <assert.h>
#include <string.h>

#include "store/directory_impl.h"

struct row *row_in(const struct directory *dir, uint32_t slot)
{
        struct row *row = pool_at(dir->rows, slot);
        assert(row);
        return row;
}

uint32_t row_slot(const struct directory *dir, const struct row *row)
{
        return pool_handle(dir->rows, row).index;
}

struct row *row_at(const struct directory *dir, uint32_t position)
{
        return row_in(dir, roll_at(&dir->rows_roll, position));
}

struct row *row_find(const struct directory *dir, uint64_t session_id)
{
        uint32_t position = roll_below(&dir->rows_roll, session_id);
        if (position == dir->rows_roll.count)
                return NULL;
        struct row *row = row_at(dir, position);
        return row->id == session_id ? row : NULL;
}

bool row_is_shown(const struct row *row)
{
        return row && !(row->flags & ROW_TOMBSTONE) && row->state != SESSION_ERASED;
}

/* The times are the row's; what they mean is said in one place, core/session.c. */
static struct session times_of(const struct row *row)
{
        return (struct session){
                .state = (enum session_state)row->state,
                .starts_ms = row->starts_ms,
                .expires_ms = row->expires_ms,
                .ended_ms = row->ended_ms,
        };
}

enum session_state row_state_at(const struct row *row, int64_t now_ms)
{
        struct session times = times_of(row);
        return session_state_at(&times, now_ms);
}

static int64_t quarantine_of(const struct directory *dir, const struct row *row)
{
        return number_pool_policy(dir, row->tenant_id, row->pool_id)->quarantine_ms;
}

struct row_use *row_use(const struct directory *dir, const struct row *row)
{
        return &dir->uses[row_slot(dir, row)];
}

uint64_t row_origin(const struct directory *dir, const struct row *row)
{
        return row->flags & ROW_TOMBSTONE ? row_use(dir, row)->origin : 0;
}

uint32_t row_calls(const struct directory *dir, const struct row *row)
{
        return row->flags & ROW_TOMBSTONE ? 0 : row_use(dir, row)->calls;
}

struct row_life row_life(const struct directory *dir, const struct row *row)
{
        const struct row_use *use = row_use(dir, row);
        return (struct row_life){use->fixed_ms, use->sliding_ms, row_origin(dir, row)};
}

bool row_is_past_quarantine(const struct directory *dir, const struct row *row, int64_t now_ms)
{
        struct session times = times_of(row);
        int64_t end_ms = session_end_at(&times, now_ms);
        return end_ms && now_ms - end_ms >= quarantine_of(dir, row);
}

/* Each number once, though several slots may hold it. */
static void count_at_numbers(struct directory *dir, const struct session *session, int change)
{
        for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++) {
                struct masking_number held = session->slots[i];
                bool is_counted = number_is_none(held.n);
                for (unsigned j = 0; j < i && !is_counted; j++)
                        is_counted = number_equal(held.n, session->slots[j].n);
                struct number_held *number = is_counted ? NULL : number_find(dir, held);
                if (!number)
                        continue;
                number->row.sessions += (uint32_t)change;
                number->holders ^= session->id;
                if (change > 0)
                        number_touch(number);
        }
}

void key_hash(const struct directory *dir, uint32_t tenant_id, const struct route_key *key,
              uint8_t out[VAULT_HASH_BYTES])
{
        switch (key->by) {
        case ROUTE_EXACT:
                vault_lookup_hash(dir->vault, tenant_id, key->dialled, key->caller, out);
                return;
        case ROUTE_DIGITS:
                vault_lookup_hash_digits(dir->vault, tenant_id, key->dialled, key->digits.bytes,
                                         out);
                return;
        case ROUTE_ANYONE:
                vault_lookup_hash_any(dir->vault, tenant_id, key->dialled, out);
                return;
        }
}

static bool find_slot(const struct directory *dir, uint32_t tenant_id, const struct route_key *key,
                      uint32_t *slot)
{
        uint8_t hash[VAULT_HASH_BYTES];
        key_hash(dir, tenant_id, key, hash);
        return index_find(&dir->index, hash, slot);
}

struct row *row_by_hash(const struct directory *dir, const uint8_t hash[VAULT_HASH_BYTES])
{
        uint32_t slot;
        return index_find(&dir->index, hash, &slot) ? row_in(dir, slot) : NULL;
}

struct row *row_by_key(const struct directory *dir, uint32_t tenant_id, const struct route_key *key)
{
        uint32_t slot;
        return find_slot(dir, tenant_id, key, &slot) ? row_in(dir, slot) : NULL;
}

bool key_is_free(struct directory *dir, uint32_t tenant_id, const struct route_key *key)
{
        struct row *row = row_by_key(dir, tenant_id, key);
        return !row || row_release(dir, row);
}

/*
 * ERR_CONFLICT: another session than that in `own` (SLOT_NONE: any) holds one of the keys; ERR_FULL:
 * there is no room for so many beside those that go.
 */
static int check_keys(const struct directory *dir, const struct session *session, uint32_t own,
                      uint32_t going)
{
        struct route_walk walk = {.session = session};
        struct route_key key;
        uint32_t slot, count = 0;
        while (route_next(&walk, &key)) {
                count++;
                if (find_slot(dir, session->tenant_id, &key, &slot) && slot != own) {
                        explicit_bzero(&key, sizeof key);
                        return ERR_CONFLICT;
                }
        }
        return dir->index.count - going + count > dir->index.max ? ERR_FULL : 0;
}

static void index_keys(struct directory *dir, const struct session *session, uint32_t slot)
{
        struct route_walk walk = {.session = session};
        struct route_key key;
        while (route_next(&walk, &key)) {
                uint8_t hash[VAULT_HASH_BYTES];
                key_hash(dir, session->tenant_id, &key, hash);
                int err = index_add(&dir->index, hash, slot);
                assert(!err); /* check_keys() has looked */
                (void)err;
        }
}

static uint32_t unindex_keys(struct directory *dir, const struct session *session, uint32_t slot)
{
        struct route_walk walk = {.session = session};
        struct route_key key;
        uint32_t count = 0;
        while (route_next(&walk, &key)) {
                uint8_t hash[VAULT_HASH_BYTES];
                key_hash(dir, session->tenant_id, &key, hash);
                bool was_there = index_remove(&dir->index, hash, slot);
                assert(was_there);
                count++;
        }
        return count;
}

static struct slice reference_key(char *memory, size_t bytes, uint32_t tenant_id, struct slice text)
{
        struct buf key;
        buf_init(&key, memory, bytes);
        buf_put_be32(&key, tenant_id);
        buf_put_slice(&key, text);
        assert(buf_ok(&key));
        return buf_slice(&key);
}

struct row *row_by_reference(const struct directory *dir, uint32_t tenant_id, struct slice text)
{
        char memory[4 + SESSION_REFERENCE_MAX];
        struct slice key = reference_key(memory, sizeof memory, tenant_id, text);
        struct map_node *node = map_find(&dir->references_by_key, key);
        return node ? row_in(dir, container_of(node, struct reference, node)->row) : NULL;
}

/* There is room for one with every row. */
static uint32_t add_reference(struct directory *dir, const struct session *session, uint32_t slot)
{
        struct slice text = {session->reference,
                             strnlen(session->reference, sizeof session->reference)};
        if (text.len == 0 || row_by_reference(dir, session->tenant_id, text))
                return SLOT_NONE;

        struct handle handle;
        struct reference *reference = pool_get(dir->references, &handle);
        struct slice key =
                reference_key(reference->key, sizeof reference->key, session->tenant_id, text);
        reference->key_bytes = (uint32_t)key.len;
        reference->row = slot;
        map_add(&dir->references_by_key, &reference->node, key);
        return handle.index;
}

struct slice row_reference(const struct directory *dir, const struct row *row)
{
        if (row->reference == SLOT_NONE)
                return SLICE_NONE;
        const struct reference *reference = pool_at(dir->references, row->reference);
        assert(reference);
        return (struct slice){reference->key + 4, reference->key_bytes - 4};
}

static void remove_reference(struct directory *dir, struct row *row)
{
        if (row->reference == SLOT_NONE)
                return;
        struct reference *reference = pool_at(dir->references, row->reference);
        assert(reference);
        map_remove(&dir->references_by_key, &reference->node);
        pool_put(dir->references, reference);
        row->reference = SLOT_NONE;
}

bool row_has_ended(const struct row *row)
{
        return row->state == SESSION_ENDED || row->state == SESSION_ERASED;
}

void row_set_due(struct directory *dir, const struct row *row)
{
        uint32_t slot = row_slot(dir, row);
        if (row_has_ended(row))
                due_set(&dir->due, slot, row->ended_ms + quarantine_of(dir, row));
        else if (row->expires_ms)
                due_set(&dir->due, slot, row->expires_ms);
        else
                due_clear(&dir->due, slot);
}

static void set_life(struct directory *dir, struct row *row, const struct session *session,
                     const struct row_life *life)
{
        struct row_use *use = row_use(dir, row);
        row->starts_ms = session->starts_ms;
        row->expires_ms = session->expires_ms;
        row->ended_ms = session->ended_ms;
        row->state = (uint8_t)session->state;
        use->fixed_ms = life->fixed_ms;
        use->sliding_ms = life->sliding_ms;
}

/* A tombstone is the first of its session's, if that is there. */
static void link_left(struct directory *dir, struct row *row, uint64_t origin)
{
        struct row *session = row_find(dir, origin);
        struct row_use *use = row_use(dir, row);
        row->flags |= ROW_TOMBSTONE;
        use->origin = origin;
        use->next = SLOT_NONE;
        if (!session || session->state == SESSION_ERASED)
                return;
        use->next = row_use(dir, session)->left;
        row_use(dir, session)->left = row_slot(dir, row);
}

struct row *row_left(const struct directory *dir, const struct row *row)
{
        const struct row_use *use = row_use(dir, row);
        uint32_t slot = row->flags & ROW_TOMBSTONE ? use->next : use->left;
        return slot == SLOT_NONE ? NULL : row_in(dir, slot);
}

static void unlink_left(struct directory *dir, const struct row *row)
{
        struct row *session =
                row->flags & ROW_TOMBSTONE ? row_find(dir, row_use(dir, row)->origin) : NULL;
        if (!session)
                return;
        uint32_t *at = &row_use(dir, session)->left, own = row_slot(dir, row);
        while (*at != SLOT_NONE && *at != own)
                at = &dir->uses[*at].next;
        if (*at == own)
                *at = dir->uses[own].next;
}

static void count_at_pool(struct directory *dir, const struct row *row, int change)
{
        struct number_pool *pool = number_pool_find(dir, row->tenant_id, row->pool_id);
        if (pool)
                pool->row.sessions += (uint32_t)change;
}

int row_add(struct directory *dir, const struct session *session, const struct row_life *life,
            const struct store_session *stored, struct row **out)
{
        int err = check_keys(dir, session, SLOT_NONE, 0);
        if (err)
                return err;
        struct handle handle;
        struct row *row = pool_take(dir->rows, &handle);
        if (!row)
                return ERR_FULL;
        err = stored ? row_take_sealed(
                               dir, row,
                               (struct slice){(const char *)stored->sealed, stored->sealed_bytes})
                     : row_seal(dir, session, row);
        if (err) {
                pool_put(dir->rows, row);
                return err;
        }
        dir->uses[handle.index] = ROW_USE_NONE;
        row->id = session->id;
        row->key_slot = session->key_slot;
        row->created_ms = session->created_ms;
        row->tenant_id = session->tenant_id;
        row->pool_id = session->pool_id;
        row->flags = 0;
        set_life(dir, row, session, life);
        row->reference = add_reference(dir, session, handle.index);
        index_keys(dir, session, handle.index);
        roll_add(&dir->rows_roll, handle.index);
        count_at_pool(dir, row, 1);
        if (!row_has_ended(row))
                count_at_numbers(dir, session, 1);
        if (life->origin)
                link_left(dir, row, life->origin);
        else
                history_note(dir, session);
        row_set_due(dir, row);
        *out = row;
        return 0;
}

int row_add_grave(struct directory *dir, const struct store_session *stored)
{
        struct handle handle;
        struct row *row = pool_take(dir->rows, &handle);
        if (!row)
                return ERR_FULL;
        dir->uses[handle.index] = ROW_USE_NONE;
        *row = (struct row){
                .id = stored->id,
                .tenant_id = stored->tenant_id,
                .pool_id = stored->pool_id,
                .created_ms = stored->created_ms,
                .starts_ms = stored->starts_ms,
                .expires_ms = stored->expires_ms,
                .ended_ms = stored->ended_ms,
                .state = SESSION_ERASED,
                .reference = SLOT_NONE,
                .rest = PIECES_NONE,
        };
        roll_add(&dir->rows_roll, handle.index);
        count_at_pool(dir, row, 1);
        row_set_due(dir, row);
        return 0;
}

/* The keys of the row, and its place among its numbers' sessions; how many keys. */
static uint32_t take_out(struct directory *dir, const struct row *row)
{
        const struct session *session = row_open(dir, row);
        assert(session); /* it was opened when it came in, and its key is ours to shred */
        uint32_t keys = unindex_keys(dir, session, row_slot(dir, row));
        if (!row_has_ended(row))
                count_at_numbers(dir, session, -1);
        row_close(dir);
        return keys;
}

static void put_in(struct directory *dir, const struct row *row)
{
        const struct session *session = row_open(dir, row);
        assert(session);
        index_keys(dir, session, row_slot(dir, row));
        if (!row_has_ended(row))
                count_at_numbers(dir, session, 1);
        row_close(dir);
}

static uint32_t count_keys(const struct directory *dir, const struct row *row)
{
        const struct session *session = row_open(dir, row);
        assert(session);
        struct route_walk walk = {.session = session};
        struct route_key key;
        uint32_t count = 0;
        while (route_next(&walk, &key))
                count++;
        row_close(dir);
        return count;
}

int row_change(struct directory *dir, struct row *row, const struct session *session,
               const struct row_life *life, struct row_before *before)
{
        uint32_t slot = row_slot(dir, row);
        if (row->undoable == ROW_UNDOABLE_MAX)
                return ERR_FULL;
        int err = check_keys(dir, session, slot, count_keys(dir, row));
        if (err)
                return err;
        struct row sealed = *row;
        err = row_seal(dir, session, &sealed);
        if (err)
                return err;

        holdings_before(dir, row);
        const struct row_use *use = row_use(dir, row);
        *before = (struct row_before){*row, use->fixed_ms, use->sliding_ms};
        (void)take_out(dir, row);
        sealed.key_slot = session->key_slot;
        *row = sealed;
        set_life(dir, row, session, life);
        row->undoable++;
        put_in(dir, row);
        row_set_due(dir, row);
        return 0;
}

void row_change_back(struct directory *dir, uint64_t session_id, const struct row_before *before)
{
        struct row *row = row_find(dir, session_id);
        assert(row);
        holdings_before(dir, row);
        (void)take_out(dir, row);
        pieces_drop(&dir->pieces, row->rest);
        if (row->key_slot != before->row.key_slot)
                vault_key_shred(dir->vault, row->key_slot);
        uint8_t undoable = row->undoable, flags = row->flags;
        *row = before->row;
        row->undoable = (uint8_t)(undoable - 1);
        row->flags = flags;
        struct row_use *use = row_use(dir, row);
        use->fixed_ms = before->fixed_ms;
        use->sliding_ms = before->sliding_ms;
        use_slide(dir, row); /* a call may have come meanwhile, or none since it was renewed */
        if (before->row.expires_ms > row->expires_ms)
                row->expires_ms = before->row.expires_ms;
        put_in(dir, row);
        row_set_due(dir, row);
        rows_watch(dir);
}

void row_written(struct directory *dir, const struct store_session *written,
                 const struct row_before *before)
{
        struct row *row = row_find(dir, written->id);
        assert(row); /* it is not erased while a change of its may be refused */
        assert(row->undoable > 0);
        row->undoable--;
        if (!before)
                return;
        pieces_drop(&dir->pieces, before->row.rest);
        if (before->row.key_slot != written->key_slot)
                vault_key_shred(dir->vault, before->row.key_slot);
}

void row_strip(struct directory *dir, struct row *row)
{
        unlink_left(dir, row);
        use_drop(dir, row);
        remove_reference(dir, row);
        pieces_drop(&dir->pieces, row->rest);
        row->rest = PIECES_NONE;
}

void row_drop(struct directory *dir, struct row *row)
{
        uint32_t slot = row_slot(dir, row);
        holdings_before(dir, row);
        if (row->state == SESSION_ERASED)
                grave_unindex(dir, row);
        else
                (void)take_out(dir, row);
        row_strip(dir, row);
        count_at_pool(dir, row, -1);
        due_clear(&dir->due, slot);
        roll_remove(&dir->rows_roll, slot);
        vault_key_shred(dir->vault, row->key_slot);
        pool_put(dir->rows, row);
}

void row_forget(struct directory *dir, uint64_t session_id)
{
        struct row *row = row_find(dir, session_id);
        assert(row);
        row_drop(dir, row);
}

static void recount(struct directory *dir, const struct row *row, int change)
{
        const struct session *session = row_open(dir, row);
        assert(session);
        count_at_numbers(dir, session, change);
        row_close(dir);
}

void row_set_ended(struct directory *dir, struct row *row, int64_t ended_ms)
{
        assert(!row_has_ended(row));
        holdings_before(dir, row);
        recount(dir, row, -1);
        row->state = SESSION_ENDED;
        row->ended_ms = ended_ms;
        row_set_due(dir, row);
}

void row_reopen(struct directory *dir, uint64_t session_id)
{
        struct row *row = row_find(dir, session_id);
        assert(row);
        assert(row->state == SESSION_ENDED);
        holdings_before(dir, row);
        row->state = row->starts_ms > row->created_ms ? SESSION_SCHEDULED : SESSION_ACTIVE;
        row->ended_ms = 0;
        row->undoable--;
        recount(dir, row, 1);
        row_set_due(dir, row);
        rows_watch(dir);
}

void row_to_store(const struct directory *dir, const struct row *row, struct store_session *out)
{
        const struct row_use *use = row_use(dir, row);
        *out = (struct store_session){
                .id = row->id,
                .tenant_id = row->tenant_id,
                .pool_id = row->pool_id,
                .state = (enum session_state)row->state,
                .created_ms = row->created_ms,
                .starts_ms = row->starts_ms,
                .expires_ms = row->expires_ms,
                .ended_ms = row->ended_ms,
                .fixed_ms = use->fixed_ms,
                .sliding_ms = use->sliding_ms,
                .origin = row_origin(dir, row),
                .key_slot = row->key_slot,
        };
        struct slice reference = row_reference(dir, row);
        if (reference.len)
                memcpy(out->reference, reference.p, reference.len);
        out->sealed_bytes = (uint16_t)row_sealed(dir, row, out->sealed).len;
}
