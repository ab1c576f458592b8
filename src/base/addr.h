/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addr.h - a transport address as a value: family, IP address, port; and address prefixes.
 */
#ifndef MASKLINE_BASE_ADDR_H
#define MASKLINE_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct sockaddr_storage;

struct addr {
        uint8_t family; /* 0: none, 4, 6 */
        uint16_t port;  /* 0: none */
        uint8_t ip[16]; /* IPv4 in the first four bytes, the rest zero */
};

struct addr_prefix {
        struct addr addr; /* port unused */
        uint8_t bits;
};

#define ADDR_TEXT_MAX 56 /* "[" 45 "]:" 5 NUL */

struct addr_text {
        char text[ADDR_TEXT_MAX];
};

/* An IP address alone, IPv6 with or without brackets; the port is 0. No names. */
int addr_parse_ip(struct slice text, struct addr *out) MUST_CHECK;

/*
 * The dotted quad that a text begins with, strictly: up to 255, no leading zeros. Its length, 0 when
 * there is none. ADDR_QUAD_MAX bytes are loaded from `text`, whatever they are.
 */
#define ADDR_QUAD_MAX 15
size_t addr_scan_quad(const char *text, uint8_t ip[4]);

/* "192.0.2.1:5060", "[2001:db8::1]:5060"; without a port, `default_port`. */
int addr_parse(struct slice text, uint16_t default_port, struct addr *out) MUST_CHECK;

/* With a port, or without: 0. */
int addr_parse_either(struct slice text, struct addr *out) MUST_CHECK;

struct addr_text addr_format(const struct addr *a);    /* with the port, IPv6 in brackets */
struct addr_text addr_format_ip(const struct addr *a); /* without port and brackets (SDP) */

bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_equal_ip(const struct addr *a, const struct addr *b); /* ports aside */
bool addr_is_loopback(const struct addr *a);
bool addr_is_any(const struct addr *a); /* 0.0.0.0 or :: */

/* "192.0.2.0/24", "2001:db8::/32", or one address. Bits set beyond the length: ERR_RANGE. */
int addr_prefix_parse(struct slice text, struct addr_prefix *out) MUST_CHECK;
bool addr_prefix_has(const struct addr_prefix *prefix, const struct addr *a);
bool addr_prefix_overlaps(const struct addr_prefix *a, const struct addr_prefix *b);
void addr_prefix_put(struct buf *b, const struct addr_prefix *prefix);

/* At most one of each family: where something listens. */
struct addr_pair {
        struct addr ip4, ip6; /* family 0: none */
};
const struct addr *addr_pair_find(const struct addr_pair *pair, uint8_t family); /* or NULL */
const struct addr *addr_pair_first(const struct addr_pair *pair);                /* or NULL */
struct addr_pair addr_pair_of(struct addr a);
int addr_pair_add(struct addr_pair *pair, const struct addr *a) MUST_CHECK; /* ERR_CONFLICT */
bool addr_pair_is_empty(const struct addr_pair *pair);

/* One, or one of each family with a comma between them. ERR_CONFLICT: two of one family. */
typedef int addr_parse_fn(struct slice text, struct addr *out); /* addr_parse_ip, or so */
int addr_pair_parse(struct slice text, addr_parse_fn *parse, struct addr_pair *out) MUST_CHECK;
/* "192.0.2.1:5060, [2001:db8::1]:5060"; what has no port is written without. */
void addr_pair_put(struct buf *b, const struct addr_pair *pair);

#define ADDR_PAIR_TEXT_MAX (2 * ADDR_TEXT_MAX + 2)

/* To and from the system's form; the length is returned. An IPv4-mapped address becomes IPv4. */
uint32_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out);
void addr_from_sockaddr(const struct sockaddr_storage *ss, struct addr *out);

#endif
