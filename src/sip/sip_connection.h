/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_connection.h - connections over TCP and TLS: made, accepted, read, kept alive, closed; for
 * sip_transports.c only.
 */
#ifndef MASKLINE_SIP_SIP_CONNECTION_H
#define MASKLINE_SIP_SIP_CONNECTION_H

#include "io/byte_queue.h"
#include "io/stream.h"
#include "sip/sip_transports.h"

struct sip_connections {
        const struct sip_transports_params *params; /* the transports' */
        struct pool *pool;                          /* owned */
        uint32_t accepted;                          /* of those in the pool */
        struct sip_told told;                       /* of those that are no trunk's for certain */
};

struct sip_connection {
        struct sip_connections *all;
        struct sip_target peer; /* with its own handle as connection */
        struct stream *stream;  /* owned; NULL: over */
        uint32_t trunk_id;      /* 0: known, but not whose */
        bool is_ours;           /* we made it */
        bool is_open;
        bool has_spoken; /* a message or a ping has come whole */
        struct byte_queue in;
        struct sip_framer framer;
        /* Monotonic. */
        int64_t made_ms;
        int64_t begun_ms;  /* of the message that is not whole yet; 0: none */
        int64_t used_ms;   /* it last carried a message, or was pinged */
        int64_t pinged_ms; /* by us */
        bool awaits_pong;
        bool answers_pings; /* it has done so: then it must (RFC 5626 4.4.1) */
        struct io_timer timer;
        struct io_task burial;
};

/* NULL: no room. */
struct sip_connection *sip_connection_take(struct sip_connections *all,
                                           enum sip_transport transport, const struct addr *peer,
                                           uint32_t trunk_id);
void sip_connection_put(struct sip_connection *connection); /* one that nobody has heard of */
/* It has its stream, whose handlers these are. */
extern const struct stream_handlers sip_connection_handlers;
void sip_connection_start(struct sip_connection *connection, bool is_open);
/* -EAGAIN: the peer does not read what was sent before. */
int sip_connection_send(struct sip_connection *connection, struct slice message) MUST_CHECK;

enum sip_connection_end {
        SIP_CONNECTION_CLOSE, /* what waits is still sent */
        SIP_CONNECTION_ABORT,
        SIP_CONNECTION_GONE, /* the stream has ended by itself */
};
/* on_lost() follows at the end of the turn. */
void sip_connection_end(struct sip_connection *connection, enum sip_connection_end how);

static inline bool sip_connection_is_over(const struct sip_connection *connection)
{
        return connection->stream == NULL;
}

/* sip_connections.c */

int sip_connections_create(const struct sip_transports_params *params,
                           struct sip_connections **out) MUST_CHECK;
void sip_connections_destroy(struct sip_connections *all); /* NULL is fine */
void sip_connections_accept(struct sip_connections *all, enum sip_transport transport,
                            struct stream *stream);
/* `local`: where from, its port aside. */
int sip_connections_send(struct sip_connections *all, uint32_t trunk_id, const struct addr *local,
                         struct sip_target *to, struct slice message) MUST_CHECK;

#endif
