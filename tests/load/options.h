/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the command line of the generator.
 */
#ifndef MASKLINE_LOAD_OPTIONS_H
#define MASKLINE_LOAD_OPTIONS_H

#include "load.h"

struct settings {
        struct load_options options;
        struct addr local[2]; /* by enum side */
        enum sip_transport transport;
        const char *mix;
        const char *session; /* "caller,dials,callee,shows" that all calls share */
        struct tls_files tls;
        const char *domain;
        int64_t seconds;
        bool has_control, has_progress;
};

/* Ends the process when the command line is wrong. */
void options_read(int argc, char **argv, struct settings *out);

/* Ends the process with this sentence when `err` is one. */
void options_need(int err, const char *what);

#endif
