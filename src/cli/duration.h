/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duration.h - lengths of time as people write them: 90s, 30m, 2h, 7d, 1h30m.
 */
#ifndef MASKLINE_CLI_DURATION_H
#define MASKLINE_CLI_DURATION_H

#include <stdint.h>

#include "base/slice.h"

#define DURATION_ALLOWED "a length of time such as 90s, 30m, 2h, 7d or 1h30m"

/* Seconds, from 1. ERR_SYNTAX; ERR_RANGE beyond ten years or for nothing at all. */
int duration_parse(struct slice text, int64_t *out_s) MUST_CHECK;

#endif
