/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - one side's way to the system under test: SIP over UDP, TCP or TLS.
 *
 * Over streams a side listens, as a carrier does, and keeps one connection to where it sends; what
 * came over a connection is answered there (RFC 3261 18.2.2). Nothing blocks.
 */
#ifndef MASKLINE_LOAD_LINK_H
#define MASKLINE_LOAD_LINK_H

#include "io/io.h"
#include "io/tls_context.h"
#include "wire/sip_msg.h"

struct link;

/* Where a message came from, and where an answer goes. */
struct origin {
        struct addr addr;
        uint32_t connection; /* 0: none in particular */
};

/* One message, whole. It may send. */
typedef void link_fn(void *arg, const struct origin *from, struct slice message);

struct link_params {
        struct io *io;
        enum sip_transport transport;
        struct addr local;
        const struct tls_context *tls; /* not owned; for TLS */
        const char *domain;            /* who the system must be; for TLS */
        link_fn *fn;
        void *arg;
};

int link_open(const struct link_params *params, struct link **out) MUST_CHECK;
void link_close(struct link *link); /* NULL is fine */

void link_send(struct link *link, const struct origin *to, struct slice message);

const struct addr *link_local(const struct link *link);
bool link_is_stream(const struct link *link);
const char *link_name(const struct link *link);      /* "UDP": for Via */
const char *link_parameter(const struct link *link); /* ";transport=tcp": for URIs; UDP: "" */

/* Connections that have ended without our wish, and messages that found none. */
uint64_t link_broken(const struct link *link);

#endif
