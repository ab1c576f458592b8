/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_client.c - client transactions (RFC 3261 17.1, RFC 6026 7.2).
 */
#include <assert.h>

#include "sip/sip_transaction_impl.h"

static struct sip_transaction *open_client(struct sip_transactions *txs,
                                           const struct sip_client_params *params)
{
        struct sip_transaction *tx = sip_tx_take(txs);
        if (!tx)
                return NULL;
        tx->kind = params->method == SIP_INVITE ? CLIENT_INVITE : CLIENT_OTHER;
        tx->method = params->method;
        tx->owner = params->owner;
        tx->trunk_id = params->trunk_id;
        tx->local = params->local;
        tx->patience_ms = params->patience_ms;
        return tx;
}

struct sip_transaction *sip_client_open(struct sip_transactions *txs,
                                        const struct sip_client_params *params)
{
        assert(params->method != SIP_CANCEL);
        assert(params->method != SIP_ACK);
        return open_client(txs, params);
}

struct sip_transaction *sip_client_open_cancel(struct sip_transaction *invite)
{
        assert(invite->kind == CLIENT_INVITE);
        assert(handle_is_none(invite->cancel));
        const struct sip_client_params params = {
                .method = SIP_CANCEL,
                .trunk_id = invite->trunk_id,
                .local = invite->local,
        };
        struct sip_transaction *tx = open_client(invite->txs, &params);
        if (!tx)
                return NULL;
        tx->invite = sip_transaction_handle(invite);
        invite->cancel = sip_transaction_handle(tx);
        return tx;
}

struct sip_branch_text sip_client_branch(const struct sip_transaction *tx)
{
        const struct sip_transactions_params *params = &tx->txs->params;
        bool is_shared = tx->method == SIP_CANCEL;
        const struct sip_token token = {
                .shard = params->shard,
                .slot = is_shared ? tx->invite : sip_transaction_handle(tx),
        };
        return sip_branch_make(params->keys, token);
}

const struct sip_target *sip_client_peer(const struct sip_transaction *tx)
{
        return &tx->peer;
}

struct sip_target sip_client_target(const struct sip_transaction *tx)
{
        return tx->is_switched ? sip_target_of(SIP_UDP, tx->peer.addr) : tx->peer;
}

const struct sip_sent_by *sip_client_local(const struct sip_transaction *tx)
{
        return &tx->local;
}

bool sip_client_is_cancelled(const struct sip_transaction *invite)
{
        return !handle_is_none(invite->cancel);
}

bool sip_client_has_rung(const struct sip_transaction *tx)
{
        return tx->has_rung;
}

bool sip_client_is_heard(const struct sip_transaction *tx)
{
        return tx->is_heard;
}

void sip_client_wait(struct sip_transaction *tx)
{
        sip_tx_start_retransmitting(tx);
        if (tx->patience_ms && tx->patience_ms < SIP_TIMEOUT_MS) {
                tx->deadline_ms = tx->begun_ms + tx->patience_ms;
                sip_tx_arm_retransmission(tx);
        }
}

int sip_client_start(struct sip_transaction *tx, struct slice request, const struct sip_target *to)
{
        char memory[SIP_PACKET_BYTES_MAX];
        assert(tx->state == TX_NEW);
        tx->peer = *to;
        (void)sip_large_switch(tx, &request, memory);
        int err = sip_tx_keep(tx, request);
        if (err) {
                sip_tx_enter(tx, TX_TERMINATED);
                return err;
        }
        tx->begun_ms = sip_tx_now_ms(tx);
        sip_tx_enter(tx, TX_TRYING);
        sip_client_wait(tx);
        err = sip_tx_send(tx);
        if (err && sip_large_switch_back(tx))
                return 0;
        if (err)
                sip_tx_enter(tx, TX_TERMINATED);
        return err;
}

/* Nothing more is sent; for the rest of the usual time somebody may still answer. */
static void wait_for_late_ones(struct sip_transaction *tx)
{
        int64_t now_ms = sip_tx_now_ms(tx);
        tx->is_given_up = true;
        tx->deadline_ms = tx->begun_ms + SIP_TIMEOUT_MS;
        sip_tx_arm(tx, tx->deadline_ms > now_ms ? tx->deadline_ms - now_ms : 0);
}

void sip_client_on_lost(struct sip_transaction *tx, bool was_open)
{
        const struct sip_transactions_params *params = &tx->txs->params;
        /*
         * What has been answered is there: its final answer comes on another connection. What was
         * given up has gone elsewhere: sent again, it would ring twice.
         */
        if (tx->is_given_up && !was_open)
                sip_large_note_no_tcp(tx);
        if (tx->state != TX_TRYING || tx->is_given_up)
                return;
        if (!was_open && sip_large_switch_back(tx))
                return;
        bool may_try_again = was_open && !tx->is_resent;
        bool may_be_there = was_open || tx->is_resent;
        tx->is_resent = true;
        if (may_try_again && !sip_tx_send(tx))
                return;
        if (tx->kind == CLIENT_INVITE && may_be_there)
                wait_for_late_ones(tx);
        /* What was to be sent is still at hand while the owner hears of it. */
        params->handler->on_unsent(params->arg, tx);
        if (tx->state != TX_TERMINATED && !tx->is_given_up)
                sip_tx_enter(tx, TX_TERMINATED);
}

uint64_t sip_client_tag_digest(const struct sip_transactions *txs, struct slice tag)
{
        return siphash(&txs->keys[0], tag.p, tag.len);
}

void sip_client_acknowledge(struct sip_transaction *tx, struct slice ack,
                            const struct sip_target *to, struct slice to_tag)
{
        assert(tx->kind == CLIENT_INVITE);
        assert(tx->state == TX_COMPLETED || tx->state == TX_ACCEPTED);
        tx->peer = *to;
        tx->acknowledged_tag = sip_client_tag_digest(tx->txs, to_tag);
        tx->is_acknowledged = true;
        /* The INVITE's own place is free, so an ACK can only be too long, and then goes once. */
        sip_tx_drop_packet(tx, &tx->packet);
        (void)!sip_tx_keep(tx, ack);
        if (sip_tx_put(tx, ack))
                tx->txs->params.counters->unsent++;
}

struct slice sip_client_sent(const struct sip_transaction *tx)
{
        assert(tx->kind == CLIENT_INVITE);
        return sip_packet_text(tx->packet);
}

bool sip_client_note_fork(struct sip_transaction *tx, struct slice to_tag)
{
        uint64_t digest = sip_client_tag_digest(tx->txs, to_tag);
        for (unsigned i = 0; i < tx->fork_count; i++) {
                if (tx->forks[i] == digest)
                        return false;
        }
        if (tx->fork_count == SIP_FORKS_MAX)
                return false;
        tx->forks[tx->fork_count++] = digest;
        return true;
}

void sip_client_limit(struct sip_transaction *tx)
{
        assert(tx->kind == CLIENT_INVITE);
        assert(tx->state == TX_PROCEEDING);
        tx->deadline_ms = sip_tx_now_ms(tx) + SIP_TIMEOUT_MS;
        sip_tx_arm(tx, SIP_TIMEOUT_MS);
}

void sip_client_forget(struct sip_transaction *tx)
{
        assert(tx->kind == CLIENT_OTHER);
        tx->owner = (struct handle){0};
        if (tx->state != TX_COMPLETED) /* else it is there for retransmissions of the answer */
                sip_tx_enter(tx, TX_TERMINATED);
}

static bool is_success(const struct sip_msg *response)
{
        return response->status >= 200 && response->status < 300;
}

/* A final answer once more: acknowledged as before, and nobody needs to know. */
static bool is_acknowledged_again(struct sip_transaction *tx, const struct sip_msg *response)
{
        if (response->status < 200 || !tx->packet)
                return false;
        if (is_success(response) &&
            sip_client_tag_digest(tx->txs, response->to.tag) != tx->acknowledged_tag)
                return false;
        tx->txs->params.counters->retransmitted_in++;
        sip_tx_resend(tx);
        return true;
}

/* RFC 3261 figure 5, RFC 6026 figure 3. True: the owner wants to hear it. */
static bool client_invite_takes(struct sip_transaction *tx, const struct sip_msg *response)
{
        switch (tx->state) {
        case TX_TRYING:
        case TX_PROCEEDING:
                if (response->status >= 200) {
                        sip_tx_enter(tx, is_success(response) ? TX_ACCEPTED : TX_COMPLETED);
                        /* M, D; the latter in the next turn, after the ACK. */
                        bool is_zero = tx->state == TX_COMPLETED && sip_tx_is_reliable(tx);
                        sip_tx_arm(tx, is_zero ? 0 : SIP_TIMEOUT_MS);
                } else if (tx->state == TX_TRYING) {
                        sip_tx_enter(tx, TX_PROCEEDING);
                }
                return true;
        case TX_COMPLETED:
                (void)is_acknowledged_again(tx, response);
                return false;
        case TX_ACCEPTED:
                return is_success(response) && !is_acknowledged_again(tx, response);
        case TX_NEW:
        case TX_CONFIRMED:
        case TX_TERMINATED:
        case TX_STATES:
                break;
        }
        return false;
}

/* RFC 3261 figure 6. */
static bool client_other_takes(struct sip_transaction *tx, const struct sip_msg *response)
{
        if (tx->state != TX_TRYING && tx->state != TX_PROCEEDING) {
                tx->txs->params.counters->retransmitted_in++;
                return false;
        }
        if (response->status >= 200) {
                sip_tx_enter(tx, TX_COMPLETED);
                sip_tx_drop_packet(tx, &tx->packet);
                sip_tx_arm(tx, sip_tx_is_reliable(tx) ? 0 : SIP_T4_MS); /* K */
        } else if (tx->state == TX_TRYING) {
                sip_tx_enter(tx, TX_PROCEEDING);
                tx->interval_ms = SIP_T2_MS;
                sip_tx_arm_retransmission(tx);
        }
        return true;
}

/* RFC 3261 17.1.3: the branch, which only we can have made, and the method. */
static struct sip_transaction *find_client(struct sip_transactions *txs,
                                           const struct sip_msg *response)
{
        struct sip_token token;
        if (response->via_count != 1 ||
            !sip_branch_read(txs->params.keys, response->vias[0].branch, &token) ||
            token.shard != txs->params.shard)
                return NULL;
        struct sip_transaction *tx = sip_transaction_find(txs, token.slot);
        if (tx && response->cseq_method == SIP_CANCEL)
                tx = sip_transaction_find(txs, tx->cancel);
        return tx && tx->method == response->cseq_method ? tx : NULL;
}

bool sip_transactions_on_response(struct sip_transactions *txs, const struct sip_msg *response,
                                  const struct sip_target *source)
{
        struct sip_transaction *tx = find_client(txs, response);
        if (!tx || !sip_trunks_may_continue(txs->params.trunks, tx->trunk_id, source))
                return false;
        tx->is_heard = true;
        tx->has_rung |= response->status > 100 && response->status < 200;
        bool is_news = tx->kind == CLIENT_INVITE ? client_invite_takes(tx, response)
                                                 : client_other_takes(tx, response);
        if (is_news)
                txs->params.handler->on_response(txs->params.arg, tx, response, source);
        /* An INVITE that has its final answer is not sent again, acknowledged or not. */
        bool is_done = tx->kind == CLIENT_INVITE && response->status >= 200;
        if (is_done && !tx->is_acknowledged)
                sip_tx_drop_packet(tx, &tx->packet);
        return true;
}

static void give_up(struct sip_transaction *tx)
{
        wait_for_late_ones(tx);
        tx->txs->params.handler->on_timeout(tx->txs->params.arg, tx);
}

/* Somebody is there after all, or nobody elsewhere. */
static void be_patient(struct sip_transaction *tx)
{
        tx->deadline_ms = tx->begun_ms + SIP_TIMEOUT_MS;
        sip_tx_arm_retransmission(tx);
}

static bool is_end_of_patience(const struct sip_transaction *tx)
{
        return tx->patience_ms && !tx->is_given_up &&
               tx->deadline_ms < tx->begun_ms + SIP_TIMEOUT_MS;
}

void sip_client_on_timer(struct sip_transaction *tx)
{
        const struct sip_transactions_params *params = &tx->txs->params;
        if (tx->state == TX_COMPLETED || tx->state == TX_ACCEPTED) {
                sip_tx_enter(tx, TX_TERMINATED); /* D, K, M */
                return;
        }
        if (sip_tx_now_ms(tx) < tx->deadline_ms && !tx->is_given_up) {
                sip_tx_retransmit(tx);
                return;
        }
        if (is_end_of_patience(tx) &&
            (tx->is_heard || !params->handler->goes_elsewhere(params->arg, tx))) {
                be_patient(tx);
                return;
        }
        if (is_end_of_patience(tx) && tx->kind == CLIENT_INVITE) {
                give_up(tx);
                return;
        }
        bool is_told = tx->is_given_up;
        sip_tx_enter(tx, TX_TERMINATED); /* B, F */
        if (!is_told)
                params->handler->on_timeout(params->arg, tx);
}
