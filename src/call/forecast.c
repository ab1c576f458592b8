/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast.c - what would keep a call from being connected if it came now. Nothing is taken.
 */
#include "call/call.h"

struct found {
        enum obstacle *out;
        unsigned count;
};

static void add(struct found *found, bool is_there, enum obstacle obstacle)
{
        if (is_there)
                found->out[found->count++] = obstacle;
}

static void look_at_callee_trunk(const struct calls *calls, uint32_t trunk_id, struct found *found)
{
        const struct sip_trunk_state *trunk = sip_trunks_find(calls->params.trunks, trunk_id);
        struct sip_registration registration;
        if (calls_overflow(calls, trunk_id))
                return;
        add(found, !trunk, OBSTACLE_NO_TRUNK);
        if (!trunk)
                return;
        bool is_nowhere = sip_target_is_none(&trunk->peer);
        sip_ua_registration(calls->ua, trunk_id, &registration);
        add(found, is_nowhere, OBSTACLE_NOT_RESOLVED);
        add(found, !is_nowhere && trunk->health.state == SIP_HEALTH_DOWN, OBSTACLE_TRUNK_DOWN);
        add(found, registration.is_wanted && !registration.is_registered, OBSTACLE_NOT_REGISTERED);
        add(found, !sip_trunk_has_channel(trunk), OBSTACLE_CHANNELS);
}

unsigned calls_forecast(const struct calls *calls, const struct directory_decision *decision,
                        struct masking_number dialled, struct real_number caller,
                        enum obstacle out[OBSTACLES])
{
        struct found found = {.out = out};
        const struct number_row *shown =
                directory_number_find(calls->params.directory, decision->mapping.show);
        const struct number_row *own = directory_number_find(calls->params.directory, dialled);
        const struct sip_trunk_state *from =
                own ? sip_trunks_find(calls->params.trunks, own->trunk_id) : NULL;
        bool is_ours = shown && shown->tenant_id == decision->tenant_id;
        add(&found, calls->is_draining, OBSTACLE_DRAINING);
        add(&found, pool_used(calls->pool) == pool_capacity(calls->pool), OBSTACLE_SERVER_FULL);
        add(&found, !is_ours, OBSTACLE_FOREIGN_NUMBER);
        add(&found, calls_of_pair(calls, caller, dialled) >= calls->params.same_pair_max,
            OBSTACLE_SAME_PAIR);
        add(&found, from && !sip_trunk_has_channel(from), OBSTACLE_CALLER_CHANNELS);
        if (is_ours)
                look_at_callee_trunk(calls, decision->show_trunk_id, &found);
        return found.count;
}
