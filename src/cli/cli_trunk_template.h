/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli_trunk_template.h - the options of "trunk add" and "trunk set" that say how numbers are read and
 * written on a trunk.
 */
#ifndef MASKLINE_CLI_CLI_TRUNK_TEMPLATE_H
#define MASKLINE_CLI_CLI_TRUNK_TEMPLATE_H

#include <jansson.h>

#include "cli/command.h"

#define CLI_TRUNK_TEMPLATE_OPTIONS                                                                  \
        {"--caller-from", "from|asserted", "header that names the caller (default: from)"},         \
                {"--dialled-from", "request-uri|to",                                                \
                 "what names the dialled number (default: request-uri)"},                           \
                {"--caller-prefix", "TEXT",                                                         \
                 "what the carrier puts in front of a caller's number, taken away"},                \
                {"--dialled-prefix", "TEXT", "the same in front of the dialled number"},            \
                {"--number-form", "FORM",                                                           \
                 "how the carrier wants numbers: plus, digits, national, local or international "   \
                 "(default: plus)"},                                                                \
                {"--from-form", "FORM", "the same in From; default: as --number-form"},             \
                {"--asserted-form", "FORM", "the same in P-Asserted-Identity and P-Charge-Info"},   \
                {"--to-form", "FORM", "the same in To"},                                            \
                {"--request-form", "FORM", "the same in the Request-URI"},                          \
                {"--from-user", "shown|pilot|username",                                             \
                 "who stands in From: the masking number, the pilot number or the user name "       \
                 "(default: shown)"},                                                               \
                {"--send-asserted", NULL, "send P-Asserted-Identity with the masking number"},      \
                {"--asserted-user", "shown|pilot", "who stands in it (default: shown)"},            \
                {"--pilot", "NUMBER", "the carrier's own number for this trunk; '': none"},         \
                {"--from-domain", "own|peer|HOST",                                                  \
                 "host in From and P-Asserted-Identity (default: own, our address)"},               \
                {"--display-name", "TEXT", "name in From; '': none"},                               \
                {"--privacy", "absent|none|id",                                                     \
                 "Privacy header; id hides the masking number from the called party"},              \
                {"--charge-info", "absent|shown|pilot", "P-Charge-Info with that number"},          \
                {"--tolerate", "MISTAKE",                                                           \
                 "what the carrier may get wrong: short-body, untyped-body, no-contact",            \
                 .repeats = true},                                                                  \
                {"--user-phone", NULL, "write ;user=phone behind numbers"},                         \
                {"--request-prefix", "TEXT",                                                        \
                 "what stands in front of the number in the Request-URI; '': nothing"},             \
        {                                                                                           \
                "--header", "NAME:VALUE",                                                           \
                        "one more header in each INVITE; VALUE may be - (standard input) or @FILE", \
                        .repeats = true                                                             \
        }

/* Of "trunk set" alone. */
#define CLI_TRUNK_TEMPLATE_SET_OPTIONS                                                             \
        {"--no-send-asserted", NULL, "no P-Asserted-Identity any more"},                           \
                {"--no-user-phone", NULL, "no ;user=phone any more"},                              \
                {"--tolerate-nothing", NULL, "the carrier may get nothing wrong any more"},        \
        {                                                                                          \
                "--no-headers", NULL, "no headers of its own any more"                             \
        }

/* What was given, into the body of a request. EXIT_*. */
int cli_trunk_template_add(const struct command_line *line, json_t *body);
void cli_trunk_template_show(const json_t *trunk);

#endif
