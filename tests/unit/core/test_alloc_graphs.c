/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims about numbers, for all small graphs: parties are points, sessions that live at the
 * same time are lines. D is the most sessions that one party holds.
 *
 * Whether a create can be served depends on the numbers that its two parties hold, so every order
 * of every graph is walked once per state: what each party holds, whatever way led there.
 */
#include "core/alloc.h"

#include <stdlib.h>

#include "base/random.h"
#include "core/session_model.h"

#include "../unit.h"

#define PARTIES_MAX 6
#define NUMBERS_MAX 12
#define LINES_MAX   15

struct world {
        unsigned numbers;
        uint16_t held[PARTIES_MAX]; /* the numbers that a party holds, a bit each */
        uint8_t order[NUMBERS_MAX]; /* of use: least recent first */
        unsigned pair[2];           /* of the session that is being created */
        bool one_number;
};

static uint32_t first(void *arg)
{
        const struct world *w = arg;
        return w->numbers ? w->order[0] : ALLOC_NONE;
}

static uint32_t next(void *arg, uint32_t after)
{
        const struct world *w = arg;
        for (unsigned i = 0; i + 1 < w->numbers; i++)
                if (w->order[i] == after)
                        return w->order[i + 1];
        return ALLOC_NONE;
}

static const struct number_traits *traits(void *arg, uint32_t number)
{
        static const struct number_traits plain = {.capabilities = NUMBER_CAPABILITIES_ALL};
        (void)arg;
        (void)number;
        return &plain;
}

static bool is_free(void *arg, uint32_t number, unsigned slot)
{
        const struct world *w = arg;
        uint16_t taken =
                w->one_number ? w->held[w->pair[0]] | w->held[w->pair[1]] : w->held[w->pair[slot]];
        return !(taken >> number & 1);
}

static void use(struct world *w, uint32_t number)
{
        unsigned at = 0;
        while (w->order[at] != number)
                at++;
        memmove(&w->order[at], &w->order[at + 1], w->numbers - at - 1);
        w->order[w->numbers - 1] = (uint8_t)number;
}

static struct pool_policy policy;

/* Adds a session between the two of w->pair; what it got is in `out`. */
static int create(struct world *w, uint32_t out[2], struct alloc_outcome *outcome)
{
        const struct alloc_pool pool = {first, next, traits, is_free, w};
        const struct session session = {
                .model = w->one_number ? MODEL_ONE_NUMBER : MODEL_TWO_NUMBERS,
                .parties = {{.real_count = 1}, {.real_count = 1, .side = 1}},
                .party_count = 2,
        };
        struct alloc_request request;
        uint32_t numbers[SESSION_SLOTS_MAX];
        alloc_request_init(&request, &session, &policy);
        int err = alloc_pick(&pool, &request, numbers, outcome);
        if (err)
                return err;
        for (unsigned i = 0; i < 2; i++) {
                out[i] = numbers[w->one_number ? 0 : i];
                w->held[w->pair[i]] |= (uint16_t)(1u << out[i]);
                use(w, out[i]);
        }
        return 0;
}

static int setup(void **state)
{
        (void)state;
        pool_policy_default(&policy);
        return 0;
}

static void begin(struct world *w, unsigned numbers, bool one_number)
{
        *w = (struct world){.numbers = numbers, .one_number = one_number};
        for (unsigned i = 0; i < numbers; i++)
                w->order[i] = (uint8_t)i;
}

struct graph {
        unsigned parties, lines, most; /* D */
        unsigned line[LINES_MAX][2];
};

/* The lines that `bits` names, of all between `parties` points. */
static struct graph graph_of(unsigned parties, unsigned bits)
{
        struct graph g = {.parties = parties};
        unsigned holds[PARTIES_MAX] = {0}, i = 0;
        for (unsigned a = 0; a < parties; a++)
                for (unsigned b = a + 1; b < parties; b++, i++) {
                        if (!(bits >> i & 1))
                                continue;
                        g.line[g.lines][0] = a;
                        g.line[g.lines++][1] = b;
                        unsigned x = ++holds[a], y = ++holds[b];
                        if (x > g.most)
                                g.most = x;
                        if (y > g.most)
                                g.most = y;
                }
        return g;
}

static unsigned long walked;

/* Every order of the lines that are left. */
static void walk(const struct graph *g, const struct world *w, unsigned done)
{
        walked++;
        for (unsigned i = 0; i < g->lines; i++) {
                if (done >> i & 1)
                        continue;
                struct world after = *w;
                uint32_t out[2];
                struct alloc_outcome outcome;
                after.pair[0] = g->line[i][0];
                after.pair[1] = g->line[i][1];
                assert_int_equal(create(&after, out, &outcome), 0);
                for (unsigned p = 0; p < 2; p++)
                        assert_false(w->held[after.pair[p]] >> out[p] & 1);
                walk(g, &after, done | 1u << i);
        }
}

/* All graphs on up to 4 parties (64 of them on 4), every order: up to 720 of each. */
static void d_numbers_serve_every_small_graph_in_every_order(void **state)
{
        (void)state;
        walked = 0;
        for (unsigned parties = 2; parties <= 4; parties++)
                for (unsigned bits = 0; bits < 1u << (parties * (parties - 1) / 2); bits++) {
                        struct graph g = graph_of(parties, bits);
                        struct world w;
                        begin(&w, g.most, false);
                        walk(&g, &w, 0);
                }
        assert_in_range(walked, 5000, 1000000);
}

/* The same for one number: never more than 2D - 1. */
static void twice_d_less_one_serve_one_number_sessions_in_every_order(void **state)
{
        (void)state;
        walked = 0;
        for (unsigned parties = 2; parties <= 4; parties++)
                for (unsigned bits = 1; bits < 1u << (parties * (parties - 1) / 2); bits++) {
                        struct graph g = graph_of(parties, bits);
                        struct world w;
                        begin(&w, 2 * g.most - 1, true);
                        walk(&g, &w, 0);
                }
        assert_in_range(walked, 5000, 1000000);
}

/* A set of states already walked: what each party holds, with the order of use. */
struct seen {
        uint64_t *keys;
        uint32_t size, count;
};

static uint64_t hash_of(const struct world *w, unsigned done)
{
        uint64_t h = 0xcbf29ce484222325u;
        const unsigned char *bytes[] = {(const unsigned char *)w->held, w->order,
                                        (const unsigned char *)&done};
        const size_t lens[] = {sizeof w->held, sizeof w->order, sizeof done};
        for (unsigned part = 0; part < 3; part++)
                for (size_t i = 0; i < lens[part]; i++)
                        h = (h ^ bytes[part][i]) * 0x100000001b3u;
        return h ? h : 1;
}

static bool is_new(struct seen *seen, uint64_t key)
{
        uint32_t at = (uint32_t)(key % seen->size);
        while (seen->keys[at]) {
                if (seen->keys[at] == key)
                        return false;
                at = at + 1 == seen->size ? 0 : at + 1;
        }
        assert_true(seen->count < seen->size / 2);
        seen->keys[at] = key;
        seen->count++;
        return true;
}

/*
 * Sessions of the graph come and go in any order, each at most once at a time: every state that can
 * be reached. A party that holds fewer than the pool has is always served, and who is not served
 * holds the whole pool.
 */
static void explore(struct seen *seen, const struct graph *g, const struct world *w,
                    uint32_t (*got)[2], unsigned live)
{
        if (!is_new(seen, hash_of(w, live)))
                return;
        for (unsigned i = 0; i < g->lines; i++) {
                struct world after = *w;
                uint32_t mine[LINES_MAX][2];
                memcpy(mine, got, sizeof mine);
                struct alloc_outcome outcome;
                after.pair[0] = g->line[i][0];
                after.pair[1] = g->line[i][1];
                if (live >> i & 1) {
                        for (unsigned p = 0; p < 2; p++)
                                after.held[after.pair[p]] &= (uint16_t) ~(1u << got[i][p]);
                        explore(seen, g, &after, mine, live & ~(1u << i));
                        continue;
                }
                unsigned full = (1u << w->numbers) - 1;
                bool room = w->held[after.pair[0]] != full && w->held[after.pair[1]] != full;
                int err = create(&after, mine[i], &outcome);
                assert_int_equal(err, room ? 0 : ERR_NO_NUMBER);
                if (err) {
                        assert_int_equal(outcome.reason, ALLOC_ALL_HELD);
                        assert_int_equal(outcome.needed, w->numbers + 1);
                        assert_int_equal(w->held[after.pair[outcome.party]], full);
                        continue;
                }
                explore(seen, g, &after, mine, live | 1u << i);
        }
}

static void who_is_refused_alone_holds_the_whole_pool_however_sessions_come_and_go(void **state)
{
        (void)state;
        static const struct {
                unsigned parties, bits, numbers;
        } cases[] = {
                {3, 7, 1}, {3, 7, 2}, {4, 63, 2}, {4, 63, 3}, {5, 1023, 1}, {4, 30, 2},
        };
        struct seen seen = {.size = 1 << 22};
        seen.keys = calloc(seen.size, sizeof *seen.keys);
        assert_non_null(seen.keys);
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct graph g = graph_of(cases[i].parties, cases[i].bits);
                struct world w;
                uint32_t none[LINES_MAX][2] = {{0}};
                memset(seen.keys, 0, seen.size * sizeof *seen.keys);
                seen.count = 0;
                begin(&w, cases[i].numbers, false);
                explore(&seen, &g, &w, none, 0);
                assert_in_range(seen.count, 3, seen.size);
        }
        free(seen.keys);
}

/* Any graph on 5 and 6 parties, in orders drawn at random; with two lines between two, too. */
static void d_numbers_serve_every_graph_of_five_and_six_in_some_orders(void **state)
{
        (void)state;
        struct random r;
        random_init_seeded(&r, 5);
        for (unsigned parties = 5; parties <= 6; parties++)
                for (unsigned bits = 1; bits < 1u << (parties * (parties - 1) / 2); bits++) {
                        struct graph g = graph_of(parties, bits);
                        for (unsigned again = 0; again < 4; again++) {
                                struct world two, one;
                                begin(&two, g.most, false);
                                begin(&one, 2 * g.most - 1, true);
                                for (unsigned i = g.lines; i > 0; i--) {
                                        unsigned j = random_below(&r, i);
                                        unsigned line[2] = {g.line[j][0], g.line[j][1]};
                                        memcpy(g.line[j], g.line[i - 1], sizeof line);
                                        memcpy(g.line[i - 1], line, sizeof line);
                                        uint32_t out[2];
                                        struct alloc_outcome outcome;
                                        memcpy(two.pair, line, sizeof line);
                                        memcpy(one.pair, line, sizeof line);
                                        assert_int_equal(create(&two, out, &outcome), 0);
                                        assert_int_equal(create(&one, out, &outcome), 0);
                                }
                        }
                }
}

/* That the bound of one-number sessions is not a number of ours: a graph for which D is too few. */
static void d_numbers_do_not_serve_every_one_number_graph(void **state)
{
        (void)state;
        /* A triangle: two sessions at each party, and three numbers. */
        struct world w;
        uint32_t out[2];
        struct alloc_outcome outcome;
        begin(&w, 2, true);
        static const unsigned lines[3][2] = {{0, 1}, {1, 2}, {0, 2}};
        for (unsigned i = 0; i < 3; i++) {
                memcpy(w.pair, lines[i], sizeof w.pair);
                assert_int_equal(create(&w, out, &outcome), i < 2 ? 0 : ERR_NO_NUMBER);
        }
        begin(&w, 2, false);
        for (unsigned i = 0; i < 3; i++) {
                memcpy(w.pair, lines[i], sizeof w.pair);
                assert_int_equal(create(&w, out, &outcome), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(d_numbers_serve_every_small_graph_in_every_order),
                cmocka_unit_test(twice_d_less_one_serve_one_number_sessions_in_every_order),
                cmocka_unit_test(
                        who_is_refused_alone_holds_the_whole_pool_however_sessions_come_and_go),
                cmocka_unit_test(d_numbers_serve_every_graph_of_five_and_six_in_some_orders),
                cmocka_unit_test(d_numbers_do_not_serve_every_one_number_graph),
        };
        return cmocka_run_group_tests(tests, setup, NULL);
}
