/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_large.c - requests that are too large for a datagram (RFC 3261 18.1.1).
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "sip/sip_transaction_impl.h"
#include "wire/sip_write.h"

#define DATAGRAM_BYTES_MAX 1300
/* A peer without TCP, or with a firewall that says nothing, is not asked at every call. */
#define NO_TCP_MS          600000

#define VIA "\r\nVia: SIP/2.0/"

/* The same request with another first Via, which is one of ours. */
static void write_again(struct buf *b, struct slice request, const struct sip_sent_by *local)
{
        const char *via = memmem(request.p, request.len, VIA, sizeof VIA - 1);
        assert(via);
        const char *name = via + sizeof VIA - 1, *end = request.p + request.len;
        const char *params = memchr(name, ';', (size_t)(end - name));
        assert(params);
        buf_put(b, request.p, (size_t)(name - request.p));
        buf_put_text(b, sip_transport_name(local->transport));
        buf_put_char(b, ' ');
        buf_put_text(b, addr_format(&local->addr).text);
        buf_put(b, params, (size_t)(end - params));
}

static struct sip_trunk_state *trunk_of(const struct sip_transaction *tx)
{
        return sip_trunks_state_any(tx->txs->params.trunks, tx->trunk_id);
}

/* What it would be called over the other transport; false: we do not speak it. */
static bool look_up(const struct sip_transaction *tx, enum sip_transport transport,
                    struct sip_target *target, struct sip_sent_by *local)
{
        const struct sip_trunk_state *trunk = trunk_of(tx);
        *target = sip_target_of(transport, tx->peer.addr);
        return trunk &&
               sip_transports_sent_by(tx->txs->params.transports, &trunk->trunk, target, local);
}

bool sip_large_switch(struct sip_transaction *tx, struct slice *request, char *memory)
{
        const struct sip_trunk_state *trunk = trunk_of(tx);
        struct sip_target target;
        struct sip_sent_by local;
        struct buf b;
        if (request->len <= DATAGRAM_BYTES_MAX || tx->peer.transport != SIP_UDP || !trunk ||
            sip_tx_now_ms(tx) < trunk->no_tcp_until_ms || !look_up(tx, SIP_TCP, &target, &local))
                return false;
        buf_init(&b, memory, SIP_PACKET_BYTES_MAX);
        write_again(&b, *request, &local);
        if (!buf_ok(&b))
                return false;
        tx->is_switched = true;
        tx->peer = target;
        tx->local = local;
        *request = buf_slice(&b);
        return true;
}

void sip_large_note_no_tcp(const struct sip_transaction *tx)
{
        struct sip_trunk_state *trunk = trunk_of(tx);
        if (tx->is_switched && trunk)
                trunk->no_tcp_until_ms = sip_tx_now_ms(tx) + NO_TCP_MS;
}

bool sip_large_switch_back(struct sip_transaction *tx)
{
        char memory[SIP_PACKET_BYTES_MAX];
        struct sip_target target;
        struct sip_sent_by local;
        struct buf b;
        if (!tx->is_switched || !look_up(tx, SIP_UDP, &target, &local))
                return false;
        sip_large_note_no_tcp(tx);
        buf_init(&b, memory, sizeof memory);
        write_again(&b, sip_packet_text(tx->packet), &local);
        tx->is_switched = false;
        tx->peer = target;
        tx->local = local;
        if (!buf_ok(&b) || sip_tx_keep(tx, buf_slice(&b)))
                return false;
        sip_client_wait(tx);
        return !sip_tx_send(tx);
}
