/* SPDX-License-Identifier: Apache-2.0 */
#include "reuse_world.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "core/alloc.h"

#define SIDE_0     1500
#define PEOPLE     7500
#define HOLD_S     900.0
#define REDIALS    0.15
#define EVENTS_MAX (REUSE_SESSIONS_MAX * 5)

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

static struct world {
        struct random load;  /* who, when, how long: the same whatever is refused */
        struct random later; /* who redials, when */
        const struct reuse_way *way;
        int64_t now_ms;
        struct reuse_session sessions[REUSE_SESSIONS_MAX];
        int32_t *holder; /* [party][number]: the session that has the pair, ended or not; -1 */
        uint32_t holds[PEOPLE], most;
        int64_t cool_ms[REUSE_NUMBERS_MAX]; /* until when a number is given to nobody */
        bool touched[REUSE_NUMBERS_MAX];
        uint32_t order[REUSE_NUMBERS_MAX], count;
        uint32_t pair[2]; /* of the session that is being created */
        struct event events[EVENTS_MAX];
        uint32_t event_count;
        uint32_t redials, strangers, refused;
        int64_t delays_ms[REUSE_SESSIONS_MAX * 2];
        uint32_t delay_count;
} world;

static int32_t *holder_of(uint32_t party, uint32_t number)
{
        return &world.holder[(size_t)party * REUSE_NUMBERS_MAX + number];
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

static double uniform(struct random *random)
{
        return ((double)random_u32(random) + 1) / 4294967297.0;
}

static int64_t exponential_ms(struct random *random, double mean_s)
{
        return (int64_t)(-log(uniform(random)) * mean_s * 1000) + 1;
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
        world.pair[0] = random_below(&world.load, SIDE_0);
        world.pair[1] = SIDE_0 + random_below(&world.load, PEOPLE - SIDE_0);
        int64_t end_ms = world.now_ms + exponential_ms(&world.load, HOLD_S);
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
        world.sessions[id].was_served = world.sessions[id].is_live = true;
        world.sessions[id].start_ms = world.now_ms;
        world.sessions[id].end_ms = end_ms;
        push((struct event){world.sessions[id].end_ms, EVENT_END, id, 0});
}

static void end(uint32_t id)
{
        world.sessions[id].is_live = false;
        push((struct event){world.now_ms + world.way->pair_ms, EVENT_FREE, id, 0});
        for (uint8_t i = 0; i < 2; i++) {
                int64_t *cool = &world.cool_ms[world.sessions[id].number[i]];
                if (*cool < world.now_ms + world.way->number_ms)
                        *cool = world.now_ms + world.way->number_ms;
                if (uniform(&world.later) >= REDIALS)
                        continue;
                int64_t delay_ms = exponential_ms(&world.later, REUSE_REDIAL_S);
                world.delays_ms[world.delay_count++] = delay_ms;
                push((struct event){world.now_ms + delay_ms, EVENT_REDIAL, id, i});
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
        const struct reuse_session *mine = &world.sessions[id];
        int32_t now = *holder_of(mine->party[side], mine->number[side]);
        world.redials++;
        if (now < 0 || now == (int32_t)id || !world.sessions[now].is_live)
                return;
        const struct reuse_session *other = &world.sessions[now];
        unsigned at = other->party[1] == mine->party[side];
        world.strangers += other->party[1 - at] != mine->party[1 - side];
}

static uint32_t touched(void)
{
        uint32_t count = 0;
        for (unsigned i = 0; i < REUSE_NUMBERS_MAX; i++)
                count += world.touched[i];
        return count;
}

static void begin(const struct reuse_way *way, uint32_t numbers, uint64_t seed)
{
        int32_t *holder = world.holder;
        memset(&world, 0, sizeof world);
        world.holder = holder;
        memset(holder, 0xff, (size_t)PEOPLE * REUSE_NUMBERS_MAX * sizeof *holder);
        random_init_seeded(&world.load, seed);
        random_init_seeded(&world.later, ~seed);
        world.way = way;
        world.count = numbers ? numbers : REUSE_NUMBERS_MAX;
        for (uint32_t i = 0; i < world.count; i++)
                world.order[i] = i;
}

static void happen(struct event event)
{
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

struct reuse_result reuse_run(const struct reuse_way *way, uint32_t sessions, uint32_t numbers,
                              uint64_t seed)
{
        int64_t next_ms = 0;
        assert(sessions <= REUSE_SESSIONS_MAX);
        begin(way, numbers, seed);
        for (uint32_t id = 0; id < sessions || world.event_count;) {
                if (id < sessions && (!world.event_count || next_ms <= world.events[0].at_ms)) {
                        world.now_ms = next_ms;
                        create(id++);
                        next_ms += exponential_ms(&world.load, 1.0);
                } else {
                        happen(pop());
                }
        }
        return (struct reuse_result){sessions,   world.refused, world.redials,  world.strangers,
                                     world.most, touched(),     world.sessions, world.delays_ms};
}

void reuse_open(void)
{
        world.holder = malloc((size_t)PEOPLE * REUSE_NUMBERS_MAX * sizeof *world.holder);
        if (!world.holder)
                abort();
}

void reuse_close(void)
{
        free(world.holder);
        world.holder = NULL;
}
