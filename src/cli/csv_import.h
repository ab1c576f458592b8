/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_import.h - a CSV file whose rows are sent to the server in parts, and a report: how many of what, and
 * a line for each that is rejected.
 */
#ifndef MASKLINE_CLI_CSV_IMPORT_H
#define MASKLINE_CLI_CSV_IMPORT_H

#include <jansson.h>

#include "cli/command.h"
#include "cli/rejects.h"
#include "wire/csv.h"

#define CSV_PART_ROWS   200
#define CSV_RESULTS_MAX 3

enum csv_kind {
        CSV_TEXT,
        CSV_LIST,     /* words with a space, comma, semicolon or "+" between them */
        CSV_NUMBERS,  /* the same, but that a number may begin with "+" */
        CSV_SWITCH,   /* yes, no, true, false, 1, 0 */
        CSV_COUNT,    /* a whole number */
        CSV_DURATION, /* "2h": its seconds */
};

struct csv_column {
        const char *name;  /* also of its member in the row; NULL ends the columns */
        const char *other; /* how it may be written as well; NULL */
        enum csv_kind kind;
};

struct csv_import;

/* What is imported. */
struct csv_import_kind {
        const char *path;                 /* where parts are sent */
        const char *names;                /* of the columns, for whoever gets one wrong */
        const struct csv_column *columns; /* the first one must be there */
        /* What the server counts, and how that is said; NULL ends them. */
        const char *results[CSV_RESULTS_MAX + 1], *words[CSV_RESULTS_MAX + 1];
        /* Makes the row what the server reads; NULL: it has been rejected. Takes the reference. */
        json_t *(*finish_row)(struct csv_import *import, unsigned line, json_t *row);
        /* What became of a row that was not rejected; NULL: nobody asks. */
        void (*on_done)(struct csv_import *import, unsigned line, const json_t *report);
        void *arg;
};

struct csv_import {
        const struct command_line *line;
        const struct csv_import_kind *kind;
        char *text; /* owned; wiped */
        size_t bytes;
        struct csv_reader reader;
        const struct csv_column *order[CSV_CELLS_MAX]; /* of the file's cells */
        unsigned cells;
        json_t *part;                  /* rows that are due to be sent; owned */
        unsigned lines[CSV_PART_ROWS]; /* on which they began */
        struct rejects rejects;
        uint64_t totals[CSV_RESULTS_MAX];
        struct progress progress;
};

/*
 * The file that the first operand names ("-": standard input). --dry-run and --json are looked at. EXIT_*:
 * EXIT_FAILED also when rows were rejected.
 */
int csv_import_run(const struct command_line *line, const struct csv_import_kind *kind) MUST_CHECK;

#endif
