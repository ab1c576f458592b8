/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_number_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "cli/rejects.h"
#include "cli/show.h"
#include "wire/csv.h"

#define FILE_BYTES_MAX (64u << 20)
#define PART_ROWS      200
#define NAMES          "number, trunk, pool, country, area, capabilities, reserved, frozen, tags"

const struct command_option number_import_options[] = {
        {"--dry-run", NULL, "say what would be done, and do nothing"},
        {"--trunk", "NAME", "the trunk of rows that name none"},
        {NULL},
};

enum kind {
        KIND_TEXT,
        KIND_LIST,   /* words with a space, comma, semicolon or "+" between them */
        KIND_SWITCH, /* yes, no, true, false, 1, 0 */
};

static const struct column {
        const char *name;
        enum kind kind;
} columns[] = {
        {"number", KIND_TEXT},     {"trunk", KIND_TEXT},
        {"pool", KIND_TEXT},       {"country", KIND_TEXT},
        {"area", KIND_TEXT},       {"capabilities", KIND_LIST},
        {"reserved", KIND_SWITCH}, {"frozen", KIND_SWITCH},
        {"tags", KIND_LIST},       {NULL},
};

struct importing {
        const struct command_line *line;
        char *text; /* owned */
        size_t bytes;
        struct csv_reader reader;
        const struct column *order[CSV_CELLS_MAX]; /* of the file's cells */
        unsigned cells;
        json_t *part;              /* rows that are due to be sent; owned */
        unsigned lines[PART_ROWS]; /* on which they began */
        struct rejects rejects;
        uint64_t added, changed, same;
        struct progress progress;
};

/* The whole file; "-" is standard input. */
static int read_all(struct importing *import, const char *name)
{
        bool is_stdin = !strcmp(name, "-");
        int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
        size_t room = 65536;
        ssize_t n = fd < 0 ? -1 : 1;
        import->text = malloc(room);
        while (n > 0 && import->text && import->bytes <= FILE_BYTES_MAX) {
                if (import->bytes == room) {
                        char *more = realloc(import->text, room *= 2);
                        if (!more)
                                break;
                        import->text = more;
                }
                n = read(fd, import->text + import->bytes, room - import->bytes);
                import->bytes += n > 0 ? (size_t)n : 0;
        }
        if (n < 0)
                fprintf(stderr, "maskline: %s cannot be read: %s\n", name, strerror(errno));
        else if (n > 0)
                fprintf(stderr, "maskline: %s is larger than 64 MB; import it in parts\n", name);
        if (!is_stdin && fd >= 0)
                close(fd);
        return n == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Titles are read in any case, with the plural or not. */
static const struct column *find_column(struct slice title)
{
        for (const struct column *c = columns; c->name; c++) {
                struct slice name = slice_from(c->name);
                struct slice one = {name.p, name.len - 1};
                if (slice_equal_nocase(title, name) ||
                    (c->kind == KIND_LIST && slice_equal_nocase(title, one)))
                        return c;
        }
        return slice_equal_nocase(title, SLICE("capability")) ? &columns[5] : NULL;
}

static int refuse_title(struct slice title)
{
        struct nearest nearest;
        nearest_init(&nearest, title);
        for (const struct column *c = columns; c->name; c++)
                nearest_offer(&nearest, c->name);
        fputs("maskline: line 1: there is no column \"", stderr);
        for (size_t i = 0; i < title.len && i < 40; i++) {
                char text[2] = {title.p[i], '\0'};
                show_printable(stderr, text);
        }
        if (nearest.best)
                fprintf(stderr, "\"; did you mean %s?\n", nearest.best);
        else
                fprintf(stderr, "\"; the first line names columns: " NAMES "\n");
        return EXIT_FAILED;
}

static int read_titles(struct importing *import)
{
        struct csv_row row;
        bool has_number = false;
        if (!csv_read_row(&import->reader, &row) || row.problem) {
                fputs("maskline: the file is empty, or its first line cannot be read; it names "
                      "columns: " NAMES "\n",
                      stderr);
                return EXIT_FAILED;
        }
        for (unsigned i = 0; i < row.count; i++) {
                import->order[i] = find_column(row.cells[i]);
                if (!import->order[i])
                        return refuse_title(row.cells[i]);
                for (unsigned k = 0; k < i; k++) {
                        if (import->order[k] != import->order[i])
                                continue;
                        fprintf(stderr, "maskline: line 1: the column %s is there twice\n",
                                import->order[i]->name);
                        return EXIT_FAILED;
                }
                has_number |= import->order[i] == &columns[0];
        }
        import->cells = row.count;
        if (has_number)
                return EXIT_DONE;
        fputs("maskline: line 1: there is no column number; the first line names columns: " NAMES
              "\n",
              stderr);
        return EXIT_FAILED;
}

static json_t *list_of(struct slice cell)
{
        json_t *list = json_array();
        size_t from = 0;
        for (size_t i = 0; i <= cell.len; i++) {
                if (i < cell.len && !strchr(" ,;+|", cell.p[i]))
                        continue;
                if (i > from)
                        json_array_append_new(list, json_stringn(cell.p + from, i - from));
                from = i + 1;
        }
        return list;
}

/* NULL: neither. */
static json_t *switch_of(struct slice cell)
{
        static const struct slice yes[] = {{"yes", 3}, {"true", 4}, {"1", 1}, {"x", 1}};
        static const struct slice no[] = {{"no", 2}, {"false", 5}, {"0", 1}};
        for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
                if (slice_equal_nocase(cell, yes[i]))
                        return json_true();
        for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
                if (slice_equal_nocase(cell, no[i]))
                        return json_false();
        return NULL;
}

/* Exports put a ' in front of what a spreadsheet would compute. */
static struct slice without_apostrophe(struct slice cell)
{
        bool has = cell.len > 1 && cell.p[0] == '\'';
        return has ? (struct slice){cell.p + 1, cell.len - 1} : cell;
}

static json_t *value_of(const struct column *column, struct slice cell)
{
        switch (column->kind) {
        case KIND_TEXT:
                cell = without_apostrophe(cell);
                return json_stringn(cell.p, cell.len);
        case KIND_LIST:
                return list_of(cell);
        case KIND_SWITCH:
                return switch_of(cell);
        }
        return NULL;
}

/* NULL: it is rejected. */
static json_t *row_json(struct importing *import, const struct csv_row *row)
{
        if (row->problem || row->count > import->cells) {
                rejects_add(&import->rejects, row->line, NULL,
                            row->problem ? row->problem : "it has more cells than the first line",
                            "Correct the line; a cell with a comma needs quotes around it.");
                return NULL;
        }
        json_t *json = json_object();
        for (unsigned i = 0; i < row->count; i++) {
                if (!row->cells[i].len)
                        continue;
                json_t *value = value_of(import->order[i], row->cells[i]);
                if (value) {
                        json_object_set_new(json, import->order[i]->name, value);
                        continue;
                }
                bool is_switch = import->order[i]->kind == KIND_SWITCH;
                rejects_add(&import->rejects, row->line, import->order[i]->name,
                            is_switch ? "it is neither yes nor no" : "it is not UTF-8",
                            is_switch ? "Write yes or no." : "Save the file as UTF-8.");
                json_decref(json);
                return NULL;
        }
        const char *trunk = command_value(import->line, "--trunk");
        if (trunk && !json_object_get(json, "trunk"))
                json_object_set_new(json, "trunk", json_string(trunk));
        if (json_object_get(json, "number"))
                return json;
        rejects_add(&import->rejects, row->line, "number", "number is missing", "Give the number.");
        json_decref(json);
        return NULL;
}

static uint64_t count_of(const json_t *json, const char *name)
{
        return (uint64_t)json_integer_value(json_object_get(json, name));
}

static void take_report(struct importing *import, const json_t *report)
{
        size_t at;
        json_t *row;
        import->added += count_of(report, "added");
        import->changed += count_of(report, "changed");
        import->same += count_of(report, "same");
        json_array_foreach(json_object_get(report, "rows"), at, row)
        {
                uint64_t index = count_of(row, "row");
                if (strcmp(show_text(row, "result"), "rejected") != 0 || index >= PART_ROWS)
                        continue;
                rejects_add(&import->rejects, import->lines[index],
                            json_string_value(json_object_get(row, "field")),
                            show_text(row, "detail"),
                            json_string_value(json_object_get(row, "remedy")));
        }
}

static int send_part(struct importing *import)
{
        json_t *answer = NULL;
        if (json_array_size(import->part) == 0)
                return EXIT_DONE;
        json_t *body = json_pack("{s:b, s:o}", "dry_run",
                                 (int)command_has(import->line, "--dry-run"), "rows", import->part);
        import->part = json_array();
        int code = client_call(import->line, "POST", "/v1/numbers/import", body, &answer);
        if (!code)
                take_report(import, answer);
        json_decref(answer);
        progress_show(&import->progress, "bytes of the file",
                      import->bytes - import->reader.rest.len, import->bytes);
        return code;
}

static int send_all(struct importing *import)
{
        struct csv_row row;
        int code = EXIT_DONE;
        while (!code && csv_read_row(&import->reader, &row)) {
                json_t *json = row_json(import, &row);
                if (!json)
                        continue;
                import->lines[json_array_size(import->part)] = row.line;
                json_array_append_new(import->part, json);
                if (json_array_size(import->part) == PART_ROWS)
                        code = send_part(import);
        }
        return code ? code : send_part(import);
}

static void tell(struct importing *import)
{
        const bool dry = command_has(import->line, "--dry-run");
        if (command_has(import->line, "--json")) {
                json_t *report = json_pack(
                        "{s:b, s:I, s:I, s:I, s:o}", "dry_run", (int)dry, "added",
                        (json_int_t)import->added, "changed", (json_int_t)import->changed, "same",
                        (json_int_t)import->same, "rejected", rejects_take(&import->rejects));
                show_json(report);
                return;
        }
        printf("%s%llu added, %llu changed, %llu there already, %llu rejected%s\n",
               dry ? "would be: " : "", (unsigned long long)import->added,
               (unsigned long long)import->changed, (unsigned long long)import->same,
               (unsigned long long)import->rejects.count, dry ? "; nothing was changed" : "");
}

int cli_number_import(const struct command_line *line)
{
        struct importing *import = calloc(1, sizeof *import);
        if (!import) {
                fputs("maskline: out of memory\n", stderr);
                return EXIT_FAILED;
        }
        import->line = line;
        import->part = json_array();
        import->progress.is_quiet = command_has(line, "--json");
        rejects_init(&import->rejects, import->progress.is_quiet, &import->progress);
        int code = read_all(import, line->operands[0]);
        csv_reader_init(&import->reader, (struct slice){import->text, import->bytes});
        if (!code)
                code = read_titles(import);
        if (!code)
                code = send_all(import);
        progress_end(&import->progress);
        if (!code || import->added || import->changed)
                tell(import);
        if (!code && import->rejects.count)
                code = EXIT_FAILED;
        json_decref(import->part);
        rejects_fini(&import->rejects);
        free(import->text);
        free(import);
        return code;
}
