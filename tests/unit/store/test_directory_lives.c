/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random lives of sessions of every model, with everything that may be done to them, held against the
 * rules (lives_model.h) after each step: who is refused and why, whom a call reaches and what that one
 * sees, which numbers are taken and for how long. As many seeds as the argument says.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/random.h"
#include "lives_model.h"
#include "store/directory_change.h"

#define PEOPLE 14
#define PINS   4
#define STEPS  400 /* a seed */
#define CALLS  12  /* a step */

enum {
        CREATED,
        NO_NUMBER,
        CONFLICT,
        ENDED,
        RENEWED,
        REOPENED,
        NOT_REOPENED,
        ERASED,
        EDITED,
        NOT_EDITED,
        REFUSED_BY_DISK,
        RESTARTED,
        INTENDED,
        THINGS,
};

static struct world w;
static struct random rnd;
static struct model before; /* the operation that the disk may refuse */
static unsigned done[THINGS], verdicts[MASK_VERDICTS];

static unsigned below(unsigned n)
{
        return random_below(&rnd, n);
}

/* It goes on with the clock, and back only when a process that saw more has ended. */
static void look_at_clock(void)
{
        int64_t now_ms = directory_now(w.dir);
        assert_true(now_ms >= m.now_ms && now_ms >= world_now(&w));
        m.now_ms = now_ms;
}

static uint64_t any_number(void)
{
        return world_m(1 + below(NUMBERS)).n.e164;
}

static uint64_t any_real(void)
{
        return world_p(1 + below(PEOPLE)).n.e164;
}

static struct known *any_known(void)
{
        return &m.known[below(m.known_count)];
}

static void check_call(uint64_t number, uint64_t caller, unsigned pin)
{
        struct directory_decision d;
        char digits[] = {'4', '7', '1', (char)('0' + pin)};
        const struct directory_question question = {
                .dialled = {{number}},
                .caller = {{caller}},
                .digits = {digits, pin ? sizeof digits : 0},
                .digits_were_asked = true,
        };
        look_at_clock();
        directory_decide(w.dir, &question, &d);
        verdicts[d.verdict]++;
        check_decision(number, caller, pin, &d);
        if (d.verdict != MASK_CONNECT || below(3))
                return;
        struct known *s = find_known(d.mapping.session_id);
        directory_session_used(w.dir, &d.mapping, (struct real_number){{caller}});
        if (s->model == MODEL_LAST_CALLER && d.mapping.by == MAPPING_BY_ANYONE) {
                s->last_caller = caller;
                s->last_caller_ms = m.now_ms;
        }
}

/* Anybody to any number; then somebody who could, or could until a short time ago. */
static void do_calls(void)
{
        for (unsigned i = 0; i < CALLS; i++) {
                struct key keys[KEYS_MAX], key;
                key = (struct key){any_number(), any_real(), below(PINS + 1)};
                if (i % 3 && m.known_count) {
                        unsigned count = keys_of(any_known(), keys);
                        struct key held = keys[below(count)];
                        key.number = held.number;
                        key.caller = held.caller ? held.caller : key.caller;
                        key.pin = held.caller ? key.pin : held.pin;
                } else if (i % 3 && m.gone_count) {
                        struct key held = m.gone[below(m.gone_count)].key;
                        key.number = held.number;
                        key.caller = held.caller ? held.caller : key.caller;
                        key.pin = held.pin;
                }
                check_call(key.number, key.caller, key.pin);
        }
}

/* ---- what is done ---- */

static struct pin_hash hash_of(unsigned pin)
{
        struct pin_hash hash = {{0}};
        const char digits[] = {'4', '7', '1', (char)('0' + pin)};
        if (pin)
                assert_int_equal(
                        directory_pin(w.dir, 1, (struct slice){digits, sizeof digits}, &hash), 0);
        return hash;
}

static struct session_party party_of(const struct person *p)
{
        struct session_party party = {
                .real_count = (uint8_t)p->count, .side = (uint8_t)p->side, .pin = hash_of(p->pin)};
        for (unsigned i = 0; i < p->count; i++)
                party.real[i].n.e164 = p->real[i];
        return party;
}

static struct person any_person(enum session_model model)
{
        struct person p = {
                .count = 1 + !below(4), .side = below(2), .pin = below(3) ? 0 : 1 + below(PINS)};
        for (unsigned i = 0; i < p.count; i++)
                p.real[i] = any_real();
        if (model == MODEL_EXTENSION && !p.pin && below(8))
                p.pin = 1 + below(PINS);
        return p;
}

/* The side that a place means, in models where it does. */
static void set_side(const struct known *s, unsigned place, struct person *p)
{
        if (s->model == MODEL_TWO_NUMBERS || s->model == MODEL_ONE_NUMBER)
                p->side = place;
        else if (s->model == MODEL_GROUP)
                p->side = 0;
        else if (s->model == MODEL_EXTENSION || s->model == MODEL_LAST_CALLER)
                p->side = 1;
}

static struct known any_session(void)
{
        static const uint8_t people[SESSION_MODELS] = {
                [MODEL_TWO_NUMBERS] = 2, [MODEL_ONE_NUMBER] = 2, [MODEL_ONE_WAY] = 1,
                [MODEL_GROUP] = 3,       [MODEL_SIDES] = 3,      [MODEL_EXTENSION] = 2,
                [MODEL_PANEL] = 3,       [MODEL_LAST_CALLER] = 1};
        struct known s = {.model = (enum session_model)below(SESSION_MODELS)};
        s.count = people[s.model] + (s.model != MODEL_LAST_CALLER && !below(3));
        s.open = s.model == MODEL_LAST_CALLER;
        for (unsigned i = 0; i < s.count; i++) {
                s.places[i] = any_person(s.model);
                set_side(&s, i, &s.places[i]);
                if (s.model >= MODEL_ONE_WAY && i < 2 && s.count > 1 && s.model != MODEL_GROUP &&
                    s.model != MODEL_EXTENSION)
                        s.places[i].side = i;
        }
        if (s.model == MODEL_ONE_WAY) {
                s.open = s.count == 1;
                s.places[0].side = s.count == 1;
        }
        return s;
}

static int64_t any_expiry(void)
{
        static const int64_t times[] = {0, 0, 5000, 60000, QUARANTINE_MS, 2 * QUARANTINE_MS};
        int64_t in_ms = times[below(6)];
        if (below(30) == 0)
                return m.now_ms - 1 - below(1000);
        return in_ms ? m.now_ms + in_ms : 0;
}

/* The answer that comes; the model goes back where the disk has refused. */
static int settle(struct answer *answer)
{
        for (unsigned i = 0; i < 3000 && !answer->times; i++)
                world_run(&w);
        assert_int_equal(answer->times, 1);
        store_memory_fail(w.store, 1, 0, 0);
        if (answer->err) {
                assert_int_equal(answer->err, ERR_STORE);
                m = before;
                done[REFUSED_BY_DISK]++;
                world_run_ms(&w, 2000);
        }
        return answer->err;
}

static void check_slots(const struct known *s)
{
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                assert_int_equal(s->slots[slot] != 0, is_slot(s, slot));
                if (!s->slots[slot])
                        continue;
                assert_true(is_free(s, slot, s->slots[slot]));
                for (unsigned other = slot + 1; s->model == MODEL_GROUP && other < (slot | 7) + 1;
                     other++)
                        assert_int_not_equal(s->slots[slot], s->slots[other]);
        }
}

static void take_slots(struct known *s, const struct session_view *view)
{
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                s->slots[slot] = view->slots[slot].n.e164;
}

static void do_create(void)
{
        struct known s = any_session();
        struct session_create c = {.tenant_id = 1,
                                   .pool_id = 1,
                                   .has_model = true,
                                   .model = s.model,
                                   .open = s.open,
                                   .party_count = (uint8_t)s.count};
        for (unsigned i = 0; i < s.count; i++)
                c.parties[i] = party_of(&s.places[i]);
        c.expires_ms = s.expires_ms = any_expiry();
        if (below(8) == 0)
                c.starts_ms = s.starts_ms = m.now_ms + 1000 * (1 + below(100));
        if (below(4) == 0 && is_slot(&s, 0))
                c.given[0].n.e164 = any_number();
        uint64_t given = c.given[0].n.e164;
        int64_t from_ms = s.starts_ms > m.now_ms ? s.starts_ms : m.now_ms;
        int expected = !is_sound(&s)                             ? ERR_SYNTAX
                       : s.expires_ms && s.expires_ms <= from_ms ? ERR_RANGE
                       : given && !is_free(&s, 0, given)         ? ERR_CONFLICT
                       : !may_be_served(&s)                      ? ERR_NO_NUMBER
                                                                 : 0;
        struct session_view view;
        struct answer answer = {0};
        bool repeated;
        int err = directory_session_create(w.dir, &c, &view, &repeated, NULL, world_done, &answer);
        assert_int_equal(err, expected);
        done[CONFLICT] += err == ERR_CONFLICT;
        done[NO_NUMBER] += err == ERR_NO_NUMBER;
        if (err)
                return;
        s.id = view.id;
        take_slots(&s, &view);
        check_slots(&s);
        if (given)
                assert_int_equal(s.slots[0], given);
        assert_in_range(m.known_count, 0, KNOWN_MAX - 1);
        m.known[m.known_count++] = s;
        done[CREATED] += !settle(&answer);
}

static void do_end(void)
{
        struct known *s = any_known();
        struct answer answer = {0};
        int err = directory_session_end(w.dir, s->id, world_done, &answer);
        assert_int_equal(err, s->erased ? ERR_NOT_FOUND : end_of(s) ? ERR_STATE : 0);
        if (err)
                return;
        s->ended_ms = m.now_ms;
        done[ENDED] += !settle(&answer);
}

static void live_anew(struct known *s, int64_t expires_ms)
{
        s->ended_ms = 0;
        s->expires_ms = expires_ms;
}

static bool is_early(const struct known *s, int64_t expires_ms)
{
        int64_t from_ms = s->starts_ms > m.now_ms ? s->starts_ms : m.now_ms;
        return expires_ms && expires_ms <= from_ms;
}

static void do_renew(void)
{
        struct known *s = any_known();
        struct session_view view;
        struct answer answer = {0};
        int64_t expires_ms = any_expiry();
        int err = directory_session_renew(w.dir, s->id, expires_ms, &view, world_done, &answer);
        assert_int_equal(err, s->erased                 ? ERR_NOT_FOUND
                              : !lives(s)               ? ERR_STATE
                              : is_early(s, expires_ms) ? ERR_RANGE
                                                        : 0);
        if (err)
                return;
        live_anew(s, expires_ms);
        done[RENEWED] += !settle(&answer);
}

/* Its numbers are still free for it: it has its pairs, but a number may be open for anyone now. */
static bool may_be_reopened(const struct known *s)
{
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (s->slots[slot] && !is_free(s, slot, s->slots[slot]))
                        return false;
        return true;
}

static void do_reopen(void)
{
        struct known *s = any_known();
        struct session_view view;
        struct answer answer = {0};
        int64_t expires_ms = any_expiry();
        int err = directory_session_reopen(w.dir, s->id, expires_ms, &view, world_done, &answer);
        assert_int_equal(err, s->erased                 ? ERR_NOT_FOUND
                              : lives(s)                ? ERR_STATE
                              : !may_be_reopened(s)     ? ERR_CONFLICT
                              : is_early(s, expires_ms) ? ERR_RANGE
                                                        : 0);
        done[NOT_REOPENED] += err == ERR_CONFLICT;
        if (err)
                return;
        live_anew(s, expires_ms);
        done[REOPENED] += !settle(&answer);
}

static void on_erased(void *arg, int err, const struct erase_receipt *receipt)
{
        (void)receipt;
        world_done(arg, err);
}

static void do_erase(void)
{
        struct known *s = any_known();
        struct answer answer = {0};
        int err = directory_session_erase(w.dir, s->id, on_erased, &answer);
        assert_int_equal(err, s->erased ? ERR_NOT_FOUND : 0);
        if (err)
                return;
        s->ended_ms = end_of(s) ? end_of(s) : m.now_ms;
        s->erased = true;
        before = m; /* it is never taken back */
        done[ERASED] += !settle(&answer);
}

static void do_intent(void)
{
        const struct known *s = any_known();
        unsigned place = below(s->count);
        uint64_t caller = any_real();
        int64_t until_ms = m.now_ms + 120000;
        int err = directory_session_intent(w.dir, s->id, (uint8_t)place,
                                           (struct real_number){{caller}}, until_ms);
        assert_int_equal(err, s->erased                 ? ERR_NOT_FOUND
                              : !lives(s)               ? ERR_STATE
                              : !s->places[place].count ? ERR_NOT_FOUND
                                                        : 0);
        for (unsigned slot = 0; !err && slot < SESSION_SLOTS_MAX; slot++) {
                if (!s->slots[slot] || !dials(s, place, slot))
                        continue;
                unsigned i = 0;
                while (i < m.intent_count &&
                       (m.intents[i].number != s->slots[slot] || m.intents[i].caller != caller))
                        i++;
                assert_in_range(i, 0, INTENTS - 1);
                m.intent_count += i == m.intent_count;
                m.intents[i] = (struct intent){s->id, s->slots[slot], caller, place, until_ms};
                done[INTENDED]++;
        }
}

/* ---- edits ---- */

struct change {
        struct session_edit edit;
        struct known after;
        bool is_there;   /* what is to be changed */
        bool is_twice;   /* the alias is there already */
        bool is_last;    /* number of its party */
        bool is_crowded; /* no place, or no room for an alias */
        bool rekeys;
};

static void begin_add_party(struct change *c)
{
        struct known *s = &c->after;
        unsigned place = 0, max = s->model == MODEL_GROUP ? 8 : 16;
        while (place < s->count && s->places[place].count)
                place++;
        c->is_crowded = place == max;
        if (c->is_crowded)
                return;
        struct person p = any_person(s->model);
        c->edit.party = party_of(&p);
        set_side(s, place, &p);
        s->places[place] = p;
        s->count += place == s->count;
}

static void remove_number(struct person *p, unsigned i)
{
        for (p->count--; i < p->count; i++)
                p->real[i] = p->real[i + 1];
        p->real[p->count] = 0;
}

static void begin_alias(struct change *c, struct person *p)
{
        struct known *s = &c->after;
        uint64_t real = c->edit.kind == EDIT_ADD_ALIAS || below(4) == 0 ? any_real()
                                                                        : p->real[below(p->count)];
        c->edit.party.real[0].n.e164 = real;
        if (c->edit.kind == EDIT_ADD_ALIAS) {
                for (unsigned i = 0; i < s->count; i++)
                        c->is_twice |= has_number(&s->places[i], real);
                c->is_crowded = p->count == PARTY_REALS_MAX;
                if (!c->is_twice && !c->is_crowded)
                        p->real[p->count++] = real;
                return;
        }
        unsigned at = 0;
        while (at < p->count && p->real[at] != real)
                at++;
        c->is_there = at < p->count;
        c->is_last = c->is_there && p->count == 1;
        c->rekeys = true;
        if (c->is_there && !c->is_last)
                remove_number(p, at);
}

static void begin_swap(struct change *c)
{
        struct known *s = &c->after;
        unsigned slot = s->model == MODEL_GROUP ? 8 * below(s->count) + below(s->count) : below(2);
        c->edit.slot = (uint8_t)slot;
        c->is_there = is_slot(s, slot);
        c->edit.number.n.e164 = below(2) ? any_number() : 0;
        if (c->is_there)
                s->slots[slot] = c->edit.number.n.e164;
}

static void begin_edit(struct change *c, const struct known *s)
{
        *c = (struct change){.after = *s, .is_there = true};
        c->edit.kind = (enum session_edit_kind)below(EDIT_FORGET_CALLER + 1);
        c->edit.place = (uint8_t)below(s->count);
        struct person *p = &c->after.places[c->edit.place];
        bool at_place = c->edit.kind != EDIT_ADD_PARTY && c->edit.kind != EDIT_SWAP_NUMBER &&
                        c->edit.kind != EDIT_FORGET_CALLER;
        c->is_there = !at_place || p->count;
        if (!c->is_there)
                return;
        struct person other = any_person(s->model);
        switch (c->edit.kind) {
        case EDIT_ADD_PARTY:
                begin_add_party(c);
                break;
        case EDIT_REMOVE_PARTY:
                c->rekeys = true;
                *p = (struct person){.side = p->side};
                break;
        case EDIT_REPLACE_PARTY:
                c->rekeys = true;
                other.side = p->side;
                *p = other;
                c->edit.party = party_of(p);
                c->after.last_caller = 0;
                c->after.last_caller_ms = 0;
                break;
        case EDIT_ADD_ALIAS:
        case EDIT_REMOVE_ALIAS:
                begin_alias(c, p);
                break;
        case EDIT_SET_PIN:
                p->pin = below(PINS + 1);
                c->edit.party.pin = hash_of(p->pin);
                break;
        case EDIT_SWAP_NUMBER:
                begin_swap(c);
                break;
        case EDIT_FORGET_CALLER:
                c->rekeys = true;
                c->after.last_caller = 0;
                c->after.last_caller_ms = 0;
                break;
        }
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (!is_slot(&c->after, slot))
                        c->after.slots[slot] = 0;
}

/* Whether a number that the session keeps, or is given, is not free for whom it would serve then. */
static bool meets_others(const struct change *c)
{
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (c->after.slots[slot] && !is_free(&c->after, slot, c->after.slots[slot]))
                        return true;
        return false;
}

/* One number for two slots of one party of a group. */
static bool is_given_twice(const struct change *c)
{
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (slot != c->edit.slot && slot / 8 == c->edit.slot / 8 &&
                    c->after.slots[slot] == c->edit.number.n.e164)
                        return c->after.model == MODEL_GROUP;
        return false;
}

/* A number is to be swapped for another one, and there is none. */
static bool has_no_other(const struct change *c, const struct known *s)
{
        bool is_swap = c->edit.kind == EDIT_SWAP_NUMBER && c->is_there && !c->edit.number.n.e164;
        unsigned slot = c->edit.slot, others = 0;
        for (unsigned i = 1; is_swap && i <= NUMBERS; i++) {
                uint64_t number = world_m(i).n.e164;
                bool is_other = number != s->slots[slot];
                for (unsigned k = 0; s->model == MODEL_GROUP && k < SESSION_SLOTS_MAX; k++)
                        is_other &= k / 8 != slot / 8 || number != s->slots[k];
                others += is_other && is_free(s, slot, number);
        }
        return is_swap && !others;
}

static bool is_right_to_refuse(const struct change *c, const struct known *s, int err)
{
        switch (err) {
        case ERR_NOT_FOUND:
                return s->erased || !c->is_there;
        case ERR_STATE:
                return !lives(s) || c->is_last;
        case ERR_EXISTS:
                return c->is_twice;
        case ERR_SYNTAX:
                return c->is_crowded || !is_sound(&c->after);
        case ERR_CONFLICT:
                return meets_others(c) || (c->edit.number.n.e164 && is_given_twice(c));
        case ERR_NO_NUMBER:
                return !may_be_served(&c->after) || has_no_other(c, s);
        default:
                return false;
        }
}

static void check_edited(const struct change *c, const struct known *s)
{
        const struct known *after = &c->after;
        assert_true(lives(s));
        assert_true(c->is_there && !c->is_twice && !c->is_last && !c->is_crowded);
        assert_true(is_sound(after));
        check_slots(after);
        bool may_move = s->model == MODEL_TWO_NUMBERS || s->model == MODEL_GROUP;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                if (!s->slots[slot] || !after->slots[slot])
                        continue;
                bool is_swapped = c->edit.kind == EDIT_SWAP_NUMBER && c->edit.slot == slot;
                if (is_swapped && c->edit.number.n.e164)
                        assert_int_equal(after->slots[slot], c->edit.number.n.e164);
                else if (is_swapped)
                        assert_int_not_equal(after->slots[slot], s->slots[slot]);
                else if ((!may_move || is_free(after, slot, s->slots[slot])))
                        assert_int_equal(after->slots[slot], s->slots[slot]);
        }
}

static void lose(const struct known *s, const struct known *after)
{
        struct key keys[KEYS_MAX];
        unsigned count = keys_of(s, keys);
        for (unsigned i = 0; i < count; i++) {
                if (has_key(after, &keys[i]))
                        continue;
                assert_in_range(m.gone_count, 0, GONE_MAX - 1);
                m.gone[m.gone_count++] = (struct gone){keys[i], s->id, m.now_ms};
        }
}

static void forget_intents(uint64_t session_id)
{
        unsigned left = 0;
        for (unsigned i = 0; i < m.intent_count; i++)
                if (m.intents[i].session_id != session_id)
                        m.intents[left++] = m.intents[i];
        m.intent_count = left;
}

static void do_edit(void)
{
        struct known *s = any_known();
        struct change c;
        struct session_view view;
        struct answer answer = {0};
        begin_edit(&c, s);
        int err = directory_session_edit(w.dir, s->id, &c.edit, &view, NULL, world_done, &answer);
        if (err) {
                if (!is_right_to_refuse(&c, s, err))
                        fail_msg("%s: edit %d of a session of model %d", err_text(err), c.edit.kind,
                                 s->model);
                done[NOT_EDITED]++;
                return;
        }
        take_slots(&c.after, &view);
        check_edited(&c, s);
        lose(s, &c.after);
        if (c.rekeys && memcmp(s, &c.after, sizeof *s) != 0)
                forget_intents(s->id);
        *s = c.after;
        done[EDITED] += !settle(&answer);
}

/* ---- time, and the process ---- */

static void restart(void)
{
        world_run_ms(&w, 1100); /* what is remembered of calls is written */
        world_reopen(&w);
        m.intent_count = 0;
        m.now_ms = 0;
        done[RESTARTED]++;
}

/* The clock jumps, time goes by, or both; a jump is seen within a minute. */
static void do_time(void)
{
        static const int64_t leaps[] = {10, 1000, 30000, QUARANTINE_MS / 3, QUARANTINE_MS};
        int64_t leap_ms = leaps[below(5)];
        if (below(4) == 0) {
                sim_set_wall_ms(w.io, world_now(&w) + (below(2) ? leap_ms : -leap_ms));
                look_at_clock();
                world_run_ms(&w, 61000);
        } else {
                world_run_ms(&w, leap_ms);
        }
        world_run_ms(&w, 100);
}

static void forget_what_is_over(void)
{
        unsigned left = 0;
        for (unsigned i = 0; i < m.known_count; i++)
                if (!is_over(end_of(&m.known[i])))
                        m.known[left++] = m.known[i];
        m.known_count = left;
        left = 0;
        for (unsigned i = 0; i < m.gone_count; i++)
                if (!is_over(m.gone[i].ended_ms))
                        m.gone[left++] = m.gone[i];
        m.gone_count = left;
        left = 0;
        for (unsigned i = 0; i < m.intent_count; i++)
                if (m.now_ms < m.intents[i].until_ms)
                        m.intents[left++] = m.intents[i];
        m.intent_count = left;
}

static void step(void)
{
        static void (*const things[])(void) = {do_end,  do_renew, do_reopen, do_erase, do_edit,
                                               do_edit, do_edit,  do_edit,   do_intent};
        look_at_clock();
        forget_what_is_over();
        unsigned what = below(24);
        before = m;
        if (what < 18 && below(12) == 0)
                store_memory_fail(w.store, 1, 3, ERR_STORE);
        if (m.known_count < 3 || (what < 8 && m.known_count < KNOWN_MAX))
                do_create();
        else if (what < 18)
                things[below(9)]();
        else if (what < 22)
                do_time();
        else if (what == 22)
                restart();
        store_memory_fail(w.store, 1, 0, 0);
        look_at_clock();
        forget_what_is_over();
        do_calls();
}

static void allow_rungs(void)
{
        struct directory_pool pool = *directory_pool_get(w.dir, 1, 1);
        struct answer answer = {0};
        pool.policy.ladder = 1u << RUNG_INTENT | 1u << RUNG_PIN;
        pool.policy.last_caller_ms = DAY;
        assert_int_equal(directory_pool_change(w.dir, &pool, world_done, &answer), 0);
        world_run(&w);
        assert_int_equal(answer.err, 0);
}

static void run_seed(uint64_t seed)
{
        memset(&m, 0, sizeof m);
        world_make(&w, true);
        random_init_seeded(&rnd, seed);
        world_provision(&w, NUMBERS);
        allow_rungs();
        for (unsigned i = 0; i < STEPS; i++)
                step();
        world_remove(&w);
}

static uint64_t seeds = 12;

static void everything_that_may_be_done_to_sessions_follows_the_rules(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= seeds; seed++)
                run_seed(seed);
        /* Everything did happen. */
        for (unsigned i = 0; i < THINGS; i++)
                assert_true(done[i] > 0);
        for (unsigned i = 0; i < SESSION_MODELS; i++)
                assert_true(connected[i] > 0);
        static const enum mask_verdict wanted[] = {MASK_STRANGER, MASK_NOT_YET, MASK_EXPIRED,
                                                   MASK_ENDED, MASK_NOBODY};
        for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
                assert_true(verdicts[wanted[i]] > 0);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(everything_that_may_be_done_to_sessions_follows_the_rules),
        };
        if (argc > 1)
                seeds = strtoull(argv[1], NULL, 10);
        return RUN_TESTS(tests);
}
