/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rejects.h"

#include <stdio.h>

#include "cli/show.h"

void rejects_init(struct rejects *rejects, bool is_json, struct progress *progress)
{
        *rejects = (struct rejects){.is_json = is_json, .progress = progress, .rows = json_array()};
}

void rejects_fini(struct rejects *rejects)
{
        json_decref(rejects->rows);
        rejects->rows = NULL;
}

void rejects_add(struct rejects *rejects, unsigned line, const char *field, const char *rule,
                 const char *remedy)
{
        rejects->count++;
        if (rejects->is_json) {
                json_array_append_new(rejects->rows,
                                      json_pack("{s:I, s:s?, s:s, s:s?}", "line", (json_int_t)line,
                                                "field", field, "detail", rule, "remedy", remedy));
                return;
        }
        progress_end(rejects->progress);
        printf("line %u: ", line);
        show_printable(stdout, field ? field : "");
        fputs(field ? ": " : "", stdout);
        show_printable(stdout, rule);
        fputs(remedy ? ". " : "", stdout);
        show_printable(stdout, remedy ? remedy : "");
        fputc('\n', stdout);
}

json_t *rejects_take(struct rejects *rejects)
{
        json_t *rows = rejects->rows;
        rejects->rows = NULL;
        return rows;
}
