/* SPDX-License-Identifier: Apache-2.0 */
#include "api/problem.h"

#include <assert.h>
#include <stdio.h>

static const struct {
        unsigned status;
        const char *name, *title;
} kinds[PROBLEMS] = {
        [PROBLEM_BAD_JSON] = {400, "bad-json", "The body is not the JSON that was expected"},
        [PROBLEM_BAD_PATH] = {400, "bad-path", "The path cannot be read"},
        [PROBLEM_BAD_QUERY] = {400, "bad-query", "The query cannot be used"},
        [PROBLEM_BAD_HEADER] = {400, "bad-header", "A header cannot be used"},
        [PROBLEM_UNAUTHORIZED] = {401, "unauthorized", "The key is missing or wrong"},
        [PROBLEM_FORBIDDEN] = {403, "forbidden", "The key may not do this"},
        [PROBLEM_NOT_FOUND] = {404, "not-found", "There is no such thing"},
        [PROBLEM_BAD_METHOD] = {405, "bad-method", "The method is not allowed here"},
        [PROBLEM_MEDIA_TYPE] = {415, "media-type", "The body must be application/json"},
        [PROBLEM_UNKNOWN_FIELD] = {422, "unknown-field", "A field is not known"},
        [PROBLEM_MISSING_FIELD] = {422, "missing-field", "A field is missing"},
        [PROBLEM_BAD_VALUE] = {422, "bad-value", "A value is not allowed"},
        [PROBLEM_EXISTS] = {409, "exists", "It exists already"},
        [PROBLEM_CONFLICT] = {409, "conflict", "It contradicts what is there"},
        [PROBLEM_IN_USE] = {409, "in-use", "It is still in use"},
        [PROBLEM_STATE] = {409, "state", "It is not possible in the present state"},
        [PROBLEM_NO_NUMBER] = {409, "no-number", "No masking number is free"},
        [PROBLEM_RATE] = {429, "rate", "Too many requests"},
        [PROBLEM_LIMIT] = {503, "limit", "A limit has been reached"},
        [PROBLEM_STORE] = {503, "store", "The store did not take it"},
        [PROBLEM_INTERNAL] = {500, "internal", "The server failed"},
};

unsigned problem_status(enum problem_kind kind)
{
        assert((unsigned)kind < PROBLEMS);
        return kinds[kind].status;
}

json_t *problem_json(const struct problem *problem)
{
        char type[64];
        snprintf(type, sizeof type, "urn:maskline:problem:%s", kinds[problem->kind].name);
        json_t *json =
                json_pack("{s:s, s:s, s:i, s:s}", "type", type, "title", kinds[problem->kind].title,
                          "status", (int)kinds[problem->kind].status, "detail", problem->detail);
        if (json && problem->field)
                json_object_set_new(json, "field", json_string(problem->field));
        if (json && problem->remedy)
                json_object_set_new(json, "remedy", json_string(problem->remedy));
        return json;
}
