/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_message.h - answers of a name server, built byte by byte.
 */
#ifndef MASKLINE_TESTS_DNS_MESSAGE_H
#define MASKLINE_TESTS_DNS_MESSAGE_H

#include <arpa/nameser.h>

#include "../unit.h"
#include "base/buf.h"

static inline void put_name(struct buf *b, const char *name)
{
        struct slice rest = slice_from(name);
        while (rest.len) {
                struct slice label = slice_split(rest, '.', &rest);
                buf_put_u8(b, (uint8_t)label.len);
                buf_put_slice(b, label);
        }
        buf_put_u8(b, 0);
}

static inline void put_header(struct buf *b, unsigned answers)
{
        buf_put_be16(b, 0x1234);
        buf_put_be16(b, 0x8180);
        buf_put_be16(b, 1);
        buf_put_be16(b, (uint16_t)answers);
        buf_put_be32(b, 0);
}

static inline void put_question(struct buf *b, const char *name, unsigned type)
{
        put_name(b, name);
        buf_put_be16(b, (uint16_t)type);
        buf_put_be16(b, ns_c_in);
}

/* Up to the data; the name is the question's. */
static inline void put_record(struct buf *b, unsigned type, uint32_t ttl_s, size_t bytes)
{
        buf_put_be16(b, 0xc00c);
        buf_put_be16(b, (uint16_t)type);
        buf_put_be16(b, ns_c_in);
        buf_put_be32(b, ttl_s);
        buf_put_be16(b, (uint16_t)bytes);
}

static inline void put_srv(struct buf *b, uint32_t ttl_s, unsigned priority, unsigned weight,
                           unsigned port, const char *target)
{
        char text[300];
        struct buf name;
        buf_init(&name, text, sizeof text);
        put_name(&name, target);
        put_record(b, ns_t_srv, ttl_s, 6 + name.len);
        buf_put_be16(b, (uint16_t)priority);
        buf_put_be16(b, (uint16_t)weight);
        buf_put_be16(b, (uint16_t)port);
        buf_put_slice(b, buf_slice(&name));
}

static inline void put_text(struct buf *b, const char *text)
{
        buf_put_u8(b, (uint8_t)strlen(text));
        buf_put_text(b, text);
}

static inline void put_naptr(struct buf *b, uint32_t ttl_s, unsigned order, unsigned preference,
                             const char *flags, const char *service, const char *regexp,
                             const char *replacement)
{
        char text[600];
        struct buf data;
        buf_init(&data, text, sizeof text);
        buf_put_be16(&data, (uint16_t)order);
        buf_put_be16(&data, (uint16_t)preference);
        put_text(&data, flags);
        put_text(&data, service);
        put_text(&data, regexp);
        put_name(&data, replacement);
        put_record(b, ns_t_naptr, ttl_s, data.len);
        buf_put_slice(b, buf_slice(&data));
}

#endif
