/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_text.h"

#include "base/addr.h"

/* The classes of RFC 3261 25.1 and what they are made of, as constant expressions. */
#define IS_DIGIT(c)   ((c) >= '0' && (c) <= '9')
#define IS_ALPHA(c)   (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'z')
#define IS_ALNUM(c)   (IS_ALPHA(c) || IS_DIGIT(c))
#define IS_BRACKET(c) ((c) == '[' || (c) == ']')
#define IS_PAREN(c)   ((c) == '(' || (c) == ')')
#define IS_MARK(c)                                                                                 \
        ((c) == '-' || (c) == '_' || (c) == '.' || (c) == '!' || (c) == '~' || (c) == '*' ||       \
         (c) == '\'')
#define IS_UNRESERVED(c) (IS_ALNUM(c) || IS_MARK(c) || IS_PAREN(c))
#define IS_TOKEN(c)      (IS_ALNUM(c) || IS_MARK(c) || (c) == '%' || (c) == '+' || (c) == '`')
#define IS_WORD(c)                                                                                 \
        (IS_TOKEN(c) || IS_PAREN(c) || IS_BRACKET(c) || (c) == '<' || (c) == '>' || (c) == ':' ||  \
         (c) == '\\' || (c) == '"' || (c) == '/' || (c) == '?' || (c) == '{' || (c) == '}')
#define IS_VALUE(c) (IS_TOKEN(c) || IS_BRACKET(c) || (c) == ':')
/* An underscore in a host is against the grammar, but common, and delimits nothing. */
#define IS_HOST(c)  (IS_ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_')
#define IS_PASSWORD(c)                                                                             \
        (IS_UNRESERVED(c) || (c) == '&' || (c) == '=' || (c) == '+' || (c) == '$' || (c) == ',')
#define IS_USER(c)       (IS_PASSWORD(c) || (c) == '?' || (c) == '/')
#define IS_USER_PARAM(c) (IS_USER(c) || (c) == ';')
#define IS_UPARAM(c)                                                                               \
        (IS_UNRESERVED(c) || IS_BRACKET(c) || (c) == '/' || (c) == ':' || (c) == '&' ||            \
         (c) == '+' || (c) == '$')
#define IS_UHEADERS(c) (IS_UPARAM(c) || (c) == '?' || (c) == '=')
#define IS_OPAQUE(c)   (IS_USER_PARAM(c) || (c) == ':' || (c) == '@')
#define IS_SCHEME(c)   (IS_ALNUM(c) || (c) == '+' || (c) == '-' || (c) == '.')
#define IS_HEX(c)      (IS_DIGIT(c) || (((c) | 0x20) >= 'a' && ((c) | 0x20) <= 'f'))
/* Digits of global and local numbers, and visual separators (RFC 3966). */
#define IS_TEL(c)                                                                                  \
        (IS_HEX(c) || IS_PAREN(c) || (c) == '+' || (c) == '*' || (c) == '#' || (c) == '-' ||       \
         (c) == '.')

#define IS_QUOTED(c) (((c) >= ' ' && (c) < 0x7f && (c) != '"' && (c) != '\\') || (c) == '\t')

const struct text_class sip_token = TEXT_CLASS(IS_TOKEN);
const struct text_class sip_word = TEXT_CLASS(IS_WORD);
const struct text_class sip_value = TEXT_CLASS(IS_VALUE);
const struct text_class sip_host = TEXT_CLASS(IS_HOST);
const struct text_class sip_user = TEXT_CLASS(IS_USER);
const struct text_class sip_user_params = TEXT_CLASS(IS_USER_PARAM);
const struct text_class sip_password = TEXT_CLASS(IS_PASSWORD);
const struct text_class sip_uparam = TEXT_CLASS(IS_UPARAM);
const struct text_class sip_uheaders = TEXT_CLASS(IS_UHEADERS);
const struct text_class sip_opaque = TEXT_CLASS(IS_OPAQUE);
const struct text_class sip_scheme_part = TEXT_CLASS(IS_SCHEME);
const struct text_class sip_tel = TEXT_CLASS(IS_TEL);
const struct text_class sip_hex = TEXT_CLASS(IS_HEX);
const struct text_class sip_quoted = TEXT_CLASS(IS_QUOTED);

bool sip_take_quoted(struct text_cursor *c, struct slice *out)
{
        const char *start = c->p++;
        for (;;) {
                text_take(c, &sip_quoted);
                if (text_at_end(c))
                        return false;
                uint8_t ch = (uint8_t)*c->p++;
                if (ch == '"')
                        break;
                if (ch == '\\') {
                        if (text_at_end(c) || *c->p == '\r' || *c->p == '\n')
                                return false;
                        c->p++;
                } else if (text_is_control(ch) && ch != '\r' && ch != '\n') {
                        return false;
                }
        }
        *out = (struct slice){start, (size_t)(c->p - start)};
        return true;
}

static bool take_quad(struct text_cursor *c)
{
        uint8_t ip[4];
        if (c->readable - c->p >= ADDR_QUAD_MAX) {
                size_t len = addr_scan_quad(c->p, ip);
                if (len == 0 || (size_t)(c->end - c->p) < len)
                        return false;
                c->p += len;
                return true;
        }

        char padded[ADDR_QUAD_MAX] = {0};
        memcpy(padded, c->p, (size_t)(c->end - c->p));
        size_t len = addr_scan_quad(padded, ip);
        c->p += len;
        return len > 0;
}

static bool is_quad(struct slice s)
{
        struct addr a;
        return addr_parse_ip(s, &a) == 0 && a.family == 4;
}

/*
 * RFC 5118 4.10: the grammar of RFC 3261 wants a third colon before an embedded IPv4 address, and
 * both writings must be tolerated.
 */
static bool has_third_colon(struct slice bracketed)
{
        const char *colons = memmem(bracketed.p, bracketed.len, ":::", 3);
        if (!colons)
                return false;
        const char *quad = colons + 3;
        size_t quad_bytes = (size_t)(bracketed.p + bracketed.len - 1 - quad);
        if (!is_quad((struct slice){quad, quad_bytes}))
                return false;

        char text[ADDR_TEXT_MAX];
        struct addr a;
        struct buf b;
        buf_init(&b, text, sizeof text);
        buf_put(&b, bracketed.p, (size_t)(colons + 2 - bracketed.p));
        buf_put(&b, quad, quad_bytes + 1);
        return buf_ok(&b) && addr_parse_ip(buf_slice(&b), &a) == 0;
}

static bool take_ipv6(struct text_cursor *c, struct slice *out)
{
        const char *start = c->p;
        while (c->p < c->end && *c->p != ']')
                c->p++;
        if (text_at_end(c))
                return false;
        c->p++;

        struct addr a;
        *out = (struct slice){start, (size_t)(c->p - start)};
        return addr_parse_ip(*out, &a) == 0 || has_third_colon(*out);
}

/* The labels are not looked at further: a name that is none does not resolve. */
static bool is_hostname(struct slice s)
{
        size_t at = s.len - 1;
        if (at > 0 && s.p[at] == '.')
                at--;
        while (at > 0 && s.p[at - 1] != '.')
                at--;
        return IS_ALNUM(s.p[0]) && !IS_DIGIT(s.p[at]);
}

bool sip_take_host(struct text_cursor *c, struct slice *out)
{
        const char *start = c->p;
        if (text_at(c, '['))
                return take_ipv6(c, out);

        if (take_quad(c) && (text_at_end(c) || !text_is(*c->p, &sip_host))) {
                *out = (struct slice){start, (size_t)(c->p - start)};
                return true;
        }
        c->p = start;
        *out = text_take(c, &sip_host);
        return out->len > 0 && is_hostname(*out);
}

bool sip_is_ip(struct slice s)
{
        struct addr a;
        return addr_parse_ip(s, &a) == 0;
}
