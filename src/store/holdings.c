/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The moment is kept as a fork keeps memory: a row that is about to change is read before it does,
 * unless it was read already. So each is read once, as it was, and the keys fit what was counted.
 */
#include "store/holdings.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define PER_TURN 64

enum hashed {
        HASHED_MASKING = 1,
        HASHED_REAL,
        HASHED_DIGITS,
};

static uint64_t hash_of(const struct holdings *h, enum hashed what, const void *bytes, size_t len)
{
        uint8_t memory[1 + sizeof(struct pin_hash)] = {(uint8_t)what};
        assert(len < sizeof memory);
        memcpy(memory + 1, bytes, len);
        uint64_t hash = siphash(h->key, memory, 1 + len);
        explicit_bzero(memory, sizeof memory);
        return hash;
}

static uint64_t who_of(const struct holdings *h, const struct route_key *key)
{
        switch (key->by) {
        case ROUTE_EXACT:
                return hash_of(h, HASHED_REAL, &key->caller.n.e164, sizeof key->caller.n.e164);
        case ROUTE_DIGITS:
                return hash_of(h, HASHED_DIGITS, key->digits.bytes, sizeof key->digits.bytes);
        case ROUTE_ANYONE:
                return 0;
        }
        return 0;
}

static void add_key(struct holdings *h, const struct row *row, const struct route_key *key)
{
        uint64_t origin = row_origin(h->dir, row);
        assert(h->count < h->max);
        h->keys[h->count++] = (struct certificate_key){
                .number = hash_of(h, HASHED_MASKING, &key->dialled.n.e164,
                                  sizeof key->dialled.n.e164),
                .who = who_of(h, key),
                .session = (origin ? origin : row->id) & PUBLIC_ID_MAX,
                .by = (unsigned)key->by & 3,
                .is_quarantined = row_has_ended(row),
        };
}

static void read_row(struct holdings *h, const struct row *row)
{
        struct route_key key;
        if (row->tenant_id != h->tenant_id || row->pool_id != h->pool_id ||
            (row_has_ended(row) && row->ended_ms < h->since_ms))
                return;
        if (row->state == SESSION_ERASED) {
                h->erased++;
                return;
        }
        struct route_walk walk = {.session = row_open(h->dir, row)};
        if (!walk.session)
                return;
        h->sessions++;
        while (route_next(&walk, &key))
                add_key(h, row, &key);
        row_close(h->dir);
        explicit_bzero(&key, sizeof key);
}

static bool was_seen(const struct holdings *h, uint32_t slot)
{
        return h->seen[slot / 8] >> slot % 8 & 1;
}

void holdings_before(struct directory *dir, const struct row *row)
{
        uint32_t slot = row_slot(dir, row);
        for (struct list *node = dir->holdings.next; node != &dir->holdings; node = node->next) {
                struct holdings *h = container_of(node, struct holdings, node);
                if (row->id < h->next_id || row->id >= h->end_id || was_seen(h, slot))
                        continue;
                h->seen[slot / 8] |= (uint8_t)(1u << slot % 8);
                read_row(h, row);
        }
}

/* Nothing is hashed any more. */
static void stop(struct holdings *h)
{
        if (!h->key)
                return;
        list_remove(&h->node);
        io_timer_stop(h->dir->io, &h->timer);
        secret_free(h->key, sizeof *h->key);
        free(h->seen);
        h->key = NULL;
        h->seen = NULL;
}

static void read_on(void *arg)
{
        struct holdings *h = arg;
        struct directory *dir = h->dir;
        for (unsigned i = 0; i < PER_TURN; i++) {
                uint32_t at = roll_below(&dir->rows_roll, h->next_id);
                const struct row *row = at == dir->rows_roll.count ? NULL : row_at(dir, at);
                if (!row || row->id >= h->end_id) {
                        stop(h);
                        h->read(h->arg);
                        return;
                }
                /* A slot that was seen may have a newer row in it by now, but none below end_id. */
                h->next_id = row->id + 1;
                if (!was_seen(h, row_slot(dir, row)))
                        read_row(h, row);
        }
        io_timer_start(dir->io, &h->timer, 0, read_on, h);
}

int holdings_begin(struct holdings *h, struct directory *dir, uint32_t tenant_id, uint32_t pool_id,
                   int64_t since_ms, void (*read)(void *arg), void *arg)
{
        const struct number_pool *pool = number_pool_get(dir, tenant_id, pool_id);
        if (!pool)
                return ERR_NOT_FOUND;
        *h = (struct holdings){.dir = dir,
                               .tenant_id = tenant_id,
                               .pool_id = pool_id,
                               .at_ms = directory_now(dir),
                               .since_ms = since_ms,
                               .end_id = dir->next_session_id,
                               .max = dir->index.count,
                               .rented = pool->row.numbers,
                               .read = read,
                               .arg = arg};
        h->key = secret_alloc(sizeof *h->key);
        h->seen = calloc(1, pool_capacity(dir->rows) / 8 + 1);
        h->keys = malloc(((size_t)h->max + 1) * sizeof *h->keys);
        if (!h->key || !h->seen || !h->keys) {
                secret_free(h->key, sizeof *h->key);
                free(h->seen);
                free(h->keys);
                return -ENOMEM;
        }
        random_fill(io_random(dir->io), h->key, sizeof *h->key);
        list_add_tail(&dir->holdings, &h->node);
        io_timer_start(dir->io, &h->timer, 0, read_on, h);
        return 0;
}

void holdings_fini(struct holdings *h)
{
        stop(h);
        free(h->keys);
        h->keys = NULL;
}
