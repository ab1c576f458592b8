/* SPDX-License-Identifier: Apache-2.0 */
#include "app/commands.h"

#include <stdio.h>

#include "../unit.h"

static const char *reference_page; /* path of the committed page */

static void every_command_has_its_own_name_a_summary_and_an_example(void **state)
{
        (void)state;
        for (unsigned t = 0; commands[t]; t++) {
                for (const struct command *c = commands[t]; c->name; c++) {
                        assert_non_null(c->run);
                        assert_non_null(c->examples);
                        assert_int_equal(c->summary[strlen(c->summary) - 1], '.');
                        for (unsigned u = 0; u <= t; u++) {
                                for (const struct command *o = commands[u]; o->name && o != c; o++)
                                        assert_string_not_equal(o->name, c->name);
                        }
                }
        }
}

static void the_committed_reference_page_is_the_one_the_rows_make(void **state)
{
        (void)state;
        static char page[1 << 17], committed[1 << 17];
        struct buf out;
        buf_init(&out, page, sizeof page - 1);
        commands_put_reference(&out);
        assert_true(buf_ok(&out));
        page[out.len] = '\0';

        FILE *file = fopen(reference_page, "r");
        assert_non_null(file);
        size_t n = fread(committed, 1, sizeof committed - 1, file);
        fclose(file);
        committed[n] = '\0';
        assert_string_equal(page, committed);
}

int main(int argc, char **argv)
{
        reference_page = argc > 1 ? argv[1] : "docs/reference/cli.md";
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_command_has_its_own_name_a_summary_and_an_example),
                cmocka_unit_test(the_committed_reference_page_is_the_one_the_rows_make),
        };
        return RUN_TESTS(tests);
}
