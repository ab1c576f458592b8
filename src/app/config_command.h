/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_command.h - "maskline config": print the defaults or the reference page, check a file.
 */
#ifndef MASKLINE_APP_CONFIG_COMMAND_H
#define MASKLINE_APP_CONFIG_COMMAND_H

#include "app/config.h"
#include "cli/command.h"

extern const struct command config_commands[];

/* --config, --data and --set, as "serve" and "config" share them. */
extern const struct command_option config_options[];

#define CONFIG_SETS_MAX 64

struct config_place {
        const char *data_dir;
        char path[512];
        const char *sets[CONFIG_SETS_MAX];
        struct config_source source;
};
/* From the command line, MASKLINE_DATA and the default. ERR_TOO_LARGE: a path is too long. */
int config_place_find(const struct command_line *line, struct config_place *out) MUST_CHECK;

/* Reads it and prints the problems to standard error. */
int config_read_or_explain(const struct config_source *source, struct config *out) MUST_CHECK;

#endif
