/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_connections.c - all connections: which one a message takes, and who may come.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "io/tls.h"
#include "sip/sip_connection.h"
#include "sip/sip_stream.h"

/* One address may have so many of those that we accept; a trunk must not lock out the others. */
#define EACH_SHARE 4

int sip_connections_create(const struct sip_transports_params *params, struct sip_connections **out)
{
        struct sip_connections *all = calloc(1, sizeof *all);
        if (!all)
                return -ENOMEM;
        all->params = params;
        uint32_t max = params->limits.connections_max ? params->limits.connections_max : 1;
        int err = pool_create(sizeof(struct sip_connection), max, false, &all->pool);
        if (err) {
                free(all);
                return err;
        }
        /* A handle of an earlier run may still be written somewhere. */
        pool_begin_at(all->pool, random_u32(io_random(params->io)));
        *out = all;
        return 0;
}

void sip_connections_destroy(struct sip_connections *all)
{
        if (!all)
                return;
        for (uint32_t i = 0; i < pool_capacity(all->pool); i++) {
                struct sip_connection *c = pool_at(all->pool, i);
                if (!c)
                        continue;
                sip_connection_end(c, SIP_CONNECTION_CLOSE);
                io_defer_cancel(all->params->io, &c->burial);
                sip_connection_put(c);
        }
        pool_destroy(all->pool);
        free(all);
}

/* ---- who comes ---- */

static uint32_t accepted_from(const struct sip_connections *all, const struct addr *ip)
{
        uint32_t count = 0;
        for (uint32_t i = 0; i < pool_capacity(all->pool); i++) {
                const struct sip_connection *c = pool_at(all->pool, i);
                count += c && !c->is_ours && addr_equal_ip(&c->peer.addr, ip);
        }
        return count;
}

/* Some are left for those that we make, and for the other trunks. */
static bool has_room(const struct sip_connections *all, const struct addr *ip)
{
        uint32_t max = all->params->limits.connections_max;
        uint32_t accepted_max = max - max / 4, each_max = accepted_max / EACH_SHARE;
        return all->accepted < accepted_max && accepted_from(all, ip) < (each_max ? each_max : 1);
}

/* Below `stream` from now on, unless it fails. */
static int start_tls_server(struct sip_connection *c, const struct trunk *trunk,
                            struct stream *stream)
{
        const struct slice domain = slice_from(trunk->client_domain);
        const struct tls_params params = {
                .context = c->all->params->tls,
                .is_server = true,
                .ask_certificate = domain.len > 0,
                .domain = domain,
                .handshake_ms = SIP_HANDSHAKE_MS,
        };
        return tls_start(stream, &params, &sip_connection_handlers, c, &c->stream);
}

static int accept(struct sip_connections *all, const struct sip_target *source,
                  struct stream *stream)
{
        const struct sip_transports_params *params = all->params;
        const struct sip_trunk_state *trunk = sip_trunks_match(params->trunks, source);
        bool is_tls = source->transport == SIP_TLS;
        if (!params->handler->may_speak(params->arg, source))
                return ERR_UNTRUSTED;
        /* Whose certificate it has to be must be clear. */
        if ((is_tls && !trunk) || !has_room(all, &source->addr))
                return ERR_FULL;
        struct sip_connection *c = sip_connection_take(all, source->transport, &source->addr,
                                                       trunk ? trunk->trunk.id : 0);
        if (!c)
                return ERR_FULL;
        all->accepted++;
        int err = 0;
        if (is_tls) {
                err = start_tls_server(c, &trunk->trunk, stream);
        } else {
                c->stream = stream;
                stream_set_handlers(stream, &sip_connection_handlers, c);
        }
        if (err) {
                sip_connection_put(c);
                return err;
        }
        params->counters->accepted++;
        sip_connection_start(c, !is_tls);
        return 0;
}

void sip_connections_accept(struct sip_connections *all, enum sip_transport transport,
                            struct stream *stream)
{
        const struct sip_target source = sip_target_of(transport, *stream_peer(stream));
        if (!accept(all, &source, stream))
                return;
        all->params->counters->refused++;
        stream_abort(stream);
}

/* ---- where we go ---- */

/* One of ours to that target. What the peer opened is only used by what came on it. */
static struct sip_connection *find(const struct sip_connections *all, uint32_t trunk_id,
                                   const struct sip_target *to)
{
        struct sip_connection *asked = pool_find(all->pool, to->connection);
        if (asked && !sip_connection_is_over(asked) && asked->peer.transport == to->transport)
                return asked;
        for (uint32_t i = 0; i < pool_capacity(all->pool); i++) {
                struct sip_connection *c = pool_at(all->pool, i);
                if (c && c->is_ours && c->trunk_id == trunk_id && !sip_connection_is_over(c) &&
                    sip_target_equal(&c->peer, to))
                        return c;
        }
        return NULL;
}

static int open_stream(struct sip_connection *c, const struct trunk *trunk,
                       const struct addr *local)
{
        const struct sip_stream_params params = {
                .io = c->all->params->io,
                .tls = c->all->params->tls,
                .trunk = trunk,
                .to = &c->peer,
                .from = local,
                .handlers = &sip_connection_handlers,
                .arg = c,
        };
        return sip_stream_open(&params, &c->stream);
}

static int open_connection(struct sip_connections *all, uint32_t trunk_id, const struct addr *local,
                           const struct sip_target *to, struct sip_connection **out)
{
        const struct trunk *trunk = sip_trunks_find_any(all->params->trunks, trunk_id);
        if (!trunk)
                return ERR_NOT_FOUND;
        struct sip_connection *c = sip_connection_take(all, to->transport, &to->addr, trunk_id);
        if (!c)
                return ERR_FULL;
        c->is_ours = true;
        int err = open_stream(c, trunk, local);
        if (err) {
                all->params->counters->failed++;
                sip_connection_put(c);
                return err;
        }
        sip_connection_start(c, false);
        *out = c;
        return 0;
}

int sip_connections_send(struct sip_connections *all, uint32_t trunk_id, const struct addr *local,
                         struct sip_target *to, struct slice message)
{
        struct sip_connection *c = find(all, trunk_id, to);
        int err = c ? 0 : open_connection(all, trunk_id, local, to, &c);
        if (err)
                return err;
        to->connection = c->peer.connection;
        return sip_connection_send(c, message);
}
