/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

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

bool session_party_has(const struct session_party *party, struct real_number real)
{
        for (unsigned i = 0; i < party->real_count; i++)
                if (number_equal(party->real[i].n, real.n))
                        return true;
        return false;
}

uint8_t session_party_of(const struct session *session, struct real_number real)
{
        if (number_is_none(real.n))
                return PARTY_NONE;
        for (uint8_t i = 0; i < session->party_count; i++)
                if (session_party_has(&session->parties[i], real))
                        return i;
        return PARTY_NONE;
}
