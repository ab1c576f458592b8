/* SPDX-License-Identifier: Apache-2.0 */
#include "io/byte_queue.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/secret.h"

#define CAP_MIN 4096

static int make_room(struct byte_queue *q, size_t bytes)
{
        if (bytes <= q->cap - q->head - q->len)
                return 0;
        if (bytes <= q->cap - q->len) {
                memmove(q->p, q->p + q->head, q->len);
                q->head = 0;
                return 0;
        }

        size_t cap = q->cap ? q->cap : CAP_MIN;
        while (cap - q->len < bytes)
                cap *= 2;
        char *p = secret_heap_alloc(cap);
        if (!p)
                return -ENOMEM;
        size_t len = q->len;
        if (len)
                memcpy(p, q->p + q->head, len);
        byte_queue_fini(q);
        *q = (struct byte_queue){.p = p, .len = len, .cap = cap};
        return 0;
}

int byte_queue_put(struct byte_queue *q, struct slice data)
{
        if (!data.len)
                return 0;
        int err = make_room(q, data.len);
        if (err)
                return err;
        memcpy(q->p + q->head + q->len, data.p, data.len);
        q->len += data.len;
        return 0;
}

struct slice byte_queue_peek(const struct byte_queue *q)
{
        return q->len ? (struct slice){q->p + q->head, q->len} : SLICE_NONE;
}

void byte_queue_drop(struct byte_queue *q, size_t bytes)
{
        assert(bytes <= q->len);
        q->head += bytes;
        q->len -= bytes;
        if (!q->len)
                byte_queue_fini(q);
}

void byte_queue_fini(struct byte_queue *q)
{
        secret_heap_free(q->p);
        *q = (struct byte_queue){0};
}
