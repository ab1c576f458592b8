/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.c - which trunk carries the second leg: that of the number shown, else one of those that it
 * overflows to, in their order.
 *
 * Before it is dialled after a wait, or over another trunk, the call is looked up again: it may be that
 * of a session that has ended meanwhile.
 *
 * A trunk is passed over when it has no channel or no turn in time, when none of its targets is up,
 * and when a leg on it has found nobody before anyone rang. Those that a trunk overflows to carry
 * its calls and nobody else's: their own overflow does not count, so nothing goes in circles.
 */
#include <errno.h>

#include "base/log.h"
#include "call/call.h"
#include "call/fault.h"
#include "call/negotiate.h"

/* The trunk at this place, the first being that of the number shown; NULL: there are no more. */
static const struct trunk *trunk_after(const struct calls *calls, uint32_t own_id, unsigned place)
{
        const struct directory *dir = calls->params.directory;
        const struct trunk *own = directory_trunk_get(dir, own_id);
        if (!own || place == 0)
                return own;
        if (place > own->overflow_count)
                return NULL;
        const struct trunk *other = directory_trunk_get(dir, own->overflow[place - 1]);
        return other && other->tenant_id == own->tenant_id ? other : NULL;
}

static const struct trunk *trunk_at(const struct call *call, unsigned place)
{
        return trunk_after(call->calls, call->decision.show_trunk_id, place);
}

/* Whether one of those from this place on would take a call now, as far as is known. */
static bool has_way(const struct calls *calls, uint32_t own_id, unsigned place)
{
        const struct trunk *trunk;
        for (; (trunk = trunk_after(calls, own_id, place)); place++) {
                const struct sip_trunk_state *state =
                        sip_trunks_find(calls->params.trunks, trunk->id);
                if (state && sip_trunk_has_channel(state) && sip_ua_has_way(calls->ua, trunk->id))
                        return true;
        }
        return false;
}

bool calls_overflow(const struct calls *calls, uint32_t trunk_id)
{
        return has_way(calls, trunk_id, 1);
}

/* The INVITE to the callee is about to leave. */
static void on_dialling(void *arg, struct sip_leg leg)
{
        struct call *call = arg;
        call_bind(call, SIDE_B, leg);
        call_place(call);
        call_enter(call, CALL_DIALLING);
        call_follow_said(call, SIDE_B);
        if (!call->timer.armed)
                call_start_ring_timer(call, 0);
        call_save(call);
}

/* Offers the callee the codecs that the caller has, in our own numbering. */
static int dial_callee(struct call *call)
{
        struct call_leg *b = &call->legs[SIDE_B];
        int err = call_media_open(call, SIDE_B, 0);
        if (err)
                return err;
        err = negotiate_narrow(&b->local, &call->legs[SIDE_A].local);
        if (err)
                return err;

        const struct sip_dial dial = {
                .trunk_id = b->trunk_id,
                .to = call->decision.mapping.connect_to,
                .show = fault_shown_number(&call->decision.mapping),
                .offer = &b->local,
                .media = call_media_addresses(call, SIDE_B),
                .max_forwards = call->max_forwards,
                .has_other_route =
                        has_way(call->calls, call->decision.show_trunk_id, call->route + 1u),
                .on_ready = on_dialling,
                .on_ready_arg = call,
        };
        struct sip_leg leg;
        err = sip_ua_dial(call->calls->ua, &dial, &leg);
        if (err)
                b->has_sip = false;
        return err;
}

/* One record, whatever trunks are tried; of the first of them until another one is dialled. */
static void begin_record(struct call *call, uint32_t trunk_id)
{
        if (call->has_begun)
                return;
        call_record_begin(call, SIDE_B);
        call->legs[SIDE_B].record.trunk_id = trunk_id;
        call->has_begun = true;
}

static enum cdr_attempt_end attempt_end(enum call_routed why)
{
        switch (why) {
        case CALL_LIMITED:
                return CDR_ATTEMPT_LIMITED;
        case CALL_DARK:
                return CDR_ATTEMPT_DARK;
        case CALL_UNROUTABLE:
        case CALL_ROUTED:
                break;
        }
        return CDR_ATTEMPT_UNUSABLE;
}

static void pass_over(struct call *call, uint32_t trunk_id, enum call_routed why)
{
        begin_record(call, trunk_id);
        call_record_passed_over(call, trunk_id, attempt_end(why));
        if (trunk_at(call, call->route + 1u))
                call->calls->counters.overflowed++;
}

/* A place on its trunk is taken. What another trunk cannot change fails the call. */
static enum call_routed dial_on(struct call *call, uint32_t trunk_id)
{
        struct call_leg *b = &call->legs[SIDE_B];
        b->admitted = true;
        b->trunk_id = trunk_id;
        begin_record(call, trunk_id);
        b->record.trunk_id = trunk_id;
        int err = dial_callee(call);
        if (!err)
                return CALL_ROUTED;
        log_warn("call %s: the second leg cannot be dialled: %s",
                 uuid_format(call->legs[SIDE_A].record.call_id).text, err_text(err));
        call_media_close(call, SIDE_B);
        call_release_leg(call, SIDE_B);
        if (err == -EHOSTUNREACH)
                return CALL_DARK;
        return err == ERR_FULL ? CALL_LIMITED : CALL_UNROUTABLE;
}

static void on_turn(void *arg, enum sip_admission admission);

static enum call_routed try_trunk(struct call *call, const struct trunk *trunk)
{
        struct sip_trunk_state *state = sip_trunks_find(call->calls->params.trunks, trunk->id);
        if (!state)
                return CALL_UNROUTABLE;
        switch (sip_trunk_ask(state, &call->turn, on_turn, call)) {
        case SIP_ADMITTED:
                return dial_on(call, trunk->id);
        case SIP_WAITS:
                call->waits_for = trunk->id;
                call_enter(call, CALL_WAITING);
                call_save(call);
                return CALL_ROUTED;
        case SIP_CHANNELS_USED:
        case SIP_RATE_EXCEEDED:
        case SIP_TRUNK_GONE:
                break;
        }
        return CALL_LIMITED;
}

/* From this place on. */
static enum call_routed try_rest(struct call *call, enum call_routed before)
{
        enum call_routed routed = before;
        const struct trunk *trunk;
        for (; (trunk = trunk_at(call, call->route)); call->route++) {
                routed = try_trunk(call, trunk);
                if (routed == CALL_ROUTED)
                        break;
                pass_over(call, trunk->id, routed);
        }
        return routed;
}

static void close_unrouted(struct call *call, enum call_routed routed)
{
        if (call->has_lost_way) {
                call_close_for_callee(call, &call->lost);
                return;
        }
        switch (routed) {
        case CALL_LIMITED:
                call->calls->counters.limited++;
                call_close(call, CAUSE_CONCURRENCY, SOURCE_PLATFORM, 503);
                return;
        case CALL_DARK:
                call_close(call, CAUSE_NETWORK, SOURCE_CARRIER, 503);
                return;
        case CALL_UNROUTABLE:
        case CALL_ROUTED:
                break;
        }
        call_close(call, CAUSE_ROUTING, SOURCE_PLATFORM, 503);
}

static void give_turn_back(struct call *call, enum sip_admission admission)
{
        if (admission != SIP_ADMITTED)
                return;
        call->legs[SIDE_B].admitted = true;
        call->legs[SIDE_B].trunk_id = call->waits_for;
        call_release_leg(call, SIDE_B);
}

/* The call has waited for its turn on a trunk. */
static void on_turn(void *arg, enum sip_admission admission)
{
        struct call *call = arg;
        enum call_routed routed = CALL_LIMITED;
        if (!call_decide_again(call)) {
                give_turn_back(call, admission);
                call_refuse_late(call);
                return;
        }
        if (admission == SIP_ADMITTED)
                routed = dial_on(call, call->waits_for);
        if (routed == CALL_ROUTED)
                return;
        pass_over(call, call->waits_for, routed);
        call->route++;
        routed = try_rest(call, routed);
        if (routed != CALL_ROUTED)
                close_unrouted(call, routed);
}

void call_wait_again(struct call *call, int64_t until_ms)
{
        const struct trunk *trunk = trunk_at(call, call->route);
        struct sip_trunk_state *state =
                trunk ? sip_trunks_find(call->calls->params.trunks, trunk->id) : NULL;
        if (!state) {
                close_unrouted(call, CALL_UNROUTABLE);
                return;
        }
        call->waits_for = trunk->id;
        sip_turn_resume(state, &call->turn, until_ms, on_turn, call);
}

void call_route(struct call *call)
{
        enum call_routed routed = try_rest(call, CALL_UNROUTABLE);
        if (routed != CALL_ROUTED)
                close_unrouted(call, routed);
}

bool call_reroute(struct call *call, const struct sip_end_info *end)
{
        bool may_go_on = end->is_way_lost && call->state == CALL_DIALLING &&
                         trunk_at(call, call->route + 1u);
        if (!may_go_on)
                return false;
        call->has_lost_way = true;
        call->lost = *end;
        call_media_close(call, SIDE_B);
        call_release_leg(call, SIDE_B);
        if (!call_decide_again(call)) {
                call_refuse_late(call);
                return true;
        }
        log_info("call %s: nobody is found on its trunk, the next one is tried",
                 uuid_format(call->legs[SIDE_A].record.call_id).text);
        call->calls->counters.overflowed++;
        call->route++;
        return try_rest(call, CALL_UNROUTABLE) == CALL_ROUTED;
}
