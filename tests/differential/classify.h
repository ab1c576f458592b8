/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classify.h - why two readings of one message differ, as far as the message itself shows it.
 */
#ifndef MASKLINE_TESTS_CLASSIFY_H
#define MASKLINE_TESTS_CLASSIFY_H

#include "reading.h"

typedef void reader_fn(struct slice message, struct reading *out);

#define CLASS_BYTES_MAX 96

/*
 * What `refusing` does not take: the first line that it refuses in an otherwise plain message, else
 * what is wrong with the whole; "unexplained" when neither is it.
 */
void classify_refusal(struct slice message, reader_fn *refusing, char out[CLASS_BYTES_MAX]);

/* Why two readers who both take the message read another value in it. */
const char *classify_difference(struct slice message, enum value value);

#endif
