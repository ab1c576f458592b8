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
#include <string.h>

#include <cmocka.h>

#define RUN_TESTS(tests) cmocka_run_group_tests(tests, NULL, NULL)

#endif
