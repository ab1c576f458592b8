/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_calls.h - /v1/calls: calls in progress, and ended ones from their records.
 */
#ifndef MASKLINE_API_REST_CALLS_H
#define MASKLINE_API_REST_CALLS_H

#include "api/rest.h"

void rest_calls_list(struct rest *rest);
void rest_calls_export(struct rest *rest); /* the same as CSV */
void rest_calls_show(struct rest *rest);
void rest_calls_hangup(struct rest *rest);

/* One ended call from the records of its legs, A first when it is there. */
json_t *rest_calls_json(const struct api *api, const struct cdr *const *legs, unsigned count);

#endif
