/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alloc.h"

#include "base/random.h"

#include "../unit.h"

#define POOL_MAX 16

/* Numbers are 0 to 15; `order` is their use, least recent first. */
struct world {
        uint32_t order[POOL_MAX];
        uint32_t count;
        bool busy[2][POOL_MAX];
};

static uint32_t first(void *arg)
{
        const struct world *w = arg;
        return w->count ? w->order[0] : ALLOC_NONE;
}

static uint32_t next(void *arg, uint32_t after)
{
        const struct world *w = arg;
        for (uint32_t i = 0; i + 1 < w->count; i++)
                if (w->order[i] == after)
                        return w->order[i + 1];
        return ALLOC_NONE;
}

static bool is_free(void *arg, uint32_t number, unsigned slot)
{
        const struct world *w = arg;
        return !w->busy[slot][number];
}

static const struct number_traits *traits(void *arg, uint32_t number)
{
        static const struct number_traits plain = {.capabilities = NUMBER_CAPABILITIES_ALL};
        (void)arg;
        (void)number;
        return &plain;
}

static int pick(struct world *w, uint32_t given_a, uint32_t given_b, uint32_t out[2])
{
        const struct alloc_pool pool = {first, next, traits, is_free, w};
        const struct session session = {
                .parties = {{.real_count = 1}, {.real_count = 1, .side = 1}},
                .party_count = 2,
        };
        struct pool_policy policy;
        struct alloc_request request;
        struct alloc_outcome outcome;
        uint32_t numbers[SESSION_SLOTS_MAX] = {out[0], out[1]};
        pool_policy_default(&policy);
        alloc_request_init(&request, &session, &policy);
        request.given[0] = given_a;
        request.given[1] = given_b;
        int err = alloc_pick(&pool, &request, numbers, &outcome);
        assert_int_equal(err == 0, outcome.reason == ALLOC_SERVED);
        out[0] = numbers[0];
        out[1] = numbers[1];
        return err;
}

/* All pairs that the rules allow; says whether any is there, and any of two numbers. */
static bool search(const struct world *w, const uint32_t given[2], bool *distinct)
{
        bool any = false;
        *distinct = false;
        for (uint32_t a = 0; a < POOL_MAX; a++)
                for (uint32_t b = 0; b < POOL_MAX; b++) {
                        bool a_in = given[0] == ALLOC_NONE ? a < w->count : a == given[0];
                        bool b_in = given[1] == ALLOC_NONE ? b < w->count : b == given[1];
                        if (!a_in || !b_in || w->busy[0][a] || w->busy[1][b])
                                continue;
                        any = true;
                        *distinct |= a != b;
                }
        return any;
}

static void check_case(struct world *w, const uint32_t given[2])
{
        bool distinct, any = search(w, given, &distinct);
        uint32_t out[2] = {77, 77};
        int err = pick(w, given[0], given[1], out);
        if (!any) {
                bool taken = (given[0] != ALLOC_NONE && w->busy[0][given[0]]) ||
                             (given[1] != ALLOC_NONE && w->busy[1][given[1]]);
                assert_int_equal(err, taken ? ERR_CONFLICT : ERR_NO_NUMBER);
                assert_int_equal(out[0], 77);
                return;
        }
        assert_int_equal(err, 0);
        for (unsigned p = 0; p < 2; p++) {
                assert_false(w->busy[p][out[p]]);
                if (given[p] != ALLOC_NONE)
                        assert_int_equal(out[p], given[p]);
                else
                        assert_in_range(out[p], 0, w->count - 1);
        }
        assert_int_equal(out[0] != out[1], distinct);
}

/* Every set of busy numbers for either party, every given one, one of them outside the pool. */
static void it_serves_whatever_can_be_served_and_with_two_numbers_if_it_can(void **state)
{
        (void)state;
        static const uint32_t givens[] = {ALLOC_NONE, 0, 1, 2, 3};
        unsigned cases = 0;
        for (uint32_t count = 0; count <= 3; count++)
                for (unsigned busy = 0; busy < 256; busy++)
                        for (unsigned g = 0; g < 25; g++) {
                                struct world w = {.order = {0, 1, 2}, .count = count};
                                for (unsigned i = 0; i < 4; i++) {
                                        w.busy[0][i] = busy >> i & 1;
                                        w.busy[1][i] = busy >> (4 + i) & 1;
                                }
                                uint32_t given[2] = {givens[g % 5], givens[g / 5]};
                                check_case(&w, given);
                                cases++;
                        }
        assert_int_equal(cases, 4 * 256 * 25);
}

static void the_least_recently_used_comes_first(void **state)
{
        (void)state;
        struct world w = {.order = {2, 0, 3, 1}, .count = 4};
        uint32_t out[2] = {0};
        assert_int_equal(pick(&w, ALLOC_NONE, ALLOC_NONE, out), 0);
        assert_int_equal(out[0], 2);
        assert_int_equal(out[1], 0);
        w.busy[0][2] = true;
        assert_int_equal(pick(&w, ALLOC_NONE, ALLOC_NONE, out), 0);
        assert_int_equal(out[0], 0);
        assert_int_equal(out[1], 2);
}

static void one_number_serves_two_parties_when_there_is_no_other(void **state)
{
        (void)state;
        struct world w = {.order = {5}, .count = 1};
        uint32_t out[2] = {0};
        assert_int_equal(pick(&w, ALLOC_NONE, ALLOC_NONE, out), 0);
        assert_int_equal(out[0], 5);
        assert_int_equal(out[1], 5);
}

static void touch(struct world *w, uint32_t number)
{
        uint32_t i = 0;
        while (w->order[i] != number)
                i++;
        memmove(&w->order[i], &w->order[i + 1], (w->count - i - 1) * sizeof w->order[0]);
        w->order[w->count - 1] = number;
}

/*
 * The guarantee: with D numbers, parties that hold at most D - 1 sessions can always get another
 * one, whatever came before. Sessions come and go at random among a few parties.
 */
static void a_party_below_its_limit_is_always_served(void **state)
{
        (void)state;
        enum {
                PARTIES = 9,
                SESSIONS = 64
        };
        for (uint64_t seed = 1; seed <= 20; seed++) {
                struct random r;
                random_init_seeded(&r, seed);
                struct world w = {.count = 1 + random_below(&r, 5)};
                for (uint32_t i = 0; i < w.count; i++)
                        w.order[i] = i;
                bool held[PARTIES][POOL_MAX] = {0};
                uint32_t holds[PARTIES] = {0};
                struct {
                        uint32_t party[2], number[2];
                } live[SESSIONS];
                unsigned lives = 0, served = 0, refused = 0;
                for (unsigned step = 0; step < 5000; step++) {
                        if (lives && (lives == SESSIONS || random_below(&r, 5) < 2)) {
                                unsigned i = random_below(&r, lives);
                                for (unsigned p = 0; p < 2; p++) {
                                        held[live[i].party[p]][live[i].number[p]] = false;
                                        holds[live[i].party[p]]--;
                                }
                                live[i] = live[--lives];
                                continue;
                        }
                        uint32_t a = random_below(&r, PARTIES);
                        uint32_t b = (a + 1 + random_below(&r, PARTIES - 1)) % PARTIES;
                        memcpy(w.busy[0], held[a], sizeof held[a]);
                        memcpy(w.busy[1], held[b], sizeof held[b]);
                        uint32_t out[2] = {0};
                        int err = pick(&w, ALLOC_NONE, ALLOC_NONE, out);
                        bool room = holds[a] < w.count && holds[b] < w.count;
                        assert_int_equal(err, room ? 0 : ERR_NO_NUMBER);
                        served += room;
                        refused += !room;
                        if (err)
                                continue;
                        const uint32_t pair[2] = {a, b};
                        for (unsigned p = 0; p < 2; p++) {
                                assert_false(held[pair[p]][out[p]]);
                                held[pair[p]][out[p]] = true;
                                holds[pair[p]]++;
                                live[lives].party[p] = pair[p];
                                live[lives].number[p] = out[p];
                                touch(&w, out[p]);
                        }
                        lives++;
                }
                assert_in_range(served, 100, 5000);
                assert_in_range(refused, 1, 5000);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_serves_whatever_can_be_served_and_with_two_numbers_if_it_can),
                cmocka_unit_test(the_least_recently_used_comes_first),
                cmocka_unit_test(one_number_serves_two_parties_when_there_is_no_other),
                cmocka_unit_test(a_party_below_its_limit_is_always_served),
        };
        return RUN_TESTS(tests);
}
