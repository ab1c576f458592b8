/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_transports.c - the sockets that we listen on, and which of them a message takes.
 */
#include "sip/sip_transports.h"

#include <errno.h>
#include <stdlib.h>

#include "sip/sip_connection.h"
#include "sip/sip_stream.h"

#define FAMILIES 2

/* Index 0 is IPv4. */
struct listener {
        struct sip_transports *transports;
        enum sip_transport transport;
        struct stream_listener *stream; /* owned; NULL: none */
};

struct sip_transports {
        struct sip_transports_params params;
        struct io_udp *udp[FAMILIES]; /* owned; NULL: none */
        struct listener tcp[FAMILIES], tls[FAMILIES];
        struct sip_connections *connections; /* owned */
};

static unsigned index_of(uint8_t family)
{
        return family == 6;
}

static void on_datagram(void *arg, const struct addr *from, struct slice data)
{
        struct sip_transports *transports = arg;
        const struct sip_transports_params *params = &transports->params;
        const struct sip_target source = sip_target_of(SIP_UDP, *from);
        if (params->handler->may_speak(params->arg, &source))
                (void)params->handler->on_message(params->arg, &source, NULL, data, 0);
}

static void on_accept(void *arg, struct stream *stream)
{
        const struct listener *listener = arg;
        sip_connections_accept(listener->transports->connections, listener->transport, stream);
}

static int open_listener(struct sip_transports *transports, struct listener *listener,
                         enum sip_transport transport, const struct addr *local)
{
        const struct stream_options options = sip_stream_options();
        listener->transports = transports;
        listener->transport = transport;
        return stream_listen(transports->params.io, local, &options,
                             transports->params.limits.connections_max, on_accept, listener,
                             &listener->stream);
}

static int open_socket(struct sip_transports *transports, enum sip_transport transport,
                       const struct addr_pair *pair, uint8_t family)
{
        const struct sip_transports_params *params = &transports->params;
        const struct addr *local = addr_pair_find(pair, family);
        unsigned i = index_of(family);
        int err = 0;
        if (!local)
                return 0;
        if (transport == SIP_UDP)
                err = io_udp_open(params->io, local, on_datagram, transports, &transports->udp[i]);
        else
                err = open_listener(transports,
                                    transport == SIP_TLS ? &transports->tls[i]
                                                         : &transports->tcp[i],
                                    transport, local);
        if (err && params->failed)
                *params->failed = (struct sip_socket){transport, *local};
        return err;
}

static int open_sockets(struct sip_transports *transports)
{
        const struct sip_listen *listen = &transports->params.listen;
        int err = 0;
        for (unsigned i = 0; !err && i < FAMILIES; i++) {
                const uint8_t family = i ? 6 : 4;
                err = open_socket(transports, SIP_UDP, &listen->udp, family);
                if (!err)
                        err = open_socket(transports, SIP_TCP, &listen->tcp, family);
                if (!err)
                        err = open_socket(transports, SIP_TLS, &listen->tls, family);
        }
        return err;
}

int sip_transports_create(const struct sip_transports_params *params, struct sip_transports **out)
{
        struct sip_transports *transports = calloc(1, sizeof *transports);
        if (!transports)
                return -ENOMEM;
        transports->params = *params;
        int err = sip_connections_create(&transports->params, &transports->connections);
        if (!err)
                err = open_sockets(transports);
        if (err) {
                sip_transports_destroy(transports);
                return err;
        }
        *out = transports;
        return 0;
}

void sip_transports_destroy(struct sip_transports *transports)
{
        if (!transports)
                return;
        for (unsigned i = 0; i < FAMILIES; i++) {
                io_udp_close(transports->udp[i]);
                stream_listener_close(transports->tcp[i].stream);
                stream_listener_close(transports->tls[i].stream);
        }
        sip_connections_destroy(transports->connections);
        free(transports);
}

static const struct addr *local_of(const struct listener *listener)
{
        return listener->stream ? stream_listener_local(listener->stream) : NULL;
}

const struct addr *sip_transports_local(const struct sip_transports *transports,
                                        enum sip_transport transport, uint8_t family)
{
        unsigned i = index_of(family);
        switch (transport) {
        case SIP_UDP:
                return transports->udp[i] ? io_udp_local(transports->udp[i]) : NULL;
        case SIP_TCP:
                return local_of(&transports->tcp[i]);
        case SIP_TLS:
                return local_of(&transports->tls[i]);
        case SIP_TRANSPORT_OTHER:
                break;
        }
        return NULL;
}

/* What a trunk advertises in this family, else `local`; its port is that of its own transport. */
static struct addr advertised(const struct trunk *trunk, enum sip_transport transport,
                              const struct addr *local)
{
        const struct addr *own = addr_pair_find(&trunk->advertised, local->family);
        struct addr address = own ? *own : *local;
        enum sip_transport usual =
                trunk->transport == TRUNK_AUTO ? SIP_UDP : sip_trunk_transport(trunk);
        if (address.port == 0 || transport != usual)
                address.port = local->port;
        return address;
}

bool sip_transports_sent_by(const struct sip_transports *transports, const struct trunk *trunk,
                            const struct sip_target *target, struct sip_sent_by *out)
{
        const uint8_t family = target->addr.family;
        const struct addr *local = sip_transports_local(transports, target->transport, family);
        if (!local)
                return false;
        const struct sip_sent_by own = {
                .transport = target->transport,
                .addr = advertised(trunk, target->transport, local),
        };
        if (addr_is_any(&own.addr))
                return false;
        *out = own;
        return true;
}

bool sip_transports_have_opened(const struct sip_transports *transports,
                                const struct sip_target *target)
{
        const struct sip_connection *c =
                pool_find(transports->connections->pool, target->connection);
        return c && c->is_ours;
}

int sip_transports_send(struct sip_transports *transports, uint32_t trunk_id, struct sip_target *to,
                        struct slice message)
{
        const struct addr *local = sip_transports_local(transports, to->transport, to->addr.family);
        if (!local)
                return -EAFNOSUPPORT;
        if (to->transport != SIP_UDP)
                return sip_connections_send(transports->connections, trunk_id, local, to, message);
        io_udp_send(transports->udp[index_of(to->addr.family)], &to->addr, message);
        return 0;
}
