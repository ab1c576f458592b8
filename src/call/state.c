/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - what may follow what in the life of a call.
 */
#include <assert.h>

#include "call/call.h"

#define TO(state) (UINT32_C(1) << (state))

static const uint32_t call_may_enter[CALL_STATES] = {
        [CALL_NEW] = TO(CALL_DIALLING) | TO(CALL_WAITING) | TO(CALL_ANNOUNCING) | TO(CALL_CLOSING),
        [CALL_WAITING] =
                TO(CALL_DIALLING) | TO(CALL_WAITING) | TO(CALL_ANNOUNCING) | TO(CALL_CLOSING),
        /* Again, or back to waiting: over another trunk. Refused: its session has ended meanwhile. */
        [CALL_DIALLING] = TO(CALL_DIALLING) | TO(CALL_WAITING) | TO(CALL_RINGING) |
                          TO(CALL_CONNECTED) | TO(CALL_ANNOUNCING) | TO(CALL_CLOSING),
        [CALL_RINGING] = TO(CALL_CONNECTED) | TO(CALL_CLOSING),
        [CALL_CONNECTED] = TO(CALL_CLOSING),
        [CALL_ANNOUNCING] = TO(CALL_CLOSING),
};

static const char *const state_names[CALL_STATES] = {
        [CALL_NEW] = "new",
        [CALL_DIALLING] = "dialling",
        [CALL_RINGING] = "ringing",
        [CALL_CONNECTED] = "answered",
        [CALL_ANNOUNCING] = "announcing",
        [CALL_CLOSING] = "ending",
        [CALL_WAITING] = "waiting",
};

void call_enter(struct call *call, enum call_state state)
{
        assert(call_may_enter[call->state] & TO(state));
        call->state = state;
}

const char *call_state_name(enum call_state state)
{
        return state_names[state];
}
