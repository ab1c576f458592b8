/* SPDX-License-Identifier: Apache-2.0 */
#include "base/steps.h"

#include <string.h>

#ifdef MASKLINE_COUNT_STEPS

#undef memchr
#undef memrchr
#undef memmem

static _Thread_local uint64_t taken;

#ifdef __clang__
#define NOT_COUNTED __attribute__((no_sanitize("coverage", "address", "undefined")))
#else
#define NOT_COUNTED __attribute__((no_sanitize_coverage, no_sanitize("address", "undefined")))
#endif

/*
 * Called by what the compiler has put at the beginning of each basic block. libFuzzer has a function
 * of this name, too, which only complains: there the linker is told to take ours (src/meson.build).
 */
#ifdef MASKLINE_FUZZ
#define ON_BLOCK __wrap___sanitizer_cov_trace_pc
#else
#define ON_BLOCK __sanitizer_cov_trace_pc
#endif
void ON_BLOCK(void);
NOT_COUNTED void ON_BLOCK(void)
{
        taken++;
}

NOT_COUNTED uint64_t steps_taken(void)
{
        return taken;
}

NOT_COUNTED void *steps_memchr(const void *s, int c, size_t bytes)
{
        void *found = memchr(s, c, bytes);
        taken += found ? (size_t)((const char *)found - (const char *)s) : bytes;
        return found;
}

NOT_COUNTED void *steps_memrchr(const void *s, int c, size_t bytes)
{
        void *found = memrchr(s, c, bytes);
        taken += found ? bytes - (size_t)((const char *)found - (const char *)s) : bytes;
        return found;
}

NOT_COUNTED void *steps_memmem(const void *s, size_t bytes, const void *what, size_t what_bytes)
{
        void *found = memmem(s, bytes, what, what_bytes);
        taken += found ? (size_t)((const char *)found - (const char *)s) : bytes;
        return found;
}

#endif
