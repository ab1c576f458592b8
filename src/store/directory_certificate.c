/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of pools: made a few steps a turn, kept for whoever reads them page by page. */
#include <errno.h>
#include <stdlib.h>

#include "store/directory_holdings.h"
#include "store/holdings.h"

#define STEPS_PER_TURN 512

struct certificate_held {
        struct list node; /* in dir->certificates */
        struct pool_certificate certificate;
        struct holdings holdings;
        struct io_timer timer;          /* of its next steps; then of its end */
        directory_certificate_fn *done; /* NULL: it is made */
        void *arg;
};

static void drop(struct directory *dir, struct certificate_held *held)
{
        list_remove(&held->node);
        io_timer_stop(dir->io, &held->timer);
        holdings_fini(&held->holdings);
        free(held);
}

static void on_old(void *arg)
{
        struct certificate_held *held = arg;
        drop(held->holdings.dir, held);
}

static void keep(struct certificate_held *held)
{
        struct directory *dir = held->holdings.dir;
        list_remove(&held->node);
        list_add_tail(&dir->certificates, &held->node);
        io_timer_start(dir->io, &held->timer, CERTIFICATE_KEPT_MS, on_old, held);
}

static void tell(struct certificate_held *held, int err)
{
        directory_certificate_fn *done = held->done;
        void *arg = held->arg;
        held->done = NULL;
        if (err)
                drop(held->holdings.dir, held);
        else
                keep(held);
        done(arg, err, err ? NULL : &held->certificate);
}

static void go_on(void *arg)
{
        struct certificate_held *held = arg;
        if (certificate_go_on(&held->certificate.work, STEPS_PER_TURN))
                tell(held, 0);
        else
                io_timer_start(held->holdings.dir->io, &held->timer, 0, go_on, held);
}

static void on_read(void *arg)
{
        struct certificate_held *held = arg;
        const struct holdings *h = &held->holdings;
        held->certificate.sessions = h->sessions;
        held->certificate.erased = h->erased;
        certificate_begin(&held->certificate.work, h->keys, h->count);
        go_on(held);
}

/* As many as may be: the one that was looked at longest ago goes. */
static int make_room(struct directory *dir)
{
        struct certificate_held *oldest = NULL;
        unsigned count = 0;
        for (struct list *node = dir->certificates.next; node != &dir->certificates;
             node = node->next) {
                struct certificate_held *held = container_of(node, struct certificate_held, node);
                count++;
                if (!oldest && !held->done)
                        oldest = held;
        }
        if (count < CERTIFICATES_MAX)
                return 0;
        if (!oldest)
                return ERR_FULL;
        drop(dir, oldest);
        return 0;
}

int directory_certificate_make(struct directory *dir, uint32_t tenant_id, uint32_t pool_id,
                               directory_certificate_fn *done, void *arg)
{
        int err = make_room(dir);
        if (err)
                return err;
        struct certificate_held *held = calloc(1, sizeof *held);
        if (!held)
                return -ENOMEM;
        err = holdings_begin(&held->holdings, dir, tenant_id, pool_id, INT64_MIN, on_read, held);
        if (err) {
                free(held);
                return err;
        }
        held->certificate = (struct pool_certificate){
                .id = random_u64(io_random(dir->io)) | 1,
                .tenant_id = tenant_id,
                .pool_id = pool_id,
                .at_ms = held->holdings.at_ms,
                .rented = held->holdings.rented,
        };
        held->done = done;
        held->arg = arg;
        list_add_tail(&dir->certificates, &held->node);
        return 0;
}

const struct pool_certificate *directory_certificate(struct directory *dir, uint32_t tenant_id,
                                                     uint64_t id)
{
        for (struct list *node = dir->certificates.next; node != &dir->certificates;
             node = node->next) {
                struct certificate_held *held = container_of(node, struct certificate_held, node);
                if (held->done || held->certificate.id != id ||
                    held->certificate.tenant_id != tenant_id)
                        continue;
                keep(held);
                return &held->certificate;
        }
        return NULL;
}

void certificates_end(struct directory *dir)
{
        while (!list_is_empty(&dir->certificates)) {
                struct certificate_held *held =
                        container_of(dir->certificates.next, struct certificate_held, node);
                if (held->done)
                        tell(held, -ECANCELED);
                else
                        drop(dir, held);
        }
}
