/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password_input.h - a password from standard input, a file or the command line.
 */
#ifndef MASKLINE_CLI_PASSWORD_INPUT_H
#define MASKLINE_CLI_PASSWORD_INPUT_H

#include <stdio.h>

#include "base/buf.h"

#define PASSWORD_INPUT_BYTES 128

/*
 * "-": the first line of `in`, asked for and not shown when it is a terminal; "@file": the first
 * line of that file; anything else itself. Blanks belong to it. `problem` says what is wrong without
 * repeating it. ERR_SYNTAX (empty), ERR_TOO_LARGE, or the system's.
 */
int password_input_read(const char *source, FILE *in, char out[PASSWORD_INPUT_BYTES],
                        struct buf *problem) MUST_CHECK;

#endif
