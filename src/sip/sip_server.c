/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_server.c - server transactions (RFC 3261 17.2, RFC 6026 7.1).
 */
#include <assert.h>

#include "base/buf.h"
#include "sip/sip_transaction_impl.h"

#define KEY_BYTES_MAX 2048

/* Length before bytes: no two lists of parts give the same input. */
static void put_part(struct buf *b, struct slice part)
{
        buf_put_be32(b, (uint32_t)part.len);
        buf_put_slice(b, part);
}

static void put_part_nocase(struct buf *b, struct slice part)
{
        buf_put_be32(b, (uint32_t)part.len);
        for (size_t i = 0; i < part.len; i++) {
                char c = part.p[i];
                buf_put_char(b, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        }
}

static bool digest_of(const struct sip_transactions *txs, const struct buf *b,
                      struct tx_digest *out)
{
        if (!buf_ok(b))
                return false;
        for (unsigned i = 0; i < 2; i++)
                out->half[i] = siphash(&txs->keys[i], b->p, b->len);
        return true;
}

static struct slice method_of(const struct sip_msg *request)
{
        bool is_about_invite = request->method == SIP_ACK || request->method == SIP_CANCEL;
        return is_about_invite ? SLICE("INVITE") : request->method_text;
}

/* RFC 3261 17.2.3: branch, sent-by, method. False: longer than anybody needs. */
static bool request_digest(const struct sip_transactions *txs, const struct sip_msg *request,
                           struct tx_digest *out)
{
        char bytes[KEY_BYTES_MAX];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        const struct sip_via *via = &request->vias[0];
        put_part(&b, via->branch);
        put_part_nocase(&b, via->host);
        buf_put_be16(&b, via->port);
        put_part(&b, method_of(request));
        return digest_of(txs, &b, out);
}

/* RFC 3261 8.2.2.2: From tag, Call-ID, CSeq. */
static bool merge_digest(const struct sip_transactions *txs, const struct sip_msg *request,
                         struct tx_digest *out)
{
        char bytes[KEY_BYTES_MAX];
        struct buf b;
        buf_init(&b, bytes, sizeof bytes);
        put_part(&b, request->from.tag);
        put_part(&b, request->call_id);
        buf_put_be32(&b, request->cseq);
        put_part(&b, request->method_text);
        return digest_of(txs, &b, out);
}

static struct slice digest_slice(const struct tx_digest *digest)
{
        return (struct slice){(const char *)digest, sizeof *digest};
}

struct sip_transaction *sip_server_find(struct sip_transactions *txs, const struct sip_msg *request,
                                        const struct sip_target *source)
{
        struct tx_digest key;
        if (!request_digest(txs, request, &key))
                return NULL;
        struct map_node *node = map_find(&txs->by_request, digest_slice(&key));
        for (; node; node = map_find_next(node)) {
                struct sip_transaction *tx = container_of(node, struct sip_transaction, by_request);
                if (sip_trunks_may_continue(txs->params.trunks, tx->trunk_id, source))
                        return tx;
        }
        return NULL;
}

bool sip_server_is_merged(const struct sip_transactions *txs, const struct sip_msg *request)
{
        struct tx_digest key;
        return request->to.tag.len == 0 && merge_digest(txs, request, &key) &&
               map_find(&txs->by_merge, digest_slice(&key));
}

void sip_server_index(struct sip_transaction *tx)
{
        struct sip_transactions *txs = tx->txs;
        map_add(&txs->by_request, &tx->by_request, digest_slice(&tx->request_key));
        if (!map_find(&txs->by_merge, digest_slice(&tx->merge_key)))
                map_add(&txs->by_merge, &tx->by_merge, digest_slice(&tx->merge_key));
}

struct sip_transaction *sip_server_open(struct sip_transactions *txs, const struct sip_msg *request,
                                        const struct sip_server_params *params)
{
        struct tx_digest request_key, merge_key;
        if (!request_digest(txs, request, &request_key) || !merge_digest(txs, request, &merge_key))
                return NULL;
        struct sip_packet *head = sip_packets_keep(txs->packets, params->head);
        if (!head)
                return NULL;
        struct sip_transaction *tx = sip_tx_take(txs);
        if (!tx) {
                sip_packets_drop(txs->packets, head);
                return NULL;
        }

        tx->kind = request->method == SIP_INVITE ? SERVER_INVITE : SERVER_OTHER;
        tx->method = request->method;
        tx->owner = params->owner;
        tx->trunk_id = params->trunk_id;
        tx->peer = params->reply_to;
        tx->head = head;
        tx->request_key = request_key;
        tx->merge_key = merge_key;
        tx->head_bytes = (uint16_t)params->head.len;
        sip_server_index(tx);
        sip_tx_enter(tx, TX_PROCEEDING);
        return tx;
}

void sip_server_on_retransmission(struct sip_transaction *tx)
{
        tx->txs->params.counters->retransmitted_in++;
        if (tx->state != TX_CONFIRMED)
                sip_tx_resend(tx);
}

bool sip_server_on_ack(struct sip_transaction *tx)
{
        if (tx->state == TX_COMPLETED && tx->kind == SERVER_INVITE) {
                sip_tx_enter(tx, TX_CONFIRMED);
                sip_tx_drop_packet(tx, &tx->packet);
                sip_tx_arm(tx, sip_tx_is_reliable(tx) ? 0 : SIP_T4_MS); /* I */
        }
        return tx->state == TX_ACCEPTED;
}

struct slice sip_server_head(const struct sip_transaction *tx)
{
        return sip_packet_text(tx->head);
}

static void on_final_sent(struct sip_transaction *tx, unsigned status)
{
        sip_tx_drop_packet(tx, &tx->head);
        if (tx->kind == SERVER_OTHER) {
                sip_tx_enter(tx, TX_COMPLETED);
                sip_tx_arm(tx, sip_tx_is_reliable(tx) ? 0 : SIP_TIMEOUT_MS); /* J */
                return;
        }
        sip_tx_enter(tx, status < 300 ? TX_ACCEPTED : TX_COMPLETED);
        sip_tx_start_retransmitting(tx);
}

int sip_server_send(struct sip_transaction *tx, unsigned status, struct slice answer)
{
        assert(tx->state == TX_PROCEEDING);
        bool must_keep = tx->kind == SERVER_INVITE && status < 300;
        int err = sip_tx_keep(tx, answer);
        if (err && must_keep)
                return err;
        if (err)
                sip_tx_drop_packet(tx, &tx->packet);
        if (sip_tx_put(tx, answer))
                tx->txs->params.counters->unsent++;
        if (status >= 200)
                on_final_sent(tx, status);
        else if (status > 100)
                sip_tx_arm(tx, SIP_PROVISIONAL_MS);
        return 0;
}

void sip_server_hold(struct sip_transaction *tx)
{
        assert(tx->state == TX_PROCEEDING);
        io_timer_stop(tx->txs->params.io, &tx->timer);
}

void sip_server_repeat(struct sip_transaction *tx)
{
        assert(tx->state == TX_PROCEEDING);
        sip_tx_resend(tx);
}

void sip_server_acknowledged(struct sip_transaction *tx)
{
        if (tx->kind != SERVER_INVITE || tx->state != TX_ACCEPTED || !tx->packet)
                return;
        sip_tx_drop_packet(tx, &tx->packet);
        tx->interval_ms = SIP_TIMEOUT_MS; /* only timer L is left */
        sip_tx_arm_retransmission(tx);
}

/*
 * Our answer to an INVITE, or the ACK of it, may have gone with its connection: the caller gets it
 * again at once, on another one, and need not wait for a retransmission. Once: who closes that one as
 * well is not to be connected to without end.
 */
void sip_server_on_lost(struct sip_transaction *tx, bool was_open)
{
        bool awaits_ack = tx->state == TX_COMPLETED || tx->state == TX_ACCEPTED;
        if (tx->kind != SERVER_INVITE || !awaits_ack || !tx->packet || !was_open || tx->is_resent)
                return;
        tx->is_resent = true;
        sip_tx_resend(tx);
        tx->interval_ms = SIP_T1_MS;
        sip_tx_arm_retransmission(tx);
}

static void on_accepted_timer(struct sip_transaction *tx)
{
        const struct sip_transactions_params *params = &tx->txs->params;
        bool is_acknowledged = tx->packet == NULL;
        if (sip_tx_now_ms(tx) < tx->deadline_ms) {
                sip_tx_retransmit(tx);
                return;
        }
        sip_tx_enter(tx, TX_TERMINATED); /* L */
        if (!is_acknowledged)
                params->handler->on_unacknowledged(params->arg, tx);
}

void sip_server_on_timer(struct sip_transaction *tx)
{
        bool is_invite = tx->kind == SERVER_INVITE;
        if (tx->state == TX_PROCEEDING) {
                sip_tx_resend(tx);
                sip_tx_arm(tx, SIP_PROVISIONAL_MS);
        } else if (tx->state == TX_ACCEPTED) {
                on_accepted_timer(tx);
        } else if (is_invite && tx->state == TX_COMPLETED && sip_tx_now_ms(tx) < tx->deadline_ms) {
                sip_tx_retransmit(tx);
        } else {
                sip_tx_enter(tx, TX_TERMINATED); /* H, I, J */
        }
}
