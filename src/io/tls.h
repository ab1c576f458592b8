/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h - TLS as a stream over a stream, of either kind of io; nothing blocks.
 *
 * A client checks the peer's certificate: its chain, its dates by io_wall_ms(), and that it is of
 * the domain (tls_identity.h). What is refused ends the stream with ERR_UNTRUSTED; what is no TLS,
 * or too old, with -EPROTO; stream_reason() says it in words. A peer that goes without the goodbye
 * of TLS ends it with -ECONNRESET.
 */
#ifndef MASKLINE_IO_TLS_H
#define MASKLINE_IO_TLS_H

#include "io/stream.h"
#include "io/tls_context.h"

struct tls_params {
        const struct tls_context *context;
        bool is_server;
        bool ask_certificate; /* server: a client must show one that we trust */
        struct slice domain;  /* client: who the peer must be, and asked for by SNI. Server: empty,
                                 or who the client must be */
        int64_t handshake_ms; /* from the connection to on_open() */
};

/*
 * `below` is connecting, or open and unread; it belongs to the new stream from now on, and on
 * failure still to the caller. The stream calls on_open() in either role; what is sent before
 * waits. A server's client may still refuse our certificate after that (TLS 1.3), and so may a
 * client's server. -ENOMEM; ERR_SYNTAX: `domain` is none; ERR_NOT_FOUND: a server without a
 * certificate in its context.
 */
int tls_start(struct stream *below, const struct tls_params *params,
              const struct stream_handlers *handlers, void *arg, struct stream **out) MUST_CHECK;

struct tls_facts {
        const char *version, *cipher; /* static; NULL before on_open() */
        char asked_name[256];         /* server: what the client asked for by SNI; or empty */
        bool has_certificate;         /* of the peer, and it was checked */
        int64_t expires_ms;           /* of that certificate */
        char subject[96], issuer[96]; /* printable, perhaps cut; for people */
};
void tls_describe(const struct stream *stream, struct tls_facts *out);

/* Whether the peer's certificate is of `domain`. ERR_NOT_FOUND: it showed none. */
int tls_check_peer(const struct stream *stream, struct slice domain,
                   struct tls_reason *why) MUST_CHECK;

#endif
