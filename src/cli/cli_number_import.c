/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_number_import.h"

#include "cli/csv_import.h"

const struct command_option number_import_options[] = {
        {"--dry-run", NULL, "say what would be done, and do nothing"},
        {"--trunk", "NAME", "the trunk of rows that name none"},
        {NULL},
};

static const struct csv_column columns[] = {
        {"number", NULL, CSV_TEXT},     {"trunk", NULL, CSV_TEXT},
        {"pool", NULL, CSV_TEXT},       {"country", NULL, CSV_TEXT},
        {"area", NULL, CSV_TEXT},       {"capabilities", "capability", CSV_LIST},
        {"reserved", NULL, CSV_SWITCH}, {"frozen", NULL, CSV_SWITCH},
        {"tags", "tag", CSV_LIST},      {NULL},
};

static json_t *finish_row(struct csv_import *import, unsigned line, json_t *row)
{
        const char *trunk = command_value(import->line, "--trunk");
        if (trunk && !json_object_get(row, "trunk"))
                json_object_set_new(row, "trunk", json_string(trunk));
        if (json_object_get(row, "number"))
                return row;
        rejects_add(&import->rejects, line, "number", "number is missing", "Give the number.");
        json_decref(row);
        return NULL;
}

int cli_number_import(const struct command_line *line)
{
        static const struct csv_import_kind kind = {
                .path = "/v1/numbers/import",
                .names = "number, trunk, pool, country, area, capabilities, reserved, frozen, tags",
                .columns = columns,
                .results = {"added", "changed", "same"},
                .words = {"added", "changed", "there already"},
                .finish_row = finish_row,
        };
        return csv_import_run(line, &kind);
}
