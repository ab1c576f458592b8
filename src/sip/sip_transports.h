/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_transports.h - every SIP message that leaves or arrives passes here.
 *
 * Above nobody knows a socket: a message goes to a target and comes from one, and what came from a
 * target is answered to it.
 */
#ifndef MASKLINE_SIP_SIP_TRANSPORTS_H
#define MASKLINE_SIP_SIP_TRANSPORTS_H

#include "io/io.h"
#include "sip/sip_target.h"

struct sip_transports;

struct sip_transports_params {
        struct io *io;
        struct addr listen; /* UDP */
        /* `data` is one message, or what a datagram holds; both live until it returns. */
        void (*on_message)(void *arg, const struct sip_target *source, struct slice data);
        void *arg;
};

int sip_transports_create(const struct sip_transports_params *params,
                          struct sip_transports **out) MUST_CHECK;
void sip_transports_destroy(struct sip_transports *transports); /* NULL is fine */

/* Where we are heard, with the port that was bound. */
const struct addr *sip_transports_local(const struct sip_transports *transports);

/* A message of the trunk's. A datagram that cannot leave is lost, as on the way. */
void sip_transports_send(struct sip_transports *transports, uint32_t trunk_id,
                         const struct sip_target *to, struct slice message);

#endif
