/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.h - how much work it is to read something, counted and bounded.
 *
 * Builds for tests (debug, with sanitizers, or for fuzzing) count: the compiler adds one at each basic block of
 * base/ and wire/, so that no loop can be left out, and searches of libc add the bytes that they
 * look at. A reader asserts at its end that what it was given took no more steps than its bytes
 * allow; whatever needs more than linear time fails there, on any machine. In other builds all of
 * it is nothing.
 */
#ifndef MASKLINE_BASE_STEPS_H
#define MASKLINE_BASE_STEPS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define STEPS_PER_BYTE 128
#define STEPS_AT_LEAST 4096 /* whatever the bytes are */

#ifdef MASKLINE_COUNT_STEPS
uint64_t steps_taken(void); /* by this thread, ever */
#else
static inline uint64_t steps_taken(void)
{
        return 0;
}
#endif

/* What began when steps_taken() was `before` has read `bytes`. */
static inline void steps_assert_bounded(uint64_t before, size_t bytes)
{
        assert(steps_taken() - before <= STEPS_PER_BYTE * (uint64_t)bytes + STEPS_AT_LEAST);
}

#endif
