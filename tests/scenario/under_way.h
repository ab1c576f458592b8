/* SPDX-License-Identifier: Apache-2.0 */
/*
 * under_way.h - what a test was doing when the program ended in the midst of it: by an assertion of
 * the program's, a sanitizer, a signal. It is printed then, to be repeated.
 */
#ifndef MASKLINE_TESTS_SCENARIO_UNDER_WAY_H
#define MASKLINE_TESTS_SCENARIO_UNDER_WAY_H

/* The text stays the caller's, and may change meanwhile. NULL: nothing is under way any more. */
void under_way(const char *text);
/* A teardown of cmocka's: an assertion of the test's has left it in the midst. */
int under_way_end(void **state);

#endif
