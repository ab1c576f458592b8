/* SPDX-License-Identifier: Apache-2.0 */
/*
 * party_number.h - a number as somebody registers it: one identity, or a rule it breaks.
 *
 * Calls are matched by number_parse() alone; here a second reading by libphonenumber must agree,
 * so that a writing which could mean two people is refused instead of registered.
 */
#ifndef MASKLINE_API_PARTY_NUMBER_H
#define MASKLINE_API_PARTY_NUMBER_H

#include "core/pool_policy.h"

struct party_number_problem {
        const char *rule;   /* what is wrong, without the number */
        const char *remedy; /* what to do */
};

/* ERR_SYNTAX with `problem` filled. */
int party_number_read(struct slice text, const struct number_plan *plan, struct number *out,
                      struct party_number_problem *problem) MUST_CHECK;

/*
 * Whether it may be a party's in a pool, by what calling it costs and whom it is for. False: `problem`
 * says why not.
 */
bool party_number_is_allowed(struct number number, const struct pool_policy *policy,
                             struct party_number_problem *problem) MUST_CHECK;

#endif
