/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/show.h"

static int add(const struct command_line *line)
{
        json_t *body = json_object();
        json_object_set_new(body, "number", json_string(line->operands[0]));
        json_object_set_new(body, "trunk", json_string(command_value(line, "--trunk")));

        json_t *answer;
        int code = client_ask(line, "POST", "/v1/numbers", body, &answer);
        if (answer)
                printf("number %s added to trunk %s\n", show_cell(answer, "number").text,
                       show_cell(answer, "trunk").text);
        json_decref(answer);
        return code;
}

static void add_rows(struct show_table *table, const json_t *numbers)
{
        size_t at;
        json_t *number;
        json_array_foreach(numbers, at, number)
        {
                struct show_cell cells[] = {
                        show_cell(number, "number"),
                        show_cell(number, "trunk"),
                        show_cell(number, "sessions"),
                };
                show_table_add(table, cells);
        }
}

static int list(const struct command_line *line)
{
        static const char *const titles[] = {"NUMBER", "TRUNK", "SESSIONS", NULL};
        struct show_table *table = show_table_create(titles);
        char path[128] = "/v1/numbers";
        json_t *answer = NULL;
        int code;
        bool more;
        do {
                code = client_ask(line, "GET", path, NULL, &answer);
                add_rows(table, json_object_get(answer, "numbers"));
                const char *next = show_text(answer, "next");
                more = next[0] != '\0';
                snprintf(path, sizeof path, "/v1/numbers?after=%.64s", next);
                json_decref(answer);
        } while (code == EXIT_DONE && more);

        if (code == EXIT_DONE && !command_has(line, "--json"))
                show_table_print(table, "no numbers; \"maskline number add\" adds one");
        show_table_destroy(table);
        return code;
}

static int remove_number(const struct command_line *line)
{
        char memory[256];
        struct buf path;
        buf_init(&path, memory, sizeof memory - 1);
        buf_put_text(&path, "/v1/numbers/");
        client_put_segment(&path, line->operands[0]);
        memory[path.len] = '\0';

        json_t *answer = NULL;
        int code = client_call(line, "DELETE", memory, NULL, &answer);
        json_decref(answer);
        if (code == EXIT_DONE && !command_has(line, "--json"))
                printf("number %s removed\n", line->operands[0]);
        return code;
}

static const struct command_option add_options[] = {
        {"--trunk", "NAME", "the trunk that owns the number", .required = true},
        {NULL},
};

const struct command cli_number_commands[] = {
        {"number add", "Add a masking number (a rented DID) to a trunk.", "NUMBER", 1, 1,
         add_options, client_options, "  maskline number add +919000000001 --trunk carrier\n", add},
        {"number list", "List the masking numbers.", NULL, 0, 0, NULL, client_options,
         "  maskline number list\n", list},
        {"number remove", "Remove a masking number that no live session holds.", "NUMBER", 1, 1,
         NULL, client_options, "  maskline number remove +919000000001\n", remove_number},
        {NULL},
};
