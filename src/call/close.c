/* SPDX-License-Identifier: Apache-2.0 */
/*
 * close.c - every way a call ends, and what each leg is told.
 */
#include "base/log.h"
#include "call/call.h"

#define RETRY_AFTER_S 2

/*
 * What the caller's network learns of the far end's answer, from a closed table: busy, declined,
 * or not reachable. 404, 484 and 604 would tell ported numbers from invalid ones.
 */
static unsigned status_for_caller(unsigned callee_status)
{
        switch (callee_status) {
        case 486:
        case 600:
                return 486;
        case 603:
                return 603;
        default:
                return 480;
        }
}

static void end_leg(struct call *call, enum call_side side, unsigned status)
{
        struct calls *calls = call->calls;
        struct call_leg *leg = &call->legs[side];
        call_media_close(call, side);
        if (!leg->has_sip) {
                call_release_leg(call, side);
                return;
        }

        if (side == SIDE_A && !leg->answered && status) {
                (void)sip_leg_reject(calls->ua, leg->sip, status,
                                     status == 503 ? RETRY_AFTER_S : 0);
        } else {
                sip_leg_hangup(calls->ua, leg->sip);
        }
}

void call_end_legs(struct call *call, unsigned status)
{
        end_leg(call, SIDE_B, status);
        end_leg(call, SIDE_A, status);
}

/* What the records will say of the end, whatever the peers answer to it. */
static void note_end(struct call *call, unsigned status)
{
        struct call_leg *a = &call->legs[SIDE_A];
        for (enum call_side side = SIDE_A; side <= SIDE_B; side++) {
                struct call_leg *leg = &call->legs[side];
                call_record_media(call, side);
                if (leg->has_sip)
                        leg->record.ended_ms = io_wall_ms(call->calls->params.io);
        }
        if (a->has_sip && !a->answered && status)
                a->record.sip_status = (uint16_t)status;
}

static void stop_announcing(struct call *call)
{
        struct sip_trunk_state *state =
                sip_trunks_find(call->calls->params.trunks, call->legs[SIDE_A].trunk_id);
        if (state && state->counters.announcing > 0)
                state->counters.announcing--;
}

/* It had one, or looked for a trunk for it: what there was is recorded. */
bool call_lose_second_leg(struct call *call)
{
        struct call_leg *b = &call->legs[SIDE_B];
        if (!call->has_begun || b->has_sip || b->has_ended)
                return false;
        b->has_ended = true;
        b->record.ended_ms = io_wall_ms(call->calls->params.io);
        return true;
}

void call_close(struct call *call, enum hangup_cause cause, enum hangup_source source,
                unsigned status)
{
        if (call->state == CALL_CLOSING)
                return;
        if (call->state == CALL_ANNOUNCING)
                stop_announcing(call);
        if (!call->has_cause) {
                call->has_cause = true;
                call->cause = cause;
                call->source = source;
        }
        sip_turn_cancel(&call->turn);
        io_timer_stop(call->calls->params.io, &call->timer);
        io_timer_stop(call->calls->params.io, &call->save_timer);
        io_timer_stop(call->calls->params.io, &call->warn_timer);
        call_release_pair(call);
        call_enter(call, CALL_CLOSING);
        note_end(call, status);
        bool is_lost = call_lose_second_leg(call);
        call_save(call);
        if (is_lost)
                call_record_end(call, SIDE_B);
        call_end_legs(call, status);
        log_info("call %s: ends, %s by %s", uuid_format(call->legs[SIDE_A].record.call_id).text,
                 hangup_cause_text(call->cause), hangup_source_name(call->source));
}

static void close_for_caller(struct call *call, const struct sip_end_info *end)
{
        /* While the announcement plays, hanging up changes nothing about having been refused. */
        if (call->state == CALL_ANNOUNCING) {
                call_close(call, CAUSE_REJECTED, SOURCE_PLATFORM, 0);
                return;
        }
        switch (end->how) {
        case SIP_END_BYE:
                call_close(call, CAUSE_NORMAL, SOURCE_CALLER, 0);
                return;
        case SIP_END_CANCEL:
                call_close(call, CAUSE_CANCELED, SOURCE_CALLER, 0);
                return;
        case SIP_END_NO_ACK:
        case SIP_END_TIMEOUT:
        case SIP_END_TRANSPORT:
        case SIP_END_REJECTED:
                call_close(call, CAUSE_NETWORK, SOURCE_CARRIER, 0);
                return;
        case SIP_END_LOCAL:
                call_close(call, CAUSE_INTERNAL, SOURCE_PLATFORM, 0);
                return;
        }
}

void call_close_for_callee(struct call *call, const struct sip_end_info *end)
{
        switch (end->how) {
        case SIP_END_BYE:
                call_close(call, CAUSE_NORMAL, SOURCE_CALLEE, 480);
                return;
        case SIP_END_REJECTED:
                call->legs[SIDE_B].record.sip_status = (uint16_t)end->status;
                call_close(call, hangup_cause_from_status(end->status), SOURCE_CARRIER,
                           status_for_caller(end->status));
                return;
        case SIP_END_TIMEOUT:
                call_close(call,
                           call->legs[SIDE_B].answered ? CAUSE_NETWORK : CAUSE_REQUEST_TIMEOUT,
                           SOURCE_CARRIER, 480);
                return;
        case SIP_END_NO_ACK:
        case SIP_END_CANCEL:
        case SIP_END_TRANSPORT:
                call_close(call, CAUSE_NETWORK, SOURCE_CARRIER, 480);
                return;
        case SIP_END_LOCAL:
                call_close(call, CAUSE_INTERNAL, SOURCE_PLATFORM, 480);
                return;
        }
}

/* It was to be, and its 200 waited for a PRACK that has not come (RFC 3262 3). */
static void take_answer_back(struct call_leg *leg, unsigned status)
{
        leg->answered = false;
        leg->record.answered_ms = 0;
        leg->record.sip_status = (uint16_t)status;
}

void call_on_leg_ended(struct call *call, enum call_side side, const struct sip_end_info *end)
{
        struct call_leg *leg = &call->legs[side];
        leg->has_sip = false;
        if (side == SIDE_B)
                call_record_attempts(call);
        if (side == SIDE_B && call_reroute(call, end))
                return;
        leg->has_ended = true;
        if (!leg->record.ended_ms)
                leg->record.ended_ms = io_wall_ms(call->calls->params.io);
        if (end->is_answer_lost)
                take_answer_back(leg, end->status);
        if (side == SIDE_A && end->how == SIP_END_CANCEL)
                leg->record.sip_status = 487;
        if (side == SIDE_B && end->how == SIP_END_REJECTED)
                leg->record.sip_status = (uint16_t)end->status;

        if (side == SIDE_A)
                close_for_caller(call, end);
        else
                call_close_for_callee(call, end);
        call_save(call);
        call_record_end(call, side);
        call_release_leg(call, side);
        call_release(call);
}
