/* SPDX-License-Identifier: Apache-2.0 */
#include "under_way.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit/unit.h"

#define TEXT_MAX 512

static const char *what;

static void tell(void)
{
        static const char before[] = "under way was ";
        char line[sizeof before + TEXT_MAX + 1];
        if (!what)
                return;
        size_t len = strnlen(what, TEXT_MAX);
        memcpy(line, before, sizeof before - 1);
        memcpy(line + sizeof before - 1, what, len);
        line[sizeof before - 1 + len] = '\n';
        (void)!write(STDERR_FILENO, line, sizeof before + len);
}

static void on_signal(int number)
{
        tell();
        what = NULL;
        signal(number, SIG_DFL);
        raise(number);
}

void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void watch(void)
{
        static bool is_watching;
        if (is_watching)
                return;
        is_watching = true;
        signal(SIGABRT, on_signal);
        if (__sanitizer_set_death_callback)
                __sanitizer_set_death_callback(tell);
}

void under_way(const char *text)
{
        watch();
        what = text;
}

int under_way_end(void **state)
{
        (void)state;
        tell();
        what = NULL;
        return 0;
}
