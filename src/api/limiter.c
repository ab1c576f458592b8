/* SPDX-License-Identifier: Apache-2.0 */
#include "api/limiter.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"

struct bucket {
        uint64_t id;
        struct map_node node; /* by id */
        struct list use;      /* least recently used first */
        int64_t full_at_us;   /* when it holds `burst` again, if nothing is taken */
};

struct limiter {
        struct pool *buckets; /* owned */
        struct map by_id;
        struct list use;
};

int limiter_create(uint32_t buckets_max, struct random *random, struct limiter **out)
{
        struct siphash_key key;
        struct limiter *limiter = calloc(1, sizeof *limiter);
        if (!limiter)
                return -ENOMEM;
        list_init(&limiter->use);
        random_fill(random, &key, sizeof key);
        int err = pool_create(sizeof(struct bucket), buckets_max, false, &limiter->buckets);
        if (!err)
                err = map_init(&limiter->by_id, buckets_max, key);
        if (err) {
                limiter_destroy(limiter);
                return err;
        }
        *out = limiter;
        return 0;
}

void limiter_destroy(struct limiter *limiter)
{
        if (!limiter)
                return;
        map_fini(&limiter->by_id);
        pool_destroy(limiter->buckets);
        free(limiter);
}

static struct slice key_of(const uint64_t *id)
{
        return (struct slice){(const char *)id, sizeof *id};
}

static void forget(struct limiter *limiter, struct bucket *bucket)
{
        list_remove(&bucket->use);
        map_remove(&limiter->by_id, &bucket->node);
        pool_put(limiter->buckets, bucket);
}

static struct bucket *find_or_add(struct limiter *limiter, uint64_t id)
{
        struct map_node *node = map_find(&limiter->by_id, key_of(&id));
        if (node)
                return container_of(node, struct bucket, node);
        if (pool_used(limiter->buckets) == pool_capacity(limiter->buckets))
                forget(limiter, container_of(limiter->use.next, struct bucket, use));
        struct bucket *bucket = pool_get(limiter->buckets, NULL);
        bucket->id = id;
        list_init(&bucket->use);
        map_add(&limiter->by_id, &bucket->node, key_of(&bucket->id));
        return bucket;
}

int64_t limiter_take(struct limiter *limiter, uint64_t id, const struct limiter_pace *pace,
                     int64_t now_ms)
{
        assert(pace->tokens && pace->per_ms);
        assert(pace->burst);
        struct bucket *bucket = find_or_add(limiter, id);
        list_remove(&bucket->use);
        list_add_tail(&limiter->use, &bucket->use);

        int64_t now_us = now_ms * 1000;
        int64_t token_us = (int64_t)pace->per_ms * 1000 / pace->tokens;
        int64_t full_at_us = (bucket->full_at_us > now_us ? bucket->full_at_us : now_us) + token_us;
        int64_t over_us = full_at_us - now_us - token_us * pace->burst;
        if (over_us > 0)
                return (over_us + 999) / 1000;
        bucket->full_at_us = full_at_us;
        return 0;
}
