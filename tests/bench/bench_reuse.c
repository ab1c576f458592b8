/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_reuse.c - how often a call to a number of an ended session would reach a stranger.
 *
 * The model of docs/design/how-many-numbers.md: 1,500 and 6,000 parties, one session a second that is
 * held for 15 minutes on average; each party redials in 15 % of its sessions, 20 minutes on average
 * after the end. Numbers are chosen by core/alloc. Prints a row for each way to reuse numbers, and
 * the figure: pairs quarantined for two hours, in a pool of D + 10 numbers. Fails when a create was
 * refused.
 */
#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "core/alloc.h"

#define SIDE_0      1500
#define PEOPLE      7500
#define SESSIONS    40000
#define HOLD_S      900.0
#define REDIALS     0.15
#define REDIAL_S    1200.0
#define NUMBERS_MAX 512
#define RUNS        3
#define EVENTS_MAX  (SESSIONS * 5)

struct way {
        const char *name;
        enum session_model model;
        int64_t pair_ms;   /* quarantine of the pair */
        int64_t number_ms; /* of the whole number */
        uint32_t numbers;  /* 0: as many as it takes, the first that is free */
};

enum event_kind {
        EVENT_END,
        EVENT_FREE,
        EVENT_REDIAL,
};

struct event {
        int64_t at_ms;
        enum event_kind kind;
        uint32_t session;
        uint8_t side;
};

struct held {
        uint32_t party[2], number[2];
};

static struct world {
        struct random random;
        const struct way *way;
        int64_t now_ms;
        struct held sessions[SESSIONS];
        int32_t *holder; /* [party][number]: the session that has the pair, ended or not; -1 */
        uint32_t holds[PEOPLE], most;
        int64_t cool_ms[NUMBERS_MAX]; /* until when a number is given to nobody */
        bool touched[NUMBERS_MAX], live[SESSIONS];
        uint32_t order[NUMBERS_MAX], count;
        uint32_t pair[2]; /* of the session that is being created */
        struct event events[EVENTS_MAX];
        uint32_t event_count;
        uint32_t redials, strangers, refused;
} world;

static int32_t *holder_of(uint32_t party, uint32_t number)
{
        return &world.holder[(size_t)party * NUMBERS_MAX + number];
}

/* ---- what happens when ---- */

static void push(struct event event)
{
        assert(world.event_count < EVENTS_MAX);
        uint32_t at = world.event_count++;
        while (at && world.events[(at - 1) / 2].at_ms > event.at_ms) {
                world.events[at] = world.events[(at - 1) / 2];
                at = (at - 1) / 2;
        }
        world.events[at] = event;
}

static struct event pop(void)
{
        struct event first = world.events[0], last = world.events[--world.event_count];
        uint32_t at = 0;
        for (;;) {
                uint32_t child = 2 * at + 1;
                if (child >= world.event_count)
                        break;
                if (child + 1 < world.event_count &&
                    world.events[child + 1].at_ms < world.events[child].at_ms)
                        child++;
                if (last.at_ms <= world.events[child].at_ms)
                        break;
                world.events[at] = world.events[child];
                at = child;
        }
        world.events[at] = last;
        return first;
}

static double uniform(void)
{
        return ((double)random_u32(&world.random) + 1) / 4294967297.0;
}

static int64_t exponential_ms(double mean_s)
{
        return (int64_t)(-log(uniform()) * mean_s * 1000) + 1;
}

/* ---- the pool ---- */

static uint32_t first(void *arg)
{
        (void)arg;
        return world.order[0];
}

static uint32_t next(void *arg, uint32_t after)
{
        (void)arg;
        for (uint32_t i = 0; i + 1 < world.count; i++)
                if (world.order[i] == after)
                        return world.order[i + 1];
        return ALLOC_NONE;
}

static const struct number_traits *traits(void *arg, uint32_t number)
{
        static const struct number_traits voice = {.capabilities = 1 << CAN_VOICE};
        (void)arg;
        (void)number;
        return &voice;
}

static bool is_free(void *arg, uint32_t number, unsigned slot)
{
        (void)arg;
        if (world.cool_ms[number] > world.now_ms)
                return false;
        if (world.way->model == MODEL_ONE_NUMBER)
                return *holder_of(world.pair[0], number) < 0 &&
                       *holder_of(world.pair[1], number) < 0;
        return *holder_of(world.pair[slot], number) < 0;
}

static void use(uint32_t number)
{
        world.touched[number] = true;
        if (!world.way->numbers)
                return; /* the first that is free stays the first */
        uint32_t i = 0;
        while (world.order[i] != number)
                i++;
        memmove(&world.order[i], &world.order[i + 1],
                (world.count - i - 1) * sizeof world.order[0]);
        world.order[world.count - 1] = number;
}

/* ---- a session's life ---- */

static void create(uint32_t id)
{
        static struct pool_policy policy;
        const struct alloc_pool pool = {first, next, traits, is_free, NULL};
        const struct session session = {
                .model = world.way->model,
                .parties = {{.real_count = 1}, {.real_count = 1, .side = 1}},
                .party_count = 2,
        };
        struct alloc_request request;
        struct alloc_outcome outcome;
        uint32_t out[SESSION_SLOTS_MAX];
        world.pair[0] = random_below(&world.random, SIDE_0);
        world.pair[1] = SIDE_0 + random_below(&world.random, PEOPLE - SIDE_0);
        pool_policy_default(&policy);
        alloc_request_init(&request, &session, &policy);
        if (alloc_pick(&pool, &request, out, &outcome)) {
                world.refused++;
                return;
        }
        for (unsigned i = 0; i < 2; i++) {
                uint32_t number = out[world.way->model == MODEL_ONE_NUMBER ? 0 : i];
                uint32_t party = world.pair[i];
                world.sessions[id].party[i] = party;
                world.sessions[id].number[i] = number;
                *holder_of(party, number) = (int32_t)id;
                use(number);
                if (++world.holds[party] > world.most)
                        world.most = world.holds[party];
        }
        world.live[id] = true;
        push((struct event){world.now_ms + exponential_ms(HOLD_S), EVENT_END, id, 0});
}

static void end(uint32_t id)
{
        world.live[id] = false;
        push((struct event){world.now_ms + world.way->pair_ms, EVENT_FREE, id, 0});
        for (uint8_t i = 0; i < 2; i++) {
                int64_t *cool = &world.cool_ms[world.sessions[id].number[i]];
                if (*cool < world.now_ms + world.way->number_ms)
                        *cool = world.now_ms + world.way->number_ms;
                if (uniform() < REDIALS)
                        push((struct event){world.now_ms + exponential_ms(REDIAL_S), EVENT_REDIAL,
                                            id, i});
        }
}

static void set_free(uint32_t id)
{
        for (unsigned i = 0; i < 2; i++) {
                uint32_t party = world.sessions[id].party[i];
                *holder_of(party, world.sessions[id].number[i]) = -1;
                world.holds[party]--;
        }
}

/* Who dials the number of a session that is over reaches whom the pair leads to now. */
static void redial(uint32_t id, unsigned side)
{
        const struct held *mine = &world.sessions[id];
        int32_t now = *holder_of(mine->party[side], mine->number[side]);
        world.redials++;
        if (now < 0 || now == (int32_t)id || !world.live[now])
                return;
        const struct held *other = &world.sessions[now];
        unsigned at = other->party[1] == mine->party[side];
        world.strangers += other->party[1 - at] != mine->party[1 - side];
}

static void run(const struct way *way, uint32_t numbers, uint64_t seed)
{
        int32_t *holder = world.holder;
        memset(&world, 0, sizeof world);
        world.holder = holder;
        memset(holder, 0xff, (size_t)PEOPLE * NUMBERS_MAX * sizeof *holder);
        random_init_seeded(&world.random, seed);
        world.way = way;
        world.count = numbers ? numbers : NUMBERS_MAX;
        for (uint32_t i = 0; i < world.count; i++)
                world.order[i] = i;

        int64_t next_ms = 0;
        for (uint32_t id = 0; id < SESSIONS || world.event_count;) {
                if (id < SESSIONS && (!world.event_count || next_ms <= world.events[0].at_ms)) {
                        world.now_ms = next_ms;
                        create(id++);
                        next_ms += exponential_ms(1.0);
                        continue;
                }
                struct event event = pop();
                world.now_ms = event.at_ms;
                switch (event.kind) {
                case EVENT_END:
                        end(event.session);
                        break;
                case EVENT_FREE:
                        set_free(event.session);
                        break;
                case EVENT_REDIAL:
                        redial(event.session, event.side);
                        break;
                }
        }
}

static uint32_t touched(void)
{
        uint32_t count = 0;
        for (unsigned i = 0; i < NUMBERS_MAX; i++)
                count += world.touched[i];
        return count;
}

struct figure {
        uint32_t numbers, redials, strangers, refused;
        double min, max; /* per cent, of single runs */
};

static struct figure measure(const struct way *way)
{
        struct figure figure = {.min = 100};
        for (uint64_t seed = 1; seed <= RUNS; seed++) {
                /* D of this load, by a run with numbers in plenty. */
                uint32_t numbers = 0;
                if (way->numbers) {
                        run(way, NUMBERS_MAX, seed);
                        numbers = world.most + way->numbers;
                }
                run(way, numbers, seed);
                double percent = 100.0 * world.strangers / world.redials;
                uint32_t mine = touched();
                figure.numbers = mine > figure.numbers ? mine : figure.numbers;
                figure.redials += world.redials;
                figure.strangers += world.strangers;
                figure.refused += world.refused;
                figure.min = percent < figure.min ? percent : figure.min;
                figure.max = percent > figure.max ? percent : figure.max;
        }
        printf("reuse %-34s %-11s numbers=%-4u redials=%u strangers=%u (%.3f%%) refused=%u\n",
               way->name, way->model == MODEL_ONE_NUMBER ? "one-number" : "two-numbers",
               figure.numbers, figure.redials, figure.strangers,
               100.0 * figure.strangers / figure.redials, figure.refused);
        return figure;
}

int main(void)
{
        static const struct way ways[] = {
                {"first free, no quarantine", MODEL_TWO_NUMBERS, 0, 0, 0},
                {"first free, no quarantine", MODEL_ONE_NUMBER, 0, 0, 0},
                {"number rests for 1,800 s", MODEL_ONE_NUMBER, 0, 1800000, 0},
                {"number rests for 3,600 s", MODEL_ONE_NUMBER, 0, 3600000, 0},
                {"pair rests for 1,800 s", MODEL_TWO_NUMBERS, 1800000, 0, 0},
                {"pair rests for 3,600 s", MODEL_TWO_NUMBERS, 3600000, 0, 0},
                {"pair rests for 7,200 s", MODEL_TWO_NUMBERS, 7200000, 0, 0},
                {"pair rests for 7,200 s", MODEL_ONE_NUMBER, 7200000, 0, 0},
        };
        static const struct way ours = {"pair rests for 7,200 s, D+10, LRU", MODEL_TWO_NUMBERS,
                                        7200000, 0, 10};
        static const struct way peer = {"number rests for 1,800 s", MODEL_TWO_NUMBERS, 0, 1800000,
                                        0};
        world.holder = malloc((size_t)PEOPLE * NUMBERS_MAX * sizeof *world.holder);
        assert(world.holder);
        for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
                measure(&ways[i]);
        struct figure theirs = measure(&peer), mine = measure(&ours);
        double my_percent = 100.0 * mine.strangers / mine.redials;
        double their_percent = 100.0 * theirs.strangers / theirs.redials;
        printf("bench reuse ours=%.4f%% peer=number-rests-1800s:%.4f%% ratio=%.2f min=%.4f max=%.4f "
               "runs=%d\n",
               my_percent, their_percent, my_percent / their_percent, mine.min, mine.max, RUNS);
        if (mine.refused)
                fprintf(stderr, "bench reuse: %u creates were refused\n", mine.refused);
        free(world.holder);
        return mine.refused != 0;
}
