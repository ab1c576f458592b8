/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

bool command_has(const struct command_line *line, const char *name)
{
        return command_values(line, name, NULL, 0) > 0;
}

const char *command_value(const struct command_line *line, const char *name)
{
        const char *last = NULL;
        for (unsigned i = 0; i < line->given_count; i++) {
                if (!strcmp(line->given[i].name, name))
                        last = line->given[i].value;
        }
        return last;
}

unsigned command_values(const struct command_line *line, const char *name, const char **out,
                        unsigned max)
{
        unsigned count = 0;
        for (unsigned i = 0; i < line->given_count; i++) {
                if (strcmp(line->given[i].name, name) != 0)
                        continue;
                if (count < max)
                        out[count] = line->given[i].value;
                count++;
        }
        return count;
}

/* How many of the arguments spell the command's name; 0: it is another one. */
static int words_of(const struct command *command, int argc, const char *const *argv)
{
        const char *name = command->name;
        for (int i = 0; i < argc; i++) {
                size_t len = strlen(argv[i]);
                if (len == 0 || strncmp(name, argv[i], len) != 0)
                        return 0;
                if (name[len] == '\0')
                        return i + 1;
                if (name[len] != ' ')
                        return 0;
                name += len + 1;
        }
        return 0;
}

static const struct command *find_command(const struct command *const *tables, int argc,
                                          const char *const *argv, int *words)
{
        for (; *tables; tables++) {
                for (const struct command *c = *tables; c->name; c++) {
                        *words = words_of(c, argc, argv);
                        if (*words)
                                return c;
                }
        }
        return NULL;
}

static void explain_unknown_command(const struct command *const *tables, int argc,
                                    const char *const *argv, struct buf *problem)
{
        char typed[64];
        struct buf b;
        buf_init(&b, typed, sizeof typed);
        for (int i = 0; i < argc && i < 2 && argv[i][0] != '-'; i++)
                buf_printf(&b, "%s%s", i ? " " : "", argv[i]);

        struct nearest nearest;
        nearest_init(&nearest, buf_slice(&b));
        for (; *tables; tables++) {
                for (const struct command *c = *tables; c->name; c++)
                        nearest_offer(&nearest, c->name);
        }
        if (nearest.best)
                buf_printf(problem, "no such command; did you mean \"maskline %s\"?", nearest.best);
        else
                buf_put_text(problem, "no such command; \"maskline help\" lists them");
}

static const struct command_option *find_option(const struct command_option *rows,
                                                struct slice name)
{
        for (; rows && rows->name; rows++) {
                if (slice_equal(slice_from(rows->name), name))
                        return rows;
        }
        return NULL;
}

static void explain_unknown_option(const struct command *command, struct slice name,
                                   struct buf *problem)
{
        struct nearest nearest;
        nearest_init(&nearest, name);
        for (const struct command_option *o = command->options; o && o->name; o++)
                nearest_offer(&nearest, o->name);
        for (const struct command_option *o = command->common; o && o->name; o++)
                nearest_offer(&nearest, o->name);

        buf_printf(problem, "maskline %s has no such option", command->name);
        if (nearest.best)
                buf_printf(problem, "; did you mean %s?", nearest.best);
        else
                buf_printf(problem, "; \"maskline %s --help\" lists them", command->name);
}

static int take_option(struct command_line *line, int argc, const char *const *argv, int *at,
                       struct buf *problem)
{
        const struct command *command = line->command;
        struct slice value;
        struct slice arg = slice_from(argv[*at]);
        struct slice name = slice_split(arg, '=', &value);
        bool has_value = name.len != arg.len;
        const struct command_option *option = find_option(command->options, name);
        if (!option)
                option = find_option(command->common, name);
        if (!option) {
                explain_unknown_option(command, name, problem);
                return ERR_SYNTAX;
        }
        if (!option->value && has_value) {
                buf_printf(problem, "%s takes no value", option->name);
                return ERR_SYNTAX;
        }
        if (!option->repeats && command_has(line, option->name)) {
                buf_printf(problem, "%s is given twice", option->name);
                return ERR_SYNTAX;
        }
        if (line->given_count == COMMAND_GIVEN_MAX) {
                buf_printf(problem, "more than %d options", COMMAND_GIVEN_MAX);
                return ERR_SYNTAX;
        }

        const char *text = has_value ? argv[*at] + name.len + 1 : NULL;
        if (option->value && !has_value) {
                if (*at + 1 >= argc || !strncmp(argv[*at + 1], "--", 2)) {
                        buf_printf(problem, "%s needs a value: %s %s", option->name, option->name,
                                   option->value);
                        return ERR_SYNTAX;
                }
                text = argv[++*at];
        }
        line->given[line->given_count].name = option->name;
        line->given[line->given_count++].value = text;
        return 0;
}

/* With the options that it cannot be without. */
static void put_usage(const struct command *command, struct buf *out)
{
        buf_printf(out, "; usage: maskline %s%s%s", command->name, command->operands ? " " : "",
                   command->operands ? command->operands : "");
        for (const struct command_option *o = command->options; o && o->name; o++)
                if (o->required)
                        buf_printf(out, " %s %s", o->name, o->value);
}

static int take_operand(struct command_line *line, const char *text, struct buf *problem)
{
        const struct command *command = line->command;
        if (text[0] == '\0') {
                buf_printf(problem, "maskline %s: an argument is empty", command->name);
                put_usage(command, problem);
                return ERR_SYNTAX;
        }
        assert(command->operands_max <= COMMAND_OPERANDS_MAX);
        if (line->operand_count == command->operands_max) {
                buf_printf(problem, "maskline %s: one argument too many", command->name);
                put_usage(command, problem);
                return ERR_SYNTAX;
        }
        line->operands[line->operand_count++] = text;
        return 0;
}

static int check_complete(const struct command_line *line, struct buf *problem)
{
        const struct command *command = line->command;
        if (line->operand_count < command->operands_min) {
                buf_printf(problem, "maskline %s needs %s", command->name, command->operands);
                return ERR_SYNTAX;
        }
        for (const struct command_option *o = command->options; o && o->name; o++) {
                if (o->required && !command_has(line, o->name)) {
                        buf_printf(problem, "maskline %s needs %s %s", command->name, o->name,
                                   o->value);
                        return ERR_SYNTAX;
                }
        }
        return 0;
}

int command_parse(const struct command *const *tables, int argc, const char *const *argv,
                  struct command_line *line, struct buf *problem)
{
        *line = (struct command_line){0};
        int at = 0;
        line->command = find_command(tables, argc, argv, &at);
        if (!line->command) {
                explain_unknown_command(tables, argc, argv, problem);
                return ERR_SYNTAX;
        }

        bool operands_only = false;
        for (; at < argc; at++) {
                int err;
                if (!operands_only && !strcmp(argv[at], "--")) {
                        operands_only = true;
                        continue;
                }
                if (!operands_only && !strncmp(argv[at], "--", 2))
                        err = take_option(line, argc, argv, &at, problem);
                else
                        err = take_operand(line, argv[at], problem);
                if (err)
                        return err;
        }
        return check_complete(line, problem);
}

static void put_synopsis(struct buf *out, const struct command *command)
{
        buf_printf(out, "maskline %s", command->name);
        if (command->operands)
                buf_printf(out, " %s", command->operands);
        for (const struct command_option *o = command->options; o && o->name; o++) {
                buf_put_text(out, o->required ? " " : " [");
                buf_printf(out, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
                if (!o->required)
                        buf_put_char(out, ']');
                if (o->repeats)
                        buf_put_text(out, "...");
        }
        buf_put_char(out, '\n');
}

static void put_options(struct buf *out, const struct command_option *rows)
{
        for (; rows && rows->name; rows++) {
                char left[48];
                snprintf(left, sizeof left, "%s%s%s", rows->name, rows->value ? " " : "",
                         rows->value ? rows->value : "");
                buf_printf(out, "  %-26s %s\n", left, rows->help);
        }
}

void command_put_help(struct buf *out, const struct command *command)
{
        buf_printf(out, "%s\n\nUsage: ", command->summary);
        put_synopsis(out, command);
        if (command->options || command->common)
                buf_put_text(out, "\nOptions:\n");
        put_options(out, command->options);
        put_options(out, command->common);
        if (command->examples)
                buf_printf(out, "\nExamples:\n%s", command->examples);
}

static void put_overview(struct buf *out, const struct command *const *tables)
{
        buf_put_text(out, "Usage: maskline COMMAND [OPTIONS]\n\nCommands:\n");
        for (; *tables; tables++) {
                for (const struct command *c = *tables; c->name; c++)
                        buf_printf(out, "  %-16s %s\n", c->name, c->summary);
        }
        buf_put_text(out, "\n\"maskline COMMAND --help\" explains one, with examples.\n");
}

/* In a table cell a "|" would end the cell. */
static void put_cell(struct buf *out, const char *text)
{
        for (; *text; text++) {
                if (*text == '|')
                        buf_put_char(out, '\\');
                buf_put_char(out, *text);
        }
}

static void put_reference_options(struct buf *out, const struct command_option *rows)
{
        for (; rows && rows->name; rows++) {
                buf_printf(out, "| `%s%s", rows->name, rows->value ? " " : "");
                put_cell(out, rows->value ? rows->value : "");
                buf_printf(out, "` | %s%s%s |\n", rows->help, rows->required ? " (required)" : "",
                           rows->repeats ? " (may be repeated)" : "");
        }
}

void command_put_reference(struct buf *out, const struct command *const *tables)
{
        for (; *tables; tables++) {
                for (const struct command *c = *tables; c->name; c++) {
                        buf_printf(out, "## maskline %s\n\n%s\n\n```\n", c->name, c->summary);
                        put_synopsis(out, c);
                        buf_put_text(out, "```\n\n");
                        if (c->options || c->common)
                                buf_put_text(out, "| option | meaning |\n|---|---|\n");
                        put_reference_options(out, c->options);
                        put_reference_options(out, c->common);
                        if (c->options || c->common)
                                buf_put_char(out, '\n');
                        if (c->examples)
                                buf_printf(out, "```\n%s```\n\n", c->examples);
                }
        }
}

static bool wants_help(int argc, const char *const *argv)
{
        for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
                if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
                        return true;
        }
        return false;
}

/* Nothing but options, or the first word of a command: it gets the overview. */
static bool is_noun(const struct command *const *tables, int argc, const char *const *argv)
{
        if (argc == 0 || argv[0][0] == '-')
                return true;
        size_t len = strlen(argv[0]);
        bool is_alone = argc == 1 || argv[1][0] == '-';
        for (; is_alone && *tables; tables++) {
                for (const struct command *c = *tables; c->name; c++) {
                        if (!strncmp(c->name, argv[0], len) && c->name[len] == ' ')
                                return true;
                }
        }
        return false;
}

static void tell_unknown_command(const struct command *const *tables, int argc,
                                 const char *const *argv)
{
        char memory[512];
        struct buf problem;
        buf_init(&problem, memory, sizeof memory);
        explain_unknown_command(tables, argc, argv, &problem);
        fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
}

static int show_help(const struct command *const *tables, int argc, const char *const *argv)
{
        static char memory[16384];
        struct buf out;
        buf_init(&out, memory, sizeof memory);
        int words;
        const struct command *command = find_command(tables, argc, argv, &words);
        if (!command && !is_noun(tables, argc, argv)) {
                tell_unknown_command(tables, argc, argv);
                return EXIT_USAGE;
        }
        if (command)
                command_put_help(&out, command);
        else
                put_overview(&out, tables);
        return fwrite(out.p, 1, out.len, stdout) == out.len ? EXIT_DONE : EXIT_FAILED;
}

/* What could not be written was not said: of a receipt that matters. */
static int end_output(int code)
{
        bool failed = fflush(stdout) != 0;
        if (!(failed || ferror(stdout)) || code)
                return code;
        fputs("maskline: the output could not be written; what was asked for has been done\n",
              stderr);
        return EXIT_FAILED;
}

int command_main(const struct command *const *tables, int argc, const char *const *argv)
{
        if (argc && !strcmp(argv[0], "help"))
                return show_help(tables, argc - 1, argv + 1);
        if (wants_help(argc, argv))
                return show_help(tables, argc, argv);

        char memory[512] = "";
        struct buf problem;
        buf_init(&problem, memory, sizeof memory - 1);
        struct command_line line;
        if (argc == 0) {
                show_help(tables, 0, argv);
                return EXIT_USAGE;
        }
        if (command_parse(tables, argc, argv, &line, &problem)) {
                fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
                return EXIT_USAGE;
        }
        return end_output(line.command->run(&line));
}
