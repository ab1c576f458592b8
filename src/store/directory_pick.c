/* SPDX-License-Identifier: Apache-2.0 */
/* Which numbers a session gets: what core/alloc.c asks about the pool. Numbers go by their slots. */
#include <assert.h>
#include <string.h>

#include "store/directory_impl.h"

struct picking {
        struct directory *dir;
        const struct session *session;
        const struct number_pool *pool;
        const struct pick *pick;
};

static struct number_held *number_in(const struct directory *dir, uint32_t slot)
{
        struct number_held *number = pool_at(dir->numbers, slot);
        assert(number);
        return number;
}

static uint32_t slot_of(const struct picking *p, struct list *use)
{
        if (use == &p->pool->numbers)
                return ALLOC_NONE;
        struct number_held *number = container_of(use, struct number_held, use);
        return pool_handle(p->dir->numbers, number).index;
}

static uint32_t first_number(void *arg)
{
        const struct picking *p = arg;
        return slot_of(p, p->pool->numbers.next);
}

static uint32_t next_number(void *arg, uint32_t after)
{
        const struct picking *p = arg;
        return slot_of(p, number_in(p->dir, after)->use.next);
}

static const struct number_traits *traits_of(void *arg, uint32_t number)
{
        const struct picking *p = arg;
        return &number_in(p->dir, number)->row.traits;
}

static const struct row *open_on(const struct picking *p, struct masking_number number)
{
        const struct route_key anyone = {.by = ROUTE_ANYONE, .dialled = number};
        return row_by_key(p->dir, p->session->tenant_id, &anyone);
}

static bool is_open_for_others(const struct picking *p, struct masking_number number)
{
        const struct row *row = open_on(p, number);
        return row && row->id != p->session->id;
}

/* Whoever holds a number that is open for it alone is not counted. */
static bool is_held_by_others(const struct picking *p, const struct number_held *number)
{
        const struct row *row = open_on(p, number->row.number);
        bool is_own = row && row->id == p->session->id && !row_has_ended(row);
        return number->row.sessions > (is_own ? 1u : 0u);
}

static bool is_free(void *arg, uint32_t number, unsigned slot)
{
        const struct picking *p = arg;
        if (number == p->pick->given_up && slot == p->pick->given_up_slot)
                return false;
        const struct number_held *held = number_in(p->dir, number);
        struct route_walk walk = {.session = p->session, .slot = slot};
        struct route_key key;
        while (route_next_of_slot(&walk, held->row.number, &key)) {
                const struct row *holder = row_by_key(p->dir, p->session->tenant_id, &key);
                bool is_own = holder && holder->id == p->session->id;
                if (!is_own && !key_is_free(p->dir, p->session->tenant_id, &key)) {
                        explicit_bzero(&key, sizeof key);
                        return false;
                }
        }
        if (session_slot_is_open(p->session, slot))
                return !is_held_by_others(p, held);
        return !is_open_for_others(p, held->row.number);
}

bool pick_may_keep(struct directory *dir, const struct session *session, unsigned slot)
{
        const struct pick none = {.given_up = ALLOC_NONE};
        struct picking picking = {dir, session, NULL, &none};
        const struct number_held *held = number_find(dir, session->slots[slot]);
        return held && is_free(&picking, pool_handle(dir->numbers, held).index, slot);
}

int pick_held(const struct directory *dir, const struct session *session,
              struct masking_number number, uint32_t *out)
{
        const struct number_held *held = number_find(dir, number);
        if (!held || held->row.tenant_id != session->tenant_id)
                return ERR_NOT_FOUND;
        *out = pool_handle(dir->numbers, held).index;
        return 0;
}

int pick_given(const struct directory *dir, const struct session *session,
               struct masking_number number, uint32_t *out)
{
        const struct number_held *held = number_find(dir, number);
        if (held && held->row.pool_id != session->pool_id)
                return ERR_NOT_FOUND;
        return pick_held(dir, session, number, out);
}

void pick_init(struct pick *pick, const struct session *session, const struct pool_policy *policy)
{
        alloc_request_init(&pick->request, session, policy);
        pick->given_up = ALLOC_NONE;
}

int pick_numbers(struct directory *dir, struct session *session, struct pick *pick)
{
        struct picking picking = {dir, session,
                                  number_pool_get(dir, session->tenant_id, session->pool_id), pick};
        if (!picking.pool)
                return ERR_NOT_FOUND;
        const struct alloc_pool pool = {first_number, next_number, traits_of, is_free, &picking};
        int err = alloc_pick(&pool, &pick->request, pick->chosen, &pick->outcome);
        if (err)
                return err;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (pick->request.wanted & UINT64_C(1) << slot)
                        session->slots[slot] = number_in(dir, pick->chosen[slot])->row.number;
        return 0;
}
