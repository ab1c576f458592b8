/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_header.h - the headers that are read, by name, and the readers of their values.
 *
 * Internal to wire/. A reader takes one value without the white space around it and adds what it
 * holds to the message; headers that may occur again are read again.
 */
#ifndef MASKLINE_WIRE_SIP_HEADER_H
#define MASKLINE_WIRE_SIP_HEADER_H

#include "wire/sip_msg.h"
#include "wire/sip_text.h"

/* Of the headers whose presence matters. */
enum {
        SIP_HAS_VIA = 1 << 0,
        SIP_HAS_FROM = 1 << 1,
        SIP_HAS_TO = 1 << 2,
        SIP_HAS_CALL_ID = 1 << 3,
        SIP_HAS_CSEQ = 1 << 4,
        SIP_HAS_MAX_FORWARDS = 1 << 5,
        SIP_HAS_SESSION_EXPIRES = 1 << 6,
        SIP_HAS_MIN_SE = 1 << 7,
        SIP_HAS_RSEQ = 1 << 8,
        SIP_HAS_RACK = 1 << 9,
        SIP_HAS_RETRY_AFTER = 1 << 10,
        SIP_HAS_EXPIRES = 1 << 11,
        SIP_HAS_CONTENT_TYPE = 1 << 12,
        SIP_HAS_CONTENT_LENGTH = 1 << 13,

        SIP_HEADERS_REQUIRED =
                SIP_HAS_VIA | SIP_HAS_FROM | SIP_HAS_TO | SIP_HAS_CALL_ID | SIP_HAS_CSEQ,
        /* Two of these in one message leave two readings: they are refused. */
        SIP_HEADERS_ONCE = SIP_HAS_FROM | SIP_HAS_TO | SIP_HAS_CALL_ID | SIP_HAS_CSEQ |
                           SIP_HAS_MAX_FORWARDS | SIP_HAS_SESSION_EXPIRES | SIP_HAS_MIN_SE |
                           SIP_HAS_RSEQ | SIP_HAS_RACK | SIP_HAS_RETRY_AFTER | SIP_HAS_EXPIRES |
                           SIP_HAS_CONTENT_TYPE | SIP_HAS_CONTENT_LENGTH,
};

struct sip_reader {
        struct sip_msg *msg;
        uint32_t declared_length; /* value of Content-Length */
        bool has_other_encoding;  /* a Content-Encoding but identity */
};

/* ERR_SYNTAX, or ERR_TOO_LARGE when an array of the message is full. */
typedef int sip_header_fn(struct text_cursor *value, struct sip_reader *r);

struct sip_header {
        struct slice name; /* lower case, full or compact */
        uint32_t bit;      /* SIP_HAS_*, or 0 */
        sip_header_fn *read;
};

/* The ends and the length of a name tell all of them apart. */
#define SIP_HEADER_SLOTS                  64
#define SIP_HEADER_SLOT(first, last, len) (((first)*8 + (last)*13 + (len)*7) % SIP_HEADER_SLOTS)

extern const struct sip_header sip_headers[SIP_HEADER_SLOTS];

/* In any case; NULL when it is one that nothing reads. `name` is a token, and not empty. */
static inline const struct sip_header *sip_header_find(struct slice name)
{
        unsigned first = (uint8_t)name.p[0] | 0x20, last = (uint8_t)name.p[name.len - 1] | 0x20;
        const struct sip_header *header = &sip_headers[SIP_HEADER_SLOT(first, last, name.len)];
        return text_is_word(name, header->name) ? header : NULL;
}

#endif
