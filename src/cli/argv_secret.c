/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/argv_secret.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static const char *const secret_options[] = {"--party",  "--alias",    "--pin",   "--caller",
                                             "--digits", "--password", "--header"};

static bool is_secret(const char *value)
{
        return strcmp(value, "-") != 0 && value[0] != '@';
}

/* Moves the whole argument; only its value, from `value` on, is overwritten. */
static char *take(char *argument, char *value)
{
        size_t bytes = strlen(argument) + 1;
        char *copy = secret_alloc(bytes);
        if (!copy) {
                fputs("maskline: out of memory\n", stderr);
                exit(1);
        }
        memcpy(copy, argument, bytes);
        for (; *value; value++)
                *(volatile char *)value = '*';
        return copy;
}

static void take_if_secret(const char *option, int argc, char **argv, int at)
{
        size_t len = strlen(option);
        char *argument = argv[at];
        if (strncmp(argument, option, len) != 0)
                return;
        if (argument[len] == '=' && is_secret(argument + len + 1))
                argv[at] = take(argument, argument + len + 1);
        else if (argument[len] == '\0' && at + 1 < argc && is_secret(argv[at + 1]))
                argv[at + 1] = take(argv[at + 1], argv[at + 1]);
}

/* "maskline party erase NUMBER": all that is no option may be the number. */
static void take_operands(int argc, char **argv)
{
        bool is_party = argc > 3 && !strcmp(argv[1], "party") &&
                        (!strcmp(argv[2], "export") || !strcmp(argv[2], "erase"));
        for (int i = 3; is_party && i < argc; i++) {
                if (strncmp(argv[i], "--", 2) != 0 && is_secret(argv[i]))
                        argv[i] = take(argv[i], argv[i]);
        }
}

void argv_secret_take(int argc, char **argv)
{
        take_operands(argc, argv);
        for (int i = 1; i < argc; i++) {
                for (size_t k = 0; k < sizeof secret_options / sizeof secret_options[0]; k++)
                        take_if_secret(secret_options[k], argc, argv, i);
        }
}
