/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_uas.c - legs that come in: admission of an INVITE, our answers to it, ACK and CANCEL.
 */
#include <assert.h>

#include "sip/sip_core.h"
#include "sip/sip_identity.h"

static unsigned check(struct sip_ua *ua, const struct sip_request *request)
{
        const struct sip_msg *msg = request->msg;
        struct sip_sent_by local;
        struct sip_session session;
        if (ua->is_draining || !sip_transactions_take_calls(ua->txs) ||
            pool_used(ua->legs) == pool_capacity(ua->legs))
                return 503;
        if (!request->trunk)
                return 403;
        if (!sip_ua_sent_by(ua, &request->trunk->trunk, request->source, &local))
                return 500;
        if (msg->max_forwards == 0)
                return 483;
        /* RFC 3261 8.1.1.8: exactly one, and we must be able to reach it. */
        if (msg->contact_count != 1 || msg->contact_is_star ||
            msg->contacts[0].uri.scheme != SIP_SCHEME_SIP)
                return 400;
        return sip_session_of_request(ua, &request->trunk->trunk, msg, 0, &session);
}

/* 0 or the status that refuses it. */
static unsigned fill_leg(struct leg *leg, const struct sip_request *request,
                         const struct sip_identity *identity)
{
        const struct trunk *trunk = &request->trunk->trunk;
        const struct sdp *offer;
        unsigned status = sip_ua_read_sdp(request->msg, &leg->remote, &offer);
        if (status && status != 488)
                return status;
        /* A description without anything that we can do is for call/ to refuse, and to record. */
        leg->has_remote = offer != NULL || status == 488;
        if (sip_dialog_init_uas(&leg->dialog, request->msg, sip_leg_tag(leg)))
                return 513;

        struct buf contact;
        bool has_address = sip_ua_sent_by(leg->ua, trunk, request->source, &leg->local);
        assert(has_address);
        buf_init(&contact, leg->contact, sizeof leg->contact - 1);
        sip_compose_our_uri(&contact, identity->dialled, trunk, &leg->local);
        assert(buf_ok(&contact));
        sip_leg_choose_hop(leg, request->source);
        leg->invite_cseq = request->msg->cseq;
        sip_leg_learn_allow(leg, request->msg);
        sip_prack_init(leg, request->msg);
        (void)sip_session_of_request(leg->ua, trunk, request->msg, 0, &leg->session);
        return 0;
}

unsigned sip_uas_open(struct leg *leg, const struct sip_request *request,
                      struct sip_transaction **out)
{
        struct sip_ua *ua = leg->ua;
        /* What is left then is for hanging up. */
        if (request->msg->method != SIP_BYE && !sip_transactions_take_calls(ua->txs))
                return 503;
        struct buf head = sip_ua_out(ua);
        const struct sip_token_text tag = sip_leg_tag(leg);
        sip_compose_head(&head, request->msg, &request->source->addr, slice_from(tag.text));
        if (!buf_ok(&head) || head.len > SIP_HEAD_BYTES_MAX)
                return 513;

        const struct sip_server_params params = {
                .owner = sip_leg_handle(leg).h,
                .trunk_id = leg->trunk_id,
                .reply_to = sip_ua_reply_to(request),
                .head = buf_slice(&head),
        };
        *out = sip_server_open(ua->txs, request->msg, &params);
        return *out ? 0 : 503;
}

/*
 * 100 comes first, but not before the leg's owner had the opportunity to write the call down: a
 * caller that has heard something does not send its INVITE again.
 */
static void say_trying(struct leg *leg)
{
        if (!leg->owes_trying)
                return;
        leg->owes_trying = false;
        (void)!sip_uas_answer(leg, (struct sip_reply){.status = 100});
}

/* Answers the pending INVITE; a re-INVITE, too. */
int sip_uas_answer(struct leg *leg, struct sip_reply reply)
{
        struct sip_transaction *invite = sip_leg_invite(leg);
        assert(invite);
        say_trying(leg);
        struct buf b = sip_ua_out(leg->ua);
        reply.head = sip_server_head(invite);
        sip_compose_reply(&b, &reply);
        assert(buf_ok(&b));
        return sip_server_send(invite, reply.status, buf_slice(&b));
}

static void announce(struct leg *leg, const struct sip_request *request,
                     const struct sip_identity *identity)
{
        struct sip_ua *ua = leg->ua;
        const struct sip_msg *msg = request->msg;
        const struct sip_invite invite = {
                .trunk_id = leg->trunk_id,
                .caller = identity->caller,
                .caller_withheld = identity->caller_withheld,
                .dialled = identity->dialled,
                .has_offer = leg->has_remote,
                .offer = leg->has_remote ? &leg->remote : NULL,
                .family = request->source->addr.family,
                .max_forwards = msg->max_forwards < 0 ? SIP_MAX_FORWARDS : msg->max_forwards,
        };
        ua->params.handler->on_invite(ua->params.arg, sip_leg_handle(leg), &invite);
}

void sip_uas_on_invite(struct sip_ua *ua, const struct sip_request *request)
{
        unsigned status = check(ua, request);
        if (status) {
                sip_ua_reply_status(ua, request, status);
                return;
        }
        struct leg *leg = sip_leg_create(ua, request->trunk->trunk.id);
        if (!leg) {
                sip_ua_reply_status(ua, request, 503);
                return;
        }

        struct sip_identity identity;
        struct sip_transaction *tx = NULL;
        sip_identity_read(&request->trunk->trunk, request->msg, &identity);
        status = fill_leg(leg, request, &identity);
        if (!status)
                status = sip_uas_open(leg, request, &tx);
        if (status) {
                sip_leg_destroy(leg);
                sip_ua_reply_status(ua, request, status);
                return;
        }

        request->trunk->counters.invites_in++;
        request->trunk->last_invite_ms = io_wall_ms(ua->params.io);
        leg->invite = sip_transaction_handle(tx);
        sip_leg_enter(leg, LEG_INCOMING);
        leg->owes_trying = true;
        announce(leg, request, &identity);
        if (leg->state == LEG_INCOMING)
                say_trying(leg);
}

int sip_leg_trying(struct sip_ua *ua, struct sip_leg handle)
{
        struct leg *leg = sip_leg_find(ua, handle);
        if (!leg)
                return ERR_STALE;
        if (leg->state != LEG_INCOMING)
                return ERR_STATE;
        return sip_uas_answer(leg, (struct sip_reply){.status = 100});
}

int sip_leg_progress(struct sip_ua *ua, struct sip_leg handle, unsigned status,
                     const struct sdp_audio *early)
{
        assert(status > 100 && status < 200);
        struct leg *leg = sip_leg_find(ua, handle);
        if (!leg)
                return ERR_STALE;
        if (leg->state != LEG_INCOMING)
                return ERR_STATE;

        bool is_reliable = leg->reliable.is_required;
        struct sip_reply reply = {
                .status = status,
                .record_route = &leg->dialog,
                .contact = slice_from(leg->contact),
                .has_allow = true,
        };
        /* RFC 3261 13.2.1: an answer, or, in a reliable one, an offer if the INVITE made none. */
        bool describes = early && (leg->has_remote || is_reliable) && !leg->reliable.is_settled;
        if (is_reliable && sip_prack_is_busy(leg))
                return ERR_STATE;
        if (describes)
                reply.sdp = sip_leg_describe(leg, early, leg->has_remote ? &leg->remote : NULL);
        if (!is_reliable)
                return sip_uas_answer(leg, reply);
        leg->reliable.offers = describes && !leg->has_remote;
        return sip_prack_provisional(leg, reply);
}

int sip_leg_answer(struct sip_ua *ua, struct sip_leg handle, const struct sdp_audio *ours)
{
        struct leg *leg = sip_leg_find(ua, handle);
        if (!leg)
                return ERR_STALE;
        if (leg->state != LEG_INCOMING || leg->holds_answer)
                return ERR_STATE;
        return sip_prack_holds_answer(leg, ours) ? 0 : sip_uas_accept(leg, ours);
}

int sip_uas_accept(struct leg *leg, const struct sdp_audio *ours)
{
        struct sip_reply reply = {
                .status = 200,
                .record_route = &leg->dialog,
                .contact = slice_from(leg->contact),
                .has_allow = true,
                .session_expires_s = leg->session.expires_s,
                .session_is_ours = leg->session.is_ours,
        };
        /* What has been exchanged is not said again (RFC 3261 13.3.1.4, RFC 6337 2.2). */
        bool describes = !leg->reliable.is_settled;
        if (describes)
                reply.sdp = sip_leg_describe(leg, ours, leg->has_remote ? &leg->remote : NULL);
        int err = sip_uas_answer(leg, reply);
        if (err)
                return err;
        leg->awaits_ack = true;
        leg->awaits_answer = describes && !leg->has_remote;
        sip_prack_stop(leg);
        sip_leg_enter(leg, LEG_ANSWERED);
        const struct sip_session session = leg->session;
        sip_session_begin(leg, &session);
        return 0;
}

/* The owner was told that it is on its way: without room for it, the leg has to end. */
void sip_uas_answer_held(struct leg *leg)
{
        if (!sip_uas_accept(leg, &leg->held_answer)) {
                leg->holds_answer = false;
                return;
        }
        leg->ua->counters.unsent++;
        sip_leg_note_end(leg, SIP_END_TRANSPORT, 0);
        sip_uas_reject(leg, 503, SIP_RETRY_S);
}

void sip_uas_reject(struct leg *leg, unsigned status, unsigned retry_after_s)
{
        assert(status >= 300 && status < 700);
        const struct sip_reply reply = {.status = status, .retry_after_s = retry_after_s};
        if (sip_uas_answer(leg, reply))
                leg->ua->counters.unsent++;
        sip_leg_note_end(leg, SIP_END_LOCAL, status);
        sip_leg_enter(leg, LEG_REJECTED);
        sip_leg_end_later(leg);
}

int sip_leg_reject(struct sip_ua *ua, struct sip_leg handle, unsigned status,
                   unsigned retry_after_s)
{
        struct leg *leg = sip_leg_find(ua, handle);
        if (!leg)
                return ERR_STALE;
        if (leg->state != LEG_INCOMING)
                return ERR_STATE;
        sip_uas_reject(leg, status, retry_after_s);
        return 0;
}

void sip_uas_say_given_up(struct leg *leg)
{
        if (sip_uas_answer(leg, (struct sip_reply){.status = 487}))
                leg->ua->counters.unsent++;
}

void sip_uas_on_cancel(struct sip_ua *ua, const struct sip_request *request)
{
        struct sip_transaction *invite = sip_server_find(ua->txs, request->msg, request->source);
        if (!invite || sip_transaction_method(invite) != SIP_INVITE) {
                sip_ua_reply_status(ua, request, 481);
                return;
        }
        /*
         * RFC 3261 9.2: with the tag that the INVITE's own answers have. The leg may have ended
         * since, and the CANCEL come again.
         */
        const struct sip_token token = {.slot = sip_transaction_owner(invite)};
        const struct sip_token_text tag = sip_token_make(&ua->tokens, SIP_TOKEN_TAG, token);
        /* After a final answer it has no effect (RFC 3261 9.2); nor upon a re-INVITE. */
        struct leg *leg = sip_leg_of(ua, invite);
        bool gives_up = leg && leg->state == LEG_INCOMING;
        if (gives_up) {
                sip_leg_note_end(leg, SIP_END_CANCEL, 0);
                sip_leg_end(leg);
        }
        sip_ua_reply_tagged(ua, request, (struct sip_reply){.status = 200}, slice_from(tag.text));
        if (gives_up)
                sip_uas_say_given_up(leg);
}

void sip_uas_on_ack(struct leg *leg, const struct sip_msg *ack)
{
        struct sip_ua *ua = leg->ua;
        struct sip_transaction *invite = sip_leg_invite(leg);
        if (!leg->awaits_ack || ack->cseq != leg->invite_cseq)
                return;
        leg->awaits_ack = false;
        if (invite)
                sip_server_acknowledged(invite);
        if (leg->state == LEG_HANGING) {
                sip_leg_leave(leg);
                return;
        }

        struct sdp read;
        const struct sdp *answer = NULL;
        if (leg->awaits_answer && sip_ua_read_sdp(ack, &read, &answer))
                answer = NULL;
        bool is_first = leg->state == LEG_ANSWERED;
        leg->awaits_answer = false;
        if (is_first)
                sip_leg_enter(leg, LEG_CONFIRMED);
        if (is_first || answer)
                ua->params.handler->on_confirmed(ua->params.arg, sip_leg_handle(leg), answer);
}

void sip_uas_on_unacknowledged(struct leg *leg)
{
        switch (leg->state) {
        case LEG_ANSWERED:
        case LEG_CONFIRMED: /* a re-INVITE's: RFC 3261 14.2 ends the session, too */
        case LEG_HANGING:
                sip_leg_abandon(leg, SIP_END_NO_ACK);
                return;
        default:
                return;
        }
}
