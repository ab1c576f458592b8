/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform_check.c - what must hold inside of a Maskline whenever nothing is under way in it.
 */
#include "../unit/unit.h"
#include "call/call.h"
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

static bool is_live(const struct session_view *session)
{
        return session->state == SESSION_ACTIVE || session->state == SESSION_SCHEDULED;
}

static bool share_a_pair(const struct session_view *a, const struct session_view *b)
{
        for (int i = 0; i < a->party_count; i++) {
                for (int j = 0; j < b->party_count; j++) {
                        bool is_one = number_equal(a->parties[i].dials.n, b->parties[j].dials.n) &&
                                      !memcmp(&a->parties[i].hint, &b->parties[j].hint,
                                              sizeof a->parties[i].hint);
                        if (is_one)
                                return true;
                }
        }
        return false;
}

/* Invariant 4. */
static bool is_pair_taken_twice(const struct platform *platform)
{
        static struct session_view views[SESSIONS_MAX];
        uint32_t count = directory_session_list(platform->directory, 0, 0, views, SESSIONS_MAX);
        for (uint32_t i = 0; i < count; i++) {
                for (uint32_t j = i + 1; j < count; j++) {
                        if (is_live(&views[i]) && is_live(&views[j]) &&
                            share_a_pair(&views[i], &views[j]))
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
                return "two live sessions share a party and its number";
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
