/* SPDX-License-Identifier: Apache-2.0 */
#include "core/capacity_held.h"

#include "core/route.h"

#define MILLION 1000000

enum stage {
        KEEP_PARTIES, /* the keys of anyone, and of digits, are left out */
        SORT_BY_PARTY,
        COUNT_HOLDS, /* `who` is from then on how many keys it has */
        SORT_BY_SESSION,
        COUNT_NEEDS, /* one item is left for each session; `number` is what it needs */
        SORT_BY_NEED,
        DONE,
};

static bool by_party(const void *a, const void *b)
{
        const struct certificate_key *x = a, *y = b;
        return x->who < y->who;
}

static bool by_session(const void *a, const void *b)
{
        const struct certificate_key *x = a, *y = b;
        return x->session != y->session ? x->session < y->session : x->number < y->number;
}

static bool by_need(const void *a, const void *b)
{
        const struct certificate_key *x = a, *y = b;
        return x->number < y->number;
}

void capacity_held_begin(struct capacity_held_work *work, struct certificate_key *keys,
                         uint32_t count, uint32_t refused_per_million)
{
        *work = (struct capacity_held_work){
                .keys = keys, .count = count, .refused_per_million = refused_per_million};
}

static void keep_party(struct capacity_held_work *work, uint32_t i)
{
        if (work->keys[i].by == ROUTE_EXACT)
                work->keys[work->run++] = work->keys[i];
}

static void count_hold(struct capacity_held_work *work, uint32_t i)
{
        struct certificate_key *keys = work->keys;
        if (i + 1 < work->count && keys[i + 1].who == keys[i].who)
                return;
        uint32_t holds = i + 1 - work->run;
        for (; work->run <= i; work->run++)
                keys[work->run].who = holds;
}

static void count_need(struct capacity_held_work *work, uint32_t i)
{
        struct certificate_key *keys = work->keys;
        const struct certificate_key key = keys[i];
        bool is_first = i == 0 || keys[i - 1].session != key.session;
        if (is_first)
                work->need = 0;
        if (is_first || keys[i - 1].number != key.number)
                work->of_number = 1;
        work->of_number += key.who - 1;
        if (work->of_number > work->need)
                work->need = work->of_number;
        if (i + 1 == work->count || keys[i + 1].session != key.session)
                keys[work->run++].number = work->need;
}

static bool count_on(struct capacity_held_work *work, uint32_t steps,
                     void (*count)(struct capacity_held_work *work, uint32_t i))
{
        for (; steps && work->at < work->count; steps--)
                count(work, work->at++);
        return work->at == work->count;
}

static void sort(struct capacity_held_work *work, sort_before_fn *before)
{
        sorting_begin(&work->sorting, work->keys, work->count, sizeof *work->keys, before);
}

/* How many of the sorted needs are more than `numbers`. */
static uint32_t beyond(const struct capacity_held_work *work, uint64_t numbers)
{
        uint32_t low = 0, high = work->count;
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (work->keys[middle].number > numbers)
                        high = middle;
                else
                        low = middle + 1;
        }
        return work->count - low;
}

static void finish(struct capacity_held_work *work)
{
        uint32_t count = work->count;
        uint32_t allowed = (uint32_t)((uint64_t)count * work->refused_per_million / MILLION);
        work->made.sessions = count;
        if (count == 0)
                return;
        work->made.most = (uint32_t)work->keys[count - 1].number;
        if (allowed < count)
                work->made.numbers = (uint32_t)work->keys[count - 1 - allowed].number;
        work->made.refused = beyond(work, work->made.numbers);
}

static void enter(struct capacity_held_work *work, enum stage stage)
{
        switch (stage) {
        case SORT_BY_PARTY:
                work->count = work->run;
                sort(work, by_party);
                break;
        case SORT_BY_SESSION:
                sort(work, by_session);
                break;
        case SORT_BY_NEED:
                work->count = work->run;
                sort(work, by_need);
                break;
        case DONE:
                finish(work);
                break;
        case KEEP_PARTIES:
        case COUNT_HOLDS:
        case COUNT_NEEDS:
                break;
        }
        work->stage = stage;
        work->at = work->run = 0;
}

bool capacity_held_go_on(struct capacity_held_work *work, uint32_t steps)
{
        bool is_over = false;
        switch ((enum stage)work->stage) {
        case KEEP_PARTIES:
                is_over = count_on(work, steps, keep_party);
                break;
        case COUNT_HOLDS:
                is_over = count_on(work, steps, count_hold);
                break;
        case COUNT_NEEDS:
                is_over = count_on(work, steps, count_need);
                break;
        case SORT_BY_PARTY:
        case SORT_BY_SESSION:
        case SORT_BY_NEED:
                is_over = sorting_go_on(&work->sorting, steps);
                break;
        case DONE:
                return true;
        }
        if (is_over)
                enter(work, (enum stage)(work->stage + 1));
        return work->stage == DONE;
}
