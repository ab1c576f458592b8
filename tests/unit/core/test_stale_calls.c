/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every interleaving of create, end, expiry, erase, reopen, swap of a number, change of a party and
 * the clock, on a small world: three people, two numbers, as many sessions as the argument says. The life cycle is written
 * here as plainly as it can be, on the functions that a directory uses: route, alloc, mask,
 * session_change.
 *
 * What must hold is told by what people remember. Whoever was connected through a number believes
 * that the number leads to that other person, until the quarantine is over. A call never reaches
 * anybody else meanwhile. That the search would find it is shown by life cycles with a fault.
 */
#include <stdlib.h>

#include "core/alloc.h"
#include "core/mask.h"
#include "core/route.h"
#include "core/session_change.h"
#include "core/session_model.h"

#include "../unit.h"

#define PEOPLE     3
#define NUMBERS    2
#define ROWS_MAX   3
#define QUARANTINE 2 /* in ticks */
#define TTL        2
#define ALWAYS     255

enum fault {
        FAULT_NONE,
        FAULT_NO_QUARANTINE,
        FAULT_SWAP_FORGETS,   /* the number that was swapped away */
        FAULT_CHANGE_FORGETS, /* the party that was replaced */
        FAULT_ERASE_FREES,    /* pairs at once */
        FAULT_REOPEN_UNCHECKED,
        FAULT_EXPIRY_IGNORED, /* by quarantine: it counts from when somebody looks */
        FAULTS,
};

enum row_state {
        ROW_EMPTY,
        ROW_LIVE,
        ROW_ENDED,
        ROW_ERASED,   /* its pairs are known, its parties are not */
        ROW_RELEASED, /* after quarantine: nothing is held, but it may be reopened */
};

/* All times are relative, so that a state is the same whenever it comes about. */
struct row {
        uint8_t state;
        uint8_t ticks;     /* live: until expiry, 0: never; ended: since then */
        uint8_t person[2]; /* PEOPLE: no part of what is left */
        uint8_t number[2]; /* NUMBERS: not held */
};

struct belief {
        uint8_t peer;  /* and 1; 0: nobody */
        uint8_t ticks; /* for so long; ALWAYS: as long as the session lives */
};

struct world {
        struct row rows[ROWS_MAX];
        struct belief beliefs[PEOPLE][NUMBERS];
};

static unsigned rows = 2;
static enum session_model model;
static enum fault fault;
static struct pool_policy policy;
static const char *violation;

static struct real_number real_of(unsigned person)
{
        return (struct real_number){{UINT64_C(919888800001) + person}};
}

static struct masking_number masking_of(unsigned number)
{
        return (struct masking_number){{UINT64_C(919000000001) + number}};
}

/* The session that a row stands for, at time 1000. */
static struct session session_of(const struct row *row)
{
        struct session s = {.id = 1, .tenant_id = 1, .model = model, .party_count = 2};
        for (unsigned i = 0; i < 2; i++) {
                if (row->person[i] < PEOPLE) {
                        s.parties[i].real[0] = real_of(row->person[i]);
                        s.parties[i].real_count = 1;
                }
                if (row->number[i] < NUMBERS)
                        s.slots[i] = masking_of(row->number[i]);
        }
        session_set_sides(&s);
        s.state = row->state == ROW_LIVE ? SESSION_ACTIVE : SESSION_ENDED;
        if (row->state != ROW_LIVE)
                s.ended_ms = 1000 - row->ticks;
        else if (row->ticks)
                s.expires_ms = 1000 + row->ticks;
        return s;
}

static struct row row_from(const struct session *s, enum row_state state, uint8_t ticks)
{
        struct row row = {(uint8_t)state, ticks, {PEOPLE, PEOPLE}, {NUMBERS, NUMBERS}};
        for (unsigned i = 0; i < 2; i++) {
                if (s->parties[i].real_count)
                        row.person[i] = (uint8_t)(s->parties[i].real[0].n.e164 - real_of(0).n.e164);
                if (!number_is_none(s->slots[i].n))
                        row.number[i] = (uint8_t)(s->slots[i].n.e164 - masking_of(0).n.e164);
        }
        return row;
}

static bool holds_keys(const struct row *row)
{
        return row->state == ROW_LIVE || row->state == ROW_ENDED || row->state == ROW_ERASED;
}

/* The row that has the key, as an index would find it. */
static const struct row *find(const struct world *w, struct masking_number dialled,
                              struct real_number caller)
{
        const struct row *found = NULL;
        for (unsigned i = 0; i < rows; i++) {
                struct session s = session_of(&w->rows[i]);
                struct route_walk walk = {.session = &s};
                struct route_key key;
                while (holds_keys(&w->rows[i]) && route_next(&walk, &key)) {
                        if (!number_equal(key.dialled.n, dialled.n) ||
                            !number_equal(key.caller.n, caller.n))
                                continue;
                        if (found)
                                violation = "two sessions hold the same pair";
                        found = &w->rows[i];
                }
        }
        return found;
}

static enum mask_verdict decide(const struct world *w, unsigned person, unsigned number,
                                struct mapping *mapping)
{
        const struct route_call call = {
                .dialled = masking_of(number), .caller = real_of(person), .now_ms = 1000};
        const struct route_memory nothing = {0};
        const struct row *row = find(w, call.dialled, call.caller);
        struct session s;
        bool found = false;
        if (row && row->state != ROW_ERASED) {
                s = session_of(row);
                found = session_route(&s, NULL, &nothing, &call, mapping);
        }
        const struct mask_question question = {
                .mapping = found ? mapping : NULL,
                .dialled = call.dialled,
                .number_is_ours = true,
                .caller = call.caller,
                .now_ms = 1000,
                .policy = &policy,
        };
        return mask_decide(&question);
}

/* Everybody calls every number. */
static void call_all(const struct world *w)
{
        for (unsigned p = 0; p < PEOPLE; p++)
                for (unsigned m = 0; m < NUMBERS; m++) {
                        struct mapping mapping;
                        if (decide(w, p, m, &mapping) != MASK_CONNECT)
                                continue;
                        const struct belief *belief = &w->beliefs[p][m];
                        if (belief->peer == 0 ||
                            !number_equal(mapping.connect_to.n, real_of(belief->peer - 1u).n))
                                violation = "a call reached somebody else than it was meant for";
                        if (mapping.show.n.e164 - masking_of(0).n.e164 >= NUMBERS)
                                violation = "a number was shown that is none of the pool";
                }
}

/* What people believe once the row lives (or, `ticks` long, after it). */
static void believe(struct world *w, const struct row *row, uint8_t ticks)
{
        for (unsigned i = 0; i < 2; i++) {
                unsigned number = row->number[model == MODEL_ONE_NUMBER ? 0 : i];
                unsigned other = row->person[1 - i];
                if (row->person[i] >= PEOPLE || number >= NUMBERS)
                        continue;
                struct belief *belief = &w->beliefs[row->person[i]][number];
                /* What is left of a changed session does not know the other one any more. */
                if (other < PEOPLE)
                        belief->peer = (uint8_t)(other + 1);
                belief->ticks = ticks;
        }
}

static bool is_remembered_otherwise(const struct world *w, const struct row *row)
{
        for (unsigned i = 0; i < 2; i++) {
                unsigned number = row->number[model == MODEL_ONE_NUMBER ? 0 : i];
                const struct belief *belief = &w->beliefs[row->person[i]][number];
                if (belief->peer && belief->peer != row->person[1 - i] + 1u)
                        return true;
        }
        return false;
}

static struct row *empty_row(struct world *w)
{
        struct row *released = NULL;
        for (unsigned i = 0; i < rows; i++) {
                if (w->rows[i].state == ROW_EMPTY)
                        return &w->rows[i];
                if (w->rows[i].state == ROW_RELEASED)
                        released = &w->rows[i];
        }
        return released;
}

struct choice {
        const struct world *world;
        const struct session *session;
};

static uint32_t first(void *arg)
{
        (void)arg;
        return 0;
}

static uint32_t next(void *arg, uint32_t after)
{
        (void)arg;
        return after + 1 < NUMBERS ? after + 1 : ALLOC_NONE;
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
        const struct choice *choice = arg;
        struct route_walk walk = {.session = choice->session, .slot = slot};
        struct route_key key;
        while (route_next_of_slot(&walk, masking_of(number), &key))
                if (find(choice->world, key.dialled, key.caller))
                        return false;
        return true;
}

static int allocate(const struct world *w, struct session *s, uint64_t wanted)
{
        struct choice choice = {w, s};
        const struct alloc_pool pool = {first, next, traits, is_free, &choice};
        struct alloc_request request;
        struct alloc_outcome outcome;
        uint32_t out[SESSION_SLOTS_MAX];
        alloc_request_init(&request, s, &policy);
        request.wanted &= wanted;
        int err = alloc_pick(&pool, &request, out, &outcome);
        for (unsigned slot = 0; !err && slot < 2; slot++)
                if (request.wanted >> slot & 1)
                        s->slots[slot] = masking_of(out[slot]);
        return err;
}

/* ---- what may happen; false: not here ---- */

static bool create(struct world *w, unsigned a, unsigned b, uint8_t ttl)
{
        struct row *row = empty_row(w);
        if (!row)
                return false;
        struct row wanted = {ROW_LIVE, ttl, {(uint8_t)a, (uint8_t)b}, {NUMBERS, NUMBERS}};
        struct session s = session_of(&wanted);
        if (allocate(w, &s, UINT64_MAX))
                return false;
        *row = row_from(&s, ROW_LIVE, ttl);
        if (is_remembered_otherwise(w, row))
                violation = "a pair was given to others while it was remembered";
        believe(w, row, ALWAYS);
        return true;
}

static void finish(struct world *w, struct row *row, enum row_state state)
{
        if (row->state == ROW_LIVE)
                believe(w, row, QUARANTINE);
        if (row->state == ROW_LIVE)
                row->ticks = 0;
        row->state = (uint8_t)state;
        if (fault == FAULT_NO_QUARANTINE || (fault == FAULT_ERASE_FREES && state == ROW_ERASED))
                row->state = ROW_RELEASED;
}

static bool end(struct world *w, struct row *row)
{
        if (row->state != ROW_LIVE)
                return false;
        finish(w, row, ROW_ENDED);
        return true;
}

static bool erase(struct world *w, struct row *row)
{
        if (row->state != ROW_LIVE && row->state != ROW_ENDED)
                return false;
        finish(w, row, ROW_ERASED);
        return true;
}

static bool has_both(const struct row *row)
{
        return row->person[0] < PEOPLE && row->person[1] < PEOPLE &&
               (model == MODEL_ONE_NUMBER || row->number[1] < NUMBERS) && row->number[0] < NUMBERS;
}

/* As long as it is quarantined nobody else has its pairs; later they must be free. */
static bool reopen(struct world *w, struct row *row)
{
        if ((row->state != ROW_ENDED && row->state != ROW_RELEASED) || !has_both(row))
                return false;
        struct session s = session_of(row);
        struct route_walk walk = {.session = &s};
        struct route_key key;
        while (row->state == ROW_RELEASED && fault != FAULT_REOPEN_UNCHECKED &&
               route_next(&walk, &key))
                if (find(w, key.dialled, key.caller))
                        return false;
        row->state = ROW_LIVE;
        row->ticks = 0;
        if (is_remembered_otherwise(w, row))
                violation = "a pair was given back while another one was remembered";
        believe(w, row, ALWAYS);
        return true;
}

/* The row becomes `after`; what it loses becomes a row of its own, or there is no change. */
static bool change(struct world *w, struct row *row, const struct session *after, bool forgets)
{
        struct session before = session_of(row), rest;
        struct row *tombstone = empty_row(w);
        if (!tombstone || session_remainder(&before, after, &rest))
                return false;
        uint8_t ticks = row->ticks;
        *row = row_from(after, ROW_LIVE, ticks);
        struct row lost = row_from(&rest, ROW_ENDED, 0);
        believe(w, &lost, QUARANTINE);
        if (!forgets)
                *tombstone = lost;
        /* By order of the platform: whoever stays in the session reaches the new one from now on. */
        believe(w, row, ALWAYS);
        return true;
}

static bool swap(struct world *w, struct row *row, unsigned slot)
{
        if (row->state != ROW_LIVE || (model == MODEL_ONE_NUMBER && slot))
                return false;
        struct session after = session_of(row);
        return !allocate(w, &after, UINT64_C(1) << slot) &&
               change(w, row, &after, fault == FAULT_SWAP_FORGETS);
}

static bool replace(struct world *w, struct row *row, unsigned side, unsigned person)
{
        if (row->state != ROW_LIVE || row->person[0] == person || row->person[1] == person)
                return false;
        struct session after = session_of(row);
        after.parties[side].real[0] = real_of(person);
        struct route_walk walk = {.session = &after};
        struct route_key key;
        while (route_next(&walk, &key))
                if (key.party == side && find(w, key.dialled, key.caller))
                        return false;
        return change(w, row, &after, fault == FAULT_CHANGE_FORGETS);
}

static void tick_row(struct world *w, struct row *row)
{
        if (row->state == ROW_LIVE && row->ticks && --row->ticks == 0) {
                believe(w, row, QUARANTINE);
                row->state = ROW_ENDED;
                if (fault == FAULT_EXPIRY_IGNORED)
                        row->state = ROW_RELEASED;
                return;
        }
        if ((row->state == ROW_ENDED || row->state == ROW_ERASED) && ++row->ticks >= QUARANTINE) {
                row->state = row->state == ROW_ENDED ? ROW_RELEASED : ROW_EMPTY;
                row->ticks = 0;
        }
}

static void tick(struct world *w)
{
        for (unsigned p = 0; p < PEOPLE; p++)
                for (unsigned m = 0; m < NUMBERS; m++) {
                        struct belief *belief = &w->beliefs[p][m];
                        if (belief->ticks != ALWAYS && belief->peer && --belief->ticks == 0)
                                belief->peer = 0;
                }
        for (unsigned i = 0; i < rows; i++)
                tick_row(w, &w->rows[i]);
}

/* ---- all of it, in every order ---- */

/* The n-th thing that could happen; false: it can't, here. */
static bool step(struct world *w, unsigned n)
{
        static const uint8_t pairs[PEOPLE][2] = {{0, 1}, {1, 2}, {0, 2}};
        if (n < PEOPLE * 2)
                return create(w, pairs[n / 2][0], pairs[n / 2][1], n % 2 ? TTL : 0);
        n -= PEOPLE * 2;
        if (n == 0) {
                tick(w);
                return true;
        }
        struct row *row = &w->rows[(n - 1) % rows];
        n = (n - 1) / rows;
        if (n < 3)
                return n == 0 ? end(w, row) : n == 1 ? erase(w, row) : reopen(w, row);
        if (n < 5)
                return swap(w, row, n - 3);
        return replace(w, row, (n - 5) % 2, (n - 5) / 2);
}

struct seen {
        uint64_t *keys;
        uint32_t size, count;
};

static uint64_t hash_of(const struct world *w)
{
        uint64_t h = 0xcbf29ce484222325u;
        for (size_t i = 0; i < sizeof *w; i++)
                h = (h ^ ((const unsigned char *)w)[i]) * 0x100000001b3u;
        return h ? h : 1;
}

/* Rows may change places: which is which plays no part. */
static void sort_rows(struct world *w)
{
        for (unsigned i = 1; i < rows; i++)
                for (unsigned j = i; j > 0; j--) {
                        if (memcmp(&w->rows[j - 1], &w->rows[j], sizeof w->rows[0]) <= 0)
                                break;
                        struct row kept = w->rows[j];
                        w->rows[j] = w->rows[j - 1];
                        w->rows[j - 1] = kept;
                }
}

static bool is_new(struct seen *seen, const struct world *w)
{
        uint64_t key = hash_of(w);
        uint32_t at = (uint32_t)(key % seen->size);
        while (seen->keys[at]) {
                if (seen->keys[at] == key)
                        return false;
                at = at + 1 == seen->size ? 0 : at + 1;
        }
        seen->keys[at] = key;
        seen->count++;
        return true;
}

/* Breadth first; the number of states, 0: something must not be and is. */
static uint32_t explore(enum session_model m, enum fault f, uint32_t states_max)
{
        struct seen seen = {.size = states_max * 2 + 1};
        seen.keys = calloc(seen.size, sizeof *seen.keys);
        struct world *queue = calloc(states_max, sizeof *queue);
        assert_non_null(seen.keys);
        assert_non_null(queue);
        model = m;
        fault = f;
        violation = NULL;
        uint32_t head = 0, tail = 1;
        unsigned steps_max = PEOPLE * 2 + 1 + rows * (3 + 2 + 2 * PEOPLE);
        is_new(&seen, &queue[0]);
        for (; head < tail && !violation; head++)
                for (unsigned n = 0; n < steps_max && !violation; n++) {
                        struct world after = queue[head];
                        if (!step(&after, n))
                                continue;
                        call_all(&after);
                        sort_rows(&after);
                        if (is_new(&seen, &after)) {
                                assert_in_range(tail, 1, states_max - 1);
                                queue[tail++] = after;
                        }
                }
        free(seen.keys);
        free(queue);
        return violation ? 0 : seen.count;
}

static int setup(void **state)
{
        (void)state;
        pool_policy_default(&policy);
        return 0;
}

static void no_interleaving_leads_a_stale_call_to_a_stranger(void **state)
{
        (void)state;
        uint32_t two = explore(MODEL_TWO_NUMBERS, FAULT_NONE, 1u << 20);
        if (!two)
                fail_msg("two numbers: %s", violation);
        uint32_t one = explore(MODEL_ONE_NUMBER, FAULT_NONE, 1u << 20);
        if (!one)
                fail_msg("one number: %s", violation);
        print_message("%u states of two numbers, %u of one\n", two, one);
        assert_in_range(two, 1000, UINT32_MAX);
        assert_in_range(one, 100, UINT32_MAX);
}

static void the_search_finds_every_fault_that_is_planted(void **state)
{
        (void)state;
        for (unsigned f = FAULT_NONE + 1; f < FAULTS; f++)
                if (explore(MODEL_TWO_NUMBERS, (enum fault)f, 1u << 20))
                        fail_msg("fault %u was not found", f);
}

int main(int argc, char **argv)
{
        if (argc > 1)
                rows = argv[1][0] == '3' ? 3 : 2;
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_interleaving_leads_a_stale_call_to_a_stranger),
                cmocka_unit_test(the_search_finds_every_fault_that_is_planted),
        };
        return cmocka_run_group_tests(tests, setup, NULL);
}
