/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"
#include "wire/csv.h"

static char memory[8192];

static const char *text_cell(const char *text)
{
        struct buf b;
        buf_init(&b, memory, sizeof memory - 1);
        csv_put_text(&b, slice_from(text));
        memory[b.len] = '\0';
        return memory;
}

static void cells_are_quoted_where_they_must_be(void **state)
{
        (void)state;
        assert_string_equal(text_cell("plain"), "plain");
        assert_string_equal(text_cell(""), "");
        assert_string_equal(text_cell("a,b"), "\"a,b\"");
        assert_string_equal(text_cell("a;b"), "\"a;b\"");
        assert_string_equal(text_cell("a\"b"), "\"a\"\"b\"");
        assert_string_equal(text_cell("a\r\nb"), "\"a\r\nb\"");
        assert_string_equal(text_cell("ends "), "\"ends \"");
}

static void nothing_is_left_that_a_spreadsheet_would_compute(void **state)
{
        (void)state;
        assert_string_equal(text_cell("=1+1"), "'=1+1");
        assert_string_equal(text_cell("+1"), "'+1");
        assert_string_equal(text_cell("-1"), "'-1");
        assert_string_equal(text_cell("@SUM(A1)"), "'@SUM(A1)");
        assert_string_equal(text_cell("\t=1"), "\"'\t=1\"");
        assert_string_equal(text_cell(" =1"), "\"' =1\"");
        assert_string_equal(text_cell("\r=1"), "\"'\r=1\"");
        assert_string_equal(text_cell("=a,b"), "\"'=a,b\"");
        assert_string_equal(text_cell("a=1"), "a=1");
}

static struct csv_reader reader;
static struct csv_row row;

static void expect_row(unsigned line, unsigned count, const char *const *cells)
{
        assert_true(csv_read_row(&reader, &row));
        assert_null(row.problem);
        assert_int_equal(row.line, line);
        assert_int_equal(row.count, count);
        for (unsigned i = 0; i < count; i++)
                assert_true(slice_equal(row.cells[i], slice_from(cells[i])));
}
#define ROW(line, ...)                                                                             \
        expect_row(line, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                   \
                   (const char *[]){__VA_ARGS__})

static void expect_end(void)
{
        assert_false(csv_read_row(&reader, &row));
}

static void rows_are_read_as_spreadsheets_write_them(void **state)
{
        (void)state;
        csv_reader_init(&reader, SLICE("\xef\xbb\xbfnumber,trunk\r\n1, north \r\n\r\n,,\n"
                                       "2,\"a, \"\"b\"\"\nc\"\n\"3\",x,\n4"));
        ROW(1, "number", "trunk");
        ROW(2, "1", "north");
        ROW(5, "2", "a, \"b\"\nc");
        ROW(7, "3", "x", "");
        ROW(8, "4");
        expect_end();

        csv_reader_init(&reader, SLICE("number;trunk\n1;a,b\n"));
        ROW(1, "number", "trunk");
        ROW(2, "1", "a,b");
        expect_end();
        csv_reader_init(&reader, SLICE("\"a;\nb\",c\n\"1,2\"\n"));
        ROW(1, "a;\nb", "c");
        ROW(3, "1,2");
        expect_end();
        csv_reader_init(&reader, SLICE("\"a,b\";c\n1,2\n"));
        ROW(1, "a,b", "c");
        ROW(2, "1,2");
        expect_end();
        csv_reader_init(&reader, SLICE_NONE);
        expect_end();
}

static void refused(const char *says)
{
        assert_true(csv_read_row(&reader, &row));
        assert_non_null(row.problem);
        assert_non_null(strstr(row.problem, says));
}

static void a_row_that_is_wrong_is_told_and_the_next_one_is_read(void **state)
{
        (void)state;
        static const char zero[] = "a\0b,c\n1,2\n";
        csv_reader_init(&reader, (struct slice){zero, sizeof zero - 1});
        refused("zero byte");
        ROW(2, "1", "2");
        csv_reader_init(&reader, SLICE("a\"b,c\n1,2\n\"x\"y,z\n3\n4\r5\n6\n"));
        refused("no");
        ROW(2, "1", "2");
        refused("follows a closing quote");
        ROW(4, "3");
        refused("CR alone");
        ROW(6, "6");
        expect_end();
        csv_reader_init(&reader, SLICE("\"never closed\n1,2\n"));
        refused("not closed");
        expect_end();

        memset(memory, 'x', 5000);
        memcpy(memory + 5000, "\n1\n", 3);
        csv_reader_init(&reader, (struct slice){memory, 5003});
        refused("too long");
        ROW(2, "1");
        memset(memory, ',', 40);
        memory[40] = 'x';
        csv_reader_init(&reader, (struct slice){memory, 41});
        refused("too many cells");
        expect_end();
}

static void what_is_written_is_read_back(void **state)
{
        (void)state;
        static const char *const texts[] = {"plain", "a,b", "say \"x\"", "two\nlines", "", "x"};
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        for (unsigned i = 0; i < 6; i++) {
                if (i)
                        buf_put_char(&b, ',');
                csv_put_text(&b, slice_from(texts[i]));
        }
        buf_put_text(&b, "\r\n");
        csv_reader_init(&reader, buf_slice(&b));
        expect_row(1, 6, texts);
        expect_end();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cells_are_quoted_where_they_must_be),
                cmocka_unit_test(nothing_is_left_that_a_spreadsheet_would_compute),
                cmocka_unit_test(rows_are_read_as_spreadsheets_write_them),
                cmocka_unit_test(a_row_that_is_wrong_is_told_and_the_next_one_is_read),
                cmocka_unit_test(what_is_written_is_read_back),
        };
        return RUN_TESTS(tests);
}
