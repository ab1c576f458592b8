/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_refresh.c - the requests that keep a session alive (RFC 4028 7.4, 10), and what their answers
 * mean: UPDATE without a description, or a re-INVITE with the one that we gave last.
 */
#include <assert.h>

#include "base/log.h"
#include "sip/sip_core.h"
#include "sip/sip_failover.h"

#define BUSY_MS         1000 /* nothing free to send it with, or an ACK is missing */
#define TRY_AGAIN_MS    5000 /* at the earliest after it was refused */
#define GLARE_UNIT_MS   10   /* RFC 3261 14.1 */
#define GLARE_OWN_MIN   210
#define GLARE_OWN_SPAN  190 /* 2.1 to 4 s, for whom the Call-ID is its own */
#define GLARE_OTHER_MAX 200 /* else 0 to 2 s */

static void on_due(void *arg)
{
        sip_refresh(arg);
}

void sip_refresh_in(struct leg *leg, int64_t delay_ms)
{
        io_timer_start(leg->ua->params.io, &leg->refresh_timer, delay_ms, on_due, leg);
}

bool sip_refresh_is(const struct leg *leg, const struct sip_transaction *tx)
{
        return handle_equal(leg->refresh, sip_transaction_handle(tx));
}

bool sip_refresh_invites(const struct leg *leg)
{
        const struct sip_transaction *tx = sip_transaction_find(leg->ua->txs, leg->refresh);
        return tx && sip_transaction_method(tx) == SIP_INVITE;
}

struct slice sip_refresh_compose(struct leg *leg, const struct sip_transaction *tx, uint32_t cseq)
{
        enum sip_method method = sip_transaction_method(tx);
        const struct sip_branch_text branch = sip_client_branch(tx);
        struct sip_in_dialog_text text = {
                .method = method,
                .dialog = &leg->dialog,
                .local = leg->local,
                .branch = slice_from(branch.text),
                .cseq = cseq,
                .contact = slice_from(leg->contact),
                .session_expires_s = leg->session.expires_s,
                .min_se_s = leg->session.min_s,
                .authorization = sip_leg_authorize_within(leg, method),
        };
        if (method == SIP_INVITE)
                text.sdp = sip_leg_describe(leg, &leg->said,
                                            leg->said_in_answer ? &leg->remote : NULL);
        struct buf b = sip_ua_out(leg->ua);
        sip_compose_in_dialog(&b, &text);
        assert(buf_ok(&b));
        return buf_slice(&b);
}

static bool send(struct leg *leg, enum sip_method method)
{
        struct sip_transaction *tx = sip_leg_open_request(leg, method);
        if (!tx)
                return false;
        leg->refresh = sip_transaction_handle(tx);
        leg->dialog.local_cseq++;
        if (method == SIP_INVITE)
                leg->invite_cseq = leg->dialog.local_cseq;
        sip_leg_tell_changed(leg);
        struct slice request = sip_refresh_compose(leg, tx, leg->dialog.local_cseq);
        /* Its answer may come when we have hung up: that is no further fork. */
        if (method == SIP_INVITE)
                (void)sip_client_note_fork(tx,
                                           sip_dialog_text(&leg->dialog, leg->dialog.remote_tag));
        if (!sip_client_start(tx, request, &leg->dialog.next_hop))
                return true;
        leg->refresh = (struct handle){0};
        return false;
}

static void send_or_wait(struct leg *leg)
{
        enum sip_method method = leg->has_update ? SIP_UPDATE : SIP_INVITE;
        /* RFC 3261 14.1: not while an INVITE of the peer's is going on. */
        bool must_wait = method == SIP_INVITE && leg->awaits_ack;
        io_timer_stop(leg->ua->params.io, &leg->refresh_timer);
        if (!must_wait && send(leg, method))
                return;
        if (!must_wait)
                leg->ua->counters.unsent++;
        sip_refresh_in(leg, BUSY_MS);
}

void sip_refresh(struct leg *leg)
{
        if (leg->state != LEG_CONFIRMED)
                return;
        leg->attempt = (struct sip_digest_attempt){0};
        send_or_wait(leg);
}

/* The session timer is running: there is time until it fires. */
static void try_again(struct leg *leg, const struct sip_msg *response)
{
        int64_t left_ms = leg->session_timer.due_ms - io_now_ms(leg->ua->params.io);
        int64_t delay_ms = (int64_t)response->retry_after_s * 1000;
        if (delay_ms == 0)
                delay_ms = left_ms / 4;
        if (delay_ms < TRY_AGAIN_MS)
                delay_ms = TRY_AGAIN_MS;
        if (delay_ms < left_ms)
                sip_refresh_in(leg, delay_ms);
}

static int64_t glare_ms(const struct leg *leg)
{
        struct random *random = io_random(leg->ua->params.io);
        uint32_t units = leg->is_dialled ? GLARE_OWN_MIN + random_below(random, GLARE_OWN_SPAN + 1)
                                         : random_below(random, GLARE_OTHER_MAX + 1);
        return (int64_t)units * GLARE_UNIT_MS;
}

/* The answer to the description in our re-INVITE is mostly the one that we have had. */
static void on_success(struct leg *leg, struct sip_transaction *tx, const struct sip_msg *response,
                       const struct sip_target *source)
{
        struct sip_ua *ua = leg->ua;
        bool is_invite = sip_transaction_method(tx) == SIP_INVITE;
        const struct sip_session session = sip_session_of_answer(leg, response);
        struct sdp read;
        const struct sdp *answer = NULL;
        if (is_invite && sip_ua_read_sdp(response, &read, &answer))
                answer = NULL;
        sip_leg_learn_target(leg, response, source);
        sip_leg_learn_allow(leg, response);
        sip_leg_learn(leg, response);
        sip_session_begin(leg, &session);
        if (is_invite)
                leg->invite = sip_transaction_handle(tx);
        sip_leg_tell_changed(leg);
        if (is_invite)
                sip_uac_acknowledge(ua, tx, &leg->dialog, response);
        if (answer)
                ua->params.handler->on_described(ua->params.arg, sip_leg_handle(leg), &leg->said,
                                                 answer);
}

static void on_failure(struct leg *leg, enum sip_method method, const struct sip_msg *response)
{
        switch (response->status) {
        case 401:
        case 407:
                if (sip_leg_meets_challenge(leg, response))
                        send_or_wait(leg);
                else
                        try_again(leg, response);
                return;
        case 408:
        case 481:
                /* RFC 3261 12.2.1.2: the other side no longer has the dialog. */
                log_info("sip leg %u: its refresh was answered %u", sip_leg_handle(leg).h.index,
                         response->status);
                sip_leg_abandon(leg, SIP_END_TIMEOUT);
                return;
        case 405:
        case 501:
                if (method == SIP_UPDATE) {
                        leg->has_update = false;
                        sip_refresh(leg);
                        return;
                }
                break;
        case 422:
                if (sip_session_meets_interval(leg, response)) {
                        sip_refresh(leg);
                        return;
                }
                break;
        case 491:
                sip_refresh_in(leg, glare_ms(leg));
                return;
        default:
                break;
        }
        try_again(leg, response);
}

void sip_refresh_on_response(struct leg *leg, struct sip_transaction *tx,
                             const struct sip_msg *response, const struct sip_target *source)
{
        enum sip_method method = sip_transaction_method(tx);
        if (response->status < 200)
                return;
        bool is_success = response->status < 300;
        if (leg->state != LEG_CONFIRMED) {
                if (method == SIP_INVITE)
                        sip_uac_on_stray(leg->ua, tx, response, source);
                return;
        }
        leg->refresh = (struct handle){0};
        if (is_success) {
                on_success(leg, tx, response, source);
                return;
        }
        if (method == SIP_INVITE)
                sip_uac_acknowledge_failure(leg->ua, tx, response);
        on_failure(leg, method, response);
}

void sip_refresh_on_timeout(struct leg *leg)
{
        leg->refresh = (struct handle){0};
        if (leg->state != LEG_CONFIRMED)
                return;
        if (sip_failover_within(leg)) {
                sip_refresh(leg);
                return;
        }
        log_info("sip leg %u: its refresh was not answered", sip_leg_handle(leg).h.index);
        sip_leg_abandon(leg, SIP_END_TIMEOUT);
}
