/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_command.h - "pool plan": how many numbers to rent, by what a server's sessions hold now, or by past
 * sessions of a file, which is read here and sent nowhere.
 */
#ifndef MASKLINE_APP_PLAN_COMMAND_H
#define MASKLINE_APP_PLAN_COMMAND_H

#include "cli/command.h"

extern const struct command plan_commands[];

#endif
