/* SPDX-License-Identifier: Apache-2.0 */
#include "core/certificate.h"

#include "core/route.h"

enum stage {
        SORT_BY_NUMBER,
        COUNT_NUMBERS,
        SORT_BY_PARTY,
        COUNT_PARTIES,
        DONE,
};

static bool by_number(const void *a, const void *b)
{
        const struct certificate_key *x = a, *y = b;
        return x->number < y->number;
}

static bool by_party(const void *a, const void *b)
{
        const struct certificate_key *x = a, *y = b;
        if (x->by != y->by)
                return x->by < y->by;
        return x->who != y->who ? x->who < y->who : x->number < y->number;
}

void certificate_begin(struct certificate_work *work, struct certificate_key *keys, uint32_t count)
{
        *work = (struct certificate_work){.keys = keys, .count = count, .made.keys = count};
        sorting_begin(&work->sorting, keys, count, sizeof *keys, by_number);
}

static void count_number(struct certificate_work *work, uint32_t i)
{
        const struct certificate_key *keys = work->keys;
        work->made.numbers += i == 0 || keys[i - 1].number != keys[i].number;
}

static void count_party(struct certificate_work *work, uint32_t i)
{
        struct certificate *made = &work->made;
        const struct certificate_key *key = &work->keys[i], *before = i ? key - 1 : NULL;
        made->quarantined += key->is_quarantined;
        made->open += key->by == ROUTE_ANYONE;
        made->shared += before && !by_party(before, key);
        if (key->by != ROUTE_EXACT)
                return;
        bool is_same = before && before->who == key->who;
        made->parties += !is_same;
        work->holds = is_same ? work->holds + 1 : 1;
        if (work->holds <= made->most)
                return;
        made->most = work->holds;
        made->party = key->who;
        made->first = i + 1 - work->holds;
}

static bool count_on(struct certificate_work *work, uint32_t steps,
                     void (*count)(struct certificate_work *work, uint32_t i))
{
        for (; steps && work->at < work->count; steps--)
                count(work, work->at++);
        return work->at == work->count;
}

static void enter(struct certificate_work *work, unsigned stage)
{
        work->stage = stage;
        work->at = 0;
        if (stage == SORT_BY_PARTY)
                sorting_begin(&work->sorting, work->keys, work->count, sizeof *work->keys,
                              by_party);
}

bool certificate_go_on(struct certificate_work *work, uint32_t steps)
{
        bool is_over = false;
        switch ((enum stage)work->stage) {
        case SORT_BY_NUMBER:
        case SORT_BY_PARTY:
                is_over = sorting_go_on(&work->sorting, steps);
                break;
        case COUNT_NUMBERS:
                is_over = count_on(work, steps, count_number);
                break;
        case COUNT_PARTIES:
                is_over = count_on(work, steps, count_party);
                break;
        case DONE:
                break;
        }
        if (is_over)
                enter(work, work->stage + 1);
        return work->stage == DONE;
}

const struct certificate_key *certificate_key_at(const struct certificate_work *work, uint32_t i)
{
        const struct certificate *made = &work->made;
        if (i < made->most)
                return &work->keys[made->first + i];
        return &work->keys[i < made->first + made->most ? i - made->most : i];
}
