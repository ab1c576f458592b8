/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/number_input.h"
#include "cli/show.h"

static int verify(const struct command_line *line)
{
        json_t *answer = NULL;
        int code = client_call(line, "GET", "/v1/audit/verify", NULL, &answer);
        if (code)
                return code;
        bool intact = json_is_true(json_object_get(answer, "intact"));
        if (command_has(line, "--json"))
                json_dumpf(answer, stdout, JSON_INDENT(2));
        else
                show_printable(stdout, show_text(answer, "sentence"));
        fputc('\n', stdout);
        json_decref(answer);
        return intact ? EXIT_DONE : EXIT_FAILED;
}

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

static int explain(const struct command_line *line)
{
        char memory[256] = "";
        struct buf problem;
        buf_init(&problem, memory, sizeof memory - 1);
        struct number_input caller = {.count = 0};
        const char *source = command_value(line, "--caller");
        if (source &&
            number_input_read(&source, 1, stdin, isatty(STDIN_FILENO), &caller, &problem)) {
                fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
                return EXIT_USAGE;
        }

        json_t *body = json_object();
        json_object_set_new(body, "dialled", json_string(line->operands[0]));
        json_object_set_new(body, "caller",
                            caller.count ? json_string(caller.text[0]) : json_null());
        explicit_bzero(&caller, sizeof caller);

        json_t *answer;
        int code = client_ask(line, "POST", "/v1/explain", body, &answer);
        if (answer) {
                show_fact("verdict", show_text(answer, "verdict"));
                show_fact("why", show_text(answer, "sentence"));
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
        {NULL},
};

const struct command cli_audit_commands[] = {
        {"audit verify", "Check that nobody has changed the audit record.", NULL, 0, 0, NULL,
         client_options, "  maskline audit verify\n", verify},
        {"explain", "Say what would happen if somebody called a masking number now.", "DIALLED", 1,
         1, explain_options, client_options, "  maskline explain +919000000001 --caller -\n",
         explain},
        {NULL},
};
