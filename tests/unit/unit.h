/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - what every unit test needs of cmocka, in the order it needs it.
 */
#ifndef MASKLINE_TESTS_UNIT_H
#define MASKLINE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RUN_TESTS(tests) cmocka_run_group_tests(tests, NULL, NULL)

/*
 * Ends the test that needs what is not there: "namespace", "root", "IPv6". Skipped; where CI is set
 * and MASKLINE_MAY_SKIP has no such word, failed.
 */
static inline void skip_for_want_of(const char *what)
{
        const char *may_skip = getenv("MASKLINE_MAY_SKIP");
        if (getenv("CI") && !(may_skip && strstr(may_skip, what)))
                fail_msg("may not be skipped here for want of: %s", what);
        skip();
}

#endif
