/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.h - comma-separated values: written as RFC 4180 says, read as spreadsheets write them.
 *
 * A cell that a spreadsheet would take for a formula is written as text: a ' is put in front of
 * it. Reading takes LF and CRLF, a byte order mark, ; in place of the comma if the first row has
 * it, and cells in quotes with commas, quotes and line ends in them. Nothing is allocated.
 */
#ifndef MASKLINE_WIRE_CSV_H
#define MASKLINE_WIRE_CSV_H

#include "base/buf.h"

/* Text that somebody else may have chosen. */
void csv_put_text(struct buf *out, struct slice text);
/* What we made ourselves and know to be no formula: a number, a time. */
void csv_put_plain(struct buf *out, struct slice text);

#define CSV_CELLS_MAX     32
#define CSV_ROW_BYTES_MAX 4096

struct csv_reader {
        struct slice rest;
        char separator;
        unsigned line;     /* on which the next row begins, from 1 */
        struct buf memory; /* of the row */
        char bytes[CSV_ROW_BYTES_MAX];
};

struct csv_row {
        unsigned line; /* on which it begins */
        unsigned count;
        struct slice cells[CSV_CELLS_MAX]; /* live until the next row is read */
        const char *problem;               /* NULL; else what is wrong with this row, in words */
};

/* The text must outlive the reader. */
void csv_reader_init(struct csv_reader *reader, struct slice text);

/*
 * False at the end. Rows without a cell that has something in it are passed over. A row that is
 * wrong is given with its problem, and reading goes on behind it.
 */
bool csv_read_row(struct csv_reader *reader, struct csv_row *row);

#endif
