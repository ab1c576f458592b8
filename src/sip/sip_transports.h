/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_transports.h - every SIP message that leaves or arrives passes here: UDP, and connections
 * over TCP and TLS.
 *
 * Above nobody knows a socket: a message goes to a target and comes from one, and what came from a
 * target is answered to it. A connection is made when there is something to send, used by all that
 * goes to the same target for the same trunk, and kept alive for as long as it is used.
 */
#ifndef MASKLINE_SIP_SIP_TRANSPORTS_H
#define MASKLINE_SIP_SIP_TRANSPORTS_H

#include "io/io.h"
#include "io/tls_context.h"
#include "sip/sip_target.h"
#include "sip/sip_trunks.h"
#include "wire/sip_frame.h"

struct sip_transports;

/* Where we are heard. Without an address of a family we cannot be reached in it, and do not dial. */
struct sip_listen {
        struct addr_pair udp, tcp, tls;
};

struct sip_socket {
        enum sip_transport transport;
        struct addr addr;
};

struct sip_stream_limits {
        uint32_t connections_max; /* three quarters of them for those who come to us */
        int64_t idle_ms;          /* one that carries nothing for so long, for no call, is closed */
        int64_t keepalive_ms;     /* how often ours are pinged (RFC 5626 3.5.1); 0: never */
};

struct sip_stream_counters {
        uint64_t accepted, opened;
        uint64_t refused;     /* of strangers, and beyond what one address or all may have */
        uint64_t failed;      /* of ours that were never made: refused, not in time, not trusted */
        uint64_t lost;        /* ended by the other side or by the way to it */
        uint64_t broken;      /* closed for what came: no SIP, no length, not in time */
        uint64_t untrusted;   /* certificates that were refused, theirs or ours */
        uint32_t connections; /* now */
};

struct sip_transports_handler {
        /* Whether anything at all may come from there; asked before it is read. */
        bool (*may_speak)(void *arg, const struct sip_target *source);
        /*
         * One message, or what a datagram holds. `trunk`: whose connection it came on; NULL: its
         * source must tell. `refusal`: 0, or the status for a request that is cut off here.
         * False: it is no SIP; the connection is closed.
         */
        bool (*on_message)(void *arg, const struct sip_target *source,
                           struct sip_trunk_state *trunk, struct slice data, unsigned refusal);
        /*
         * What was sent on this connection may not have arrived. `was_open`: it has been usable; the
         * same may be tried again on another one. Never from within sip_transports_send().
         */
        void (*on_lost)(void *arg, struct handle connection, bool was_open);
};

struct sip_transports_params {
        struct io *io;
        struct sip_trunks *trunks; /* not owned */
        struct sip_listen listen;
        struct sip_socket *failed;     /* NULL, or told which one of `listen` could not be had */
        const struct tls_context *tls; /* not owned; NULL: no TLS */
        struct sip_stream_limits limits;
        const struct sip_transports_handler *handler;
        void *arg;
        struct sip_stream_counters *counters; /* not owned */
};

int sip_transports_create(const struct sip_transports_params *params,
                          struct sip_transports **out) MUST_CHECK;
/* Connections are closed in order. NULL is fine. */
void sip_transports_destroy(struct sip_transports *transports);

/* Where we are heard, with the port that was bound; NULL: nowhere. */
const struct addr *sip_transports_local(const struct sip_transports *transports,
                                        enum sip_transport transport, uint8_t family);

/* As sip_ua_sent_by() (sip_core.h). */
bool sip_transports_sent_by(const struct sip_transports *transports, const struct trunk *trunk,
                            const struct sip_target *target, struct sip_sent_by *out) MUST_CHECK;

/* Whether its connection is one that we have opened: to an address that can be connected to. */
bool sip_transports_have_opened(const struct sip_transports *transports,
                                const struct sip_target *target);

/*
 * A message of the trunk's. On a connection: `to->connection` is the one that is used; what is known
 * at once comes as an error, the rest by on_lost(): ERR_FULL says that we have no room for another
 * connection, -EAGAIN that the peer does not read. A datagram that is lost is lost.
 */
int sip_transports_send(struct sip_transports *transports, uint32_t trunk_id, struct sip_target *to,
                        struct slice message) MUST_CHECK;

#endif
