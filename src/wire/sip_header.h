/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_header.h - the values of single SIP headers, read into a struct sip_msg.
 *
 * Internal to wire/. Each reader takes one header's value without the white space around it, and
 * adds what it holds to the message; headers that may occur again are called again.
 * ERR_SYNTAX, or ERR_TOO_LARGE when an array of the message is full.
 */
#ifndef MASKLINE_WIRE_SIP_HEADER_H
#define MASKLINE_WIRE_SIP_HEADER_H

#include "wire/sip_msg.h"

enum sip_header {
        SIP_HEADER_OTHER, /* skipped */
        SIP_HEADER_VIA,
        SIP_HEADER_FROM,
        SIP_HEADER_TO,
        SIP_HEADER_CALL_ID,
        SIP_HEADER_CSEQ,
        SIP_HEADER_MAX_FORWARDS,
        SIP_HEADER_CONTACT,
        SIP_HEADER_ROUTE,
        SIP_HEADER_RECORD_ROUTE,
        SIP_HEADER_ASSERTED_IDENTITY,
        SIP_HEADER_PRIVACY,
        SIP_HEADER_REQUIRE,
        SIP_HEADER_PROXY_REQUIRE,
        SIP_HEADER_SUPPORTED,
        SIP_HEADER_ALLOW,
        SIP_HEADER_SESSION_EXPIRES,
        SIP_HEADER_MIN_SE,
        SIP_HEADER_RSEQ,
        SIP_HEADER_RACK,
        SIP_HEADER_RETRY_AFTER,
        SIP_HEADER_EXPIRES,
        SIP_HEADER_CONTENT_TYPE,
        SIP_HEADER_CONTENT_LENGTH,
        SIP_HEADER_CONTENT_ENCODING,
        SIP_HEADERS_KNOWN,
};

/* By the full or the compact name, in any case. */
enum sip_header sip_header_from(struct slice name);

/* Two of these in one message leave two readings: they are refused. */
bool sip_header_is_single(enum sip_header header);

/* `declared_length` gets the value of Content-Length. */
struct sip_reader {
        struct sip_msg *msg;
        uint32_t declared_length;
        bool has_other_encoding; /* a Content-Encoding but identity */
};

int sip_header_read(enum sip_header header, struct slice value, struct sip_reader *r) MUST_CHECK;

#endif
