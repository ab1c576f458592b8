/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - "maskline serve": the daemon, wired together, until a signal ends it.
 *
 * SIGTERM and SIGINT: new calls are answered 503, those in progress go on until drain_s, then they
 * are hung up; a second signal hangs up at once. SIGHUP reads the configuration again.
 */
#ifndef MASKLINE_APP_SERVE_H
#define MASKLINE_APP_SERVE_H

#include "cli/command.h"

extern const struct command serve_commands[];

#endif
