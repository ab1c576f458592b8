/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz.h - what a fuzz target is made of.
 *
 * A target is built twice: with libFuzzer (-Dfuzz=true, see script/fuzz), and with replay.c, which
 * gives it each file of its corpus as an ordinary test. Crashes are found by the sanitizers; what
 * else must hold of any input is said with MUST().
 */
#ifndef MASKLINE_TESTS_FUZZ_H
#define MASKLINE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef MASKLINE_FUZZ
/* libFuzzer's own mutator of bytes, and one that a target may have in its place. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
#endif

#define MUST(condition)                                                                            \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
                                #condition);                                                       \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)

#endif
