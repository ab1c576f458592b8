/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include "../unit.h"
#include "cli/cli.h"

static int run_nothing(const struct command_line *line)
{
        (void)line;
        return EXIT_DONE;
}

static const struct command_option options[] = {
        {"--expires", "TIME", "when it ends"},
        {"--party", "NUMBER", "a party", .repeats = true, .required = true},
        {NULL},
};

static const struct command_option common[] = {
        {"--json", NULL, "as JSON"},
        {NULL},
};

static const struct command table[] = {
        {"thing create", "Create a thing.", "NAME", 1, 1, options, common, NULL, run_nothing},
        {"thing list", "List things.", NULL, 0, 0, NULL, common, NULL, run_nothing},
        {"explain", "Explain.", NULL, 0, 0, NULL, NULL, NULL, run_nothing},
        {NULL},
};

static const struct command *const tables[] = {table, NULL};

#define PARSE(line, problem, ...)                                                                  \
        parse(line, problem, (const char *const[]){__VA_ARGS__, NULL},                             \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static int parse(struct command_line *line, char *problem, const char *const *argv, size_t argc)
{
        struct buf b;
        buf_init(&b, problem, 255);
        int err = command_parse(tables, (int)argc, argv, line, &b);
        problem[b.len] = '\0';
        return err;
}

static void a_command_of_two_words_takes_options_anywhere(void **state)
{
        (void)state;
        char problem[256];
        struct command_line line;
        assert_int_equal(PARSE(&line, problem, "thing", "create", "--party", "-", "lamp",
                               "--party=@file", "--json"),
                         0);
        assert_string_equal(line.command->name, "thing create");
        assert_int_equal(line.operand_count, 1);
        assert_string_equal(line.operands[0], "lamp");
        assert_true(command_has(&line, "--json"));
        assert_false(command_has(&line, "--expires"));
        assert_null(command_value(&line, "--expires"));

        const char *parties[4];
        assert_int_equal(command_values(&line, "--party", parties, 4), 2);
        assert_string_equal(parties[0], "-");
        assert_string_equal(parties[1], "@file");
}

static void after_two_hyphens_everything_is_an_operand(void **state)
{
        (void)state;
        char problem[256];
        struct command_line line;
        assert_int_equal(PARSE(&line, problem, "thing", "create", "--party", "-", "--", "--json"),
                         0);
        assert_string_equal(line.operands[0], "--json");
        assert_false(command_has(&line, "--json"));
}

static void what_is_wrong_is_said_with_what_to_do(void **state)
{
        (void)state;
        static const struct {
                const char *const argv[8];
                const char *expect;
        } rows[] = {
                {{"thong", "list"}, "did you mean \"maskline thing list\""},
                {{"thing"}, "did you mean \"maskline thing create\""},
                {{"zzzzzzzz"}, "\"maskline help\" lists them"},
                {{""}, "\"maskline help\" lists them"},
                {{"thing", "list", "--jsom"}, "did you mean --json?"},
                {{"thing", "list", "--zzzzzz"}, "\"maskline thing list --help\" lists them"},
                {{"thing", "list", "--json=yes"}, "--json takes no value"},
                {{"thing", "list", "--json", "--json"}, "--json is given twice"},
                {{"thing", "list", "more"}, "one argument too many; usage: maskline thing list"},
                {{"thing", "create", "a", "b"}, "usage: maskline thing create NAME --party NUMBER"},
                {{"thing", "create", "--party", "-"}, "needs NAME"},
                {{"thing", "create", "", "--party", "-"}, "an argument is empty"},
                {{"thing", "create", "lamp"}, "needs --party NUMBER"},
                {{"thing", "create", "lamp", "--party"}, "--party needs a value"},
                {{"thing", "create", "lamp", "--party", "--json"}, "--party needs a value"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                size_t argc = 0;
                while (rows[i].argv[argc])
                        argc++;
                char problem[256];
                struct command_line line;
                assert_int_equal(parse(&line, problem, rows[i].argv, argc), ERR_SYNTAX);
                if (!strstr(problem, rows[i].expect))
                        fail_msg("\"%s\" does not say \"%s\"", problem, rows[i].expect);
        }
}

static void a_problem_never_repeats_a_value(void **state)
{
        (void)state;
        char problem[256];
        struct command_line line;
        assert_int_not_equal(PARSE(&line, problem, "thing", "create", "--party", "+919888800001",
                                   "a", "+919888800001"),
                             0);
        assert_null(strstr(problem, "98888"));
        assert_int_not_equal(PARSE(&line, problem, "thing", "create", "--prty=+919888800001"), 0);
        assert_null(strstr(problem, "98888"));
}

static void too_many_options_are_refused(void **state)
{
        (void)state;
        const char *argv[2 + 2 * (COMMAND_GIVEN_MAX + 1)] = {"thing", "create"};
        for (size_t i = 2; i < sizeof argv / sizeof argv[0]; i += 2) {
                argv[i] = "--party";
                argv[i + 1] = "-";
        }
        char problem[256];
        struct command_line line;
        assert_int_equal(parse(&line, problem, argv, sizeof argv / sizeof argv[0]), ERR_SYNTAX);
        assert_non_null(strstr(problem, "more than 64"));
}

static void every_command_has_help_with_an_example(void **state)
{
        (void)state;
        const struct command *const all[] = {cli_trunk_commands, cli_number_commands,
                                             cli_session_commands, cli_call_commands,
                                             cli_audit_commands};
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
                for (const struct command *c = all[i]; c->name; c++) {
                        char memory[8192];
                        struct buf help;
                        buf_init(&help, memory, sizeof memory - 1);
                        command_put_help(&help, c);
                        assert_true(buf_ok(&help));
                        memory[help.len] = '\0';
                        assert_non_null(strstr(memory, "Usage: maskline "));
                        assert_non_null(strstr(memory, "Examples:\n  "));
                        assert_non_null(strstr(memory, "--json"));
                        assert_non_null(c->run);
                        assert_true(c->operands_max <= COMMAND_OPERANDS_MAX);
                }
        }
}

static int main_on(const char *const *argv)
{
        int argc = 0;
        while (argv[argc])
                argc++;
        return command_main(tables, argc, argv);
}

static void help_on_what_is_no_command_says_so(void **state)
{
        (void)state;
        static const char *const wrong[][4] = {
                {"help", "zzz"}, {"help", "thing", "burn"}, {"zzz", "--help"}, {"help", ""}};
        static const char *const right[][4] = {
                {"help"}, {"--help"}, {"help", "thing"}, {"thing", "--help"}, {"help", "explain"}};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_int_equal(main_on(wrong[i]), EXIT_USAGE);
        for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
                assert_int_equal(main_on(right[i]), EXIT_DONE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_command_of_two_words_takes_options_anywhere),
                cmocka_unit_test(after_two_hyphens_everything_is_an_operand),
                cmocka_unit_test(what_is_wrong_is_said_with_what_to_do),
                cmocka_unit_test(a_problem_never_repeats_a_value),
                cmocka_unit_test(too_many_options_are_refused),
                cmocka_unit_test(every_command_has_help_with_an_example),
                cmocka_unit_test(help_on_what_is_no_command_says_so),
        };
        return RUN_TESTS(tests);
}
