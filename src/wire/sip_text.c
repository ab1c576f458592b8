/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sip_text.h"

#include <string.h>

#include "base/addr.h"

#define URI_ALL (SIP_USER | SIP_PASSWORD | SIP_PARAM | SIP_HEADERS | SIP_OPAQUE)
#define TOKEN   (SIP_TOKEN | SIP_WORD | SIP_VALUE)
#define ALNUM   (TOKEN | URI_ALL | SIP_HOST)
#define MARK    (TOKEN | URI_ALL)

/* RFC 3261 25.1. An underscore in a host is against it, but common, and delimits nothing. */
const uint16_t sip_class[256] = {
        ['0' ... '9'] = ALNUM | SIP_HEX,
        ['A' ... 'F'] = ALNUM | SIP_HEX,
        ['G' ... 'Z'] = ALNUM,
        ['a' ... 'f'] = ALNUM | SIP_HEX,
        ['g' ... 'z'] = ALNUM,
        ['-'] = MARK | SIP_HOST,
        ['.'] = MARK | SIP_HOST,
        ['_'] = MARK | SIP_HOST,
        ['!'] = MARK,
        ['~'] = MARK,
        ['*'] = MARK,
        ['\''] = MARK,
        ['%'] = MARK,
        ['+'] = MARK,
        ['`'] = TOKEN,
        ['('] = SIP_WORD | URI_ALL,
        [')'] = SIP_WORD | URI_ALL,
        ['&'] = URI_ALL,
        ['='] = SIP_USER | SIP_PASSWORD | SIP_HEADERS | SIP_OPAQUE,
        ['$'] = URI_ALL,
        [','] = SIP_USER | SIP_PASSWORD | SIP_OPAQUE,
        [';'] = SIP_USER | SIP_OPAQUE,
        ['?'] = SIP_USER | SIP_HEADERS | SIP_WORD | SIP_OPAQUE,
        ['/'] = SIP_USER | SIP_PARAM | SIP_HEADERS | SIP_WORD | SIP_OPAQUE,
        ['['] = SIP_PARAM | SIP_HEADERS | SIP_WORD | SIP_VALUE,
        [']'] = SIP_PARAM | SIP_HEADERS | SIP_WORD | SIP_VALUE,
        [':'] = SIP_PARAM | SIP_HEADERS | SIP_WORD | SIP_VALUE | SIP_OPAQUE,
        ['@'] = SIP_OPAQUE,
        ['<'] = SIP_WORD,
        ['>'] = SIP_WORD,
        ['\\'] = SIP_WORD,
        ['"'] = SIP_WORD,
        ['{'] = SIP_WORD,
        ['}'] = SIP_WORD,
};

bool sip_take_escaped(struct sip_cursor *c, unsigned class, struct slice *out)
{
        const char *start = c->p;
        while (c->p < c->end && sip_is(*c->p, class)) {
                if (*c->p != '%') {
                        c->p++;
                        continue;
                }
                if (c->end - c->p < 3 || !sip_is(c->p[1], SIP_HEX) || !sip_is(c->p[2], SIP_HEX))
                        return false;
                c->p += 3;
        }
        *out = (struct slice){start, (size_t)(c->p - start)};
        return true;
}

bool sip_take_char(struct sip_cursor *c, char ch)
{
        sip_skip_lws(c);
        if (!sip_at(c, ch))
                return false;
        c->p++;
        sip_skip_lws(c);
        return true;
}

bool sip_take_quoted(struct sip_cursor *c, struct slice *out)
{
        const char *start = c->p++;
        while (c->p < c->end) {
                uint8_t ch = (uint8_t)*c->p++;
                if (ch == '"') {
                        *out = (struct slice){start, (size_t)(c->p - start)};
                        return true;
                }
                if (ch == '\\') {
                        if (sip_at_end(c) || *c->p == '\r' || *c->p == '\n')
                                return false;
                        c->p++;
                } else if (sip_is_control(ch) && ch != '\r' && ch != '\n') {
                        return false;
                }
        }
        return false;
}

bool sip_take_u32(struct sip_cursor *c, uint32_t max, uint32_t *out)
{
        const char *start = c->p;
        uint64_t value = 0;
        while (c->p < c->end && *c->p >= '0' && *c->p <= '9') {
                value = value * 10 + (uint64_t)(*c->p++ - '0');
                if (value > max)
                        return false;
        }
        if (c->p == start)
                return false;
        *out = (uint32_t)value;
        return true;
}

static bool is_dotted_quad(struct slice s)
{
        struct sip_cursor c = sip_cursor(s);
        for (int part = 0; part < 4; part++) {
                if (part > 0) {
                        if (!sip_at(&c, '.'))
                                return false;
                        c.p++;
                }
                const char *digits = c.p;
                uint32_t value;
                if (!sip_take_u32(&c, 255, &value) || (*digits == '0' && c.p - digits > 1))
                        return false;
        }
        return sip_at_end(&c);
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
        if (!is_dotted_quad((struct slice){quad, quad_bytes}))
                return false;

        char text[ADDR_TEXT_MAX];
        struct addr a;
        struct buf b;
        buf_init(&b, text, sizeof text);
        buf_put(&b, bracketed.p, (size_t)(colons + 2 - bracketed.p));
        buf_put(&b, quad, quad_bytes + 1);
        return buf_ok(&b) && addr_parse_ip(buf_slice(&b), &a) == 0;
}

static bool take_ipv6(struct sip_cursor *c, struct slice *out)
{
        const char *start = c->p;
        while (c->p < c->end && *c->p != ']')
                c->p++;
        if (sip_at_end(c))
                return false;
        c->p++;

        struct addr a;
        *out = (struct slice){start, (size_t)(c->p - start)};
        return addr_parse_ip(*out, &a) == 0 || has_third_colon(*out);
}

/* Labels are not empty and neither begin nor end with "-"; one final dot is allowed. */
static bool is_hostname(struct slice s)
{
        char before = '.';
        for (size_t i = 0; i < s.len; i++) {
                char ch = s.p[i];
                if ((before == '.' && (ch == '.' || ch == '-')) || (before == '-' && ch == '.'))
                        return false;
                before = ch;
        }
        return before != '-';
}

static char first_of_last_label(struct slice s)
{
        size_t at = s.len - 1;
        if (at > 0 && s.p[at] == '.')
                at--;
        while (at > 0 && s.p[at - 1] != '.')
                at--;
        return s.p[at];
}

bool sip_take_host(struct sip_cursor *c, struct slice *out)
{
        if (sip_at(c, '['))
                return take_ipv6(c, out);

        struct slice host = sip_take(c, SIP_HOST);
        if (host.len == 0)
                return false;
        char first = first_of_last_label(host);
        if (first >= '0' && first <= '9' ? !is_dotted_quad(host) : !is_hostname(host))
                return false;
        *out = host;
        return true;
}

bool sip_take_port(struct sip_cursor *c, uint16_t *out)
{
        uint32_t port;
        if (!sip_take_u32(c, 65535, &port) || port == 0)
                return false;
        *out = (uint16_t)port;
        return true;
}

bool sip_take_param(struct sip_cursor *c, struct sip_param *out)
{
        sip_skip_lws(c);
        out->name = sip_take(c, SIP_TOKEN);
        out->value = SLICE_NONE;
        out->has_value = false;
        if (out->name.len == 0)
                return false;

        struct sip_cursor ahead = *c;
        if (!sip_take_char(&ahead, '='))
                return true;
        *c = ahead;
        out->has_value = true;
        if (sip_at(c, '"'))
                return sip_take_quoted(c, &out->value);
        out->value = sip_take(c, SIP_VALUE);
        return out->value.len > 0;
}

bool sip_is_word(struct slice s, struct slice lower)
{
        if (s.len != lower.len)
                return false;
        for (size_t i = 0; i < s.len; i++) {
                char ch = s.p[i];
                if (ch >= 'A' && ch <= 'Z')
                        ch |= 0x20;
                if (ch != lower.p[i])
                        return false;
        }
        return true;
}
