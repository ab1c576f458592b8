/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - the number that is shown, and the ways in which a build can get it wrong on purpose.
 *
 * `meson setup -Dfault=...` makes such a build, so that the demo and the canary can prove that they
 * notice. It says so in `maskline --version` and at start; a normal build has none of it.
 */
#ifndef MASKLINE_CALL_FAULT_H
#define MASKLINE_CALL_FAULT_H

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

#endif
