/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "call/crash_codec.h"
#include "fuzz.h"

/* Whatever is accepted is written as the same bytes again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct crash_call call;
        char written[CRASH_PLAIN_MAX];
        struct buf b;
        int err = crash_decode((struct slice){(const char *)data, size}, &call);
        if (err) {
                MUST(err == ERR_SYNTAX || err == ERR_VERSION);
                return 0;
        }
        buf_init(&b, written, sizeof written);
        err = crash_encode(&call, &b);
        MUST(err == 0 || (err == ERR_TOO_LARGE && size > CRASH_PLAIN_MAX));
        MUST(err || (b.len == size && memcmp(written, data, size) == 0));
        return 0;
}
