/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_model.h"

#include <assert.h>

#define BIT(i) (UINT64_C(1) << (i))

const char *const session_model_names[SESSION_MODELS + 1] = {
        [MODEL_TWO_NUMBERS] = "two-numbers",
        [MODEL_ONE_NUMBER] = "one-number",
        [MODEL_ONE_WAY] = "one-way",
        [MODEL_GROUP] = "group",
        [MODEL_SIDES] = "sides",
        [MODEL_EXTENSION] = "extension",
        [MODEL_PANEL] = "panel",
        [MODEL_LAST_CALLER] = "last-caller",
};

const char *session_model_name(enum session_model model)
{
        assert((unsigned)model < SESSION_MODELS);
        return session_model_names[model];
}

int session_model_find(struct slice name, enum session_model *out)
{
        for (unsigned i = 0; i < SESSION_MODELS; i++) {
                if (slice_equal(name, slice_from(session_model_names[i]))) {
                        *out = (enum session_model)i;
                        return 0;
                }
        }
        return ERR_NOT_FOUND;
}

/* How many parties a model takes, on each side and together; 0 of `pins`: they are optional. */
static const struct rule {
        uint8_t min, max;
        uint8_t side_min[2], side_max[2];
        bool pins;
} rules[SESSION_MODELS] = {
        [MODEL_TWO_NUMBERS] = {2, 2, {1, 1}, {1, 1}, false},
        [MODEL_ONE_NUMBER] = {2, 2, {1, 1}, {1, 1}, false},
        [MODEL_ONE_WAY] = {1, 16, {0, 1}, {15, 1}, false},
        [MODEL_GROUP] = {2, SESSION_GROUP_MAX, {2, 0}, {SESSION_GROUP_MAX, 0}, false},
        [MODEL_SIDES] = {2, 16, {1, 1}, {15, 15}, false},
        [MODEL_EXTENSION] = {1, 16, {0, 1}, {0, 16}, true},
        [MODEL_PANEL] = {2, 16, {1, 1}, {15, 1}, false},
        [MODEL_LAST_CALLER] = {1, 1, {0, 1}, {0, 1}, false},
};

void session_model_takes(enum session_model model, unsigned *min, unsigned *max)
{
        assert((unsigned)model < SESSION_MODELS);
        *min = rules[model].min;
        *max = rules[model].max;
}

void session_set_sides(struct session *session)
{
        if (session->model == MODEL_LAST_CALLER)
                session->open = true;
        for (uint8_t i = 0; i < session->party_count; i++) {
                uint8_t *side = &session->parties[i].side;
                switch (session->model) {
                case MODEL_TWO_NUMBERS:
                case MODEL_ONE_NUMBER:
                        *side = i;
                        break;
                case MODEL_GROUP:
                        *side = 0;
                        break;
                case MODEL_EXTENSION:
                case MODEL_LAST_CALLER:
                        *side = 1;
                        break;
                case MODEL_ONE_WAY:
                case MODEL_SIDES:
                case MODEL_PANEL:
                case SESSION_MODELS:
                        break;
                }
        }
}

bool session_model_has_sides(enum session_model model)
{
        return model == MODEL_ONE_WAY || model == MODEL_SIDES || model == MODEL_PANEL;
}

static struct session_fault fault(enum session_flaw flaw, unsigned party)
{
        return (struct session_fault){flaw, (uint8_t)party};
}

/* Places that are taken and numbers, whatever their sides: else a side would be blamed for it. */
static bool are_too_many(const struct session *session)
{
        unsigned all = 0, reals = 0;
        for (uint8_t i = 0; i < session->party_count; i++) {
                all += session->parties[i].real_count > 0;
                reals += session->parties[i].real_count;
        }
        return all > rules[session->model].max || reals > SESSION_REALS_MAX;
}

static struct session_fault check_counts(const struct session *session)
{
        const struct rule *rule = &rules[session->model];
        unsigned all = 0, of_side[2] = {0, 0};
        if (are_too_many(session))
                return fault(SESSION_TOO_MANY, PARTY_NONE);
        for (uint8_t i = 0; i < session->party_count; i++) {
                const struct session_party *party = &session->parties[i];
                if (party->real_count == 0)
                        continue;
                if (party->side > 1 || rule->side_max[party->side] == 0)
                        return fault(SESSION_SIDE, i);
                all++;
                of_side[party->side]++;
        }
        /* Whoever takes the last listed caller away does not open the number to anyone. */
        if (session->model == MODEL_ONE_WAY && session->open == (of_side[0] > 0))
                return fault(session->open ? SESSION_SIDE : SESSION_TOO_FEW, PARTY_NONE);
        if (all < rule->min || of_side[0] < rule->side_min[0] || of_side[1] < rule->side_min[1])
                return fault(SESSION_TOO_FEW, PARTY_NONE);
        if (of_side[0] > rule->side_max[0] || of_side[1] > rule->side_max[1])
                return fault(SESSION_TOO_MANY, PARTY_NONE);
        return fault(SESSION_SOUND, PARTY_NONE);
}

/* Whether the party's i-th number is there a second time before it. */
static bool is_known_before(const struct session *session, unsigned party, unsigned real)
{
        struct real_number number = session->parties[party].real[real];
        for (unsigned i = 0; i < real; i++)
                if (number_equal(session->parties[party].real[i].n, number.n))
                        return true;
        for (unsigned i = 0; i < party; i++)
                if (session_party_has(&session->parties[i], number))
                        return true;
        return false;
}

static bool has_pin_before(const struct session *session, unsigned party)
{
        for (unsigned i = 0; i < party; i++)
                if (pin_equal(&session->parties[i].pin, &session->parties[party].pin))
                        return true;
        return false;
}

static struct session_fault check_party(const struct session *session, unsigned i)
{
        const struct session_party *party = &session->parties[i];
        if (party->real_count > PARTY_REALS_MAX)
                return fault(SESSION_TOO_MANY, i);
        for (unsigned real = 0; real < party->real_count; real++) {
                if (number_is_none(party->real[real].n))
                        return fault(SESSION_NO_NUMBER, i);
                if (is_known_before(session, i, real))
                        return fault(SESSION_SAME_NUMBER, i);
        }
        if (party->real_count == 0)
                return fault(pin_is_none(&party->pin) ? SESSION_SOUND : SESSION_NO_NUMBER, i);
        if (pin_is_none(&party->pin))
                return fault(rules[session->model].pins ? SESSION_PIN_MISSING : SESSION_SOUND, i);
        if (has_pin_before(session, i))
                return fault(SESSION_PIN_TWICE, i);
        return fault(SESSION_SOUND, PARTY_NONE);
}

struct session_fault session_check(const struct session *session)
{
        assert((unsigned)session->model < SESSION_MODELS);
        assert(session->party_count <= SESSION_PARTIES_MAX);
        if (session->model == MODEL_GROUP && session->party_count > SESSION_GROUP_MAX)
                return fault(SESSION_TOO_MANY, PARTY_NONE);
        for (unsigned i = 0; i < session->party_count; i++) {
                struct session_fault found = check_party(session, i);
                if (found.flaw != SESSION_SOUND)
                        return found;
        }
        return check_counts(session);
}

const char *session_flaw_sentence(enum session_flaw flaw)
{
        static const char *const sentences[SESSION_FLAWS] = {
                [SESSION_SOUND] = "Nothing is wrong.",
                [SESSION_TOO_FEW] = "The model needs more parties, or more on one side: "
                                    "docs/reference/models.md says how many.",
                [SESSION_TOO_MANY] = "The model takes fewer parties, or a party has more than 4 "
                                     "numbers, or all together more than 32: leave some out.",
                [SESSION_SIDE] = "The model has no such side: say 0 or 1, or leave it out.",
                [SESSION_SAME_NUMBER] =
                        "The number is there twice: each number belongs to one party, "
                        "and is said once.",
                [SESSION_NO_NUMBER] = "The party has no number: say at least one.",
                [SESSION_PIN_MISSING] = "The party is reached by its digits: say a PIN of 4 to 15.",
                [SESSION_PIN_TWICE] = "Two parties have the same PIN: give each its own.",
        };
        assert((unsigned)flaw < SESSION_FLAWS);
        return sentences[flaw];
}

/* What is left of a party may be its digits alone: a tombstone of theirs. */
static bool is_there(const struct session *session, unsigned party)
{
        if (party >= session->party_count)
                return false;
        return session->parties[party].real_count > 0 || !pin_is_none(&session->parties[party].pin);
}

static uint64_t group_slots(const struct session *session)
{
        uint64_t slots = 0;
        for (unsigned i = 0; i < SESSION_GROUP_MAX; i++)
                for (unsigned j = 0; j < SESSION_GROUP_MAX; j++)
                        if (i != j && is_there(session, i) && is_there(session, j))
                                slots |= BIT(i * SESSION_GROUP_MAX + j);
        return slots;
}

uint64_t session_slots(const struct session *session)
{
        switch (session->model) {
        case MODEL_TWO_NUMBERS:
        case MODEL_SIDES:
        case MODEL_PANEL:
                return BIT(0) | BIT(1);
        case MODEL_GROUP:
                return group_slots(session);
        case MODEL_ONE_NUMBER:
        case MODEL_ONE_WAY:
        case MODEL_EXTENSION:
        case MODEL_LAST_CALLER:
                return BIT(0);
        case SESSION_MODELS:
                break;
        }
        return 0;
}

/* The slot that a party dials, in models where it dials only one; SESSION_SLOTS_MAX: none. */
static unsigned only_slot(const struct session *session, unsigned party)
{
        unsigned side = session->parties[party].side;
        switch (session->model) {
        case MODEL_TWO_NUMBERS:
                return party;
        case MODEL_SIDES:
        case MODEL_PANEL:
                return side;
        case MODEL_ONE_NUMBER:
        case MODEL_LAST_CALLER:
                return 0;
        case MODEL_ONE_WAY:
                return side == 0 ? 0 : SESSION_SLOTS_MAX;
        case MODEL_GROUP:
        case MODEL_EXTENSION:
        case SESSION_MODELS:
                break;
        }
        return SESSION_SLOTS_MAX;
}

uint32_t session_dialers(const struct session *session, unsigned slot)
{
        uint32_t dialers = 0;
        for (unsigned i = 0; i < session->party_count; i++) {
                bool dials = session->model == MODEL_GROUP ? slot / SESSION_GROUP_MAX == i &&
                                                                     slot % SESSION_GROUP_MAX != i
                                                           : only_slot(session, i) == slot;
                if (dials && is_there(session, i))
                        dialers |= 1u << i;
        }
        return dialers;
}

bool session_slot_is_open(const struct session *session, unsigned slot)
{
        bool may_be = session->model == MODEL_LAST_CALLER || session->model == MODEL_ONE_WAY;
        return slot == 0 && may_be && session->open;
}

unsigned session_slot_between(const struct session *session, uint8_t from, uint8_t to)
{
        assert(from < session->party_count && to < session->party_count);
        if (session->model == MODEL_GROUP)
                return from == to ? SESSION_SLOTS_MAX : from * SESSION_GROUP_MAX + to;
        bool same_side = session->parties[from].side == session->parties[to].side;
        return same_side ? SESSION_SLOTS_MAX : only_slot(session, from);
}

unsigned session_slot_of(const struct session *session, uint8_t party)
{
        assert(party < session->party_count);
        uint64_t slots = session_slots(session);
        for (unsigned slot = 0; slot < SESSION_SLOTS_MAX; slot++)
                if ((slots & BIT(slot)) && (session_dialers(session, slot) & 1u << party))
                        return slot;
        return SESSION_SLOTS_MAX;
}
