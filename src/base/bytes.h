/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h - big-endian numbers out of bytes. The caller has checked that they are there.
 */
#ifndef MASKLINE_BASE_BYTES_H
#define MASKLINE_BASE_BYTES_H

#include "base/slice.h"

static inline uint16_t be16_at(const void *bytes)
{
        const uint8_t *p = (const uint8_t *)bytes;
        return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32_at(const void *bytes)
{
        const uint8_t *p = (const uint8_t *)bytes;
        return (uint32_t)be16_at(p) << 16 | be16_at(p + 2);
}

static inline uint64_t be64_at(const void *bytes)
{
        const uint8_t *p = (const uint8_t *)bytes;
        return (uint64_t)be32_at(p) << 32 | be32_at(p + 4);
}

static inline uint8_t get_u8(struct slice s, size_t at)
{
        return (uint8_t)s.p[at];
}

static inline uint16_t get_be16(struct slice s, size_t at)
{
        return be16_at(s.p + at);
}

static inline uint32_t get_be32(struct slice s, size_t at)
{
        return be32_at(s.p + at);
}

static inline struct slice slice_after(struct slice s, size_t bytes)
{
        return (struct slice){s.p + bytes, s.len - bytes};
}

#endif
