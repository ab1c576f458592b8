/* SPDX-License-Identifier: Apache-2.0 */
#include "store/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "store/data_dir.h"

void problem_put(char *problem, const char *format, ...)
{
        if (!problem)
                return;
        va_list args;
        va_start(args, format);
        (void)vsnprintf(problem, STORE_PROBLEM_BYTES, format, args);
        va_end(args);
}
