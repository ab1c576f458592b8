/* SPDX-License-Identifier: Apache-2.0 */
#include "store/directory_block.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/directory_impl.h"

#define ID_PREFIX "b_"
#define ID_DIGITS 16

/* What a block is found by: the two in their order, and their tenant. */
#define KEY_BYTES (2 * VAULT_HASH_BYTES + sizeof(uint32_t))

_Static_assert(offsetof(struct store_block, tenant_id) - offsetof(struct store_block, one) +
                               sizeof(uint32_t) ==
                       KEY_BYTES,
               "nothing between them");

struct block_held {
        struct store_block block;
        struct map_node node; /* by key */
        struct list order;    /* in dir->blocks_order: as they came to be */
};

static struct slice key_of(const struct store_block *block)
{
        return (struct slice){(const char *)block->one, KEY_BYTES};
}

static struct block_held *held_of(struct list *node)
{
        return container_of(node, struct block_held, order);
}

int blocks_init(struct directory *dir, struct siphash_key map_key)
{
        list_init(&dir->blocks_order);
        int err = pool_create(sizeof(struct block_held), DIRECTORY_BLOCKS_MAX, false, &dir->blocks);
        return err ? err : map_init(&dir->blocks_by_key, DIRECTORY_BLOCKS_MAX, map_key);
}

void blocks_fini(struct directory *dir)
{
        map_fini(&dir->blocks_by_key);
        pool_destroy(dir->blocks);
}

static struct block_held *find(const struct directory *dir, const struct store_block *block)
{
        struct map_node *node = map_find(&dir->blocks_by_key, key_of(block));
        return node ? container_of(node, struct block_held, node) : NULL;
}

static void place(struct directory *dir, struct block_held *held, const struct store_block *block)
{
        held->block = *block;
        /* One that comes back has its place by its time. */
        struct list *before = dir->blocks_order.prev;
        while (before != &dir->blocks_order &&
               held_of(before)->block.created_ms > block->created_ms)
                before = before->prev;
        list_add_tail(before->next, &held->order);
        map_add(&dir->blocks_by_key, &held->node, key_of(&held->block));
}

static int insert(struct directory *dir, const struct store_block *block)
{
        struct block_held *held = pool_take(dir->blocks, NULL);
        if (!held)
                return ERR_FULL;
        place(dir, held, block);
        return 0;
}

int block_load(struct directory *dir, const struct store_block *block)
{
        return find(dir, block) ? ERR_CONFLICT : insert(dir, block);
}

void block_forget(struct directory *dir, const struct store_block *block)
{
        struct block_held *held = find(dir, block);
        assert(held);
        list_remove(&held->order);
        map_remove(&dir->blocks_by_key, &held->node);
        pool_put(dir->blocks, held);
}

void block_put_back(struct directory *dir, const struct store_block *block)
{
        place(dir, pool_get(dir->blocks, NULL), block); /* it has just made room */
}

static uint32_t count_blocks(const struct directory *dir, uint32_t tenant_id)
{
        uint32_t count = 0;
        for (struct list *node = dir->blocks_order.next; node != &dir->blocks_order;
             node = node->next)
                count += held_of(node)->block.tenant_id == tenant_id;
        return count;
}

bool tenant_has_blocks(const struct directory *dir, uint32_t tenant_id)
{
        return count_blocks(dir, tenant_id) > 0;
}

static struct store_block pair_of(uint32_t tenant_id, const uint8_t a[VAULT_HASH_BYTES],
                                  const uint8_t b[VAULT_HASH_BYTES])
{
        struct store_block block = {.tenant_id = tenant_id};
        bool is_ordered = memcmp(a, b, VAULT_HASH_BYTES) < 0;
        memcpy(block.one, is_ordered ? a : b, VAULT_HASH_BYTES);
        memcpy(block.other, is_ordered ? b : a, VAULT_HASH_BYTES);
        return block;
}

/* Everything that one of the two is known by. */
#define HASHES_MAX (PARTY_REALS_MAX + 1)
struct person {
        uint8_t hashes[HASHES_MAX][VAULT_HASH_BYTES];
        unsigned count;
};

static void know(const struct directory *dir, uint32_t tenant_id, struct real_number number,
                 struct person *person)
{
        if (!number_is_none(number.n) && person->count < HASHES_MAX)
                vault_person_hash(dir->vault, tenant_id, number, person->hashes[person->count++]);
}

static void know_party(const struct directory *dir, const struct session *session, uint8_t place,
                       struct person *person)
{
        if (place == PARTY_NONE)
                return;
        for (unsigned i = 0; i < session->parties[place].real_count; i++)
                know(dir, session->tenant_id, session->parties[place].real[i], person);
}

bool is_blocked(const struct directory *dir, const struct session *session,
                const struct mapping *mapping, struct real_number caller)
{
        struct person from = {.count = 0}, to = {.count = 0};
        if (pool_used(dir->blocks) == 0)
                return false;
        know(dir, session->tenant_id, caller, &from);
        know_party(dir, session, mapping->caller_party, &from);
        know_party(dir, session, mapping->callee_party, &to);
        if (mapping->callee_party == PARTY_NONE)
                know(dir, session->tenant_id, mapping->connect_to, &to);
        for (unsigned i = 0; i < from.count; i++) {
                for (unsigned k = 0; k < to.count; k++) {
                        const struct store_block pair =
                                pair_of(session->tenant_id, from.hashes[i], to.hashes[k]);
                        if (find(dir, &pair))
                                return true;
                }
        }
        return false;
}

static uint64_t id_of(const struct directory *dir, const struct store_block *block)
{
        struct slice key = key_of(block);
        return siphash(&dir->id_key.tag, key.p, key.len);
}

static struct directory_block view_of(const struct directory *dir, const struct store_block *block)
{
        return (struct directory_block){id_of(dir, block), block->tenant_id, block->created_ms};
}

int directory_block_add(struct directory *dir, uint32_t tenant_id, struct real_number a,
                        struct real_number b, struct directory_block *out, bool *repeated,
                        directory_done *done, void *arg)
{
        struct person both = {.count = 0};
        if (number_equal(a.n, b.n))
                return ERR_SYNTAX;
        know(dir, tenant_id, a, &both);
        know(dir, tenant_id, b, &both);
        assert(both.count == 2);
        struct store_block block = pair_of(tenant_id, both.hashes[0], both.hashes[1]);
        const struct block_held *held = find(dir, &block);
        if (!held && count_blocks(dir, tenant_id) >= DIRECTORY_BLOCKS_OF)
                return ERR_TOO_LARGE;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        *repeated = held != NULL;
        block.created_ms = held ? held->block.created_ms : directory_now(dir);
        if (!held && insert(dir, &block)) {
                queue_give_back(dir, unit);
                return ERR_IN_USE;
        }
        *out = view_of(dir, &block);
        if (!held) {
                unit_change(unit, STORE_PUT_BLOCK)->block = block;
                audit_entry_block(unit_audit(unit), AUDIT_PAIR_BLOCKED, tenant_id, out->id,
                                  block.created_ms);
        }
        queue_add(dir, unit, done, arg);
        return 0;
}

static struct block_held *find_by_id(const struct directory *dir, uint32_t tenant_id, uint64_t id)
{
        for (struct list *node = dir->blocks_order.prev; node != &dir->blocks_order;
             node = node->prev) {
                const struct store_block *block = &held_of(node)->block;
                if (block->tenant_id == tenant_id && id_of(dir, block) == id)
                        return held_of(node);
        }
        return NULL;
}

int directory_block_remove(struct directory *dir, uint32_t tenant_id, uint64_t id,
                           directory_done *done, void *arg)
{
        const struct block_held *held = find_by_id(dir, tenant_id, id);
        if (!held)
                return ERR_NOT_FOUND;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;
        struct store_block *block = &unit_change(unit, STORE_REMOVE_BLOCK)->block;
        *block = held->block;
        block_forget(dir, block);
        audit_entry_block(unit_audit(unit), AUDIT_PAIR_UNBLOCKED, tenant_id, id,
                          directory_now(dir));
        queue_add(dir, unit, done, arg);
        return 0;
}

int directory_block_find(const struct directory *dir, uint32_t tenant_id, uint64_t id,
                         struct directory_block *out)
{
        const struct block_held *held = find_by_id(dir, tenant_id, id);
        if (!held)
                return ERR_NOT_FOUND;
        *out = view_of(dir, &held->block);
        return 0;
}

uint32_t directory_block_list(const struct directory *dir, uint32_t tenant_id, uint64_t before,
                              struct directory_block *out, uint32_t max)
{
        const struct block_held *last = before ? find_by_id(dir, tenant_id, before) : NULL;
        uint32_t count = 0;
        if (before && !last)
                return 0;
        struct list *node = last ? last->order.prev : dir->blocks_order.prev;
        for (; node != &dir->blocks_order && count < max; node = node->prev)
                if (held_of(node)->block.tenant_id == tenant_id)
                        out[count++] = view_of(dir, &held_of(node)->block);
        return count;
}

struct block_id_text block_id_format(uint64_t id)
{
        struct block_id_text out;
        snprintf(out.text, sizeof out.text, ID_PREFIX "%0*" PRIx64, ID_DIGITS, id);
        return out;
}

int block_id_parse(struct slice text, uint64_t *out)
{
        uint64_t id = 0;
        if (text.len != strlen(ID_PREFIX) + ID_DIGITS || !slice_starts_with(text, SLICE(ID_PREFIX)))
                return ERR_SYNTAX;
        for (size_t i = strlen(ID_PREFIX); i < text.len; i++) {
                static const char digits[] = "0123456789abcdef";
                const char *digit = memchr(digits, text.p[i], sizeof digits - 1);
                if (!digit)
                        return ERR_SYNTAX;
                id = id << 4 | (uint64_t)(digit - digits);
        }
        *out = id;
        return 0;
}
