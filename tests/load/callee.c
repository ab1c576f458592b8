/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callee.c - the callee's end: who rings, and what is answered.
 */
#include <stdio.h>
#include <string.h>

#include "base/siphash.h"
#include "load.h"
#include "voice.h"
#include "wire/sip_write.h"

static struct leg **bucket_of(struct load *load, struct slice call_id)
{
        static const struct siphash_key key = {{1, 2}};
        return &load->buckets[siphash(&key, call_id.p, call_id.len) & 65535];
}

static struct leg *find_leg(struct load *load, struct slice call_id)
{
        struct leg *leg = *bucket_of(load, call_id);
        while (leg && !slice_equal(slice_from(leg->call_id), call_id))
                leg = leg->next;
        return leg;
}

void callee_forget(struct leg *leg)
{
        struct load *load = leg->load;
        struct call *call = leg->call;
        struct leg **link = bucket_of(load, slice_from(leg->call_id));
        while (*link != leg)
                link = &(*link)->next;
        *link = leg->next;
        leg->state = LEG_FREE;
        leg->call = NULL;
        leg->next = load->free_legs;
        load->free_legs = leg;
        if (!call)
                return;
        call->far = NULL;
        call->far_ending = leg->ending;
        call_leg_over(call);
}

/* ---- answers to the INVITE ---- */

/* `kept` holds the INVITE, and then its final answer, which is sent until the ACK comes. */
static void answer_finally(struct leg *leg, unsigned status)
{
        struct load *load = leg->load;
        char invite[sizeof leg->kept], sdp[600];
        static struct sip_msg msg;
        bool reply;
        struct buf b;
        memcpy(invite, leg->kept, leg->kept_bytes);
        if (sip_msg_parse((struct slice){invite, leg->kept_bytes}, &msg, &reply))
                return;
        buf_init(&b, leg->kept, sizeof leg->kept);
        put_answer(load, CALLEE_SIDE, &b, &leg->peer, &msg, status, leg->our_tag);
        if (status < 300)
                sip_write_body(&b, "application/sdp",
                               leg_describe(leg, SDP_SENDRECV, sdp, sizeof sdp));
        else
                sip_write_body(&b, NULL, SLICE_NONE);
        leg->kept_bytes = b.len;
        leg->state = status < 300 ? LEG_ANSWERED : LEG_REFUSING;
        leg_keep_sending(leg);
}

static void answer(void *arg)
{
        struct leg *leg = arg;
        if (leg->call) {
                leg->call->is_answered = true;
                leg->call->answered_us = load_now_us();
        }
        answer_finally(leg, 200);
}

static void give_up(void *arg)
{
        struct leg *leg = arg;
        if (leg->call)
                call_fail(leg->call, "callee-left-alone");
        leg_over(leg, ENDS_NEVER_WAS);
}

static enum kind kind_of(const struct leg *leg)
{
        return leg->call ? leg->call->kind : KIND_ANSWERED;
}

static void begin(struct leg *leg, const struct origin *from, const struct sip_msg *msg)
{
        const struct load_options *options = &leg->load->options;
        leg->ending = ENDS_REFUSED;
        switch (kind_of(leg)) {
        case KIND_BUSY:
                answer_finally(leg, 486);
                return;
        case KIND_DECLINED:
                answer_finally(leg, 603);
                return;
        case KIND_NO_ANSWER:
        case KIND_CANCELLED:
                answer_request(leg->load, CALLEE_SIDE, from, msg, 180, leg->our_tag);
                leg_after(leg, options->no_answer_ms + GIVE_UP_MS, give_up);
                return;
        case KIND_ANSWERED:
        case KIND_CALLEE_LEAVES:
        case KIND_HOLD:
        case KIND_KEYS:
        case KIND_RACE:
        case KIND_STRANGER:
        case KIND_UNKNOWN:
        case KIND_ENDED:
        case KIND_IMPATIENT:
        case KINDS:
                answer_request(leg->load, CALLEE_SIDE, from, msg, 180, leg->our_tag);
                leg_after(leg, options->ring_ms, answer);
                return;
        }
}

/* ---- a call comes in ---- */

static bool read_invite(struct leg *leg, const struct sip_msg *msg)
{
        if (msg->text.len > sizeof leg->kept ||
            slice_to_text(msg->call_id, leg->call_id, sizeof leg->call_id) ||
            slice_to_text(msg->from.tag, leg->their_tag, sizeof leg->their_tag) ||
            slice_to_text(msg->from.uri.text, leg->them, sizeof leg->them) ||
            slice_to_text(msg->to.uri.text, leg->us, sizeof leg->us))
                return false;
        memcpy(leg->kept, msg->text.p, msg->text.len);
        leg->kept_bytes = msg->text.len;
        leg_learn(leg, msg);
        return true;
}

static struct leg *create_leg(struct load *load, struct session *session, struct call *call,
                              const struct origin *from, const struct sip_msg *msg)
{
        struct leg *leg = load->free_legs;
        if (!leg)
                return NULL;
        struct leg *next = leg->next;
        *leg = (struct leg){
                .load = load,
                .side = CALLEE_SIDE,
                .state = LEG_CALLING,
                .call = call,
                .real = session->callee,
                .masking = session->shows,
                .peer = *from,
                .pending = SIP_METHOD_OTHER,
                .ssrc = random_u32(io_random(load->io)),
                .talks = call && call->near.talks,
        };
        snprintf(leg->our_tag, sizeof leg->our_tag, "b%x-%x", (unsigned)(leg - load->legs),
                 leg->ssrc);
        if (!read_invite(leg, msg)) {
                leg->next = next;
                return NULL;
        }
        load->free_legs = next;
        struct leg **bucket = bucket_of(load, msg->call_id);
        leg->next = *bucket;
        *bucket = leg;
        if (call)
                call->far = leg;
        return leg;
}

static void on_new_invite(struct load *load, const struct origin *from, const struct sip_msg *msg)
{
        struct session *session = parties_find(&load->parties, parties_real(msg->request_uri.text),
                                               parties_masking(msg->from.text));
        struct call *call = session ? session->call : NULL;
        bool is_expected = session && session->calls > 0;
        if (load->parties.is_shared)
                call = NULL;
        else
                is_expected = call && !call->far && call->near.state == LEG_CALLING &&
                              kind_rows[call->kind].reaches_callee;
        struct leg *leg = is_expected ? create_leg(load, session, call, from, msg) : NULL;
        if (!leg) {
                load->tally.wrong++;
                answer_request(load, CALLEE_SIDE, from, msg, 404, "none");
                return;
        }
        answer_request(load, CALLEE_SIDE, from, msg, 100, leg->our_tag);
        begin(leg, from, msg);
}

/* ---- what comes for a call that is there ---- */

static void hang_up(void *arg)
{
        leg_bye(arg);
}

static void on_ack(struct leg *leg)
{
        struct call *call = leg->call;
        int64_t hold_ms = leg->load->options.hold_ms;
        if (leg->state == LEG_REFUSING) {
                leg_over(leg, leg->ending);
                return;
        }
        if (leg->state != LEG_ANSWERED)
                return;
        leg_is_answered(leg);
        leg->state = LEG_UP;
        voice_start(leg);
        if (call && call->kind == KIND_CALLEE_LEAVES)
                leg_after(leg, hold_ms, hang_up);
        else
                leg_after(leg, hold_ms + 2 * GIVE_UP_MS, give_up);
}

static void on_cancel(struct leg *leg, const struct origin *from, const struct sip_msg *msg)
{
        answer_request(leg->load, CALLEE_SIDE, from, msg, 200, leg->our_tag);
        if (leg->state != LEG_CALLING)
                return;
        io_timer_stop(leg->load->io, &leg->plan_timer);
        leg->ending = ENDS_CANCELLED;
        answer_finally(leg, 487);
}

static void on_invite_again(struct leg *leg, const struct origin *from, const struct sip_msg *msg)
{
        if (leg->state == LEG_CALLING)
                answer_request(leg->load, CALLEE_SIDE, from, msg, 180, leg->our_tag);
        else if (msg->to.tag.len)
                leg_on_request(leg, from, msg);
        else if (leg->state == LEG_ANSWERED || leg->state == LEG_REFUSING)
                link_send(leg->load->links[CALLEE_SIDE], from,
                          (struct slice){leg->kept, leg->kept_bytes});
}

static void on_request(struct leg *leg, const struct origin *from, const struct sip_msg *msg)
{
        if (msg->method == SIP_INVITE)
                on_invite_again(leg, from, msg);
        else if (msg->method == SIP_ACK)
                on_ack(leg);
        else if (msg->method == SIP_CANCEL)
                on_cancel(leg, from, msg);
        else
                leg_on_request(leg, from, msg);
}

/* A BYE whose answer was lost, a look whether somebody is there (OPTIONS) ... */
static void on_stray(struct load *load, const struct origin *from, const struct sip_msg *msg)
{
        load->tally.strays++;
        if (msg->is_request && msg->method != SIP_ACK)
                answer_request(load, CALLEE_SIDE, from, msg, 200, "none");
}

void callee_on_message(void *arg, const struct origin *from, struct slice message)
{
        struct load *load = arg;
        static struct sip_msg msg;
        bool reply;
        load->tally.received++;
        if (sip_msg_parse(message, &msg, &reply)) {
                load->tally.unreadable++;
                load_check(load, CALLEE_SIDE, message, -1, -1);
                return;
        }
        struct leg *leg = find_leg(load, msg.call_id);
        if (!leg && msg.is_request && msg.method == SIP_INVITE && !msg.to.tag.len)
                on_new_invite(load, from, &msg);
        else if (!leg)
                on_stray(load, from, &msg);
        load_check(load, CALLEE_SIDE, message, leg ? leg->real : -1, leg ? leg->masking : -1);
        if (!leg)
                return;
        if (msg.is_request)
                on_request(leg, from, &msg);
        else
                leg_on_response(leg, &msg);
}
