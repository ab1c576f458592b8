/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guess.c - digits that callers key in: wrong ones are counted, and lock out (core/lockout.h).
 *
 * In memory alone, under a key that is forgotten with the process: a restart unlocks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "call/call.h"

#define CELLS_CALL 32u /* of the table, for each call that there may be */

int calls_open_guesses(struct calls *calls)
{
        uint32_t cells = CELLS_CALL * calls->params.calls_max;
        calls->lockout_memory = calloc(1, lockout_bytes(cells));
        if (!calls->lockout_memory)
                return -ENOMEM;
        lockout_init(&calls->lockout, calls->lockout_memory, cells);
        return 0;
}

void calls_close_guesses(struct calls *calls)
{
        free(calls->lockout_memory);
}

static struct lockout_limit limit_of(const struct pool_policy *policy)
{
        return (struct lockout_limit){policy->pin_tries_max, policy->lockout_ms};
}

/* All who withhold their number are one. */
static struct lockout_key key_of(const struct asking *asking)
{
        struct lockout_key key;
        for (uint64_t half = 0; half < 2; half++) {
                const uint64_t of_caller[3] = {half, asking->dialled.n.e164, asking->caller.n.e164};
                const uint64_t of_number[2] = {half, asking->dialled.n.e164};
                const struct siphash_key *secret = &asking->calls->person_key;
                uint64_t caller = siphash(secret, of_caller, sizeof of_caller);
                uint64_t number = siphash(secret, of_number, sizeof of_number);
                memcpy(key.caller + half * sizeof caller, &caller, sizeof caller);
                memcpy(key.number + half * sizeof number, &number, sizeof number);
        }
        return key;
}

bool call_is_locked_out(const struct asking *asking, const struct pool_policy *policy)
{
        const struct calls *calls = asking->calls;
        const struct lockout_limit limit = limit_of(policy);
        const struct lockout_key key = key_of(asking);
        return lockout_is_locked(&calls->lockout, &key, &limit, io_now_ms(calls->params.io));
}

void calls_key_in(struct calls *calls, const struct directory_question *question,
                  struct directory_decision *out)
{
        const struct asking asking = {
                .calls = calls,
                .caller = question->caller_withheld ? (struct real_number){{0}} : question->caller,
                .dialled = question->dialled,
        };
        calls_decide(calls, question, out);
        /* Nobody's digits led to nobody's session; those that were not looked at are no guess. */
        bool is_wrong = question->digits.len && out->verdict != MASK_LOCKED_OUT &&
                        !mask_verdict_is_of_session(out->verdict);
        if (!is_wrong)
                return;
        const struct lockout_limit limit = limit_of(out->policy);
        const struct lockout_key key = key_of(&asking);
        lockout_count(&calls->lockout, &key, &limit, io_now_ms(calls->params.io));
}
