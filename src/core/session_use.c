/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_use.h"

#include <assert.h>

void session_use_init(struct session_use *use)
{
        *use = (struct session_use){0};
        for (unsigned i = 0; i < SESSION_PARTIES_MAX; i++)
                use->parties[i].heard_from = PARTY_NONE;
}

bool session_use_has_parties(enum session_model model)
{
        return model == MODEL_SIDES || model == MODEL_PANEL;
}

/* In s from the start of the session; what is before counts as its first second. */
static uint32_t seconds_of(const struct session *session, int64_t now_ms)
{
        int64_t s = (now_ms - session->created_ms) / 1000;
        if (s < 0)
                return 0;
        return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

void session_use_note(struct session_use *use, const struct session *session,
                      const struct mapping *mapping, int64_t now_ms)
{
        if (use->calls < UINT32_MAX)
                use->calls++;
        if (now_ms > use->last_used_ms)
                use->last_used_ms = now_ms;
        if (mapping->callee_party == PARTY_NONE)
                return;

        assert(mapping->callee_party < session->party_count);
        struct party_use *callee = &use->parties[mapping->callee_party];
        callee->reached = use->calls;
        if (mapping->caller_party == PARTY_NONE)
                return;
        callee->heard_from = mapping->caller_party;
        callee->heard_s = seconds_of(session, now_ms);
}

/* Who called `caller` last, if it is a candidate and that still counts. */
static uint8_t heard_lately(const struct session_use *use, const struct session *session,
                            uint8_t caller, uint32_t candidates, int64_t affinity_ms,
                            int64_t now_ms)
{
        const struct party_use *mine = &use->parties[caller];
        if (affinity_ms <= 0 || mine->heard_from == PARTY_NONE ||
            !(candidates & 1u << mine->heard_from))
                return PARTY_NONE;
        int64_t heard_ms = session->created_ms + (int64_t)mine->heard_s * 1000;
        return now_ms - heard_ms < affinity_ms ? mine->heard_from : PARTY_NONE;
}

uint8_t session_use_choose(const struct session_use *use, const struct session *session,
                           uint8_t caller, uint32_t candidates, int64_t affinity_ms, int64_t now_ms)
{
        assert(candidates != 0);
        if (use && caller != PARTY_NONE) {
                uint8_t heard = heard_lately(use, session, caller, candidates, affinity_ms, now_ms);
                if (heard != PARTY_NONE)
                        return heard;
        }
        uint8_t best = PARTY_NONE;
        for (uint8_t i = 0; i < session->party_count; i++) {
                if (!(candidates & 1u << i))
                        continue;
                if (best == PARTY_NONE ||
                    (use && use->parties[i].reached < use->parties[best].reached))
                        best = i;
        }
        return best;
}
