/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"

static void verified(void *arg, int err, uint64_t count, uint64_t bad_at)
{
        struct rest_wait *wait = arg;
        if (err && !bad_at) {
                rest_wait_fail(wait, "the audit record cannot be read",
                               "See the server's log for the reason.");
                return;
        }
        if (!wait->api)
                goto done;

        char sentence[160];
        if (bad_at)
                snprintf(sentence, sizeof sentence,
                         "The audit record has been changed at entry %" PRIu64 "; %" PRIu64
                         " entries before it are intact.",
                         bad_at, count);
        else
                snprintf(sentence, sizeof sentence,
                         "The audit record is intact: %" PRIu64 " entries.", count);
        if (bad_at)
                log_error("audit: %s", sentence);
        rest_answer(wait->api, wait->exchange, 200,
                    json_pack("{s:b, s:I, s:o, s:s}", "intact", bad_at == 0, "entries",
                              (json_int_t)count, "bad_at",
                              bad_at ? json_integer((json_int_t)bad_at) : json_null(), "sentence",
                              sentence));
done:
        rest_wait_destroy(wait);
}

void rest_audit_verify(struct rest *rest)
{
        struct rest_wait *wait = rest_wait_create(rest);
        if (!wait)
                return;
        int err = directory_audit_verify(rest->api->params.directory, verified, wait);
        if (err) {
                rest_wait_destroy(wait);
                rest_refuse_store(rest, err);
        }
}
