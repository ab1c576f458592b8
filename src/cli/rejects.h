/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rejects.h - rows of a file that are left out: a line of the report each, why and what to do. What was
 * in the row is never repeated: it may be a number.
 */
#ifndef MASKLINE_CLI_REJECTS_H
#define MASKLINE_CLI_REJECTS_H

#include <jansson.h>
#include <stdint.h>

#include "cli/progress.h"

struct rejects {
        bool is_json;              /* kept for rejects_take(), and not printed */
        struct progress *progress; /* whose line is ended before one is printed */
        json_t *rows;              /* owned */
        uint64_t count;
};

void rejects_init(struct rejects *rejects, bool is_json, struct progress *progress);
void rejects_fini(struct rejects *rejects);

/* `field` and `remedy` may be NULL. */
void rejects_add(struct rejects *rejects, unsigned line, const char *field, const char *rule,
                 const char *remedy);

/* Those of --json, in a list: the caller's from then on. */
json_t *rejects_take(struct rejects *rejects);

#endif
