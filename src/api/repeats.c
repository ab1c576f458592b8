/* SPDX-License-Identifier: Apache-2.0 */
#include "api/repeats.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/secret.h"

#define HASH_BYTES     32
#define KEY_BYTES      32
#define LOCATION_BYTES 64

struct entry {
        struct map_node by_name;     /* by name */
        struct map_node by_exchange; /* while it is being done */
        struct list age;             /* the oldest first */
        uint8_t name[HASH_BYTES];    /* who asked, for which tenant, under which key */
        uint8_t request[HASH_BYTES];
        struct http_exchange exchange;
        bool is_done, is_secret;
        int64_t until_ms;
        unsigned status;
        char location[LOCATION_BYTES];
        struct slice body; /* owned */
};

struct repeats {
        struct pool *entries; /* owned */
        struct map by_name, by_exchange;
        struct list age;
        size_t bytes;           /* of their bodies */
        uint8_t key[KEY_BYTES]; /* drawn anew by each process */
};

int repeats_create(struct random *random, struct repeats **out)
{
        struct siphash_key name_key, exchange_key;
        struct repeats *repeats = calloc(1, sizeof *repeats);
        if (!repeats)
                return -ENOMEM;
        list_init(&repeats->age);
        random_fill(random, repeats->key, sizeof repeats->key);
        random_fill(random, &name_key, sizeof name_key);
        random_fill(random, &exchange_key, sizeof exchange_key);
        int err = pool_create(sizeof(struct entry), REPEATS_MAX, false, &repeats->entries);
        if (!err)
                err = map_init(&repeats->by_name, REPEATS_MAX, name_key);
        if (!err)
                err = map_init(&repeats->by_exchange, REPEATS_MAX, exchange_key);
        if (err) {
                repeats_destroy(repeats);
                return err;
        }
        *out = repeats;
        return 0;
}

static void drop_body(struct repeats *repeats, struct entry *entry)
{
        repeats->bytes -= entry->body.len;
        secret_heap_free((char *)entry->body.p);
        entry->body = SLICE_NONE;
}

static void forget(struct repeats *repeats, struct entry *entry)
{
        list_remove(&entry->age);
        map_remove(&repeats->by_name, &entry->by_name);
        map_remove(&repeats->by_exchange, &entry->by_exchange);
        drop_body(repeats, entry);
        pool_put(repeats->entries, entry);
}

void repeats_destroy(struct repeats *repeats)
{
        if (!repeats)
                return;
        list_for_each (node, &repeats->age)
                forget(repeats, container_of(node, struct entry, age));
        map_fini(&repeats->by_name);
        map_fini(&repeats->by_exchange);
        pool_destroy(repeats->entries);
        explicit_bzero(repeats->key, sizeof repeats->key);
        free(repeats);
}

static struct slice bytes_of(const void *p, size_t bytes)
{
        return (struct slice){p, bytes};
}

/* Each part with its length, so that no two lists of parts are one. */
static void hash_parts(const struct repeats *repeats, const struct slice *parts, unsigned count,
                       uint8_t out[HASH_BYTES])
{
        crypto_generichash_state state;
        crypto_generichash_init(&state, repeats->key, sizeof repeats->key, HASH_BYTES);
        for (unsigned i = 0; i < count; i++) {
                uint64_t len = parts[i].len;
                crypto_generichash_update(&state, (const uint8_t *)&len, sizeof len);
                crypto_generichash_update(&state, (const uint8_t *)parts[i].p, parts[i].len);
        }
        crypto_generichash_final(&state, out, HASH_BYTES);
}

static struct entry *find(struct repeats *repeats, const uint8_t name[HASH_BYTES], int64_t now_ms)
{
        struct map_node *node = map_find(&repeats->by_name, bytes_of(name, HASH_BYTES));
        if (!node)
                return NULL;
        struct entry *entry = container_of(node, struct entry, by_name);
        if (!entry->is_done || now_ms < entry->until_ms)
                return entry;
        forget(repeats, entry);
        return NULL;
}

/* The oldest gives way; one that is being done is still answered, and then not remembered. */
static struct entry *take(struct repeats *repeats)
{
        if (pool_used(repeats->entries) == pool_capacity(repeats->entries))
                forget(repeats, container_of(repeats->age.next, struct entry, age));
        struct entry *entry = pool_get(repeats->entries, NULL);
        list_init(&entry->age);
        return entry;
}

static void remember(struct repeats *repeats, const struct repeat_asked *asked,
                     const uint8_t name[HASH_BYTES], const uint8_t request[HASH_BYTES])
{
        struct entry *entry = take(repeats);
        memcpy(entry->name, name, HASH_BYTES);
        memcpy(entry->request, request, HASH_BYTES);
        entry->exchange = asked->exchange;
        entry->is_secret = asked->is_secret;
        list_add_tail(&repeats->age, &entry->age);
        map_add(&repeats->by_name, &entry->by_name, bytes_of(entry->name, HASH_BYTES));
        map_add(&repeats->by_exchange, &entry->by_exchange,
                bytes_of(&entry->exchange, sizeof entry->exchange));
}

enum repeat repeats_ask(struct repeats *repeats, const struct repeat_asked *asked, int64_t now_ms,
                        struct repeat_answer *out)
{
        uint8_t name[HASH_BYTES], request[HASH_BYTES];
        const struct slice names[] = {bytes_of(&asked->asker, sizeof asked->asker),
                                      bytes_of(&asked->tenant_id, sizeof asked->tenant_id),
                                      asked->key};
        const struct slice parts[] = {asked->method, asked->path, asked->query, asked->body};
        hash_parts(repeats, names, 3, name);
        hash_parts(repeats, parts, 4, request);

        struct entry *entry = find(repeats, name, now_ms);
        if (!entry) {
                remember(repeats, asked, name, request);
                return REPEAT_FIRST;
        }
        if (sodium_memcmp(entry->request, request, HASH_BYTES) != 0)
                return REPEAT_ANOTHER;
        if (!entry->is_done)
                return REPEAT_WAITS;
        if (entry->is_secret)
                return REPEAT_SECRET;
        *out = (struct repeat_answer){
                .status = entry->status,
                .location = entry->location[0] ? entry->location : NULL,
                .body = entry->body,
        };
        return REPEAT_DONE;
}

/* Older answers give way to this one; that they were given stays known. */
static void make_room(struct repeats *repeats, size_t bytes)
{
        list_for_each (node, &repeats->age) {
                struct entry *old = container_of(node, struct entry, age);
                if (repeats->bytes + bytes <= REPEATS_BYTES_MAX)
                        return;
                if (!old->body.len)
                        continue;
                drop_body(repeats, old);
                old->is_secret = true;
        }
}

static int keep_body(struct repeats *repeats, struct entry *entry, struct slice body)
{
        if (!body.len)
                return 0;
        if (body.len > REPEAT_BODY_BYTES_MAX)
                return ERR_TOO_LARGE;
        make_room(repeats, body.len);
        char *copy = secret_heap_alloc(body.len);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, body.p, body.len);
        entry->body = bytes_of(copy, body.len);
        repeats->bytes += body.len;
        return 0;
}

static struct entry *find_by_exchange(const struct repeats *repeats, struct http_exchange exchange)
{
        struct map_node *node =
                map_find(&repeats->by_exchange, bytes_of(&exchange, sizeof exchange));
        return node ? container_of(node, struct entry, by_exchange) : NULL;
}

void repeats_keep_secret(struct repeats *repeats, struct http_exchange exchange)
{
        struct entry *entry = find_by_exchange(repeats, exchange);
        if (entry)
                entry->is_secret = true;
}

void repeats_answered(struct repeats *repeats, struct http_exchange exchange,
                      const struct repeat_answer *answer, int64_t now_ms)
{
        struct entry *entry = find_by_exchange(repeats, exchange);
        if (!entry)
                return;
        map_remove(&repeats->by_exchange, &entry->by_exchange);
        if (answer->status / 100 != 2) {
                forget(repeats, entry);
                return;
        }
        entry->is_done = true;
        entry->until_ms = now_ms + REPEAT_MS;
        entry->status = answer->status;
        if (answer->location)
                snprintf(entry->location, sizeof entry->location, "%s", answer->location);
        /* What is too large to be kept is answered like a secret: it was done. */
        if (!entry->is_secret && keep_body(repeats, entry, answer->body))
                entry->is_secret = true;
}
