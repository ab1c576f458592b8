/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - one program: the daemon, its configuration and the command line.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/harden.h"
#include "app/keeper.h"
#include "base/secret.h"
#include "cli/argv_secret.h"

static int print_version(void)
{
        fputs("maskline " MASKLINE_VERSION, stdout);
#ifdef MASKLINE_FAULT
        fputs(" (fault built in for tests: " MASKLINE_FAULT ")", stdout);
#endif
        fputc('\n', stdout);
        return EXIT_DONE;
}

static int print_reference(void)
{
        static char memory[1 << 17];
        struct buf page;
        buf_init(&page, memory, sizeof memory);
        commands_put_reference(&page);
        bool written = fwrite(page.p, 1, page.len, stdout) == page.len && fflush(stdout) == 0;
        return buf_ok(&page) && written ? EXIT_DONE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
        argv_secret_take(argc, argv);
        keeper_set_command(argv);
        harden_forbid_dumps();
        /* Requests and answers pass through jansson, and with them numbers. */
        json_set_alloc_funcs(secret_heap_alloc, secret_heap_free);

        if (argc > 1 && !strcmp(argv[1], "--version"))
                return print_version();
        if (argc == 3 && !strcmp(argv[1], "help") && !strcmp(argv[2], "--reference"))
                return print_reference();
        return command_main(commands, argc - 1, (const char *const *)argv + 1);
}
