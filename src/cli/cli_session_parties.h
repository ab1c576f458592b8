/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_session_parties.h - who is in a session, from the command line: numbers and PINs come in by a source.
 */
#ifndef MASKLINE_CLI_CLI_SESSION_PARTIES_H
#define MASKLINE_CLI_CLI_SESSION_PARTIES_H

#include <jansson.h>

#include "cli/command.h"

/* --party, --alias, --pin, --side, --dials as `parties` has them; NULL: the reason has been written. */
json_t *cli_session_parties(const struct command_line *line);

/* One party's --party, --alias and --pin as an edit has them, into `body`. EXIT_*. */
int cli_session_put_party(const struct command_line *line, json_t *body);

/*
 * Each --country and --area, into the one of `parties` that was named before it; into `all` without
 * one, and when `parties` is NULL.
 */
void cli_session_put_wishes(const struct command_line *line, json_t *parties, json_t *all);

#endif
