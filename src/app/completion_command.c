/* SPDX-License-Identifier: Apache-2.0 */
#include "app/completion_command.h"

#include <stdio.h>

#include "app/commands.h"
#include "cli/completion.h"

#define SCRIPT_BYTES (512 * 1024)

static int run_completion(const struct command_line *line)
{
        static char memory[SCRIPT_BYTES];
        struct buf out;
        buf_init(&out, memory, sizeof memory);
        if (completion_put(&out, commands, line->operands[0])) {
                fputs("maskline completion: the shells are bash, zsh and fish\n", stderr);
                return EXIT_USAGE;
        }
        bool written = fwrite(out.p, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
        return buf_ok(&out) && written ? EXIT_DONE : EXIT_FAILED;
}

const struct command completion_commands[] = {
        {
                .name = "completion",
                .summary = "Write a script that lets your shell complete commands and options.",
                .operands = "SHELL",
                .operands_min = 1,
                .operands_max = 1,
                .examples =
                        "  source <(maskline completion bash)\n"
                        "  maskline completion fish > ~/.config/fish/completions/maskline.fish\n",
                .run = run_completion,
        },
        {NULL},
};
