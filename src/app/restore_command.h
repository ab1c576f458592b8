/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_command.h - "maskline restore": a data directory out of a backup.
 */
#ifndef MASKLINE_APP_RESTORE_COMMAND_H
#define MASKLINE_APP_RESTORE_COMMAND_H

#include "cli/command.h"

extern const struct command restore_commands[];

#endif
