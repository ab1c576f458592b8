/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_trunk_check.h - "trunk check": begins it, shows each step as it comes, and the verdict.
 */
#ifndef MASKLINE_CLI_CLI_TRUNK_CHECK_H
#define MASKLINE_CLI_CLI_TRUNK_CHECK_H

#include "cli/command.h"

/* EXIT_FAILED: the trunk does not work. */
int cli_trunk_check(const struct command_line *line);

#endif
