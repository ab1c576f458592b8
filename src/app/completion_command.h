/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion_command.h - "maskline completion": a script for the shell.
 */
#ifndef MASKLINE_APP_COMPLETION_COMMAND_H
#define MASKLINE_APP_COMPLETION_COMMAND_H

#include "cli/command.h"

extern const struct command completion_commands[];

#endif
