/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decoded.h - what the two parsers must have read of an INVITE, folded into one number. Both call
 * the same functions in the same order, so that equal sums mean equal values. With a NULL sum they
 * only decode: that is what is measured.
 */
#ifndef MASKLINE_TESTS_BENCH_DECODED_H
#define MASKLINE_TESTS_BENCH_DECODED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void sum_number(uint64_t *sum, uint64_t value)
{
        if (sum)
                *sum = (*sum << 7 | *sum >> 57) ^ (value * UINT64_C(0x9e3779b97f4a7c15));
}

static inline void sum_text(uint64_t *sum, const char *text, size_t len)
{
        for (size_t i = 0; sum && i < len; i++)
                sum_number(sum, (uint8_t)text[i]);
        sum_number(sum, len);
}

/* Several small values at once. */
static inline uint64_t packed(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
        return a | b << 16 | c << 32 | d << 48;
}

struct slice;

/* False when it was refused. `sum` may be NULL. */
bool decode_ours(const struct slice *message, uint64_t *sum);
bool decode_osip(const struct slice *message, uint64_t *sum);

#endif
