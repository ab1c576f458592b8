/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_creates.h - sessions that somebody creates just before a crash, of parties and numbers that
 * nobody in the flow knows: what was acknowledged outlives this and every later one.
 */
#ifndef MASKLINE_TESTS_SCENARIO_FLOW_CREATES_H
#define MASKLINE_TESTS_SCENARIO_FLOW_CREATES_H

#include "flow_run.h"

#define CREATES_MAX 4

struct flow_creates {
        struct create {
                uint64_t id;
                int64_t expires_ms; /* 0: never */
                bool is_acknowledged;
        } made[CREATES_MAX];
        unsigned count;
};

/* Asks for one more; its acknowledgement comes when it is on disk, or never. */
void flow_creates_make(struct flow_run *run, struct flow_creates *creates);
/* Fails the flow if one that was acknowledged is not there. */
void flow_creates_check(struct flow_run *run, const struct flow_creates *creates);

#endif
