/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_words.h - why TLS would not, for people; for tls.c only.
 */
#ifndef MASKLINE_IO_TLS_WORDS_H
#define MASKLINE_IO_TLS_WORDS_H

#include <stdbool.h>

#include "io/tls_identity.h"
#include "io/tls_openssl.h"

/* Of a certificate that did not verify: which one, and what is the matter with it. */
void tls_words_of_chain(X509_STORE_CTX *chain, struct tls_reason *out);

/* Of OpenSSL's last error. */
void tls_words_of_error(unsigned long code, bool in_handshake, struct tls_reason *out);

#endif
