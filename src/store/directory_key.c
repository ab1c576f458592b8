/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "store/directory_impl.h"

#define TOUCH_MS   INT64_C(3600000)
#define ID_PREFIX  "k_"
/* Sessions and keys are spelt with one secret: no id of one may look like one of the other. */
#define ID_OF_KEYS (UINT64_C(1) << 39)

_Static_assert(API_KEY_HASH_BYTES == VAULT_MAC_BYTES, "what the vault makes of a key's text");

int keys_init(struct directory *dir, struct siphash_key map_key)
{
        dir->next_key_id = 1;
        list_init(&dir->keys_order);
        int err = pool_create(sizeof(struct key_held), API_KEYS_MAX, false, &dir->keys);
        return err ? err : map_init(&dir->keys_by_hash, API_KEYS_MAX, map_key);
}

void keys_fini(struct directory *dir)
{
        map_fini(&dir->keys_by_hash);
        pool_destroy(dir->keys);
}

static struct key_held *held_of(struct list *node)
{
        return container_of(node, struct key_held, order);
}

static struct key_held *find(const struct directory *dir, uint64_t key_id)
{
        for (struct list *node = dir->keys_order.next; node != &dir->keys_order;
             node = node->next) {
                if (held_of(node)->key.id == key_id)
                        return held_of(node);
        }
        return NULL;
}

static struct slice hash_slice(const uint8_t *hash)
{
        return (struct slice){(const char *)hash, API_KEY_HASH_BYTES};
}

static void place(struct directory *dir, struct key_held *held, const struct api_key *key)
{
        held->key = *key;
        held->key.revoked_ms = 0;
        struct list *before = dir->keys_order.prev;
        while (before != &dir->keys_order && held_of(before)->key.id > key->id)
                before = before->prev;
        list_add_tail(before->next, &held->order);
        map_add(&dir->keys_by_hash, &held->node, hash_slice(held->key.hash));
}

/* False: there is no room. */
static bool insert(struct directory *dir, const struct api_key *key)
{
        struct key_held *held = pool_take(dir->keys, NULL);
        if (!held)
                return false;
        place(dir, held, key);
        return true;
}

static void take_out(struct directory *dir, struct key_held *held)
{
        list_remove(&held->order);
        map_remove(&dir->keys_by_hash, &held->node);
        pool_put(dir->keys, held);
}

void key_forget(struct directory *dir, uint64_t key_id)
{
        struct key_held *held = find(dir, key_id);
        assert(held);
        take_out(dir, held);
}

void key_put_back(struct directory *dir, const struct api_key *key)
{
        place(dir, pool_get(dir->keys, NULL), key); /* it has just made room */
}

int key_load(struct directory *dir, const struct api_key *key)
{
        if (key->id < dir->next_key_id)
                return ERR_CONFLICT;
        dir->next_key_id = key->id + 1;
        if (key->revoked_ms)
                return 0;
        return insert(dir, key) ? 0 : ERR_FULL;
}

static uint32_t count_keys(const struct directory *dir, uint32_t tenant_id)
{
        const struct api_key *key = NULL;
        uint32_t count = 0;
        while ((key = directory_key_after(dir, key ? key->id : 0)))
                count += key->tenant_id == tenant_id;
        return count;
}

bool tenant_has_keys(const struct directory *dir, uint32_t tenant_id)
{
        return count_keys(dir, tenant_id) > 0;
}

/* What tenants do with theirs keeps nobody out who has to look after all of them. */
static int check_room(const struct directory *dir, uint32_t tenant_id)
{
        if (tenant_id == 0)
                return 0;
        if (count_keys(dir, tenant_id) >= API_KEYS_OF_TENANT)
                return ERR_TOO_LARGE;
        return pool_used(dir->keys) >= API_KEYS_MAX - API_KEYS_OF_TENANT ? ERR_FULL : 0;
}

void directory_key_hash(const struct directory *dir, struct slice text,
                        uint8_t out[API_KEY_HASH_BYTES])
{
        vault_api_key_hash(dir->vault, text, out);
}

int directory_key_add(struct directory *dir, struct api_key *key, uint64_t by, directory_done *done,
                      void *arg)
{
        assert(!key->tenant_id || directory_tenant_get(dir, key->tenant_id));
        if (map_find(&dir->keys_by_hash, hash_slice(key->hash)))
                return ERR_EXISTS;
        int err = check_room(dir, key->tenant_id);
        if (err)
                return err;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        key->id = dir->next_key_id;
        key->created_ms = directory_now(dir);
        key->revoked_ms = key->used_ms = 0;
        if (!insert(dir, key)) {
                queue_give_back(dir, unit);
                return ERR_FULL;
        }
        dir->next_key_id++;
        unit_change(unit, STORE_PUT_KEY)->key = *key;
        audit_entry_key(unit_audit(unit), AUDIT_KEY_CREATED, key, by, key->created_ms);
        queue_add(dir, unit, done, arg);
        return 0;
}

int directory_key_revoke(struct directory *dir, uint64_t key_id, uint64_t by, directory_done *done,
                         void *arg)
{
        struct key_held *held = find(dir, key_id);
        if (!held)
                return ERR_NOT_FOUND;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return ERR_FULL;

        struct api_key revoked = held->key;
        revoked.revoked_ms = directory_now(dir);
        take_out(dir, held);
        unit_change(unit, STORE_REVOKE_KEY)->key = revoked;
        audit_entry_key(unit_audit(unit), AUDIT_KEY_REVOKED, &revoked, by, revoked.revoked_ms);
        queue_add(dir, unit, done, arg);
        return 0;
}

const struct api_key *directory_key_get(const struct directory *dir, uint64_t key_id)
{
        const struct key_held *held = find(dir, key_id);
        return held ? &held->key : NULL;
}

const struct api_key *directory_key_after(const struct directory *dir, uint64_t key_id)
{
        for (struct list *node = dir->keys_order.next; node != &dir->keys_order;
             node = node->next) {
                if (held_of(node)->key.id > key_id)
                        return &held_of(node)->key;
        }
        return NULL;
}

/* No word of it, to nobody, when there is no room: it is said again in an hour. */
static void touch(struct directory *dir, struct api_key *key, int64_t now_ms)
{
        if (key->used_ms && now_ms - key->used_ms < TOUCH_MS)
                return;
        struct unit *unit = queue_take(dir, true);
        if (!unit)
                return;
        key->used_ms = now_ms;
        struct store_change *change = unit_change(unit, STORE_TOUCH_KEY);
        change->key.id = key->id;
        change->key.used_ms = now_ms;
        queue_add(dir, unit, NULL, NULL);
}

const struct api_key *directory_key_use(struct directory *dir,
                                        const uint8_t hash[API_KEY_HASH_BYTES])
{
        /*
         * Where the map looks tells something of the hash, which is keyed: whoever sees the time
         * learns nothing of the text. The whole of it is compared in constant time.
         */
        struct map_node *node = map_find(&dir->keys_by_hash, hash_slice(hash));
        if (!node)
                return NULL;
        struct api_key *key = &container_of(node, struct key_held, node)->key;
        int64_t now_ms = directory_now(dir);
        if (sodium_memcmp(key->hash, hash, sizeof key->hash) != 0 ||
            (key->expires_ms && now_ms >= key->expires_ms))
                return NULL;
        touch(dir, key, now_ms);
        return key;
}

struct key_id_text key_id_format(const struct directory *dir, uint64_t key_id)
{
        struct key_id_text out = {ID_PREFIX};
        public_id_format(&dir->id_key, key_id | ID_OF_KEYS, out.text + strlen(ID_PREFIX));
        return out;
}

int key_id_parse(const struct directory *dir, struct slice text, uint64_t *out)
{
        struct slice prefix = SLICE(ID_PREFIX);
        uint64_t id;
        if (!slice_starts_with(text, prefix))
                return ERR_SYNTAX;
        struct slice rest = {text.p + prefix.len, text.len - prefix.len};
        int err = public_id_parse(&dir->id_key, rest, &id);
        if (err)
                return err;
        if (!(id & ID_OF_KEYS))
                return ERR_NOT_FOUND;
        *out = id & ~ID_OF_KEYS;
        return 0;
}
