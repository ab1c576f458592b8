/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_uri.h - sip:, sips: and tel: URIs (RFC 3261 19.1, RFC 3966), as slices of the text.
 *
 * A URI that was accepted holds no white space, no control byte and none of `<>"\`.
 */
#ifndef MASKLINE_WIRE_SIP_URI_H
#define MASKLINE_WIRE_SIP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum sip_scheme {
        SIP_SCHEME_SIP,
        SIP_SCHEME_SIPS,
        SIP_SCHEME_TEL,
        SIP_SCHEME_OTHER, /* well formed, but nothing we dial: answered 416 */
};

struct sip_uri {
        struct slice text; /* the whole, without angle brackets */
        enum sip_scheme scheme;
        /* still escaped; without password and user parameters; tel: the number as written */
        struct slice user;
        struct slice user_params; /* those of a telephone number (RFC 3261 19.1.6), escaped */
        struct slice host;        /* IPv6 with its brackets; empty in tel: */
        uint16_t port;            /* 0: none given */
        struct slice params;      /* after the first ';', raw; may be empty */
        struct slice headers;     /* after '?', raw; never used, only kept out */
        bool has_lr;
        struct slice transport; /* value of ;transport=, or empty */
        struct slice maddr;
};

/*
 * ERR_SYNTAX. Only the whole text is accepted. A parameter that we read may occur once only; its
 * name may be escaped ("%6cr" is "lr"). Other schemes: only `text` and `scheme` are filled.
 */
int sip_uri_parse(struct slice text, struct sip_uri *out) MUST_CHECK;

/*
 * The user part with %XX undone, into `out` (NUL-terminated; an escaped NUL is ERR_SYNTAX).
 * User parameters (";phone-context=...") are cut off. ERR_TOO_LARGE when it does not fit.
 */
int sip_uri_user(const struct sip_uri *uri, char *out, size_t out_bytes) MUST_CHECK;

/* The same for any other part of a URI that was parsed. */
int sip_uri_unescape(struct slice escaped, char *out, size_t out_bytes) MUST_CHECK;

#endif
