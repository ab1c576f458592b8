/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <string.h>

static const char *const own_text[] = {
        [ERR_FULL - ERR_FULL] = "limit reached",
        [ERR_FULL - ERR_SYNTAX] = "not well formed",
        [ERR_FULL - ERR_TOO_LARGE] = "too large",
        [ERR_FULL - ERR_NOT_FOUND] = "not found",
        [ERR_FULL - ERR_EXISTS] = "exists already",
        [ERR_FULL - ERR_CONFLICT] = "in conflict with what is there",
        [ERR_FULL - ERR_RANGE] = "out of range",
        [ERR_FULL - ERR_STATE] = "not possible in this state",
        [ERR_FULL - ERR_SEALED] = "sealed data could not be opened",
        [ERR_FULL - ERR_VERSION] = "written by an unknown version",
        [ERR_FULL - ERR_STORE] = "the store failed",
        [ERR_FULL - ERR_NO_NUMBER] = "no masking number is free for this party",
        [ERR_FULL - ERR_STALE] = "gone",
        [ERR_FULL - ERR_MEDIA] = "no media possible",
        [ERR_FULL - ERR_UNTRUSTED] = "not from a configured peer",
        [ERR_FULL - ERR_IN_USE] = "still in use",
};

const char *err_text(int err)
{
        if (err == 0)
                return "success";
        if (err > ERR_FULL)
                return strerror(-err);

        int i = ERR_FULL - err;
        int count = (int)(sizeof own_text / sizeof own_text[0]);
        return i < count ? own_text[i] : "unknown error";
}
