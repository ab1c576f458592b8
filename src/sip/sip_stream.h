/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_stream.h - a stream to a target of a trunk: TCP, or TLS with the certificate that its peer must
 * have.
 */
#ifndef MASKLINE_SIP_SIP_STREAM_H
#define MASKLINE_SIP_SIP_STREAM_H

#include "core/trunk.h"
#include "io/stream.h"
#include "io/tls_context.h"
#include "sip/sip_target.h"

#define SIP_CONNECT_MS   4000
#define SIP_HANDSHAKE_MS 5000

/* What all of ours have, made or accepted. */
struct stream_options sip_stream_options(void);

struct sip_stream_params {
        struct io *io;
        const struct tls_context *tls; /* NULL: no TLS */
        const struct trunk *trunk;
        const struct sip_target *to;
        const struct addr
                *from; /* our address, its port aside; NULL, or any: what the system takes */
        const struct stream_handlers *handlers;
        void *arg;
};

/* ERR_NOT_FOUND: no TLS; else as stream_connect() and tls_start(). */
int sip_stream_open(const struct sip_stream_params *params, struct stream **out) MUST_CHECK;

#endif
