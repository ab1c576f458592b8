/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alloc.h"

/* The first number free for the party that is not `other`. */
static uint32_t pick(const struct alloc_pool *pool, unsigned party, uint32_t other)
{
        uint32_t number = pool->first(pool->arg);
        while (number != ALLOC_NONE &&
               (number == other || !pool->is_free(pool->arg, number, party)))
                number = pool->next(pool->arg, number);
        return number;
}

static int check_given(const struct alloc_pool *pool, const uint32_t given[2])
{
        for (unsigned party = 0; party < 2; party++)
                if (given[party] != ALLOC_NONE && !pool->is_free(pool->arg, given[party], party))
                        return ERR_CONFLICT;
        return 0;
}

/* The party's number when the other has `taken`: another one if there is one. */
static uint32_t pick_beside(const struct alloc_pool *pool, unsigned party, uint32_t taken)
{
        uint32_t number = pick(pool, party, taken);
        return number == ALLOC_NONE ? pick(pool, party, ALLOC_NONE) : number;
}

int alloc_pick(const struct alloc_pool *pool, const uint32_t given[2], uint32_t out[2])
{
        int err = check_given(pool, given);
        if (err)
                return err;

        uint32_t a = given[0], b = given[1];
        if (a == ALLOC_NONE)
                a = pick_beside(pool, 0, b);
        if (b == ALLOC_NONE)
                b = pick_beside(pool, 1, a);
        /* B may have nothing left but what A took, and A may have another. */
        if (a == b && given[0] == ALLOC_NONE)
                a = pick_beside(pool, 0, b);
        if (a == ALLOC_NONE || b == ALLOC_NONE)
                return ERR_NO_NUMBER;
        out[0] = a;
        out[1] = b;
        return 0;
}
