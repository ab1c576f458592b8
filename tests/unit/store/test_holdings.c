/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and plans of pools: what the sessions hold at one moment, whatever goes on meanwhile. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/random.h"
#include "core/route.h"
#include "store/directory_change.h"
#include "store/directory_holdings.h"
#include "world.h"

#define SESSIONS 300 /* a few turns' worth */
#define NUMBERS  60
#define PEOPLE   40
#define KEYS_MAX 4000

static struct world w;
static uint64_t ids[SESSIONS];

/* A certificate without its hashes, which are others each time. */
struct seen {
        int err;
        unsigned times;
        struct certificate made;
        uint64_t id;
        int64_t at_ms;
        uint32_t rented, sessions, erased, count;
        uint64_t keys[KEYS_MAX];    /* session, kind, whether it rests: sorted */
        uint64_t parties[KEYS_MAX]; /* how many numbers each holds: sorted */
};

static int set_up(void **state)
{
        (void)state;
        world_make(&w, false);
        world_provision(&w, NUMBERS);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        world_remove(&w);
        return 0;
}

static bool is_less(const void *a, const void *b)
{
        return *(const uint64_t *)a < *(const uint64_t *)b;
}

static void look(const struct pool_certificate *c, struct seen *out)
{
        uint64_t party = 0;
        uint32_t parties = 0;
        out->made = c->work.made;
        out->id = c->id;
        out->at_ms = c->at_ms;
        out->rented = c->rented;
        out->sessions = c->sessions;
        out->erased = c->erased;
        out->count = c->work.made.keys;
        assert_in_range(out->count, 0, KEYS_MAX);
        for (uint32_t i = 0; i < out->count; i++) {
                const struct certificate_key *key = &c->work.keys[i];
                out->keys[i] = key->session << 4 | key->by << 1 | key->is_quarantined;
                if (key->by != ROUTE_EXACT)
                        continue;
                if (i == 0 || key->who != party)
                        out->parties[parties++] = 0;
                out->parties[parties - 1]++;
                party = key->who;
                /* No number, neither a party's nor ours. */
                assert_true(key->number >> 40 != 0 || key->number < UINT64_C(900000000000));
                assert_true(key->who < UINT64_C(919888800000) || key->who > UINT64_C(919888899999));
        }
        assert_int_equal(parties, c->work.made.parties);
        sort_items(out->keys, out->count, sizeof out->keys[0], is_less);
        sort_items(out->parties, parties, sizeof out->parties[0], is_less);
}

static void on_certificate(void *arg, int err, const struct pool_certificate *certificate)
{
        struct seen *seen = arg;
        seen->err = err;
        seen->times++;
        if (!err)
                look(certificate, seen);
}

static void start(struct seen *seen)
{
        *seen = (struct seen){.err = 1};
        assert_int_equal(directory_certificate_make(w.dir, 1, 1, on_certificate, seen), 0);
        assert_int_equal(seen->times, 0);
}

static void make(struct seen *seen)
{
        start(seen);
        world_run(&w);
        assert_int_equal(seen->times, 1);
        assert_int_equal(seen->err, 0);
}

static void assert_same(const struct seen *a, const struct seen *b)
{
        assert_int_equal(a->count, b->count);
        assert_int_equal(a->sessions, b->sessions);
        assert_int_equal(a->erased, b->erased);
        assert_int_equal(a->made.most, b->made.most);
        assert_int_equal(a->made.numbers, b->made.numbers);
        assert_int_equal(a->made.parties, b->made.parties);
        assert_int_equal(a->made.quarantined, b->made.quarantined);
        assert_memory_equal(a->keys, b->keys, a->count * sizeof a->keys[0]);
        assert_memory_equal(a->parties, b->parties, a->made.parties * sizeof a->parties[0]);
}

static uint64_t a_session(struct random *r)
{
        unsigned a = random_below(r, PEOPLE);
        unsigned b = (a + 1 + random_below(r, PEOPLE - 1)) % PEOPLE;
        return world_session(&w, a, b, random_below(r, 5) ? 0 : world_now(&w) + 3600000).id;
}

static void nobody_holds_anything_in_an_empty_pool(void **state)
{
        (void)state;
        struct seen seen;
        make(&seen);
        assert_int_equal(seen.made.most, 0);
        assert_int_equal(seen.count, 0);
        assert_int_equal(seen.rented, NUMBERS);
        assert_int_equal(directory_certificate_make(w.dir, 1, 77, on_certificate, &seen),
                         ERR_NOT_FOUND);
}

static void the_party_with_most_numbers_is_named_with_them_first(void **state)
{
        (void)state;
        struct seen seen;
        for (unsigned i = 1; i <= 5; i++)
                world_session(&w, 0, i, 0);
        uint64_t other = world_session(&w, 1, 2, 0).id;
        make(&seen);
        assert_int_equal(seen.made.most, 5);
        assert_int_equal(seen.made.keys, 12);
        assert_int_equal(seen.made.parties, 6);
        assert_int_equal(seen.made.quarantined, 0);
        assert_int_equal(seen.made.shared, 0);
        const struct pool_certificate *c = directory_certificate(w.dir, 1, seen.id);
        assert_non_null(c);
        for (uint32_t i = 0; i < seen.count; i++)
                assert_int_equal(certificate_key_at(&c->work, i)->who == seen.made.party, i < 5);

        assert_int_equal(directory_session_end(w.dir, other, NULL, NULL), 0);
        make(&seen);
        assert_int_equal(seen.made.most, 5);
        assert_int_equal(seen.made.quarantined, 2);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        make(&seen);
        assert_int_equal(seen.made.keys, 10);
        assert_int_equal(seen.made.quarantined, 0);
}

static void erased(void *arg, int err, const struct erase_receipt *receipt)
{
        (void)arg;
        (void)err;
        (void)receipt;
}

static void what_was_erased_by_order_is_counted_and_belongs_to_nobody(void **state)
{
        (void)state;
        struct seen seen;
        uint64_t id = world_session(&w, 1, 2, 0).id;
        world_session(&w, 1, 3, 0);
        assert_int_equal(directory_session_erase(w.dir, id, erased, NULL), 0);
        make(&seen);
        assert_int_equal(seen.erased, 1);
        assert_int_equal(seen.sessions, 1);
        assert_int_equal(seen.made.keys, 2);
        assert_int_equal(seen.made.most, 1);
}

/* ---- while things go on ---- */

static struct {
        struct io_timer timer;
        struct random *random;
        unsigned left;
        unsigned turns;
} meanwhile;

static void do_one(struct random *r, uint64_t id)
{
        struct session_view view;
        struct session_edit edit = {.kind = EDIT_SWAP_NUMBER, .slot = random_below(r, 2) & 1};
        bool repeated;
        int err = 0;
        struct session_create create = {.tenant_id = 1};
        switch (random_below(r, 6)) {
        case 0:
                err = directory_session_end(w.dir, id, NULL, NULL);
                break;
        case 1:
                err = directory_session_edit(w.dir, id, &edit, &view, NULL, NULL, NULL);
                break;
        case 2:
                err = directory_session_erase(w.dir, id, erased, NULL);
                break;
        case 3:
                err = directory_session_reopen(w.dir, id, 0, &view, NULL, NULL);
                break;
        case 4:
                edit = (struct session_edit){.kind = EDIT_REPLACE_PARTY,
                                             .party = PARTY(world_p(PEOPLE + random_below(r, 99)))};
                err = directory_session_edit(w.dir, id, &edit, &view, NULL, NULL, NULL);
                break;
        default:
                session_create_party(&create, world_p(random_below(r, 20)));
                session_create_party(&create, world_p(20 + random_below(r, 20)));
                err = directory_session_create(w.dir, &create, &view, &repeated, NULL, NULL, NULL);
                break;
        }
        (void)err; /* it may have ended, or be gone */
}

/* A few things in each turn, until there is nothing left to do. */
static void on_turn(void *arg)
{
        (void)arg;
        meanwhile.turns++;
        for (unsigned i = 0; i < 8 && meanwhile.left; i++, meanwhile.left--)
                do_one(meanwhile.random, ids[random_below(meanwhile.random, SESSIONS)]);
        if (random_below(meanwhile.random, 2))
                store_memory_fail(w.store, 1, 1, -ENOSPC);
        if (meanwhile.left)
                io_timer_start(w.io, &meanwhile.timer, 0, on_turn, NULL);
}

static void what_changes_meanwhile_is_told_as_it_was(void **state)
{
        (void)state;
        static struct seen before, during;
        for (uint64_t seed = 1; seed <= 12; seed++) {
                struct random r;
                tear_down(NULL);
                set_up(NULL);
                random_init_seeded(&r, seed);
                for (unsigned i = 0; i < SESSIONS; i++)
                        ids[i] = a_session(&r);
                for (unsigned i = 0; i < 60; i++)
                        do_one(&r, ids[random_below(&r, SESSIONS)]);
                world_run(&w);
                make(&before);

                memset(&meanwhile, 0, sizeof meanwhile);
                meanwhile.random = &r;
                meanwhile.left = 400;
                start(&during);
                io_timer_start(w.io, &meanwhile.timer, 0, on_turn, NULL);
                world_run(&w);
                assert_int_equal(during.times, 1);
                assert_int_equal(during.err, 0);
                assert_in_range(meanwhile.turns, 5, 1000);
                assert_same(&before, &during);
                assert_int_equal(during.made.shared, 0);

                static struct seen after;
                make(&after);
                assert_true(after.count != before.count ||
                            memcmp(after.keys, before.keys, after.count * sizeof after.keys[0]));
        }
}

static void what_the_disk_refuses_meanwhile_is_told_as_it_was(void **state)
{
        (void)state;
        static struct seen seen;
        struct session_view view;
        const struct session_edit swap = {.kind = EDIT_SWAP_NUMBER};
        struct answer answers[2] = {{.err = 1}, {.err = 1}};
        for (unsigned i = 0; i < 200; i++)
                ids[i] = world_session(&w, 2 * i, 2 * i + 1, 0).id;
        store_memory_fail(w.store, 1, 9, -ENOSPC);
        assert_int_equal(directory_session_edit(w.dir, ids[199], &swap, &view, NULL, world_done,
                                                &answers[0]),
                         0);
        assert_int_equal(directory_session_end(w.dir, ids[198], world_done, &answers[1]), 0);
        start(&seen);
        world_run(&w);
        assert_int_equal(answers[0].err, -ENOSPC);
        assert_int_equal(answers[1].err, -ENOSPC);
        /* One that had ended, and what the other one had left behind. */
        assert_int_equal(seen.made.quarantined, 3);
        assert_int_equal(seen.made.keys, 401);
        assert_int_equal(seen.made.shared, 0);
        assert_int_equal(seen.sessions, 201);
        make(&seen);
        assert_int_equal(seen.made.quarantined, 0);
        assert_int_equal(seen.made.keys, 400);
        assert_int_equal(seen.sessions, 200);
}

static struct seen at_the_end;

static void on_end(void *arg)
{
        (void)arg;
        start(&at_the_end);
}

static void what_is_erased_meanwhile_is_told_as_it_was(void **state)
{
        (void)state;
        struct io_timer timer = {0};
        static struct seen after;
        for (unsigned i = 0; i < 200; i++)
                ids[i] = world_session(&w, 2 * i, 2 * i + 1, 0).id;
        for (unsigned i = 0; i < 200; i++)
                assert_int_equal(directory_session_end(w.dir, ids[i], NULL, NULL), 0);
        /* Just before the first of them is erased, in the same ms. */
        io_timer_start(w.io, &timer, QUARANTINE_MS, on_end, NULL);
        world_run_ms(&w, QUARANTINE_MS + 1);
        assert_int_equal(at_the_end.times, 1);
        assert_int_equal(at_the_end.sessions, 200);
        assert_int_equal(at_the_end.made.quarantined, 400);
        make(&after);
        assert_int_equal(after.sessions, 0);
}

/* ---- kept, and given up ---- */

static void it_is_kept_for_its_tenant_until_nobody_looks(void **state)
{
        (void)state;
        struct seen seen[CERTIFICATES_MAX + 1];
        world_session(&w, 1, 2, 0);
        make(&seen[0]);
        assert_null(directory_certificate(w.dir, 2, seen[0].id));
        assert_null(directory_certificate(w.dir, 1, seen[0].id + 1));
        world_run_ms(&w, CERTIFICATE_KEPT_MS - 10);
        assert_non_null(directory_certificate(w.dir, 1, seen[0].id));
        world_run_ms(&w, CERTIFICATE_KEPT_MS - 10);
        assert_non_null(directory_certificate(w.dir, 1, seen[0].id));
        world_run_ms(&w, CERTIFICATE_KEPT_MS + 10);
        assert_null(directory_certificate(w.dir, 1, seen[0].id));

        /* The one that was looked at longest ago gives way. */
        for (unsigned i = 0; i < CERTIFICATES_MAX; i++)
                make(&seen[i]);
        assert_non_null(directory_certificate(w.dir, 1, seen[0].id));
        make(&seen[CERTIFICATES_MAX]);
        assert_non_null(directory_certificate(w.dir, 1, seen[0].id));
        assert_null(directory_certificate(w.dir, 1, seen[1].id));
}

static void no_more_than_four_are_made_at_once(void **state)
{
        (void)state;
        static struct seen seen[CERTIFICATES_MAX];
        for (unsigned i = 0; i < CERTIFICATES_MAX; i++)
                start(&seen[i]);
        assert_int_equal(directory_certificate_make(w.dir, 1, 1, on_certificate, &seen[0]),
                         ERR_FULL);
        world_run(&w);
        for (unsigned i = 0; i < CERTIFICATES_MAX; i++)
                assert_int_equal(seen[i].times, 1);
}

static void on_plan(void *arg, int err, const struct pool_plan *plan)
{
        struct answer *answer = arg;
        world_done(answer, err);
        assert_int_equal(err == 0, plan != NULL);
}

static void who_waits_hears_that_the_directory_closes(void **state)
{
        (void)state;
        static struct seen seen;
        struct answer plan = {.err = 1};
        world_session(&w, 1, 2, 0);
        start(&seen);
        assert_int_equal(directory_plan_make(w.dir, 1, 1, 1000, 0, on_plan, &plan), 0);
        world_close(&w);
        assert_int_equal(seen.times, 1);
        assert_int_equal(seen.err, -ECANCELED);
        assert_int_equal(plan.times, 1);
        assert_int_equal(plan.err, -ECANCELED);
}

/* ---- plans ---- */

static struct pool_plan planned;

static void take_plan(void *arg, int err, const struct pool_plan *plan)
{
        struct answer *answer = arg;
        world_done(answer, err);
        planned = *plan;
}

static struct pool_plan plan(int64_t quarantine_ms, uint32_t refused_per_million)
{
        struct answer answer = {.err = 1};
        assert_int_equal(directory_plan_make(w.dir, 1, 1, quarantine_ms, refused_per_million,
                                             take_plan, &answer),
                         0);
        world_run(&w);
        assert_int_equal(answer.times, 1);
        assert_int_equal(answer.err, 0);
        return planned;
}

static void a_plan_counts_what_the_busiest_party_of_each_session_holds(void **state)
{
        (void)state;
        assert_int_equal(plan(QUARANTINE_MS, 0).held.numbers, 0);
        for (unsigned i = 1; i <= 4; i++)
                world_session(&w, 0, i, 0);
        for (unsigned i = 10; i < 16; i += 2)
                world_session(&w, i, i + 1, 0);
        struct pool_plan p = plan(QUARANTINE_MS, 0);
        assert_int_equal(p.held.sessions, 7);
        assert_int_equal(p.held.most, 4);
        assert_int_equal(p.held.numbers, 4);
        assert_int_equal(p.held.refused, 0);
        assert_int_equal(p.rented, NUMBERS);
        assert_true(p.is_whole);
        /* Four of seven need four numbers: 58 % may be refused. */
        assert_int_equal(plan(QUARANTINE_MS, 571000).held.numbers, 4);
        p = plan(QUARANTINE_MS, 580000);
        assert_int_equal(p.held.numbers, 1);
        assert_int_equal(p.held.refused, 4);
        assert_int_equal(plan(QUARANTINE_MS, 1000000).held.numbers, 0);
}

static void one_number_must_be_free_for_both(void **state)
{
        (void)state;
        struct session_create c = {.tenant_id = 1, .has_model = true, .model = MODEL_ONE_NUMBER};
        struct session_view view;
        bool repeated;
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        world_session(&w, 1, 3, 0);
        world_session(&w, 2, 4, 0);
        assert_int_equal(directory_session_create(w.dir, &c, &view, &repeated, NULL, NULL, NULL),
                         0);
        world_run(&w);
        assert_int_equal(plan(QUARANTINE_MS, 0).held.most, 3);
}

static void what_would_rest_with_this_quarantine_counts(void **state)
{
        (void)state;
        uint64_t id = world_session(&w, 1, 2, 0).id;
        world_session(&w, 1, 3, 0);
        assert_int_equal(directory_session_end(w.dir, id, NULL, NULL), 0);
        world_run_ms(&w, 60000);
        assert_int_equal(plan(120000, 0).held.most, 2);
        assert_int_equal(plan(30000, 0).held.most, 1);
        assert_true(plan(QUARANTINE_MS, 0).is_whole);
        /* What was in quarantine for longer has been erased. */
        assert_false(plan(QUARANTINE_MS + 1, 0).is_whole);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_WORLD(nobody_holds_anything_in_an_empty_pool),
                WITH_WORLD(the_party_with_most_numbers_is_named_with_them_first),
                WITH_WORLD(what_was_erased_by_order_is_counted_and_belongs_to_nobody),
                WITH_WORLD(what_changes_meanwhile_is_told_as_it_was),
                WITH_WORLD(what_the_disk_refuses_meanwhile_is_told_as_it_was),
                WITH_WORLD(what_is_erased_meanwhile_is_told_as_it_was),
                WITH_WORLD(it_is_kept_for_its_tenant_until_nobody_looks),
                WITH_WORLD(no_more_than_four_are_made_at_once),
                WITH_WORLD(who_waits_hears_that_the_directory_closes),
                WITH_WORLD(a_plan_counts_what_the_busiest_party_of_each_session_holds),
                WITH_WORLD(one_number_must_be_free_for_both),
                WITH_WORLD(what_would_rest_with_this_quarantine_counts),
        };
        return RUN_TESTS(tests);
}
