/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation against a model of its rules: numbers with traits, sessions of every model that come,
 * end and leave quarantine: 4,000 steps a seed, as many seeds as the argument says. The model knows which (party, number) pairs are held
 * and nothing of how one is chosen; what is chosen must be the first in use of those that cost
 * least by the policy.
 */
#include "core/alloc.h"

#include <stdlib.h>

#include "core/session_model.h"

#include "../unit.h"
#include "sessions.h"

#define NUMBERS 24
#define PEOPLE  40
#define LIVE    160

struct live {
        struct session session;
        uint32_t person[SESSION_PARTIES_MAX];
        uint32_t held[SESSION_SLOTS_MAX];
        uint64_t slots;
};

static struct world {
        struct random random;
        struct number_traits traits[NUMBERS];
        uint32_t order[NUMBERS];
        uint32_t count;
        bool held[PEOPLE][NUMBERS];
        bool open[NUMBERS];
        uint32_t holders[NUMBERS];
        struct live lives[LIVE];
        unsigned live;
        struct live made;
        bool ignore_holders; /* as if no session were there */
} world;

static uint32_t first(void *arg)
{
        (void)arg;
        return world.count ? world.order[0] : ALLOC_NONE;
}

static uint32_t next(void *arg, uint32_t after)
{
        (void)arg;
        for (uint32_t i = 0; i + 1 < world.count; i++)
                if (world.order[i] == after)
                        return world.order[i + 1];
        return ALLOC_NONE;
}

static const struct number_traits *traits_of(void *arg, uint32_t number)
{
        (void)arg;
        return &world.traits[number];
}

static bool is_free(void *arg, uint32_t number, unsigned slot)
{
        (void)arg;
        const struct live *made = &world.made;
        if (world.ignore_holders)
                return true;
        if (session_slot_is_open(&made->session, slot))
                return world.holders[number] == 0;
        if (world.open[number])
                return false;
        uint32_t dialers = session_dialers(&made->session, slot);
        for (unsigned i = 0; i < made->session.party_count; i++)
                if ((dialers >> i & 1) && world.held[made->person[i]][number])
                        return false;
        return true;
}

/* What the contract says of a number for a slot: SIZE_MAX when it can't have it. */
static size_t cost_of(const struct alloc_request *request, const uint32_t taken[], uint32_t number,
                      unsigned slot)
{
        const struct number_traits *traits = &world.traits[number];
        const struct pool_policy *p = request->policy;
        if (traits->frozen || traits->reserved || (p->capabilities & ~traits->capabilities))
                return SIZE_MAX;
        for (unsigned other = 0; other < SESSION_SLOTS_MAX; other++)
                if (other != slot && taken[other] == number &&
                    (session_dialers(request->session, other) &
                     session_dialers(request->session, slot)))
                        return SIZE_MAX;
        if (!is_free(NULL, number, slot))
                return SIZE_MAX;
        unsigned who = 0;
        uint32_t dialers = session_dialers(request->session, slot);
        while (dialers ? !(dialers >> who & 1) : request->session->parties[who].side != 1)
                who++;
        enum number_distance d = number_distance(&traits->place, &request->wish[who]);
        if ((p->match_country == MATCH_STRICT && d == DISTANCE_ABROAD) ||
            (p->match_area == MATCH_STRICT && d != DISTANCE_SAME_AREA))
                return SIZE_MAX;
        size_t cost = 0;
        if (p->selection == SELECT_AVOID && request->had[slot] == number)
                cost += 8;
        if (p->match_country == MATCH_BEST_EFFORT && d == DISTANCE_ABROAD)
                cost += 4;
        if (p->match_area == MATCH_BEST_EFFORT && d != DISTANCE_SAME_AREA)
                cost += 2;
        return cost;
}

/* Whether a slot got the best there was, and whether one that got none could have had none. */
static void check_choice(const struct alloc_request *request, const uint32_t chosen[],
                         unsigned slot)
{
        size_t mine = cost_of(request, chosen, chosen[slot], slot);
        assert_true(mine != SIZE_MAX);
        uint32_t had = request->had[slot];
        if (request->policy->selection == SELECT_STICKY && had != ALLOC_NONE &&
            cost_of(request, chosen, had, slot) != SIZE_MAX) {
                if (request->session->model != MODEL_GROUP)
                        assert_int_equal(chosen[slot], had);
                return;
        }
        for (uint32_t i = 0; i < world.count; i++) {
                size_t cost = cost_of(request, chosen, world.order[i], slot);
                assert_true(cost == SIZE_MAX || cost >= mine);
                if (request->session->model == MODEL_TWO_NUMBERS)
                        continue; /* which of equals is said by another test: the two differ */
                if (world.order[i] == chosen[slot])
                        return;
                assert_true(cost == SIZE_MAX || cost > mine ||
                            request->session->model == MODEL_GROUP);
        }
}

static void touch(uint32_t number)
{
        uint32_t i = 0;
        while (world.order[i] != number)
                i++;
        memmove(&world.order[i], &world.order[i + 1],
                (world.count - i - 1) * sizeof world.order[0]);
        world.order[world.count - 1] = number;
}

static void hold(struct live *live, bool yes)
{
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                if (!(live->slots >> slot & 1))
                        continue;
                uint32_t number = live->held[slot], dialers = session_dialers(&live->session, slot);
                for (unsigned i = 0; i < live->session.party_count; i++) {
                        if (!(dialers >> i & 1))
                                continue;
                        assert_int_equal(world.held[live->person[i]][number], !yes);
                        world.held[live->person[i]][number] = yes;
                }
                world.holders[number] += yes ? 1 : -1u;
                if (session_slot_is_open(&live->session, slot))
                        world.open[number] = yes;
                if (yes)
                        touch(number);
        }
}

static void make_numbers(void)
{
        static const char *const countries[] = {"IN", "GB", ""};
        static const char *const areas[] = {"80", "22", ""};
        struct random *r = &world.random;
        world.count = 1 + random_below(r, NUMBERS);
        for (uint32_t i = 0; i < NUMBERS; i++) {
                struct number_traits *traits = &world.traits[i];
                *traits = (struct number_traits){
                        .capabilities = (uint8_t)(1 | random_below(r, 2) << 1),
                        .reserved = random_below(r, 12) == 0,
                        .frozen = random_below(r, 12) == 0,
                };
                strcpy(traits->place.country, countries[random_below(r, 3)]);
                strcpy(traits->place.area, areas[random_below(r, 3)]);
                world.order[i] = i;
        }
}

static void make_policy(struct pool_policy *policy)
{
        struct random *r = &world.random;
        pool_policy_default(policy);
        policy->selection = (uint8_t)random_below(r, 3);
        policy->match_country = (uint8_t)random_below(r, 3);
        policy->match_area = (uint8_t)random_below(r, 3);
        policy->capabilities = (uint8_t)(1 | (random_below(r, 4) == 0) << 1);
}

static void make_request(struct alloc_request *request, const struct pool_policy *policy)
{
        struct random *r = &world.random;
        struct live *made = &world.made;
        made->session = random_session(r);
        uint32_t at = random_below(r, PEOPLE);
        for (unsigned i = 0; i < made->session.party_count; i++) {
                made->person[i] = at;
                at = (at + 1 + random_below(r, 2)) % PEOPLE;
        }
        alloc_request_init(request, &made->session, policy);
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (random_below(r, 2))
                        request->had[slot] = world.order[random_below(r, world.count)];
        for (unsigned i = 0; i < made->session.party_count; i++)
                if (random_below(r, 2)) {
                        strcpy(request->wish[i].country, "IN");
                        if (random_below(r, 2))
                                strcpy(request->wish[i].area, "80");
                }
}

/* A slot that is refused: no number may be had for it, whatever the others got. */
static void check_refusal(const struct alloc_request *request, const struct alloc_outcome *outcome)
{
        uint32_t nothing[SESSION_SLOTS_MAX], fit = 0, can = 0;
        memset(nothing, 0xff, sizeof nothing);
        for (uint32_t i = 0; i < world.count; i++)
                can += cost_of(request, nothing, world.order[i], outcome->slot) != SIZE_MAX;
        world.ignore_holders = true;
        for (uint32_t i = 0; i < world.count; i++)
                fit += cost_of(request, nothing, world.order[i], outcome->slot) != SIZE_MAX;
        world.ignore_holders = false;
        assert_int_equal(outcome->eligible, fit);
        assert_int_equal(outcome->reason, fit ? ALLOC_ALL_HELD : ALLOC_NONE_FITS);
        /* A party of a group of n may want n - 1 of which some are there. */
        if (request->session->model == MODEL_GROUP)
                assert_in_range(can, 0, SESSION_GROUP_MAX - 2);
        else
                assert_int_equal(can, 0);
        assert_in_range(outcome->needed, fit + 1, fit + SESSION_GROUP_MAX);
}

static unsigned seeds = 60;

static void sessions_of_every_model_get_what_the_rules_say(void **state)
{
        (void)state;
        unsigned served[SESSION_MODELS] = {0}, refused = 0;
        for (unsigned seed = 1; seed <= seeds; seed++) {
                memset(&world, 0, sizeof world);
                random_init_seeded(&world.random, seed);
                make_numbers();
                for (unsigned step = 0; step < 4000; step++) {
                        struct random *r = &world.random;
                        if (world.live && (world.live == LIVE || random_below(r, 5) < 2)) {
                                unsigned i = random_below(r, world.live);
                                hold(&world.lives[i], false);
                                world.lives[i] = world.lives[--world.live];
                                continue;
                        }
                        struct pool_policy policy;
                        struct alloc_request request;
                        struct alloc_outcome outcome;
                        const struct alloc_pool pool = {first, next, traits_of, is_free, NULL};
                        make_policy(&policy);
                        make_request(&request, &policy);
                        struct live *made = &world.made;
                        made->slots = request.wanted;
                        memset(made->held, 0xff, sizeof made->held);
                        int err = alloc_pick(&pool, &request, made->held, &outcome);
                        if (err) {
                                assert_int_equal(err, ERR_NO_NUMBER);
                                assert_int_equal(made->held[outcome.slot], ALLOC_NONE);
                                check_refusal(&request, &outcome);
                                refused++;
                                continue;
                        }
                        served[made->session.model]++;
                        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                                if (made->slots >> slot & 1)
                                        check_choice(&request, made->held, slot);
                        hold(made, true);
                        world.lives[world.live++] = *made;
                }
        }
        for (unsigned i = 0; i < SESSION_MODELS; i++)
                assert_in_range(served[i], seeds * 20, UINT32_MAX);
        assert_in_range(refused, seeds * 50, UINT32_MAX);
}

/* A group is served as long as each of its parties has n - 1 numbers free. */
static void a_group_is_served_as_long_as_each_party_has_room(void **state)
{
        (void)state;
        struct random *r = &world.random;
        memset(&world, 0, sizeof world);
        random_init_seeded(r, 3);
        struct pool_policy policy;
        pool_policy_default(&policy);
        for (uint32_t i = 0; i < NUMBERS; i++) {
                world.traits[i].capabilities = 1;
                world.order[i] = i;
        }
        for (unsigned n = 0; n < 20000; n++) {
                world.count = 1 + random_below(r, 9);
                struct live *made = &world.made;
                unsigned parties = 2 + random_below(r, 7);
                made->session = make_session(MODEL_GROUP, parties, 0);
                uint32_t worst = 0;
                for (unsigned i = 0; i < parties; i++) {
                        uint32_t free_ones = 0;
                        made->person[i] = i;
                        for (uint32_t m = 0; m < world.count; m++) {
                                world.held[i][m] = random_below(r, 3) == 0;
                                free_ones += !world.held[i][m];
                        }
                        uint32_t missing = free_ones < parties - 1 ? parties - 1 - free_ones : 0;
                        worst = missing > worst ? missing : worst;
                }
                const struct alloc_pool pool = {first, next, traits_of, is_free, NULL};
                struct alloc_request request;
                struct alloc_outcome outcome;
                alloc_request_init(&request, &made->session, &policy);
                int err = alloc_pick(&pool, &request, made->held, &outcome);
                assert_int_equal(err, worst ? ERR_NO_NUMBER : 0);
                if (err)
                        assert_int_equal(outcome.needed, world.count + worst);
        }
}

static void what_is_kept_is_not_given_to_the_same_party_again(void **state)
{
        (void)state;
        memset(&world, 0, sizeof world);
        struct pool_policy policy;
        pool_policy_default(&policy);
        world.count = 3;
        for (uint32_t i = 0; i < 3; i++) {
                world.traits[i].capabilities = 1;
                world.order[i] = i;
        }
        struct live *made = &world.made;
        made->session = make_session(MODEL_GROUP, 3, 0);
        const struct alloc_pool pool = {first, next, traits_of, is_free, NULL};
        struct alloc_request request;
        struct alloc_outcome outcome;
        alloc_request_init(&request, &made->session, &policy);
        /* Party 0 keeps number 0 for party 1 and wants one for party 2. */
        request.wanted = 1 << 2;
        request.given[1] = 0;
        assert_int_equal(alloc_pick(&pool, &request, made->held, &outcome), 0);
        assert_int_equal(made->held[2], 1);
}

static void what_is_given_is_had_or_the_create_fails(void **state)
{
        (void)state;
        memset(&world, 0, sizeof world);
        struct pool_policy policy;
        pool_policy_default(&policy);
        world.count = 2;
        for (uint32_t i = 0; i < NUMBERS; i++) {
                world.traits[i].capabilities = 1;
                world.order[i] = i;
        }
        struct live *made = &world.made;
        made->session = make_session(MODEL_TWO_NUMBERS, 1, 1);
        made->person[1] = 1;
        const struct alloc_pool pool = {first, next, traits_of, is_free, NULL};
        struct alloc_request request;
        struct alloc_outcome outcome;
        alloc_request_init(&request, &made->session, &policy);
        /* Reserved, not in the pool, unable: by name all the same. */
        request.given[0] = 7;
        world.traits[7] = (struct number_traits){.reserved = true};
        assert_int_equal(alloc_pick(&pool, &request, made->held, &outcome), 0);
        assert_int_equal(made->held[0], 7);
        assert_int_equal(made->held[1], 0);

        world.traits[7].frozen = true;
        assert_int_equal(alloc_pick(&pool, &request, made->held, &outcome), ERR_CONFLICT);
        assert_int_equal(outcome.reason, ALLOC_GIVEN_FROZEN);
        assert_int_equal(outcome.party, 0);
        world.traits[7].frozen = false;
        world.held[0][7] = true;
        assert_int_equal(alloc_pick(&pool, &request, made->held, &outcome), ERR_CONFLICT);
        assert_int_equal(outcome.reason, ALLOC_GIVEN_HELD);

        made->session = make_session(MODEL_GROUP, 3, 0);
        made->person[2] = 2;
        alloc_request_init(&request, &made->session, &policy);
        request.given[1] = request.given[2] = 0;
        assert_int_equal(alloc_pick(&pool, &request, made->held, &outcome), ERR_CONFLICT);
        assert_int_equal(outcome.reason, ALLOC_GIVEN_TWICE);
        assert_int_equal(outcome.slot, 2);
}

static void an_empty_pool_says_so(void **state)
{
        (void)state;
        memset(&world, 0, sizeof world);
        struct pool_policy policy;
        pool_policy_default(&policy);
        world.made.session = make_session(MODEL_LAST_CALLER, 0, 1);
        const struct alloc_pool pool = {first, next, traits_of, is_free, NULL};
        struct alloc_request request;
        struct alloc_outcome outcome;
        alloc_request_init(&request, &world.made.session, &policy);
        assert_int_equal(alloc_pick(&pool, &request, world.made.held, &outcome), ERR_NO_NUMBER);
        assert_int_equal(outcome.reason, ALLOC_POOL_EMPTY);
        assert_int_equal(outcome.needed, 1);
        for (unsigned i = 0; i < ALLOC_REASONS; i++)
                for (unsigned j = 0; j < i; j++) {
                        assert_string_not_equal(alloc_reason_name((enum alloc_reason)i),
                                                alloc_reason_name((enum alloc_reason)j));
                        assert_string_not_equal(alloc_reason_sentence((enum alloc_reason)i),
                                                alloc_reason_sentence((enum alloc_reason)j));
                }
}

int main(int argc, char **argv)
{
        if (argc > 1)
                seeds = (unsigned)atoi(argv[1]);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sessions_of_every_model_get_what_the_rules_say),
                cmocka_unit_test(a_group_is_served_as_long_as_each_party_has_room),
                cmocka_unit_test(what_is_kept_is_not_given_to_the_same_party_again),
                cmocka_unit_test(what_is_given_is_had_or_the_create_fails),
                cmocka_unit_test(an_empty_pool_says_so),
        };
        return RUN_TESTS(tests);
}
