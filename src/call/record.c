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

_Static_assert((int)SIP_ATTEMPT_GOES_ON == CDR_ATTEMPT_OPEN &&
                       (int)SIP_ATTEMPT_ANSWERED == CDR_ATTEMPT_ANSWERED &&
                       (int)SIP_ATTEMPT_SILENT == CDR_ATTEMPT_SILENT &&
                       (int)SIP_ATTEMPT_UNSENT == CDR_ATTEMPT_UNSENT,
               "attempts of a leg are recorded as they are");

static void add_attempt(struct cdr *record, struct cdr_attempt attempt)
{
        /* What was last matters more than what was in between. */
        if (record->attempt_count < CDR_ATTEMPTS_MAX)
                record->attempt_count++;
        record->attempts[record->attempt_count - 1] = attempt;
}

void call_record_passed_over(struct call *call, uint32_t trunk_id, enum cdr_attempt_end how)
{
        add_attempt(&call->legs[SIDE_B].record,
                    (struct cdr_attempt){.trunk_id = trunk_id, .how = (uint8_t)how});
}

void call_record_attempts(struct call *call)
{
        struct call_leg *b = &call->legs[SIDE_B];
        const struct sip_attempts *attempts = sip_leg_attempts(call->calls->ua, b->sip);
        for (unsigned i = 0; attempts && i < attempts->count; i++) {
                const struct sip_attempt *attempt = &attempts->list[i];
                add_attempt(&b->record, (struct cdr_attempt){
                                                .trunk_id = b->trunk_id,
                                                .address = attempt->target.addr,
                                                .transport = (uint8_t)attempt->target.transport,
                                                .how = (uint8_t)attempt->how,
                                                .status = attempt->status,
                                        });
        }
}

void call_record_end(struct call *call, enum call_side side)
{
        struct cdr *record = &call->legs[side].record;
        record->cause = call->cause;
        record->source = call->source;
        if (!fault_leaves_behind())
                call_save_cdr(call, record);
}
