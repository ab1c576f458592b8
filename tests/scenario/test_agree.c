/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of a call that would come now is what a call is told that comes: for random policies,
 * sessions, callers and times, with all that runs and has been counted.
 */
#include <string.h>

#include "../unit/unit.h"
#include "call/call.h"
#include "core/mask.h"
#include "raw.h"
#include "store/directory_block.h"
#include "store/directory_change.h"

#define RUNS       40
#define CALLS      40
#define ALIAS      UINT64_C(919888800077)
#define NOBODY     UINT64_C(919888800099)
#define M3         UINT64_C(919000000003)
#define M4         UINT64_C(919000000004)
#define FOREIGN    UINT64_C(919000000055)
#define FIRST_PORT 5090

struct scene {
        struct world *world;
        struct directory *dir;
        struct random dice;
        uint64_t sessions[4]; /* two numbers, one way, extension, two numbers that expire */
        uint16_t port;
        unsigned seen[MASK_VERDICTS];
};

static void on_done(void *arg, int err)
{
        (void)arg;
        assert_int_equal(err, 0);
}

static uint64_t make(struct scene *s, enum session_model model, uint64_t a, uint64_t b,
                     uint64_t dials, int64_t expires_in_ms)
{
        struct session_create create = {.tenant_id = 1, .has_model = true, .model = model};
        struct session_view view;
        bool repeated;
        if (a)
                session_create_party(&create, (struct real_number){{a}});
        session_create_party(&create, (struct real_number){{b}});
        create.open = model == MODEL_ONE_WAY;
        if (create.open)
                create.parties[0].side = 1;
        for (unsigned i = 0; i < create.party_count && b == CUSTOMER; i++) {
                int err = directory_pin(s->dir, 1, i ? SLICE("2222") : SLICE("1111"),
                                        &create.parties[i].pin);
                assert_int_equal(err, 0);
        }
        create.given[0] = (struct masking_number){{dials}};
        if (model == MODEL_TWO_NUMBERS)
                create.given[1] = (struct masking_number){{dials == M1 ? M2 : M1}};
        if (expires_in_ms)
                create.expires_ms = directory_now(s->dir) + expires_in_ms;
        int err = directory_session_create(s->dir, &create, &view, &repeated, NULL, on_done, NULL);
        assert_int_equal(err, 0);
        return view.id;
}

static void begin(struct scene *s, uint64_t seed)
{
        const struct world_options options = {
                .seed = seed, .same_pair_max = 60, .announcements_max = 60};
        s->world = world_create(&options);
        s->dir = s->world->platform->directory;
        random_init_seeded(&s->dice, seed);
        const struct number_row *m1 = directory_number_find(s->dir, (struct masking_number){{M1}});
        platform_add_number(s->world->platform, M3, m1->trunk_id);
        platform_add_number(s->world->platform, M4, m1->trunk_id);
        s->sessions[0] = make(s, MODEL_TWO_NUMBERS, AGENT, CUSTOMER, M1, 0);
        s->sessions[1] = make(s, MODEL_ONE_WAY, 0, CUSTOMER, M3, 0);
        s->sessions[2] = make(s, MODEL_EXTENSION, STRANGER, CUSTOMER, M4, 0);
        s->sessions[3] = make(s, MODEL_TWO_NUMBERS, STRANGER, CUSTOMER + 10, M1, 120000);
        for (int i = 0; i < PHONES; i++)
                s->world->phones[i].manner = ANSWERS_AT_ONCE;
        s->port = FIRST_PORT;
        world_run_ms(s->world, 100);
}

static void set(struct pool_policy *policy, const char *name, int64_t value)
{
        int err = pool_policy_set(policy, pool_policy_row(slice_from(name)), value);
        assert_int_equal(err, 0);
}

/* It is asked by nobody, so all depends on what is to be done without its answer. */
static void ask_before_calls(struct scene *s, struct pool_policy *policy)
{
        int err = pool_policy_parse(policy, pool_policy_row(SLICE("intercept_url")),
                                    SLICE("https://example.com/ask"));
        assert_int_equal(err, 0);
        set(policy, "intercept_fails_open", random_below(&s->dice, 2));
}

/* Each setting that a decision goes by is often as it is at first, so that no rule hides the others. */
static void change_policy(struct scene *s)
{
        static const struct {
                const char *name;
                int64_t values[2];
                unsigned one_in; /* how often */
        } rows[] = {
                {"direction", {DIRECTION_FROM_SIDE_0, DIRECTION_FROM_SIDE_1}, 5},
                {"days", {1, 1 << 3}, 5}, /* the world begins on a Thursday */
                {"to_min", {1, 1}, 5},
                {"session_calls_max", {1, 2}, 5},
                {"session_concurrent_max", {1, 2}, 5},
                {"party_concurrent_max", {1, 2}, 5},
                {"party_calls_per_h", {1, 1}, 2},
                {"ladder", {1 << RUNG_INTENT | 1 << RUNG_PIN, 7}, 5},
                {"take_withheld", {1, 1}, 5},
                {"pin_tries_max", {1, 2}, 5},
                {"model", {MODEL_EXTENSION, MODEL_EXTENSION}, 5},
        };
        struct directory_pool pool = *directory_pool_get(s->dir, 1, DIRECTORY_DEFAULT_POOL);
        pool_policy_default(&pool.policy);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
                if (random_below(&s->dice, rows[i].one_in) == 0)
                        set(&pool.policy, rows[i].name, rows[i].values[random_below(&s->dice, 2)]);
        if (random_below(&s->dice, 4) == 0)
                set(&pool.policy, "ladder", 1 << RUNG_REQUEST);
        if (random_below(&s->dice, 5) == 0)
                ask_before_calls(s, &pool.policy);
        assert_int_equal(directory_pool_change(s->dir, &pool, on_done, NULL), 0);
}

static uint64_t caller_of(struct scene *s)
{
        static const uint64_t callers[] = {AGENT, AGENT,  CUSTOMER, STRANGER,
                                           ALIAS, NOBODY, NOBODY,   0};
        return callers[random_below(&s->dice, sizeof callers / sizeof callers[0])];
}

static uint64_t dialled_of(struct scene *s)
{
        static const uint64_t dialled[] = {M1, M1, M2, M3, M4, FOREIGN};
        return dialled[random_below(&s->dice, sizeof dialled / sizeof dialled[0])];
}

static struct directory_question question_of(struct scene *s, uint64_t caller, uint64_t dialled)
{
        (void)s;
        return (struct directory_question){
                .dialled = {{dialled}}, .caller = {{caller}}, .caller_withheld = !caller};
}

static void toggle_block(struct scene *s)
{
        struct directory_block block;
        bool repeated;
        int err = directory_block_add(
                s->dir, 1, (struct real_number){{CUSTOMER}},
                (struct real_number){{random_below(&s->dice, 2) ? AGENT : NOBODY}}, &block,
                &repeated, on_done, NULL);
        if (!err && repeated)
                err = directory_block_remove(s->dir, 1, block.id, on_done, NULL);
        assert_int_equal(err, 0);
}

/* What may be refused is of no interest here. */
static void live(struct scene *s)
{
        struct session_view view;
        struct directory_question question;
        struct directory_decision decision;
        uint64_t id = s->sessions[random_below(&s->dice, 4)];
        int err = 0;
        switch (random_below(&s->dice, 9)) {
        case 0:
                err = directory_session_end(s->dir, id, on_done, NULL);
                break;
        case 1:
        case 2:
                err = directory_session_reopen(s->dir, id, 0, &view, on_done, NULL);
                break;
        case 3:
                err = directory_session_intent(s->dir, s->sessions[0], 0,
                                               (struct real_number){{NOBODY}},
                                               directory_now(s->dir) + 20000);
                break;
        case 4:
                toggle_block(s);
                break;
        case 5:
                question = question_of(s, NOBODY, random_below(&s->dice, 2) ? M1 : M4);
                question.digits = SLICE("9999");
                question.digits_were_asked = true;
                for (unsigned i = 0; i < 5; i++)
                        calls_key_in(s->world->platform->calls, &question, &decision);
                break;
        case 6:
                world_run_ms(s->world, 30000);
                break;
        case 7:
                calls_hangup_now(s->world->platform->calls);
                break;
        default:
                change_policy(s);
        }
        (void)err;
        world_run_ms(s->world, 50);
}

static const struct call *newest(const struct scene *s, uint64_t caller, uint64_t dialled,
                                 const struct uuid *known, unsigned count)
{
        struct pool *pool = s->world->platform->calls->pool;
        for (uint32_t i = 0; i < pool_capacity(pool); i++) {
                const struct call *call = pool_at(pool, i);
                bool is_known =
                        !call || call->caller.n.e164 != caller || call->dialled.n.e164 != dialled;
                for (unsigned k = 0; !is_known && k < count; k++)
                        is_known = !memcmp(&known[k], &call->legs[SIDE_A].record.call_id,
                                           sizeof known[k]);
                if (!is_known)
                        return call;
        }
        return NULL;
}

static unsigned list_known(const struct scene *s, struct uuid known[64])
{
        struct pool *pool = s->world->platform->calls->pool;
        unsigned count = 0;
        for (uint32_t i = 0; i < pool_capacity(pool); i++)
                if (pool_at(pool, i))
                        known[count++] =
                                ((struct call *)pool_at(pool, i))->legs[SIDE_A].record.call_id;
        return count;
}

/* A call that is over already has left its record. */
static void check(struct scene *s, const struct call *call, const struct directory_decision *told)
{
        struct records records = {.count = 0};
        if (!call) {
                world_run_ms(s->world, 1000);
                records = platform_records(s->world->platform, 0);
                assert_true(records.has[CDR_LEG_A]);
        }
        enum mask_verdict came = (enum mask_verdict)(call ? call->legs[SIDE_A].record.verdict
                                                          : records.legs[CDR_LEG_A].verdict);
        if (came != told->verdict)
                fail_msg("told %s, and it is %s", mask_verdict_name(told->verdict),
                         mask_verdict_name(came));
        if (!call)
                return;
        const struct mapping *mapping = &call->decision.mapping;
        assert_int_equal(call->decision.verdict, told->verdict);
        assert_true(mapping->session_id == told->mapping.session_id);
        assert_true(mapping->connect_to.n.e164 == told->mapping.connect_to.n.e164);
        assert_true(mapping->show.n.e164 == told->mapping.show.n.e164);
}

/* At the same moment: asked, and called. */
static void compare(struct scene *s)
{
        uint64_t caller = caller_of(s), dialled = dialled_of(s);
        const struct directory_question question = question_of(s, caller, dialled);
        struct directory_decision told;
        struct uuid known[64];
        struct raw raw;
        char from[64] = "sip:anonymous@anonymous.invalid";
        if (caller)
                snprintf(from, sizeof from, "sip:+%llu@127.0.0.11", (unsigned long long)caller);
        unsigned count = list_known(s, known);
        raw_open(s->world, &raw, "127.0.0.11", s->port += 4);
        calls_decide(s->world->platform->calls, &question, &told);
        raw_invite(&raw, from, dialled, "", "sendrecv");
        world_run_ms(s->world, 1);
        check(s, newest(s, caller, dialled, known, count), &told);
        s->seen[told.verdict]++;
        world_run_ms(s->world, 500);
        raw_ack(&raw, NULL);
        world_run_ms(s->world, 500);
        raw_close(&raw);
}

static void who_asks_is_told_what_a_call_is_told(void **state)
{
        (void)state;
        static struct scene s;
        for (unsigned run = 0; run < RUNS; run++) {
                begin(&s, run + 1);
                for (unsigned i = 0; i < CALLS; i++) {
                        for (unsigned n = random_below(&s.dice, 3); n; n--)
                                live(&s);
                        if (pool_used(s.world->platform->calls->pool) > 12) {
                                calls_hangup_now(s.world->platform->calls);
                                world_run_ms(s.world, 40000);
                        }
                        compare(&s);
                }
                calls_hangup_now(s.world->platform->calls);
                world_settle(s.world);
                world_destroy(s.world);
        }
        /*
         * All but three: no session starts later here, none has had a last caller, and no intercept
         * says anything.
         */
        for (unsigned i = 0; i < MASK_VERDICTS; i++)
                if (s.seen[i] == 0 && i != MASK_NOT_YET && i != MASK_NOBODY &&
                    i != MASK_INTERCEPT_REFUSED)
                        fail_msg("no call came to be %s", mask_verdict_name((enum mask_verdict)i));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(who_asks_is_told_what_a_call_is_told),
        };
        return RUN_TESTS(tests);
}
