/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/directory_impl.h"

int tenants_init(struct directory *dir)
{
        dir->next_tenant_id = 1;
        dir->tenants = calloc(TENANTS_MAX, sizeof *dir->tenants);
        return dir->tenants ? 0 : -ENOMEM;
}

void tenants_fini(struct directory *dir)
{
        free(dir->tenants);
}

/* Its position, or where it would be. */
static uint32_t position_of(const struct directory *dir, uint32_t tenant_id)
{
        uint32_t i = 0;
        while (i < dir->tenant_count && dir->tenants[i].id < tenant_id)
                i++;
        return i;
}

static void insert(struct directory *dir, const struct tenant *tenant)
{
        uint32_t at = position_of(dir, tenant->id);
        assert(dir->tenant_count < TENANTS_MAX);
        memmove(&dir->tenants[at + 1], &dir->tenants[at],
                (dir->tenant_count - at) * sizeof *dir->tenants);
        dir->tenants[at] = *tenant;
        dir->tenants[at].removed_ms = 0;
        dir->tenant_count++;
}

static void take_out(struct directory *dir, uint32_t tenant_id)
{
        uint32_t at = position_of(dir, tenant_id);
        assert(at < dir->tenant_count && dir->tenants[at].id == tenant_id);
        dir->tenant_count--;
        memmove(&dir->tenants[at], &dir->tenants[at + 1],
                (dir->tenant_count - at) * sizeof *dir->tenants);
}

void tenant_forget(struct directory *dir, const struct tenant *tenant)
{
        take_out(dir, tenant->id);
}

void tenant_put_back(struct directory *dir, const struct tenant *tenant)
{
        insert(dir, tenant);
}

int tenant_load(struct directory *dir, const struct tenant *tenant)
{
        if (tenant->id < dir->next_tenant_id)
                return ERR_CONFLICT;
        dir->next_tenant_id = tenant->id + 1;
        if (tenant->removed_ms)
                return 0;
        if (dir->tenant_count == TENANTS_MAX)
                return ERR_FULL;
        insert(dir, tenant);
        return 0;
}

const struct tenant *directory_tenant_at(const struct directory *dir, uint32_t i)
{
        return i < dir->tenant_count ? &dir->tenants[i] : NULL;
}

const struct tenant *directory_tenant_get(const struct directory *dir, uint32_t tenant_id)
{
        uint32_t at = position_of(dir, tenant_id);
        bool there = at < dir->tenant_count && dir->tenants[at].id == tenant_id;
        return there ? &dir->tenants[at] : NULL;
}

const struct tenant *directory_tenant_find(const struct directory *dir, struct slice name)
{
        for (uint32_t i = 0; i < dir->tenant_count; i++) {
                if (slice_equal(name, slice_from(dir->tenants[i].name)))
                        return &dir->tenants[i];
        }
        return NULL;
}

int directory_tenant_add(struct directory *dir, struct tenant *tenant, uint64_t by,
                         directory_done *done, void *arg)
{
        if (directory_tenant_find(dir, slice_from(tenant->name)))
                return ERR_EXISTS;
        if (dir->tenant_count == TENANTS_MAX)
                return ERR_FULL;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        tenant->id = dir->next_tenant_id++;
        tenant->created_ms = directory_now(dir);
        tenant->removed_ms = 0;
        insert(dir, tenant);
        unit_change(unit, STORE_PUT_TENANT)->tenant = *tenant;
        audit_entry_tenant(unit_audit(unit), AUDIT_TENANT_CREATED, tenant, by, tenant->created_ms);
        queue_add(dir, unit, done, arg);
        return 0;
}

/* A session counts until its quarantine is over: its tombstone is the tenant's. */
static bool is_used(const struct directory *dir, uint32_t tenant_id)
{
        struct session_view view;
        if (tenant_has_keys(dir, tenant_id) || tenant_has_blocks(dir, tenant_id) ||
            directory_session_list(dir, tenant_id, 0, &view, 1) > 0)
                return true;
        for (uint32_t i = 0; i < dir->trunk_count; i++) {
                if (dir->trunks[i].tenant_id == tenant_id)
                        return true;
        }
        const struct directory_pool *pool;
        for (uint32_t i = 0; (pool = directory_pool_at(dir, i)); i++) {
                bool is_more = pool->id != DIRECTORY_DEFAULT_POOL || pool->sessions;
                if (pool->tenant_id == tenant_id && is_more)
                        return true;
        }
        const struct number_row *number;
        for (uint32_t i = 0; (number = directory_number_at(dir, i)); i++) {
                if (number->tenant_id == tenant_id)
                        return true;
        }
        return false;
}

int directory_tenant_remove(struct directory *dir, uint32_t tenant_id, uint64_t by,
                            directory_done *done, void *arg)
{
        const struct tenant *held = directory_tenant_get(dir, tenant_id);
        if (!held)
                return ERR_NOT_FOUND;
        if (tenant_id == TENANT_DEFAULT)
                return ERR_STATE;
        if (is_used(dir, tenant_id))
                return ERR_IN_USE;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        struct tenant removed = *held;
        removed.removed_ms = directory_now(dir);
        take_out(dir, tenant_id);
        unit_change(unit, STORE_REMOVE_TENANT)->tenant = removed;
        audit_entry_tenant(unit_audit(unit), AUDIT_TENANT_REMOVED, &removed, by,
                           removed.removed_ms);
        queue_add(dir, unit, done, arg);
        return 0;
}
