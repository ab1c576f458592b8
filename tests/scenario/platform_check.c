/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform_check.c - what must hold inside of a Maskline whenever nothing is under way in it.
 */
#include <string.h>

#include "../unit/unit.h"
#include "call/call.h"
#include "core/session_model.h"
#include "platform.h"

#define SESSIONS_MAX 64

/*
 * A call of which one leg has ended is ending; or the second one found nobody, and was not tried again
 * because the session has ended.
 */
static bool goes_on_alone(const struct calls *calls)
{
        for (uint32_t i = 0; i < pool_capacity(calls->pool); i++) {
                const struct call *call = pool_at(calls->pool, i);
                if (!call || call->state == CALL_CLOSING)
                        continue;
                bool is_refused = call->state == CALL_ANNOUNCING && call->has_lost_way;
                if (call->legs[SIDE_A].has_ended || (call->legs[SIDE_B].has_ended && !is_refused))
                        return true;
        }
        return false;
}

/* A trunk's channels are those that its legs hold. */
static bool has_lost_channels(const struct platform *platform)
{
        struct pool *pool = platform->calls->pool;
        const struct trunk *trunk;
        for (uint32_t t = 0; (trunk = directory_trunk_at(platform->directory, t)); t++) {
                const struct sip_trunk_state *state = sip_trunks_find(platform->trunks, trunk->id);
                uint32_t held = 0;
                for (uint32_t i = 0; i < pool_capacity(pool); i++) {
                        const struct call *call = pool_at(pool, i);
                        for (int side = 0; call && side < 2; side++)
                                held += call->legs[side].admitted &&
                                        call->legs[side].trunk_id == trunk->id;
                }
                if (state && state->counters.channels != held)
                        return true;
        }
        return false;
}

/* By which numbers and whom a session's slots are dialled. */
static struct session shape_of(const struct session_view *view)
{
        struct session session = {
                .model = view->model, .open = view->open, .party_count = view->party_count};
        for (unsigned i = 0; i < view->party_count; i++) {
                session.parties[i].real_count = view->parties[i].real_count;
                session.parties[i].side = view->parties[i].side;
        }
        memcpy(session.slots, view->slots, sizeof session.slots);
        return session;
}

static bool is_dialled_alike(const struct session_view *a, const struct session *one, unsigned slot,
                             const struct session_view *b, const struct session *two,
                             unsigned other)
{
        if (session_slot_is_open(one, slot) && session_slot_is_open(two, other))
                return true;
        uint32_t dial_one = session_dialers(one, slot), dial_two = session_dialers(two, other);
        for (int i = 0; i < a->party_count; i++)
                for (int j = 0; j < b->party_count; j++)
                        if ((dial_one & 1u << i) && (dial_two & 1u << j) &&
                            !memcmp(&a->parties[i].hint, &b->parties[j].hint,
                                    sizeof a->parties[i].hint))
                                return true;
        return false;
}

static bool share_a_pair(const struct session_view *a, const struct session_view *b)
{
        const struct session one = shape_of(a), two = shape_of(b);
        for (uint64_t left = session_slots(&one); left; left &= left - 1) {
                unsigned slot = (unsigned)__builtin_ctzll(left);
                for (uint64_t more = session_slots(&two); more; more &= more - 1) {
                        unsigned other = (unsigned)__builtin_ctzll(more);
                        if (!number_is_none(one.slots[slot].n) &&
                            number_equal(one.slots[slot].n, two.slots[other].n) &&
                            is_dialled_alike(a, &one, slot, b, &two, other))
                                return true;
                }
        }
        return false;
}

/* Invariant 4: of all that are not erased, those that have ended among them. */
static bool is_pair_taken_twice(const struct platform *platform)
{
        static struct session_view views[SESSIONS_MAX];
        uint32_t count = directory_session_list(platform->directory, 0, 0, views, SESSIONS_MAX);
        for (uint32_t i = 0; i < count; i++) {
                for (uint32_t j = i + 1; j < count; j++) {
                        if (share_a_pair(&views[i], &views[j]))
                                return true;
                }
        }
        return false;
}

const char *platform_contradiction(const struct platform *platform)
{
        if (goes_on_alone(platform->calls))
                return "one leg has ended, and the call goes on";
        if (has_lost_channels(platform))
                return "a trunk's channels are not those that its legs hold";
        if (is_pair_taken_twice(platform))
                return "two sessions share a party and its number";
        return NULL;
}

static bool holds_of_a_trunk(const struct platform *platform)
{
        const struct trunk *trunk;
        for (uint32_t i = 0; (trunk = directory_trunk_at(platform->directory, i)); i++) {
                const struct sip_trunk_state *state = sip_trunks_find(platform->trunks, trunk->id);
                if (state &&
                    (state->counters.channels || state->counters.announcing || state->dialogs))
                        return true;
        }
        return false;
}

const char *platform_leftover(const struct platform *platform)
{
        struct calls_counters counters;
        calls_counters(platform->calls, &counters);
        if (!platform_is_quiet(platform))
                return "a call, a leg or a transaction";
        if (counters.media_legs)
                return "a pair of ports";
        if (counters.pairs)
                return "a call of a pair";
        if (holds_of_a_trunk(platform))
                return "a channel, an announcement or a dialog of a trunk";
        if (platform->crash && crash_record_counters(platform->crash)->in_use)
                return "a slot of the crash record";
        return NULL;
}
