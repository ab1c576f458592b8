/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <assert.h>

enum session_state session_state_at(const struct session *session, int64_t now_ms)
{
        if (session->state == SESSION_ENDED || session->state == SESSION_ERASED)
                return session->state;
        if (session->expires_ms && now_ms >= session->expires_ms)
                return SESSION_ENDED;
        return now_ms < session->starts_ms ? SESSION_SCHEDULED : SESSION_ACTIVE;
}

int64_t session_end_at(const struct session *session, int64_t now_ms)
{
        switch (session_state_at(session, now_ms)) {
        case SESSION_SCHEDULED:
        case SESSION_ACTIVE:
                return 0;
        case SESSION_ENDED:
        case SESSION_ERASED:
                break;
        }
        return session->ended_ms ? session->ended_ms : session->expires_ms;
}

void session_mapping(const struct session *session, unsigned caller, struct mapping *out)
{
        assert(session->party_count == 2);
        assert(caller < 2);

        const struct session_party *from = &session->parties[caller];
        const struct session_party *to = &session->parties[1 - caller];
        *out = (struct mapping){
                .tenant_id = session->tenant_id,
                .session_id = session->id,
                .dialled = from->dials,
                .caller = from->real,
                .connect_to = to->real,
                .show = to->dials,
                .caller_party = (uint8_t)caller,
                .callee_party = (uint8_t)(1 - caller),
                .state = session->state,
                .starts_ms = session->starts_ms,
                .expires_ms = session->expires_ms,
                .ended_ms = session->ended_ms,
        };
}
