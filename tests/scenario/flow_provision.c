/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_provision.c - sessions of every model, what is done to them, and the policy of their pool: the
 * steps of a flow that say what may be called.
 */
#include <string.h>

#include "../unit/unit.h"
#include "core/session_model.h"
#include "flow_run.h"
#include "store/directory_block.h"
#include "store/directory_change.h"

static void on_done(void *arg, int err)
{
        (void)arg;
        assert_int_equal(err, 0);
}

const char *flow_policy_problem(const struct flow_step *step)
{
        struct pool_policy policy;
        struct policy_fault fault;
        pool_policy_default(&policy);
        for (unsigned i = 0; i + 1 < step->word_count; i += 2) {
                const struct policy_row *row = pool_policy_row(slice_from(step->words[i]));
                if (!row || pool_policy_parse(&policy, row, slice_from(step->words[i + 1])))
                        return step->words[i];
        }
        if (step->word_count % 2)
                return step->words[step->word_count - 1];
        return pool_policy_check(&policy, &fault) ? NULL : fault.problem;
}

/* On top of what the pool says already. */
static void set_policy(struct flow_run *run, const struct flow_step *step)
{
        struct directory *dir = run->platform->directory;
        struct directory_pool pool = *directory_pool_get(dir, 1, DIRECTORY_DEFAULT_POOL);
        for (unsigned i = 0; i + 1 < step->word_count; i += 2)
                assert_int_equal(pool_policy_parse(&pool.policy,
                                                   pool_policy_row(slice_from(step->words[i])),
                                                   slice_from(step->words[i + 1])),
                                 0);
        assert_int_equal(directory_pool_change(dir, &pool, on_done, NULL), 0);
}

static struct real_number real_of(const char *word)
{
        return (struct real_number){{flow_number_or_digits(word)}};
}

static struct session_create create_of(const struct flow_run *run, const struct flow_step *step)
{
        const struct flow_parties *parties = &step->parties;
        struct session_create create = {
                .tenant_id = 1, .has_model = true, .open = parties->is_open};
        int err = session_model_find(slice_from(parties->model), &create.model);
        assert_int_equal(err, 0);
        for (unsigned i = 0; i < parties->count; i++) {
                session_create_party(&create, real_of(parties->names[i]));
                create.parties[i].side = parties->sides[i];
                if (parties->pins[i]) {
                        int bad =
                                directory_pin(run->platform->directory, 1,
                                              slice_from(parties->pins[i]), &create.parties[i].pin);
                        assert_int_equal(bad, 0);
                }
        }
        struct session session = {.model = create.model, .party_count = create.party_count};
        memcpy(session.parties, create.parties, sizeof session.parties);
        session_set_sides(&session);
        uint64_t slots = session_slots(&session);
        for (unsigned i = 0; i < parties->held_count && slots; i++, slots &= slots - 1)
                create.given[__builtin_ctzll(slots)] =
                        (struct masking_number){{flow_number_or_digits(parties->holds[i])}};
        if (step->value)
                create.expires_ms = io_wall_ms(run->platform->io) + step->value;
        return create;
}

static void create_session(struct flow_run *run, const struct flow_step *step)
{
        const struct session_create create = create_of(run, step);
        struct session_view view = {0};
        bool repeated;
        int err = directory_session_create(run->platform->directory, &create, &view, &repeated,
                                           NULL, on_done, NULL);
        run->session = err ? 0 : view.id;
        if (err && !run->storm)
                flow_fail(run, "no such session: %s", err_text(err));
}

static uint8_t place_of(struct flow_run *run, const char *word)
{
        struct session_view view;
        const struct directory *dir = run->platform->directory;
        if (directory_session_find(dir, run->session, &view))
                return PARTY_NONE;
        struct number_hint hint = directory_hint(dir, real_of(word).n);
        for (uint8_t i = 0; i < view.party_count; i++)
                if (!memcmp(&view.parties[i].hint, &hint, sizeof hint))
                        return i;
        return PARTY_NONE;
}

static void on_erased(void *arg, int err, const struct erase_receipt *receipt)
{
        (void)receipt;
        on_done(arg, err);
}

static int edit(struct flow_run *run, const struct flow_step *step, enum session_edit_kind kind)
{
        struct session_view view;
        const struct session_edit edit = {
                .kind = kind,
                .place = place_of(run, step->numbers[0]),
                .party = {.real = {real_of(step->numbers[1])}, .real_count = 1},
        };
        return directory_session_edit(run->platform->directory, run->session, &edit, &view, NULL,
                                      on_done, NULL);
}

/* The same pair has the same id each time. */
static int block(struct flow_run *run, const struct flow_step *step)
{
        struct directory *dir = run->platform->directory;
        struct directory_block made;
        bool repeated;
        int err = directory_block_add(dir, 1, real_of(step->numbers[0]), real_of(step->numbers[1]),
                                      &made, &repeated, on_done, NULL);
        if (!err && step->change == FLOW_UNBLOCK)
                err = directory_block_remove(dir, 1, made.id, on_done, NULL);
        return err;
}

static int change(struct flow_run *run, const struct flow_step *step)
{
        struct directory *dir = run->platform->directory;
        int64_t until_ms = step->value ? io_wall_ms(run->platform->io) + step->value : 0;
        struct session_view view;
        switch ((enum flow_change)step->change) {
        case FLOW_RENEW:
                return directory_session_renew(dir, run->session, until_ms, &view, on_done, NULL);
        case FLOW_REOPEN:
                return directory_session_reopen(dir, run->session, until_ms, &view, on_done, NULL);
        case FLOW_ERASE:
                return directory_session_erase(dir, run->session, on_erased, NULL);
        case FLOW_REPLACE:
                return edit(run, step, EDIT_REPLACE_PARTY);
        case FLOW_ALIAS:
                return edit(run, step, EDIT_ADD_ALIAS);
        case FLOW_INTENT:
                return directory_session_intent(dir, run->session, place_of(run, step->numbers[0]),
                                                real_of(step->numbers[1]), until_ms);
        case FLOW_BLOCK:
        case FLOW_UNBLOCK:
                return block(run, step);
        }
        return ERR_SYNTAX;
}

void flow_provision(struct flow_run *run, const struct flow_step *step)
{
        if (step->kind == FLOW_POLICY) {
                set_policy(run, step);
                return;
        }
        if (step->kind == FLOW_SESSION_OF) {
                create_session(run, step);
                return;
        }
        int err = change(run, step);
        /* In a storm the clock may have jumped, and the session be over. */
        if (err && !run->storm)
                flow_fail(run, "it is refused: %s", err_text(err));
}
