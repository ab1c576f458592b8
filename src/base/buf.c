/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_init(struct buf *b, void *memory, size_t bytes)
{
        *b = (struct buf){.p = memory, .cap = bytes};
}

bool buf_ok(const struct buf *b)
{
        return !b->overflow;
}

struct slice buf_slice(const struct buf *b)
{
        return (struct slice){b->p, b->len};
}

void buf_reset(struct buf *b)
{
        b->len = 0;
        b->overflow = false;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
        if (b->overflow || len > b->cap - b->len) {
                b->overflow = true;
                return;
        }
        if (len)
                memcpy(b->p + b->len, bytes, len);
        b->len += len;
}

void buf_put_slice(struct buf *b, struct slice s)
{
        buf_put(b, s.p, s.len);
}

void buf_put_text(struct buf *b, const char *text)
{
        buf_put(b, text, strlen(text));
}

void buf_put_char(struct buf *b, char c)
{
        buf_put(b, &c, 1);
}

void buf_put_u64(struct buf *b, uint64_t value)
{
        char digits[20];
        size_t at = sizeof digits;
        do {
                digits[--at] = (char)('0' + value % 10);
                value /= 10;
        } while (value);
        buf_put(b, digits + at, sizeof digits - at);
}

void buf_put_hex(struct buf *b, const void *bytes, size_t len)
{
        static const char hex[] = "0123456789abcdef";
        const uint8_t *p = bytes;
        for (size_t i = 0; i < len; i++) {
                buf_put_char(b, hex[p[i] >> 4]);
                buf_put_char(b, hex[p[i] & 15]);
        }
}

void buf_put_u8(struct buf *b, uint8_t value)
{
        buf_put(b, &value, 1);
}

void buf_put_be16(struct buf *b, uint16_t value)
{
        uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
        buf_put(b, bytes, sizeof bytes);
}

void buf_put_be32(struct buf *b, uint32_t value)
{
        buf_put_be16(b, (uint16_t)(value >> 16));
        buf_put_be16(b, (uint16_t)value);
}

void buf_put_be64(struct buf *b, uint64_t value)
{
        buf_put_be32(b, (uint32_t)(value >> 32));
        buf_put_be32(b, (uint32_t)value);
}

void buf_printf(struct buf *b, const char *format, ...)
{
        if (b->overflow)
                return;

        va_list args;
        va_start(args, format);
        size_t room = b->cap - b->len;
        int n = vsnprintf(room ? b->p + b->len : NULL, room, format, args);
        va_end(args);
        /* vsnprintf needs one byte for its NUL, which is not part of the text. */
        if (n < 0 || (size_t)n >= room) {
                b->overflow = true;
                return;
        }
        b->len += (size_t)n;
}
