/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - one program: the daemon, its configuration and the command line.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/harden.h"
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

int main(int argc, char **argv)
{
        argv_secret_take(argc, argv);
        harden_forbid_dumps();
        /* Requests and answers pass through jansson, and with them numbers. */
        json_set_alloc_funcs(secret_heap_alloc, secret_heap_free);

        if (argc > 1 && !strcmp(argv[1], "--version"))
                return print_version();
        return command_main(commands, argc - 1, (const char *const *)argv + 1);
}
