/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_calls.h - /v1/calls: calls in progress, and ended ones from their records.
 */
#ifndef MASKLINE_API_REST_CALLS_H
#define MASKLINE_API_REST_CALLS_H

#include "api/rest.h"

void rest_calls_list(struct rest *rest);
void rest_calls_show(struct rest *rest);
void rest_calls_hangup(struct rest *rest);

/* One ended call from the records of its legs, A first when it is there. */
json_t *rest_calls_json(const struct api *api, const struct cdr *const *legs, unsigned count);

/*
 * A page of ended calls from rows that are newest first: those that began before `before_ms` (0:
 * any), each with all its legs. `next_ms` gets where the next page begins, 0 when there is none;
 * `is_live` leaves out calls that still go on.
 */
json_t *rest_calls_page(const struct api *api, const struct cdr *rows, uint32_t count,
                        uint32_t limit, int64_t before_ms,
                        bool (*is_live)(void *arg, struct uuid call_id), void *arg,
                        int64_t *next_ms);

#endif
