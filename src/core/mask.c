/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mask.h"

#include <assert.h>
#include <stddef.h>

static bool is_for(const struct mapping *mapping, struct masking_number dialled,
                   struct real_number caller)
{
        return number_equal(mapping->dialled.n, dialled.n) &&
               number_equal(mapping->caller.n, caller.n);
}

/* An order to end that came before the time ran out; both leave the same tombstone. */
static bool ended_by_order(const struct mapping *mapping)
{
        return !mapping->expires_ms || mapping->ended_ms < mapping->expires_ms;
}

static enum mask_verdict decide_by_time(const struct mapping *mapping, int64_t now_ms)
{
        /* The state is asked before the clock: what has ended stays so if the clock goes back. */
        if (mapping->state == SESSION_ENDED || mapping->state == SESSION_ERASED)
                return ended_by_order(mapping) ? MASK_ENDED : MASK_EXPIRED;
        if (mapping->expires_ms && now_ms >= mapping->expires_ms)
                return MASK_EXPIRED;
        if (now_ms < mapping->starts_ms)
                return MASK_NOT_YET;
        return MASK_CONNECT;
}

enum mask_verdict mask_decide(const struct mapping *mapping, struct masking_number dialled,
                              bool number_is_ours, struct real_number caller, int64_t now_ms)
{
        if (!number_is_ours || number_is_none(dialled.n))
                return MASK_UNKNOWN_NUMBER;
        if (number_is_none(caller.n))
                return MASK_WITHHELD;

        /* A stranger learns nothing, not even that a session is or was there. */
        if (!mapping || !is_for(mapping, dialled, caller))
                return MASK_STRANGER;

        enum mask_verdict verdict = decide_by_time(mapping, now_ms);
        if (verdict == MASK_CONNECT) {
                assert(!number_is_none(mapping->show.n));
                assert(!number_is_none(mapping->connect_to.n));
                assert(!number_equal(mapping->connect_to.n, mapping->caller.n));
        }
        return verdict;
}

static const struct {
        const char *name, *sentence;
} verdicts[MASK_VERDICTS] = {
        [MASK_CONNECT] = {"connect", "The caller is a party of a live session: connected."},
        [MASK_UNKNOWN_NUMBER] = {"unknown-number", "The number dialled is not one of ours."},
        [MASK_WITHHELD] = {"withheld", "The caller's number was withheld or could not be read, "
                                       "so it is nobody's we know."},
        [MASK_STRANGER] = {"stranger", "The caller is no party of any session on that number."},
        [MASK_NOT_YET] = {"not-yet", "The session of this caller has not started yet."},
        [MASK_EXPIRED] = {"expired", "The session of this caller has expired."},
        [MASK_ENDED] = {"ended", "The session of this caller was ended before the call."},
};

const char *mask_verdict_name(enum mask_verdict verdict)
{
        assert((unsigned)verdict < MASK_VERDICTS);
        return verdicts[verdict].name;
}

const char *mask_verdict_sentence(enum mask_verdict verdict)
{
        assert((unsigned)verdict < MASK_VERDICTS);
        return verdicts[verdict].sentence;
}
