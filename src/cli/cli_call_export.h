/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_call_export.h - "maskline call export": ended calls as CSV, page by page.
 */
#ifndef MASKLINE_CLI_CLI_CALL_EXPORT_H
#define MASKLINE_CLI_CLI_CALL_EXPORT_H

#include "cli/command.h"

extern const struct command_option call_export_options[];

int cli_call_export(const struct command_line *line);

#endif
