/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_session_import.h - session import: a session for each row of a file.
 */
#ifndef MASKLINE_CLI_CLI_SESSION_IMPORT_H
#define MASKLINE_CLI_CLI_SESSION_IMPORT_H

#include "cli/command.h"

extern const struct command_option session_import_options[];
int cli_session_import(const struct command_line *line);

#endif
