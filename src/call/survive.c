/* SPDX-License-Identifier: Apache-2.0 */
/*
 * survive.c - a call into the crash record at each change: what has been decided, before the peers
 * are told. restore.c reads it.
 */
#include <string.h>

#include "base/log.h"
#include "call/call.h"
#include "call/crash_record.h"

#define SAVE_AGAIN_MS 10000

static bool save_media(const struct call *call, const struct call_leg *leg, struct crash_leg *out)
{
        out->has_media = leg->has_media;
        return !leg->has_media || media_leg_save(call->calls->media, leg->media, &out->media);
}

static bool save_live(const struct call *call, const struct call_leg *leg, struct crash_leg *out)
{
        if (!leg->has_sip || sip_leg_save(call->calls->ua, leg->sip, &out->sip) ||
            !save_media(call, leg, out))
                return false;
        out->kind = CRASH_LEG_LIVE;
        out->admitted = leg->admitted;
        out->answered = leg->answered;
        out->trunk_id = leg->trunk_id;
        out->local = leg->local;
        return true;
}

static void save_leg(const struct call *call, enum call_side side, struct crash_leg *out)
{
        const struct call_leg *leg = &call->legs[side];
        bool has_begun = side == SIDE_B && call->state == CALL_WAITING && call->has_begun;
        bool is_there = leg->has_sip || leg->has_ended || has_begun;
        out->kind = CRASH_LEG_NONE;
        if (!is_there)
                return;
        out->record = leg->record;
        /* Signalling may be over with it, and about to say so; or not have begun on this trunk. */
        if (!save_live(call, leg, out))
                out->kind = CRASH_LEG_ENDED;
}

static void save(const struct call *call, struct crash_call *out)
{
        const struct calls *calls = call->calls;
        *out = (struct crash_call){
                .state = call->state,
                .caller = call->caller,
                .dialled = call->dialled,
                .counted_pair = call->counted_pair,
                .max_forwards = (uint8_t)call->max_forwards,
                .has_cause = call->has_cause,
                .cause = call->cause,
                .source = call->source,
                .decided_ms = call->decided_ms,
                .shown = call->decision.mapping.show,
                .due_ms = call->timer.armed ? call->timer.due_ms : 0,
                .written_ms = io_wall_ms(calls->params.io),
                .connect_to = call->decision.mapping.connect_to,
                .callee_party = call->decision.mapping.callee_party,
                .route = call->route,
                .has_lost_way = call->has_lost_way,
                .lost = call->lost,
                .turn_until_ms = call->turn.trunk ? call->turn.until_ms : 0,
        };
        save_leg(call, SIDE_A, &out->legs[SIDE_A]);
        save_leg(call, SIDE_B, &out->legs[SIDE_B]);
}

static void go_without(struct call *call, int err)
{
        struct calls *calls = call->calls;
        calls->counters.unprotected++;
        call->is_unprotected = true;
        log_warn("call %s: a crash would end it: %s",
                 uuid_format(call->legs[SIDE_A].record.call_id).text, err_text(err));
        if (call->has_slot)
                crash_record_release(calls->params.crash, call->slot);
        call->has_slot = false;
}

void call_save(struct call *call)
{
        struct calls *calls = call->calls;
        struct crash_record *record = calls->params.crash;
        if (!record || call->is_unprotected || call->state == CALL_NEW)
                return;
        int err = call->has_slot ? 0 : crash_record_take(record, &call->slot);
        if (!err) {
                call->has_slot = true;
                save(call, calls->scratch);
                err = crash_record_write(record, call->slot, calls->scratch);
                explicit_bzero(calls->scratch, sizeof *calls->scratch);
        }
        if (err)
                go_without(call, err);
}

static void on_save_again(void *arg)
{
        call_save_later(arg);
        call_save(arg);
}

/* What changes without an event: figures, and where a peer behind NAT is heard. */
void call_save_later(struct call *call)
{
        struct calls *calls = call->calls;
        if (calls->params.crash)
                io_timer_start(calls->params.io, &call->save_timer, SAVE_AGAIN_MS, on_save_again,
                               call);
}

void call_save_cdr(struct call *call, const struct cdr *record)
{
        struct calls *calls = call->calls;
        if (call->has_slot)
                crash_record_cdr(calls->params.crash, call->slot, record);
        else
                directory_cdr(calls->params.directory, record);
}

void call_save_release(struct call *call)
{
        if (call->has_slot)
                crash_record_release(call->calls->params.crash, call->slot);
        call->has_slot = false;
}
