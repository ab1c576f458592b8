/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h - big-endian numbers out of a slice. The caller has checked that they are there.
 */
#ifndef MASKLINE_WIRE_BYTES_H
#define MASKLINE_WIRE_BYTES_H

#include "base/slice.h"

static inline uint8_t get_u8(struct slice s, size_t at)
{
        return (uint8_t)s.p[at];
}

static inline uint16_t get_be16(struct slice s, size_t at)
{
        return (uint16_t)(get_u8(s, at) << 8 | get_u8(s, at + 1));
}

static inline uint32_t get_be32(struct slice s, size_t at)
{
        return (uint32_t)get_be16(s, at) << 16 | get_be16(s, at + 2);
}

static inline struct slice slice_after(struct slice s, size_t bytes)
{
        return (struct slice){s.p + bytes, s.len - bytes};
}

#endif
