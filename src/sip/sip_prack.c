/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_prack.c - reliable provisional answers (RFC 3262): those that we acknowledge, and those of
 * ours that a caller wants to acknowledge.
 */
#include <assert.h>

#include "sip/sip_core.h"

#define REPEAT_MS 60000 /* RFC 3261 13.3.1.1: proxies give up after three minutes */

/* ---- of legs that we dial: each early dialog counts for itself ---- */

static uint64_t tag_digest(const struct leg *leg, struct slice tag)
{
        return siphash(&leg->ua->reply_key, tag.p, tag.len);
}

static struct leg_fork *find_fork(struct leg *leg, struct slice tag)
{
        uint64_t digest = tag_digest(leg, tag);
        for (unsigned i = 0; i < leg->fork_count; i++) {
                if (leg->forks[i].tag == digest)
                        return &leg->forks[i];
        }
        return NULL;
}

struct leg_fork *sip_prack_fork(struct leg *leg)
{
        return find_fork(leg, sip_dialog_text(&leg->dialog, leg->dialog.remote_tag));
}

bool sip_prack_is_wanted(const struct sip_msg *response)
{
        return response->rseq && (response->require & SIP_OPTION_100REL) && response->to.tag.len;
}

/* RFC 3262 4: what came before is discarded, and so is what is ahead of one that is missing. */
bool sip_prack_is_next(struct leg *leg, const struct sip_msg *response)
{
        const struct leg_fork *fork = find_fork(leg, response->to.tag);
        return fork ? response->rseq == fork->rseq + 1 : leg->fork_count < LEG_FORKS_MAX;
}

static bool send_prack(struct leg *leg, uint32_t rseq)
{
        struct sip_ua *ua = leg->ua;
        struct sip_transaction *tx = sip_leg_open_request(leg, SIP_PRACK);
        if (!tx)
                return false;
        leg->prack = sip_transaction_handle(tx);
        leg->prack_rseq = rseq;
        leg->dialog.local_cseq++;
        sip_leg_tell_changed(leg);

        const struct sip_branch_text branch = sip_client_branch(tx);
        const struct sip_in_dialog_text text = {
                .method = SIP_PRACK,
                .dialog = &leg->dialog,
                .local = leg->local,
                .branch = slice_from(branch.text),
                .cseq = leg->dialog.local_cseq,
                .rack_rseq = rseq,
                .rack_cseq = leg->invite_cseq,
                .authorization = sip_leg_authorize_within(leg, SIP_PRACK),
        };
        struct buf b = sip_ua_out(ua);
        sip_compose_in_dialog(&b, &text);
        assert(buf_ok(&b));
        return !sip_client_start(tx, buf_slice(&b), &leg->dialog.next_hop);
}

/* Without room for it, the answer comes again and is as new. */
void sip_prack_send(struct leg *leg, uint32_t rseq, bool is_described)
{
        struct leg_fork *fork = sip_prack_fork(leg);
        if (!send_prack(leg, rseq)) {
                leg->ua->counters.unsent++;
                return;
        }
        if (!fork) {
                assert(leg->fork_count < LEG_FORKS_MAX);
                fork = &leg->forks[leg->fork_count++];
                *fork = (struct leg_fork){
                        .tag = tag_digest(leg,
                                          sip_dialog_text(&leg->dialog, leg->dialog.remote_tag)),
                };
        }
        fork->rseq = rseq;
        fork->is_settled |= is_described;
}

/* The INVITE's own answers decide; only a challenge stands in the way of one. */
void sip_prack_on_response(struct leg *leg, const struct sip_transaction *tx,
                           const struct sip_msg *response)
{
        bool is_last = handle_equal(leg->prack, sip_transaction_handle(tx));
        if (leg->state != LEG_PROCEEDING || !is_last || response->status < 200)
                return;
        if (sip_leg_meets_challenge(leg, response) && !send_prack(leg, leg->prack_rseq))
                leg->ua->counters.unsent++;
}

/* ---- of legs that come in ---- */

static void on_timer(void *arg);

static void arm(struct leg *leg, int64_t delay_ms)
{
        io_timer_start(leg->ua->params.io, &leg->prack_timer, delay_ms, on_timer, leg);
}

void sip_prack_stop(struct leg *leg)
{
        io_timer_stop(leg->ua->params.io, &leg->prack_timer);
}

void sip_prack_init(struct leg *leg, const struct sip_msg *invite)
{
        leg->reliable.is_required = invite->require & SIP_OPTION_100REL;
        /* Chosen now, so that it is saved before it is said. */
        leg->reliable.rseq = 1 + (random_u32(io_random(leg->ua->params.io)) >> 1);
}

/* After a restart what waits has to be sent again: it is known to the peer by its number. */
bool sip_prack_is_busy(const struct leg *leg)
{
        return leg->reliable.awaits_prack && leg->prack_timer.armed;
}

int sip_prack_provisional(struct leg *leg, struct sip_reply reply)
{
        struct sip_reliable *reliable = &leg->reliable;
        if (sip_prack_is_busy(leg))
                return ERR_STATE;
        reply.rseq = reliable->rseq;
        int err = sip_uas_answer(leg, reply);
        if (err)
                return err;
        sip_server_hold(sip_leg_invite(leg));
        reliable->awaits_prack = true;
        reliable->describes = reply.sdp.len > 0;
        leg->prack_status = reply.status;
        leg->prack_interval_ms = SIP_T1_MS;
        leg->prack_deadline_ms = io_now_ms(leg->ua->params.io) + SIP_TIMEOUT_MS;
        arm(leg, SIP_T1_MS);
        return 0;
}

/* RFC 3262 3: in a provisional answer of its own, for the sake of proxies. */
static void say_again(struct leg *leg)
{
        const struct sip_reply reply = {
                .status = leg->prack_status,
                .record_route = &leg->dialog,
                .contact = slice_from(leg->contact),
                .has_allow = true,
        };
        if (sip_prack_provisional(leg, reply))
                leg->ua->counters.unsent++;
}

static void on_timer(void *arg)
{
        struct leg *leg = arg;
        struct sip_transaction *invite = sip_leg_invite(leg);
        int64_t left_ms = leg->prack_deadline_ms - io_now_ms(leg->ua->params.io);
        if (leg->state != LEG_INCOMING)
                return; /* it has been refused in this turn */
        if (!leg->reliable.awaits_prack) {
                say_again(leg);
                return;
        }
        if (left_ms <= 0 || !invite) {
                sip_leg_note_end(leg, SIP_END_NO_ACK, 504);
                sip_uas_reject(leg, 504, 0);
                return;
        }
        sip_server_repeat(invite);
        leg->prack_interval_ms *= 2;
        arm(leg, leg->prack_interval_ms < left_ms ? leg->prack_interval_ms : left_ms);
}

bool sip_prack_matches(const struct leg *leg, const struct sip_msg *prack)
{
        return leg->reliable.awaits_prack && prack->rack_rseq == leg->reliable.rseq &&
               prack->rack_cseq == leg->invite_cseq && prack->rack_method == SIP_INVITE;
}

void sip_prack_acknowledge(struct leg *leg, bool has_description)
{
        struct sip_reliable *reliable = &leg->reliable;
        bool is_answered = !reliable->offers || has_description;
        reliable->awaits_prack = false;
        reliable->is_settled |= reliable->describes && is_answered;
        reliable->offers = false;
        reliable->rseq++;
        sip_prack_stop(leg);
        if (leg->state == LEG_INCOMING)
                arm(leg, REPEAT_MS);
}

/* RFC 3262 3: no 2xx while a description in a provisional answer is not acknowledged. */
bool sip_prack_holds_answer(struct leg *leg, const struct sdp_audio *ours)
{
        if (!sip_prack_is_busy(leg) || !leg->reliable.describes)
                return false;
        leg->held_answer = *ours;
        leg->holds_answer = true;
        return true;
}
