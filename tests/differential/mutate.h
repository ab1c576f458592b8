/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutate.h - messages that are nearly good: one change of a named kind at a chosen place.
 */
#ifndef MASKLINE_TESTS_MUTATE_H
#define MASKLINE_TESTS_MUTATE_H

#include "base/buf.h"
#include "base/random.h"

unsigned mutation_kinds(void);
const char *mutation_name(unsigned kind);

/* The message with one such change, into `out`; nothing is put when it has no place for it. */
void mutate(struct slice message, unsigned kind, struct random *random, struct buf *out);

#endif
