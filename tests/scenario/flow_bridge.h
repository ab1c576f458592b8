/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_bridge.h - whether those who are connected may be. A value that is kept from step to step, and
 * over crashes.
 */
#ifndef MASKLINE_TESTS_SCENARIO_FLOW_BRIDGE_H
#define MASKLINE_TESTS_SCENARIO_FLOW_BRIDGE_H

#include "call/calls.h"

#define FLOW_BRIDGES_MAX 64

struct flow_bridge {
        struct uuid call_id;
        uint64_t from, to;
};

struct flow_bridges {
        struct flow_bridge rows[FLOW_BRIDGES_MAX];
        unsigned count;
};

/* Whether the two are in a session together that is live now, as whoever made it knows. */
typedef bool flow_is_pair(void *arg, uint64_t a, uint64_t b);

/* After each step; asked of a call when it is first seen. In words what must not be; NULL: nothing. */
const char *flow_bridges_problem(struct flow_bridges *known, const struct calls *calls,
                                 flow_is_pair *is_pair, void *arg);

#endif
