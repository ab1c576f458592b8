/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.c - calls out of the crash record, in the process that comes after a crash.
 *
 * The record says what had been decided, and was written before the peers were told. So going on
 * means to do again what may not have been done: the peers take a message that comes once more for
 * a retransmission.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "base/log.h"
#include "base/secret.h"
#include "call/call.h"
#include "call/crash_record.h"
#include "call/negotiate.h"

/* So long after a crash none of the calls from before it is suspected of having been the cause. */
#define CALM_AFTER_MS 60000

static void restore_admission(struct call *call, struct call_leg *leg,
                              const struct crash_leg *saved)
{
        struct sip_trunk_state *trunk = sip_trunks_find(call->calls->params.trunks, leg->trunk_id);
        leg->admitted = saved->admitted && trunk;
        if (leg->admitted)
                trunk->counters.channels++;
}

static int restore_media(struct call *call, struct call_leg *leg, const struct crash_leg *saved)
{
        struct calls *calls = call->calls;
        const struct trunk *trunk = directory_trunk_get(calls->params.directory, leg->trunk_id);
        if (!saved->has_media)
                return 0;
        if (!trunk)
                return ERR_NOT_FOUND;
        /* What the peer was told is no address of ours any more. */
        if (!addr_pair_find(&calls->params.media, saved->local.rtp.family))
                return -EADDRNOTAVAIL;
        struct addr_prefix sources[TRUNK_SOURCES_MAX];
        for (unsigned i = 0; i < trunk->source_count; i++)
                sources[i] = trunk->sources[i].prefix;
        int err = media_leg_restore(calls->media, pool_handle(calls->pool, call), &saved->media,
                                    sources, trunk->source_count, &leg->media);
        leg->has_media = !err;
        leg->has_stream = !err && saved->media.is_set;
        return err;
}

/* Where it goes on to, if it goes on, may be of another family than where it was. */
static struct addr_pair saved_addresses(const struct call *call, const struct crash_leg *saved)
{
        const struct calls_params *p = &call->calls->params;
        const struct trunk *trunk = directory_trunk_get(p->directory, saved->trunk_id);
        struct addr_pair local = p->media;
        local.ip4.port = local.ip6.port = saved->media.port;
        return trunk && saved->has_media ? negotiate_addresses(trunk, &local)
                                         : (struct addr_pair){0};
}

static int restore_sip(struct call *call, enum call_side side, const struct crash_leg *saved)
{
        const struct sip_redial redial = {
                .show = saved->record.number,
                .offer = &saved->local,
                .media = saved_addresses(call, saved),
                .max_forwards = call->max_forwards,
        };
        struct sip_leg leg;
        int err = sip_leg_restore(call->calls->ua, &saved->sip, &redial, &leg);
        if (!err)
                call_bind(call, side, leg);
        return err;
}

/* It ends here; its peer finds out by itself. */
static void end_lost_leg(struct call *call, struct call_leg *leg)
{
        leg->has_ended = true;
        leg->record.ended_ms = io_wall_ms(call->calls->params.io);
}

/* Its record is there, and is gone on with when the call has its turn. */
static bool is_begun(const struct call *call, enum call_side side)
{
        return side == SIDE_B && call->state == CALL_WAITING;
}

static int restore_leg(struct call *call, enum call_side side, const struct crash_leg *saved)
{
        struct call_leg *leg = &call->legs[side];
        leg->has_ended = saved->kind == CRASH_LEG_ENDED && !is_begun(call, side);
        leg->record = saved->record;
        leg->trunk_id = saved->record.trunk_id;
        if (saved->kind != CRASH_LEG_LIVE)
                return 0;

        leg->answered = saved->answered;
        leg->local = saved->local;
        int err = restore_sip(call, side, saved);
        if (err) {
                end_lost_leg(call, leg);
                return err;
        }
        restore_admission(call, leg, saved);
        return restore_media(call, leg, saved);
}

/* What is shown is a number of the tenant's still, or there is no way to the callee. */
static uint32_t trunk_of_shown(const struct call *call)
{
        const struct directory_decision *decision = &call->decision;
        const struct number_row *row =
                directory_number_find(call->calls->params.directory, decision->mapping.show);
        return row && row->tenant_id == decision->tenant_id ? row->trunk_id : 0;
}

static void restore_route(struct call *call, const struct crash_call *saved)
{
        const struct cdr *a = &saved->legs[SIDE_A].record;
        call->decision.tenant_id = a->tenant_id;
        call->decision.verdict = a->verdict;
        call->decision.has_mapping = a->session_id != 0;
        call->decision.mapping = (struct mapping){
                .session_id = a->session_id,
                .connect_to = saved->connect_to,
                .show = saved->shown,
                .tenant_id = a->tenant_id,
                .caller_party = (uint8_t)a->party,
                .callee_party = saved->callee_party,
        };
        /* Who waits may have been passed over by a trunk, and nobody been called. */
        call->is_placed = saved->state == CALL_WAITING ? saved->has_lost_way
                                                       : saved->legs[SIDE_B].kind != CRASH_LEG_NONE;
        call->decision.show_trunk_id = trunk_of_shown(call);
        call->route = saved->route;
        call->has_begun = saved->legs[SIDE_B].kind != CRASH_LEG_NONE;
        call->has_lost_way = saved->has_lost_way;
        call->lost = saved->lost;
}

static void restore_values(struct call *call, uint32_t slot, const struct crash_call *saved)
{
        call->state = saved->state; /* entered in the process before */
        call->caller = saved->caller;
        call->dialled = saved->dialled;
        call->max_forwards = saved->max_forwards;
        call->has_cause = saved->has_cause;
        call->cause = saved->cause;
        call->source = saved->source;
        restore_route(call, saved);
        call->decided_ms = saved->decided_ms;
        call->slot = slot;
        call->has_slot = true;
        if (saved->counted_pair)
                (void)call_admit_pair(call);
}

static bool is_waiting(const struct crash_leg *saved)
{
        return saved->kind == CRASH_LEG_LIVE && saved->sip.kind == SIP_SAVED_INCOMING;
}

/* The caller's 200 may not have left, or not arrived: it is sent until it is acknowledged. */
static int answer_again(struct call *call, const struct crash_call *saved)
{
        struct call_leg *a = &call->legs[SIDE_A];
        if (!a->answered || !is_waiting(&saved->legs[SIDE_A]))
                return 0;
        return sip_leg_answer(call->calls->ua, a->sip, &a->local);
}

static void go_on_waiting(struct call *call, const struct crash_call *saved)
{
        (void)sip_leg_trying(call->calls->ua, call->legs[SIDE_A].sip);
        if (saved->due_ms)
                call_start_ring_timer(call, saved->due_ms);
        call_wait_again(call, saved->turn_until_ms);
}

static void go_on_ringing(struct call *call, const struct crash_call *saved)
{
        const struct crash_leg *b = &saved->legs[SIDE_B];
        call_start_ring_timer(call, saved->due_ms);
        if (call->state == CALL_RINGING)
                call_tell_ringing(call);
        else
                (void)sip_leg_trying(call->calls->ua, call->legs[SIDE_A].sip);
        /* Its answer had come, and nobody was told. */
        if (b->sip.kind == SIP_SAVED_CONFIRMED)
                call_on_answered(call, b->sip.has_remote ? &b->sip.remote : NULL);
}

static void go_on_talking(struct call *call, const struct crash_call *saved)
{
        struct calls *calls = call->calls;
        if (answer_again(call, saved)) {
                call_close(call, CAUSE_INTERNAL, SOURCE_PLATFORM, 0);
                return;
        }
        media_join(calls->media, call->legs[SIDE_A].media, call->legs[SIDE_B].media);
        call_start_longest_timer(call, saved->due_ms);
        call_save_later(call);
}

static void go_on_announcing(struct call *call, const struct crash_call *saved)
{
        const struct calls *calls = call->calls;
        struct sip_trunk_state *trunk =
                sip_trunks_find(calls->params.trunks, call->legs[SIDE_A].trunk_id);
        if (trunk)
                trunk->counters.announcing++;
        if (answer_again(call, saved))
                call_close(call, CAUSE_REJECTED, SOURCE_PLATFORM, 0);
        else if (!call->legs[SIDE_A].answered)
                call_announce_early(call);
        else if (!is_waiting(&saved->legs[SIDE_A]))
                call_announce(call);
}

static void go_on(struct call *call, const struct crash_call *saved)
{
        switch (call->state) {
        case CALL_WAITING:
                go_on_waiting(call, saved);
                return;
        case CALL_DIALLING:
        case CALL_RINGING:
                go_on_ringing(call, saved);
                return;
        case CALL_CONNECTED:
                go_on_talking(call, saved);
                return;
        case CALL_ANNOUNCING:
                go_on_announcing(call, saved);
                return;
        case CALL_CLOSING:
                if (answer_again(call, saved))
                        log_warn("call %s: its caller cannot be answered any more",
                                 uuid_format(call->legs[SIDE_A].record.call_id).text);
                call_end_legs(call, call->legs[SIDE_A].record.sip_status);
                return;
        case CALL_NEW:
        case CALL_STATES:
                break;
        }
        assert(!"no such call is ever saved");
}

/* Records of legs that had ended; asked for before, perhaps, and then nothing happens. */
static void record_ended(struct call *call)
{
        for (enum call_side side = SIDE_A; side <= SIDE_B; side++) {
                if (call->legs[side].has_ended)
                        call_record_end(call, side);
        }
}

static void set_cause(struct call *call, enum hangup_cause cause)
{
        if (call->has_cause)
                return;
        call->has_cause = true;
        call->cause = cause;
        call->source = SOURCE_PLATFORM;
}

static bool has_live_leg(const struct call *call)
{
        return call->legs[SIDE_A].has_sip || call->legs[SIDE_B].has_sip;
}

static void restore_call(struct calls *calls, struct call *call, uint32_t slot,
                         const struct crash_call *saved)
{
        call->calls = calls;
        restore_values(call, slot, saved);
        int err = restore_leg(call, SIDE_A, &saved->legs[SIDE_A]);
        int err_b = restore_leg(call, SIDE_B, &saved->legs[SIDE_B]);
        if (!err)
                err = err_b;
        if (err) {
                log_warn("call %s: cannot go on after a crash: %s",
                         uuid_format(call->legs[SIDE_A].record.call_id).text, err_text(err));
                set_cause(call, CAUSE_INTERNAL);
        }
        if (!has_live_leg(call))
                (void)call_lose_second_leg(call);
        record_ended(call);
        if (!has_live_leg(call)) {
                call->state = CALL_CLOSING;
                call_release_pair(call);
                call_release(call);
                return;
        }

        calls->counters.restored++;
        if (err && call->state != CALL_CLOSING) {
                (void)!answer_again(call, saved);
                call_close(call, CAUSE_INTERNAL, SOURCE_PLATFORM, 503);
                return;
        }
        go_on(call, saved);
        call_cut_if_over(call);
        call_save(call);
}

/* It cannot be gone on with, or not any more: what is known of it is recorded. */
static void record_lost(struct calls *calls, uint32_t slot, const struct crash_call *saved)
{
        struct crash_record *record = calls->params.crash;
        calls->counters.lost++;
        for (enum call_side side = SIDE_A; side <= SIDE_B; side++) {
                const struct crash_leg *leg = &saved->legs[side];
                struct cdr cdr = leg->record;
                if (leg->kind == CRASH_LEG_NONE)
                        continue;
                cdr.cause = saved->has_cause ? saved->cause : CAUSE_INTERNAL;
                cdr.source = saved->has_cause ? saved->source : SOURCE_PLATFORM;
                if (!cdr.ended_ms)
                        cdr.ended_ms = saved->written_ms;
                crash_record_cdr(record, slot, &cdr);
        }
        crash_record_release(record, slot);
}

/* The decision was queued for the audit record, and may not have reached it. */
static void audit_again(struct calls *calls, const struct crash_call *saved)
{
        const struct cdr *a = &saved->legs[SIDE_A].record;
        struct directory_decision decision = {
                .tenant_id = a->tenant_id,
                .verdict = a->verdict,
                .has_mapping = a->session_id != 0,
                .mapping = {.session_id = a->session_id, .show = saved->shown},
        };
        if (decision.has_mapping)
                decision.mapping.caller_party = (uint8_t)a->party;
        const struct directory_verdict verdict = {
                .call_id = a->call_id,
                .trunk_id = a->trunk_id,
                .dialled = saved->dialled,
                .caller = a->party_hint,
                .decision = &decision,
        };
        directory_audit_decision_again(calls->params.directory, &verdict, saved->decided_ms);
}

static bool may_try(struct crash_record *record, uint32_t slot, const struct crash_call *saved)
{
        if (crash_record_try(record, slot))
                return true;
        log_error("call %s: not gone on with: the server has crashed again and again with it",
                  uuid_format(saved->legs[SIDE_A].record.call_id).text);
        return false;
}

static void on_calm(void *arg)
{
        struct calls *calls = arg;
        crash_record_calm(calls->params.crash);
}

static void restore_slot(struct calls *calls, uint32_t slot, struct crash_call *saved)
{
        struct crash_record *record = calls->params.crash;
        int err = crash_record_read(record, slot, saved);
        bool is_known = !err || (err == ERR_VERSION && saved->legs[SIDE_A].kind != CRASH_LEG_NONE);
        if (err == ERR_NOT_FOUND)
                return;
        if (err)
                log_error("crash record: a call that was in progress is lost: %s", err_text(err));
        if (!is_known) {
                crash_record_drop(record, slot);
                return;
        }
        if (!err)
                audit_again(calls, saved);
        bool is_tried = !err && crash_record_is_same_boot(record) && may_try(record, slot, saved);
        struct call *call = is_tried ? pool_take(calls->pool, NULL) : NULL;
        if (!call) {
                record_lost(calls, slot, saved);
                return;
        }
        restore_call(calls, call, slot, saved);
        crash_record_tried(record, slot);
}

int calls_restore(struct calls *calls)
{
        struct crash_record *record = calls->params.crash;
        uint32_t slots = record ? crash_record_slots(record) : 0;
        /* Not calls->scratch: the call that goes on is saved again. */
        struct crash_call *saved = secret_alloc(sizeof *saved);
        if (!saved)
                return -ENOMEM;
        for (uint32_t slot = 0; slot < slots; slot++)
                restore_slot(calls, slot, saved);
        secret_free(saved, sizeof *saved);
        if (!calls->counters.restored)
                return 0;
        log_warn("calls: going on with %" PRIu64 " after a crash", calls->counters.restored);
        io_timer_start(calls->params.io, &calls->calm_timer, CALM_AFTER_MS, on_calm, calls);
        return 0;
}

uint32_t calls_saved_ports(struct calls *calls, uint16_t *out, uint32_t max)
{
        struct crash_record *record = calls->params.crash;
        uint32_t count = 0, slots = record ? crash_record_slots(record) : 0;
        for (uint32_t slot = 0; slot < slots && count + 2 <= max; slot++) {
                if (crash_record_read(record, slot, calls->scratch))
                        continue;
                for (enum call_side side = SIDE_A; side <= SIDE_B; side++) {
                        const struct crash_leg *leg = &calls->scratch->legs[side];
                        if (leg->kind == CRASH_LEG_LIVE && leg->has_media)
                                out[count++] = leg->media.port;
                }
        }
        return count;
}
