/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_auth.h - what digest authentication puts into headers (RFC 3261 20, 22; RFC 7616; RFC 8760).
 *
 * Strict like sip_msg.h: a parameter that occurs twice, a realm or a nonce without quotes, a value
 * that goes over a line's end are refused. Nothing is computed here (sip_digest.h in sip/ does).
 */
#ifndef MASKLINE_WIRE_SIP_AUTH_H
#define MASKLINE_WIRE_SIP_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

#define SIP_AUTH_REALM_MAX  128
#define SIP_AUTH_NONCE_MAX  256
#define SIP_AUTH_OPAQUE_MAX 128

/* Those that we answer, the better one last. */
enum sip_auth_algorithm {
        SIP_AUTH_MD5,
        SIP_AUTH_SHA256,
};

/* One Digest challenge. The texts are what stands between the quotes, backslashes included. */
struct sip_challenge {
        struct slice realm, nonce, opaque;
        bool has_opaque;
        bool has_qop; /* qop=auth; else as RFC 2069 had it */
        bool is_stale;
        enum sip_auth_algorithm algorithm;
        bool has_algorithm; /* named; else it is MD5 */
};

/*
 * Value of one WWW-Authenticate or Proxy-Authenticate. ERR_NOT_FOUND: well formed as far as it
 * matters, but of a scheme or algorithm, or only of qops, that we do not answer. ERR_SYNTAX,
 * ERR_TOO_LARGE. RFC 3261 7.3.1: one header holds one challenge.
 */
int sip_challenge_parse(struct slice value, struct sip_challenge *out) MUST_CHECK;

/*
 * The challenge to answer in a response: of those with this realm (empty: any) the best algorithm,
 * of equal ones the topmost. Those that cannot be answered are skipped. False: none.
 */
bool sip_challenge_choose(struct slice response, bool is_proxy, struct slice realm,
                          struct sip_challenge *out);

/*
 * nextnonce in an Authentication-Info or Proxy-Authentication-Info; false: none that is good.
 */
bool sip_auth_next_nonce(struct slice response, bool is_proxy, struct slice *out);

/* Credentials, each text of a kind that may stand between quotes as it is. */
struct sip_authorization {
        bool is_proxy;
        struct slice username, realm, nonce, uri, response;
        bool has_opaque;
        struct slice opaque;
        bool has_algorithm;
        enum sip_auth_algorithm algorithm;
        uint32_t nonce_count; /* 0: without qop, cnonce and nc */
        struct slice cnonce;
};
/* "Authorization: Digest username=...\r\n" */
void sip_write_authorization(struct buf *b, const struct sip_authorization *authorization);

/* Whether a text may stand between quotes: printable, without quote and backslash. */
bool sip_auth_is_plain(struct slice text);

#endif
