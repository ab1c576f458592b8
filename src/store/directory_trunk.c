/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "store/directory_impl.h"

/* Its position, or where it would be. */
static uint32_t position_of(const struct directory *dir, uint32_t trunk_id)
{
        uint32_t i = 0;
        while (i < dir->trunk_count && dir->trunks[i].id < trunk_id)
                i++;
        return i;
}

static void insert(struct directory *dir, const struct trunk *trunk)
{
        uint32_t at = position_of(dir, trunk->id);
        assert(dir->trunk_count < TRUNKS_MAX);
        memmove(&dir->trunks[at + 1], &dir->trunks[at],
                (dir->trunk_count - at) * sizeof *dir->trunks);
        dir->trunks[at] = *trunk;
        dir->trunk_count++;
}

static void take_out(struct directory *dir, uint32_t trunk_id)
{
        uint32_t at = position_of(dir, trunk_id);
        assert(at < dir->trunk_count && dir->trunks[at].id == trunk_id);
        dir->trunk_count--;
        memmove(&dir->trunks[at], &dir->trunks[at + 1],
                (dir->trunk_count - at) * sizeof *dir->trunks);
}

void trunk_forget(struct directory *dir, uint32_t trunk_id)
{
        take_out(dir, trunk_id);
}

void trunk_put_back(struct directory *dir, const struct trunk *trunk)
{
        insert(dir, trunk);
}

int trunk_load(struct directory *dir, const struct trunk *trunk)
{
        if (dir->trunk_count == TRUNKS_MAX)
                return ERR_FULL;
        if (trunk->id == 0 || directory_trunk_get(dir, trunk->id))
                return ERR_CONFLICT;
        insert(dir, trunk);
        if (trunk->id >= dir->next_trunk_id)
                dir->next_trunk_id = trunk->id + 1;
        return 0;
}

static int check_new(const struct directory *dir, const struct trunk *trunk)
{
        for (uint32_t i = 0; i < dir->trunk_count; i++) {
                const struct trunk *other = &dir->trunks[i];
                if (other->tenant_id == trunk->tenant_id &&
                    !strncmp(other->name, trunk->name, sizeof trunk->name))
                        return ERR_EXISTS;
        }
        for (uint32_t i = 0; i < dir->trunk_count; i++)
                if (trunk_sources_overlap(&dir->trunks[i], trunk))
                        return ERR_CONFLICT;
        return dir->trunk_count == TRUNKS_MAX ? ERR_FULL : 0;
}

int directory_trunk_add(struct directory *dir, struct trunk *trunk, directory_done *done, void *arg)
{
        assert(trunk->tenant_id != 0);
        int err = check_new(dir, trunk);
        if (err)
                return err;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        trunk->id = dir->next_trunk_id++;
        insert(dir, trunk);
        unit_change(unit, STORE_PUT_TRUNK)->trunk = *trunk;
        audit_entry_trunk(unit_audit(unit), AUDIT_TRUNK_ADDED, trunk, directory_now(dir));
        queue_add(dir, unit, done, arg);
        return 0;
}

static bool has_numbers(const struct directory *dir, uint32_t trunk_id)
{
        const struct number_row *row;
        for (uint32_t i = 0; (row = directory_number_at(dir, i)); i++)
                if (row->trunk_id == trunk_id)
                        return true;
        return false;
}

int directory_trunk_remove(struct directory *dir, uint32_t trunk_id, directory_done *done,
                           void *arg)
{
        const struct trunk *trunk = directory_trunk_get(dir, trunk_id);
        if (!trunk)
                return ERR_NOT_FOUND;
        if (has_numbers(dir, trunk_id))
                return ERR_IN_USE;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        unit_change(unit, STORE_REMOVE_TRUNK)->trunk = *trunk;
        audit_entry_trunk(unit_audit(unit), AUDIT_TRUNK_REMOVED, trunk, directory_now(dir));
        take_out(dir, trunk_id);
        queue_add(dir, unit, done, arg);
        return 0;
}

const struct trunk *directory_trunk_find(const struct directory *dir, uint32_t tenant_id,
                                         struct slice name)
{
        for (uint32_t i = 0; i < dir->trunk_count; i++) {
                const struct trunk *trunk = &dir->trunks[i];
                struct slice its = {trunk->name, strnlen(trunk->name, sizeof trunk->name)};
                if (trunk->tenant_id == tenant_id && slice_equal(its, name))
                        return trunk;
        }
        return NULL;
}

const struct trunk *directory_trunk_get(const struct directory *dir, uint32_t trunk_id)
{
        const struct trunk *trunk = directory_trunk_at(dir, position_of(dir, trunk_id));
        return trunk && trunk->id == trunk_id ? trunk : NULL;
}

const struct trunk *directory_trunk_at(const struct directory *dir, uint32_t i)
{
        return i < dir->trunk_count ? &dir->trunks[i] : NULL;
}
