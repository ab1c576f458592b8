/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "sip/sip_core.h"
#include "sip/sip_template.h"
#include "sip/sip_transaction_impl.h"

void sip_ua_keys_make(struct random *random, struct sip_ua_keys *out)
{
        sip_token_keys_init(&out->tokens, random);
        random_fill(random, &out->reply, sizeof out->reply);
        random_fill(random, out->requests, sizeof out->requests);
}

/* ---- saving ---- */

/* A final answer has taken its head's place, and begins with it after the status line. */
static struct slice head_of(const struct sip_transaction *tx)
{
        if (tx->head)
                return sip_packet_text(tx->head);
        struct slice text = sip_packet_text(tx->packet);
        const char *end = text.len ? memchr(text.p, '\n', text.len) : NULL;
        assert(end);
        assert((size_t)(text.p + text.len - (end + 1)) >= tx->head_bytes);
        return (struct slice){end + 1, tx->head_bytes};
}

static int save_incoming(const struct leg *leg, struct sip_leg_state *out)
{
        const struct sip_transaction *tx = sip_leg_invite(leg);
        if (!tx || (!tx->head && !tx->packet))
                return ERR_STATE;
        struct slice head = head_of(tx);
        assert(head.len <= sizeof out->head);
        memcpy(out->head, head.p, head.len);
        out->head_bytes = (uint16_t)head.len;
        out->peer = tx->peer;
        memcpy(out->request_key, tx->request_key.half, sizeof out->request_key);
        memcpy(out->merge_key, tx->merge_key.half, sizeof out->merge_key);
        out->reliable = leg->reliable;
        out->kind = SIP_SAVED_INCOMING;
        return 0;
}

static int save_dialled(const struct leg *leg, struct sip_leg_state *out)
{
        const struct sip_transaction *tx = sip_leg_invite(leg);
        if (!tx)
                return ERR_STATE;
        out->invite = leg->invite;
        /* Being opened: it goes where the dialog does. */
        out->peer = tx->state == TX_NEW ? leg->dialog.next_hop : sip_client_target(tx);
        bool is_heard = tx->state == TX_PROCEEDING;
        out->kind = is_heard ? SIP_SAVED_PROCEEDING : SIP_SAVED_CALLING;
        out->patience_ms = is_heard ? 0 : tx->patience_ms;
        return 0;
}

/* Our answer to it reads like an offer of ours. */
static bool is_plain(const struct sdp *offer)
{
        return offer->has_audio && offer->media_count == 1 &&
               !strcmp(offer->media[0].proto, "RTP/AVP");
}

static int save_confirmed(const struct leg *leg, struct sip_leg_state *out)
{
        const struct sip_transaction *tx = sip_leg_invite(leg);
        bool is_client = tx && tx->kind == CLIENT_INVITE;
        out->kind = SIP_SAVED_CONFIRMED;
        out->is_refreshing = sip_refresh_invites(leg);
        if (out->is_refreshing)
                out->invite = leg->refresh;
        else if (is_client)
                out->invite = leg->invite;
        if (out->is_refreshing || is_client)
                out->peer = leg->dialog.next_hop;
        /* Its first answer may not have been told yet; else only what we refuse of it matters. */
        if (!is_client && (!leg->said_in_answer || is_plain(&leg->remote))) {
                out->said_in_answer = false;
                out->has_remote = false;
                out->remote = (struct sdp){0};
        }
        if (leg->session_timer.armed)
                out->session_due_ms = leg->session_timer.due_ms;
        if (leg->refresh_timer.armed)
                out->refresh_due_ms = leg->refresh_timer.due_ms;
        return 0;
}

static int save_by_state(const struct leg *leg, struct sip_leg_state *out)
{
        switch (leg->state) {
        case LEG_CALLING:
        case LEG_PROCEEDING:
        case LEG_CANCELLING:
                return save_dialled(leg, out);
        case LEG_INCOMING:
        case LEG_ANSWERED:
        case LEG_HANGING:
                return save_incoming(leg, out);
        case LEG_CONFIRMED:
        case LEG_LEAVING:
                return save_confirmed(leg, out);
        case LEG_NEW:
        case LEG_REJECTED:
        case LEG_ENDED:
        case LEG_STATES:
                break;
        }
        return ERR_STATE;
}

int sip_leg_save(struct sip_ua *ua, struct sip_leg handle, struct sip_leg_state *out)
{
        const struct leg *leg = sip_leg_find(ua, handle);
        if (!leg)
                return ERR_STALE;
        *out = (struct sip_leg_state){
                .is_dialled = leg->is_dialled,
                .leg = handle.h,
                .trunk_id = leg->trunk_id,
                .local = leg->local,
                .dialog = leg->dialog,
                .session = leg->session,
                .has_update = leg->has_update,
                .origin = leg->origin,
                .described = leg->described,
                .said = leg->said,
                .said_in_answer = leg->said_in_answer,
                .attempts = leg->attempts,
                .has_rung = leg->has_rung,
                .has_other_route = leg->has_other_route,
                .invite_cseq = leg->invite_cseq,
                .has_remote = leg->has_remote,
        };
        memcpy(out->contact, leg->contact, sizeof out->contact);
        if (leg->has_remote)
                out->remote = leg->remote;
        int err = save_by_state(leg, out);
        out->peer.connection = out->dialog.next_hop.connection = (struct handle){0};
        return err;
}

/* ---- restoring ---- */

static struct leg *create(struct sip_ua *ua, const struct sip_leg_state *state)
{
        struct leg *leg = pool_take_at(ua->legs, state->leg);
        if (!leg)
                return NULL;
        leg->ua = ua;
        leg->trunk_id = state->trunk_id;
        leg->is_dialled = state->is_dialled;
        leg->local = state->local;
        memcpy(leg->contact, state->contact, sizeof leg->contact);
        leg->dialog = state->dialog;
        leg->session = state->session;
        leg->has_update = state->has_update;
        leg->origin = state->origin;
        leg->described = state->described;
        leg->said = state->said;
        leg->said_in_answer = state->said_in_answer;
        leg->attempts = state->attempts;
        leg->has_rung = state->has_rung;
        leg->has_other_route = state->has_other_route;
        leg->invite_cseq = state->invite_cseq;
        leg->has_remote = state->has_remote;
        leg->remote = state->remote;
        sip_trunks_open_dialog(ua->params.trunks, leg->trunk_id);
        ua->counters.legs++;
        return leg;
}

static struct sip_transaction *take_invite(struct leg *leg, const struct sip_leg_state *state,
                                           enum tx_kind kind)
{
        struct sip_transactions *txs = leg->ua->txs;
        struct sip_transaction *tx =
                kind == CLIENT_INVITE ? sip_tx_take_at(txs, state->invite) : sip_tx_take(txs);
        if (!tx)
                return NULL;
        tx->kind = kind;
        tx->method = SIP_INVITE;
        tx->owner = sip_leg_handle(leg).h;
        tx->trunk_id = leg->trunk_id;
        tx->local = leg->local;
        tx->peer = state->peer;
        leg->invite = sip_transaction_handle(tx);
        return tx;
}

/*
 * Once somebody has answered, the dialog has another target, and To still names the party. A number
 * may be read in two ways where the trunk writes digits alone: what is read must be written as it
 * stands there, or somebody else would be called.
 */
static bool read_party(struct slice remote_uri, const struct trunk *trunk, struct real_number *out)
{
        char user[64], memory[SIP_URI_BYTES];
        struct sip_uri to;
        struct buf again;
        if (sip_uri_parse(remote_uri, &to) || sip_uri_user(&to, user, sizeof user) ||
            number_parse(slice_from(user), &trunk->plan, &out->n))
                return false;
        buf_init(&again, memory, sizeof memory);
        sip_template_put_to(&again, trunk, *out);
        return buf_ok(&again) && slice_equal(buf_slice(&again), remote_uri);
}

static void put_request_uri(struct buf *b, const struct sip_dialog *dialog,
                            const struct trunk *trunk)
{
        const struct slice remote_uri = sip_dialog_text(dialog, dialog->remote_uri);
        struct real_number party;
        if (sip_dialog_text(dialog, dialog->remote_tag).len == 0) {
                buf_put_slice(b, sip_dialog_text(dialog, dialog->target));
                return;
        }
        if (read_party(remote_uri, trunk, &party))
                sip_template_put_request_uri(b, trunk, party);
        else
                buf_put_slice(b, remote_uri);
}

/* As it was sent, but for credentials: they are asked for again. */
static struct slice invite_text(struct leg *leg, const struct sip_transaction *tx,
                                const struct sip_redial *redial)
{
        const struct sip_trunk_state *trunk =
                sip_trunks_find(leg->ua->params.trunks, leg->trunk_id);
        assert(trunk);
        leg->no_prack = trunk->trunk.no_prack;
        char memory[SIP_DIALOG_TEXT_MAX];
        struct buf uri;
        buf_init(&uri, memory, sizeof memory);
        put_request_uri(&uri, &leg->dialog, &trunk->trunk);
        assert(buf_ok(&uri)); /* a dialog holds no longer one */
        leg->show = redial->show;
        leg->media = redial->media;
        leg->max_forwards = redial->max_forwards;
        return sip_uac_compose_invite(leg, tx, buf_slice(&uri),
                                      sip_leg_describe(leg, redial->offer, NULL));
}

static int restore_calling(struct leg *leg, const struct sip_leg_state *state,
                           const struct sip_redial *redial)
{
        struct sip_transaction *tx = take_invite(leg, state, CLIENT_INVITE);
        if (!tx)
                return ERR_FULL;
        /* What its trunk's name stands for is not known yet. */
        tx->patience_ms = state->patience_ms;
        int err = sip_client_start(tx, invite_text(leg, tx, redial), &state->peer);
        if (!err)
                sip_leg_enter(leg, LEG_CALLING);
        return err;
}

static int restore_proceeding(struct leg *leg, const struct sip_leg_state *state,
                              const struct sip_redial *redial)
{
        struct sip_transaction *tx = take_invite(leg, state, CLIENT_INVITE);
        if (!tx)
                return ERR_FULL;
        /* Kept for a challenge that may still come. */
        int err = sip_tx_keep(tx, invite_text(leg, tx, redial));
        sip_tx_enter(tx, err ? TX_TERMINATED : TX_TRYING);
        if (err)
                return err;
        sip_tx_enter(tx, TX_PROCEEDING);
        sip_leg_enter(leg, LEG_CALLING);
        sip_leg_enter(leg, LEG_PROCEEDING);
        return 0;
}

static int restore_incoming(struct leg *leg, const struct sip_leg_state *state)
{
        struct sip_transactions *txs = leg->ua->txs;
        struct sip_packet *head =
                sip_packets_keep(txs->packets, (struct slice){state->head, state->head_bytes});
        if (!head)
                return ERR_FULL;
        struct sip_transaction *tx = take_invite(leg, state, SERVER_INVITE);
        if (!tx) {
                sip_packets_drop(txs->packets, head);
                return ERR_FULL;
        }
        leg->reliable = state->reliable;
        tx->head = head;
        tx->head_bytes = state->head_bytes;
        memcpy(tx->request_key.half, state->request_key, sizeof state->request_key);
        memcpy(tx->merge_key.half, state->merge_key, sizeof state->merge_key);
        sip_server_index(tx);
        sip_tx_enter(tx, TX_PROCEEDING);
        sip_leg_enter(leg, LEG_INCOMING);
        return 0;
}

/* The 2xx may come again, and its ACK may not have left (RFC 6026 7.2: Accepted). */
static void acknowledge_again(struct leg *leg, const struct sip_leg_state *state)
{
        struct sip_ua *ua = leg->ua;
        struct sip_transaction *tx = take_invite(leg, state, CLIENT_INVITE);
        if (!tx)
                return;
        sip_tx_enter(tx, TX_TRYING);
        sip_tx_enter(tx, TX_ACCEPTED);
        sip_tx_arm(tx, SIP_TIMEOUT_MS);

        const struct sip_branch_text branch = sip_branch_random(io_random(ua->params.io));
        struct buf b = sip_ua_out(ua);
        const struct sip_in_dialog_text ack = {
                .method = SIP_ACK,
                .dialog = &leg->dialog,
                .local = leg->local,
                .branch = slice_from(branch.text),
                .cseq = leg->invite_cseq,
        };
        sip_compose_in_dialog(&b, &ack);
        assert(buf_ok(&b));
        sip_client_acknowledge(tx, buf_slice(&b), &state->peer,
                               sip_dialog_text(&leg->dialog, leg->dialog.remote_tag));
}

/* Our re-INVITE, as it was sent. */
static void refresh_again(struct leg *leg, const struct sip_leg_state *state)
{
        struct sip_transaction *tx = take_invite(leg, state, CLIENT_INVITE);
        if (!tx)
                return;
        leg->refresh = leg->invite;
        leg->invite = (struct handle){0};
        (void)sip_client_note_fork(tx, sip_dialog_text(&leg->dialog, leg->dialog.remote_tag));
        if (sip_client_start(tx, sip_refresh_compose(leg, tx, state->invite_cseq), &state->peer))
                leg->refresh = (struct handle){0};
}

static int restore_confirmed(struct leg *leg, const struct sip_leg_state *state)
{
        sip_leg_enter(leg, LEG_CONFIRMED);
        if (state->is_refreshing)
                refresh_again(leg, state);
        else if (!handle_is_none(state->invite))
                acknowledge_again(leg, state);
        sip_session_resume(leg, state->session_due_ms, state->refresh_due_ms);
        return 0;
}

static int restore_by_kind(struct leg *leg, const struct sip_leg_state *state,
                           const struct sip_redial *redial)
{
        switch (state->kind) {
        case SIP_SAVED_CALLING:
                return restore_calling(leg, state, redial);
        case SIP_SAVED_PROCEEDING:
                return restore_proceeding(leg, state, redial);
        case SIP_SAVED_INCOMING:
                return restore_incoming(leg, state);
        case SIP_SAVED_CONFIRMED:
                return restore_confirmed(leg, state);
        case SIP_SAVED_KINDS:
                break;
        }
        return ERR_STATE;
}

int sip_leg_restore(struct sip_ua *ua, const struct sip_leg_state *state,
                    const struct sip_redial *redial, struct sip_leg *out)
{
        if (!sip_trunks_find(ua->params.trunks, state->trunk_id))
                return ERR_NOT_FOUND;
        struct leg *leg = create(ua, state);
        if (!leg)
                return ERR_STATE;

        const struct sip_token_text tag = sip_leg_tag(leg);
        int err = ERR_STATE;
        if (!memcmp(tag.text, state->dialog.local_tag.text, sizeof tag.text))
                err = restore_by_kind(leg, state, redial);
        if (err) {
                sip_leg_destroy(leg);
                return err;
        }
        *out = sip_leg_handle(leg);
        return 0;
}
