/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_input.h - real numbers from standard input, a file or the command line.
 */
#ifndef MASKLINE_CLI_NUMBER_INPUT_H
#define MASKLINE_CLI_NUMBER_INPUT_H

#include <stdio.h>

#include "base/buf.h"

#define NUMBER_INPUT_MAX     64
#define NUMBER_INPUT_BYTES   64
#define NUMBER_INPUT_SOURCES "NUMBER is -, @FILE or a number; - reads one line of standard input"

struct number_input {
        char text[NUMBER_INPUT_MAX][NUMBER_INPUT_BYTES];
        unsigned count;
};

/*
 * Reads one number for each of `sources`: "-" the next line of `in` that is not blank, "@file" the
 * file's next such line, anything else itself. `problem` says what is wrong without repeating a
 * number. ERR_SYNTAX, ERR_NOT_FOUND (the input ended), ERR_FULL.
 */
int number_input_read(const char *const *sources, unsigned count, FILE *in, bool prompt,
                      struct number_input *out, struct buf *problem) MUST_CHECK;

/* Whether that error says that the text of the source at `out->count` is none of a number. */
bool number_input_is_malformed(int err);

#endif
