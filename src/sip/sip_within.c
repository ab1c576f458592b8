/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_within.c - requests within a dialog: BYE, re-INVITE, UPDATE, INFO and those we refuse.
 */
#include <assert.h>

#include "sip/sip_core.h"
#include "sip/sip_dtmf.h"

#define GLARE_RETRY_S 10  /* RFC 3261 14.2: Retry-After of 0 to 10 seconds */
#define KEPT_BURST    32  /* requests of one dialog at once */
#define KEPT_EACH_MS  500 /* and as often after that */

/* A request within the dialog and the transaction that answers it. */
struct within {
        struct leg *leg;
        const struct sip_request *request;
        struct sip_transaction *tx; /* NULL: none was left, the answer goes out once */
};

static void reply(const struct within *within, struct sip_reply reply)
{
        struct sip_ua *ua = within->leg->ua;
        if (!within->tx) {
                sip_ua_reply(ua, within->request, reply);
                return;
        }
        struct buf b = sip_ua_out(ua);
        reply.head = sip_server_head(within->tx);
        sip_compose_reply(&b, &reply);
        assert(buf_ok(&b));
        if (sip_server_send(within->tx, reply.status, buf_slice(&b)))
                ua->counters.unsent++;
}

static void reply_status(const struct within *within, unsigned status)
{
        reply(within, sip_ua_refusal(within->leg->ua, status));
}

static void end_by_bye(struct leg *leg)
{
        switch (leg->state) {
        case LEG_INCOMING:
                sip_leg_note_end(leg, SIP_END_CANCEL, 0);
                sip_leg_end(leg);
                return;
        case LEG_CALLING:
        case LEG_PROCEEDING:
                /* Not the callee's way to refuse, but clear enough; the INVITE still has to end. */
                sip_leg_note_end(leg, SIP_END_BYE, 0);
                sip_uac_cancel(leg);
                return;
        case LEG_ANSWERED:
        case LEG_HANGING:
        case LEG_CONFIRMED:
        case LEG_LEAVING:
                sip_leg_note_end(leg, SIP_END_BYE, 0);
                sip_leg_end(leg);
                return;
        case LEG_CANCELLING:
        case LEG_NEW:
        case LEG_REJECTED:
        case LEG_ENDED:
        case LEG_STATES:
                return;
        }
}

static void on_bye(const struct within *within)
{
        struct leg *leg = within->leg;
        bool was_waiting = leg->state == LEG_INCOMING;
        end_by_bye(leg);
        reply_status(within, 200);
        if (was_waiting)
                sip_uas_say_given_up(leg);
}

/* What a re-INVITE or UPDATE brings, before anything has changed. */
struct offer {
        struct sdp read;
        const struct sdp *sdp; /* NULL: none */
        struct sip_session session;
};

/* 0, or the status that refuses it. */
static unsigned read_offer(const struct within *within, struct offer *offer)
{
        const struct sip_msg *msg = within->request->msg;
        const struct sip_uri *target = sip_dialog_new_target(msg);
        struct sip_dialog trial = within->leg->dialog;
        if (target && sip_dialog_set_target(&trial, target))
                return 513;
        const struct leg *leg = within->leg;
        const struct trunk *trunk = sip_trunks_find_any(leg->ua->params.trunks, leg->trunk_id);
        unsigned status =
                sip_session_of_request(leg->ua, trunk, msg, leg->session.min_s, &offer->session);
        return status ? status : sip_ua_read_sdp(msg, &offer->read, &offer->sdp);
}

/* Before the 2xx to its INVITE there is no session to be refreshed. */
static bool is_up(const struct leg *leg)
{
        return leg->state == LEG_ANSWERED || leg->state == LEG_CONFIRMED;
}

/* A 2xx has been decided: target (RFC 3261 12.2.2) and session timer are as the request says. */
static void accept(const struct within *within, const struct offer *offer)
{
        struct leg *leg = within->leg;
        sip_leg_learn_target(leg, within->request->msg, within->request->source);
        if (offer->sdp) {
                leg->remote = offer->read;
                leg->has_remote = true;
        }
        struct leg_fork *fork = leg->is_dialled && !is_up(leg) ? sip_prack_fork(leg) : NULL;
        if (fork && offer->sdp)
                fork->is_changed = true;
        sip_leg_learn_allow(leg, within->request->msg);
        if (is_up(leg))
                sip_session_begin(leg, &offer->session);
        sip_leg_tell_changed(leg);
}

static struct sip_reply acceptance(const struct leg *leg, const struct offer *offer)
{
        return (struct sip_reply){
                .status = 200,
                .contact = slice_from(leg->contact),
                .has_allow = true,
                .session_expires_s = is_up(leg) ? offer->session.expires_s : 0,
                .session_is_ours = offer->session.is_ours,
        };
}

/* Asks the owner. 200 with `ours` filled, or the refusal; 481 when the leg is gone meanwhile. */
static unsigned ask(const struct within *within, const struct offer *offer, struct sdp_audio *ours)
{
        struct leg *leg = within->leg;
        struct sip_ua *ua = leg->ua;
        enum leg_state before = leg->state;
        unsigned status =
                ua->params.handler->on_offer(ua->params.arg, sip_leg_handle(leg), offer->sdp, ours);
        if (leg->state != before)
                return 481;
        return status >= 200 && status < 300 ? 200 : status;
}

static void on_reinvite(const struct within *within)
{
        struct leg *leg = within->leg;
        struct offer offer;
        struct sdp_audio ours = {0};
        unsigned status = read_offer(within, &offer);
        if (!status)
                status = ask(within, &offer, &ours);
        if (status != 200) {
                reply_status(within, status);
                return;
        }

        struct sip_reply answer = acceptance(leg, &offer);
        answer.sdp = sip_leg_describe(leg, &ours, offer.sdp);
        leg->invite = sip_transaction_handle(within->tx);
        leg->invite_cseq = within->request->msg->cseq;
        accept(within, &offer);
        if (sip_uas_answer(leg, answer)) {
                reply_status(within, 500);
                return;
        }
        leg->awaits_ack = true;
        leg->awaits_answer = offer.sdp == NULL;
}

static void on_update(const struct within *within)
{
        struct leg *leg = within->leg;
        struct offer offer;
        struct sdp_audio ours = {0};
        unsigned status = read_offer(within, &offer);
        if (!status)
                status = offer.sdp ? ask(within, &offer, &ours) : 200;
        if (status != 200) {
                reply_status(within, status);
                return;
        }

        struct sip_reply answer = acceptance(leg, &offer);
        if (offer.sdp)
                answer.sdp = sip_leg_describe(leg, &ours, offer.sdp);
        accept(within, &offer);
        reply(within, answer);
}

/* RFC 3262 5: the answer to our offer, or an offer; what is wrong with it changes nothing else. */
static void on_prack(const struct within *within)
{
        struct leg *leg = within->leg;
        struct sip_ua *ua = leg->ua;
        struct offer offer = {0};
        struct sdp_audio ours = {0};
        if (!sip_prack_matches(leg, within->request->msg)) {
                reply_status(within, 481);
                return;
        }
        unsigned status = sip_ua_read_sdp(within->request->msg, &offer.read, &offer.sdp);
        bool is_answer = leg->reliable.offers && offer.sdp;
        struct sip_reply answer = {.status = status ? status : 200};
        sip_prack_acknowledge(leg, offer.sdp != NULL);
        if (!is_answer && offer.sdp) {
                answer.status = leg->state == LEG_INCOMING ? ask(within, &offer, &ours) : 488;
                if (answer.status == 200) {
                        answer.sdp = sip_leg_describe(leg, &ours, offer.sdp);
                        leg->remote = offer.read;
                }
        }
        sip_leg_tell_changed(leg);
        reply(within, answer);
        if (is_answer)
                ua->params.handler->on_described(ua->params.arg, sip_leg_handle(leg), &leg->said,
                                                 offer.sdp);
        if (leg->state == LEG_INCOMING && leg->holds_answer)
                sip_uas_answer_held(leg);
}

/* 0, or how an INVITE is refused in this state (RFC 3261 14.2, RFC 5407 3.1). */
static unsigned refuse_reinvite(const struct leg *leg)
{
        switch (leg->state) {
        case LEG_CONFIRMED:
                return leg->awaits_ack || sip_refresh_invites(leg) ? 491 : 0;
        case LEG_INCOMING:
                return 500;
        case LEG_CALLING:
        case LEG_PROCEEDING:
        case LEG_CANCELLING:
        case LEG_ANSWERED:
        case LEG_HANGING:
                return 491;
        case LEG_NEW:
        case LEG_LEAVING:
        case LEG_REJECTED:
        case LEG_ENDED:
        case LEG_STATES:
                break;
        }
        return 481;
}

/* The same for an UPDATE that makes an offer (RFC 3311 5.2). */
static unsigned refuse_update(struct leg *leg, const struct sip_msg *msg)
{
        const struct leg_fork *fork;
        switch (leg->state) {
        case LEG_CONFIRMED:
        case LEG_ANSWERED:
                return msg->body.len && (leg->awaits_answer || sip_refresh_invites(leg)) ? 491 : 0;
        case LEG_INCOMING:
                return msg->body.len && !leg->reliable.is_settled ? 500 : 0;
        case LEG_CALLING:
        case LEG_PROCEEDING:
                fork = sip_prack_fork(leg);
                return msg->body.len && !(fork && fork->is_settled) ? 491 : 0;
        case LEG_CANCELLING:
        case LEG_HANGING:
        case LEG_NEW:
        case LEG_LEAVING:
        case LEG_REJECTED:
        case LEG_ENDED:
        case LEG_STATES:
                break;
        }
        return 481;
}

static void on_info(const struct within *within)
{
        struct leg *leg = within->leg;
        const struct sip_msg *msg = within->request->msg;
        struct sip_ua *ua = leg->ua;
        struct sip_dtmf dtmf;
        if (msg->body.len == 0) {
                reply_status(within, 200);
                return;
        }
        if (!sip_dtmf_is_type(msg->content_type)) {
                reply(within, (struct sip_reply){.status = 415, .has_accept_dtmf = true});
                return;
        }
        if (sip_dtmf_parse(msg->body, &dtmf)) {
                reply_status(within, 400);
                return;
        }
        reply_status(within, 200);
        ua->params.handler->on_dtmf_info(ua->params.arg, sip_leg_handle(leg), dtmf.digit,
                                         dtmf.duration_ms);
}

static void refuse(const struct within *within, unsigned status)
{
        struct sip_reply refusal = {.status = status};
        if (status == 500)
                refusal.retry_after_s =
                        1 + random_below(io_random(within->leg->ua->params.io), GLARE_RETRY_S);
        reply(within, refusal);
}

static void on_offering(const struct within *within, unsigned refusal,
                        void (*on_accepted)(const struct within *within))
{
        if (refusal)
                refuse(within, refusal);
        else
                on_accepted(within);
}

static void dispatch(const struct within *within)
{
        const struct sip_msg *msg = within->request->msg;
        struct leg *leg = within->leg;
        switch (msg->method) {
        case SIP_BYE:
                on_bye(within);
                return;
        case SIP_INVITE:
                on_offering(within, refuse_reinvite(leg), on_reinvite);
                return;
        case SIP_UPDATE:
                on_offering(within, refuse_update(leg, msg), on_update);
                return;
        case SIP_INFO:
                on_info(within);
                return;
        case SIP_OPTIONS:
                reply(within, (struct sip_reply){
                                      .status = 200,
                                      .has_allow = true,
                                      .has_accept = true,
                                      .has_supported = true,
                              });
                return;
        case SIP_REFER:
                reply_status(within, 603); /* transfers are the platform's to make */
                return;
        case SIP_PRACK:
                on_prack(within);
                return;
        default:
                reply_status(within, 405);
                return;
        }
}

/*
 * What is answered is kept for 64*T1: a dialog that talks without end would fill the table for all
 * others. Above a rate that nobody needs its answers go out once and are not kept.
 */
static bool may_keep(struct leg *leg, const struct sip_msg *msg)
{
        int64_t now_ms = io_now_ms(leg->ua->params.io);
        if (msg->method == SIP_BYE)
                return true;
        if (leg->talked_until_ms < now_ms)
                leg->talked_until_ms = now_ms;
        if (leg->talked_until_ms - now_ms >= KEPT_BURST * KEPT_EACH_MS)
                return false;
        leg->talked_until_ms += KEPT_EACH_MS;
        return true;
}

void sip_within_on_request(struct leg *leg, const struct sip_request *request)
{
        const struct sip_msg *msg = request->msg;
        struct within within = {.leg = leg, .request = request};
        bool is_over =
                sip_leg_is_over(leg) || (leg->state == LEG_LEAVING && msg->method != SIP_BYE);
        if (is_over) {
                sip_ua_reply_status(leg->ua, request, 481);
                return;
        }
        /* RFC 3261 12.2.2: out of order. What merely came twice has been answered already. */
        if (leg->dialog.remote_cseq && msg->cseq <= leg->dialog.remote_cseq) {
                refuse(&within, 500);
                return;
        }
        unsigned status = may_keep(leg, msg) ? sip_uas_open(leg, request, &within.tx) : 503;
        if (status == 513 || (status && msg->method == SIP_INVITE)) {
                sip_ua_reply_status(leg->ua, request, status);
                return;
        }
        leg->dialog.remote_cseq = msg->cseq;
        dispatch(&within);
}
