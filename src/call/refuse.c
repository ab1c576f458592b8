/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refuse.c - the announcement: the same words at the same time for every caller who is refused.
 *
 * Whether the number is unknown, the session has ended or the caller is a stranger was decided and
 * recorded before; nothing here looks at the verdict.
 */
#include "call/call.h"

#define REFUSED_STATUS 603

static void refuse_plainly(struct call *call, unsigned status)
{
        call_close(call, CAUSE_REJECTED, SOURCE_PLATFORM, status);
}

/*
 * By the number that was dialled, whatever is the matter with it: what a caller gets does not tell why.
 * One that is none of the tenant's is treated as in its default pool.
 */
static enum policy_refusal refusal_of(const struct call *call)
{
        const struct calls_params *params = &call->calls->params;
        const struct trunk *trunk =
                sip_trunks_find_any(params->trunks, call->legs[SIDE_A].trunk_id);
        const struct number_row *row = directory_number_find(params->directory, call->dialled);
        if (!trunk)
                return REFUSAL_ANNOUNCE;
        bool is_own = row && row->tenant_id == trunk->tenant_id;
        const struct directory_pool *pool =
                directory_pool_get(params->directory, trunk->tenant_id,
                                   is_own ? row->pool_id : DIRECTORY_DEFAULT_POOL);
        return pool ? (enum policy_refusal)pool->policy.refusal : REFUSAL_ANNOUNCE;
}

/* A cap per trunk, so that a scanner cannot run up minutes. NULL: there is no announcement. */
static struct sip_trunk_state *trunk_to_announce_on(const struct call *call)
{
        const struct calls_params *params = &call->calls->params;
        struct sip_trunk_state *trunk =
                sip_trunks_find(params->trunks, call->legs[SIDE_A].trunk_id);
        bool announces = params->refusal.count > 0 && trunk &&
                         trunk->counters.announcing < trunk->trunk.announcements_max &&
                         refusal_of(call) != REFUSAL_PLAIN;
        return announces ? trunk : NULL;
}

void call_announce_early(struct call *call)
{
        struct call_leg *a = &call->legs[SIDE_A];
        (void)sip_leg_progress(call->calls->ua, a->sip, 183, &a->local);
        call_announce(call);
}

/* Who has described nothing has nowhere to hear it. */
static void announce_before_an_answer(struct call *call, struct sip_trunk_state *trunk)
{
        if (!call->legs[SIDE_A].has_stream) {
                refuse_plainly(call, REFUSED_STATUS);
                return;
        }
        trunk->counters.announcing++;
        call_enter(call, CALL_ANNOUNCING);
        call_save(call);
        call_announce_early(call);
}

static void answer_and_announce(struct call *call, struct sip_trunk_state *trunk)
{
        struct calls *calls = call->calls;
        struct call_leg *a = &call->legs[SIDE_A];
        const struct cdr before = a->record;
        a->answered = true;
        a->record.answered_ms = io_wall_ms(calls->params.io);
        a->record.sip_status = 200;
        trunk->counters.announcing++;
        call_enter(call, CALL_ANNOUNCING);
        call_save(call);
        if (sip_leg_answer(calls->ua, a->sip, &a->local)) {
                a->answered = false;
                a->record = before;
                refuse_plainly(call, REFUSED_STATUS);
        }
}

static void announce(struct call *call, struct sip_trunk_state *trunk)
{
        if (refusal_of(call) == REFUSAL_EARLY)
                announce_before_an_answer(call, trunk);
        else
                answer_and_announce(call, trunk);
}

void call_refuse(struct call *call, const struct sip_invite *invite)
{
        struct sip_trunk_state *trunk = trunk_to_announce_on(call);
        call->calls->counters.refused++;
        if (!trunk) {
                refuse_plainly(call, REFUSED_STATUS);
                return;
        }
        unsigned status = call_take_invite(call, invite);
        if (status) {
                refuse_plainly(call, status);
                return;
        }
        announce(call, trunk);
}

void call_refuse_late(struct call *call)
{
        struct calls *calls = call->calls;
        struct sip_trunk_state *trunk = trunk_to_announce_on(call);
        calls->counters.refused++;
        io_timer_stop(calls->params.io, &call->timer);
        call->has_cause = true;
        call->cause = CAUSE_REJECTED;
        call->source = SOURCE_PLATFORM;
        bool is_lost = call_lose_second_leg(call);
        if (trunk)
                announce(call, trunk);
        else
                refuse_plainly(call, REFUSED_STATUS);
        if (is_lost)
                call_record_end(call, SIDE_B);
}

void call_announce(struct call *call)
{
        struct calls *calls = call->calls;
        if (call->has_announced)
                return;
        call->has_announced = true;
        media_leg_play(calls->media, call->legs[SIDE_A].media, &calls->params.refusal, 1);
}

void call_on_played(struct call *call)
{
        if (call->state == CALL_ANNOUNCING)
                call_close(call, CAUSE_REJECTED, SOURCE_PLATFORM, REFUSED_STATUS);
}
