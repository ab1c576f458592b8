/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tenant.h"

#include <assert.h>

static const char *const names[SCOPE_COUNT] = {"provision", "read", "operate", "audit", "privacy"};

_Static_assert(SCOPES_ALL == (1u << SCOPE_COUNT) - 1, "one name for each bit");

const char *api_scope_name(unsigned i)
{
        assert(i < SCOPE_COUNT);
        return names[i];
}

int api_scope_parse(struct slice text, uint32_t *out)
{
        for (unsigned i = 0; i < SCOPE_COUNT; i++) {
                if (slice_equal(text, slice_from(names[i]))) {
                        *out = 1u << i;
                        return 0;
                }
        }
        return ERR_SYNTAX;
}
