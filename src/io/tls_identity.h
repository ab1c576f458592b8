/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_identity.h - whose certificate it is: the SIP domain of RFC 5922.
 *
 * Only subjectAltName counts. If it holds "sip:" URIs that name a host and nothing else, these are
 * the domains; else its DNS names are (7.1). They must equal the domain that was configured, case
 * aside; no wildcard matches (7.2). A domain that is an IP address needs that address in the
 * certificate. A name with a NUL inside condemns the whole certificate.
 */
#ifndef MASKLINE_IO_TLS_IDENTITY_H
#define MASKLINE_IO_TLS_IDENTITY_H

#include <stddef.h>

#include "base/slice.h"

struct x509_st;

/* A sentence fragment for people; what came from outside in it is short and printable. */
struct tls_reason {
        char text[256];
};

enum tls_name_kind {
        TLS_NAME_DNS,
        TLS_NAME_URI,
        TLS_NAME_IP, /* 4 or 16 bytes */
};

struct tls_name {
        enum tls_name_kind kind;
        struct slice value; /* as in the certificate; may hold any byte */
};

#define TLS_NAMES_MAX 256

/*
 * ERR_UNTRUSTED: not of this domain, and `why` says what was found; ERR_SYNTAX: `domain` is no
 * host name and no IP address. `why` is written on failure only.
 */
int tls_names_check(const struct tls_name *names, size_t count, struct slice domain,
                    struct tls_reason *why) MUST_CHECK;

/* The same, of a certificate's names; more than TLS_NAMES_MAX of them: ERR_UNTRUSTED. */
int tls_certificate_check(struct x509_st *certificate, struct slice domain,
                          struct tls_reason *why) MUST_CHECK;

#endif
