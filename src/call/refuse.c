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

/* A cap per trunk, so that a scanner cannot run up minutes. */
static struct sip_trunk_state *trunk_to_announce_on(const struct call *call)
{
        const struct calls_params *params = &call->calls->params;
        struct sip_trunk_state *trunk =
                sip_trunks_find(params->trunks, call->legs[SIDE_A].trunk_id);
        bool announces = params->refusal.count > 0 && trunk &&
                         trunk->counters.announcing < trunk->trunk.announcements_max;
        return announces ? trunk : NULL;
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
        answer_and_announce(call, trunk);
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
                answer_and_announce(call, trunk);
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
                call_close(call, CAUSE_REJECTED, SOURCE_PLATFORM, 0);
}
