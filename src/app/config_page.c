/* SPDX-License-Identifier: Apache-2.0 */
#include "app/config_page.h"

#include <string.h>

#include "app/config_value.h"

#define COMMENT_COLUMNS 90

/* Words of `text` in lines that begin with "# ". */
static void put_comment(struct buf *out, const char *text)
{
        size_t column = 0;
        struct slice rest = slice_from(text);
        while (rest.len) {
                struct slice word = slice_split(rest, ' ', &rest);
                if (column && column + 1 + word.len > COMMENT_COLUMNS) {
                        buf_put_char(out, '\n');
                        column = 0;
                }
                buf_put_text(out, column ? " " : "# ");
                buf_put_slice(out, word);
                column += word.len + 1;
        }
        buf_put_char(out, '\n');
}

static void put_allowed_comment(struct buf *out, const struct config_row *row)
{
        char memory[256];
        struct buf allowed;
        buf_init(&allowed, memory, sizeof memory - 1);
        buf_put_text(&allowed, "Allowed: ");
        config_value_put_allowed(&allowed, row);
        buf_put_text(&allowed, row->reloadable ? ". SIGHUP applies a change." : ".");
        memory[allowed.len] = '\0';
        put_comment(out, memory);
}

void config_put_defaults(struct buf *out)
{
        struct config defaults;
        config_defaults(&defaults);
        put_comment(out,
                    "Maskline's configuration: name = value, one per line; # begins a comment. "
                    "What is left out has the value shown here.");
        for (unsigned i = 0; i < config_row_count; i++) {
                const struct config_row *row = &config_rows[i];
                if (row->section)
                        buf_printf(out, "\n## %s\n", row->section);
                buf_put_char(out, '\n');
                put_comment(out, row->help);
                put_allowed_comment(out, row);
                buf_printf(out, "%s = ", row->name);
                config_value_put(out, row, &defaults);
                buf_put_char(out, '\n');
        }
}

/* In a table cell a "|" would end the cell. */
static void put_cell(struct buf *out, struct slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.p[i] == '|')
                        buf_put_char(out, '\\');
                buf_put_char(out, text.p[i]);
        }
}

static void put_row(struct buf *out, const struct config_row *row, const struct config *defaults)
{
        char memory[512];
        struct buf cell;
        buf_printf(out, "| `%s` | ", row->name);

        buf_init(&cell, memory, sizeof memory);
        config_value_put(&cell, row, defaults);
        if (cell.len) {
                buf_put_char(out, '`');
                put_cell(out, buf_slice(&cell));
                buf_put_char(out, '`');
        } else {
                buf_put_text(out, "(empty)");
        }

        buf_reset(&cell);
        config_value_put_allowed(&cell, row);
        buf_put_text(out, " | ");
        put_cell(out, buf_slice(&cell));
        buf_printf(out, " | %s | ", row->reloadable ? "SIGHUP" : "restart");
        put_cell(out, slice_from(row->help));
        buf_put_text(out, " |\n");
}

void config_put_reference(struct buf *out)
{
        struct config defaults;
        config_defaults(&defaults);
        buf_put_text(
                out,
                "# Configuration\n\n"
                "<!-- Made by `maskline config --reference`; a test compares the two. -->\n\n"
                "`maskline serve` reads `maskline.conf` in its data directory, or the file that\n"
                "`--config` names. A line is `name = value`; `#` begins a comment at the start of\n"
                "a line or of a value, or after white space. `--set name=value` on the command line\n"
                "wins over the file. The whole file is checked before anything is used, and every problem is\n"
                "reported with its line. `maskline config --check FILE` only checks;\n"
                "`maskline config --print-defaults` writes a file to start from.\n");
        for (unsigned i = 0; i < config_row_count; i++) {
                if (config_rows[i].section)
                        buf_printf(out,
                                   "\n## %s\n\n"
                                   "| key | default | allowed | applied by | meaning |\n"
                                   "|---|---|---|---|---|\n",
                                   config_rows[i].section);
                put_row(out, &config_rows[i], &defaults);
        }
}
