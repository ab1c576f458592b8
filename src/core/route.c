/* SPDX-License-Identifier: Apache-2.0 */
#include "core/route.h"

#include <assert.h>

#include "core/session_model.h"

#define BIT(i) (UINT64_C(1) << (i))

/*
 * The steps of a slot: for each party its numbers and then its digits; last, anyone. A party has
 * PARTY_REALS_MAX + 1 of them, whether they give a key or not.
 */
#define PIN_STEP PARTY_REALS_MAX

static bool key_of_party(const struct route_walk *walk, uint32_t dialers, struct route_key *out)
{
        const struct session_party *party = &walk->session->parties[walk->party];
        bool dials = dialers & 1u << walk->party;
        if (walk->step < PIN_STEP) {
                if (!dials || walk->step >= party->real_count)
                        return false;
                out->by = ROUTE_EXACT;
                out->caller = party->real[walk->step];
        } else {
                /* They let the party in, or they reach it. */
                bool is_reached = walk->session->model == MODEL_EXTENSION;
                if (!(dials || is_reached) || pin_is_none(&party->pin))
                        return false;
                out->by = ROUTE_DIGITS;
                out->digits = party->pin;
        }
        out->party = (uint8_t)walk->party;
        return true;
}

bool route_next_of_slot(struct route_walk *walk, struct masking_number number,
                        struct route_key *out)
{
        const struct session *session = walk->session;
        uint32_t dialers = session_dialers(session, walk->slot);
        *out = (struct route_key){.dialled = number, .slot = (uint8_t)walk->slot};
        while (walk->party < session->party_count) {
                bool found = key_of_party(walk, dialers, out);
                if (walk->step++ == PIN_STEP) {
                        walk->step = 0;
                        walk->party++;
                }
                if (found)
                        return true;
        }
        if (walk->party > session->party_count || !session_slot_is_open(session, walk->slot))
                return false;
        walk->party++;
        out->by = ROUTE_ANYONE;
        out->party = PARTY_NONE;
        return true;
}

bool route_next(struct route_walk *walk, struct route_key *out)
{
        uint64_t slots = session_slots(walk->session);
        for (; walk->slot < SESSION_SLOTS_MAX; walk->slot++, walk->party = walk->step = 0) {
                struct masking_number number = walk->session->slots[walk->slot];
                if (!(slots & BIT(walk->slot)) || number_is_none(number.n))
                        continue;
                if (route_next_of_slot(walk, number, out))
                        return true;
        }
        return false;
}

/* What has been found of a row: the slot that was dialled, who dialled it, by what. */
struct entry {
        unsigned slot;
        uint8_t party;
        enum mapping_by by;
};

static uint8_t dialer_of(const struct session *session, unsigned slot, struct real_number real)
{
        uint8_t party = session_party_of(session, real);
        if (party == PARTY_NONE || !(session_dialers(session, slot) & 1u << party))
                return PARTY_NONE;
        return party;
}

static uint8_t party_by_digits(const struct session *session, unsigned slot,
                               const struct pin_hash *digits)
{
        uint32_t among =
                session->model == MODEL_EXTENSION ? UINT32_MAX : session_dialers(session, slot);
        if (pin_is_none(digits))
                return PARTY_NONE;
        for (uint8_t i = 0; i < session->party_count; i++)
                if ((among & 1u << i) && pin_equal(&session->parties[i].pin, digits))
                        return i;
        return PARTY_NONE;
}

static bool enter_at(const struct session *session, unsigned slot, const struct route_call *call,
                     struct entry *out)
{
        bool is_for_another = !number_is_none(call->acts_for.n);
        struct real_number who = is_for_another ? call->acts_for : call->caller;
        *out = (struct entry){slot, dialer_of(session, slot, who),
                              is_for_another ? MAPPING_BY_INTENT : MAPPING_BY_NUMBER};
        if (out->party != PARTY_NONE)
                return true;

        out->party = party_by_digits(session, slot, &call->digits);
        out->by = session->model == MODEL_EXTENSION ? MAPPING_BY_EXTENSION : MAPPING_BY_PIN;
        if (out->party != PARTY_NONE)
                return true;

        out->by = MAPPING_BY_ANYONE;
        return session_slot_is_open(session, slot);
}

/* By number before digits before anyone, over all slots that hold the number. */
static bool enter(const struct session *session, const struct route_call *call, struct entry *out)
{
        bool found = false;
        *out = (struct entry){0};
        for (uint64_t left = session_slots(session); left; left &= left - 1) {
                unsigned slot = (unsigned)__builtin_ctzll(left);
                struct entry here;
                if (!number_equal(session->slots[slot].n, call->dialled.n) ||
                    !enter_at(session, slot, call, &here))
                        continue;
                if (!found || here.by < out->by)
                        *out = here;
                found = true;
        }
        return found;
}

/* Whom the caller reaches, a bit each. */
static uint32_t candidates_of(const struct session *session, const struct entry *entry)
{
        if (entry->by == MAPPING_BY_EXTENSION)
                return 1u << entry->party;
        uint32_t candidates = 0;
        for (uint8_t i = 0; i < session->party_count; i++) {
                const struct session_party *party = &session->parties[i];
                bool reached = party->side == 1; /* of a caller who is no party */
                if (entry->party != PARTY_NONE)
                        reached = session_slot_between(session, entry->party, i) == entry->slot;
                if (reached && party->real_count)
                        candidates |= 1u << i;
        }
        return candidates;
}

/*
 * The one party of a last-caller session is connected to no party. Who called last may have become
 * the party, or a number of its: then there is nobody.
 */
static void reach_last_caller(const struct session *session, const struct route_memory *memory,
                              const struct route_call *call, struct mapping *out)
{
        out->callee_party = PARTY_NONE;
        bool counts = memory->last_caller_ms > 0 &&
                      call->now_ms - session->last_caller_ms < memory->last_caller_ms;
        if (counts && !number_equal(session->last_caller.n, call->caller.n) &&
            !session_party_has(&session->parties[out->caller_party], session->last_caller))
                out->connect_to = session->last_caller;
        out->show = session->slots[0];
}

/* Of several, those whom the call is to reach. */
static uint32_t narrow(const struct session *session, const struct route_call *call,
                       uint32_t candidates)
{
        uint8_t wanted = number_is_none(call->reaches.n) ? PARTY_NONE
                                                         : session_party_of(session, call->reaches);
        if (wanted != PARTY_NONE && (candidates & 1u << wanted))
                return 1u << wanted;
        return candidates & ~call->apart ? candidates & ~call->apart : candidates;
}

static void reach(const struct session *session, const struct session_use *use,
                  const struct route_memory *memory, const struct route_call *call,
                  const struct entry *entry, struct mapping *out)
{
        uint32_t candidates = narrow(session, call, candidates_of(session, entry));
        if (candidates == 0)
                return;
        uint8_t caller = out->caller_party;
        out->callee_party = session_use_choose(use, session, caller, candidates,
                                               memory->affinity_ms, call->now_ms);
        out->connect_to = session->parties[out->callee_party].real[0];
        unsigned back = caller == PARTY_NONE
                                ? SESSION_SLOTS_MAX
                                : session_slot_between(session, out->callee_party, caller);
        /* Who has no number to call back on sees the one that was dialled. */
        out->show = session->slots[back == SESSION_SLOTS_MAX ? entry->slot : back];
}

/* Who calls whom is still to be said. */
static struct mapping mapping_of(const struct session *session, struct masking_number dialled,
                                 enum mapping_by by)
{
        return (struct mapping){
                .tenant_id = session->tenant_id,
                .pool_id = session->pool_id,
                .session_id = session->id,
                .dialled = dialled,
                .by = by,
                .caller_party = PARTY_NONE,
                .callee_party = PARTY_NONE,
                .state = session->state,
                .starts_ms = session->starts_ms,
                .expires_ms = session->expires_ms,
                .ended_ms = session->ended_ms,
        };
}

bool session_route(const struct session *session, const struct session_use *use,
                   const struct route_memory *memory, const struct route_call *call,
                   struct mapping *out)
{
        struct entry entry;
        if (number_is_none(call->dialled.n) || !enter(session, call, &entry))
                return false;

        bool is_party = entry.party != PARTY_NONE && entry.by != MAPPING_BY_EXTENSION;
        struct mapping mapping = mapping_of(session, call->dialled, entry.by);
        mapping.caller_party = is_party ? entry.party : PARTY_NONE;
        mapping.caller_side = is_party ? session->parties[entry.party].side : 0;
        if (entry.by == MAPPING_BY_NUMBER)
                mapping.caller = call->caller;
        else if (is_party)
                mapping.caller = session->parties[entry.party].real[0];
        if (is_party && session->model == MODEL_LAST_CALLER)
                reach_last_caller(session, memory, call, &mapping);
        else
                reach(session, use, memory, call, &entry, &mapping);

        /* Nobody is connected to a telephone of its own. */
        if (mapping.callee_party != PARTY_NONE &&
            session_party_has(&session->parties[mapping.callee_party], call->caller))
                return false;
        *out = mapping;
        return true;
}

/* Whom those who dial the slot reach, a bit each; `*dialer`: one of them. */
static uint32_t reached_through(const struct session *session, unsigned slot, uint8_t *dialer)
{
        uint32_t dialers = session_dialers(session, slot), reached = 0;
        for (uint8_t from = 0; from < session->party_count; from++) {
                if (!(dialers & 1u << from))
                        continue;
                struct entry entry = {.slot = slot, .party = from};
                uint32_t theirs = candidates_of(session, &entry);
                reached |= theirs;
                if (theirs)
                        *dialer = from;
        }
        return reached;
}

bool session_route_request(const struct session *session, const struct route_call *call,
                           struct mapping *out)
{
        uint32_t reached = 0;
        uint8_t dialer = PARTY_NONE;
        unsigned dialled = SESSION_SLOTS_MAX;
        for (uint64_t left = session_slots(session); left; left &= left - 1) {
                unsigned slot = (unsigned)__builtin_ctzll(left);
                if (number_is_none(call->dialled.n) ||
                    !number_equal(session->slots[slot].n, call->dialled.n))
                        continue;
                reached |= reached_through(session, slot, &dialer);
                dialled = slot;
        }
        bool is_one = reached && !(reached & (reached - 1));
        uint8_t callee = is_one ? (uint8_t)__builtin_ctz(reached) : PARTY_NONE;
        if (!is_one || session_party_has(&session->parties[callee], call->caller))
                return false;
        unsigned back = session_slot_between(session, callee, dialer);
        *out = mapping_of(session, call->dialled, MAPPING_BY_REQUEST);
        out->callee_party = callee;
        out->caller_side = session->parties[dialer].side;
        out->connect_to = session->parties[callee].real[0];
        out->show = session->slots[back == SESSION_SLOTS_MAX ? dialled : back];
        return true;
}

bool session_note_caller(struct session *session, const struct mapping *mapping,
                         struct real_number caller, int64_t now_ms)
{
        if (session->model != MODEL_LAST_CALLER || mapping->by != MAPPING_BY_ANYONE ||
            number_is_none(caller.n))
                return false;
        session->last_caller = caller;
        session->last_caller_ms = now_ms;
        return true;
}
