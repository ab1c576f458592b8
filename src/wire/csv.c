/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/csv.h"

#include <string.h>

static bool needs_quotes(struct slice text)
{
        for (size_t i = 0; i < text.len; i++)
                if (strchr(",;\"\r\n\t", text.p[i]) && text.p[i])
                        return true;
        return text.len && (text.p[0] == ' ' || text.p[text.len - 1] == ' ');
}

static void put_cell(struct buf *out, const char *before, struct slice text)
{
        bool quoted = needs_quotes(text);
        if (quoted)
                buf_put_char(out, '"');
        buf_put_text(out, before);
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] == '"')
                        buf_put_char(out, '"');
                buf_put_char(out, text.p[i]);
        }
        if (quoted)
                buf_put_char(out, '"');
}

void csv_put_plain(struct buf *out, struct slice text)
{
        put_cell(out, "", text);
}

/* Spreadsheets pass over white space before they look for a formula's first character. */
void csv_put_text(struct buf *out, struct slice text)
{
        size_t i = 0;
        while (i < text.len && text.p[i] && strchr(" \t\r\n", text.p[i]))
                i++;
        bool is_formula = i < text.len && text.p[i] && strchr("=+-@", text.p[i]);
        put_cell(out, is_formula || i ? "'" : "", text);
}

/* Reading. */

static bool take(struct csv_reader *reader, char *c)
{
        if (!reader->rest.len)
                return false;
        *c = reader->rest.p[0];
        reader->rest = (struct slice){reader->rest.p + 1, reader->rest.len - 1};
        reader->line += *c == '\n';
        return true;
}

static bool next_is(const struct csv_reader *reader, char c)
{
        return reader->rest.len && reader->rest.p[0] == c;
}

static void skip_line(struct csv_reader *reader)
{
        char c;
        while (take(reader, &c) && c != '\n')
                ;
}

/* What the cells of the first row are separated by; what stands in quotes is not asked. */
static char find_separator(struct slice text)
{
        bool is_quoted = false, has_semicolon = false;
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] == '"')
                        is_quoted = !is_quoted;
                else if (is_quoted)
                        continue;
                else if (text.p[i] == ',')
                        return ',';
                else if (text.p[i] == '\n')
                        break;
                else if (text.p[i] == ';')
                        has_semicolon = true;
        }
        return has_semicolon ? ';' : ',';
}

void csv_reader_init(struct csv_reader *reader, struct slice text)
{
        static const struct slice mark = {"\xef\xbb\xbf", 3};
        if (slice_starts_with(text, mark))
                text = (struct slice){text.p + mark.len, text.len - mark.len};
        reader->rest = text;
        reader->line = 1;
        reader->separator = find_separator(text);
}

/* Up to the quote that ends it; two of them are one. */
static const char *read_quoted(struct csv_reader *reader)
{
        char c;
        while (take(reader, &c)) {
                if (c == '\0') {
                        skip_line(reader);
                        return "it holds a zero byte";
                }
                if (c != '"') {
                        buf_put_char(&reader->memory, c);
                        continue;
                }
                if (!next_is(reader, '"'))
                        return NULL;
                (void)take(reader, &c);
                buf_put_char(&reader->memory, c);
        }
        return "a quote is not closed";
}

enum cell_end {
        END_CELL,
        END_ROW,
        END_BAD,
};

static enum cell_end end_of_quoted(struct csv_reader *reader, struct csv_row *row)
{
        char c;
        if (next_is(reader, '\r'))
                (void)take(reader, &c);
        if (!take(reader, &c) || c == '\n')
                return END_ROW;
        if (c == reader->separator)
                return END_CELL;
        row->problem = "something follows a closing quote";
        skip_line(reader);
        return END_BAD;
}

static enum cell_end read_plain(struct csv_reader *reader, struct csv_row *row)
{
        char c;
        while (take(reader, &c)) {
                if (c == reader->separator)
                        return END_CELL;
                if (c == '\n')
                        return END_ROW;
                if (c == '\r' && next_is(reader, '\n'))
                        continue;
                if (c == '"' || c == '\0' || c == '\r') {
                        row->problem = c == '"'    ? "a quote within a cell that has none around it"
                                       : c == '\0' ? "it holds a zero byte"
                                                   : "a line ends with CR alone";
                        skip_line(reader);
                        return END_BAD;
                }
                buf_put_char(&reader->memory, c);
        }
        return END_ROW;
}

static enum cell_end read_cell(struct csv_reader *reader, struct csv_row *row)
{
        char c;
        size_t from = reader->memory.len;
        enum cell_end end;
        if (next_is(reader, '"')) {
                (void)take(reader, &c);
                row->problem = read_quoted(reader);
                end = row->problem ? END_BAD : end_of_quoted(reader, row);
        } else {
                end = read_plain(reader, row);
        }
        struct slice cell = {reader->memory.p + from, reader->memory.len - from};
        if (row->count == CSV_CELLS_MAX)
                row->problem = "it has too many cells";
        else
                row->cells[row->count++] = slice_trim(cell);
        return end;
}

static void read_row(struct csv_reader *reader, struct csv_row *row)
{
        enum cell_end end = END_CELL;
        row->count = 0;
        row->problem = NULL;
        row->line = reader->line;
        buf_init(&reader->memory, reader->bytes, sizeof reader->bytes);
        while (end == END_CELL)
                end = read_cell(reader, row);
        if (!buf_ok(&reader->memory) && !row->problem)
                row->problem = "it is too long";
}

static bool is_blank(const struct csv_row *row)
{
        for (unsigned i = 0; i < row->count; i++)
                if (row->cells[i].len)
                        return false;
        return !row->problem;
}

bool csv_read_row(struct csv_reader *reader, struct csv_row *row)
{
        while (reader->rest.len) {
                read_row(reader, row);
                if (!is_blank(row))
                        return true;
        }
        return false;
}
