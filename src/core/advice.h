/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advice.h - why a call did not connect, or would not, in a sentence, and what to do about it.
 *
 * For whoever operates it; the caller of the telephone hears none of it. No sentence holds a number.
 */
#ifndef MASKLINE_CORE_ADVICE_H
#define MASKLINE_CORE_ADVICE_H

#include "core/cause.h"
#include "core/mask.h"

struct advice {
        const char *sentence;
        const char *todo; /* empty: nothing */
};

/* What a verdict of the lookup means. */
struct advice advice_of_verdict(enum mask_verdict verdict);

/*
 * How a call ended that was to be connected. `status`: the final answer of the side that ended it,
 * 0: there was none.
 */
struct advice advice_of_cause(enum hangup_cause cause, enum hangup_source source, unsigned status);

/* What a final answer 300-699 means, where it says something of its own; NULL: nothing. */
const struct advice *advice_of_status(unsigned status);

/* The cause of Q.850 that stands nearest; 0: none does. */
unsigned advice_q850(enum hangup_cause cause);

/* What would keep a call from being connected though the lookup says connect. */
enum obstacle {
        OBSTACLE_DRAINING,        /* the server is being stopped */
        OBSTACLE_SERVER_FULL,     /* calls_max */
        OBSTACLE_FOREIGN_NUMBER,  /* the number to be shown is no number of the tenant's */
        OBSTACLE_NO_TRUNK,        /* its trunk is gone */
        OBSTACLE_SAME_PAIR,       /* as many calls of this pair as may be */
        OBSTACLE_NOT_RESOLVED,    /* the peer's name stands for nothing */
        OBSTACLE_TRUNK_DOWN,      /* none of its targets answers */
        OBSTACLE_NOT_REGISTERED,  /* calls from the carrier may not arrive */
        OBSTACLE_CHANNELS,        /* all channels of the trunk of the called party are in use */
        OBSTACLE_CALLER_CHANNELS, /* of the trunk that owns the dialled number */
        OBSTACLES,
};
const char *obstacle_name(enum obstacle obstacle); /* "trunk-down" */
struct advice advice_of_obstacle(enum obstacle obstacle);

#endif
