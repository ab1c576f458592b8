/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invites.h - INVITEs of 800 to 1,500 bytes as carriers send them, the same on every run.
 */
#ifndef MASKLINE_TESTS_BENCH_INVITES_H
#define MASKLINE_TESTS_BENCH_INVITES_H

#include "base/slice.h"

#define INVITES            64
#define INVITE_BYTES_LEAST 800
#define INVITE_BYTES_MOST  1500

/* Made at the first call; the slices live until the process ends. */
const struct slice *invites(void);

#endif
