/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_file.h - files that a command makes for its user alone: keys, exports.
 */
#ifndef MASKLINE_CLI_OUTPUT_FILE_H
#define MASKLINE_CLI_OUTPUT_FILE_H

#include "base/err.h"

/* A new one, for writing. -1 when there is something of that name, or else; the reason has been told. */
int output_file_create(const char *name);

/*
 * The text and the end of its line, onto the disk where `fd` is a file. Of a key that is told once. A
 * negative errno.
 */
int output_file_put_line(int fd, const char *text) MUST_CHECK;

#endif
