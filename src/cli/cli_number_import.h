/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_number_import.h - "maskline number import": a CSV file of masking numbers, a part at a time.
 */
#ifndef MASKLINE_CLI_CLI_NUMBER_IMPORT_H
#define MASKLINE_CLI_CLI_NUMBER_IMPORT_H

#include "cli/command.h"

extern const struct command_option number_import_options[];

int cli_number_import(const struct command_line *line);

#endif
