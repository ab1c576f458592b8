/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificates.h - what the server shows of itself: one certificate on SIP over TLS, one on the REST API.
 */
#ifndef MASKLINE_APP_CERTIFICATES_H
#define MASKLINE_APP_CERTIFICATES_H

#include "app/config.h"
#include "io/io.h"
#include "io/tls_context.h"

struct certificates {
        struct tls_context *sip;  /* owned; NULL: no SIP over TLS */
        struct tls_context *http; /* owned; NULL: plain HTTP */
};

/* `problem` (512 bytes) names the file and what is wrong with it. */
int certificates_open(const struct config *config, struct io *io, struct certificates *out,
                      char *problem) MUST_CHECK;
void certificates_close(struct certificates *certificates);

/* Reads the files anew, for connections that begin later. What is not good leaves things as they were. */
void certificates_reload(struct certificates *certificates, const struct config *config,
                         struct io *io);

#endif
