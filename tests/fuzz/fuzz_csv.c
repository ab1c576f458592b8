/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fuzz.h"
#include "wire/csv.h"

/* A row written anew reads as the same cells, and no cell of it begins a formula. */
static void write_again(const struct csv_row *row)
{
        static char memory[2 * CSV_ROW_BYTES_MAX + 4 * CSV_CELLS_MAX];
        static struct csv_reader reader;
        struct csv_row again;
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        for (unsigned i = 0; i < row->count; i++) {
                if (i)
                        buf_put_char(&b, ',');
                csv_put_plain(&b, row->cells[i]);
        }
        MUST(buf_ok(&b));
        if (row->count == 1 || b.len > CSV_ROW_BYTES_MAX || !memcmp(b.p, "\xef\xbb\xbf", 3))
                return;
        csv_reader_init(&reader, buf_slice(&b));
        MUST(csv_read_row(&reader, &again));
        MUST(!again.problem && again.count == row->count);
        for (unsigned i = 0; i < row->count; i++)
                MUST(slice_equal(again.cells[i], row->cells[i]));
        for (unsigned i = 0; i < row->count; i++) {
                buf_init(&b, memory, sizeof memory);
                csv_put_text(&b, row->cells[i]);
                size_t at = b.len && memory[0] == '"';
                MUST(b.len <= at || !memchr("=+-@\t\r\n", memory[at], 7));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct csv_reader reader;
        struct csv_row row;
        unsigned line = 0;
        csv_reader_init(&reader, (struct slice){(const char *)data, size});
        while (csv_read_row(&reader, &row)) {
                MUST(row.line > line && row.count <= CSV_CELLS_MAX);
                line = row.line;
                if (!row.problem)
                        write_again(&row);
        }
        MUST(reader.rest.len == 0);
        return 0;
}
