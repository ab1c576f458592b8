/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion.h - what a shell needs to know of our commands to complete them, from their rows.
 */
#ifndef MASKLINE_CLI_COMPLETION_H
#define MASKLINE_CLI_COMPLETION_H

#include "cli/command.h"

/* A script for "bash", "zsh" or "fish" to source. ERR_NOT_FOUND: another shell. */
int completion_put(struct buf *out, const struct command *const *tables,
                   const char *shell) MUST_CHECK;

#endif
