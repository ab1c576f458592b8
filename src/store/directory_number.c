/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "store/directory_impl.h"

static struct slice key_of(const struct masking_number *number)
{
        return (struct slice){(const char *)&number->n.e164, sizeof number->n.e164};
}

struct number_held *number_find(const struct directory *dir, struct masking_number number)
{
        struct map_node *node = map_find(&dir->numbers_by_number, key_of(&number));
        return node ? container_of(node, struct number_held, node) : NULL;
}

struct number_pool *number_pool_find(const struct directory *dir, uint32_t tenant_id,
                                     uint32_t pool_id)
{
        const uint32_t key[2] = {tenant_id, pool_id};
        struct map_node *node =
                map_find(&dir->number_pools_by_key, (struct slice){(const char *)key, sizeof key});
        return node ? container_of(node, struct number_pool, node) : NULL;
}

/* There are at most as many pools as numbers, so this cannot fail for a number that has room. */
static struct number_pool *pool_of(struct directory *dir, uint32_t tenant_id, uint32_t pool_id)
{
        struct number_pool *pool = number_pool_find(dir, tenant_id, pool_id);
        if (pool)
                return pool;
        pool = pool_get(dir->number_pools, NULL);
        pool->key[0] = tenant_id;
        pool->key[1] = pool_id;
        list_init(&pool->numbers);
        map_add(&dir->number_pools_by_key, &pool->node,
                (struct slice){(const char *)pool->key, sizeof pool->key});
        return pool;
}

void number_touch(struct number_held *number)
{
        list_remove(&number->use);
        list_add_tail(&number->pool->numbers, &number->use);
}

int number_insert(struct directory *dir, const struct store_number *number)
{
        if (number_find(dir, number->number))
                return ERR_EXISTS;
        struct handle handle;
        struct number_held *held = pool_take(dir->numbers, &handle);
        if (!held)
                return ERR_FULL;

        held->row = (struct number_row){
                .number = number->number,
                .tenant_id = number->tenant_id,
                .trunk_id = number->trunk_id,
                .pool_id = number->pool_id,
        };
        held->order = dir->next_number_order++;
        held->pool = pool_of(dir, number->tenant_id, number->pool_id);
        held->pool->count++;
        list_add_tail(&held->pool->numbers, &held->use);
        map_add(&dir->numbers_by_number, &held->node, key_of(&held->row.number));
        roll_add(&dir->numbers_roll, handle.index);
        return 0;
}

static void take_out(struct directory *dir, struct number_held *held)
{
        struct number_pool *pool = held->pool;
        list_remove(&held->use);
        if (--pool->count == 0) {
                map_remove(&dir->number_pools_by_key, &pool->node);
                pool_put(dir->number_pools, pool);
        }
        roll_remove(&dir->numbers_roll, pool_handle(dir->numbers, held).index);
        map_remove(&dir->numbers_by_number, &held->node);
        pool_put(dir->numbers, held);
}

void number_forget(struct directory *dir, struct masking_number number)
{
        struct number_held *held = number_find(dir, number);
        assert(held);
        assert(held->row.sessions == 0);
        take_out(dir, held);
}

void number_put_back(struct directory *dir, const struct store_number *number)
{
        int err = number_insert(dir, number);
        assert(!err);
        (void)err;
}

static struct store_number stored_form(const struct number_row *row)
{
        return (struct store_number){row->number, row->tenant_id, row->trunk_id, row->pool_id};
}

int directory_number_add(struct directory *dir, const struct number_row *row, directory_done *done,
                         void *arg)
{
        assert(!number_is_none(row->number.n));
        const struct trunk *trunk = directory_trunk_get(dir, row->trunk_id);
        if (!trunk || trunk->tenant_id != row->tenant_id)
                return ERR_NOT_FOUND;
        if (number_find(dir, row->number))
                return ERR_EXISTS;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        struct store_number number = stored_form(row);
        int err = number_insert(dir, &number);
        if (err) {
                queue_give_back(dir, unit);
                return err;
        }
        unit_change(unit, STORE_PUT_NUMBER)->number = number;
        audit_entry_number(unit_audit(unit), AUDIT_NUMBER_ADDED, &number, directory_now(dir));
        queue_add(dir, unit, done, arg);
        return 0;
}

int directory_number_remove(struct directory *dir, struct masking_number number,
                            directory_done *done, void *arg)
{
        struct number_held *held = number_find(dir, number);
        if (!held)
                return ERR_NOT_FOUND;
        if (held->row.sessions)
                return ERR_IN_USE;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        struct store_number stored = stored_form(&held->row);
        unit_change(unit, STORE_REMOVE_NUMBER)->number = stored;
        audit_entry_number(unit_audit(unit), AUDIT_NUMBER_REMOVED, &stored, directory_now(dir));
        take_out(dir, held);
        queue_add(dir, unit, done, arg);
        return 0;
}

const struct number_row *directory_number_find(const struct directory *dir,
                                               struct masking_number number)
{
        const struct number_held *held = number_find(dir, number);
        return held ? &held->row : NULL;
}

const struct number_row *directory_number_at(const struct directory *dir, uint32_t i)
{
        if (i >= dir->numbers_roll.count)
                return NULL;
        const struct number_held *held = pool_at(dir->numbers, roll_at(&dir->numbers_roll, i));
        assert(held);
        return &held->row;
}
