/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nearest.h - the known word closest to a mistyped one, for "did you mean".
 */
#ifndef MASKLINE_BASE_NEAREST_H
#define MASKLINE_BASE_NEAREST_H

#include "base/slice.h"

struct nearest {
        struct slice word;
        const char *best; /* what was offered and is near enough; NULL: nothing is */
        unsigned distance;
};

void nearest_init(struct nearest *nearest, struct slice word);
void nearest_offer(struct nearest *nearest, const char *known);

/* Letters to change, insert or remove to get from one to the other; words beyond 64: UINT_MAX. */
unsigned nearest_distance(struct slice a, struct slice b);

#endif
