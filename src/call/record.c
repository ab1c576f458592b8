/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - one call detail record per leg, filled while the leg lives, written when it has ended.
 */
#include "call/call.h"
#include "call/fault.h"

void call_record_begin(struct call *call, enum call_side side)
{
        struct calls *calls = call->calls;
        const struct directory_decision *decision = &call->decision;
        const struct mapping *mapping = &decision->mapping;
        struct cdr *record = &call->legs[side].record;
        bool is_caller = side == SIDE_A;

        struct uuid leg_id = uuid_make(io_random(calls->params.io));
        struct real_number party = is_caller ? call->caller : mapping->connect_to;
        *record = (struct cdr){
                .tenant_id = decision->tenant_id,
                .call_id = is_caller ? leg_id : call->legs[SIDE_A].record.call_id,
                .leg_id = leg_id,
                .leg = is_caller ? CDR_LEG_A : CDR_LEG_B,
                .trunk_id = call->legs[side].trunk_id,
                .session_id = decision->has_mapping ? mapping->session_id : 0,
                .party = -1,
                .number = is_caller ? call->dialled : mapping->show,
                .verdict = decision->verdict,
                .started_ms = io_wall_ms(calls->params.io),
        };
        if (decision->has_mapping)
                record->party = (int8_t)(is_caller ? mapping->caller_party : mapping->callee_party);
        if (!number_is_none(party.n))
                record->party_hint = directory_hint(calls->params.directory, party.n);
}

void call_record_media(struct call *call, enum call_side side)
{
        struct call_leg *leg = &call->legs[side];
        struct media_stats stats;
        if (!leg->has_media || !media_leg_stats(call->calls->media, leg->media, &stats))
                return;
        leg->record.packets_in = stats.packets_in;
        leg->record.packets_out = stats.packets_out;
        leg->record.packets_lost = stats.lost_in;
        leg->record.jitter_ms_x10 = stats.jitter_ms_x10;
}

void call_record_end(struct call *call, enum call_side side)
{
        struct cdr *record = &call->legs[side].record;
        record->cause = call->cause;
        record->source = call->source;
        if (!fault_leaves_behind())
                call_save_cdr(call, record);
}
