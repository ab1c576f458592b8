/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operations against a model that knows the rules and nothing else: it holds real numbers
 * in a list and looks at every session for every question.
 */
#include "unit.h"

#include "base/random.h"
#include "world.h"

#define PARTIES      10
#define NUMBERS      5 /* of tenant 1; tenant 2 has two more, 6 and 7 */
#define SESSIONS_MAX 4096
#define PENDING_MAX  8
#define STEPS        6000

struct known {
        uint64_t id;
        uint32_t tenant_id;
        struct real_number party[2];
        struct masking_number dials[2];
        int64_t starts_ms, expires_ms, ended_ms;
        unsigned reference; /* 0: none */
};

struct model {
        struct known sessions[SESSIONS_MAX];
        unsigned count;
        int64_t now_ms; /* the latest that was seen */
};

/* An operation whose answer has not come: how to take it back. */
struct pending {
        struct answer answer;
        bool is_create; /* of the model's last session; else the end of `session` */
        unsigned session;
};

struct run {
        struct world w;
        struct random random;
        struct model model;
        struct pending pending[PENDING_MAX];
        unsigned pending_count;
        struct session_create last; /* asked for, with its reference */
        unsigned last_reference;
        unsigned created, refused, repeated, ended, taken_back, verdicts[MASK_VERDICTS];
};

static struct run r;

/* Both look at the same moments: a clock that is set back counts from where it was seen last. */
static void look_at_clock(void)
{
        int64_t wall_ms = world_now(&r.w);
        if (wall_ms > r.model.now_ms)
                r.model.now_ms = wall_ms;
        (void)directory_hint(r.w.dir, world_p(1).n);
}

static int64_t end_of(const struct known *s)
{
        if (s->ended_ms)
                return s->ended_ms;
        return s->expires_ms && s->expires_ms <= r.model.now_ms ? s->expires_ms : 0;
}

static bool is_forgotten(const struct known *s)
{
        return end_of(s) && r.model.now_ms - end_of(s) >= QUARANTINE_MS;
}

static uint32_t owner_of(struct masking_number n)
{
        uint64_t i = n.n.e164 - world_m(0).n.e164;
        return i == 0 || i > NUMBERS + 2 ? 0 : i <= NUMBERS ? 1 : 2;
}

/* The session that holds the pair, if its quarantine is not over. */
static const struct known *holder(uint32_t tenant_id, struct masking_number dialled,
                                  struct real_number caller, unsigned *party, bool forgotten)
{
        for (unsigned i = r.model.count; i > 0; i--) {
                const struct known *s = &r.model.sessions[i - 1];
                if (s->tenant_id != tenant_id || is_forgotten(s) != forgotten)
                        continue;
                for (unsigned p = 0; p < 2; p++)
                        if (number_equal(s->party[p].n, caller.n) &&
                            number_equal(s->dials[p].n, dialled.n)) {
                                *party = p;
                                return s;
                        }
        }
        return NULL;
}

static bool pair_free(uint32_t tenant_id, struct masking_number dialled, struct real_number caller)
{
        unsigned party;
        return !holder(tenant_id, dialled, caller, &party, false);
}

static unsigned free_numbers(uint32_t tenant_id, struct real_number caller, unsigned *which)
{
        unsigned count = 0;
        for (unsigned i = 1; i <= NUMBERS + 2; i++)
                if (owner_of(world_m(i)) == tenant_id && pair_free(tenant_id, world_m(i), caller)) {
                        *which = i;
                        count++;
                }
        return count;
}

static int expected_error(const struct session_create *c)
{
        if (number_equal(c->parties[0].real[0].n, c->parties[1].real[0].n))
                return ERR_SYNTAX;
        int64_t starts_ms = c->starts_ms > r.model.now_ms ? c->starts_ms : r.model.now_ms;
        if (c->expires_ms && c->expires_ms <= starts_ms)
                return ERR_RANGE;
        for (unsigned p = 0; p < 2; p++)
                if (!number_is_none(c->given[p].n) && owner_of(c->given[p]) != c->tenant_id)
                        return ERR_NOT_FOUND;
        for (unsigned p = 0; p < 2; p++)
                if (!number_is_none(c->given[p].n) &&
                    !pair_free(c->tenant_id, c->given[p], c->parties[p].real[0]))
                        return ERR_CONFLICT;
        for (unsigned p = 0; p < 2; p++) {
                unsigned which;
                if (number_is_none(c->given[p].n) &&
                    free_numbers(c->tenant_id, c->parties[p].real[0], &which) == 0)
                        return ERR_NO_NUMBER;
        }
        return 0;
}

/* Both had to dial the same number only if there was no other way. */
static bool one_number_will_do(const struct session_create *c)
{
        unsigned which[2] = {0};
        unsigned count[2];
        for (unsigned p = 0; p < 2; p++) {
                count[p] = free_numbers(c->tenant_id, c->parties[p].real[0], &which[p]);
                if (!number_is_none(c->given[p].n)) {
                        count[p] = 1;
                        which[p] = (unsigned)(c->given[p].n.e164 - world_m(0).n.e164);
                }
        }
        return count[0] == 1 && count[1] == 1 && which[0] == which[1];
}

static void check_created(const struct session_create *c, const struct session_view *view)
{
        bool same_forced = one_number_will_do(c);
        for (unsigned p = 0; p < 2; p++) {
                assert_int_equal(owner_of(view->parties[p].dials), c->tenant_id);
                assert_true(pair_free(c->tenant_id, view->parties[p].dials, c->parties[p].real[0]));
                if (!number_is_none(c->given[p].n))
                        assert_true(number_equal(view->parties[p].dials.n, c->given[p].n));
        }
        if (number_is_none(c->given[0].n) || number_is_none(c->given[1].n))
                assert_int_equal(number_equal(view->parties[0].dials.n, view->parties[1].dials.n),
                                 same_forced);
        assert_int_equal(view->created_ms, r.model.now_ms);
}

static struct pending *new_pending(bool is_create, unsigned session)
{
        struct pending *p = &r.pending[r.pending_count++];
        *p = (struct pending){{1, 0}, is_create, session};
        return p;
}

static const struct known *by_reference(uint32_t tenant_id, unsigned reference)
{
        for (unsigned i = 0; i < r.model.count; i++) {
                const struct known *s = &r.model.sessions[i];
                if (s->tenant_id == tenant_id && s->reference == reference && !is_forgotten(s))
                        return s;
        }
        return NULL;
}

static const char *reference_text(unsigned reference)
{
        static char text[2];
        text[0] = 'r';
        text[1] = (char)('a' + reference);
        return text;
}

static struct session_create random_create(unsigned *reference)
{
        struct session_create c = {.tenant_id = random_below(&r.random, 4) ? 1 : 2};
        session_create_party(&c, world_p(1 + random_below(&r.random, PARTIES)));
        session_create_party(&c, world_p(1 + random_below(&r.random, PARTIES)));
        for (unsigned p = 0; p < 2; p++)
                if (random_below(&r.random, 6) == 0)
                        c.given[p] = world_m(1 + random_below(&r.random, NUMBERS + 3));
        if (random_below(&r.random, 2))
                c.expires_ms = r.model.now_ms + random_below(&r.random, 2 * QUARANTINE_MS);
        if (random_below(&r.random, 8) == 0)
                c.starts_ms = r.model.now_ms + random_below(&r.random, QUARANTINE_MS / 2);
        *reference = 0;
        if (random_below(&r.random, 3) == 0) {
                *reference = 1 + random_below(&r.random, 20);
                c.reference = (struct slice){reference_text(*reference), 2};
        }
        return c;
}

static bool same_request(const struct known *s, const struct session_create *c)
{
        for (unsigned p = 0; p < 2; p++)
                if (!number_equal(s->party[p].n, c->parties[p].real[0].n) ||
                    (!number_is_none(c->given[p].n) && !number_equal(s->dials[p].n, c->given[p].n)))
                        return false;
        return true;
}

static void do_create(void)
{
        unsigned reference;
        struct session_create c = random_create(&reference);
        if (r.last_reference && random_below(&r.random, 4) == 0) {
                c = r.last;
                reference = r.last_reference;
                c.reference.p = reference_text(reference);
        }
        r.last = c;
        r.last_reference = reference;
        const struct known *known = reference ? by_reference(c.tenant_id, reference) : NULL;
        int expected = expected_error(&c);
        if (known && !number_equal(c.parties[0].real[0].n, c.parties[1].real[0].n))
                expected = same_request(known, &c) ? 0 : ERR_CONFLICT;

        struct session_view view;
        bool repeated = false;
        struct pending *pending = new_pending(true, r.model.count);
        int err = directory_session_create(r.w.dir, &c, &view, &repeated, NULL, world_done,
                                           &pending->answer);
        assert_int_equal(err, expected);
        if (err) {
                r.pending_count--;
                r.refused++;
                return;
        }
        assert_int_equal(repeated, known != NULL);
        if (known) {
                assert_int_equal(view.id, known->id);
                pending->is_create = false;
                pending->session = SESSIONS_MAX; /* nothing to take back */
                r.repeated++;
                return;
        }
        check_created(&c, &view);
        r.model.sessions[r.model.count++] = (struct known){
                .id = view.id,
                .tenant_id = c.tenant_id,
                .party = {c.parties[0].real[0], c.parties[1].real[0]},
                .dials = {view.parties[0].dials, view.parties[1].dials},
                .starts_ms = c.starts_ms,
                .expires_ms = c.expires_ms,
                .reference = reference,
        };
        r.created++;
}

static void do_end(void)
{
        if (r.model.count == 0)
                return;
        unsigned i = r.model.count - 1 -
                     random_below(&r.random, r.model.count < 30 ? r.model.count : 30);
        struct known *s = &r.model.sessions[i];
        struct pending *pending = new_pending(false, i);
        int err = directory_session_end(r.w.dir, s->id, world_done, &pending->answer);
        if (end_of(s)) {
                if (is_forgotten(s))
                        assert_true(err == ERR_NOT_FOUND || err == ERR_STATE);
                else
                        assert_int_equal(err, ERR_STATE);
                r.pending_count--;
                return;
        }
        assert_int_equal(err, 0);
        s->ended_ms = r.model.now_ms;
        r.ended++;
}

static enum mask_verdict verdict_of(const struct known *s)
{
        if (s->ended_ms && (!s->expires_ms || s->ended_ms < s->expires_ms))
                return MASK_ENDED;
        if (s->expires_ms && s->expires_ms <= r.model.now_ms)
                return MASK_EXPIRED;
        return s->starts_ms > r.model.now_ms ? MASK_NOT_YET : MASK_CONNECT;
}

static void check_call(struct masking_number dialled, struct real_number caller)
{
        struct directory_decision d;
        unsigned party;
        world_decide(r.w.dir, dialled, caller, false, &d);
        uint32_t tenant_id = owner_of(dialled);
        const struct known *s = holder(tenant_id, dialled, caller, &party, false);
        enum mask_verdict expected = tenant_id == 0 ? MASK_UNKNOWN_NUMBER
                                     : s            ? verdict_of(s)
                                                    : MASK_STRANGER;
        r.verdicts[d.verdict]++;
        if (d.verdict != expected) {
                /* A tombstone that the timer has not come to yet may still answer as one. */
                s = holder(tenant_id, dialled, caller, &party, true);
                assert_non_null(s);
                assert_int_equal(expected, MASK_STRANGER);
                assert_int_equal(d.verdict, verdict_of(s));
        }
        assert_int_equal(d.tenant_id, tenant_id);
        if (d.verdict != MASK_CONNECT)
                return;
        assert_int_equal(d.mapping.session_id, s->id);
        assert_true(number_equal(d.mapping.connect_to.n, s->party[1 - party].n));
        assert_true(number_equal(d.mapping.show.n, s->dials[1 - party].n));
        assert_int_equal(owner_of(d.mapping.show), tenant_id);
}

static void do_calls(void)
{
        for (unsigned n = 1; n <= NUMBERS + 3; n++)
                check_call(world_m(n), world_p(1 + random_below(&r.random, PARTIES + 1)));
}

/* Answers have come: from the first refused operation on, all are, and the model goes back. */
static void settle(void)
{
        world_run_ms(&r.w, 5);
        bool refused = false;
        for (unsigned i = 0; i < r.pending_count; i++) {
                assert_int_equal(r.pending[i].answer.times, 1);
                refused |= r.pending[i].answer.err != 0;
                assert_int_equal(r.pending[i].answer.err, refused ? ERR_STORE : 0);
        }
        for (unsigned i = r.pending_count; i > 0; i--) {
                const struct pending *p = &r.pending[i - 1];
                if (!p->answer.err || p->session == SESSIONS_MAX)
                        continue;
                if (p->is_create) {
                        assert_int_equal(p->session, r.model.count - 1);
                        r.model.count--;
                } else {
                        r.model.sessions[p->session].ended_ms = 0;
                }
                r.taken_back++;
        }
        r.pending_count = 0;
        look_at_clock();
}

static void do_clock(void)
{
        static const int64_t leaps[] = {10, 1000, 60000, QUARANTINE_MS / 3, QUARANTINE_MS};
        int64_t leap_ms = leaps[random_below(&r.random, 5)];
        int64_t wall_ms = world_now(&r.w);
        switch (random_below(&r.random, 4)) {
        case 0:
                sim_set_wall_ms(r.w.io, wall_ms - leap_ms);
                break;
        case 1:
                sim_set_wall_ms(r.w.io, wall_ms + leap_ms);
                break;
        default:
                settle();
                world_run_ms(&r.w, leap_ms);
                break;
        }
}

static void check_numbers(void)
{
        for (unsigned i = 1; i <= NUMBERS + 2; i++) {
                uint32_t least = 0, most = 0;
                for (unsigned k = 0; k < r.model.count; k++) {
                        const struct known *s = &r.model.sessions[k];
                        bool holds = number_equal(s->dials[0].n, world_m(i).n) ||
                                     number_equal(s->dials[1].n, world_m(i).n);
                        least += holds && !end_of(s);
                        most += holds && !s->ended_ms;
                }
                uint32_t sessions = directory_number_find(r.w.dir, world_m(i))->sessions;
                assert_in_range(sessions, least, most);
        }
}

static void step(unsigned i)
{
        look_at_clock();
        uint32_t what = random_below(&r.random, 20);
        if (what < 9)
                do_create();
        else if (what < 13)
                do_end();
        else if (what < 16)
                do_clock();
        look_at_clock();
        do_calls();
        if (random_below(&r.random, 40) == 0)
                store_memory_fail(r.w.store, 1 + random_below(&r.random, 3),
                                  1 + random_below(&r.random, 3), ERR_STORE);
        if (r.pending_count == PENDING_MAX || random_below(&r.random, 3) == 0 || what >= 13)
                settle();
        if (i % 100 == 0)
                check_numbers();
}

static void run_seed(uint64_t seed)
{
        memset(&r, 0, sizeof r);
        world_make(&r.w, false);
        random_init_seeded(&r.random, seed);
        world_provision(&r.w, NUMBERS);
        uint32_t other = world_add_trunk(&r.w, 2, "carrier", "198.51.100.0/24");
        world_add_number(&r.w, 2, other, NUMBERS + 1);
        world_add_number(&r.w, 2, other, NUMBERS + 2);
        for (unsigned i = 0; i < STEPS && r.model.count < SESSIONS_MAX; i++)
                step(i);
        settle();
        /* Everything did happen, often. */
        assert_in_range(r.created, 100, STEPS);
        assert_in_range(r.refused, 100, STEPS);
        assert_in_range(r.repeated, 20, STEPS);
        assert_in_range(r.ended, 100, STEPS);
        assert_in_range(r.taken_back, 10, STEPS);
        assert_in_range(r.verdicts[MASK_CONNECT], 100, UINT32_MAX);
        assert_in_range(r.verdicts[MASK_STRANGER], 100, UINT32_MAX);
        assert_in_range(r.verdicts[MASK_NOT_YET], 10, UINT32_MAX);
        assert_in_range(r.verdicts[MASK_EXPIRED], 10, UINT32_MAX);
        assert_in_range(r.verdicts[MASK_ENDED], 10, UINT32_MAX);
        assert_in_range(r.verdicts[MASK_UNKNOWN_NUMBER], 10, UINT32_MAX);
        world_remove(&r.w);
}

static void random_lives_follow_the_rules(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 8; seed++)
                run_seed(seed);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(random_lives_follow_the_rules),
        };
        return RUN_TESTS(tests);
}
