/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.h - every command of the program, in the order in which help lists them.
 */
#ifndef MASKLINE_APP_COMMANDS_H
#define MASKLINE_APP_COMMANDS_H

#include "cli/command.h"

extern const struct command *const commands[]; /* tables; ends with NULL */

/* docs/reference/cli.md, byte by byte. */
void commands_put_reference(struct buf *out);

#endif
