/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_session.h - a session as a person reads it.
 */
#ifndef MASKLINE_CLI_CLI_SESSION_H
#define MASKLINE_CLI_CLI_SESSION_H

#include <jansson.h>

void cli_session_show(const json_t *session);

#endif
