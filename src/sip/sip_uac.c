/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_uac.c - legs that we dial: the INVITE, its answers (forked and late ones, too), CANCEL.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "sip/sip_core.h"
#include "sip/sip_failover.h"
#include "sip/sip_monitor.h"
#include "sip/sip_redirect.h"
#include "sip/sip_template.h"
#include "wire/sip_lines.h"
#include "wire/sip_write.h"

#define CALL_ID_BYTES 16

static int init_dialog(struct leg *leg, const struct sip_dial *dial,
                       const struct sip_trunk_state *trunk, const struct sip_target *hop)
{
        char call_id[2 * CALL_ID_BYTES + 1], memory[2][SIP_URI_BYTES], own[SIP_TEMPLATE_URI_BYTES];
        struct buf from, to, target;
        sip_token_random(io_random(leg->ua->params.io), call_id, CALL_ID_BYTES);
        buf_init(&from, own, sizeof own);
        sip_template_put_from(&from, &trunk->trunk, &leg->local, dial->show);
        buf_init(&to, memory[0], sizeof memory[0]);
        sip_template_put_to(&to, &trunk->trunk, dial->to);
        buf_init(&target, memory[1], sizeof memory[1]);
        sip_template_put_request_uri(&target, &trunk->trunk, dial->to);
        if (!buf_ok(&from) || !buf_ok(&to) || !buf_ok(&target))
                return ERR_TOO_LARGE;

        const struct sip_dialog_uac uac = {
                .call_id = slice_from(call_id),
                .local_uri = buf_slice(&from),
                .remote_uri = buf_slice(&to),
                .target = buf_slice(&target),
                .local_tag = sip_leg_tag(leg),
                .cseq = 1,
                .next_hop = *hop,
        };
        return sip_dialog_init_uac(&leg->dialog, &uac);
}

struct slice sip_uac_compose_invite(struct leg *leg, const struct sip_transaction *tx,
                                    struct slice request_uri, struct slice sdp)
{
        const struct sip_trunk_state *trunk =
                sip_trunks_state_any(leg->ua->params.trunks, leg->trunk_id);
        const struct sip_branch_text branch = sip_client_branch(tx);
        assert(trunk); /* a dialog of it is open */
        const struct sip_invite_text invite = {
                .dialog = &leg->dialog,
                .request_uri = request_uri,
                .trunk = &trunk->trunk,
                .show = leg->show,
                .extra = {trunk->headers, trunk->headers_bytes},
                .local = leg->local,
                .branch = slice_from(branch.text),
                .contact = slice_from(leg->contact),
                .cseq = leg->invite_cseq,
                .authorization = sip_leg_authorize(leg, SIP_INVITE, request_uri),
                .max_forwards = leg->max_forwards,
                .has_prack = !leg->no_prack,
                .session_expires_s = leg->session.expires_s,
                .min_se_s = leg->session.min_s,
                .sdp = sdp,
        };
        leg->is_authorized = invite.authorization.len > 0;
        struct buf b = sip_ua_out(leg->ua);
        sip_compose_invite(&b, &invite);
        assert(buf_ok(&b));
        return buf_slice(&b);
}

/* `dial` NULL: it is sent again, with another number and branch. */
static void tell_ready(struct leg *leg, const struct sip_dial *dial)
{
        if (dial && dial->on_ready)
                dial->on_ready(dial->on_ready_arg, sip_leg_handle(leg));
        if (!dial)
                sip_leg_tell_changed(leg);
}

/* Its INVITE is ready to leave, and the owner knows. NULL: no room. */
static struct sip_transaction *open_invite(struct leg *leg, const struct sip_dial *dial)
{
        sip_failover_begin(leg, &leg->dialog.next_hop);
        const struct sip_client_params params = {
                .method = SIP_INVITE,
                .owner = sip_leg_handle(leg).h,
                .trunk_id = leg->trunk_id,
                .local = leg->local,
                .patience_ms = sip_failover_patience_ms(leg),
        };
        struct sip_transaction *tx = sip_client_open(leg->ua->txs, &params);
        if (!tx)
                return NULL;
        leg->invite = sip_transaction_handle(tx);
        leg->invite_cseq = leg->dialog.local_cseq;
        tell_ready(leg, dial);
        return tx;
}

/* An INVITE of the leg's that was refused, and is acknowledged when the next one is ready. */
struct refused {
        struct sip_transaction *tx;
        const struct sip_msg *response; /* NULL: none came, or it has been acknowledged */
};

static void acknowledge_refused(struct leg *leg, struct refused *refused)
{
        if (refused->response)
                sip_uac_acknowledge_failure(leg->ua, refused->tx, refused->response);
        refused->response = NULL;
}

/* Once it is acknowledged, nobody sends a challenge again to a process that comes next. */
static int send_invite(struct leg *leg, const struct sip_dial *dial, struct slice sdp,
                       struct refused *refused)
{
        const struct sip_target to = leg->dialog.next_hop;
        struct sip_transaction *tx = open_invite(leg, dial);
        const struct slice uri = sip_dialog_text(&leg->dialog, leg->dialog.target);
        acknowledge_refused(leg, refused);
        return tx ? sip_client_start(tx, sip_uac_compose_invite(leg, tx, uri, sdp), &to) : ERR_FULL;
}

/* What this peer knows us by depends on the way to it; who we are does not. */
static void aim(struct leg *leg, const struct sip_target *to)
{
        const struct sip_trunk_state *trunk =
                sip_trunks_find(leg->ua->params.trunks, leg->trunk_id);
        struct sip_sent_by local;
        if (!trunk || !sip_ua_sent_by(leg->ua, &trunk->trunk, to, &local))
                return;
        const char *end = strrchr(leg->contact, '@');
        char contact[SIP_CONTACT_MAX] = "";
        struct buf b;
        buf_init(&b, contact, sizeof contact - 1);
        buf_put(&b, leg->contact, end ? (size_t)(end + 1 - leg->contact) : strlen("sip:"));
        sip_compose_sent_by(&b, &local);
        assert(buf_ok(&b));
        leg->local = local;
        memcpy(leg->contact, contact, sizeof contact);
}

/* From has an address of ours, as a rule: one of the family that leads there. */
static struct slice from_there(const struct leg *leg, const struct sip_target *to, struct buf *b)
{
        const struct sip_trunk_state *trunk =
                sip_trunks_find(leg->ua->params.trunks, leg->trunk_id);
        struct sip_sent_by local;
        if (trunk && to->addr.family != leg->local.addr.family &&
            sip_ua_sent_by(leg->ua, &trunk->trunk, to, &local))
                sip_template_put_from(b, &trunk->trunk, &local, leg->show);
        return b->len && buf_ok(b) ? buf_slice(b)
                                   : sip_dialog_text(&leg->dialog, leg->dialog.local_uri);
}

/* As it was before anything was answered, with the next number. */
static void begin_again(struct leg *leg, struct slice request_uri, const struct sip_target *to)
{
        const struct sip_dialog *dialog = &leg->dialog;
        char own[SIP_TEMPLATE_URI_BYTES];
        struct buf from;
        buf_init(&from, own, sizeof own);
        struct sip_dialog_uac uac = {
                .call_id = sip_dialog_text(dialog, dialog->call_id),
                .local_uri = from_there(leg, to, &from),
                .remote_uri = sip_dialog_text(dialog, dialog->remote_uri),
                .target = request_uri,
                .local_tag = dialog->local_tag,
                .cseq = dialog->local_cseq + 1,
                .next_hop = *to,
        };
        int err = sip_dialog_init_uac(&leg->dialog, &uac);
        if (err) {
                uac.local_uri = sip_dialog_text(dialog, dialog->local_uri);
                err = sip_dialog_init_uac(&leg->dialog, &uac);
        }
        assert(!err); /* there was more in it before */
        leg->has_remote = false;
        leg->fork_count = 0;
        if (leg->state == LEG_PROCEEDING)
                sip_leg_enter(leg, LEG_CALLING);
}

/* `offer`, as who is asked there may use it: an address of the family that leads there. */
static struct sdp_audio placed(const struct leg *leg, const struct sdp_audio *offer,
                               const struct sip_target *to)
{
        struct sdp_audio ours = *offer;
        const struct addr *rtp = addr_pair_find(&leg->media, to->addr.family);
        if (rtp)
                sdp_audio_place(&ours, rtp);
        return ours;
}

/* What was sent so far is in `sdp`; elsewhere it may have to name another address. */
static struct slice describe_there(struct leg *leg, struct slice sdp, const struct sip_target *to)
{
        const struct sdp_audio ours = placed(leg, &leg->said, to);
        if (addr_equal(&ours.rtp, &leg->said.rtp))
                return sdp;
        return sip_leg_describe(leg, &ours, NULL);
}

/* To one target after the other, until one can be sent to. What we lack ourselves is of no target. */
static int send_somewhere(struct leg *leg, const struct sip_dial *dial, struct slice sdp,
                          struct refused *refused)
{
        struct sip_target next;
        int err = send_invite(leg, dial, sdp, refused);
        while (err) {
                sip_failover_note(leg, SIP_ATTEMPT_UNSENT, 0);
                if (err == ERR_FULL || err == ERR_TOO_LARGE)
                        return err;
                sip_monitor_on_unsent(leg->ua->monitor, leg->trunk_id, &leg->dialog.next_hop);
                if (!sip_failover_is_possible(leg) || !sip_failover_next(leg, &next))
                        return err;
                leg->ua->counters.failovers++;
                begin_again(leg, sip_dialog_text(&leg->dialog, leg->dialog.target), &next);
                aim(leg, &next);
                sdp = describe_there(leg, sdp, &next);
                err = send_invite(leg, NULL, sdp, refused);
        }
        return err;
}

static int start(struct leg *leg, const struct sip_dial *dial, const struct sip_trunk_state *trunk)
{
        struct buf contact;
        struct sip_target to;
        leg->media = dial->media;
        if (!sip_failover_next(leg, &to))
                return -EHOSTUNREACH;
        (void)!sip_ua_sent_by(leg->ua, &trunk->trunk, &to, &leg->local);
        buf_init(&contact, leg->contact, sizeof leg->contact - 1);
        sip_compose_our_uri(&contact, dial->show, &trunk->trunk, &leg->local);
        assert(buf_ok(&contact));

        leg->is_dialled = true;
        leg->no_prack = trunk->trunk.no_prack;
        leg->show = dial->show;
        leg->max_forwards = dial->max_forwards;
        leg->has_other_route = dial->has_other_route;
        leg->session = sip_session_wanted(leg->ua, &trunk->trunk);
        sip_leg_enter(leg, LEG_CALLING);
        struct refused none = {0};
        const struct sdp_audio offer = placed(leg, dial->offer, &to);
        int err = init_dialog(leg, dial, trunk, &to);
        return err ? err : send_somewhere(leg, dial, sip_leg_describe(leg, &offer, NULL), &none);
}

int sip_ua_dial(struct sip_ua *ua, const struct sip_dial *dial, struct sip_leg *out)
{
        assert(!number_is_none(dial->to.n));
        assert(!number_is_none(dial->show.n));
        assert(dial->max_forwards >= 0);
        struct sip_trunk_state *trunk = sip_trunks_find(ua->params.trunks, dial->trunk_id);
        if (!trunk || sip_target_is_none(&trunk->peer))
                return ERR_NOT_FOUND;
        struct sip_sent_by local;
        if (!sip_ua_sent_by(ua, &trunk->trunk, &trunk->peer, &local))
                return ERR_STATE;
        if (!sip_transactions_take_calls(ua->txs))
                return ERR_FULL;
        struct leg *leg = sip_leg_create(ua, dial->trunk_id);
        if (!leg)
                return ERR_FULL;

        int err = start(leg, dial, trunk);
        if (err) {
                sip_leg_destroy(leg);
                return err;
        }
        trunk->counters.invites_out++;
        *out = sip_leg_handle(leg);
        return 0;
}

static void send_cancel(struct leg *leg)
{
        struct sip_ua *ua = leg->ua;
        struct sip_transaction *invite = sip_leg_invite(leg);
        assert(invite);
        leg->is_cancelled = true;
        sip_client_limit(invite);
        struct sip_transaction *tx = sip_client_open_cancel(invite);
        if (!tx) {
                ua->counters.unsent++;
                return;
        }

        struct buf b = sip_ua_out(ua);
        sip_compose_cancel(&b, sip_client_sent(invite), leg->invite_cseq);
        assert(buf_ok(&b));
        if (sip_client_start(tx, buf_slice(&b), sip_client_peer(invite)))
                ua->counters.unsent++;
}

/* RFC 3261 9.1: no CANCEL before a provisional answer. */
void sip_uac_cancel(struct leg *leg)
{
        bool is_heard = leg->state == LEG_PROCEEDING;
        sip_leg_enter(leg, LEG_CANCELLING);
        if (is_heard)
                send_cancel(leg);
}

/* The description in a response, kept: an early one may be all that comes (see on_success). */
static const struct sdp *read_description(struct leg *leg, const struct sip_msg *response)
{
        const struct leg_fork *fork = sip_prack_fork(leg);
        const struct sdp *sdp;
        struct sdp read;
        if (fork && fork->is_changed)
                return NULL;
        if (sip_ua_read_sdp(response, &read, &sdp) || !sdp)
                return NULL;
        leg->remote = read;
        leg->has_remote = true;
        return &leg->remote;
}

static void on_provisional(struct leg *leg, const struct sip_msg *response,
                           const struct sip_target *source)
{
        struct sip_ua *ua = leg->ua;
        if (leg->state == LEG_CANCELLING && !leg->is_cancelled)
                send_cancel(leg);
        if (leg->state == LEG_CALLING)
                sip_leg_enter(leg, LEG_PROCEEDING);
        if (leg->state != LEG_PROCEEDING || response->status == 100)
                return;
        leg->has_rung = true;
        bool is_reliable = sip_prack_is_wanted(response);
        uint32_t rseq = response->rseq;
        if (is_reliable && !sip_prack_is_next(leg, response))
                return;

        /* Of several early dialogs the last one heard is kept; the 2xx decides in any case. */
        bool is_other_fork = !slice_equal(response->to.tag,
                                          sip_dialog_text(&leg->dialog, leg->dialog.remote_tag));
        if (is_other_fork)
                leg->has_remote = false;
        bool is_dialog = response->to.tag.len && !sip_dialog_establish(&leg->dialog, response);
        if (is_dialog)
                sip_leg_choose_hop(leg, source);
        sip_leg_learn_allow(leg, response);
        const struct sdp *sdp = read_description(leg, response);
        ua->params.handler->on_progress(ua->params.arg, sip_leg_handle(leg), response->status, sdp);
        if (is_reliable && is_dialog && leg->state == LEG_PROCEEDING)
                sip_prack_send(leg, rseq, sdp != NULL);
}

/*
 * RFC 3261 22.1: an ACK repeats the credentials of its INVITE, as they are. Nobody may ask for other
 * ones.
 */
static struct slice sent_credentials(struct sip_ua *ua, const struct sip_transaction *tx)
{
        static const char *const names[] = {"Authorization", "Proxy-Authorization"};
        struct buf b;
        buf_init(&b, ua->credentials, sizeof ua->credentials);
        for (unsigned i = 0; i < 2; i++) {
                struct slice rest = sip_client_sent(tx), value;
                if (sip_lines_next(&rest, slice_from(names[i]), &value))
                        sip_write_header(&b, names[i], value);
        }
        assert(buf_ok(&b));
        return buf_slice(&b);
}

static void send_ack(struct sip_ua *ua, struct sip_transaction *tx, const struct sip_dialog *dialog,
                     const struct sip_msg *response, bool is_kept)
{
        const struct sip_branch_text branch = sip_branch_random(io_random(ua->params.io));
        const struct trunk *trunk =
                sip_trunks_find_any(ua->params.trunks, sip_transaction_trunk(tx));
        struct sip_sent_by local = *sip_client_local(tx);
        /* The dialog may go another way than its INVITE. */
        if (trunk)
                (void)!sip_ua_sent_by(ua, trunk, &dialog->next_hop, &local);
        const struct sip_in_dialog_text ack = {
                .method = SIP_ACK,
                .dialog = dialog,
                .local = local,
                .branch = slice_from(branch.text),
                .cseq = response->cseq,
                .authorization = sent_credentials(ua, tx),
        };
        struct buf b = sip_ua_out(ua);
        sip_compose_in_dialog(&b, &ack);
        assert(buf_ok(&b));
        if (is_kept)
                sip_client_acknowledge(tx, buf_slice(&b), &dialog->next_hop, response->to.tag);
        else
                sip_ua_send(ua, sip_transaction_trunk(tx), &dialog->next_hop, buf_slice(&b));
}

void sip_uac_acknowledge(struct sip_ua *ua, struct sip_transaction *tx,
                         const struct sip_dialog *dialog, const struct sip_msg *response)
{
        send_ack(ua, tx, dialog, response, true);
}

void sip_uac_acknowledge_failure(struct sip_ua *ua, struct sip_transaction *tx,
                                 const struct sip_msg *response)
{
        struct slice invite = sip_client_sent(tx);
        if (invite.len == 0)
                return;
        struct buf b = sip_ua_out(ua);
        sip_compose_failure_ack(&b, invite, response);
        if (buf_ok(&b))
                sip_client_acknowledge(tx, buf_slice(&b), sip_client_peer(tx), response->to.tag);
}

/*
 * A 2xx for which there is no leg (any more): of a further fork, or of one that was given up.
 * RFC 3261 13.2.2.4: acknowledged each time, hung up once.
 */
static void on_stray_success(struct sip_ua *ua, struct sip_transaction *tx,
                             const struct sip_msg *response, const struct sip_target *source)
{
        struct sip_dialog dialog;
        ua->counters.stray_answers++;
        if (sip_dialog_init_stray(&dialog, response))
                return; /* its sender gives up by itself: nobody acknowledges */

        uint32_t trunk_id = sip_transaction_trunk(tx);
        struct sip_sent_by local = *sip_client_local(tx);
        sip_ua_choose_hop(ua, trunk_id, &dialog, source, &local);
        send_ack(ua, tx, &dialog, response, false);
        const struct sip_bye bye = {.trunk_id = trunk_id, .dialog = &dialog, .local = &local};
        if (sip_client_note_fork(tx, response->to.tag))
                (void)sip_send_bye(ua, &bye);
}

/* It had been given up, and rings now: it is not to. */
static void cancel_stray(struct sip_ua *ua, struct sip_transaction *invite,
                         const struct sip_msg *response)
{
        struct slice sent = sip_client_sent(invite);
        if (sip_client_is_cancelled(invite) || sent.len == 0)
                return;
        struct buf b = sip_ua_out(ua);
        sip_compose_cancel(&b, sent, response->cseq);
        sip_client_limit(invite);
        assert(buf_ok(&b));
        struct sip_transaction *tx = sip_client_open_cancel(invite);
        if (!tx || sip_client_start(tx, buf_slice(&b), sip_client_peer(invite)))
                ua->counters.unsent++;
}

void sip_uac_on_stray(struct sip_ua *ua, struct sip_transaction *tx, const struct sip_msg *response,
                      const struct sip_target *source)
{
        if (response->status < 200)
                cancel_stray(ua, tx, response);
        if (response->status >= 300)
                sip_uac_acknowledge_failure(ua, tx, response);
        else if (response->status >= 200)
                on_stray_success(ua, tx, response, source);
}

static void confirm(struct leg *leg, const struct sip_msg *response, bool is_same_fork)
{
        sip_leg_enter(leg, LEG_CONFIRMED);
        /* Some peers describe themselves in the 18x and not again: that was their answer. */
        const struct leg_fork *fork = sip_prack_fork(leg);
        bool is_said = response->body.len == 0 || (fork && fork->is_changed);
        bool is_early_answer = is_said && is_same_fork && leg->has_remote;
        if (!read_description(leg, response) && !is_early_answer)
                leg->has_remote = false;
        const struct sip_session session = sip_session_of_answer(leg, response);
        sip_leg_learn_allow(leg, response);
        sip_session_begin(leg, &session);
        sip_leg_tell_changed(leg);
}

static void on_success(struct leg *leg, struct sip_transaction *tx, const struct sip_msg *response,
                       const struct sip_target *source)
{
        struct sip_ua *ua = leg->ua;
        bool is_same_fork = slice_equal(response->to.tag,
                                        sip_dialog_text(&leg->dialog, leg->dialog.remote_tag));
        if (sip_dialog_establish(&leg->dialog, response)) {
                ua->counters.refused_large++;
                sip_leg_note_end(leg, SIP_END_TRANSPORT, 0);
                sip_leg_end(leg);
                return;
        }
        sip_failover_note(leg, SIP_ATTEMPT_ANSWERED, response->status);
        sip_leg_choose_hop(leg, source);
        sip_leg_learn(leg, response);
        if (leg->state != LEG_CANCELLING)
                confirm(leg, response, is_same_fork);
        sip_uac_acknowledge(ua, tx, &leg->dialog, response);
        if (leg->state == LEG_CANCELLING) {
                sip_leg_leave(leg);
                return;
        }
        ua->params.handler->on_answered(ua->params.arg, sip_leg_handle(leg),
                                        leg->has_remote ? &leg->remote : NULL);
}

/* A 408 of the peer's is an answer like others, and is recorded as one. */
static void on_failure(struct leg *leg, unsigned status)
{
        bool is_way_lost = sip_failover_is_possible(leg) && sip_failover_is_elsewhere(status);
        sip_failover_note(leg, SIP_ATTEMPT_ANSWERED, status);
        sip_leg_note_end(leg, SIP_END_REJECTED, status);
        leg->end.is_way_lost = is_way_lost;
        sip_leg_end(leg);
}

/* What it said of our side, to be said again. */
static struct slice sent_offer(struct sip_ua *ua, const struct sip_transaction *tx)
{
        struct slice sent = sip_client_sent(tx);
        const char *end = sent.len ? memmem(sent.p, sent.len, "\r\n\r\n", 4) : NULL;
        assert(end);
        struct slice body = {end + 4, (size_t)(sent.p + sent.len - (end + 4))};
        assert(body.len <= sizeof ua->body);
        memcpy(ua->body, body.p, body.len);
        return (struct slice){ua->body, body.len};
}

static struct slice sent_request_uri(const struct sip_transaction *tx)
{
        struct slice rest;
        (void)slice_split(sip_client_sent(tx), ' ', &rest);
        return slice_split(rest, ' ', &rest);
}

/*
 * Once more: there, with what was missing (credentials, a larger session interval), or elsewhere.
 * `response` NULL: nothing was answered.
 */
static void invite_again(struct leg *leg, struct sip_transaction *tx,
                         const struct sip_msg *response, const struct sip_target *to)
{
        struct slice offer = sent_offer(leg->ua, tx);
        sip_transaction_disown(tx);
        begin_again(leg, sent_request_uri(tx), to);
        aim(leg, to);
        offer = describe_there(leg, offer, to);
        struct refused refused = {tx, response};
        if (!send_somewhere(leg, NULL, offer, &refused))
                return;
        leg->ua->counters.unsent++;
        sip_leg_note_end(leg, SIP_END_TRANSPORT, 0);
        leg->end.is_way_lost = sip_failover_is_possible(leg);
        sip_leg_end(leg);
}

static void on_refused_once(struct leg *leg, struct sip_transaction *tx,
                            const struct sip_msg *response)
{
        const struct sip_target to = sip_client_target(tx);
        if (leg->attempts.count)
                leg->attempts.count--; /* it is still the same attempt */
        invite_again(leg, tx, response, &to);
}

/* True: it goes on elsewhere. `response` NULL: there was none. */
static bool fails_over(struct leg *leg, struct sip_transaction *tx, enum sip_attempt_end how,
                       const struct sip_msg *response)
{
        struct sip_target to;
        unsigned status = response ? response->status : 0;
        bool is_reason = !response || sip_failover_is_elsewhere(status);
        if (!is_reason || !sip_failover_is_possible(leg))
                return false;
        sip_failover_note(leg, how, status);
        if (!sip_failover_next(leg, &to))
                return false;
        leg->attempt = (struct sip_digest_attempt){0};
        leg->ua->counters.failovers++;
        invite_again(leg, tx, response, &to);
        return true;
}

/* True: it goes on where the answer sends it. */
static bool is_redirected(struct leg *leg, struct sip_transaction *tx,
                          const struct sip_msg *response, const struct sip_target *source)
{
        struct sip_target to;
        if (!sip_failover_is_possible(leg) ||
            !sip_redirect_learn(leg, sent_request_uri(tx), response, source))
                return false;
        sip_failover_note(leg, SIP_ATTEMPT_ANSWERED, response->status);
        if (!sip_failover_next(leg, &to))
                return false;
        leg->attempt = (struct sip_digest_attempt){0};
        leg->ua->counters.redirects++;
        invite_again(leg, tx, response, &to);
        return true;
}

static void on_invite_response(struct leg *leg, struct sip_transaction *tx,
                               const struct sip_msg *response, const struct sip_target *source)
{
        bool is_new = leg->state == LEG_CALLING || leg->state == LEG_PROCEEDING;
        bool is_waiting = is_new || leg->state == LEG_CANCELLING;
        if (response->status < 200) {
                on_provisional(leg, response, source);
        } else if (is_new && (sip_leg_meets_challenge(leg, response) ||
                              sip_session_meets_interval(leg, response))) {
                on_refused_once(leg, tx, response);
        } else if (is_new && fails_over(leg, tx, SIP_ATTEMPT_ANSWERED, response)) {
                return;
        } else if (is_new && is_redirected(leg, tx, response, source)) {
                return;
        } else if (is_waiting && response->status >= 300) {
                on_failure(leg, response->status);
                sip_uac_acknowledge_failure(leg->ua, tx, response);
        } else if (is_waiting) {
                on_success(leg, tx, response, source);
        } else {
                sip_uac_on_stray(leg->ua, tx, response, source);
        }
}

void sip_uac_on_response(struct sip_ua *ua, struct sip_transaction *tx,
                         const struct sip_msg *response, const struct sip_target *source)
{
        struct leg *leg = sip_leg_of(ua, tx);
        if (leg && sip_refresh_is(leg, tx)) {
                sip_refresh_on_response(leg, tx, response, source);
                return;
        }
        switch (sip_transaction_method(tx)) {
        case SIP_INVITE:
                if (leg)
                        on_invite_response(leg, tx, response, source);
                else
                        sip_uac_on_stray(ua, tx, response, source);
                return;
        case SIP_BYE:
                if (leg && response->status >= 200)
                        sip_leg_on_bye_answered(leg, response);
                return;
        case SIP_PRACK:
                if (leg)
                        sip_prack_on_response(leg, tx, response);
                return;
        default: /* CANCEL, and what an ended leg had sent */
                return;
        }
}

static void on_way_lost(struct leg *leg, const struct sip_transaction *tx, enum sip_end how,
                        unsigned status)
{
        struct sip_transaction *invite = sip_leg_invite(leg);
        bool is_way_lost = sip_failover_is_possible(leg);
        /* The INVITE has its own limits. */
        if (sip_transaction_method(tx) == SIP_PRACK)
                return;
        if (sip_transaction_method(tx) == SIP_BYE && leg->state == LEG_LEAVING) {
                sip_leg_on_bye_lost(leg);
                return;
        }
        enum sip_attempt_end end = how == SIP_END_TIMEOUT ? SIP_ATTEMPT_SILENT : SIP_ATTEMPT_UNSENT;
        if (is_way_lost && invite == tx && fails_over(leg, invite, end, NULL))
                return;
        if (is_way_lost)
                sip_failover_note(leg, end, 0);
        sip_leg_note_end(leg, how, leg->state == LEG_LEAVING ? 0 : status);
        leg->end.is_way_lost = is_way_lost;
        sip_leg_end(leg);
}

void sip_uac_on_unsent(struct leg *leg, const struct sip_transaction *tx)
{
        if (sip_refresh_is(leg, tx))
                sip_refresh_on_timeout(leg);
        else
                on_way_lost(leg, tx, SIP_END_TRANSPORT, 503);
}

bool sip_uac_goes_elsewhere(const struct leg *leg, const struct sip_transaction *tx)
{
        bool is_first = sip_transaction_method(tx) == SIP_INVITE && !sip_refresh_is(leg, tx);
        int64_t patience_ms =
                is_first ? sip_failover_patience_ms(leg) : sip_failover_within_patience_ms(leg);
        return patience_ms != 0;
}

void sip_uac_on_timeout(struct leg *leg, const struct sip_transaction *tx)
{
        if (sip_refresh_is(leg, tx))
                sip_refresh_on_timeout(leg);
        else
                on_way_lost(leg, tx, SIP_END_TIMEOUT, 408);
}
