/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sessions.h - sessions of every model for tests, with numbers that say whose they are.
 */
#ifndef MASKLINE_TESTS_CORE_SESSIONS_H
#define MASKLINE_TESTS_CORE_SESSIONS_H

#include "base/random.h"
#include "core/session_model.h"

static inline struct real_number real_of(unsigned party, unsigned alias)
{
        return (struct real_number){{UINT64_C(919888800000) + party * 10 + alias}};
}

static inline struct masking_number masking_of(unsigned i)
{
        return (struct masking_number){{UINT64_C(919000000001) + i}};
}

static inline struct pin_hash pin_of(unsigned i)
{
        return (struct pin_hash){{7, (uint8_t)(i + 1)}};
}

static inline void add_party(struct session *s, unsigned side, unsigned numbers)
{
        struct session_party *party = &s->parties[s->party_count];
        for (unsigned i = 0; i < numbers; i++)
                party->real[i] = real_of(s->party_count, i);
        party->real_count = (uint8_t)numbers;
        party->side = (uint8_t)side;
        s->party_count++;
}

/* Each slot gets a number of its own: masking_of(slot). */
static inline void fill_slots(struct session *s)
{
        uint64_t slots = session_slots(s);
        for (unsigned i = 0; i < SESSION_SLOTS_MAX; i++)
                if (slots >> i & 1)
                        s->slots[i] = masking_of(i);
}

/* `first` parties on side 0, `second` on side 1; models without sides take both together. */
static inline struct session make_session(enum session_model model, unsigned first, unsigned second)
{
        struct session s = {
                .id = 9,
                .tenant_id = 3,
                .pool_id = 2,
                .model = model,
                .state = SESSION_ACTIVE,
                .open = model == MODEL_ONE_WAY && first == 0,
        };
        for (unsigned i = 0; i < first + second; i++)
                add_party(&s, i >= first, 1);
        session_set_sides(&s);
        if (model == MODEL_EXTENSION)
                for (unsigned i = 0; i < s.party_count; i++)
                        s.parties[i].pin = pin_of(i);
        fill_slots(&s);
        return s;
}

/* Any session that is sound: up to 4 numbers a party, with and without PINs. */
static inline struct session random_session(struct random *r)
{
        enum session_model model = (enum session_model)random_below(r, SESSION_MODELS);
        unsigned first = 1, second = 1;
        switch (model) {
        case MODEL_TWO_NUMBERS:
        case MODEL_ONE_NUMBER:
        case SESSION_MODELS:
                break;
        case MODEL_ONE_WAY:
                first = random_below(r, 5);
                break;
        case MODEL_GROUP:
                first = 2 + random_below(r, 5);
                second = 0;
                break;
        case MODEL_SIDES:
                first = 1 + random_below(r, 5);
                second = 1 + random_below(r, 5);
                break;
        case MODEL_EXTENSION:
                first = 0;
                second = 1 + random_below(r, 5);
                break;
        case MODEL_PANEL:
                first = 1 + random_below(r, 8);
                break;
        case MODEL_LAST_CALLER:
                first = 0;
                break;
        }
        struct session s = make_session(model, first, second);
        for (unsigned i = 0; i < s.party_count; i++) {
                unsigned numbers = 1 + random_below(r, 3);
                for (unsigned j = 1; j < numbers; j++)
                        s.parties[i].real[j] = real_of(i, j);
                s.parties[i].real_count = (uint8_t)numbers;
                if (random_below(r, 3) == 0)
                        s.parties[i].pin = pin_of(i);
        }
        return s;
}

#endif
