/* SPDX-License-Identifier: Apache-2.0 */
#include "api/calls_page.h"

#include <assert.h>
#include <string.h>

#include "base/sort.h"

static int compare_ids(const struct uuid *a, const struct uuid *b)
{
        return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static bool id_is_before(const void *a, const void *b)
{
        return compare_ids(a, b) < 0;
}

static bool ref_is_before(const void *a, const void *b)
{
        const struct leg_ref *x = a, *y = b;
        int order = compare_ids(&x->call_id, &y->call_id);
        if (order)
                return order < 0;
        return x->leg != y->leg ? x->leg < y->leg : x->row < y->row;
}

void calls_sort_ids(struct uuid *ids, uint32_t count)
{
        sort_items(ids, count, sizeof ids[0], id_is_before);
}

void calls_index_make(struct calls_index *index, const struct cdr *rows, uint32_t count)
{
        assert(count <= CALLS_PAGE_ROWS_MAX);
        index->rows = rows;
        index->count = count;
        index->looked = 0;
        for (uint32_t i = 0; i < count; i++)
                index->refs[i] =
                        (struct leg_ref){rows[i].call_id, (uint16_t)i, (uint8_t)rows[i].leg};
        sort_items(index->refs, count, sizeof index->refs[0], ref_is_before);
}

/* The first of `count` items that is not before `id`; each begins with an id. */
static uint32_t find_first(const void *items, uint32_t count, size_t item_bytes,
                           const struct uuid *id, uint64_t *looked)
{
        uint32_t from = 0;
        while (count) {
                uint32_t half = count / 2;
                const char *middle = (const char *)items + (from + half) * item_bytes;
                bool is_before = memcmp(middle, id->bytes, sizeof id->bytes) < 0;
                from += is_before ? half + 1 : 0;
                count = is_before ? count - half - 1 : half;
                ++*looked;
        }
        return from;
}

unsigned calls_index_legs(struct calls_index *index, struct uuid call_id,
                          const struct cdr *out[CALLS_LEGS_MAX])
{
        _Static_assert(offsetof(struct leg_ref, call_id) == 0, "find_first()");
        unsigned found = 0;
        uint32_t at = find_first(index->refs, index->count, sizeof index->refs[0], &call_id,
                                 &index->looked);
        for (; at < index->count && found < CALLS_LEGS_MAX; at++) {
                index->looked++;
                if (compare_ids(&index->refs[at].call_id, &call_id) != 0)
                        break;
                out[found++] = &index->rows[index->refs[at].row];
        }
        return found;
}

static bool is_live(const struct calls_window *window, struct uuid id, uint64_t *looked)
{
        uint32_t at = find_first(window->live, window->live_count, sizeof id, &id, looked);
        return at < window->live_count && compare_ids(&window->live[at], &id) == 0;
}

bool calls_are_shown(const struct principal *who, uint32_t tenant_id)
{
        return tenant_id == who->tenant_id || (tenant_id == 0 && who->has_all);
}

static bool is_on_page(const struct calls_window *window, const struct cdr *row, int64_t cut_ms,
                       uint64_t *looked)
{
        return row->leg == CDR_LEG_A && calls_are_shown(&window->who, row->tenant_id) &&
               row->started_ms > cut_ms &&
               (!window->before_ms || row->started_ms < window->before_ms) &&
               row->started_ms >= window->since_ms && !is_live(window, row->call_id, looked);
}

int64_t calls_page_walk(const struct calls_window *window, calls_page_fn *fn, void *arg,
                        uint64_t *looked)
{
        /* A full window may have cut off rows of its last instant: those are the next page's. */
        static struct calls_index index;
        bool more = window->count == CALLS_PAGE_ROWS_MAX;
        int64_t cut_ms = more ? window->rows[window->count - 1].started_ms : 0;
        int64_t last_ms = 0;
        uint32_t listed = 0;
        calls_index_make(&index, window->rows, window->count);
        for (uint32_t i = 0; i < window->count; i++) {
                const struct cdr *legs[CALLS_LEGS_MAX];
                const struct cdr *row = &window->rows[i];
                if (!is_on_page(window, row, cut_ms, &index.looked))
                        continue;
                /* Calls of one instant stay on one page: the next one begins before it. */
                if (listed >= window->limit && row->started_ms != last_ms) {
                        more = true;
                        break;
                }
                fn(arg, legs, calls_index_legs(&index, row->call_id, legs));
                listed++;
                last_ms = row->started_ms;
        }
        if (looked)
                *looked = index.looked;
        bool past = window->count && window->rows[window->count - 1].started_ms < window->since_ms;
        return more && !(past && listed < window->limit) ? last_ms : 0;
}
