/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice.h - a run of bytes somebody else owns. Not terminated; may hold any byte.
 */
#ifndef MASKLINE_BASE_SLICE_H
#define MASKLINE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct slice {
        const char *p; /* NULL only when len is 0 */
        size_t len;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})
#define SLICE_NONE     ((struct slice){0})

/* For "%.*s". Never for a slice that may hold a real number. */
#define SLICE_ARG(s) (int)(s).len, (s).p

struct slice slice_from(const char *text);
bool slice_equal(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b); /* ASCII only */
bool slice_starts_with(struct slice s, struct slice prefix);
struct slice slice_trim(struct slice s); /* spaces and tabs at both ends */

/*
 * The part before the first `separator`; `rest` gets what follows it, or an empty slice.
 * Without a separator the whole is returned.
 */
struct slice slice_split(struct slice s, char separator, struct slice *rest);

/* Decimal digits only, the whole slice, at most `max`. ERR_SYNTAX or ERR_RANGE. */
int slice_to_u32(struct slice s, uint32_t max, uint32_t *out) MUST_CHECK;
int slice_to_u64(struct slice s, uint64_t max, uint64_t *out) MUST_CHECK;

/* Copies with a terminating NUL; ERR_TOO_LARGE when it does not fit whole. */
int slice_to_text(struct slice s, char *out, size_t out_bytes) MUST_CHECK;

#endif
