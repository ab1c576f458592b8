/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - what a command line may say: commands and their options as rows.
 *
 * Parser, --help and the reference page come from the rows. Exit codes: 0 done, 1 failed,
 * 2 the command line itself is wrong.
 */
#ifndef MASKLINE_CLI_COMMAND_H
#define MASKLINE_CLI_COMMAND_H

#include <stdbool.h>

#include "base/buf.h"

#define COMMAND_GIVEN_MAX    64
#define COMMAND_OPERANDS_MAX 4

enum {
        EXIT_DONE = 0,
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
};

struct command_option {
        const char *name;  /* "--data"; NULL ends the rows */
        const char *value; /* "DIR"; NULL: a switch */
        const char *help;  /* one sentence, lower case, without a full stop */
        bool repeats;      /* may be given more than once */
        bool required;
};

struct command_line;

struct command {
        const char *name;     /* "trunk add"; NULL ends the rows */
        const char *summary;  /* one sentence, for the list of commands */
        const char *operands; /* "NAME", for the synopsis; NULL: none */
        unsigned operands_min, operands_max;
        const struct command_option *options; /* its own; may be NULL */
        const struct command_option *common;  /* shared with others; may be NULL */
        const char *examples;                 /* whole lines */
        int (*run)(const struct command_line *line);
};

/* What was given; the texts are argv's. */
struct command_line {
        const struct command *command;
        struct {
                const char *name;
                const char *value; /* NULL: a switch */
        } given[COMMAND_GIVEN_MAX];
        unsigned given_count;
        const char *operands[COMMAND_OPERANDS_MAX];
        unsigned operand_count;
};

bool command_has(const struct command_line *line, const char *name);
const char *command_value(const struct command_line *line, const char *name); /* last; or NULL */
/* In the order given; returns how many there are, at most `max` are written. */
unsigned command_values(const struct command_line *line, const char *name, const char **out,
                        unsigned max);

/*
 * Reads the arguments that follow the program's name. On success `line->command` says what to run;
 * on failure `problem` gets a sentence with what to do, without any value that was given for an
 * option. ERR_SYNTAX.
 */
int command_parse(const struct command *const *tables, int argc, const char *const *argv,
                  struct command_line *line, struct buf *problem) MUST_CHECK;

/* Parses and runs; answers "help" and --help. `tables` ends with NULL. Returns the exit code. */
int command_main(const struct command *const *tables, int argc, const char *const *argv);

void command_put_help(struct buf *out, const struct command *command);
void command_put_reference(struct buf *out, const struct command *const *tables); /* Markdown */

#endif
