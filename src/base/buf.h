/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - appends to memory the caller owns and never past its end.
 *
 * Overflow is sticky: writers go on calling, and the one who sends asks buf_ok() once.
 */
#ifndef MASKLINE_BASE_BUF_H
#define MASKLINE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
        char *p;
        size_t len;
        size_t cap;
        bool overflow;
};

void buf_init(struct buf *b, void *memory, size_t bytes);
bool buf_ok(const struct buf *b); /* false once anything did not fit */
struct slice buf_slice(const struct buf *b);
void buf_reset(struct buf *b);

void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_put_slice(struct buf *b, struct slice s);
void buf_put_text(struct buf *b, const char *text);
void buf_put_char(struct buf *b, char c);
void buf_put_u64(struct buf *b, uint64_t value);                /* decimal */
void buf_put_hex(struct buf *b, const void *bytes, size_t len); /* lower case */
void buf_put_u8(struct buf *b, uint8_t value);
void buf_put_be16(struct buf *b, uint16_t value);
void buf_put_be32(struct buf *b, uint32_t value);
void buf_put_be64(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
