/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_change.h"

#include <assert.h>
#include <string.h>

#include "core/session_model.h"

static bool key_equal(const struct route_key *a, const struct route_key *b)
{
        if (a->by != b->by || !number_equal(a->dialled.n, b->dialled.n))
                return false;
        switch (a->by) {
        case ROUTE_EXACT:
                return number_equal(a->caller.n, b->caller.n);
        case ROUTE_DIGITS:
                return pin_equal(&a->digits, &b->digits);
        case ROUTE_ANYONE:
                return true;
        }
        return false;
}

static bool has_key(const struct session *session, const struct route_key *wanted)
{
        struct route_walk walk = {.session = session};
        struct route_key key;
        bool found = false;
        while (!found && route_next(&walk, &key))
                found = key_equal(&key, wanted);
        explicit_bzero(&key, sizeof key);
        return found;
}

static unsigned count_keys(const struct session *session)
{
        struct route_walk walk = {.session = session};
        struct route_key key;
        unsigned count = 0;
        while (route_next(&walk, &key))
                count++;
        return count;
}

/* Once: a number may be lost at several slots. */
static void take_number(struct session_party *party, struct real_number real)
{
        if (!session_party_has(party, real))
                party->real[party->real_count++] = real;
}

/* Takes the part of the key into `out`. */
static void take_key(const struct session *before, const struct route_key *key, struct session *out)
{
        out->slots[key->slot] = key->dialled;
        if (key->by == ROUTE_ANYONE) {
                out->open = true;
                return;
        }
        if (key->by == ROUTE_EXACT)
                take_number(&out->parties[key->party], key->caller);
        else
                out->parties[key->party].pin = before->parties[key->party].pin;
}

/* All of `before` that is no key. */
static void begin(const struct session *before, struct session *out)
{
        *out = *before;
        out->open = false;
        memset(out->slots, 0, sizeof out->slots);
        out->last_caller = (struct real_number){{0}};
        out->last_caller_ms = 0;
        for (unsigned i = 0; i < SESSION_PARTIES_MAX; i++)
                out->parties[i] = (struct session_party){.side = before->parties[i].side};
}

/* Slots of a group are there as long as both their parties are. */
static void keep_places(const struct session *before, struct session *out)
{
        if (before->model != MODEL_GROUP)
                return;
        for (uint8_t i = 0; i < before->party_count; i++)
                for (uint8_t j = 0; j < before->party_count; j++)
                        if (!number_is_none(out->slots[i * SESSION_GROUP_MAX + j].n) &&
                            out->parties[j].real_count == 0)
                                take_number(&out->parties[j], before->parties[j].real[0]);
}

int session_remainder(const struct session *before, const struct session *after,
                      struct session *out)
{
        struct route_walk walk = {.session = before};
        struct route_key key;
        unsigned lost = 0;
        assert(out != before && out != after);
        begin(before, out);
        while (route_next(&walk, &key)) {
                if (has_key(after, &key))
                        continue;
                take_key(before, &key, out);
                lost++;
        }
        keep_places(before, out);
        if (lost && count_keys(out) == lost)
                return 0;
        explicit_bzero(out, sizeof *out);
        return lost ? ERR_CONFLICT : ERR_NOT_FOUND;
}

int session_place(const struct session *session, uint8_t *out)
{
        unsigned max = session->model == MODEL_GROUP ? SESSION_GROUP_MAX : SESSION_PARTIES_MAX;
        for (unsigned i = 0; i < max; i++) {
                if (i < session->party_count && session->parties[i].real_count)
                        continue;
                *out = (uint8_t)i;
                return 0;
        }
        return ERR_FULL;
}

static unsigned count_numbers(const struct session *session)
{
        unsigned count = 0;
        for (unsigned i = 0; i < session->party_count; i++)
                count += session->parties[i].real_count;
        return count;
}

int session_add_alias(struct session *session, uint8_t party, struct real_number alias)
{
        assert(party < session->party_count);
        assert(!number_is_none(alias.n));
        struct session_party *p = &session->parties[party];
        assert(p->real_count > 0);
        if (session_party_of(session, alias) != PARTY_NONE)
                return ERR_EXISTS;
        if (p->real_count == PARTY_REALS_MAX || count_numbers(session) == SESSION_REALS_MAX)
                return ERR_FULL;
        p->real[p->real_count++] = alias;
        return 0;
}

int session_remove_alias(struct session *session, uint8_t party, struct real_number alias)
{
        assert(party < session->party_count);
        struct session_party *p = &session->parties[party];
        unsigned at = 0;
        while (at < p->real_count && !number_equal(p->real[at].n, alias.n))
                at++;
        if (at == p->real_count)
                return ERR_NOT_FOUND;
        if (p->real_count == 1)
                return ERR_STATE;
        p->real_count--;
        memmove(&p->real[at], &p->real[at + 1], (p->real_count - at) * sizeof p->real[0]);
        p->real[p->real_count] = (struct real_number){{0}};
        return 0;
}

void session_remove_party(struct session *session, uint8_t party)
{
        assert(party < session->party_count);
        session->parties[party] = (struct session_party){.side = session->parties[party].side};
        if (session->model != MODEL_GROUP)
                return;
        for (unsigned i = 0; i < SESSION_GROUP_MAX; i++) {
                session->slots[party * SESSION_GROUP_MAX + i] = (struct masking_number){{0}};
                session->slots[i * SESSION_GROUP_MAX + party] = (struct masking_number){{0}};
        }
}
