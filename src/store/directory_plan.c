/* SPDX-License-Identifier: Apache-2.0 */
/* How many numbers a pool should have, by what its sessions hold now: a few steps a turn. */
#include <errno.h>
#include <stdlib.h>

#include "store/directory_holdings.h"
#include "store/holdings.h"

#define STEPS_PER_TURN 512

struct planning {
        struct list node; /* in dir->plans */
        struct holdings holdings;
        struct capacity_held_work work;
        uint32_t refused_per_million;
        bool is_whole;
        struct io_timer timer;
        directory_plan_fn *done;
        void *arg;
};

static void finish(struct planning *p, int err)
{
        const struct pool_plan plan = {
                .at_ms = p->holdings.at_ms,
                .rented = p->holdings.rented,
                .held = p->work.made,
                .is_whole = p->is_whole && p->holdings.erased == 0,
        };
        directory_plan_fn *done = p->done;
        void *arg = p->arg;
        list_remove(&p->node);
        io_timer_stop(p->holdings.dir->io, &p->timer);
        holdings_fini(&p->holdings);
        free(p);
        done(arg, err, err ? NULL : &plan);
}

static void go_on(void *arg)
{
        struct planning *p = arg;
        if (capacity_held_go_on(&p->work, STEPS_PER_TURN))
                finish(p, 0);
        else
                io_timer_start(p->holdings.dir->io, &p->timer, 0, go_on, p);
}

static void on_read(void *arg)
{
        struct planning *p = arg;
        capacity_held_begin(&p->work, p->holdings.keys, p->holdings.count, p->refused_per_million);
        go_on(p);
}

static uint32_t count_plans(const struct directory *dir)
{
        uint32_t count = 0;
        for (const struct list *node = dir->plans.next; node != &dir->plans; node = node->next)
                count++;
        return count;
}

int directory_plan_make(struct directory *dir, uint32_t tenant_id, uint32_t pool_id,
                        int64_t quarantine_ms, uint32_t refused_per_million,
                        directory_plan_fn *done, void *arg)
{
        if (count_plans(dir) >= CERTIFICATES_MAX)
                return ERR_FULL;
        struct planning *p = calloc(1, sizeof *p);
        if (!p)
                return -ENOMEM;
        /* A pair is free again at the end of its quarantine, to the ms. */
        int64_t since_ms = directory_now(dir) - quarantine_ms + 1;
        int err = holdings_begin(&p->holdings, dir, tenant_id, pool_id, since_ms, on_read, p);
        if (err) {
                free(p);
                return err;
        }
        p->is_whole = quarantine_ms <= number_pool_policy(dir, tenant_id, pool_id)->quarantine_ms;
        p->refused_per_million = refused_per_million;
        p->done = done;
        p->arg = arg;
        list_add_tail(&dir->plans, &p->node);
        return 0;
}

void plans_end(struct directory *dir)
{
        while (!list_is_empty(&dir->plans))
                finish(container_of(dir->plans.next, struct planning, node), -ECANCELED);
}
