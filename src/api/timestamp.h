/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timestamp.h - points in time as JSON carries them: RFC 3339, UTC on the way out.
 */
#ifndef MASKLINE_API_TIMESTAMP_H
#define MASKLINE_API_TIMESTAMP_H

#include <stdint.h>

#include "base/slice.h"

struct timestamp_text {
        char text[48]; /* "2026-08-01T10:00:00.000Z" */
};

struct timestamp_text timestamp_format(int64_t utc_ms); /* from 1970 to 9999 */

/* Any offset, any fraction; years 1970 to 9999. A leap second reads as the next second. */
int timestamp_parse(struct slice text, int64_t *utc_ms) MUST_CHECK;

#endif
