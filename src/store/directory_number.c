/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

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

void number_touch(struct number_held *number)
{
        list_remove(&number->use);
        list_add_tail(&number->pool->numbers, &number->use);
}

static void join_pool(struct number_held *held, struct number_pool *pool)
{
        held->pool = pool;
        held->row.pool_id = pool->row.id;
        pool->row.numbers++;
        list_add_tail(&pool->numbers, &held->use);
}

static void leave_pool(struct number_held *held)
{
        list_remove(&held->use);
        held->pool->row.numbers--;
        held->pool = NULL;
}

static void place(struct directory *dir, struct number_held *held, struct handle handle,
                  struct number_pool *pool, const struct store_number *number)
{
        held->row = (struct number_row){
                .number = number->number,
                .tenant_id = number->tenant_id,
                .trunk_id = number->trunk_id,
                .pool_id = number->pool_id,
                .traits = number->traits,
        };
        held->order = dir->next_number_order++;
        join_pool(held, pool);
        map_add(&dir->numbers_by_number, &held->node, key_of(&held->row.number));
        roll_add(&dir->numbers_roll, handle.index);
}

int number_insert(struct directory *dir, const struct store_number *number)
{
        if (number_find(dir, number->number))
                return ERR_EXISTS;
        struct number_pool *pool = number_pool_get(dir, number->tenant_id, number->pool_id);
        if (!pool)
                return number->pool_id == DIRECTORY_DEFAULT_POOL ? ERR_FULL : ERR_NOT_FOUND;
        struct handle handle;
        struct number_held *held = pool_take(dir->numbers, &handle);
        if (!held)
                return ERR_FULL;
        place(dir, held, handle, pool, number);
        return 0;
}

static void take_out(struct directory *dir, struct number_held *held)
{
        leave_pool(held);
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
        struct number_pool *pool = number_pool_get(dir, number->tenant_id, number->pool_id);
        struct handle handle;
        assert(pool); /* none is removed while a number is in it */
        struct number_held *held = pool_get(dir->numbers, &handle); /* it has just made room */
        place(dir, held, handle, pool, number);
}

static struct store_number stored_form(const struct number_row *row)
{
        struct store_number stored = {row->number, row->tenant_id, row->trunk_id, row->pool_id,
                                      row->traits};
        if (!stored.traits.capabilities)
                stored.traits.capabilities = 1u << CAN_VOICE;
        return stored;
}

static void set(struct directory *dir, struct number_held *held, const struct store_number *number)
{
        held->row.trunk_id = number->trunk_id;
        held->row.traits = number->traits;
        if (held->row.pool_id == number->pool_id)
                return;
        struct number_pool *pool = number_pool_get(dir, number->tenant_id, number->pool_id);
        assert(pool);
        leave_pool(held);
        join_pool(held, pool);
}

void number_change_back(struct directory *dir, const struct store_number *before)
{
        struct number_held *held = number_find(dir, before->number);
        assert(held);
        set(dir, held, before);
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

int directory_number_change(struct directory *dir, const struct number_row *row,
                            directory_done *done, void *arg)
{
        struct number_held *held = number_find(dir, row->number);
        const struct trunk *trunk = directory_trunk_get(dir, row->trunk_id);
        bool has_all = held && held->row.tenant_id == row->tenant_id && trunk &&
                       trunk->tenant_id == row->tenant_id &&
                       number_pool_get(dir, row->tenant_id, row->pool_id);
        if (!has_all)
                return ERR_NOT_FOUND;
        bool moves = held->row.pool_id != row->pool_id || held->row.trunk_id != row->trunk_id;
        if (moves && held->row.sessions)
                return ERR_IN_USE;
        struct store_number *before = malloc(sizeof *before);
        struct unit *unit = before ? queue_take(dir, false) : NULL;
        if (!unit) {
                free(before);
                return before ? ERR_FULL : -ENOMEM;
        }
        *before = stored_form(&held->row);
        struct store_number stored = stored_form(row);
        set(dir, held, &stored);
        unit->before = before;
        unit_change(unit, STORE_PUT_NUMBER)->number = stored;
        audit_entry_number(unit_audit(unit), AUDIT_NUMBER_CHANGED, &stored, directory_now(dir));
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
