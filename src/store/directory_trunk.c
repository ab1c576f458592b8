/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/directory_impl.h"

#define PASSWORD_CONTEXT "trunk password"

_Static_assert(TRUNK_SEALED_BYTES == TRUNK_PASSWORD_BYTES - 1 + VAULT_SEAL_EXTRA,
               "a sealed password fits its trunk");

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

/* A password that is no trunk's any more: it cannot be read again, wherever its row still lies. */
static void shred(struct directory *dir, const struct trunk *trunk)
{
        if (trunk->password_key)
                (void)vault_key_shred(dir->vault, trunk->password_key);
}

void trunk_forget(struct directory *dir, const struct trunk *trunk)
{
        shred(dir, trunk);
        take_out(dir, trunk->id);
}

void trunk_change_back(struct directory *dir, const struct trunk *changed,
                       const struct trunk *before)
{
        uint32_t at = position_of(dir, before->id);
        assert(at < dir->trunk_count && dir->trunks[at].id == before->id);
        if (changed->password_key != before->password_key)
                shred(dir, changed);
        dir->trunks[at] = *before;
}

void trunk_written(struct directory *dir, const struct trunk *before, const struct trunk *now)
{
        if (!now || now->password_key != before->password_key)
                shred(dir, before);
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
        struct trunk loaded = *trunk;
        if (loaded.password_key && !vault_key_keep(dir->vault, loaded.password_key)) {
                log_error("trunk %s: its password cannot be read any more: its key is not in "
                          "keys.slots; set it again (maskline trunk set)",
                          loaded.name);
                loaded.password_key = 0;
                loaded.password_bytes = 0;
        }
        insert(dir, &loaded);
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

static struct buf bound_to(const struct trunk *trunk, char *memory, size_t bytes)
{
        struct buf b;
        buf_init(&b, memory, bytes);
        buf_put_text(&b, PASSWORD_CONTEXT);
        buf_put_be32(&b, trunk->tenant_id);
        assert(buf_ok(&b));
        return b;
}

int directory_trunk_seal(struct directory *dir, struct trunk *trunk, struct slice password)
{
        char memory[32];
        uint64_t key = 0;
        struct buf sealed, context = bound_to(trunk, memory, sizeof memory);
        buf_init(&sealed, trunk->password, sizeof trunk->password);
        if (password.len >= TRUNK_PASSWORD_BYTES)
                return ERR_TOO_LARGE;
        if (password.len) {
                int err = vault_key_new(dir->vault, &key);
                if (err)
                        return err;
                err = vault_seal(dir->vault, key, buf_slice(&context), password, &sealed);
                assert(!err);
        }
        trunk->password_key = key;
        trunk->password_bytes = (uint8_t)sealed.len;
        return 0;
}

int directory_trunk_password(const struct directory *dir, const struct trunk *trunk,
                             struct buf *out)
{
        char memory[32];
        struct buf context = bound_to(trunk, memory, sizeof memory);
        const struct slice sealed = {(const char *)trunk->password, trunk->password_bytes};
        if (!trunk->password_key)
                return 0;
        return vault_unseal(dir->vault, trunk->password_key, buf_slice(&context), sealed, out);
}

/* Its key is ours whatever becomes of the row. */
static int refuse(struct directory *dir, const struct trunk *trunk, int err)
{
        const struct trunk *held = directory_trunk_get(dir, trunk->id);
        if (!held || held->password_key != trunk->password_key)
                shred(dir, trunk);
        return err;
}

int directory_trunk_add(struct directory *dir, struct trunk *trunk, directory_done *done, void *arg)
{
        assert(trunk->tenant_id != 0);
        assert(trunk->id == 0);
        int err = check_new(dir, trunk);
        if (err)
                return refuse(dir, trunk, err);
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return refuse(dir, trunk, ERR_FULL);

        trunk->id = dir->next_trunk_id++;
        insert(dir, trunk);
        unit_change(unit, STORE_PUT_TRUNK)->trunk = *trunk;
        audit_entry_trunk(unit_audit(unit), AUDIT_TRUNK_ADDED, trunk, directory_now(dir));
        queue_add(dir, unit, done, arg);
        return 0;
}

int directory_trunk_change(struct directory *dir, const struct trunk *changed, directory_done *done,
                           void *arg)
{
        uint32_t at = position_of(dir, changed->id);
        if (!directory_trunk_get(dir, changed->id))
                return refuse(dir, changed, ERR_NOT_FOUND);
        struct trunk *held = &dir->trunks[at];
        assert(held->tenant_id == changed->tenant_id);
        assert(!strncmp(held->name, changed->name, sizeof held->name));
        struct trunk *before = malloc(sizeof *before);
        if (!before)
                return refuse(dir, changed, -ENOMEM);
        struct unit *unit = queue_take(dir, false);
        if (!unit) {
                free(before);
                return refuse(dir, changed, ERR_FULL);
        }

        *before = *held;
        *held = *changed;
        unit->before = before;
        unit_change(unit, STORE_PUT_TRUNK)->trunk = *changed;
        audit_entry_trunk(unit_audit(unit), AUDIT_TRUNK_CHANGED, changed, directory_now(dir));
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
