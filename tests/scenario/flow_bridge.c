/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_bridge.c - who is connected with whom, looked at after each step: the two of one session that was
 * live when the call was decided, and nobody else from then on.
 */
#include <string.h>

#include "../unit/unit.h"
#include "call/call.h"
#include "flow_bridge.h"

static struct flow_bridge *find(struct flow_bridges *known, struct uuid call_id)
{
        for (unsigned i = 0; i < known->count; i++)
                if (!memcmp(&known->rows[i].call_id, &call_id, sizeof call_id))
                        return &known->rows[i];
        return NULL;
}

/* One whose callee is called, or waits to be: also after a crash. */
static bool is_for_a_callee(const struct call *call)
{
        return call->state == CALL_WAITING || call->state == CALL_DIALLING ||
               call->state == CALL_RINGING || call->state == CALL_CONNECTED;
}

static const char *look_at(struct flow_bridges *known, const struct call *call,
                           flow_is_pair *is_pair, void *arg)
{
        struct uuid call_id = call->legs[SIDE_A].record.call_id;
        uint64_t from = call->caller.n.e164, to = call->decision.mapping.connect_to.n.e164;
        struct flow_bridge *row = find(known, call_id);
        if (call->decision.verdict != MASK_CONNECT || !from || !to)
                return "a call goes on that was not to be connected";
        if (row)
                return row->from == from && row->to == to ? NULL : "a call has changed its party";
        assert_true(known->count < FLOW_BRIDGES_MAX);
        known->rows[known->count++] = (struct flow_bridge){call_id, from, to};
        return is_pair(arg, from, to) ? NULL
                                      : "two are connected who were in no live session together";
}

const char *flow_bridges_problem(struct flow_bridges *known, const struct calls *calls,
                                 flow_is_pair *is_pair, void *arg)
{
        for (uint32_t i = 0; i < pool_capacity(calls->pool); i++) {
                const struct call *call = pool_at(calls->pool, i);
                const char *problem = NULL;
                if (call && is_for_a_callee(call))
                        problem = look_at(known, call, is_pair, arg);
                if (problem)
                        return problem;
        }
        return NULL;
}
