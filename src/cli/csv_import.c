/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/csv_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/client.h"
#include "cli/duration.h"
#include "cli/show.h"

#define FILE_BYTES_MAX (64u << 20)

static void drop_text(char *text, size_t bytes)
{
        if (text)
                explicit_bzero(text, bytes);
        free(text);
}

/* Not realloc(): what it leaves behind would not be wiped. */
static int make_room(struct csv_import *import, size_t *room)
{
        char *more = malloc(*room * 2);
        if (!more)
                return -ENOMEM;
        memcpy(more, import->text, import->bytes);
        drop_text(import->text, *room);
        import->text = more;
        *room *= 2;
        return 0;
}

/* The whole file; "-" is standard input. */
static int read_all(struct csv_import *import, const char *name)
{
        bool is_stdin = !strcmp(name, "-");
        int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
        size_t room = 65536;
        ssize_t n = fd < 0 ? -1 : 1;
        import->text = malloc(room);
        while (n > 0 && import->text && import->bytes <= FILE_BYTES_MAX) {
                if (import->bytes == room && make_room(import, &room))
                        break;
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

/* Titles are read in any case. */
static const struct csv_column *find_column(const struct csv_import *import, struct slice title)
{
        for (const struct csv_column *c = import->kind->columns; c->name; c++) {
                if (slice_equal_nocase(title, slice_from(c->name)) ||
                    (c->other && slice_equal_nocase(title, slice_from(c->other))))
                        return c;
        }
        return NULL;
}

/* What has a digit in it may be a number or a PIN, of a file whose first line is missing. */
static bool is_word(struct slice title)
{
        for (size_t i = 0; i < title.len; i++) {
                char c = title.p[i];
                if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'))
                        return false;
        }
        return title.len > 0 && title.len <= 40;
}

static int refuse_title(const struct csv_import *import, unsigned at, struct slice title)
{
        struct nearest nearest;
        nearest_init(&nearest, title);
        for (const struct csv_column *c = import->kind->columns; c->name; c++)
                nearest_offer(&nearest, c->name);
        fprintf(stderr, "maskline: line 1: cell %u names no column", at + 1);
        if (is_word(title))
                fprintf(stderr, ": \"%.*s\"", SLICE_ARG(title));
        if (nearest.best)
                fprintf(stderr, "; did you mean %s?\n", nearest.best);
        else
                fprintf(stderr, "; the first line names columns: %s\n", import->kind->names);
        return EXIT_FAILED;
}

static int read_titles(struct csv_import *import)
{
        struct csv_row row;
        const struct csv_column *first = import->kind->columns;
        bool has_first = false;
        if (!csv_read_row(&import->reader, &row) || row.problem) {
                fprintf(stderr,
                        "maskline: the file is empty, or its first line cannot be read; it names "
                        "columns: %s\n",
                        import->kind->names);
                return EXIT_FAILED;
        }
        for (unsigned i = 0; i < row.count; i++) {
                import->order[i] = find_column(import, row.cells[i]);
                if (!import->order[i])
                        return refuse_title(import, i, row.cells[i]);
                for (unsigned k = 0; k < i; k++) {
                        if (import->order[k] != import->order[i])
                                continue;
                        fprintf(stderr, "maskline: line 1: the column %s is there twice\n",
                                import->order[i]->name);
                        return EXIT_FAILED;
                }
                has_first |= import->order[i] == first;
        }
        import->cells = row.count;
        if (has_first)
                return EXIT_DONE;
        fprintf(stderr,
                "maskline: line 1: there is no column %s; the first line names columns: %s\n",
                first->name, import->kind->names);
        return EXIT_FAILED;
}

static json_t *list_of(struct slice cell, const char *between)
{
        json_t *list = json_array();
        size_t from = 0;
        for (size_t i = 0; i <= cell.len; i++) {
                if (i < cell.len && !strchr(between, cell.p[i]))
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

static json_t *count_of(struct slice cell)
{
        uint32_t count;
        return slice_to_u32(cell, INT32_MAX, &count) ? NULL : json_integer(count);
}

static json_t *seconds_of(struct slice cell)
{
        int64_t seconds;
        return duration_parse(cell, &seconds) ? NULL : json_integer(seconds);
}

/* Exports put a ' in front of what a spreadsheet would compute. */
static struct slice without_apostrophe(struct slice cell)
{
        bool has = cell.len > 1 && cell.p[0] == '\'';
        return has ? (struct slice){cell.p + 1, cell.len - 1} : cell;
}

/* NULL: it is none. */
static json_t *value_of(const struct csv_column *column, struct slice cell)
{
        switch (column->kind) {
        case CSV_TEXT:
                cell = without_apostrophe(cell);
                return json_stringn(cell.p, cell.len);
        case CSV_LIST:
                return list_of(cell, " ,;+|");
        case CSV_NUMBERS:
                return list_of(without_apostrophe(cell), ",;|");
        case CSV_SWITCH:
                return switch_of(cell);
        case CSV_COUNT:
                return count_of(cell);
        case CSV_DURATION:
                return seconds_of(cell);
        }
        return NULL;
}

static void reject_cell(struct csv_import *import, unsigned line, const struct csv_column *column)
{
        static const struct {
                const char *rule, *remedy;
        } rows[] = {
                [CSV_TEXT] = {"it is not UTF-8", "Save the file as UTF-8."},
                [CSV_LIST] = {"it is not UTF-8", "Save the file as UTF-8."},
                [CSV_NUMBERS] = {"it is not UTF-8", "Save the file as UTF-8."},
                [CSV_SWITCH] = {"it is neither yes nor no", "Write yes or no."},
                [CSV_COUNT] = {"it is no whole number", "Write digits alone."},
                [CSV_DURATION] = {"it is no length of time", "Write " DURATION_ALLOWED "."},
        };
        rejects_add(&import->rejects, line, column->name, rows[column->kind].rule,
                    rows[column->kind].remedy);
}

/* NULL: it is rejected. */
static json_t *row_json(struct csv_import *import, const struct csv_row *row)
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
                reject_cell(import, row->line, import->order[i]);
                json_decref(json);
                return NULL;
        }
        return import->kind->finish_row(import, row->line, json);
}

static uint64_t number_of(const json_t *json, const char *name)
{
        return (uint64_t)json_integer_value(json_object_get(json, name));
}

static void take_report(struct csv_import *import, const json_t *report)
{
        size_t at;
        json_t *row;
        for (unsigned i = 0; import->kind->results[i]; i++)
                import->totals[i] += number_of(report, import->kind->results[i]);
        json_array_foreach(json_object_get(report, "rows"), at, row)
        {
                uint64_t index = number_of(row, "row");
                if (index >= CSV_PART_ROWS)
                        continue;
                if (!strcmp(show_text(row, "result"), "rejected"))
                        rejects_add(&import->rejects, import->lines[index],
                                    json_string_value(json_object_get(row, "field")),
                                    show_text(row, "detail"),
                                    json_string_value(json_object_get(row, "remedy")));
                else if (import->kind->on_done)
                        import->kind->on_done(import, import->lines[index], row);
        }
}

static int send_part(struct csv_import *import)
{
        json_t *answer = NULL;
        if (json_array_size(import->part) == 0)
                return EXIT_DONE;
        json_t *body = json_pack("{s:b, s:o}", "dry_run",
                                 (int)command_has(import->line, "--dry-run"), "rows", import->part);
        import->part = json_array();
        int code = client_call(import->line, "POST", import->kind->path, body, &answer);
        if (!code)
                take_report(import, answer);
        json_decref(answer);
        progress_show(&import->progress, "bytes of the file",
                      import->bytes - import->reader.rest.len, import->bytes);
        return code;
}

static int send_all(struct csv_import *import)
{
        struct csv_row row;
        int code = EXIT_DONE;
        while (!code && csv_read_row(&import->reader, &row)) {
                json_t *json = row_json(import, &row);
                if (!json)
                        continue;
                import->lines[json_array_size(import->part)] = row.line;
                json_array_append_new(import->part, json);
                if (json_array_size(import->part) == CSV_PART_ROWS)
                        code = send_part(import);
        }
        return code ? code : send_part(import);
}

static void tell(struct csv_import *import)
{
        const struct csv_import_kind *kind = import->kind;
        const bool dry = command_has(import->line, "--dry-run");
        if (command_has(import->line, "--json")) {
                json_t *report = json_pack("{s:b}", "dry_run", (int)dry);
                for (unsigned i = 0; kind->results[i]; i++)
                        json_object_set_new(report, kind->results[i],
                                            json_integer((json_int_t)import->totals[i]));
                json_object_set_new(report, "rejected", rejects_take(&import->rejects));
                show_json(report);
                return;
        }
        fputs(dry ? "would be: " : "", stdout);
        for (unsigned i = 0; kind->results[i]; i++)
                printf("%llu %s, ", (unsigned long long)import->totals[i], kind->words[i]);
        printf("%llu rejected%s\n", (unsigned long long)import->rejects.count,
               dry ? "; nothing was changed" : "");
}

static bool did_something(const struct csv_import *import)
{
        uint64_t total = 0;
        for (unsigned i = 0; i < CSV_RESULTS_MAX; i++)
                total += import->totals[i];
        return total > 0;
}

int csv_import_run(const struct command_line *line, const struct csv_import_kind *kind)
{
        struct csv_import *import = calloc(1, sizeof *import);
        if (!import) {
                fputs("maskline: out of memory\n", stderr);
                return EXIT_FAILED;
        }
        import->line = line;
        import->kind = kind;
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
        if (!code || did_something(import))
                tell(import);
        if (!code && import->rejects.count)
                code = EXIT_FAILED;
        json_decref(import->part);
        rejects_fini(&import->rejects);
        drop_text(import->text, import->bytes);
        explicit_bzero(&import->reader, sizeof import->reader);
        free(import);
        return code;
}
