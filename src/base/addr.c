/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* One to three digits up to 255, without a leading zero; three bytes can be loaded. */
static inline bool scan_octet(const char **p, uint8_t *out)
{
        unsigned a = (uint8_t)((*p)[0] - '0');
        unsigned b = (uint8_t)((*p)[1] - '0');
        unsigned c = (uint8_t)((*p)[2] - '0');
        unsigned value = a;
        if (a > 9)
                return false;
        if (b > 9) {
                *p += 1;
        } else if (c > 9) {
                value = a * 10 + b;
                *p += 2;
        } else {
                value = a * 100 + b * 10 + c;
                *p += 3;
        }
        *out = (uint8_t)value;
        return value <= 255 && (a > 0 || b > 9);
}

size_t addr_scan_quad(const char *text, uint8_t ip[4])
{
        const char *p = text;
        for (int i = 0; i < 3; i++) {
                if (!scan_octet(&p, &ip[i]) || *p++ != '.')
                        return 0;
        }
        return scan_octet(&p, &ip[3]) ? (size_t)(p - text) : 0;
}

/* What inet_pton(3) takes too, in a fraction of its time. */
static bool parse_quad(struct slice text, uint8_t ip[4])
{
        char padded[ADDR_QUAD_MAX + 1] = {0};
        if (text.len == 0 || text.len > ADDR_QUAD_MAX)
                return false;
        memcpy(padded, text.p, text.len);
        return addr_scan_quad(padded, ip) == text.len;
}

int addr_parse_ip(struct slice text, struct addr *out)
{
        struct addr a = {.family = 4};
        if (parse_quad(text, a.ip)) {
                *out = a;
                return 0;
        }

        if (text.len >= 2 && text.p[0] == '[' && text.p[text.len - 1] == ']') {
                text = (struct slice){text.p + 1, text.len - 2};
                if (!text.len || !memchr(text.p, ':', text.len))
                        return ERR_SYNTAX;
        }

        char ip[INET6_ADDRSTRLEN];
        if (text.len == 0 || slice_to_text(text, ip, sizeof ip) || memchr(text.p, '\0', text.len))
                return ERR_SYNTAX;

        a = (struct addr){.family = 6};
        if (inet_pton(AF_INET6, ip, a.ip) != 1)
                return ERR_SYNTAX;
        *out = a;
        return 0;
}

int addr_parse(struct slice text, uint16_t default_port, struct addr *out)
{
        struct addr a = {0};
        if (addr_parse_ip(text, &a) == 0) {
                a.port = default_port;
                *out = a;
                return 0;
        }

        size_t colon = text.len;
        while (colon && text.p[colon - 1] != ':')
                colon--;
        if (colon == 0)
                return ERR_SYNTAX;

        uint32_t port = 0;
        struct slice host = {text.p, colon - 1};
        struct slice digits = {text.p + colon, text.len - colon};
        if (slice_to_u32(digits, 65535, &port) || addr_parse_ip(host, &a))
                return ERR_SYNTAX;
        /* "2001:db8::1:5060" would be ambiguous: with a port, IPv6 wants its brackets. */
        if (a.family == 6 && host.p[0] != '[')
                return ERR_SYNTAX;
        a.port = (uint16_t)port;
        *out = a;
        return 0;
}

struct addr_text addr_format_ip(const struct addr *a)
{
        struct addr_text out = {{0}};
        if (a->family == 0)
                return out;
        inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, out.text, sizeof out.text);
        return out;
}

int addr_parse_either(struct slice text, struct addr *out)
{
        return addr_parse(text, 0, out);
}

struct addr_text addr_format(const struct addr *a)
{
        struct addr_text ip = addr_format_ip(a);
        struct addr_text out;
        struct buf b;
        buf_init(&b, out.text, sizeof out.text - 1);
        if (a->family == 6)
                buf_put_char(&b, '[');
        buf_put_text(&b, ip.text);
        if (a->family == 6)
                buf_put_char(&b, ']');
        buf_put_char(&b, ':');
        buf_put_u64(&b, a->port);
        out.text[b.len] = '\0';
        return out;
}

static size_t ip_bytes(const struct addr *a)
{
        return a->family == 6 ? 16 : 4;
}

bool addr_equal_ip(const struct addr *a, const struct addr *b)
{
        return a->family == b->family && memcmp(a->ip, b->ip, ip_bytes(a)) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
        return addr_equal_ip(a, b) && a->port == b->port;
}

bool addr_is_loopback(const struct addr *a)
{
        static const uint8_t loopback6[16] = {[15] = 1};
        return a->family == 4 ? a->ip[0] == 127 : a->family == 6 && !memcmp(a->ip, loopback6, 16);
}

bool addr_is_any(const struct addr *a)
{
        static const uint8_t zero[16];
        return memcmp(a->ip, zero, ip_bytes(a)) == 0;
}

const struct addr *addr_pair_find(const struct addr_pair *pair, uint8_t family)
{
        if (family == 0)
                return NULL;
        const struct addr *a = family == 4 ? &pair->ip4 : &pair->ip6;
        return a->family ? a : NULL;
}

const struct addr *addr_pair_first(const struct addr_pair *pair)
{
        const struct addr *ip4 = addr_pair_find(pair, 4);
        return ip4 ? ip4 : addr_pair_find(pair, 6);
}

int addr_pair_add(struct addr_pair *pair, const struct addr *a)
{
        struct addr *place = a->family == 4 ? &pair->ip4 : &pair->ip6;
        if (place->family)
                return ERR_CONFLICT;
        *place = *a;
        return 0;
}

bool addr_pair_is_empty(const struct addr_pair *pair)
{
        return !addr_pair_first(pair);
}

int addr_pair_parse(struct slice text, addr_parse_fn *parse, struct addr_pair *out)
{
        struct addr_pair pair = {0};
        struct slice rest = text;
        bool has_more = true;
        while (has_more) {
                struct addr a = {0}; /* pairs are compared as bytes, too */
                const struct slice one = slice_split(rest, ',', &rest);
                has_more = one.p + one.len < text.p + text.len;
                int err = parse(slice_trim(one), &a);
                if (!err)
                        err = addr_pair_add(&pair, &a);
                if (err)
                        return err;
        }
        *out = pair;
        return 0;
}

static void put_addr(struct buf *b, const struct addr *a)
{
        buf_put_text(b, a->port ? addr_format(a).text : addr_format_ip(a).text);
}

void addr_pair_put(struct buf *b, const struct addr_pair *pair)
{
        if (pair->ip4.family)
                put_addr(b, &pair->ip4);
        if (pair->ip4.family && pair->ip6.family)
                buf_put_text(b, ", ");
        if (pair->ip6.family)
                put_addr(b, &pair->ip6);
}

struct addr_pair addr_pair_of(struct addr a)
{
        struct addr_pair pair = {0};
        if (a.family)
                (void)!addr_pair_add(&pair, &a);
        return pair;
}

/* The bit at `i`, counted from the most significant one. */
static int bit_at(const struct addr *a, unsigned i)
{
        return a->ip[i / 8] >> (7 - i % 8) & 1;
}

int addr_prefix_parse(struct slice text, struct addr_prefix *out)
{
        struct slice length;
        struct slice ip = slice_split(text, '/', &length);
        struct addr_prefix p = {0};
        if (addr_parse_ip(ip, &p.addr))
                return ERR_SYNTAX;

        uint32_t width = (uint32_t)ip_bytes(&p.addr) * 8;
        uint32_t bits = width;
        if (ip.len != text.len && slice_to_u32(length, width, &bits))
                return ERR_SYNTAX;
        for (unsigned i = bits; i < width; i++) {
                if (bit_at(&p.addr, i))
                        return ERR_RANGE;
        }
        p.bits = (uint8_t)bits;
        *out = p;
        return 0;
}

static bool same_bits(const struct addr *a, const struct addr *b, uint8_t bits)
{
        if (a->family != b->family || memcmp(a->ip, b->ip, bits / 8) != 0)
                return false;
        for (unsigned i = bits & ~7u; i < bits; i++) {
                if (bit_at(a, i) != bit_at(b, i))
                        return false;
        }
        return true;
}

bool addr_prefix_has(const struct addr_prefix *prefix, const struct addr *a)
{
        return same_bits(&prefix->addr, a, prefix->bits);
}

bool addr_prefix_overlaps(const struct addr_prefix *a, const struct addr_prefix *b)
{
        return same_bits(&a->addr, &b->addr, a->bits < b->bits ? a->bits : b->bits);
}

void addr_prefix_put(struct buf *b, const struct addr_prefix *prefix)
{
        buf_put_text(b, addr_format_ip(&prefix->addr).text);
        buf_put_char(b, '/');
        buf_put_u64(b, prefix->bits);
}

uint32_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out)
{
        memset(out, 0, sizeof *out);
        if (a->family == 6) {
                struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
                in6->sin6_family = AF_INET6;
                in6->sin6_port = htons(a->port);
                memcpy(&in6->sin6_addr, a->ip, 16);
                return sizeof *in6;
        }

        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(a->port);
        memcpy(&in->sin_addr, a->ip, 4);
        return sizeof *in;
}

void addr_from_sockaddr(const struct sockaddr_storage *ss, struct addr *out)
{
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

        *out = (struct addr){0};
        if (ss->ss_family == AF_INET) {
                const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
                out->family = 4;
                out->port = ntohs(in->sin_port);
                memcpy(out->ip, &in->sin_addr, 4);
        } else if (ss->ss_family == AF_INET6) {
                const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
                const uint8_t *ip = in6->sin6_addr.s6_addr;
                bool is_mapped = memcmp(ip, mapped, sizeof mapped) == 0;
                out->family = is_mapped ? 4 : 6;
                out->port = ntohs(in6->sin6_port);
                memcpy(out->ip, is_mapped ? ip + 12 : ip, is_mapped ? 4 : 16);
        }
}
