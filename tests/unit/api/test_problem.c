/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of problems: stable names, and all of them in the reference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "api/problem.h"
#include "io/http_compose.h"

static const char *reference_page; /* docs/reference/rest.md */

static char *read_page(void)
{
        FILE *file = fopen(reference_page, "r");
        assert_non_null(file);
        char *text = calloc(1, 256 * 1024);
        assert_non_null(text);
        assert_true(fread(text, 1, 256 * 1024 - 1, file) > 0);
        fclose(file);
        return text;
}

static void expect_row(const char *page, unsigned status, const char *type)
{
        char row[32], name[64];
        const char *colon = strrchr(type, ':');
        assert_non_null(colon);
        assert_int_equal(strncmp(type, "urn:maskline:problem:", 21), 0);
        snprintf(row, sizeof row, "\n| %u | ", status);
        snprintf(name, sizeof name, "`%s`", colon + 1);
        const char *at = strstr(page, row);
        const char *end = at ? strchr(at + 1, '\n') : NULL;
        const char *found = at ? strstr(at, name) : NULL;
        if (!found || !end || found > end)
                fail_msg("docs/reference/rest.md has no row for %u %s", status, type);
}

static void every_kind_is_in_the_reference(void **state)
{
        (void)state;
        char *page = read_page();
        for (int kind = 0; kind < PROBLEMS; kind++) {
                const struct problem problem = {.kind = (enum problem_kind)kind, .detail = "x"};
                json_t *json = problem_json(&problem);
                assert_int_equal(json_integer_value(json_object_get(json, "status")),
                                 problem_status(problem.kind));
                expect_row(page, problem_status(problem.kind),
                           json_string_value(json_object_get(json, "type")));
                assert_true(json_string_length(json_object_get(json, "title")) > 0);
                json_decref(json);
        }
        static const unsigned framing[] = {400, 408, 413, 417, 431, 500, 501, 505};
        for (size_t i = 0; i < sizeof framing / sizeof framing[0]; i++) {
                char memory[512];
                struct buf b;
                json_error_t error;
                buf_init(&b, memory, sizeof memory);
                http_put_problem(&b, framing[i], "why");
                json_t *json = json_loadb(b.p, b.len, JSON_REJECT_DUPLICATES, &error);
                assert_non_null(json);
                expect_row(page, framing[i], json_string_value(json_object_get(json, "type")));
                assert_true(json_string_length(json_object_get(json, "remedy")) > 0);
                json_decref(json);
        }
        free(page);
}

/* Clients compare them: they never change. */
static void names_are_what_they_were(void **state)
{
        (void)state;
        static const char *const names[PROBLEMS] = {
                "bad-json",      "bad-path",  "bad-query",  "bad-header", "unauthorized",
                "forbidden",     "not-found", "bad-method", "media-type", "unknown-field",
                "missing-field", "bad-value", "exists",     "conflict",   "in-use",
                "state",         "no-number", "rate",       "limit",      "store",
                "internal",
        };
        for (int kind = 0; kind < PROBLEMS; kind++) {
                const struct problem problem = {.kind = (enum problem_kind)kind, .detail = "x"};
                json_t *json = problem_json(&problem);
                const char *type = json_string_value(json_object_get(json, "type"));
                assert_non_null(type);
                assert_string_equal(strrchr(type, ':') + 1, names[kind]);
                json_decref(json);
        }
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_kind_is_in_the_reference),
                cmocka_unit_test(names_are_what_they_were),
        };
        if (argc < 2)
                return 2;
        reference_page = argv[1];
        return RUN_TESTS(tests);
}
