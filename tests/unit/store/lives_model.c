/* SPDX-License-Identifier: Apache-2.0 */
#include "lives_model.h"

#include "unit.h"

struct model m;
unsigned connected[SESSION_MODELS];

int64_t end_of(const struct known *s)
{
        if (s->ended_ms)
                return s->ended_ms;
        return s->expires_ms && s->expires_ms <= m.now_ms ? s->expires_ms : 0;
}

bool is_over(int64_t end_ms)
{
        return end_ms && m.now_ms - end_ms >= QUARANTINE_MS;
}

bool lives(const struct known *s)
{
        return !s->erased && !end_of(s);
}

bool dials(const struct known *s, unsigned place, unsigned slot)
{
        const struct person *p = &s->places[place];
        if (!p->count)
                return false;
        switch (s->model) {
        case MODEL_TWO_NUMBERS:
                return slot == place;
        case MODEL_ONE_NUMBER:
        case MODEL_LAST_CALLER:
                return slot == 0;
        case MODEL_ONE_WAY:
                return slot == 0 && p->side == 0;
        case MODEL_GROUP:
                return slot / 8 == place && slot % 8 != place && s->places[slot % 8].count;
        case MODEL_SIDES:
        case MODEL_PANEL:
                return slot == p->side;
        case MODEL_EXTENSION:
        case SESSION_MODELS:
                break;
        }
        return false;
}

static bool is_for_anyone(const struct known *s, unsigned slot)
{
        return slot == 0 &&
               (s->model == MODEL_LAST_CALLER || (s->model == MODEL_ONE_WAY && s->open));
}

static unsigned keys_of_slot(const struct known *s, unsigned slot, struct key *out)
{
        unsigned count = 0;
        for (unsigned place = 0; place < s->count; place++) {
                const struct person *p = &s->places[place];
                for (unsigned i = 0; dials(s, place, slot) && i < p->count; i++)
                        out[count++] = (struct key){s->slots[slot], p->real[i], 0};
                bool by_pin = dials(s, place, slot) || (s->model == MODEL_EXTENSION && slot == 0);
                if (by_pin && p->pin)
                        out[count++] = (struct key){s->slots[slot], 0, p->pin};
        }
        if (is_for_anyone(s, slot))
                out[count++] = (struct key){s->slots[slot], 0, 0};
        return count;
}

unsigned keys_of(const struct known *s, struct key out[KEYS_MAX])
{
        unsigned count = 0;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (s->slots[slot])
                        count += keys_of_slot(s, slot, out + count);
        assert_in_range(count, 0, KEYS_MAX);
        return count;
}

static bool same_key(const struct key *a, const struct key *b)
{
        return a->number == b->number && a->caller == b->caller && a->pin == b->pin;
}

bool has_key(const struct known *s, const struct key *key)
{
        struct key keys[KEYS_MAX];
        unsigned count = keys_of(s, keys);
        for (unsigned i = 0; i < count; i++)
                if (same_key(&keys[i], key))
                        return true;
        return false;
}

/* What holds the key: a session, or what is left of one. */
struct holder {
        const struct known *session;
        const struct gone *gone;
};

static bool is_held(const struct key *key, uint64_t but, struct holder *out)
{
        *out = (struct holder){NULL, NULL};
        for (unsigned i = 0; i < m.known_count && !out->session; i++) {
                const struct known *s = &m.known[i];
                if (s->id != but && !is_over(end_of(s)) && has_key(s, key))
                        out->session = s;
        }
        for (unsigned i = 0; i < m.gone_count && !out->session && !out->gone; i++)
                if (!is_over(m.gone[i].ended_ms) && same_key(&m.gone[i].key, key))
                        out->gone = &m.gone[i];
        return out->session || out->gone;
}

/* Whether a session may have the number in this slot, beside what it has itself. */
bool is_free(const struct known *s, unsigned slot, uint64_t number)
{
        struct known wanted = *s;
        struct key keys[KEYS_MAX], anyone = {number, 0, 0};
        struct holder holder;
        wanted.slots[slot] = number;
        unsigned count = keys_of_slot(&wanted, slot, keys);
        for (unsigned i = 0; i < count; i++)
                if (is_held(&keys[i], s->id, &holder))
                        return false;
        if (!is_for_anyone(s, slot))
                return !is_held(&anyone, s->id, &holder);
        for (unsigned i = 0; i < m.known_count; i++)
                for (unsigned k = 0; k < SESSION_SLOTS_MAX; k++)
                        if (m.known[i].id != s->id && lives(&m.known[i]) &&
                            m.known[i].slots[k] == number)
                                return false;
        return true;
}

static unsigned count_free(const struct known *s, unsigned slot)
{
        unsigned count = 0;
        for (unsigned i = 1; i <= NUMBERS; i++)
                count += is_free(s, slot, world_m(i).n.e164);
        return count;
}

bool is_slot(const struct known *s, unsigned slot)
{
        switch (s->model) {
        case MODEL_TWO_NUMBERS:
        case MODEL_SIDES:
        case MODEL_PANEL:
                return slot < 2;
        case MODEL_GROUP:
                return slot / 8 != slot % 8 && s->places[slot / 8].count &&
                       s->places[slot % 8].count;
        default:
                return slot == 0;
        }
}

static unsigned people_of(const struct known *s)
{
        unsigned people = 0;
        for (unsigned i = 0; i < s->count; i++)
                people += s->places[i].count > 0;
        return people;
}

/* As many numbers as one dials of a group, and one in the others. */
bool may_be_served(const struct known *s)
{
        unsigned wanted = s->model == MODEL_GROUP ? people_of(s) - 1 : 1;
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if (is_slot(s, slot) && count_free(s, slot) < wanted)
                        return false;
        return true;
}

bool is_sound(const struct known *s)
{
        unsigned sides[2] = {0, 0};
        for (unsigned i = 0; i < s->count; i++) {
                const struct person *a = &s->places[i];
                if (!a->count)
                        continue;
                if (a->side > 1)
                        return false;
                sides[a->side]++;
                if (s->model == MODEL_EXTENSION && !a->pin)
                        return false;
                for (unsigned j = 0; j <= i; j++) {
                        const struct person *b = &s->places[j];
                        if (j < i && a->pin && a->pin == b->pin)
                                return false;
                        for (unsigned x = 0; x < a->count; x++)
                                for (unsigned y = 0; y < (i == j ? x : b->count); y++)
                                        if (a->real[x] == b->real[y])
                                                return false;
                }
        }
        switch (s->model) {
        case MODEL_TWO_NUMBERS:
        case MODEL_ONE_NUMBER:
                return sides[0] == 1 && sides[1] == 1;
        case MODEL_ONE_WAY:
                return sides[1] == 1 && s->open == (sides[0] == 0);
        case MODEL_GROUP:
                return people_of(s) >= 2 && people_of(s) <= 8;
        case MODEL_SIDES:
                return sides[0] >= 1 && sides[1] >= 1;
        case MODEL_EXTENSION:
                return sides[1] >= 1;
        case MODEL_PANEL:
                return sides[0] >= 1 && sides[1] == 1;
        case MODEL_LAST_CALLER:
                return sides[1] == 1;
        case SESSION_MODELS:
                break;
        }
        return false;
}

/* ---- who is reached ---- */

bool has_number(const struct person *p, uint64_t real)
{
        for (unsigned i = 0; i < p->count; i++)
                if (p->real[i] == real)
                        return true;
        return false;
}

static enum mask_verdict verdict_of(const struct known *s)
{
        if (s->ended_ms && (!s->expires_ms || s->ended_ms < s->expires_ms))
                return MASK_ENDED;
        if (s->expires_ms && s->expires_ms <= m.now_ms)
                return MASK_EXPIRED;
        return s->starts_ms > m.now_ms ? MASK_NOT_YET : MASK_CONNECT;
}

/* Of a call that comes in as the party at `place` (or as anyone) by the slot. */
struct entry {
        unsigned place, slot;
        unsigned only; /* the extension that is reached; PARTY_NONE */
};

static bool enters(const struct known *s, const struct key *key, struct entry *out)
{
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++) {
                if (!s->slots[slot] || s->slots[slot] != key->number)
                        continue;
                for (unsigned place = 0; place < s->count; place++) {
                        const struct person *p = &s->places[place];
                        bool is_it = key->caller ? has_number(p, key->caller)
                                                 : key->pin && p->pin == key->pin;
                        *out = (struct entry){place, slot, PARTY_NONE};
                        if (is_it && dials(s, place, slot))
                                return true;
                        *out = (struct entry){PARTY_NONE, slot, place};
                        if (is_it && key->pin && s->model == MODEL_EXTENSION)
                                return true;
                }
                *out = (struct entry){PARTY_NONE, slot, PARTY_NONE};
                if (!key->caller && !key->pin && is_for_anyone(s, slot))
                        return true;
        }
        return false;
}

static bool may_reach(const struct known *s, const struct entry *e, unsigned place)
{
        if (!s->places[place].count)
                return false;
        if (e->only != PARTY_NONE)
                return place == e->only;
        if (e->place == PARTY_NONE)
                return s->places[place].side == 1;
        if (s->model == MODEL_GROUP)
                return place == e->slot % 8;
        return s->places[place].side != s->places[e->place].side;
}

/* What the one who is reached sees. */
static uint64_t shown_to(const struct known *s, const struct entry *e, unsigned place)
{
        if (s->model == MODEL_GROUP)
                return s->slots[8 * place + e->place];
        for (unsigned slot = 0; slot < 2 && e->place != PARTY_NONE; slot++)
                if (dials(s, place, slot))
                        return s->slots[slot];
        return s->slots[e->slot];
}

static void check_connected(const struct known *s, const struct entry *e, uint64_t caller,
                            const struct mapping *got)
{
        assert_int_equal(got->session_id, s->id);
        assert_int_equal(verdict_of(s), MASK_CONNECT);
        connected[s->model]++;
        if (s->model == MODEL_LAST_CALLER && e->place != PARTY_NONE) {
                assert_int_equal(got->connect_to.n.e164, s->last_caller);
                assert_true(m.now_ms - s->last_caller_ms < DAY);
                assert_int_equal(got->show.n.e164, s->slots[0]);
                return;
        }
        unsigned place = got->callee_party;
        assert_true(place < s->count && may_reach(s, e, place));
        assert_int_equal(got->connect_to.n.e164, s->places[place].real[0]);
        assert_int_equal(got->show.n.e164, shown_to(s, e, place));
        assert_false(has_number(&s->places[place], caller));
}

/* It is for a party of a living session: then only that it would reach itself, or nobody, stops it. */
static void check_stopped(const struct known *s, const struct entry *e, uint64_t caller,
                          enum mask_verdict got)
{
        bool reaches_itself = false, reaches_last = false;
        for (unsigned i = 0; i < s->count; i++)
                reaches_itself |= may_reach(s, e, i) && has_number(&s->places[i], caller);
        if (s->model == MODEL_LAST_CALLER && e->place != PARTY_NONE)
                reaches_last = s->last_caller && s->last_caller != caller &&
                               !has_number(&s->places[0], s->last_caller) &&
                               m.now_ms - s->last_caller_ms < DAY;
        enum mask_verdict expected = verdict_of(s);
        if (expected == MASK_CONNECT && s->model == MODEL_LAST_CALLER && e->place != PARTY_NONE &&
            !reaches_last)
                expected = MASK_NOBODY;
        if (got != expected) {
                assert_true(reaches_itself);
                assert_int_equal(got, MASK_STRANGER);
        }
}

struct known *find_known(uint64_t id)
{
        for (unsigned i = 0; i < m.known_count; i++)
                if (m.known[i].id == id)
                        return &m.known[i];
        return NULL;
}

/* The intent that holds for the call, of a session that is there; NULL. */
static const struct intent *intended(uint64_t number, uint64_t caller)
{
        for (unsigned i = 0; i < m.intent_count; i++) {
                const struct intent *intent = &m.intents[i];
                const struct known *s = find_known(intent->session_id);
                if (intent->number == number && intent->caller == caller && s && !s->erased &&
                    m.now_ms < intent->until_ms)
                        return intent;
        }
        return NULL;
}

void check_decision(uint64_t number, uint64_t caller, unsigned pin,
                    const struct directory_decision *d)
{
        const struct key keys[] = {{number, caller, 0}, {number, 0, pin}, {number, 0, 0}};
        struct holder holder = {NULL, NULL};
        struct entry e;
        struct key by = keys[0];
        bool held = is_held(&keys[0], 0, &holder);
        const struct intent *intent = held ? NULL : intended(number, caller);
        if (intent) {
                holder.session = find_known(intent->session_id);
                by.caller = holder.session->places[intent->place].real[0];
                held = true;
        }
        for (unsigned i = 1; i < 3 && !held; i++) {
                by = keys[i];
                held = (i == 2 || pin) && is_held(&keys[i], 0, &holder);
        }
        const struct known *s = holder.session;
        if (!held || (s && s->erased) || (s && !enters(s, &by, &e))) {
                assert_int_equal(d->verdict, MASK_STRANGER);
        } else if (!s) {
                /* What was lost refuses; of what was erased nothing is said. */
                assert_true(d->verdict == MASK_ENDED || d->verdict == MASK_STRANGER);
        } else if (d->verdict == MASK_CONNECT) {
                check_connected(s, &e, caller, &d->mapping);
        } else {
                check_stopped(s, &e, caller, d->verdict);
        }
}
