/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of every model in the directory: whom they connect, what may be done to them, what stays. */
#include "unit.h"

#include <string.h>

#include "store/directory_change.h"
#include "world.h"

static struct world w;
static struct session_refusal refusal;

static int set_up(void **state)
{
        (void)state;
        world_make(&w, true);
        world_provision(&w, 20);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        world_remove(&w);
        return 0;
}

static struct session_create model(enum session_model model)
{
        return (struct session_create){.tenant_id = 1, .has_model = true, .model = model};
}

static void add(struct session_create *c, unsigned party, uint8_t side)
{
        session_create_party(c, world_p(party));
        c->parties[c->party_count - 1].side = side;
}

static struct pin_hash pin(const char *digits)
{
        struct pin_hash hash;
        assert_int_equal(directory_pin(w.dir, 1, slice_from(digits), &hash), 0);
        return hash;
}

static struct session_view create(const struct session_create *c)
{
        struct session_view view;
        struct answer answer = {.err = 1};
        bool repeated = true;
        assert_int_equal(
                directory_session_create(w.dir, c, &view, &repeated, &refusal, world_done, &answer),
                0);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        assert_false(repeated);
        return view;
}

static struct directory_decision call_with(struct masking_number dialled, unsigned caller,
                                           const char *digits)
{
        const struct directory_question question = {
                .dialled = dialled,
                .caller = world_p(caller),
                .digits = slice_from(digits),
                .digits_were_asked = digits[0],
        };
        struct directory_decision d;
        directory_decide(w.dir, &question, &d);
        return d;
}

static struct directory_decision call(struct masking_number dialled, unsigned caller)
{
        return call_with(dialled, caller, "");
}

/* `caller` dials and reaches `callee`, who sees `shown`. */
static void connects(struct masking_number dialled, unsigned caller, unsigned callee,
                     struct masking_number shown)
{
        struct directory_decision d = call(dialled, caller);
        assert_int_equal(d.verdict, MASK_CONNECT);
        assert_true(number_equal(d.mapping.connect_to.n, world_p(callee).n));
        assert_true(number_equal(d.mapping.show.n, shown.n));
}

static void refuses(struct masking_number dialled, unsigned caller, enum mask_verdict why)
{
        assert_int_equal(call(dialled, caller).verdict, why);
}

static void use(struct masking_number dialled, unsigned caller)
{
        struct directory_decision d = call(dialled, caller);
        assert_int_equal(d.verdict, MASK_CONNECT);
        directory_session_used(w.dir, &d.mapping, world_p(caller));
}

static int edit(uint64_t id, const struct session_edit *e, struct session_view *view)
{
        struct answer answer = {.err = 1};
        int err = directory_session_edit(w.dir, id, e, view, &refusal, world_done, &answer);
        world_run(&w);
        return err ? err : answer.err;
}

static struct session_edit edit_of(enum session_edit_kind kind, uint8_t place, unsigned party)
{
        return (struct session_edit){.kind = kind, .place = place, .party = PARTY(world_p(party))};
}

/* ---- models ---- */

static void one_number_serves_both_ways(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_ONE_NUMBER);
        add(&c, 1, 0);
        add(&c, 2, 0);
        struct session_view s = create(&c);
        for (unsigned i = 0; i < 2; i++) {
                connects(s.slots[0], 1, 2, s.slots[0]);
                connects(s.slots[0], 2, 1, s.slots[0]);
                refuses(s.slots[0], 3, MASK_STRANGER);
                world_reopen(&w);
        }
}

static void a_group_has_a_number_for_each_pair(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_GROUP);
        for (unsigned i = 0; i < 5; i++)
                add(&c, 1 + i, 0);
        struct session_view s = create(&c);
        for (unsigned again = 0; again < 2; again++) {
                for (unsigned i = 0; i < 5; i++)
                        for (unsigned j = 0; j < 5; j++)
                                if (i != j)
                                        connects(s.slots[8 * i + j], 1 + i, 1 + j,
                                                 s.slots[8 * j + i]);
                refuses(s.slots[1], 9, MASK_STRANGER);
                world_reopen(&w);
        }
}

static void an_open_number_is_for_anyone_and_nobody_else_gets_it(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_ONE_WAY);
        c.open = true;
        add(&c, 1, 1);
        struct session_view s = create(&c);
        connects(s.slots[0], 7, 1, s.slots[0]);
        connects(s.slots[0], 8, 1, s.slots[0]);
        refuses(s.slots[0], 1, MASK_STRANGER); /* nobody is called by oneself */
        for (unsigned i = 0; i < 30; i++) {
                struct session_view other = world_session(&w, 20 + 2 * i, 21 + 2 * i, 0);
                assert_false(number_equal(other.slots[0].n, s.slots[0].n));
                assert_false(number_equal(other.slots[1].n, s.slots[0].n));
        }
        world_reopen(&w);
        connects(s.slots[0], 7, 1, s.slots[0]);
}

static void listed_callers_alone_reach_the_party(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_ONE_WAY);
        add(&c, 1, 0);
        add(&c, 2, 0);
        add(&c, 3, 1);
        struct session_view s = create(&c);
        connects(s.slots[0], 1, 3, s.slots[0]);
        connects(s.slots[0], 2, 3, s.slots[0]);
        refuses(s.slots[0], 3, MASK_STRANGER);
        refuses(s.slots[0], 4, MASK_STRANGER);
}

static void many_extensions_share_a_number(void **state)
{
        (void)state;
        struct session_view s[3];
        for (unsigned i = 0; i < 3; i++) {
                static const char *const digits[] = {"1001", "1002", "1003"};
                struct session_create c = model(MODEL_EXTENSION);
                add(&c, 1 + i, 1);
                c.parties[0].pin = pin(digits[i]);
                c.given[0] = world_m(5);
                s[i] = create(&c);
        }
        world_reopen(&w);
        struct directory_decision d = call_with(world_m(5), 9, "1002");
        assert_int_equal(d.verdict, MASK_CONNECT);
        assert_int_equal(d.mapping.session_id, s[1].id);
        assert_true(number_equal(d.mapping.connect_to.n, world_p(2).n));
        assert_int_not_equal(call_with(world_m(5), 9, "1004").verdict, MASK_CONNECT);

        struct session_create c = model(MODEL_EXTENSION);
        add(&c, 4, 1);
        c.parties[0].pin = pin("1003"); /* taken on this number */
        c.given[0] = world_m(5);
        struct session_view view;
        bool repeated;
        assert_int_equal(
                directory_session_create(w.dir, &c, &view, &repeated, &refusal, NULL, NULL),
                ERR_CONFLICT);
        assert_int_equal(refusal.outcome.reason, ALLOC_GIVEN_HELD);
}

static void the_last_caller_is_called_back_also_after_a_restart(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_LAST_CALLER);
        add(&c, 1, 1);
        struct session_view s = create(&c);
        refuses(s.slots[0], 1, MASK_NOBODY);
        use(s.slots[0], 7);
        connects(s.slots[0], 1, 7, s.slots[0]);
        use(s.slots[0], 8);
        connects(s.slots[0], 1, 8, s.slots[0]);
        world_run_ms(&w, 2000);
        world_reopen(&w);
        connects(s.slots[0], 1, 8, s.slots[0]);
}

static void who_called_a_party_is_not_who_called_the_one_in_its_place(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_LAST_CALLER);
        add(&c, 1, 1);
        struct session_view s = create(&c), after;
        use(s.slots[0], 7);
        struct session_edit e = edit_of(EDIT_REPLACE_PARTY, 0, 2);
        assert_int_equal(edit(s.id, &e, &after), 0);
        refuses(s.slots[0], 2, MASK_NOBODY);
        connects(s.slots[0], 7, 2, s.slots[0]);

        use(s.slots[0], 7);
        e = edit_of(EDIT_ADD_ALIAS, 0, 7);
        assert_int_equal(edit(s.id, &e, &after), 0);
        refuses(s.slots[0], 7, MASK_NOBODY);
        refuses(s.slots[0], 2, MASK_NOBODY);
}

static void a_panel_is_called_in_turn_also_after_a_restart(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_PANEL);
        for (unsigned i = 1; i <= 3; i++)
                add(&c, i, 0);
        add(&c, 9, 1);
        struct session_view s = create(&c);
        for (unsigned i = 1; i <= 3; i++)
                connects(s.slots[0], i, 9, s.slots[1]);
        unsigned reached[3];
        for (unsigned i = 0; i < 3; i++) {
                struct directory_decision d = call(s.slots[1], 9);
                assert_int_equal(d.verdict, MASK_CONNECT);
                reached[i] = (unsigned)(d.mapping.connect_to.n.e164 - world_p(0).n.e164);
                use(s.slots[1], 9);
                world_run_ms(&w, 3000);
                world_reopen(&w);
        }
        assert_int_equal(reached[0] + reached[1] + reached[2], 6);
        assert_int_not_equal(reached[0], reached[1]);
        assert_int_not_equal(reached[1], reached[2]);
}

static void parties_that_do_not_fit_the_model_are_refused_and_named(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_GROUP);
        struct session_view view;
        bool repeated;
        add(&c, 1, 0);
        assert_int_equal(
                directory_session_create(w.dir, &c, &view, &repeated, &refusal, NULL, NULL),
                ERR_SYNTAX);
        assert_int_equal(refusal.fault.flaw, SESSION_TOO_FEW);
        add(&c, 1, 0);
        assert_int_equal(
                directory_session_create(w.dir, &c, &view, &repeated, &refusal, NULL, NULL),
                ERR_SYNTAX);
        assert_int_equal(refusal.fault.flaw, SESSION_SAME_NUMBER);
        assert_int_equal(refusal.fault.party, 1);
}

/* ---- changes ---- */

static void whoever_was_replaced_is_refused_and_the_new_one_reached(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), after;
        const struct session_edit e = edit_of(EDIT_REPLACE_PARTY, 0, 3);
        assert_int_equal(edit(s.id, &e, &after), 0);
        for (unsigned i = 0; i < 2; i++) {
                connects(after.slots[0], 3, 2, after.slots[1]);
                connects(after.slots[1], 2, 3, after.slots[0]);
                refuses(s.slots[0], 1, MASK_ENDED);
                world_reopen(&w);
        }
        /* The pair is taken until its quarantine is over. */
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(1)), PARTY(world_p(4))}};
        c.party_count = 2;
        c.given[0] = s.slots[0];
        struct session_view view;
        bool repeated;
        assert_int_equal(
                directory_session_create(w.dir, &c, &view, &repeated, &refusal, NULL, NULL),
                ERR_CONFLICT);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        refuses(s.slots[0], 1, MASK_STRANGER);
        (void)create(&c);
}

static void an_alias_calls_like_its_party_until_it_is_taken_away(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), after;
        struct session_edit e = edit_of(EDIT_ADD_ALIAS, 0, 5);
        assert_int_equal(edit(s.id, &e, &after), 0);
        world_reopen(&w);
        connects(s.slots[0], 5, 2, s.slots[1]);
        connects(s.slots[1], 2, 1, s.slots[0]);
        assert_int_equal(edit(s.id, &e, &after), ERR_EXISTS);
        e.kind = EDIT_REMOVE_ALIAS;
        assert_int_equal(edit(s.id, &e, &after), 0);
        world_reopen(&w);
        refuses(s.slots[0], 5, MASK_ENDED);
        connects(s.slots[0], 1, 2, s.slots[1]);
}

static void an_alias_that_another_session_has_on_the_number_is_refused(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), view;
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(5)), PARTY(world_p(6))}};
        c.party_count = 2;
        c.given[0] = s.slots[0];
        (void)create(&c);
        struct session_create shared = model(MODEL_ONE_NUMBER);
        add(&shared, 7, 0);
        add(&shared, 8, 0);
        shared.given[0] = s.slots[0];
        struct session_view one = create(&shared);
        const struct session_edit e = edit_of(EDIT_ADD_ALIAS, 0, 5);
        assert_int_equal(edit(one.id, &e, &view), ERR_CONFLICT);
        connects(s.slots[0], 7, 8, s.slots[0]);
        /* In a session of two numbers the party gets another one instead. */
        assert_int_equal(edit(s.id, &e, &view), 0);
        assert_false(number_equal(view.slots[0].n, s.slots[0].n));
        connects(view.slots[0], 5, 2, view.slots[1]);
        connects(view.slots[0], 1, 2, view.slots[1]);
        refuses(s.slots[0], 1, MASK_ENDED);
}

static void a_number_is_swapped_in_place(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), after;
        struct session_edit e = {.kind = EDIT_SWAP_NUMBER, .slot = 1};
        assert_int_equal(edit(s.id, &e, &after), 0);
        assert_false(number_equal(after.slots[1].n, s.slots[1].n));
        connects(after.slots[1], 2, 1, s.slots[0]);
        connects(s.slots[0], 1, 2, after.slots[1]);
        refuses(s.slots[1], 2, MASK_ENDED);
        e.number = world_m(60);
        assert_int_equal(edit(s.id, &e, &after), ERR_NOT_FOUND);
        e.number = world_m(15);
        assert_int_equal(edit(s.id, &e, &after), 0);
        assert_true(number_equal(after.slots[1].n, world_m(15).n));
        e.slot = 7;
        assert_int_equal(edit(s.id, &e, &after), ERR_NOT_FOUND);
}

static void a_group_gains_and_loses_members(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_GROUP);
        for (unsigned i = 1; i <= 3; i++)
                add(&c, i, 0);
        struct session_view s = create(&c), after;
        struct session_edit e = edit_of(EDIT_ADD_PARTY, 0, 4);
        assert_int_equal(edit(s.id, &e, &after), 0);
        assert_int_equal(after.party_count, 4);
        connects(after.slots[8 * 3], 4, 1, after.slots[3]);
        e = edit_of(EDIT_REMOVE_PARTY, 1, 0);
        assert_int_equal(edit(s.id, &e, &after), 0);
        for (unsigned i = 0; i < 2; i++) {
                refuses(s.slots[8], 2, MASK_ENDED); /* who has left calls */
                refuses(s.slots[1], 1, MASK_ENDED); /* who has left is called */
                connects(s.slots[2], 1, 3, s.slots[8 * 2]);
                world_reopen(&w);
        }
        e = edit_of(EDIT_REMOVE_PARTY, 1, 0);
        assert_int_equal(edit(s.id, &e, &after), ERR_NOT_FOUND);
}

static void an_edit_that_changes_nothing_writes_nothing(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), after;
        uint64_t commits = store_memory_commits(w.disk);
        const struct session_edit e = edit_of(EDIT_REPLACE_PARTY, 0, 1);
        assert_int_equal(edit(s.id, &e, &after), 0);
        assert_int_equal(store_memory_commits(w.disk), commits);
        connects(s.slots[0], 1, 2, s.slots[1]);
}

static void what_the_disk_refuses_never_was(void **state)
{
        (void)state;
        struct session_create c = model(MODEL_GROUP);
        for (unsigned i = 1; i <= 4; i++)
                add(&c, i, 0);
        struct session_view s = create(&c), after;
        const struct session_edit edits[] = {edit_of(EDIT_REPLACE_PARTY, 0, 9),
                                             edit_of(EDIT_ADD_ALIAS, 1, 8),
                                             edit_of(EDIT_REMOVE_PARTY, 2, 0),
                                             edit_of(EDIT_ADD_PARTY, 0, 7),
                                             {.kind = EDIT_SWAP_NUMBER, .slot = 1}};
        struct answer answers[5];
        store_memory_fail(w.store, 1, 2, ERR_STORE);
        for (unsigned i = 0; i < 5; i++) {
                answers[i] = (struct answer){.err = 1};
                assert_int_equal(directory_session_edit(w.dir, s.id, &edits[i], &after, NULL,
                                                        world_done, &answers[i]),
                                 0);
        }
        world_run_ms(&w, 5);
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(answers[i].err, ERR_STORE);
        for (unsigned again = 0; again < 2; again++) {
                for (unsigned i = 0; i < 4; i++)
                        for (unsigned j = 0; j < 4; j++)
                                if (i != j)
                                        connects(s.slots[8 * i + j], 1 + i, 1 + j,
                                                 s.slots[8 * j + i]);
                refuses(s.slots[1], 9, MASK_STRANGER);
                refuses(s.slots[8], 8, MASK_STRANGER);
                world_run_ms(&w, 3000);
                world_reopen(&w);
        }
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(edit(s.id, &edits[i], &after), 0);
}

/* ---- times ---- */

static int renew(uint64_t id, int64_t expires_ms, struct session_view *view)
{
        struct answer answer = {.err = 1};
        int err = directory_session_renew(w.dir, id, expires_ms, view, world_done, &answer);
        world_run(&w);
        return err ? err : answer.err;
}

static int reopen_session(uint64_t id, struct session_view *view)
{
        struct answer answer = {.err = 1};
        int err = directory_session_reopen(w.dir, id, 0, view, world_done, &answer);
        world_run(&w);
        return err ? err : answer.err;
}

static void a_renewed_session_lives_longer(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 10000), after;
        assert_int_equal(renew(s.id, world_now(&w) - 1, &after), ERR_RANGE);
        assert_int_equal(renew(s.id, world_now(&w) + 60000, &after), 0);
        world_run_ms(&w, 30000);
        connects(s.slots[0], 1, 2, s.slots[1]);
        world_run_ms(&w, 40000);
        refuses(s.slots[0], 1, MASK_EXPIRED);
        assert_int_equal(renew(s.id, 0, &after), ERR_STATE);
}

static void an_ended_session_can_live_again(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), after;
        assert_int_equal(reopen_session(s.id, &after), ERR_STATE);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        world_run(&w);
        refuses(s.slots[0], 1, MASK_ENDED);
        assert_int_equal(reopen_session(s.id, &after), 0);
        assert_int_equal(after.state, SESSION_ACTIVE);
        world_reopen(&w);
        connects(s.slots[0], 1, 2, s.slots[1]);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        assert_int_equal(reopen_session(s.id, &after), ERR_NOT_FOUND);
}

static uint32_t add_pool(const char *name, void (*set)(struct pool_policy *policy))
{
        struct directory_pool pool = {.tenant_id = 1};
        struct answer answer = {.err = 1};
        snprintf(pool.name, sizeof pool.name, "%s", name);
        pool_policy_default(&pool.policy);
        pool.policy.quarantine_ms = 60000;
        if (set)
                set(&pool.policy);
        assert_int_equal(directory_pool_add(w.dir, &pool, world_done, &answer), 0);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        return pool.id;
}

static void move_number(unsigned number, uint32_t pool_id, int expected)
{
        struct number_row row = *directory_number_find(w.dir, world_m(number));
        struct answer answer = {.err = 1};
        row.pool_id = pool_id;
        assert_int_equal(directory_number_change(w.dir, &row, world_done, &answer), expected);
        world_run(&w);
        assert_int_equal(answer.err, expected ? 1 : 0);
}

static void slide(struct pool_policy *policy)
{
        policy->sliding_ms = 100000;
        policy->ttl_ms = 250000;
}

static void a_session_that_is_used_lives_on_but_not_for_ever(void **state)
{
        (void)state;
        uint32_t pool_id = add_pool("riders", slide);
        move_number(1, pool_id, 0);
        move_number(2, pool_id, 0);
        struct session_create c = {.tenant_id = 1, .pool_id = pool_id};
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        struct session_view s = create(&c);
        for (unsigned i = 0; i < 3; i++) {
                world_run_ms(&w, 75000);
                use(s.slots[0], 1);
                world_run_ms(&w, 2000); /* until it is written */
                world_reopen(&w);
        }
        assert_int_equal(directory_session_find(w.dir, s.id, &s), 0);
        assert_int_equal(s.calls, 3);
        connects(s.slots[0], 1, 2, s.slots[1]);
        world_run_ms(&w, 24000); /* unused for a quarter, but 250 s old */
        refuses(s.slots[0], 1, MASK_EXPIRED);
        world_run_ms(&w, 61000); /* the pool's own quarantine */
        refuses(s.slots[0], 1, MASK_STRANGER);
}

/* A session of a pool that slides, of parties 1 and 2 on numbers 1 and 2. */
static struct session_view sliding_session(void)
{
        uint32_t pool_id = add_pool("riders", slide);
        move_number(1, pool_id, 0);
        move_number(2, pool_id, 0);
        struct session_create c = {.tenant_id = 1, .pool_id = pool_id};
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        return create(&c);
}

static void a_renewal_outlives_a_later_edit_that_the_disk_refuses(void **state)
{
        (void)state;
        struct session_view s = sliding_session(), after;
        world_run_ms(&w, 80000);
        assert_int_equal(renew(s.id, 0, &after), 0);
        world_run_ms(&w, 40000); /* past its first end */
        struct session_edit e = edit_of(EDIT_ADD_ALIAS, 0, 8);
        struct answer answer = {.err = 1};
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_session_edit(w.dir, s.id, &e, &after, NULL, world_done, &answer),
                         0);
        world_run_ms(&w, 5);
        assert_int_equal(answer.err, ERR_STORE);
        connects(s.slots[0], 1, 2, s.slots[1]);
        world_run_ms(&w, 50000);
        connects(s.slots[0], 1, 2, s.slots[1]);
}

static void a_renewal_that_the_disk_refuses_does_not_come_back_with_a_call(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 60000), after;
        struct answer answer = {.err = 1};
        w.commit_ms = 4000; /* longer than a call waits to be written down */
        world_reopen(&w);
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_session_renew(w.dir, s.id, world_now(&w) + 600000, &after,
                                                 world_done, &answer),
                         0);
        use(s.slots[0], 1);
        world_run_ms(&w, 15000);
        assert_int_equal(answer.err, ERR_STORE);
        w.commit_ms = 0;
        world_reopen(&w);
        world_run_ms(&w, 60000);
        refuses(s.slots[0], 1, MASK_EXPIRED);
}

static void a_shorter_quarantine_that_the_disk_refuses_erases_nothing(void **state)
{
        (void)state;
        struct session_view s = sliding_session(), after;
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        world_run_ms(&w, 1000);
        struct directory_pool pool = *directory_pool_find(w.dir, 1, SLICE("riders"));
        pool.policy.quarantine_ms = 0;
        struct answer answer = {.err = 1};
        w.commit_ms = 1000;
        world_reopen(&w);
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_pool_change(w.dir, &pool, world_done, &answer), 0);
        world_run_ms(&w, 5000);
        assert_int_equal(answer.err, ERR_STORE);
        assert_int_equal(directory_session_find(w.dir, s.id, &after), 0);
        refuses(s.slots[0], 1, MASK_ENDED);

        assert_int_equal(directory_pool_change(w.dir, &pool, world_done, &answer), 0);
        world_run_ms(&w, 5000);
        assert_int_equal(answer.err, 0);
        assert_int_equal(directory_session_find(w.dir, s.id, &after), ERR_NOT_FOUND);
}

static void a_pool_stays_while_anything_holds_it(void **state)
{
        (void)state;
        uint32_t pool_id = add_pool("riders", NULL);
        move_number(3, pool_id, 0);
        move_number(4, pool_id, 0);
        assert_int_equal(directory_pool_remove(w.dir, 1, pool_id, NULL, NULL), ERR_IN_USE);
        struct session_create c = {.tenant_id = 1, .pool_id = pool_id};
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        struct session_view s = create(&c);
        assert_true(number_equal(s.slots[0].n, world_m(3).n));
        move_number(3, 1, ERR_IN_USE);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        world_run(&w);
        move_number(3, 1, 0);
        move_number(4, 1, 0);
        assert_int_equal(directory_pool_remove(w.dir, 1, pool_id, NULL, NULL), ERR_IN_USE);
        world_reopen(&w);
        assert_int_equal(directory_pool_get(w.dir, 1, pool_id)->sessions, 1);
        world_run_ms(&w, 61000);
        assert_int_equal(directory_pool_remove(w.dir, 1, pool_id, NULL, NULL), 0);
        assert_int_equal(directory_pool_remove(w.dir, 1, 1, NULL, NULL), ERR_IN_USE);
        world_run(&w);
        world_reopen(&w);
        assert_null(directory_pool_get(w.dir, 1, pool_id));
        c.pool_id = pool_id;
        struct session_view view;
        bool repeated;
        assert_int_equal(directory_session_create(w.dir, &c, &view, &repeated, NULL, NULL, NULL),
                         ERR_NOT_FOUND);
}

static void no_session_gets_another_pools_number_by_name(void **state)
{
        (void)state;
        uint32_t pool_id = add_pool("riders", NULL);
        move_number(3, pool_id, 0);
        struct session_create c = {.tenant_id = 1};
        struct session_view view;
        bool repeated;
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        c.given[0] = world_m(3);
        assert_int_equal(directory_session_create(w.dir, &c, &view, &repeated, NULL, NULL, NULL),
                         ERR_NOT_FOUND);
        c.given[0] = world_m(1);
        struct session_view s = create(&c);
        struct session_edit swap = {.kind = EDIT_SWAP_NUMBER, .slot = 1, .number = world_m(3)};
        assert_int_equal(directory_session_edit(w.dir, s.id, &swap, &view, NULL, NULL, NULL),
                         ERR_NOT_FOUND);
        move_number(3, 1, 0);
        assert_int_equal(directory_session_edit(w.dir, s.id, &swap, &view, NULL, NULL, NULL), 0);
        assert_true(number_equal(view.slots[1].n, world_m(3).n));
}

static void frozen_and_reserved_numbers_are_not_picked(void **state)
{
        (void)state;
        uint32_t pool_id = add_pool("riders", NULL);
        for (unsigned i = 5; i <= 8; i++)
                move_number(i, pool_id, 0);
        struct number_row row = *directory_number_find(w.dir, world_m(5));
        row.traits.frozen = true;
        assert_int_equal(directory_number_change(w.dir, &row, NULL, NULL), 0);
        row = *directory_number_find(w.dir, world_m(6));
        row.traits.reserved = true;
        assert_int_equal(directory_number_change(w.dir, &row, NULL, NULL), 0);
        world_run(&w);
        world_reopen(&w);
        struct session_create c = {.tenant_id = 1, .pool_id = pool_id};
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        struct session_view s = create(&c);
        assert_true(number_equal(s.slots[0].n, world_m(7).n));
        assert_true(number_equal(s.slots[1].n, world_m(8).n));
        c.parties[0] = (struct session_party)PARTY(world_p(3));
        c.given[0] = world_m(6); /* by name */
        s = create(&c);
        c.parties[0] = (struct session_party)PARTY(world_p(4));
        c.given[0] = world_m(5);
        struct session_view view;
        bool repeated;
        assert_int_equal(
                directory_session_create(w.dir, &c, &view, &repeated, &refusal, NULL, NULL),
                ERR_CONFLICT);
        assert_int_equal(refusal.outcome.reason, ALLOC_GIVEN_FROZEN);
}

static void stick(struct pool_policy *policy)
{
        policy->selection = SELECT_STICKY;
        policy->quarantine_ms = 1000;
}

static void a_pair_gets_the_numbers_back_that_it_had(void **state)
{
        (void)state;
        uint32_t pool_id = add_pool("riders", stick);
        for (unsigned i = 1; i <= 9; i++)
                move_number(i, pool_id, 0);
        struct session_create c = {.tenant_id = 1, .pool_id = pool_id};
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        struct session_view first = create(&c);
        assert_int_equal(directory_session_end(w.dir, first.id, NULL, NULL), 0);
        world_run_ms(&w, 3000);
        struct session_view again = create(&c);
        assert_memory_equal(first.slots, again.slots, sizeof first.slots);
        c.parties[0] = (struct session_party)PARTY(world_p(3));
        struct session_view other = create(&c);
        assert_false(number_equal(first.slots[0].n, other.slots[0].n));
}

static void nothing_is_swapped_for_itself(void **state)
{
        (void)state;
        uint32_t pool_id = add_pool("riders", stick);
        move_number(1, pool_id, 0);
        struct session_create c = model(MODEL_LAST_CALLER);
        c.pool_id = pool_id;
        add(&c, 1, 1);
        struct session_view s = create(&c), view;
        struct session_edit swap = {.kind = EDIT_SWAP_NUMBER};
        assert_int_equal(edit(s.id, &swap, &view), ERR_NO_NUMBER);
        assert_int_equal(refusal.outcome.reason, ALLOC_ALL_HELD);
        assert_int_equal(refusal.outcome.needed, 2);
        swap.number = world_m(1); /* by name: it is what is asked for */
        assert_int_equal(edit(s.id, &swap, &view), 0);
        move_number(2, pool_id, 0);
        swap.number = (struct masking_number){{0}};
        assert_int_equal(edit(s.id, &swap, &view), 0);
        assert_true(number_equal(view.slots[0].n, world_m(2).n));
}

static void none_lives_again_on_a_number_that_is_open_now(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), t = world_session(&w, 3, 4, 0), view;
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        assert_int_equal(directory_session_end(w.dir, t.id, NULL, NULL), 0);
        world_run(&w);
        struct session_create c = model(MODEL_LAST_CALLER);
        add(&c, 5, 1);
        c.given[0] = s.slots[0];
        (void)create(&c);
        assert_int_equal(directory_session_reopen(w.dir, s.id, 0, &view, NULL, NULL), ERR_CONFLICT);
        assert_int_equal(directory_number_remove(w.dir, t.slots[1], NULL, NULL), 0);
        assert_int_equal(directory_session_reopen(w.dir, t.id, 0, &view, NULL, NULL),
                         ERR_NO_NUMBER);
        world_run(&w);
}

/* ---- erasing ---- */

static struct erase_receipt receipt;
static int erased_err;

static void on_erased(void *arg, int err, const struct erase_receipt *r)
{
        (void)arg;
        erased_err = err;
        receipt = *r;
}

static void an_erased_session_is_gone_and_its_pairs_are_taken_all_the_same(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), view;
        const struct session_edit e = edit_of(EDIT_REPLACE_PARTY, 0, 3);
        assert_int_equal(edit(s.id, &e, &view), 0);
        erased_err = 1;
        assert_int_equal(directory_session_erase(w.dir, s.id, on_erased, NULL), 0);
        world_run(&w);
        assert_int_equal(erased_err, 0);
        assert_int_equal(receipt.session_id, s.id);
        assert_int_equal(receipt.rows, 2); /* with what it had left behind */
        assert_int_equal(directory_session_find(w.dir, s.id, &view), ERR_NOT_FOUND);
        assert_int_equal(directory_session_erase(w.dir, s.id, on_erased, NULL), ERR_NOT_FOUND);
        refuses(s.slots[1], 2, MASK_STRANGER);
        refuses(s.slots[0], 3, MASK_STRANGER);
        for (uint32_t i = 0; store_memory_session_at(w.disk, i); i++) {
                assert_int_equal(store_memory_session_at(w.disk, i)->state, SESSION_ERASED);
                assert_int_equal(store_memory_session_at(w.disk, i)->sealed_bytes, 0);
        }
        struct session_create c = {.tenant_id = 1,
                                   .parties = {PARTY(world_p(2)), PARTY(world_p(4))}};
        c.party_count = 2;
        c.given[0] = s.slots[1];
        bool repeated;
        assert_int_equal(
                directory_session_create(w.dir, &c, &view, &repeated, &refusal, NULL, NULL),
                ERR_CONFLICT);
        world_run_ms(&w, QUARANTINE_MS + 1000);
        (void)create(&c);
        world_reopen(&w);
        connects(s.slots[1], 2, 4,
                 directory_session_find(w.dir, s.id + 2, &view) ? (struct masking_number){{0}}
                                                                : view.slots[1]);
}

static void erasing_waits_for_what_the_disk_may_refuse(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), view;
        struct answer answer = {.err = 1};
        const struct session_edit e = edit_of(EDIT_REPLACE_PARTY, 0, 3);
        store_memory_fail(w.store, 1, 2, ERR_STORE);
        assert_int_equal(directory_session_edit(w.dir, s.id, &e, &view, NULL, world_done, &answer),
                         0);
        erased_err = 1;
        assert_int_equal(directory_session_erase(w.dir, s.id, on_erased, NULL), 0);
        world_run_ms(&w, 5000);
        assert_int_equal(answer.err, ERR_STORE);
        assert_int_equal(erased_err, ERR_STORE); /* and goes on */
        assert_int_equal(directory_session_find(w.dir, s.id, &view), ERR_NOT_FOUND);
        refuses(s.slots[0], 1, MASK_STRANGER);
        world_reopen(&w);
        refuses(s.slots[0], 1, MASK_STRANGER);
        refuses(s.slots[0], 3, MASK_STRANGER);
}

struct seen {
        uint64_t ids[8];
        uint8_t places[8];
        unsigned count;
        int err;
};

static void on_found(void *arg, uint64_t session_id, uint8_t place)
{
        struct seen *seen = arg;
        assert_in_range(seen->count, 0, 7);
        seen->ids[seen->count] = session_id;
        seen->places[seen->count++] = place;
}

static void on_walked(void *arg, int err)
{
        ((struct seen *)arg)->err = err;
}

static void everything_about_a_party_is_found(void **state)
{
        (void)state;
        struct session_view a = world_session(&w, 1, 2, 0), b = world_session(&w, 3, 1, 0), view;
        for (unsigned i = 0; i < 200; i++)
                (void)world_session(&w, 10 + 2 * i, 11 + 2 * i, 0);
        struct session_create c = model(MODEL_ONE_WAY);
        c.open = true;
        add(&c, 1, 1); /* who dials nothing */
        c.given[0] = world_m(20);
        struct session_view d = world_session(&w, 4, 5, 0);
        const struct session_edit e = edit_of(EDIT_ADD_ALIAS, 1, 1);
        assert_int_equal(edit(d.id, &e, &view), 0);
        struct seen seen = {.err = 1};
        assert_int_equal(directory_party_walk(w.dir, 1, world_p(1), on_found, on_walked, &seen), 0);
        world_run_ms(&w, 50);
        assert_int_equal(seen.err, 0);
        assert_int_equal(seen.count, 3);
        assert_int_equal(seen.ids[0], a.id);
        assert_int_equal(seen.places[0], 0);
        assert_int_equal(seen.ids[1], b.id);
        assert_int_equal(seen.places[1], 1);
        assert_int_equal(seen.ids[2], d.id);
}

static void ladder(struct pool_policy *policy)
{
        policy->ladder = 1u << RUNG_INTENT | 1u << RUNG_PIN;
}

static void who_said_so_calls_from_another_telephone_for_a_while(void **state)
{
        (void)state;
        uint32_t pool_id = add_pool("riders", ladder);
        move_number(1, pool_id, 0);
        move_number(2, pool_id, 0);
        struct session_create c = {.tenant_id = 1, .pool_id = pool_id};
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        c.parties[1].pin = pin("73914");
        struct session_view s = create(&c);
        refuses(s.slots[0], 7, MASK_ASK_DIGITS);
        assert_int_equal(
                directory_session_intent(w.dir, s.id, 0, world_p(7), world_now(&w) + 120000), 0);
        assert_int_equal(
                directory_session_intent(w.dir, s.id, 5, world_p(7), world_now(&w) + 120000),
                ERR_NOT_FOUND);
        connects(s.slots[0], 7, 2, s.slots[1]);
        assert_int_not_equal(call(s.slots[1], 7).verdict, MASK_CONNECT);
        world_run_ms(&w, 120001);
        refuses(s.slots[0], 7, MASK_ASK_DIGITS);

        struct directory_decision d = call_with(s.slots[1], 8, "73914");
        assert_int_equal(d.verdict, MASK_CONNECT);
        assert_int_equal(d.mapping.caller_party, 1);
        assert_int_equal(call_with(s.slots[1], 8, "73915").verdict, MASK_STRANGER);
        assert_int_equal(call_with(s.slots[0], 8, "73914").verdict, MASK_STRANGER);
}

/* Of a group each one dials several numbers: an intent is for all of them, or is none. */
static void an_intent_that_finds_no_room_leaves_nothing(void **state)
{
        (void)state;
        uint32_t pool_id = add_pool("riders", ladder);
        for (unsigned i = 1; i <= 4; i++)
                move_number(i, pool_id, 0);
        struct session_create c = {.tenant_id = 1, .pool_id = pool_id};
        session_create_party(&c, world_p(1));
        session_create_party(&c, world_p(2));
        struct session_view pair = create(&c);
        session_create_party(&c, world_p(3));
        c.has_model = true;
        c.model = MODEL_GROUP;
        struct session_view group = create(&c);

        int64_t short_ms = world_now(&w) + 1000, long_ms = short_ms + 100000;
        int err = directory_session_intent(w.dir, pair.id, 0, world_p(99), short_ms);
        for (unsigned i = 0; !err; i++) {
                assert_true(i < 10000);
                err = directory_session_intent(w.dir, pair.id, 0, world_p(1000 + i), long_ms);
                if (i % 1000 == 0)
                        world_run(&w);
        }
        assert_int_equal(err, ERR_FULL);
        world_run_ms(&w, 1001);
        err = directory_session_intent(w.dir, group.id, 0, world_p(7), long_ms);
        assert_int_equal(err, ERR_FULL);
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (!number_is_none(group.slots[slot].n))
                        assert_int_not_equal(call(group.slots[slot], 7).verdict, MASK_CONNECT);
        assert_int_equal(directory_session_intent(w.dir, pair.id, 1, world_p(7), long_ms), 0);
}

static unsigned overs;
static uint64_t over_id;

static void on_over(void *arg, uint64_t session_id)
{
        (void)arg;
        overs++;
        over_id = session_id;
}

static void whoever_runs_calls_hears_of_each_end_once(void **state)
{
        (void)state;
        overs = 0;
        directory_watch_over(w.dir, on_over, NULL);
        struct session_view s = world_session(&w, 1, 2, 0);
        struct session_view t = world_session(&w, 3, 4, world_now(&w) + 1000);
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        world_run(&w);
        assert_int_equal(overs, 0); /* it did not end */
        world_run_ms(&w, 2000);
        assert_int_equal(overs, 1);
        assert_int_equal(over_id, t.id);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        world_run(&w);
        assert_int_equal(overs, 2);
        assert_int_equal(over_id, s.id);
        world_run_ms(&w, 2 * QUARANTINE_MS);
        assert_int_equal(overs, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(one_number_serves_both_ways),
                T(a_group_has_a_number_for_each_pair),
                T(an_open_number_is_for_anyone_and_nobody_else_gets_it),
                T(listed_callers_alone_reach_the_party),
                T(many_extensions_share_a_number),
                T(the_last_caller_is_called_back_also_after_a_restart),
                T(who_called_a_party_is_not_who_called_the_one_in_its_place),
                T(a_panel_is_called_in_turn_also_after_a_restart),
                T(parties_that_do_not_fit_the_model_are_refused_and_named),
                T(whoever_was_replaced_is_refused_and_the_new_one_reached),
                T(an_alias_calls_like_its_party_until_it_is_taken_away),
                T(an_alias_that_another_session_has_on_the_number_is_refused),
                T(a_number_is_swapped_in_place),
                T(a_group_gains_and_loses_members),
                T(an_edit_that_changes_nothing_writes_nothing),
                T(what_the_disk_refuses_never_was),
                T(a_renewed_session_lives_longer),
                T(an_ended_session_can_live_again),
                T(a_session_that_is_used_lives_on_but_not_for_ever),
                T(a_renewal_outlives_a_later_edit_that_the_disk_refuses),
                T(a_renewal_that_the_disk_refuses_does_not_come_back_with_a_call),
                T(a_shorter_quarantine_that_the_disk_refuses_erases_nothing),
                T(a_pool_stays_while_anything_holds_it),
                T(no_session_gets_another_pools_number_by_name),
                T(frozen_and_reserved_numbers_are_not_picked),
                T(a_pair_gets_the_numbers_back_that_it_had),
                T(nothing_is_swapped_for_itself),
                T(none_lives_again_on_a_number_that_is_open_now),
                T(an_erased_session_is_gone_and_its_pairs_are_taken_all_the_same),
                T(erasing_waits_for_what_the_disk_may_refuse),
                T(everything_about_a_party_is_found),
                T(who_said_so_calls_from_another_telephone_for_a_while),
                T(an_intent_that_finds_no_room_leaves_nothing),
                T(whoever_runs_calls_hears_of_each_end_once),
        };
        return RUN_TESTS(tests);
}
