/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_pool_certificate.h - "pool certificate": how many numbers a pool needs, and the proof.
 */
#ifndef MASKLINE_CLI_POOL_CERTIFICATE_H
#define MASKLINE_CLI_POOL_CERTIFICATE_H

#include "cli/command.h"

int cli_pool_certificate(const struct command_line *line);

#endif
