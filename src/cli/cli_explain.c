/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli_explain.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/number_input.h"
#include "cli/show.h"

/* What would be in the way although the lookup says connect. */
static void show_obstacles(const json_t *obstacles)
{
        size_t at;
        json_t *obstacle;
        json_array_foreach(obstacles, at, obstacle)
        {
                show_fact("but", show_text(obstacle, "sentence"));
                if (show_text(obstacle, "advice")[0])
                        show_fact("what to do", show_text(obstacle, "advice"));
        }
}

/* Only where they are not what every refused caller is told. */
static void show_words_told(const json_t *answer)
{
        if (!strcmp(show_text(answer, "words"), "ended"))
                show_fact("told", "that the conversation has ended (not on the telephone yet)");
}

void cli_explain_show(const json_t *row)
{
        fputc('\n', stdout);
        show_printable(stdout, show_text(row, "sentence"));
        fputc('\n', stdout);
        show_fact("verdict", show_text(row, "verdict"));
        show_fact("why", show_text(row, "why"));
        show_words_told(row);
        if (show_text(row, "advice")[0])
                show_fact("what to do", show_text(row, "advice"));
        show_obstacles(json_object_get(row, "obstacles"));
}

/* Who calls, and what is keyed in; the numbers are wiped. */
static int put_caller(const struct command_line *line, json_t *body)
{
        static const char *const options[] = {"--caller", "--digits"};
        char memory[256] = "";
        struct buf problem;
        struct number_input input = {.count = 0};
        int err = 0;
        bool are_digits = false;
        buf_init(&problem, memory, sizeof memory - 1);
        for (unsigned i = 0; i < 2 && !err; i++) {
                const char *source = command_value(line, options[i]);
                if (!source)
                        continue;
                are_digits = i == 1;
                err = number_input_read(&source, 1, stdin, isatty(STDIN_FILENO), &input, &problem);
                if (!err)
                        json_object_set_new(body, options[i] + 2, json_string(input.text[0]));
        }
        if (are_digits && number_input_is_malformed(err))
                fputs("maskline: --digits: 4 to 15 digits\n", stderr);
        else if (err)
                fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
        explicit_bzero(&input, sizeof input);
        return err ? EXIT_USAGE : EXIT_DONE;
}

static int explain(const struct command_line *line)
{
        json_t *answer, *body = json_pack("{s:s}", "dialled", line->operands[0]);
        int code = body ? put_caller(line, body) : EXIT_FAILED;
        if (code) {
                json_decref(body);
                return code;
        }
        code = client_ask(line, "POST", "/v1/explain", body, &answer);
        if (answer) {
                show_fact("verdict", show_text(answer, "verdict"));
                show_fact("why", show_text(answer, "sentence"));
                show_words_told(answer);
                show_fact("session", show_cell(answer, "session").text);
                show_fact("shows", show_cell(answer, "shows").text);
                if (show_text(answer, "advice")[0])
                        show_fact("what to do", show_text(answer, "advice"));
                show_obstacles(json_object_get(answer, "obstacles"));
        }
        json_decref(answer);
        return code;
}

static const struct command_option explain_options[] = {
        {"--caller", "NUMBER",
         "who calls: - (a line of standard input), @FILE or the number (default: withheld)"},
        {"--digits", "DIGITS", "what is keyed in, from the same sources (default: nothing)"},
        {NULL},
};

const struct command cli_explain_commands[] = {
        {"explain", "Say what would happen if somebody called a masking number now.", "DIALLED", 1,
         1, explain_options, client_options, "  maskline explain +919000000001 --caller -\n",
         explain},
        {NULL},
};
