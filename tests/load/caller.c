/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caller.c - the caller's end: INVITE, what it hears until the answer, and what it does then.
 */
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "voice.h"

#define REFUSED_MS 60000 /* an announcement is shorter */

bool caller_start(struct load *load)
{
        struct call *call = call_begin(load, mix_draw(&load->mix, io_random(load->io)));
        if (!call)
                return false;
        struct leg *leg = &call->near;
        struct addr_text ip = addr_format_ip(link_local(load->links[CALLER_SIDE]));
        struct addr_text target = addr_format(&load->options.target);
        const char *parameter = link_parameter(load->links[CALLER_SIDE]);

        leg->load = load;
        leg->side = CALLER_SIDE;
        leg->state = LEG_CALLING;
        leg->call = call;
        leg->ssrc = random_u32(io_random(load->io));
        leg->peer = (struct origin){.addr = load->options.target};
        leg->pending = SIP_METHOD_OTHER;
        snprintf(leg->our_tag, sizeof leg->our_tag, "a%x-%x-%x", call->index, call->generation,
                 load->run);
        snprintf(leg->call_id, sizeof leg->call_id, "%x-%x-%x@%s", call->index, call->generation,
                 load->run, ip.text);
        snprintf(leg->us, sizeof leg->us, "sip:+9198888000%02d@%s", leg->real, ip.text);
        snprintf(leg->them, sizeof leg->them, "sip:+9190000000%02d@%s", leg->masking, target.text);
        snprintf(leg->target, sizeof leg->target, "sip:+9190000000%02d@%s%s", leg->masking,
                 target.text, parameter);
        voice_choose(leg);

        char sdp[600];
        struct slice body = leg_describe(leg, SDP_SENDRECV, sdp, sizeof sdp);
        leg_send_request(leg, SIP_INVITE, "application/sdp", body);
        return true;
}

static struct leg *find_leg(struct load *load, const struct sip_msg *msg)
{
        char id[128];
        unsigned index, generation, run;
        if (slice_to_text(msg->call_id, id, sizeof id) ||
            sscanf(id, "%x-%x-%x", &index, &generation, &run) != 3 || run != load->run ||
            index >= CALLS_MAX)
                return NULL;
        struct leg *leg = &load->calls[index].near;
        bool is_there = load->calls[index].generation == generation && leg->state != LEG_FREE;
        return is_there ? leg : NULL;
}

/* ---- after the answer ---- */

static void hang_up(void *arg)
{
        leg_bye(arg);
}

static void give_up(void *arg)
{
        struct leg *leg = arg;
        call_fail(leg->call, "the-other-side-never-hangs-up");
        leg_bye(leg);
}

static void send_offer(struct leg *leg, enum sdp_direction direction)
{
        char sdp[600];
        struct slice body = leg_describe(leg, direction, sdp, sizeof sdp);
        leg_send_request(leg, SIP_INVITE, "application/sdp", body);
}

static void put_on_hold(void *arg)
{
        send_offer(arg, SDP_SENDONLY);
}

static void take_back(void *arg)
{
        send_offer(arg, SDP_SENDRECV);
}

static void go_on_with_hold(struct leg *leg)
{
        int64_t third_ms = leg->load->options.hold_ms / 3;
        switch (leg->steps++) {
        case 0:
                leg_after(leg, third_ms, put_on_hold);
                return;
        case 1:
                if (sdp_direction_sends(leg->remote.direction))
                        call_fail(leg->call, "hold-not-understood");
                leg_after(leg, third_ms, take_back);
                return;
        default:
                if (leg->remote.direction != SDP_SENDRECV)
                        call_fail(leg->call, "not-taken-back");
                leg_after(leg, third_ms, hang_up);
        }
}

/* Every second one by INFO, the others in RTP. */
static void press(void *arg)
{
        struct leg *leg = arg;
        leg->call->keys_pressed++;
        if (leg->call->index % 2) {
                voice_press(leg);
                caller_go_on(leg);
                return;
        }
        char body[64];
        int n = snprintf(body, sizeof body, "Signal=%d\r\nDuration=100\r\n", CALL_KEY);
        leg_send_request(leg, SIP_INFO, "application/dtmf-relay", (struct slice){body, (size_t)n});
}

static void go_on_with_keys(struct leg *leg)
{
        if (leg->steps++ == 0)
                leg_after(leg, leg->load->options.hold_ms / 2, press);
        else
                leg_after(leg, leg->load->options.hold_ms / 2 + VOICE_PRESS_MS, hang_up);
}

void caller_go_on(struct leg *leg)
{
        int64_t hold_ms = leg->load->options.hold_ms;
        if (leg->state != LEG_UP)
                return;
        switch (leg->call->kind) {
        case KIND_ANSWERED:
        case KIND_IMPATIENT:
                leg_after(leg, hold_ms, hang_up);
                return;
        case KIND_RACE:
                leg_after(leg, leg->call->is_cancelled ? 0 : hold_ms, hang_up);
                return;
        case KIND_HOLD:
                go_on_with_hold(leg);
                return;
        case KIND_KEYS:
                go_on_with_keys(leg);
                return;
        case KIND_CALLEE_LEAVES:
                leg_after(leg, hold_ms + GIVE_UP_MS, give_up);
                return;
        case KIND_STRANGER:
        case KIND_UNKNOWN:
        case KIND_ENDED:
                leg_after(leg, REFUSED_MS, give_up);
                return;
        case KIND_BUSY:
        case KIND_DECLINED:
        case KIND_NO_ANSWER:
        case KIND_CANCELLED:
                hang_up(leg);
                return;
        case KINDS:
                return;
        }
}

/* ---- until the answer ---- */

static void on_silence(void *arg)
{
        struct leg *leg = arg;
        call_fail(leg->call, leg->call->has_rung ? "rings-forever" : "silent-after-100");
        leg_over(leg, ENDS_NEVER_WAS);
}

/* No more INVITEs; but a final answer must come. */
static void await_final(struct leg *leg)
{
        struct load *load = leg->load;
        leg_is_answered(leg);
        io_timer_start(load->io, &leg->resend_timer, load->options.no_answer_ms + GIVE_UP_MS,
                       on_silence, leg);
}

static void cancel(void *arg)
{
        struct leg *leg = arg;
        leg->call->is_cancelled = true;
        leg_send_request(leg, SIP_CANCEL, NULL, SLICE_NONE);
}

static void on_ringing(struct leg *leg)
{
        struct load *load = leg->load;
        struct call *call = leg->call;
        call->has_rung = true;
        tally_delay(&load->tally, DELAY_RING, load_now_us() - call->started_us);
        if (call->kind == KIND_CANCELLED)
                leg_after(leg, load->options.ring_ms, cancel);
        else if (call->kind == KIND_RACE)
                leg_after(leg, load->options.ring_ms, cancel);
}

static void take_dialog(struct leg *leg, const struct sip_msg *msg)
{
        struct buf b;
        buf_init(&b, leg->route, sizeof leg->route - 1);
        for (unsigned i = msg->record_route_count; i-- > 0;)
                buf_printf(&b, "Route: %.*s\r\n", SLICE_ARG(msg->record_routes[i].text));
        leg->route[b.len] = '\0';
        if (slice_to_text(msg->to.tag, leg->their_tag, sizeof leg->their_tag) ||
            msg->contact_count == 0)
                leg->load->tally.wrong++;
        leg_learn(leg, msg);
}

static void on_answer(struct leg *leg, const struct sip_msg *msg)
{
        struct call *call = leg->call;
        leg_is_answered(leg);
        io_timer_stop(leg->load->io, &leg->plan_timer);
        call->status = msg->status;
        if (call->answered_us)
                tally_delay(&leg->load->tally, DELAY_ANSWER, load_now_us() - call->answered_us);
        take_dialog(leg, msg);
        leg->state = LEG_UP;
        leg_send_ack(leg, msg);
        if (kind_rows[call->kind].is_answered)
                voice_start(leg);
        caller_go_on(leg);
}

static void on_invite_response(struct leg *leg, const struct sip_msg *msg)
{
        if (leg->state != LEG_CALLING) {
                if (msg->status >= 200 && msg->status < 300)
                        leg_send_ack(leg, msg);
                return;
        }
        if (msg->status >= 300) {
                if (slice_to_text(msg->to.tag, leg->their_tag, sizeof leg->their_tag))
                        leg->load->tally.wrong++;
                leg->call->status = msg->status;
                leg_send_ack(leg, msg);
                leg_over(leg, ENDS_REFUSED);
                return;
        }
        if (msg->status >= 200) {
                on_answer(leg, msg);
                return;
        }
        if (leg->pending == SIP_INVITE)
                await_final(leg);
        if (msg->status > 100 && !leg->call->has_rung)
                on_ringing(leg);
}

/* Of a re-INVITE. */
static void on_offer_answered(struct leg *leg, const struct sip_msg *msg)
{
        if (msg->status < 200)
                return;
        leg_send_ack(leg, msg);
        if (leg->pending != SIP_INVITE || msg->cseq != leg->cseq)
                return;
        leg_learn(leg, msg);
        leg_on_response(leg, msg);
}

static void on_response(struct leg *leg, const struct sip_msg *msg)
{
        if (msg->cseq_method == SIP_INVITE) {
                if (msg->cseq == 1)
                        on_invite_response(leg, msg);
                else
                        on_offer_answered(leg, msg);
        } else if (msg->cseq_method == SIP_CANCEL && leg->state == LEG_CALLING) {
                if (msg->status >= 200 && leg->pending == SIP_CANCEL)
                        await_final(leg);
        } else {
                leg_on_response(leg, msg);
        }
}

static void on_stray(struct load *load, const struct origin *from, const struct sip_msg *msg)
{
        load->tally.strays++;
        if (!msg->is_request || msg->method == SIP_ACK)
                return;
        /* A call towards a caller is one that nobody has made. */
        bool is_new = msg->method == SIP_INVITE;
        load->tally.wrong += is_new;
        answer_request(load, CALLER_SIDE, from, msg, is_new ? 486 : 200, "none");
}

void caller_on_message(void *arg, const struct origin *from, struct slice message)
{
        struct load *load = arg;
        static struct sip_msg msg;
        bool reply;
        load->tally.received++;
        if (sip_msg_parse(message, &msg, &reply)) {
                load->tally.unreadable++;
                load_check(load, CALLER_SIDE, message, -1, -1);
                return;
        }
        struct leg *leg = find_leg(load, &msg);
        load_check(load, CALLER_SIDE, message, leg ? leg->real : -1, leg ? leg->masking : -1);
        if (!leg || leg->state == LEG_OVER)
                on_stray(load, from, &msg);
        else if (msg.is_request)
                leg_on_request(leg, from, &msg);
        else
                on_response(leg, &msg);
}
