/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_text.h - the lexical rules that SIP headers and URIs share (RFC 3261 25.1).
 *
 * Internal to wire/. A header value has passed the line scan of sip_msg.c, so that CR and LF occur
 * in it only as folds: they count as white space.
 */
#ifndef MASKLINE_WIRE_SIP_TEXT_H
#define MASKLINE_WIRE_SIP_TEXT_H

#include "wire/text.h"

extern const struct text_class sip_token;
extern const struct text_class sip_word;   /* of a Call-ID */
extern const struct text_class sip_value;  /* of a header parameter: token or host */
extern const struct text_class sip_host;   /* a name or an IPv4 address */
extern const struct text_class sip_quoted; /* between quotes; without backslash and UTF-8 */
extern const struct text_class sip_hex;

/* Of a URI; "%" is in none of them, see sip_take_escaped(). */
extern const struct text_class sip_user;
extern const struct text_class sip_user_params; /* with the ";" before them */
extern const struct text_class sip_password;
extern const struct text_class sip_uparam;   /* name or value of a parameter */
extern const struct text_class sip_uheaders; /* what follows "?" */
extern const struct text_class sip_opaque;   /* what follows a scheme that we do not read */
extern const struct text_class sip_scheme_part;
extern const struct text_class sip_tel;

/* The "%XX" that the cursor is at. */
static inline bool sip_take_escape(struct text_cursor *c)
{
        if (c->end - c->p < 3 || !text_is(c->p[1], &sip_hex) || !text_is(c->p[2], &sip_hex))
                return false;
        c->p += 3;
        return true;
}

/* A run of members with escapes between them; false when a "%" has no two hex digits. */
static inline bool sip_take_escaped(struct text_cursor *c, const struct text_class *class,
                                    struct slice *out)
{
        const char *start = c->p;
        text_take(c, class);
        while (text_at(c, '%')) {
                if (!sip_take_escape(c))
                        return false;
                text_take(c, class);
        }
        *out = (struct slice){start, (size_t)(c->p - start)};
        return true;
}

/* quoted-string with its quotes; the cursor is at the first of them. */
bool sip_take_quoted(struct text_cursor *c, struct slice *out);

/*
 * host: a name, a dotted quad or an IPv6 address in brackets. Without a second reading: what ends
 * in a numeric label is a dotted quad without leading zeros, or refused.
 */
bool sip_take_host(struct text_cursor *c, struct slice *out);

/* An IP address, IPv6 with or without brackets. */
bool sip_is_ip(struct slice s);

/* A port, 1 to 65535. */
static inline bool sip_take_port(struct text_cursor *c, uint16_t *out)
{
        uint32_t port;
        if (!text_take_u32(c, 65535, &port) || port == 0)
                return false;
        *out = (uint16_t)port;
        return true;
}

struct sip_param {
        struct slice name;
        struct slice value; /* a quoted one with its quotes */
        bool has_value;
        bool is_token; /* the value; else it is a host or quoted, or there is none */
};

/* generic-param; the cursor is behind the ";" and ends behind the last byte of the parameter. */
static inline bool sip_take_param(struct text_cursor *c, struct sip_param *out)
{
        text_skip_lws(c);
        out->name = text_take(c, &sip_token);
        out->value = SLICE_NONE;
        out->has_value = out->is_token = false;
        if (out->name.len == 0)
                return false;

        const char *after_name = c->p;
        if (!text_take_char(c, '=')) {
                c->p = after_name;
                return true;
        }
        out->has_value = true;
        if (text_at(c, '"'))
                return sip_take_quoted(c, &out->value);
        out->value = text_take(c, &sip_token);
        out->is_token = text_at_end(c) || !text_is(*c->p, &sip_value);
        if (!out->is_token)
                out->value.len += text_take(c, &sip_value).len;
        return out->value.len > 0;
}

struct sip_uri;

/* A URI up to the first byte that cannot be part of it; the caller looks whether it may end there. */
bool sip_take_uri(struct text_cursor *c, struct sip_uri *out);

#endif
