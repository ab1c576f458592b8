/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/directory_impl.h"

#define PASSWORD_CONTEXT "trunk password"
#define HEADERS_CONTEXT  "trunk headers"

_Static_assert(TRUNK_SEALED_BYTES == TRUNK_PASSWORD_BYTES - 1 + VAULT_SEAL_EXTRA,
               "a sealed password fits its trunk");
_Static_assert(TRUNK_HEADERS_SEALED_BYTES == TRUNK_HEADERS_BYTES + VAULT_SEAL_EXTRA,
               "sealed headers fit their trunk");

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

/*
 * What is sealed in `trunk` and not in `kept` as well is no trunk's any more: it cannot be read again,
 * wherever its row still lies. `kept` NULL: nothing is.
 */
static void shred(struct directory *dir, const struct trunk *trunk, const struct trunk *kept)
{
        if (trunk->password_key && !(kept && kept->password_key == trunk->password_key))
                (void)vault_key_shred(dir->vault, trunk->password_key);
        uint64_t headers = trunk->writing.headers_key;
        if (headers && !(kept && kept->writing.headers_key == headers))
                (void)vault_key_shred(dir->vault, headers);
}

void trunk_forget(struct directory *dir, const struct trunk *trunk)
{
        shred(dir, trunk, NULL);
        take_out(dir, trunk->id);
}

void trunk_change_back(struct directory *dir, const struct trunk *changed,
                       const struct trunk *before)
{
        uint32_t at = position_of(dir, before->id);
        assert(at < dir->trunk_count && dir->trunks[at].id == before->id);
        shred(dir, changed, before);
        dir->trunks[at] = *before;
}

void trunk_written(struct directory *dir, const struct trunk *before, const struct trunk *now)
{
        shred(dir, before, now);
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
        if (loaded.writing.headers_key && !vault_key_keep(dir->vault, loaded.writing.headers_key)) {
                log_error("trunk %s: the headers of its INVITEs cannot be read any more: their key "
                          "is not in keys.slots; set them again (maskline trunk set)",
                          loaded.name);
                loaded.writing.headers_key = 0;
                loaded.writing.headers_bytes = 0;
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

static struct buf bound_to(const struct trunk *trunk, const char *what, char *memory, size_t bytes)
{
        struct buf b;
        buf_init(&b, memory, bytes);
        buf_put_text(&b, what);
        buf_put_be32(&b, trunk->tenant_id);
        assert(buf_ok(&b));
        return b;
}

/* `key` 0 and nothing in `sealed` for an empty text. */
static int seal(struct directory *dir, const struct trunk *trunk, const char *what,
                struct slice text, uint64_t *key, struct buf *sealed)
{
        char memory[32];
        struct buf context = bound_to(trunk, what, memory, sizeof memory);
        *key = 0;
        if (!text.len)
                return 0;
        int err = vault_key_new(dir->vault, key);
        if (err)
                return err;
        err = vault_seal(dir->vault, *key, buf_slice(&context), text, sealed);
        assert(!err);
        return 0;
}

int directory_trunk_seal(struct directory *dir, struct trunk *trunk, struct slice password)
{
        struct buf sealed;
        if (password.len >= TRUNK_PASSWORD_BYTES)
                return ERR_TOO_LARGE;
        buf_init(&sealed, trunk->password, sizeof trunk->password);
        uint64_t key;
        int err = seal(dir, trunk, PASSWORD_CONTEXT, password, &key, &sealed);
        if (err)
                return err;
        trunk->password_key = key;
        trunk->password_bytes = (uint8_t)sealed.len;
        return 0;
}

int directory_trunk_password(const struct directory *dir, const struct trunk *trunk,
                             struct buf *out)
{
        char memory[32];
        struct buf context = bound_to(trunk, PASSWORD_CONTEXT, memory, sizeof memory);
        const struct slice sealed = {(const char *)trunk->password, trunk->password_bytes};
        if (!trunk->password_key)
                return 0;
        return vault_unseal(dir->vault, trunk->password_key, buf_slice(&context), sealed, out);
}

int directory_trunk_seal_headers(struct directory *dir, struct trunk *trunk, struct slice lines)
{
        struct trunk_template *writing = &trunk->writing;
        struct buf sealed;
        if (lines.len > TRUNK_HEADERS_BYTES)
                return ERR_TOO_LARGE;
        buf_init(&sealed, writing->headers, sizeof writing->headers);
        uint64_t key;
        int err = seal(dir, trunk, HEADERS_CONTEXT, lines, &key, &sealed);
        if (err)
                return err;
        writing->headers_key = key;
        writing->headers_bytes = (uint16_t)sealed.len;
        return 0;
}

int directory_trunk_headers(const struct directory *dir, const struct trunk *trunk, struct buf *out)
{
        const struct trunk_template *writing = &trunk->writing;
        char memory[32];
        struct buf context = bound_to(trunk, HEADERS_CONTEXT, memory, sizeof memory);
        const struct slice sealed = {(const char *)writing->headers, writing->headers_bytes};
        if (!writing->headers_key)
                return 0;
        return vault_unseal(dir->vault, writing->headers_key, buf_slice(&context), sealed, out);
}

void directory_trunk_discard(struct directory *dir, const struct trunk *trunk)
{
        shred(dir, trunk, directory_trunk_get(dir, trunk->id));
}

/* Its keys are ours whatever becomes of the row. */
static int refuse(struct directory *dir, const struct trunk *trunk, int err)
{
        directory_trunk_discard(dir, trunk);
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

/* Another trunk may send it calls. */
static bool takes_overflow(const struct directory *dir, uint32_t trunk_id)
{
        for (uint32_t i = 0; i < dir->trunk_count; i++) {
                const struct trunk *other = &dir->trunks[i];
                for (unsigned j = 0; j < other->overflow_count; j++) {
                        if (other->overflow[j] == trunk_id)
                                return true;
                }
        }
        return false;
}

int directory_trunk_remove(struct directory *dir, uint32_t trunk_id, directory_done *done,
                           void *arg)
{
        const struct trunk *trunk = directory_trunk_get(dir, trunk_id);
        if (!trunk)
                return ERR_NOT_FOUND;
        if (has_numbers(dir, trunk_id) || takes_overflow(dir, trunk_id))
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
