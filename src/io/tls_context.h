/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_context.h - what TLS needs from files: our certificate and key, and whom we trust.
 *
 * TLS 1.2 and 1.3, forward-secret authenticated ciphers, no compression, no renegotiation. One
 * context serves both directions.
 */
#ifndef MASKLINE_IO_TLS_CONTEXT_H
#define MASKLINE_IO_TLS_CONTEXT_H

#include <stdint.h>

#include "io/tls_identity.h"

struct tls_context;

/* PEM files. */
struct tls_files {
        const char *certificate; /* ours, then those between it and the root; NULL: we have none */
        const char *key;         /* of the certificate; without a passphrase */
        const char *ca;          /* whom we trust, perhaps a peer's own certificate; NULL: the
                                    system's */
};

/*
 * On failure `why` names the file and what is wrong with it: -ENOENT, -EACCES ...; ERR_UNTRUSTED:
 * a key that others than its owner and group can read, or its group can write; ERR_SYNTAX: not
 * what it should be; ERR_CONFLICT: the key is not the certificate's.
 */
int tls_context_create(const struct tls_files *files, struct tls_reason *why,
                       struct tls_context **out) MUST_CHECK;

/* For connections that begin later. On failure everything stays as it was. */
int tls_context_reload(struct tls_context *context, const struct tls_files *files,
                       struct tls_reason *why) MUST_CHECK;

/* Connections go on. NULL is fine. */
void tls_context_destroy(struct tls_context *context);

/* When our certificate expires, UTC milliseconds since 1970; 0: we have none. */
int64_t tls_context_expires_ms(const struct tls_context *context);

/* SHA-256 of our certificate, for those who know us by it. ERR_NOT_FOUND: we have none. */
int tls_context_fingerprint(const struct tls_context *context, uint8_t out[32]) MUST_CHECK;

/* For tls.c. */
struct ssl_ctx_st *tls_context_ssl(const struct tls_context *context);

#endif
