/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem.h - what is wrong with a request, as application/problem+json (RFC 9457).
 *
 * A problem names the field, the rule it breaks and what to do. It never repeats what was
 * submitted: that may be a real number.
 */
#ifndef MASKLINE_API_PROBLEM_H
#define MASKLINE_API_PROBLEM_H

#include <jansson.h>

enum problem_kind {
        PROBLEM_BAD_JSON,
        PROBLEM_BAD_PATH,
        PROBLEM_BAD_QUERY,
        PROBLEM_BAD_HEADER,
        PROBLEM_UNAUTHORIZED,
        PROBLEM_FORBIDDEN,
        PROBLEM_NOT_FOUND,
        PROBLEM_BAD_METHOD,
        PROBLEM_MEDIA_TYPE,
        PROBLEM_UNKNOWN_FIELD,
        PROBLEM_MISSING_FIELD,
        PROBLEM_BAD_VALUE,
        PROBLEM_EXISTS,
        PROBLEM_CONFLICT,
        PROBLEM_IN_USE,
        PROBLEM_STATE,
        PROBLEM_NO_NUMBER,
        PROBLEM_RATE,
        PROBLEM_LIMIT,
        PROBLEM_STORE,
        PROBLEM_INTERNAL,
        PROBLEMS,
};

struct problem {
        enum problem_kind kind;
        const char *field;      /* "parties[0].number"; NULL: none in particular */
        const char *detail;     /* what is wrong and which rule says so */
        const char *remedy;     /* what to do; NULL: nothing to be done */
        unsigned retry_after_s; /* 0: where the kind has a time of its own, that */
};

unsigned problem_status(enum problem_kind kind);
json_t *problem_json(const struct problem *problem); /* NULL: out of memory */

#endif
