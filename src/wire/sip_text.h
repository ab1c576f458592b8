/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_text.h - the lexical rules that SIP headers and URIs share (RFC 3261 25.1).
 *
 * Internal to wire/. A cursor walks one header value or one URI and never leaves it. The value
 * has passed the line scan of sip_msg.c, so that CR and LF occur in it only as folds: they count
 * as white space here.
 */
#ifndef MASKLINE_WIRE_SIP_TEXT_H
#define MASKLINE_WIRE_SIP_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* What a byte may be part of; "%" is in the URI classes, its two hex digits are checked apart. */
enum {
        SIP_TOKEN = 1 << 0,
        SIP_WORD = 1 << 1,     /* of a Call-ID */
        SIP_USER = 1 << 2,     /* of a URI, with user parameters */
        SIP_PASSWORD = 1 << 3, /* of a URI */
        SIP_PARAM = 1 << 4,    /* name or value of a URI parameter */
        SIP_HEADERS = 1 << 5,  /* what follows "?" in a URI */
        SIP_HOST = 1 << 6,     /* of a name or an IPv4 address */
        SIP_VALUE = 1 << 7,    /* of a header parameter: token or host */
        SIP_HEX = 1 << 8,
        SIP_OPAQUE = 1 << 9, /* of a URI that we do not read */
};

extern const uint16_t sip_class[256];

static inline bool sip_is(char c, unsigned classes)
{
        return (sip_class[(uint8_t)c] & classes) != 0;
}

/* But a tab, which is white space. */
static inline bool sip_is_control(uint8_t c)
{
        return (c < ' ' && c != '\t') || c == 0x7f;
}

struct sip_cursor {
        const char *p;
        const char *end;
};

static inline struct sip_cursor sip_cursor(struct slice s)
{
        const char *p = s.len ? s.p : ""; /* no arithmetic on NULL */
        return (struct sip_cursor){p, p + s.len};
}

static inline bool sip_at_end(const struct sip_cursor *c)
{
        return c->p == c->end;
}

static inline bool sip_at(const struct sip_cursor *c, char ch)
{
        return c->p < c->end && *c->p == ch;
}

static inline void sip_skip_lws(struct sip_cursor *c)
{
        while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r' || *c->p == '\n'))
                c->p++;
}

/* A run of bytes of the class; may be empty. */
static inline struct slice sip_take(struct sip_cursor *c, unsigned class)
{
        const char *start = c->p;
        while (c->p < c->end && sip_is(*c->p, class))
                c->p++;
        return (struct slice){start, (size_t)(c->p - start)};
}

/* The same for the classes of a URI; false when a "%" has no two hex digits. */
bool sip_take_escaped(struct sip_cursor *c, unsigned class, struct slice *out);

/* White space, `ch`, white space (SLASH, SEMI, COMMA, EQUAL ...). */
bool sip_take_char(struct sip_cursor *c, char ch);

/* quoted-string with its quotes; the cursor is at the first of them. */
bool sip_take_quoted(struct sip_cursor *c, struct slice *out);

/* 1*DIGIT up to `max`. */
bool sip_take_u32(struct sip_cursor *c, uint32_t max, uint32_t *out);

/*
 * host: a name, a dotted quad or an IPv6 address in brackets. Without a second reading: what ends
 * in a numeric label is a dotted quad without leading zeros, or refused.
 */
bool sip_take_host(struct sip_cursor *c, struct slice *out);

/* A port, 1 to 65535. */
bool sip_take_port(struct sip_cursor *c, uint16_t *out);

struct sip_param {
        struct slice name;
        struct slice value; /* a quoted one with its quotes */
        bool has_value;
};

/* generic-param; the cursor is behind the ";" and ends behind the last byte of the parameter. */
bool sip_take_param(struct sip_cursor *c, struct sip_param *out);

/* Whether `s` is `lower`, which has no upper-case letters, in any case. */
bool sip_is_word(struct slice s, struct slice lower);

#endif
