/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/directory_impl.h"

static struct slice key_slice(const uint32_t key[2])
{
        return (struct slice){(const char *)key, 2 * sizeof key[0]};
}

struct number_pool *number_pool_find(const struct directory *dir, uint32_t tenant_id,
                                     uint32_t pool_id)
{
        const uint32_t key[2] = {tenant_id, pool_id};
        struct map_node *node = map_find(&dir->number_pools_by_key, key_slice(key));
        return node ? container_of(node, struct number_pool, node) : NULL;
}

static void place(struct directory *dir, struct number_pool *pool, struct handle handle,
                  const struct store_pool *stored)
{
        pool->key[0] = stored->tenant_id;
        pool->key[1] = stored->id;
        pool->order = dir->next_pool_order++;
        pool->row.id = stored->id;
        pool->row.tenant_id = stored->tenant_id;
        pool->row.policy = stored->policy;
        memcpy(pool->row.name, stored->name, sizeof pool->row.name);
        list_init(&pool->numbers);
        map_add(&dir->number_pools_by_key, &pool->node, key_slice(pool->key));
        roll_add(&dir->pools_roll, handle.index);
        if (stored->id >= dir->next_pool_id)
                dir->next_pool_id = stored->id + 1;
}

static struct number_pool *insert(struct directory *dir, const struct store_pool *stored)
{
        struct handle handle;
        struct number_pool *pool = pool_take(dir->number_pools, &handle);
        if (pool)
                place(dir, pool, handle, stored);
        return pool;
}

static void take_out(struct directory *dir, struct number_pool *pool)
{
        assert(list_is_empty(&pool->numbers));
        map_remove(&dir->number_pools_by_key, &pool->node);
        roll_remove(&dir->pools_roll, pool_handle(dir->number_pools, pool).index);
        pool_put(dir->number_pools, pool);
}

struct number_pool *number_pool_get(struct directory *dir, uint32_t tenant_id, uint32_t pool_id)
{
        struct number_pool *pool = number_pool_find(dir, tenant_id, pool_id);
        if (pool || pool_id != DIRECTORY_DEFAULT_POOL)
                return pool;
        const struct store_pool implied = {
                .id = pool_id, .tenant_id = tenant_id, .name = "default", .policy = dir->policy};
        return insert(dir, &implied);
}

const struct pool_policy *number_pool_policy(const struct directory *dir, uint32_t tenant_id,
                                             uint32_t pool_id)
{
        const struct number_pool *pool = number_pool_find(dir, tenant_id, pool_id);
        return pool ? &pool->row.policy : &dir->policy;
}

int directory_pool_load(struct directory *dir, const struct store_pool *pool)
{
        if (number_pool_find(dir, pool->tenant_id, pool->id))
                return ERR_EXISTS;
        return insert(dir, pool) ? 0 : ERR_FULL;
}

static struct store_pool stored_form(const struct directory_pool *row)
{
        struct store_pool stored = {
                .id = row->id, .tenant_id = row->tenant_id, .policy = row->policy};
        memcpy(stored.name, row->name, sizeof stored.name);
        return stored;
}

/* Ended sessions of the pool fall due at another time now. */
static void quarantine_anew(struct directory *dir, const struct number_pool *pool)
{
        for (uint32_t i = 0; pool->row.sessions && i < dir->rows_roll.count; i++) {
                const struct row *row = row_at(dir, i);
                if (row->tenant_id == pool->key[0] && row->pool_id == pool->key[1])
                        row_set_due(dir, row);
        }
        rows_watch(dir);
}

static void set(struct directory *dir, struct number_pool *pool, const struct store_pool *stored)
{
        bool moves = pool->row.policy.quarantine_ms != stored->policy.quarantine_ms;
        pool->row.policy = stored->policy;
        memcpy(pool->row.name, stored->name, sizeof pool->row.name);
        if (moves)
                quarantine_anew(dir, pool);
}

void directory_pool_back(struct directory *dir, const struct store_pool *pool,
                         const struct store_pool *before)
{
        struct number_pool *held = number_pool_find(dir, pool->tenant_id, pool->id);
        assert(held);
        if (!before) {
                take_out(dir, held);
                return;
        }
        set(dir, held, before);
        held->undoable--;
}

void directory_pool_written(struct directory *dir, const struct store_pool *pool)
{
        struct number_pool *held = number_pool_find(dir, pool->tenant_id, pool->id);
        if (held) /* it may have been removed since */
                held->undoable--;
}

void directory_pool_put_back(struct directory *dir, const struct store_pool *pool)
{
        struct handle handle;
        struct number_pool *held = pool_get(dir->number_pools, &handle); /* it has just made room */
        place(dir, held, handle, pool);
}

static bool is_name_taken(const struct directory *dir, const struct directory_pool *row)
{
        struct slice name = {row->name, strnlen(row->name, sizeof row->name)};
        const struct directory_pool *other = directory_pool_find(dir, row->tenant_id, name);
        bool is_default = slice_equal(name, SLICE("default"));
        return other ? other->id != row->id : is_default && row->id != DIRECTORY_DEFAULT_POOL;
}

/* Beside the default ones: of the tenant, or of all (0). */
static uint32_t count_added(const struct directory *dir, uint32_t tenant_id)
{
        const struct directory_pool *row;
        uint32_t count = 0;
        for (uint32_t i = 0; (row = directory_pool_at(dir, i)); i++)
                count += row->id != DIRECTORY_DEFAULT_POOL &&
                         (!tenant_id || row->tenant_id == tenant_id);
        return count;
}

int directory_pool_add(struct directory *dir, struct directory_pool *row, directory_done *done,
                       void *arg)
{
        assert(row->tenant_id != 0);
        assert(row->id == 0);
        if (is_name_taken(dir, row))
                return ERR_EXISTS;
        if (count_added(dir, row->tenant_id) >= DIRECTORY_POOLS_OF)
                return ERR_TOO_LARGE;
        if (count_added(dir, 0) >= DIRECTORY_POOLS_MAX)
                return ERR_FULL;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;
        row->id = dir->next_pool_id;
        struct store_pool stored = stored_form(row);
        if (!insert(dir, &stored)) {
                queue_give_back(dir, unit);
                return ERR_FULL;
        }
        unit_change(unit, STORE_PUT_POOL)->pool = stored;
        audit_entry_pool(unit_audit(unit), AUDIT_POOL_ADDED, &stored, directory_now(dir));
        queue_add(dir, unit, done, arg);
        return 0;
}

/* The default one keeps its name; one that has another since an earlier version may get it back. */
static bool may_be_named(const struct directory_pool *before, const struct directory_pool *row)
{
        struct slice name = {row->name, strnlen(row->name, sizeof row->name)};
        struct slice held = {before->name, strnlen(before->name, sizeof before->name)};
        return row->id != DIRECTORY_DEFAULT_POOL || slice_equal(name, held) ||
               slice_equal(name, SLICE("default"));
}

int directory_pool_change(struct directory *dir, const struct directory_pool *row,
                          directory_done *done, void *arg)
{
        struct number_pool *pool = number_pool_get(dir, row->tenant_id, row->id);
        if (!pool)
                return ERR_NOT_FOUND;
        if (!may_be_named(&pool->row, row))
                return ERR_STATE;
        if (is_name_taken(dir, row))
                return ERR_EXISTS;
        struct store_pool *before = malloc(sizeof *before);
        struct unit *unit = before ? queue_take(dir, false) : NULL;
        if (!unit) {
                free(before);
                return before ? ERR_FULL : -ENOMEM;
        }
        *before = stored_form(&pool->row);
        struct store_pool stored = stored_form(row);
        set(dir, pool, &stored);
        pool->undoable++;
        unit->before = before;
        unit_change(unit, STORE_PUT_POOL)->pool = stored;
        audit_entry_pool(unit_audit(unit), AUDIT_POOL_CHANGED, &stored, directory_now(dir));
        queue_add(dir, unit, done, arg);
        return 0;
}

int directory_pool_remove(struct directory *dir, uint32_t tenant_id, uint32_t pool_id,
                          directory_done *done, void *arg)
{
        struct number_pool *pool = number_pool_find(dir, tenant_id, pool_id);
        if (!pool)
                return ERR_NOT_FOUND;
        if (pool_id == DIRECTORY_DEFAULT_POOL || pool->row.numbers || pool->row.sessions)
                return ERR_IN_USE;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;
        struct store_pool stored = stored_form(&pool->row);
        unit_change(unit, STORE_REMOVE_POOL)->pool = stored;
        audit_entry_pool(unit_audit(unit), AUDIT_POOL_REMOVED, &stored, directory_now(dir));
        take_out(dir, pool);
        queue_add(dir, unit, done, arg);
        return 0;
}

const struct directory_pool *directory_pool_find(const struct directory *dir, uint32_t tenant_id,
                                                 struct slice name)
{
        const struct directory_pool *pool;
        for (uint32_t i = 0; (pool = directory_pool_at(dir, i)); i++) {
                struct slice its = {pool->name, strnlen(pool->name, sizeof pool->name)};
                if (pool->tenant_id == tenant_id && slice_equal(its, name))
                        return pool;
        }
        return NULL;
}

const struct directory_pool *directory_pool_get(struct directory *dir, uint32_t tenant_id,
                                                uint32_t pool_id)
{
        const struct number_pool *pool = number_pool_get(dir, tenant_id, pool_id);
        return pool ? &pool->row : NULL;
}

const struct directory_pool *directory_pool_at(const struct directory *dir, uint32_t i)
{
        if (i >= dir->pools_roll.count)
                return NULL;
        const struct number_pool *pool = pool_at(dir->number_pools, roll_at(&dir->pools_roll, i));
        assert(pool);
        return &pool->row;
}
