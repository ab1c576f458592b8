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

bool row_is_past_quarantine(const struct directory *dir, const struct row *row, int64_t now_ms)
{
        struct session times = times_of(row);
        int64_t end_ms = session_end_at(&times, now_ms);
        return end_ms && now_ms - end_ms >= dir->quarantine_ms;
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
                if (change > 0)
                        number_touch(number);
        }
}

static void hash_of(const struct directory *dir, const struct session *session,
                    const struct route_key *key, uint8_t out[VAULT_HASH_BYTES])
{
        vault_lookup_hash(dir->vault, session->tenant_id, key->dialled, key->caller, out);
}

/* Whether another session holds one of the pairs. */
static bool is_indexed(const struct directory *dir, const struct session *session)
{
        struct route_walk walk = {.session = session};
        struct route_key key;
        while (route_next(&walk, &key)) {
                uint8_t hash[VAULT_HASH_BYTES];
                uint32_t other;
                hash_of(dir, session, &key, hash);
                if (index_find(&dir->index, hash, &other))
                        return true;
        }
        return false;
}

static void index_parties(struct directory *dir, const struct session *session, uint32_t slot)
{
        struct route_walk walk = {.session = session};
        struct route_key key;
        while (route_next(&walk, &key)) {
                uint8_t hash[VAULT_HASH_BYTES];
                hash_of(dir, session, &key, hash);
                int err = index_add(&dir->index, hash, slot);
                assert(!err); /* it has room for two parties of every row */
                (void)err;
        }
}

static void unindex_parties(struct directory *dir, const struct session *session, uint32_t slot)
{
        struct route_walk walk = {.session = session};
        struct route_key key;
        while (route_next(&walk, &key)) {
                uint8_t hash[VAULT_HASH_BYTES];
                hash_of(dir, session, &key, hash);
                index_remove(&dir->index, hash, slot);
        }
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

static void set_due(struct directory *dir, const struct row *row)
{
        uint32_t slot = row_slot(dir, row);
        if (row_has_ended(row))
                due_set(&dir->due, slot, row->ended_ms + dir->quarantine_ms);
        else if (row->expires_ms)
                due_set(&dir->due, slot, row->expires_ms);
        else
                due_clear(&dir->due, slot);
}

int row_add(struct directory *dir, const struct session *session,
            const struct store_session *stored, struct row **out)
{
        if (is_indexed(dir, session))
                return ERR_CONFLICT;
        struct handle handle;
        struct row *row = pool_take(dir->rows, &handle);
        if (!row)
                return ERR_FULL;

        int err = 0;
        if (!stored) {
                err = row_seal(dir, session, row);
        } else if (stored->sealed_bytes <= sizeof row->sealed) {
                memcpy(row->sealed, stored->sealed, stored->sealed_bytes);
                row->sealed_bytes = (uint8_t)stored->sealed_bytes;
        } else {
                err = ERR_VERSION;
        }
        if (err) {
                pool_put(dir->rows, row);
                return err;
        }
        row->id = session->id;
        row->key_slot = session->key_slot;
        row->created_ms = session->created_ms;
        row->starts_ms = session->starts_ms;
        row->expires_ms = session->expires_ms;
        row->ended_ms = session->ended_ms;
        row->tenant_id = session->tenant_id;
        row->pool_id = session->pool_id;
        row->state = (uint8_t)session->state;
        row->reference = add_reference(dir, session, handle.index);
        index_parties(dir, session, handle.index);
        roll_add(&dir->rows_roll, handle.index);
        if (!row_has_ended(row))
                count_at_numbers(dir, session, 1);
        set_due(dir, row);
        *out = row;
        return 0;
}

void row_drop(struct directory *dir, struct row *row)
{
        uint32_t slot = row_slot(dir, row);
        const struct session *session = row_open(dir, row);
        assert(session); /* it was opened when it came in, and its key is ours to shred */
        unindex_parties(dir, session, slot);
        if (!row_has_ended(row))
                count_at_numbers(dir, session, -1);
        row_close(dir);
        remove_reference(dir, row);
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
        recount(dir, row, -1);
        row->state = SESSION_ENDED;
        row->ended_ms = ended_ms;
        set_due(dir, row);
}

void row_reopen(struct directory *dir, uint64_t session_id)
{
        struct row *row = row_find(dir, session_id);
        assert(row);
        assert(row->state == SESSION_ENDED);
        row->state = row->starts_ms > row->created_ms ? SESSION_SCHEDULED : SESSION_ACTIVE;
        row->ended_ms = 0;
        row->undoable--;
        recount(dir, row, 1);
        set_due(dir, row);
        rows_watch(dir);
}

void row_written(struct directory *dir, uint64_t session_id)
{
        struct row *row = row_find(dir, session_id);
        assert(row); /* it is not erased while a change of its may be refused */
        assert(row->undoable > 0);
        row->undoable--;
}

bool pair_is_free(struct directory *dir, uint32_t tenant_id, struct masking_number dialled,
                  struct real_number caller)
{
        uint8_t hash[VAULT_HASH_BYTES];
        uint32_t slot;
        vault_lookup_hash(dir->vault, tenant_id, dialled, caller, hash);
        return !index_find(&dir->index, hash, &slot) || row_release(dir, row_in(dir, slot));
}
