/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - the number that is shown and what a call leaves behind, and the ways in which a build
 * can get them wrong on purpose.
 *
 * `meson setup -Dfault=...` makes such a build, so that the demo, the canary and the soak can prove
 * that they notice. It says so in `maskline --version` and at start; a normal build has none of it.
 */
#ifndef MASKLINE_CALL_FAULT_H
#define MASKLINE_CALL_FAULT_H

#include <stdbool.h>
#include <stdlib.h>

#include "core/mapping.h"

static inline struct masking_number fault_shown_number(const struct mapping *mapping)
{
#if defined(MASKLINE_FAULT_SWAP_NUMBERS)
        return mapping->dialled;
#elif defined(MASKLINE_FAULT_SHOW_REAL_NUMBER)
        return (struct masking_number){mapping->caller.n};
#else
        return mapping->show;
#endif
}

/* Once in so many times, and nothing is done then that ends something. */
#define FAULT_LEAVES_EACH 50

static inline bool fault_leaves_behind(void)
{
#if defined(MASKLINE_FAULT_LEAVE_BEHIND)
        static unsigned times;
        return ++times % FAULT_LEAVES_EACH == 0;
#else
        return false;
#endif
}

/* Memory that nobody will free. */
static inline void fault_loses_memory(void)
{
#if defined(MASKLINE_FAULT_LEAVE_BEHIND)
        static void *volatile lost;
        if (fault_leaves_behind())
                lost = malloc(8 << 20);
        (void)lost;
#endif
}

#endif
