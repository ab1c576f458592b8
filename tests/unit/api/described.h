/* SPDX-License-Identifier: Apache-2.0 */
/*
 * described.h - holds an answer against what the rows of route.c and shapes.c say of it.
 */
#ifndef MASKLINE_TESTS_API_DESCRIBED_H
#define MASKLINE_TESTS_API_DESCRIBED_H

#include <jansson.h>

/* Fails the test when the status, a field or its type is not described, or a field is missing. */
void described_check(const char *method, const char *path, unsigned status, const json_t *json);

#endif
