/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_transaction.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sip/sip_transaction_impl.h"

#define RESERVED_SHARE    8 /* one in so many transactions is for calls in progress */
#define LARGE_SHARE       8 /* one in so many messages may be large */
#define LARGE_PACKETS_MIN 16

#define TO(state) (1u << (state))

static const uint32_t may_enter[KINDS][TX_STATES] = {
        [CLIENT_INVITE] =
                {
                        [TX_NEW] = TO(TX_TRYING) | TO(TX_TERMINATED),
                        [TX_TRYING] = TO(TX_PROCEEDING) | TO(TX_COMPLETED) | TO(TX_ACCEPTED) |
                                      TO(TX_TERMINATED),
                        [TX_PROCEEDING] = TO(TX_COMPLETED) | TO(TX_ACCEPTED) | TO(TX_TERMINATED),
                        [TX_COMPLETED] = TO(TX_TERMINATED),
                        [TX_ACCEPTED] = TO(TX_TERMINATED),
                },
        [CLIENT_OTHER] =
                {
                        [TX_NEW] = TO(TX_TRYING) | TO(TX_TERMINATED),
                        [TX_TRYING] = TO(TX_PROCEEDING) | TO(TX_COMPLETED) | TO(TX_TERMINATED),
                        [TX_PROCEEDING] = TO(TX_COMPLETED) | TO(TX_TERMINATED),
                        [TX_COMPLETED] = TO(TX_TERMINATED),
                },
        [SERVER_INVITE] =
                {
                        [TX_NEW] = TO(TX_PROCEEDING),
                        [TX_PROCEEDING] = TO(TX_COMPLETED) | TO(TX_ACCEPTED),
                        [TX_COMPLETED] = TO(TX_CONFIRMED) | TO(TX_TERMINATED),
                        [TX_CONFIRMED] = TO(TX_TERMINATED),
                        [TX_ACCEPTED] = TO(TX_TERMINATED),
                },
        [SERVER_OTHER] =
                {
                        [TX_NEW] = TO(TX_PROCEEDING),
                        [TX_PROCEEDING] = TO(TX_COMPLETED),
                        [TX_COMPLETED] = TO(TX_TERMINATED),
                },
};

int sip_transactions_create(const struct sip_transactions_params *params,
                            struct sip_transactions **out)
{
        struct sip_transactions *txs = calloc(1, sizeof *txs);
        if (!txs)
                return -ENOMEM;
        txs->params = *params;

        struct random *random = io_random(params->io);
        struct siphash_key map_keys[2];
        memcpy(txs->keys, params->request_keys, sizeof txs->keys);
        random_fill(random, map_keys, sizeof map_keys);
        int err = pool_create(sizeof(struct sip_transaction), params->max, false, &txs->pool);
        if (!err && params->is_restart)
                pool_begin_at(txs->pool, random_u32(random));
        /* A server transaction may hold a head and an answer at once. */
        if (!err)
                err = sip_packets_create(params->max + params->max / 4,
                                         params->max / LARGE_SHARE + LARGE_PACKETS_MIN,
                                         &txs->packets);
        if (!err)
                err = map_init(&txs->by_request, params->max, map_keys[0]);
        if (!err)
                err = map_init(&txs->by_merge, params->max, map_keys[1]);
        if (err) {
                sip_transactions_destroy(txs);
                return err;
        }
        *out = txs;
        return 0;
}

void sip_transactions_destroy(struct sip_transactions *txs)
{
        if (!txs)
                return;
        for (uint32_t i = 0; txs->pool && i < pool_capacity(txs->pool); i++) {
                struct sip_transaction *tx = pool_at(txs->pool, i);
                if (!tx)
                        continue;
                io_timer_stop(txs->params.io, &tx->timer);
                io_defer_cancel(txs->params.io, &tx->burial);
        }
        map_fini(&txs->by_request);
        map_fini(&txs->by_merge);
        sip_packets_destroy(txs->packets);
        pool_destroy(txs->pool);
        free(txs);
}

uint32_t sip_transactions_kept(const struct sip_transactions *txs)
{
        return sip_packets_used(txs->packets);
}

bool sip_transactions_take_calls(const struct sip_transactions *txs)
{
        uint32_t max = pool_capacity(txs->pool);
        return pool_used(txs->pool) < max - max / RESERVED_SHARE;
}

struct sip_transaction *sip_transaction_find(struct sip_transactions *txs, struct handle handle)
{
        struct sip_transaction *tx = pool_find(txs->pool, handle);
        return tx && tx->state != TX_TERMINATED ? tx : NULL;
}

struct handle sip_transaction_handle(const struct sip_transaction *tx)
{
        return pool_handle(tx->txs->pool, tx);
}

enum sip_method sip_transaction_method(const struct sip_transaction *tx)
{
        return tx->method;
}

struct handle sip_transaction_owner(const struct sip_transaction *tx)
{
        return tx->owner;
}

void sip_transaction_disown(struct sip_transaction *tx)
{
        tx->owner = (struct handle){0};
}

uint32_t sip_transaction_trunk(const struct sip_transaction *tx)
{
        return tx->trunk_id;
}

static struct sip_transaction *init(struct sip_transactions *txs, struct sip_transaction *tx)
{
        if (!tx)
                return NULL;
        tx->txs = txs;
        txs->params.counters->transactions++;
        return tx;
}

struct sip_transaction *sip_tx_take(struct sip_transactions *txs)
{
        return init(txs, pool_take(txs->pool, NULL));
}

struct sip_transaction *sip_tx_take_at(struct sip_transactions *txs, struct handle handle)
{
        return init(txs, pool_take_at(txs->pool, handle));
}

int64_t sip_tx_now_ms(const struct sip_transaction *tx)
{
        return io_now_ms(tx->txs->params.io);
}

static void on_timer(void *arg);

static void bury(void *arg)
{
        struct sip_transaction *tx = arg;
        tx->txs->params.counters->transactions--;
        pool_put(tx->txs->pool, tx);
}

void sip_tx_drop_packet(struct sip_transaction *tx, struct sip_packet **packet)
{
        sip_packets_drop(tx->txs->packets, *packet);
        *packet = NULL;
}

void sip_tx_enter(struct sip_transaction *tx, enum tx_state state)
{
        struct sip_transactions *txs = tx->txs;
        assert(may_enter[tx->kind][tx->state] & TO(state));
        assert(state != TX_TERMINATED || !tx->head);
        tx->state = state;
        io_timer_stop(txs->params.io, &tx->timer);
        if (state != TX_TERMINATED)
                return;

        map_remove(&txs->by_request, &tx->by_request);
        map_remove(&txs->by_merge, &tx->by_merge);
        sip_tx_drop_packet(tx, &tx->packet);
        io_defer(txs->params.io, &tx->burial, bury, tx);
}

void sip_tx_arm(struct sip_transaction *tx, int64_t delay_ms)
{
        io_timer_start(tx->txs->params.io, &tx->timer, delay_ms, on_timer, tx);
}

/* Our 2xx is sent again end to end, whatever the hop (RFC 3261 13.3.1.4). */
static bool is_sent_again(const struct sip_transaction *tx)
{
        return !sip_tx_is_reliable(tx) || (tx->kind == SERVER_INVITE && tx->state == TX_ACCEPTED);
}

void sip_tx_arm_retransmission(struct sip_transaction *tx)
{
        int64_t left_ms = tx->deadline_ms - sip_tx_now_ms(tx);
        if (!is_sent_again(tx)) {
                sip_tx_arm(tx, left_ms > 0 ? left_ms : 0);
                return;
        }
        int64_t delay_ms = tx->interval_ms < left_ms ? tx->interval_ms : left_ms;
        sip_tx_arm(tx, delay_ms > 0 ? delay_ms : 0); /* a busy loop may be late */
}

int sip_tx_put(struct sip_transaction *tx, struct slice message)
{
        return sip_transports_send(tx->txs->params.transports, tx->trunk_id, &tx->peer, message);
}

int sip_tx_send(struct sip_transaction *tx)
{
        return tx->packet ? sip_tx_put(tx, sip_packet_text(tx->packet)) : 0;
}

bool sip_tx_is_reliable(const struct sip_transaction *tx)
{
        return tx->peer.transport != SIP_UDP;
}

void sip_tx_resend(struct sip_transaction *tx)
{
        if (tx->packet)
                tx->txs->params.counters->retransmitted_out++;
        if (sip_tx_send(tx))
                tx->txs->params.counters->unsent++;
}

int sip_tx_keep(struct sip_transaction *tx, struct slice text)
{
        if (text.len > SIP_PACKET_BYTES_MAX)
                return ERR_TOO_LARGE;
        struct sip_packet *packet = sip_packets_keep(tx->txs->packets, text);
        if (!packet)
                return ERR_FULL;
        sip_tx_drop_packet(tx, &tx->packet);
        tx->packet = packet;
        return 0;
}

void sip_tx_start_retransmitting(struct sip_transaction *tx)
{
        tx->interval_ms = SIP_T1_MS;
        tx->deadline_ms = sip_tx_now_ms(tx) + SIP_TIMEOUT_MS;
        sip_tx_arm_retransmission(tx);
}

/* Timer A doubles for ever, E and G up to T2 (RFC 3261 17.1.1.2, 17.1.2.2, 17.2.1). */
void sip_tx_retransmit(struct sip_transaction *tx)
{
        sip_tx_resend(tx);
        tx->interval_ms *= 2;
        bool is_capped = tx->kind != CLIENT_INVITE;
        if (is_capped && tx->interval_ms > SIP_T2_MS)
                tx->interval_ms = SIP_T2_MS;
        sip_tx_arm_retransmission(tx);
}

void sip_transactions_on_lost(struct sip_transactions *txs, struct handle connection, bool was_open)
{
        for (uint32_t i = 0; i < pool_capacity(txs->pool); i++) {
                struct sip_transaction *tx = pool_at(txs->pool, i);
                if (!tx || !handle_equal(tx->peer.connection, connection))
                        continue;
                tx->peer.connection = (struct handle){0};
                if (tx->kind == CLIENT_INVITE || tx->kind == CLIENT_OTHER)
                        sip_client_on_lost(tx, was_open);
                else
                        sip_server_on_lost(tx, was_open);
        }
}

static void on_timer(void *arg)
{
        struct sip_transaction *tx = arg;
        switch (tx->kind) {
        case CLIENT_INVITE:
        case CLIENT_OTHER:
                sip_client_on_timer(tx);
                return;
        case SERVER_INVITE:
        case SERVER_OTHER:
                sip_server_on_timer(tx);
                return;
        case KINDS:
                break;
        }
        assert(!"a transaction of no kind");
}
