/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bridge.c - connecting a caller: dial the second leg, let the first one ring, join them.
 */
#include "base/log.h"
#include "call/call.h"

static void on_ring_timeout(void *arg)
{
        struct call *call = arg;
        call_close(call, CAUSE_RING_TIMEOUT, SOURCE_PLATFORM, 480);
}

static void on_longest_call(void *arg)
{
        struct call *call = arg;
        call_close(call, CAUSE_SCHEDULED, SOURCE_PLATFORM, 0);
}

static int64_t left_ms(const struct call *call, int64_t due_ms, int64_t all_ms)
{
        int64_t left = due_ms ? due_ms - io_now_ms(call->calls->params.io) : all_ms;
        return left > 0 ? left : 0;
}

void call_start_ring_timer(struct call *call, int64_t due_ms)
{
        const struct calls_params *params = &call->calls->params;
        io_timer_start(params->io, &call->timer, left_ms(call, due_ms, call_ring_ms(call)),
                       on_ring_timeout, call);
}

void call_start_longest_timer(struct call *call, int64_t due_ms)
{
        const struct calls_params *params = &call->calls->params;
        int64_t left = left_ms(call, due_ms, call_talk_ms(call));
        io_timer_start(params->io, &call->timer, left, on_longest_call, call);
        call_start_warning(call, left);
}

/*
 * Invariant: what is shown is a masking number of the call's tenant, or the leg is not created.
 */
static bool may_show(const struct call *call)
{
        const struct directory_decision *decision = &call->decision;
        const struct number_row *row =
                directory_number_find(call->calls->params.directory, decision->mapping.show);
        return row && row->tenant_id == decision->tenant_id;
}

void call_connect(struct call *call, const struct sip_invite *invite)
{
        if (!may_show(call)) {
                call_close(call, CAUSE_UNKNOWN_CALLER_ID, SOURCE_PLATFORM, 480);
                return;
        }
        if (!call_admit_pair(call)) {
                call_close(call, CAUSE_LOOP, SOURCE_PLATFORM, 482);
                return;
        }
        unsigned status = call_take_invite(call, invite);
        if (status) {
                call_close(call, status == 488 ? CAUSE_REJECTED : CAUSE_CONCURRENCY,
                           SOURCE_PLATFORM, status);
                return;
        }
        call_route(call);
}

/*
 * The far end's early media stays there: an announcement of its carrier may speak the number. The
 * caller hears our own ringback, or its own when there is nothing to play or nowhere to play it to.
 */
void call_tell_ringing(struct call *call)
{
        struct calls *calls = call->calls;
        struct call_leg *a = &call->legs[SIDE_A];
        /* A caller without an offer may require ours now (RFC 3262 5). */
        bool describes = calls->params.ringback.count > 0 || !a->has_stream;
        (void)sip_leg_progress(calls->ua, a->sip, 180, describes ? &a->local : NULL);
        call_play_ringback(call);
}

void call_play_ringback(struct call *call)
{
        struct calls *calls = call->calls;
        struct call_leg *a = &call->legs[SIDE_A];
        if (calls->params.ringback.count > 0 && a->has_stream)
                media_leg_play(calls->media, a->media, &calls->params.ringback, 0);
}

void call_on_progress(struct call *call, unsigned status)
{
        struct calls *calls = call->calls;
        struct call_leg *a = &call->legs[SIDE_A];
        bool rings = status == 180 || status == 183;
        if (call->state != CALL_DIALLING || !rings)
                return;

        int64_t now_ms = io_wall_ms(calls->params.io);
        a->record.ringing_ms = now_ms;
        call->legs[SIDE_B].record.ringing_ms = now_ms;
        call_enter(call, CALL_RINGING);
        call_save(call);
        call_tell_ringing(call);
}

/* Decided and written down, then said. */
static int answer_caller(struct call *call, int64_t now_ms)
{
        struct calls *calls = call->calls;
        struct call_leg *a = &call->legs[SIDE_A];
        const struct cdr before = a->record;
        a->answered = true;
        a->record.answered_ms = now_ms;
        a->record.sip_status = 200;
        call_enter(call, CALL_CONNECTED);
        call_start_longest_timer(call, 0);
        call_save(call);
        int err = sip_leg_answer(calls->ua, a->sip, &a->local);
        if (err) {
                a->answered = false;
                a->record = before;
        }
        return err;
}

void call_on_answered(struct call *call, const struct sdp *sdp)
{
        struct calls *calls = call->calls;
        struct call_leg *a = &call->legs[SIDE_A], *b = &call->legs[SIDE_B];
        if (call->state != CALL_DIALLING && call->state != CALL_RINGING)
                return;

        int64_t now_ms = io_wall_ms(calls->params.io);
        b->answered = true;
        b->record.answered_ms = now_ms;
        b->record.sip_status = 200;
        if (!call_take_answer(call, SIDE_B, sdp)) {
                call_close(call, CAUSE_REJECTED, SOURCE_CARRIER, 480);
                return;
        }
        if (answer_caller(call, now_ms)) {
                call_close(call, CAUSE_INTERNAL, SOURCE_PLATFORM, 480);
                return;
        }
        media_leg_stop(calls->media, a->media);
        media_join(calls->media, a->media, b->media);
        calls->counters.connected++;
        call_save_later(call);
        log_info("call %s: connected", uuid_format(a->record.call_id).text);
}
