/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"

#define FACT_NAME 14 /* characters */

struct show_table {
        const char *const *titles;
        unsigned columns;
        size_t widths[SHOW_COLUMNS_MAX];
        struct show_cell *cells; /* owned; row by row */
        size_t count, capacity;  /* of cells */
};

const char *show_text(const json_t *object, const char *name)
{
        const char *text = json_string_value(json_object_get(object, name));
        return text ? text : "";
}

void show_printable(FILE *to, const char *text)
{
        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;
                fputc(c < ' ' || c == 0x7f ? '?' : c, to);
        }
}

void show_json(json_t *json)
{
        json_dumpf(json, stdout, JSON_INDENT(2));
        fputc('\n', stdout);
        json_decref(json);
}

/* "2026-08-01T10:00:00.000Z" is shown as "2026-08-01 10:00:00Z". */
static void shorten_time(char *text)
{
        if (strlen(text) != 24 || text[10] != 'T' || text[23] != 'Z')
                return;
        text[10] = ' ';
        text[19] = 'Z';
        text[20] = '\0';
}

struct show_cell show_cell(const json_t *object, const char *name)
{
        struct show_cell cell = {"-"};
        const json_t *value = json_object_get(object, name);
        if (json_is_string(value)) {
                snprintf(cell.text, sizeof cell.text, "%s", json_string_value(value));
                shorten_time(cell.text);
        } else if (json_is_integer(value)) {
                snprintf(cell.text, sizeof cell.text, "%" JSON_INTEGER_FORMAT,
                         json_integer_value(value));
        } else if (json_is_real(value)) {
                snprintf(cell.text, sizeof cell.text, "%.1f", json_real_value(value));
        } else if (json_is_boolean(value)) {
                snprintf(cell.text, sizeof cell.text, "%s", json_is_true(value) ? "yes" : "no");
        }
        if (cell.text[0] == '\0')
                strcpy(cell.text, "-");
        return cell;
}

struct show_cell show_words(const json_t *object, const char *name)
{
        struct show_cell cell = {"-"};
        struct buf b;
        size_t at;
        json_t *word;
        buf_init(&b, cell.text, sizeof cell.text - 1);
        json_array_foreach(json_object_get(object, name), at, word) buf_printf(
                &b, "%s%s", at ? ", " : "", json_is_string(word) ? json_string_value(word) : "?");
        if (b.len)
                cell.text[b.len] = '\0';
        return cell;
}

struct show_cell show_integers(const json_t *object, const char *name)
{
        struct show_cell cell = {"-"};
        struct buf b;
        size_t at;
        json_t *value;
        buf_init(&b, cell.text, sizeof cell.text - 1);
        json_array_foreach(json_object_get(object, name), at, value)
                buf_printf(&b, "%s%" JSON_INTEGER_FORMAT, at ? " " : "", json_integer_value(value));
        if (b.len)
                cell.text[b.len] = '\0';
        return cell;
}

static bool is_continued(char c)
{
        return ((unsigned char)c & 0xc0) == 0x80; /* within a character of UTF-8 */
}

/* Characters, of which a terminal shows each in one column (almost). */
static size_t width_of(const char *text)
{
        size_t width = 0;
        for (; *text; text++)
                width += !is_continued(*text);
        return width;
}

struct show_table *show_table_create(const char *const *titles)
{
        struct show_table *table = calloc(1, sizeof *table);
        if (!table)
                return NULL;
        table->titles = titles;
        for (; titles[table->columns]; table->columns++)
                table->widths[table->columns] = strlen(titles[table->columns]);
        return table;
}

static int make_room(struct show_table *table)
{
        if (table->count + table->columns <= table->capacity)
                return 0;
        size_t capacity = table->capacity ? table->capacity * 2 : (size_t)table->columns * 16;
        struct show_cell *cells = realloc(table->cells, capacity * sizeof *cells);
        if (!cells)
                return -1;
        table->cells = cells;
        table->capacity = capacity;
        return 0;
}

void show_table_add(struct show_table *table, const struct show_cell *cells)
{
        if (!table || make_room(table))
                return;
        for (unsigned i = 0; i < table->columns; i++) {
                size_t width = width_of(cells[i].text);
                if (width > table->widths[i])
                        table->widths[i] = width;
                table->cells[table->count++] = cells[i];
        }
}

#define COLUMN_MIN 6
#define GAP        2

/* Columns of the terminal; 0: it is none, or does not say. */
static size_t terminal_width(void)
{
        struct winsize size;
        if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
                return 0;
        return size.ws_col;
}

static size_t table_width(const struct show_table *table, const size_t *widths)
{
        size_t sum = GAP * (table->columns - 1);
        for (unsigned i = 0; i < table->columns; i++)
                sum += widths[i];
        return sum;
}

/* Takes from the widest column, one at a time, until the table fits or no column can give. */
static void fit(const struct show_table *table, size_t *widths, size_t room)
{
        while (table_width(table, widths) > room) {
                unsigned widest = 0;
                for (unsigned i = 1; i < table->columns; i++)
                        if (widths[i] > widths[widest])
                                widest = i;
                if (widths[widest] <= COLUMN_MIN)
                        return;
                widths[widest]--;
        }
}

/* Whole characters, as many as `width` has room for; "~" in place of what is cut. */
static void print_cut(const char *text, size_t width)
{
        char piece[sizeof((struct show_cell *)0)->text];
        size_t bytes = 0;
        for (size_t chars = 0; text[bytes] && bytes + 4 < sizeof piece; chars++) {
                size_t next = bytes + 1;
                while (is_continued(text[next]))
                        next++;
                if (chars + 1 == width)
                        break;
                bytes = next;
        }
        memcpy(piece, text, bytes);
        piece[bytes] = '~';
        piece[bytes + 1] = '\0';
        show_printable(stdout, piece);
}

static void print_cell(const struct show_table *table, const size_t *widths, unsigned column,
                       const char *text)
{
        bool last = column + 1 == table->columns;
        size_t width = width_of(text);
        if (width > widths[column]) {
                print_cut(text, widths[column]);
                width = widths[column];
        } else {
                show_printable(stdout, text);
        }
        if (last)
                fputc('\n', stdout);
        else
                printf("%*s", (int)(widths[column] - width + GAP), "");
}

void show_table_print(const struct show_table *table, const char *when_empty)
{
        size_t widths[SHOW_COLUMNS_MAX], room = terminal_width();
        if (!table)
                return;
        if (table->count == 0) {
                printf("%s\n", when_empty);
                return;
        }
        assert(table->columns > 0);
        memcpy(widths, table->widths, sizeof widths);
        if (room)
                fit(table, widths, room);
        for (unsigned i = 0; i < table->columns; i++)
                print_cell(table, widths, i, table->titles[i]);
        for (size_t i = 0; i < table->count; i++)
                print_cell(table, widths, (unsigned)(i % table->columns), table->cells[i].text);
}

void show_table_destroy(struct show_table *table)
{
        if (!table)
                return;
        free(table->cells);
        free(table);
}

void show_list(const json_t *list, const struct show_column *columns, const char *when_empty)
{
        const char *titles[SHOW_COLUMNS_MAX + 1] = {NULL};
        for (unsigned i = 0; columns[i].title; i++) {
                assert(i < SHOW_COLUMNS_MAX);
                titles[i] = columns[i].title;
        }
        struct show_table *table = show_table_create(titles);
        size_t at;
        json_t *row;
        json_array_foreach((json_t *)(uintptr_t)list, at, row)
        {
                struct show_cell cells[SHOW_COLUMNS_MAX];
                for (unsigned i = 0; columns[i].title; i++)
                        cells[i] = columns[i].cell ? columns[i].cell(row, columns[i].member)
                                                   : show_cell(row, columns[i].member);
                show_table_add(table, cells);
        }
        show_table_print(table, when_empty);
        show_table_destroy(table);
}

void show_fact(const char *name, const char *value)
{
        show_fact_in(FACT_NAME, name, value);
}

void show_fact_in(unsigned width, const char *name, const char *value)
{
        printf("%-*s ", (int)width, name);
        show_printable(stdout, value);
        fputc('\n', stdout);
}
