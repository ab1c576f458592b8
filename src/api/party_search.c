/* SPDX-License-Identifier: Apache-2.0 */
#include "api/party_search.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sort.h"

struct party_search {
        party_search_fn *fn;
        void *arg;
        struct party_session *found; /* owned */
        uint32_t count, capacity;
        int err;
};

static void on_found(void *arg, uint64_t session_id, uint8_t place)
{
        struct party_search *search = arg;
        if (search->count == search->capacity) {
                uint32_t capacity = search->capacity ? search->capacity * 2 : 16;
                struct party_session *more =
                        realloc(search->found, capacity * sizeof search->found[0]);
                if (!more) {
                        search->err = -ENOMEM;
                        return;
                }
                search->found = more;
                search->capacity = capacity;
        }
        search->found[search->count++] = (struct party_session){session_id, place};
}

/* A party before who called last: PARTY_NONE is the highest place. */
static bool is_before(const void *a, const void *b)
{
        const struct party_session *x = a, *y = b;
        return x->id != y->id ? x->id < y->id : x->place < y->place;
}

/* What a session has left behind is found as the session's, once more. */
static uint32_t keep_each_once(struct party_session *found, uint32_t count)
{
        uint32_t kept = 0;
        for (uint32_t i = 0; i < count; i++) {
                if (!kept || found[kept - 1].id != found[i].id)
                        found[kept++] = found[i];
        }
        return kept;
}

static void on_done(void *arg, int err)
{
        struct party_search *search = arg;
        if (search->count)
                sort_items(search->found, search->count, sizeof search->found[0], is_before);
        uint32_t count = keep_each_once(search->found, search->count);
        search->fn(search->arg, err ? err : search->err, search->found, count);
        free(search->found);
        free(search);
}

int party_search(struct directory *dir, uint32_t tenant_id, struct real_number number,
                 party_search_fn *fn, void *arg)
{
        struct party_search *search = calloc(1, sizeof *search);
        if (!search)
                return -ENOMEM;
        *search = (struct party_search){.fn = fn, .arg = arg};
        int err = directory_party_walk(dir, tenant_id, number, on_found, on_done, search);
        if (err)
                free(search);
        return err;
}
