/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alloc.h"

#include <assert.h>

#include "core/session_model.h"

#define BIT(i) (UINT64_C(1) << (i))

/* How many more are looked at for a better one when one that would do has been found. */
#define BETTER_MAX 64

/* What speaks against a number that would do; the higher the bit, the more. */
enum {
        COST_SAME_AS_OTHER = 1, /* the other party of two dials it, too */
        COST_ELSEWHERE = 2,     /* not of the area that is wished */
        COST_ABROAD = 4,
        COST_AVOIDED = 8,
        COST_NONE_YET = 16,
};

struct picking {
        const struct alloc_pool *pool;
        const struct alloc_request *request;
        uint32_t dialers[SESSION_SLOTS_MAX];
        uint32_t taken[SESSION_SLOTS_MAX]; /* chosen so far; ALLOC_NONE */
        uint64_t slots;                    /* of the session, wanted or not */
};

void alloc_request_init(struct alloc_request *out, const struct session *session,
                        const struct pool_policy *policy)
{
        *out = (struct alloc_request){
                .session = session,
                .policy = policy,
                .wanted = session_slots(session),
        };
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                out->given[slot] = out->had[slot] = ALLOC_NONE;
}

/* Whom the wish is asked of: who dials the slot; of a slot for anyone, whom it reaches. */
static unsigned wisher(const struct picking *p, unsigned slot)
{
        uint32_t dialers = p->dialers[slot];
        const struct session *session = p->request->session;
        for (unsigned i = 0; i < session->party_count; i++) {
                bool asked = dialers ? dialers & 1u << i : session->parties[i].side == 1;
                if (asked && session->parties[i].real_count)
                        return i;
        }
        return 0;
}

static bool fits(const struct picking *p, uint32_t number, unsigned slot, unsigned *cost)
{
        const struct pool_policy *policy = p->request->policy;
        const struct number_traits *traits = p->pool->traits(p->pool->arg, number);
        if (traits->frozen || traits->reserved ||
            (traits->capabilities & policy->capabilities) != policy->capabilities)
                return false;

        enum number_distance distance =
                number_distance(&traits->place, &p->request->wish[wisher(p, slot)]);
        bool is_abroad = distance == DISTANCE_ABROAD, is_elsewhere = distance != DISTANCE_SAME_AREA;
        if ((is_abroad && policy->match_country == MATCH_STRICT) ||
            (is_elsewhere && policy->match_area == MATCH_STRICT))
                return false;
        *cost = (is_abroad && policy->match_country == MATCH_BEST_EFFORT ? COST_ABROAD : 0) |
                (is_elsewhere && policy->match_area == MATCH_BEST_EFFORT ? COST_ELSEWHERE : 0);
        return true;
}

/* Whether a slot that one of its parties dials, too, has been filled with the number. */
static bool is_taken(const struct picking *p, uint32_t number, unsigned slot)
{
        for (uint64_t left = p->slots & ~BIT(slot); left; left &= left - 1) {
                unsigned other = (unsigned)__builtin_ctzll(left);
                if (p->taken[other] == number && (p->dialers[other] & p->dialers[slot]))
                        return true;
        }
        return false;
}

/* The two numbers of two parties should differ. */
static bool is_same_as_other(const struct picking *p, uint32_t number, unsigned slot)
{
        return p->request->session->model == MODEL_TWO_NUMBERS && p->taken[1 - slot] == number;
}

/* A number's whole cost; false: the slot can't have it. */
static bool weigh(const struct picking *p, uint32_t number, unsigned slot, unsigned *cost)
{
        if (!fits(p, number, slot, cost) || is_taken(p, number, slot) ||
            !p->pool->is_free(p->pool->arg, number, slot))
                return false;
        if (is_same_as_other(p, number, slot))
                *cost |= COST_SAME_AS_OTHER;
        if (p->request->policy->selection == SELECT_AVOID && number == p->request->had[slot])
                *cost |= COST_AVOIDED;
        return true;
}

/* The one that this pair had before. */
static bool pick_had(const struct picking *p, unsigned slot, uint32_t *out)
{
        uint32_t had = p->request->had[slot];
        unsigned cost;
        if (p->request->policy->selection != SELECT_STICKY || had == ALLOC_NONE ||
            !weigh(p, had, slot, &cost))
                return false;
        *out = had;
        return true;
}

/* The least recently used of those that cost least. */
static uint32_t pick(const struct picking *p, unsigned slot)
{
        uint32_t best = ALLOC_NONE;
        unsigned best_cost = COST_NONE_YET, looked = 0;
        if (pick_had(p, slot, &best))
                return best;
        for (uint32_t number = p->pool->first(p->pool->arg);
             number != ALLOC_NONE && best_cost && looked < BETTER_MAX;
             number = p->pool->next(p->pool->arg, number)) {
                unsigned cost;
                looked += best != ALLOC_NONE;
                if (weigh(p, number, slot, &cost) && cost < best_cost) {
                        best = number;
                        best_cost = cost;
                }
        }
        return best;
}

static uint8_t who_dials(const struct picking *p, unsigned slot)
{
        for (uint8_t i = 0; i < SESSION_PARTIES_MAX; i++)
                if (p->dialers[slot] & 1u << i)
                        return i;
        return PARTY_NONE;
}

static int take_given(struct picking *p, unsigned slot, struct alloc_outcome *outcome)
{
        uint32_t number = p->request->given[slot];
        *outcome = (struct alloc_outcome){.slot = (uint8_t)slot, .party = who_dials(p, slot)};
        if (p->pool->traits(p->pool->arg, number)->frozen)
                outcome->reason = ALLOC_GIVEN_FROZEN;
        else if (is_taken(p, number, slot))
                outcome->reason = ALLOC_GIVEN_TWICE;
        else if (!p->pool->is_free(p->pool->arg, number, slot))
                outcome->reason = ALLOC_GIVEN_HELD;
        p->taken[slot] = number;
        return outcome->reason == ALLOC_SERVED ? 0 : ERR_CONFLICT;
}

/* Why the slot could not be filled. */
static void explain(const struct picking *p, unsigned slot, struct alloc_outcome *outcome)
{
        uint32_t all = 0, eligible = 0;
        for (uint32_t number = p->pool->first(p->pool->arg); number != ALLOC_NONE;
             number = p->pool->next(p->pool->arg, number)) {
                unsigned cost;
                all++;
                eligible += fits(p, number, slot, &cost);
        }
        *outcome = (struct alloc_outcome){
                .reason = ALLOC_ALL_HELD,
                .slot = (uint8_t)slot,
                .party = who_dials(p, slot),
                .eligible = eligible,
        };
        if (eligible == 0)
                outcome->reason = all == 0 ? ALLOC_POOL_EMPTY : ALLOC_NONE_FITS;
}

/* Slots of a party that stay empty want a fresh number each, which serves any other party, too. */
static uint32_t most_missing(const struct picking *p)
{
        uint32_t most = 0;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                uint32_t missing = 0;
                if (!(p->request->wanted & BIT(slot)) || p->taken[slot] != ALLOC_NONE)
                        continue;
                for (unsigned other = 0; other < SESSION_SLOTS_MAX; other++)
                        missing += (p->request->wanted & BIT(other)) &&
                                   p->taken[other] == ALLOC_NONE &&
                                   (other == slot || p->dialers[other] & p->dialers[slot]);
                if (missing > most)
                        most = missing;
        }
        return most;
}

static void choose_all(struct picking *p)
{
        const struct alloc_request *request = p->request;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if ((request->wanted & BIT(slot)) && request->given[slot] == ALLOC_NONE)
                        p->taken[slot] = pick(p, slot);
        /* The second may have had nothing left but what the first took, and the first another. */
        if (request->session->model == MODEL_TWO_NUMBERS && request->wanted & BIT(0) &&
            request->given[0] == ALLOC_NONE && p->taken[0] == p->taken[1] &&
            p->taken[0] != ALLOC_NONE)
                p->taken[0] = pick(p, 0);
}

static void begin(struct picking *p, const struct alloc_pool *pool,
                  const struct alloc_request *request)
{
        *p = (struct picking){.pool = pool, .request = request};
        p->slots = session_slots(request->session);
        assert((request->wanted & ~p->slots) == 0);
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                p->dialers[slot] =
                        p->slots & BIT(slot) ? session_dialers(request->session, slot) : 0;
                /* What is kept is told by the caller, as given but not wanted. */
                p->taken[slot] = request->wanted & BIT(slot) ? ALLOC_NONE : request->given[slot];
        }
}

int alloc_pick(const struct alloc_pool *pool, const struct alloc_request *request,
               uint32_t out[SESSION_SLOTS_MAX], struct alloc_outcome *outcome)
{
        struct picking p;
        begin(&p, pool, request);
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                if (!(request->wanted & BIT(slot)) || request->given[slot] == ALLOC_NONE)
                        continue;
                int err = take_given(&p, slot, outcome);
                if (err)
                        return err;
        }

        choose_all(&p);
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                if (!(request->wanted & BIT(slot)) || p.taken[slot] != ALLOC_NONE)
                        continue;
                explain(&p, slot, outcome);
                outcome->needed = outcome->eligible + most_missing(&p);
                return ERR_NO_NUMBER;
        }
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (request->wanted & BIT(slot))
                        out[slot] = p.taken[slot];
        *outcome = (struct alloc_outcome){.reason = ALLOC_SERVED, .party = PARTY_NONE};
        return 0;
}

static const struct {
        const char *name, *sentence;
} reasons[ALLOC_REASONS] = {
        [ALLOC_SERVED] = {"served", "The session has its numbers."},
        [ALLOC_POOL_EMPTY] = {"pool-empty", "The pool has no number: add one to it."},
        [ALLOC_NONE_FITS] =
                {"none-fits",
                 "No number of the pool can carry what is asked, is at home where it must be, and "
                 "takes new sessions: add one that does, or ask for less."},
        [ALLOC_ALL_HELD] =
                {"all-held",
                 "Every number of the pool that fits is held, or was until lately, by a session of "
                 "this party: add numbers, or end sessions and wait for the quarantine."},
        [ALLOC_GIVEN_HELD] =
                {"given-held",
                 "The number asked for is held, or was until lately, by a session of this party: "
                 "ask for another one, or leave the choice to the pool."},
        [ALLOC_GIVEN_FROZEN] = {"given-frozen",
                                "The number asked for takes no new session: ask for another one, "
                                "or let it take some."},
        [ALLOC_GIVEN_TWICE] = {"given-twice",
                               "One number was asked for twice for the same party: it could not "
                               "tell whom it calls."},
};

const char *alloc_reason_name(enum alloc_reason reason)
{
        assert((unsigned)reason < ALLOC_REASONS);
        return reasons[reason].name;
}

const char *alloc_reason_sentence(enum alloc_reason reason)
{
        assert((unsigned)reason < ALLOC_REASONS);
        return reasons[reason].sentence;
}
