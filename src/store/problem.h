/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem.h - the sentence that tells an operator what is wrong and what to do.
 */
#ifndef MASKLINE_STORE_PROBLEM_H
#define MASKLINE_STORE_PROBLEM_H

/* Writes at most STORE_PROBLEM_BYTES; `problem` may be NULL. */
void problem_put(char *problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
