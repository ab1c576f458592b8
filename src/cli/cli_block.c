/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/number_input.h"
#include "cli/show.h"

#define NUMBERS 2

/* The two in the body; they are wiped here. */
static int put_numbers(const struct command_line *line, json_t *body)
{
        const char *sources[NUMBERS];
        char memory[256] = "";
        struct buf problem;
        struct number_input input = {.count = 0};
        buf_init(&problem, memory, sizeof memory - 1);
        if (command_values(line, "--party", sources, NUMBERS) != NUMBERS) {
                fputs("maskline: a block is between two people: give --party twice\n", stderr);
                return EXIT_USAGE;
        }
        int err =
                number_input_read(sources, NUMBERS, stdin, isatty(STDIN_FILENO), &input, &problem);
        if (err)
                fprintf(stderr, "maskline: %.*s\n", SLICE_ARG(buf_slice(&problem)));
        else
                json_object_set_new(body, "numbers",
                                    json_pack("[s, s]", input.text[0], input.text[1]));
        explicit_bzero(&input, sizeof input);
        return err ? EXIT_USAGE : EXIT_DONE;
}

static int add(const struct command_line *line)
{
        json_t *answer, *body = json_object();
        int code = put_numbers(line, body);
        if (code) {
                json_decref(body);
                return code;
        }
        code = client_ask(line, "POST", "/v1/blocks", body, &answer);
        if (answer)
                show_fact("block", show_text(answer, "id"));
        json_decref(answer);
        return code;
}

static int list(const struct command_line *line)
{
        static const struct show_column columns[] = {
                {"BLOCK", "id"},
                {"SINCE", "created_at"},
                {NULL},
        };
        json_t *blocks;
        int code = client_ask_all(line, "/v1/blocks", "before", "blocks", &blocks);
        if (blocks)
                show_list(blocks, columns, "no blocked pairs; \"maskline block add\" makes one");
        json_decref(blocks);
        return code;
}

static int remove_block(const struct command_line *line)
{
        return client_remove(line, "blocks", "block", "removed");
}

static const struct command_option add_options[] = {
        {"--party", "NUMBER", "one of the two; " NUMBER_INPUT_SOURCES, .repeats = true,
         .required = true},
        {NULL},
};

const struct command cli_block_commands[] = {
        {"block add", "Connect two people no more, in whatever session.", NULL, 0, 0, add_options,
         client_options, "  maskline block add --party - --party - < two-lines\n", add},
        {"block list", "List the blocked pairs, the newest first.", NULL, 0, 0, NULL,
         client_options, "  maskline block list\n", list},
        {"block remove", "Let a blocked pair call each other again.", "BLOCK", 1, 1, NULL,
         client_options, "  maskline block remove b_5f1c0d9a33e7b214\n", remove_block},
        {NULL},
};
