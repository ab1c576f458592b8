/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trunk_tolerance.h"

#include <assert.h>

static const char *const names[TOLERANCES] = {
        [TOLERATE_SHORT_BODY] = "short-body",
        [TOLERATE_UNTYPED_BODY] = "untyped-body",
        [TOLERATE_NO_CONTACT] = "no-contact",
};

const char *trunk_tolerance_name(enum trunk_tolerance tolerance)
{
        assert((unsigned)tolerance < TOLERANCES);
        return names[tolerance];
}

int trunk_tolerance_find(struct slice name, enum trunk_tolerance *out)
{
        for (int i = 0; i < TOLERANCES; i++) {
                if (slice_equal(name, slice_from(names[i]))) {
                        *out = (enum trunk_tolerance)i;
                        return 0;
                }
        }
        return ERR_NOT_FOUND;
}
