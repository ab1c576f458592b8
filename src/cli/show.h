/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.h - answers as a person reads them: tables and lists of facts.
 */
#ifndef MASKLINE_CLI_SHOW_H
#define MASKLINE_CLI_SHOW_H

#include <jansson.h>
#include <stdio.h>

#define SHOW_COLUMNS_MAX 12

/* The member as text, or "" when it is absent or of another type. Lives as long as `object`. */
const char *show_text(const json_t *object, const char *name);

/* Whatever a server sends, a terminal gets printable text. */
void show_printable(FILE *to, const char *text);

/* What --json prints: `json`, whose reference is taken, on standard output. */
void show_json(json_t *json);

struct show_cell {
        char text[64]; /* longer text is cut */
};

/* Any member as one cell: text, number, true, false; times without fractions; "-" for none. */
struct show_cell show_cell(const json_t *object, const char *name);

/* The numbers of a list with a space between them; "-" for none. */
struct show_cell show_integers(const json_t *object, const char *name);

/* The texts of a list with ", " between them; "-" for none. */
struct show_cell show_words(const json_t *object, const char *name);

struct show_table; /* opaque */
/* `titles` ends with NULL. Exits are not its business: without memory it prints nothing. */
struct show_table *show_table_create(const char *const *titles);
/* As many cells as there are titles. */
void show_table_add(struct show_table *table, const struct show_cell *cells);
/*
 * As wide as its cells; on a terminal that is narrower, the widest columns are cut, and what was cut
 * ends with "~". Into a file or pipe nothing is cut.
 */
void show_table_print(const struct show_table *table, const char *when_empty);
void show_table_destroy(struct show_table *table);

struct show_column {
        const char *title, *member;
        struct show_cell (*cell)(const json_t *object, const char *name); /* NULL: show_cell */
};
/* The objects of `list` as a table, a row each; the last column has no title. */
void show_list(const json_t *list, const struct show_column *columns, const char *when_empty);

/* "name:   value", the names in one column. */
void show_fact(const char *name, const char *value);

/* The same in a list whose names are up to so wide. */
void show_fact_in(unsigned width, const char *name, const char *value);

#endif
