/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/stream.h"
#include "io/tls.h"

#define CONNECTIONS_MAX 64
#define MESSAGE_BYTES   65536
#define TLS_MS          10000

struct connection {
        struct link *link;
        uint32_t id;           /* 0: not in use */
        struct stream *stream; /* owned */
        struct addr peer;
        unsigned empty_lines; /* since the last message */
        size_t used;          /* of `bytes`: what has come of a message that is not whole */
        char bytes[MESSAGE_BYTES];
};

struct link {
        struct link_params params;
        struct io_udp *udp;               /* owned */
        struct stream_listener *listener; /* owned */
        struct addr local;
        uint32_t last_id;
        uint64_t broken;
        struct connection connections[CONNECTIONS_MAX];
};

static const struct stream_options stream_options = {
        .out_bytes_max = 16 << 20,
        .connect_ms = 5000,
};

/* ---- connections ---- */

static void forget(struct connection *connection)
{
        connection->id = 0;
        connection->stream = NULL;
}

static void on_close(void *arg, int err)
{
        struct connection *connection = arg;
        if (connection->link->broken++ == 0)
                fprintf(stderr, "masked_load: the connection with %s has ended: %s\n",
                        addr_format(&connection->peer).text,
                        err ? stream_reason(connection->stream) : "closed by the system");
        forget(connection);
}

/* How long the message is that begins here; 0: its header is not whole. */
static size_t message_bytes(const char *p, size_t len)
{
        const char *end = memmem(p, len, "\r\n\r\n", 4);
        if (!end)
                return 0;
        struct slice header = {p, (size_t)(end + 2 - p)};
        const char *at = memmem(header.p, header.len, "\r\nContent-Length:", 17);
        if (!at)
                at = memmem(header.p, header.len, "\r\nl:", 4);
        size_t body = at ? strtoul(strchr(at, ':') + 1, NULL, 10) : 0;
        return header.len + 2 + body;
}

/* Empty lines between messages; two of them are a ping and want one back (RFC 5626 3.5.1). */
static size_t skip_empty_lines(struct connection *connection, size_t at)
{
        for (; at + 1 < connection->used && !memcmp(connection->bytes + at, "\r\n", 2); at += 2) {
                bool is_ping = ++connection->empty_lines % 2 == 0;
                if (is_ping && stream_send(connection->stream, SLICE("\r\n")))
                        connection->link->broken++;
        }
        return at;
}

/* Hands over what is whole; false: the connection has ended meanwhile, or is of no use. */
static bool take_messages(struct connection *connection)
{
        struct link *link = connection->link;
        const uint32_t id = connection->id;
        const struct origin from = {connection->peer, id};
        size_t at = 0;
        for (;;) {
                at = skip_empty_lines(connection, at);
                size_t left = connection->used - at;
                size_t bytes = message_bytes(connection->bytes + at, left);
                if (bytes == 0 || bytes > left)
                        break;
                link->params.fn(link->params.arg, &from,
                                (struct slice){connection->bytes + at, bytes});
                if (connection->id != id)
                        return false;
                at += bytes;
                connection->empty_lines = 0;
        }
        connection->used -= at;
        memmove(connection->bytes, connection->bytes + at, connection->used);
        return true;
}

static void on_data(void *arg, struct slice data)
{
        struct connection *connection = arg;
        while (data.len) {
                size_t room = sizeof connection->bytes - 1 - connection->used;
                size_t part = data.len < room ? data.len : room;
                if (part == 0) {
                        connection->link->broken++;
                        stream_abort(connection->stream);
                        forget(connection);
                        return;
                }
                memcpy(connection->bytes + connection->used, data.p, part);
                connection->used += part;
                connection->bytes[connection->used] = '\0';
                data = (struct slice){data.p + part, data.len - part};
                if (!take_messages(connection))
                        return;
        }
}

static const struct stream_handlers handlers = {.on_data = on_data, .on_close = on_close};

static struct connection *free_connection(struct link *link)
{
        for (int i = 0; i < CONNECTIONS_MAX; i++) {
                if (link->connections[i].id == 0)
                        return &link->connections[i];
        }
        return NULL;
}

/* Its stream is over TLS where that is wanted. */
static int begin(struct connection *connection, struct stream *stream, bool is_server)
{
        const struct link_params *params = &connection->link->params;
        const struct tls_params tls = {
                .context = params->tls,
                .is_server = is_server,
                .domain = slice_from(is_server ? "" : params->domain),
                .handshake_ms = TLS_MS,
        };
        if (params->transport == SIP_TLS) {
                int err = tls_start(stream, &tls, &handlers, connection, &connection->stream);
                if (err)
                        return err;
        } else {
                stream_set_handlers(stream, &handlers, connection);
                connection->stream = stream;
        }
        connection->id = ++connection->link->last_id;
        connection->peer = *stream_peer(connection->stream);
        connection->used = 0;
        connection->empty_lines = 0;
        return 0;
}

static void on_accept(void *arg, struct stream *stream)
{
        struct link *link = arg;
        struct connection *connection = free_connection(link);
        if (connection && begin(connection, stream, true) == 0)
                return;
        link->broken++;
        stream_abort(stream);
}

static struct connection *connect_to(struct link *link, const struct addr *peer)
{
        struct addr local = link->local;
        struct stream *stream;
        struct connection *connection = free_connection(link);
        local.port = 0;
        if (!connection || stream_connect(link->params.io, &local, peer, &stream_options, &handlers,
                                          connection, &stream))
                return NULL;
        if (begin(connection, stream, false)) {
                stream_abort(stream);
                return NULL;
        }
        connection->peer = *peer;
        return connection;
}

static struct connection *find_connection(struct link *link, const struct origin *to)
{
        struct connection *found = NULL;
        for (int i = 0; i < CONNECTIONS_MAX; i++) {
                struct connection *connection = &link->connections[i];
                if (connection->id == 0)
                        continue;
                if (connection->id == to->connection)
                        return connection;
                if (addr_equal(&connection->peer, &to->addr))
                        found = connection;
        }
        return found;
}

/* ---- the link ---- */

void link_send(struct link *link, const struct origin *to, struct slice message)
{
        if (link->udp) {
                io_udp_send(link->udp, &to->addr, message);
                return;
        }
        struct connection *connection = find_connection(link, to);
        if (!connection)
                connection = connect_to(link, &to->addr);
        if (!connection || stream_send(connection->stream, message))
                link->broken++;
}

static void on_datagram(void *arg, const struct addr *from, struct slice data)
{
        struct link *link = arg;
        const struct origin origin = {.addr = *from};
        link->params.fn(link->params.arg, &origin, data);
}

int link_open(const struct link_params *params, struct link **out)
{
        struct link *link = calloc(1, sizeof *link);
        if (!link)
                return -ENOMEM;
        link->params = *params;
        for (int i = 0; i < CONNECTIONS_MAX; i++)
                link->connections[i].link = link;
        int err;
        if (params->transport == SIP_UDP)
                err = io_udp_open(params->io, &params->local, on_datagram, link, &link->udp);
        else
                err = stream_listen(params->io, &params->local, &stream_options, CONNECTIONS_MAX,
                                    on_accept, link, &link->listener);
        if (err) {
                link_close(link);
                return err;
        }
        link->local = link->udp ? *io_udp_local(link->udp) : *stream_listener_local(link->listener);
        *out = link;
        return 0;
}

void link_close(struct link *link)
{
        if (!link)
                return;
        io_udp_close(link->udp);
        stream_listener_close(link->listener);
        for (int i = 0; i < CONNECTIONS_MAX; i++) {
                if (link->connections[i].id)
                        stream_close(link->connections[i].stream);
        }
        free(link);
}

const struct addr *link_local(const struct link *link)
{
        return &link->local;
}

bool link_is_stream(const struct link *link)
{
        return link->udp == NULL;
}

const char *link_name(const struct link *link)
{
        if (link->udp)
                return "UDP";
        return link->params.transport == SIP_TLS ? "TLS" : "TCP";
}

const char *link_parameter(const struct link *link)
{
        if (link->udp)
                return "";
        return link->params.transport == SIP_TLS ? ";transport=tls" : ";transport=tcp";
}

uint64_t link_broken(const struct link *link)
{
        return link->broken;
}
