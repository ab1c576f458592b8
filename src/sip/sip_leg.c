/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_leg.c - what all legs have in common: the table of their states, their end, hanging up.
 */
#include <assert.h>

#include "base/log.h"
#include "sip/sip_core.h"
#include "sip/sip_failover.h"

#define TO(state) (1u << (state))

static const uint32_t may_enter[LEG_STATES] = {
        [LEG_NEW] = TO(LEG_CALLING) | TO(LEG_INCOMING) | TO(LEG_CONFIRMED), /* restored */
        [LEG_CALLING] = TO(LEG_PROCEEDING) | TO(LEG_CANCELLING) | TO(LEG_CONFIRMED) | TO(LEG_ENDED),
        /* Back to calling: asked for credentials, the INVITE was sent again. */
        [LEG_PROCEEDING] = TO(LEG_CALLING) | TO(LEG_CANCELLING) | TO(LEG_CONFIRMED) | TO(LEG_ENDED),
        [LEG_CANCELLING] = TO(LEG_LEAVING) | TO(LEG_ENDED),
        [LEG_INCOMING] = TO(LEG_ANSWERED) | TO(LEG_REJECTED) | TO(LEG_ENDED),
        [LEG_ANSWERED] = TO(LEG_CONFIRMED) | TO(LEG_HANGING) | TO(LEG_ENDED),
        [LEG_HANGING] = TO(LEG_LEAVING) | TO(LEG_ENDED),
        [LEG_CONFIRMED] = TO(LEG_LEAVING) | TO(LEG_ENDED),
        [LEG_LEAVING] = TO(LEG_ENDED),
        [LEG_REJECTED] = TO(LEG_ENDED),
};

void sip_leg_enter(struct leg *leg, enum leg_state state)
{
        assert(may_enter[leg->state] & TO(state));
        leg->state = state;
}

struct leg *sip_leg_create(struct sip_ua *ua, uint32_t trunk_id)
{
        struct leg *leg = pool_take(ua->legs, NULL);
        if (!leg)
                return NULL;
        leg->ua = ua;
        leg->trunk_id = trunk_id;
        /* 32 bits: some stacks read no more. */
        leg->origin.session_id = random_u32(io_random(ua->params.io)) | 1;
        sip_trunks_open_dialog(ua->params.trunks, trunk_id);
        ua->counters.legs++;
        return leg;
}

void sip_leg_destroy(struct leg *leg)
{
        struct sip_ua *ua = leg->ua;
        assert(leg->state == LEG_NEW || leg->state == LEG_CALLING || leg->state == LEG_ENDED);
        sip_trunks_close_dialog(ua->params.trunks, leg->trunk_id);
        ua->counters.legs--;
        pool_put(ua->legs, leg);
}

bool sip_leg_is_over(const struct leg *leg)
{
        return leg->state == LEG_REJECTED || leg->state == LEG_ENDED;
}

void sip_leg_learn_allow(struct leg *leg, const struct sip_msg *msg)
{
        if (msg->allow)
                leg->has_update = msg->allow & (1u << SIP_UPDATE);
}

void sip_leg_tell_changed(struct leg *leg)
{
        const struct sip_ua_params *params = &leg->ua->params;
        if (params->handler->on_changed)
                params->handler->on_changed(params->arg, sip_leg_handle(leg));
}

static struct leg *find(struct sip_ua *ua, struct handle handle)
{
        struct leg *leg = pool_find(ua->legs, handle);
        return leg && leg->state != LEG_ENDED ? leg : NULL;
}

struct leg *sip_leg_find(struct sip_ua *ua, struct sip_leg handle)
{
        return find(ua, handle.h);
}

struct leg *sip_leg_of(struct sip_ua *ua, const struct sip_transaction *tx)
{
        return find(ua, sip_transaction_owner(tx));
}

struct sip_leg sip_leg_handle(const struct leg *leg)
{
        return (struct sip_leg){pool_handle(leg->ua->legs, leg)};
}

struct sip_token_text sip_leg_tag(const struct leg *leg)
{
        const struct sip_token token = {.slot = sip_leg_handle(leg).h};
        return sip_token_make(&leg->ua->tokens, SIP_TOKEN_TAG, token);
}

struct sip_transaction *sip_leg_invite(const struct leg *leg)
{
        return sip_transaction_find(leg->ua->txs, leg->invite);
}

void sip_leg_note_end(struct leg *leg, enum sip_end how, unsigned status)
{
        if (leg->has_end)
                return;
        leg->has_end = true;
        leg->end = (struct sip_end_info){
                .how = how,
                .is_answer_lost = leg->holds_answer,
                .status = status,
        };
}

static void destroy_task(void *arg)
{
        sip_leg_destroy(arg);
}

/* Nothing refreshes it any more, and our 2xx needs no ACK now. */
static void let_go(struct leg *leg)
{
        struct sip_transaction *invite = sip_leg_invite(leg);
        sip_session_stop(leg);
        sip_prack_stop(leg);
        if (invite)
                sip_server_acknowledged(invite);
}

void sip_leg_end(struct leg *leg)
{
        struct sip_ua *ua = leg->ua;
        assert(leg->has_end);
        const struct sip_end_info end = leg->end;
        struct sip_leg handle = sip_leg_handle(leg);
        let_go(leg);
        sip_leg_enter(leg, LEG_ENDED);
        io_defer_cancel(ua->params.io, &leg->task);
        io_defer(ua->params.io, &leg->task, destroy_task, leg);
        log_debug("sip leg %u: ended", handle.h.index);
        ua->params.handler->on_ended(ua->params.arg, handle, &end);
}

static void end_task(void *arg)
{
        sip_leg_end(arg);
}

void sip_leg_end_later(struct leg *leg)
{
        io_defer(leg->ua->params.io, &leg->task, end_task, leg);
}

struct slice sip_leg_authorize(struct leg *leg, enum sip_method method, struct slice uri)
{
        struct sip_ua *ua = leg->ua;
        struct sip_digest *digest = sip_trunks_digest(ua->params.trunks, leg->trunk_id);
        struct buf b;
        if (!leg->is_dialled || !digest)
                return SLICE_NONE;
        buf_init(&b, ua->credentials, sizeof ua->credentials);
        sip_digest_authorize(digest, io_random(ua->params.io), method, uri, &b);
        assert(buf_ok(&b));
        return buf_slice(&b);
}

struct slice sip_leg_authorize_within(struct leg *leg, enum sip_method method)
{
        if (!leg->is_authorized && !leg->attempt.is_answered)
                return SLICE_NONE;
        return sip_leg_authorize(leg, method, sip_compose_in_dialog_uri(&leg->dialog));
}

struct sip_transaction *sip_leg_open_request(struct leg *leg, enum sip_method method)
{
        struct sip_transactions *txs = leg->ua->txs;
        const struct sip_client_params params = {
                .method = method,
                .owner = sip_leg_handle(leg).h,
                .trunk_id = leg->trunk_id,
                .local = leg->local,
                /* A re-INVITE that was given up would be answered nevertheless; a PRACK goes nowhere else. */
                .patience_ms = method == SIP_INVITE || method == SIP_PRACK
                                       ? 0
                                       : sip_failover_within_patience_ms(leg),
        };
        return sip_transactions_take_calls(txs) ? sip_client_open(txs, &params) : NULL;
}

void sip_leg_learn(struct leg *leg, const struct sip_msg *response)
{
        struct sip_digest *digest = sip_trunks_digest(leg->ua->params.trunks, leg->trunk_id);
        if (leg->is_authorized && digest)
                sip_digest_learn(digest, response);
}

bool sip_leg_meets_challenge(struct leg *leg, const struct sip_msg *response)
{
        struct sip_ua *ua = leg->ua;
        struct sip_digest *digest = sip_trunks_digest(ua->params.trunks, leg->trunk_id);
        if (response->status != 401 && response->status != 407)
                return false;
        bool is_met = leg->is_dialled && digest &&
                      sip_digest_challenge(digest, response, &leg->attempt) == SIP_DIGEST_ANSWER;
        if (is_met)
                ua->counters.challenges_met++;
        else
                ua->counters.challenges_refused++;
        return is_met;
}

bool sip_send_bye(struct sip_ua *ua, const struct sip_bye *bye)
{
        const struct sip_client_params params = {
                .method = SIP_BYE,
                .owner = bye->owner,
                .trunk_id = bye->trunk_id,
                .local = *bye->local,
                .patience_ms = bye->patience_ms,
        };
        struct sip_transaction *tx = sip_client_open(ua->txs, &params);
        if (!tx)
                return false;
        const struct sip_branch_text branch = sip_client_branch(tx);
        const struct sip_in_dialog_text text = {
                .method = SIP_BYE,
                .dialog = bye->dialog,
                .local = *bye->local,
                .branch = slice_from(branch.text),
                .cseq = ++bye->dialog->local_cseq,
                .authorization = bye->authorization,
        };
        struct buf b = sip_ua_out(ua);
        sip_compose_in_dialog(&b, &text);
        assert(buf_ok(&b));
        return !sip_client_start(tx, buf_slice(&b), &bye->dialog->next_hop);
}

static bool send_bye(struct leg *leg, struct handle owner)
{
        const struct sip_bye bye = {
                .owner = owner,
                .trunk_id = leg->trunk_id,
                .dialog = &leg->dialog,
                .local = &leg->local,
                .authorization = sip_leg_authorize_within(leg, SIP_BYE),
                .patience_ms = sip_failover_within_patience_ms(leg),
        };
        return sip_send_bye(leg->ua, &bye);
}

void sip_leg_abandon(struct leg *leg, enum sip_end how)
{
        sip_leg_note_end(leg, how, 0);
        sip_leg_end(leg);
        (void)send_bye(leg, (struct handle){0});
}

static void send_last_bye(struct leg *leg)
{
        do {
                if (send_bye(leg, sip_leg_handle(leg).h))
                        return;
        } while (sip_failover_within(leg));
        leg->ua->counters.unsent++;
        sip_leg_end_later(leg);
}

void sip_leg_leave(struct leg *leg)
{
        sip_leg_enter(leg, LEG_LEAVING);
        leg->attempt = (struct sip_digest_attempt){0};
        send_last_bye(leg);
}

void sip_leg_on_bye_lost(struct leg *leg)
{
        if (sip_failover_within(leg))
                send_last_bye(leg);
        else
                sip_leg_end(leg);
}

void sip_leg_on_bye_answered(struct leg *leg, const struct sip_msg *response)
{
        if (leg->state == LEG_LEAVING && sip_leg_meets_challenge(leg, response))
                send_last_bye(leg);
        else /* whatever the answer says, the dialog is over */
                sip_leg_end(leg);
}

/* Where the URI of the first route, or the target, leads, if that is the trunk's. */
static bool find_literal_hop(const struct sip_ua *ua, const struct sip_trunk_state *state,
                             const struct sip_dialog *dialog, const struct sip_target *source,
                             struct sip_target *out, struct sip_sent_by *local)
{
        struct sip_target hop;
        if (!sip_dialog_literal_hop(dialog, &hop))
                return false;
        hop.transport = sip_dialog_hop_transport(hop.transport, sip_trunk_transport(&state->trunk),
                                                 source->transport);
        if (hop.addr.port == 0)
                hop.addr.port = sip_usual_port(hop.transport);
        if (!sip_trunk_has(state, &hop) || !sip_ua_sent_by(ua, &state->trunk, &hop, local))
                return false;
        /* The connection on which the peer spoke leads to it as well. */
        if (hop.transport == source->transport && addr_equal_ip(&hop.addr, &source->addr))
                hop.connection = source->connection;
        *out = hop;
        return true;
}

/* What the peer's name stands for, of this transport and family; NULL: nothing. */
static const struct sip_target *find_listener(const struct sip_trunk_state *state,
                                              const struct sip_target *like)
{
        for (unsigned i = 0; i < sip_peers_current(&state->peers); i++) {
                const struct sip_target *target = &state->peers.list[i].target;
                if (target->transport == like->transport &&
                    target->addr.family == like->addr.family)
                        return target;
        }
        return NULL;
}

/* Where the peer is; if it has connected to us, from a port to which nobody can connect. */
static struct sip_target back_to(const struct sip_ua *ua, const struct sip_trunk_state *state,
                                 const struct sip_target *source)
{
        struct sip_target hop = *source;
        if (hop.transport == SIP_UDP || sip_transports_have_opened(ua->transports, source))
                return hop;
        const struct sip_target *listener = find_listener(state, source);
        if (listener)
                hop.addr = listener->addr;
        else
                hop.addr.port = sip_usual_port(hop.transport);
        return hop;
}

void sip_ua_choose_hop(const struct sip_ua *ua, uint32_t trunk_id, struct sip_dialog *dialog,
                       const struct sip_target *source, struct sip_sent_by *local)
{
        const struct sip_trunk_state *state = sip_trunks_state_any(ua->params.trunks, trunk_id);
        assert(state); /* the dialog is one of its */
        if (find_literal_hop(ua, state, dialog, source, &dialog->next_hop, local))
                return;
        dialog->next_hop = back_to(ua, state, source);
        (void)!sip_ua_sent_by(ua, &state->trunk, &dialog->next_hop, local);
}

void sip_leg_choose_hop(struct leg *leg, const struct sip_target *source)
{
        sip_ua_choose_hop(leg->ua, leg->trunk_id, &leg->dialog, source, &leg->local);
}

void sip_leg_learn_target(struct leg *leg, const struct sip_msg *msg,
                          const struct sip_target *source)
{
        const struct sip_uri *target = sip_dialog_new_target(msg);
        if (target && !sip_dialog_set_target(&leg->dialog, target))
                sip_leg_choose_hop(leg, source);
}

struct slice sip_leg_describe(struct leg *leg, const struct sdp_audio *ours,
                              const struct sdp *answered)
{
        struct sip_ua *ua = leg->ua;
        struct buf b;
        const struct sdp_origin undated = {.session_id = leg->origin.session_id};
        buf_init(&b, ua->body, sizeof ua->body);
        sdp_write(&b, &undated, ours, answered);
        /* 0 stands for "nothing yet". */
        uint64_t digest = siphash(&ua->reply_key, b.p, b.len) | 1;
        if (digest != leg->described)
                leg->origin.version++;
        leg->described = digest;
        leg->said = *ours;
        leg->said_in_answer = answered != NULL;

        buf_reset(&b);
        sdp_write(&b, &leg->origin, ours, answered);
        assert(buf_ok(&b));
        return buf_slice(&b);
}

void sip_leg_hangup(struct sip_ua *ua, struct sip_leg handle)
{
        struct leg *leg = sip_leg_find(ua, handle);
        if (!leg)
                return;
        switch (leg->state) {
        case LEG_CALLING:
        case LEG_PROCEEDING:
                sip_leg_note_end(leg, SIP_END_LOCAL, 0);
                sip_uac_cancel(leg);
                return;
        case LEG_INCOMING:
                sip_uas_reject(leg, 480, 0);
                return;
        case LEG_ANSWERED:
                sip_leg_note_end(leg, SIP_END_LOCAL, 0);
                sip_leg_enter(leg, LEG_HANGING);
                return;
        case LEG_CONFIRMED:
                sip_leg_note_end(leg, SIP_END_LOCAL, 0);
                sip_leg_leave(leg);
                return;
        case LEG_CANCELLING:
        case LEG_HANGING:
        case LEG_LEAVING:
        case LEG_REJECTED:
        case LEG_NEW:
        case LEG_ENDED:
        case LEG_STATES:
                return;
        }
}

void sip_leg_hangup_now(struct sip_ua *ua, struct sip_leg handle)
{
        struct leg *leg = sip_leg_find(ua, handle);
        if (leg && (leg->state == LEG_ANSWERED || leg->state == LEG_HANGING))
                sip_leg_abandon(leg, SIP_END_LOCAL);
        else if (leg)
                sip_leg_hangup(ua, handle);
}

const struct sip_attempts *sip_leg_attempts(const struct sip_ua *ua, struct sip_leg handle)
{
        const struct leg *leg = pool_find(ua->legs, handle.h);
        return leg ? &leg->attempts : NULL;
}

const struct sdp_audio *sip_leg_said(const struct sip_ua *ua, struct sip_leg handle)
{
        const struct leg *leg = sip_leg_find((struct sip_ua *)ua, handle);
        return leg && leg->described ? &leg->said : NULL;
}

struct slice sip_leg_call_id(const struct sip_ua *ua, struct sip_leg handle)
{
        const struct leg *leg = sip_leg_find((struct sip_ua *)ua, handle);
        return leg ? sip_dialog_text(&leg->dialog, leg->dialog.call_id) : SLICE_NONE;
}
