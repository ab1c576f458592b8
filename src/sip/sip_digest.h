/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_digest.h - a trunk's user name and password, and the answers to its challenges (RFC 3261 22,
 * RFC 7616, RFC 8760).
 *
 * One per trunk with credentials; it lies in locked memory and is wiped. The last good nonce is kept
 * and used again with a growing count, so that usually the first request is let through. What is
 * answered, and how often, is decided here alone; whom we answer at all is the callers' to see to.
 */
#ifndef MASKLINE_SIP_SIP_DIGEST_H
#define MASKLINE_SIP_SIP_DIGEST_H

#include "base/buf.h"
#include "base/random.h"
#include "core/trunk.h"
#include "wire/sip_auth.h"
#include "wire/sip_msg.h"

#define SIP_DIGEST_HEX_BYTES (64 + 1)
#define SIP_CNONCE_CHARS     16

/* The hash over all this, in hex (RFC 7616 3.4). */
struct sip_digest_input {
        enum sip_auth_algorithm algorithm;
        struct slice username, realm, password, method, uri, nonce;
        uint32_t nonce_count; /* 0: as RFC 2069 had it, without qop */
        struct slice cnonce;
};
struct sip_digest_hex {
        char text[SIP_DIGEST_HEX_BYTES];
};
/* -ENOMEM; -EOPNOTSUPP: OpenSSL is configured not to give this hash. */
int sip_digest_response(const struct sip_digest_input *input,
                        struct sip_digest_hex *out) MUST_CHECK;

struct sip_digest;

/*
 * How often a nonce has been used, for a process that comes next: no count may come twice (RFC 7616
 * 3.4). A peer may well name the nonce of before the crash again. Written before the credentials leave.
 */
struct sip_digest_mark {
        uint32_t trunk_id; /* for whoever keeps them */
        uint32_t count;
        uint64_t nonce; /* a hash of it, which is no secret */
};

/* Each text is kept. `realm` empty: any. -ENOMEM. */
int sip_digest_create(struct slice username, struct slice password, struct slice realm,
                      struct sip_digest **out) MUST_CHECK;
void sip_digest_destroy(struct sip_digest *digest); /* NULL is fine */

/* Whether these are its texts. */
bool sip_digest_has(const struct sip_digest *digest, struct slice username, struct slice password,
                    struct slice realm);

/* `mark` is not owned and outlives it. */
void sip_digest_keep_count(struct sip_digest *digest, struct sip_digest_mark *mark);

/* How far one request has come; all zero when it is first sent. */
struct sip_digest_attempt {
        bool is_answered; /* a challenge to it has been answered */
        uint8_t stale_count;
};

enum sip_digest_verdict {
        SIP_DIGEST_ANSWER,     /* send it again: sip_digest_authorize() has something to add */
        SIP_DIGEST_REFUSED,    /* our credentials were answered with another challenge */
        SIP_DIGEST_UNSUITABLE, /* no challenge of the realm, scheme and algorithm that we answer */
};
/*
 * A 401 or 407. A nonce is answered once; a request with an answered challenge is tried again only
 * if the peer says that nothing but the nonce was wrong (stale), and that twice at most.
 */
enum sip_digest_verdict sip_digest_challenge(struct sip_digest *digest,
                                             const struct sip_msg *response,
                                             struct sip_digest_attempt *attempt);

/* Appends a header line with credentials; nothing as long as there is no nonce. */
void sip_digest_authorize(struct sip_digest *digest, struct random *random, enum sip_method method,
                          struct slice uri, struct buf *b);

/* A 2xx: the nonce it names is the next one. */
void sip_digest_learn(struct sip_digest *digest, const struct sip_msg *response);

#endif
