/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_uri.h"

#include <string.h>

#include "base/steps.h"
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

static inline bool is_name(struct slice name, struct slice lower)
{
        if (text_is_word(name, lower))
                return true;
        if (name.len <= lower.len)
                return false;

        /* Longer: it is the same name only by its escapes. */
        const char *end = name.p + name.len;
        size_t i = 0;
        for (const char *p = name.p; p < end; i++) {
                char c = unescape(&p);
                if (c >= 'A' && c <= 'Z')
                        c |= 0x20;
                if (i == lower.len || c != lower.p[i])
                        return false;
        }
        return i == lower.len;
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
        if (is_name(name, SLICE("transport")))
                return set_once(&uri->transport, value);
        if (is_name(name, SLICE("maddr")))
                return set_once(&uri->maddr, value);
        if (is_name(name, SLICE("lr"))) {
                if (uri->has_lr)
                        return false;
                uri->has_lr = true;
        }
        return true;
}

static bool take_params(struct text_cursor *c, struct sip_uri *uri)
{
        const char *first = c->p + 1;
        while (text_at(c, ';')) {
                struct slice name;
                struct slice value = SLICE_NONE;
                c->p++;
                if (!sip_take_escaped(c, &sip_uparam, &name) || name.len == 0)
                        return false;
                if (text_at(c, '=')) {
                        c->p++;
                        if (!sip_take_escaped(c, &sip_uparam, &value) || value.len == 0)
                                return false;
                }
                if (!note_param(uri, name, value))
                        return false;
        }
        uri->params = (struct slice){first, (size_t)(c->p - first)};
        return true;
}

/*
 * Whether there is a userinfo shows at its "@" only. Without one the cursor stays, and what was
 * read is read again as the host.
 */
static bool take_userinfo(struct text_cursor *c, struct sip_uri *uri)
{
        struct text_cursor ahead = *c;
        struct slice user, password;
        struct slice params = SLICE_NONE;
        if (!sip_take_escaped(&ahead, &sip_user, &user))
                return false;
        if (text_at(&ahead, ';') && !sip_take_escaped(&ahead, &sip_user_params, &params))
                return false;
        if (text_at(&ahead, ':')) {
                ahead.p++;
                if (!sip_take_escaped(&ahead, &sip_password, &password))
                        return false;
        }
        if (!text_at(&ahead, '@'))
                return true;
        if (ahead.p == c->p)
                return false;

        uri->user = user;
        if (params.len)
                uri->user_params = (struct slice){params.p + 1, params.len - 1};
        c->p = ahead.p + 1;
        return true;
}

static bool take_sip(struct text_cursor *c, struct sip_uri *uri)
{
        if (!take_userinfo(c, uri) || !sip_take_host(c, &uri->host))
                return false;
        if (text_at(c, ':')) {
                c->p++;
                if (!sip_take_port(c, &uri->port))
                        return false;
        }
        if (text_at(c, ';') && !take_params(c, uri))
                return false;
        if (!text_at(c, '?'))
                return true;
        c->p++;
        return sip_take_escaped(c, &sip_uheaders, &uri->headers) && uri->headers.len > 0;
}

/* RFC 3966: "+" and digits, or a local number with its signs; visual separators in both. */
static bool is_phone_number(struct slice s)
{
        bool is_global = s.len && s.p[0] == '+';
        bool has_digit = false;
        for (size_t i = is_global; i < s.len; i++) {
                char c = s.p[i];
                bool separates = c == '-' || c == '.' || c == '(' || c == ')';
                if (c == '+' || (is_global && !separates && !text_is_digit(c)))
                        return false;
                has_digit |= !separates;
        }
        return has_digit;
}

static bool take_tel(struct text_cursor *c, struct sip_uri *uri)
{
        uri->user = text_take(c, &sip_tel);
        if (!is_phone_number(uri->user))
                return false;
        return !text_at(c, ';') || take_params(c, uri);
}

static bool take_opaque(struct text_cursor *c)
{
        struct slice rest;
        return sip_take_escaped(c, &sip_opaque, &rest) && rest.len > 0;
}

/* RFC 3986 3.1: a letter, then letters, digits, "+", "-" and "."; the cursor ends behind ":". */
static bool take_scheme(struct text_cursor *c, struct slice *out)
{
        *out = text_take(c, &sip_scheme_part);
        if (!text_at(c, ':') || out->len == 0 || (out->p[0] | 0x20) < 'a')
                return false;
        c->p++;
        return true;
}

static bool take_by_scheme(struct text_cursor *c, struct sip_uri *uri)
{
        struct slice scheme;
        if (c->end - c->p > 4 && c->p[3] == ':' &&
            text_is_word((struct slice){c->p, 3}, SLICE("sip"))) {
                c->p += 4;
                return take_sip(c, uri); /* SIP_SCHEME_SIP is 0 */
        }
        if (!take_scheme(c, &scheme))
                return false;
        if (text_is_word(scheme, SLICE("sips"))) {
                uri->scheme = SIP_SCHEME_SIPS;
                return take_sip(c, uri);
        }
        if (text_is_word(scheme, SLICE("tel"))) {
                uri->scheme = SIP_SCHEME_TEL;
                return take_tel(c, uri);
        }
        uri->scheme = SIP_SCHEME_OTHER;
        return take_opaque(c);
}

bool sip_take_uri(struct text_cursor *c, struct sip_uri *out)
{
        const char *start = c->p;
        memset(out, 0, sizeof *out);
        if (!take_by_scheme(c, out))
                return false;
        out->text = (struct slice){start, (size_t)(c->p - start)};
        return true;
}

int sip_uri_parse(struct slice text, struct sip_uri *out)
{
        struct text_cursor c = text_cursor(text);
        struct sip_uri uri;
        uint64_t before = steps_taken();
        bool is_good = sip_take_uri(&c, &uri) && text_at_end(&c);
        steps_assert_bounded(before, text.len);
        if (!is_good)
                return ERR_SYNTAX;
        *out = uri;
        return 0;
}

int sip_uri_unescape(struct slice escaped, char *out, size_t out_bytes)
{
        struct text_cursor c = text_cursor(escaped);
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
