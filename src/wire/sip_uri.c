/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_uri.h"

#include <string.h>

#include "wire/sip_text.h"

static unsigned hex_digit(char c)
{
        if (c <= '9')
                return (unsigned)(c - '0');
        return (unsigned)((c | 0x20) - 'a' + 10);
}

/* The next character of an escaped text; its escapes have been checked. */
static char unescape(const char **p)
{
        if (**p != '%')
                return *(*p)++;
        char c = (char)(hex_digit((*p)[1]) << 4 | hex_digit((*p)[2]));
        *p += 3;
        return c;
}

static bool is_name(struct slice escaped, const char *lower)
{
        const char *p = escaped.p;
        const char *end = p + escaped.len;
        while (p < end) {
                char c = unescape(&p);
                if (c >= 'A' && c <= 'Z')
                        c |= 0x20;
                if (c == '\0' || c != *lower++)
                        return false;
        }
        return *lower == '\0';
}

/* RFC 3261 19.1.1: a parameter name occurs once. */
static bool set_once(struct slice *out, struct slice value)
{
        if (out->len || value.len == 0)
                return false;
        *out = value;
        return true;
}

static bool note_param(struct sip_uri *uri, struct slice name, struct slice value)
{
        switch (name.p[0]) {
        case '%':
        case 'l':
        case 'L':
        case 'm':
        case 'M':
        case 't':
        case 'T':
                break;
        default:
                return true;
        }
        if (is_name(name, "transport"))
                return set_once(&uri->transport, value);
        if (is_name(name, "maddr"))
                return set_once(&uri->maddr, value);
        if (is_name(name, "lr")) {
                if (uri->has_lr)
                        return false;
                uri->has_lr = true;
        }
        return true;
}

static bool read_params(struct sip_cursor *c, struct sip_uri *uri)
{
        const char *first = c->p + 1;
        while (sip_at(c, ';')) {
                struct slice name;
                struct slice value = SLICE_NONE;
                c->p++;
                if (!sip_take_escaped(c, SIP_PARAM, &name) || name.len == 0)
                        return false;
                if (sip_at(c, '=')) {
                        c->p++;
                        if (!sip_take_escaped(c, SIP_PARAM, &value) || value.len == 0)
                                return false;
                }
                if (!note_param(uri, name, value))
                        return false;
        }
        uri->params = (struct slice){first, (size_t)(c->p - first)};
        return true;
}

static bool read_userinfo(struct slice text, struct sip_uri *uri)
{
        struct sip_cursor c = sip_cursor(text);
        struct slice user, password;
        if (!sip_take_escaped(&c, SIP_USER, &user) || user.len == 0)
                return false;
        if (sip_at(&c, ':')) {
                c.p++;
                if (!sip_take_escaped(&c, SIP_PASSWORD, &password))
                        return false;
        }
        if (!sip_at_end(&c))
                return false;

        uri->user = slice_split(user, ';', &uri->user_params);
        return true;
}

static bool read_sip(struct sip_cursor *c, struct sip_uri *uri)
{
        const char *at = memchr(c->p, '@', (size_t)(c->end - c->p));
        if (at) {
                if (!read_userinfo((struct slice){c->p, (size_t)(at - c->p)}, uri))
                        return false;
                c->p = at + 1;
        }
        if (!sip_take_host(c, &uri->host))
                return false;
        if (sip_at(c, ':')) {
                c->p++;
                if (!sip_take_port(c, &uri->port))
                        return false;
        }
        if (sip_at(c, ';') && !read_params(c, uri))
                return false;
        if (sip_at(c, '?')) {
                c->p++;
                if (!sip_take_escaped(c, SIP_HEADERS, &uri->headers) || uri->headers.len == 0)
                        return false;
        }
        return sip_at_end(c);
}

/* RFC 3966: "+" and digits, or a local number with its signs; visual separators in both. */
static bool read_tel(struct sip_cursor *c, struct sip_uri *uri)
{
        const char *start = c->p;
        bool is_global = sip_at(c, '+');
        bool has_digit = false;
        if (is_global)
                c->p++;
        for (; c->p < c->end && *c->p != ';'; c->p++) {
                char ch = *c->p;
                bool is_digit = ch >= '0' && ch <= '9';
                bool is_local = sip_is(ch, SIP_HEX) || ch == '*' || ch == '#';
                bool separates = ch == '-' || ch == '.' || ch == '(' || ch == ')';
                if (!is_digit && !separates && (is_global || !is_local))
                        return false;
                has_digit |= !separates;
        }
        uri->user = (struct slice){start, (size_t)(c->p - start)};
        if (sip_at(c, ';') && !read_params(c, uri))
                return false;
        return has_digit && sip_at_end(c);
}

static bool read_opaque(struct sip_cursor *c)
{
        struct slice rest;
        return sip_take_escaped(c, SIP_OPAQUE, &rest) && rest.len > 0 && sip_at_end(c);
}

/* RFC 3986 3.1: a letter, then letters, digits, "+", "-" and "."; the cursor ends behind ":". */
static bool read_scheme(struct sip_cursor *c, struct slice *out)
{
        const char *start = c->p;
        while (c->p < c->end && *c->p != ':') {
                char letter = (char)(*c->p | 0x20);
                bool is_letter = letter >= 'a' && letter <= 'z';
                bool is_other = (*c->p >= '0' && *c->p <= '9') || *c->p == '+' || *c->p == '-' ||
                                *c->p == '.';
                if (!is_letter && (c->p == start || !is_other))
                        return false;
                c->p++;
        }
        if (sip_at_end(c) || c->p == start)
                return false;
        *out = (struct slice){start, (size_t)(c->p - start)};
        c->p++;
        return true;
}

static bool read_by_scheme(struct sip_cursor *c, struct sip_uri *uri)
{
        struct slice scheme;
        if (!read_scheme(c, &scheme))
                return false;
        if (sip_is_word(scheme, SLICE("sip"))) {
                uri->scheme = SIP_SCHEME_SIP;
                return read_sip(c, uri);
        }
        if (sip_is_word(scheme, SLICE("sips"))) {
                uri->scheme = SIP_SCHEME_SIPS;
                return read_sip(c, uri);
        }
        if (sip_is_word(scheme, SLICE("tel"))) {
                uri->scheme = SIP_SCHEME_TEL;
                return read_tel(c, uri);
        }
        uri->scheme = SIP_SCHEME_OTHER;
        return read_opaque(c);
}

int sip_uri_parse(struct slice text, struct sip_uri *out)
{
        struct sip_uri uri = {.text = text};
        struct sip_cursor c = sip_cursor(text);
        if (text.len == 0 || !read_by_scheme(&c, &uri))
                return ERR_SYNTAX;
        *out = uri;
        return 0;
}

int sip_uri_unescape(struct slice escaped, char *out, size_t out_bytes)
{
        struct sip_cursor c = sip_cursor(escaped);
        size_t len = 0;
        for (const char *p = c.p; p < c.end; len++) {
                if (unescape(&p) == '\0')
                        return ERR_SYNTAX;
        }
        if (len >= out_bytes)
                return ERR_TOO_LARGE;

        for (const char *p = c.p; p < c.end;)
                *out++ = unescape(&p);
        *out = '\0';
        return 0;
}

int sip_uri_user(const struct sip_uri *uri, char *out, size_t out_bytes)
{
        return sip_uri_unescape(uri->user, out, out_bytes);
}
