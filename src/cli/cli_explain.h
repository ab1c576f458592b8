/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_explain.h - why a call would, or would not, get through, as a person reads it.
 */
#ifndef MASKLINE_CLI_CLI_EXPLAIN_H
#define MASKLINE_CLI_CLI_EXPLAIN_H

#include <jansson.h>

/* A row of an explained session: its sentence, why, what to do, and what would be in the way. */
void cli_explain_show(const json_t *row);

#endif
