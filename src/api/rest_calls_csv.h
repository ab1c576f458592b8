/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_calls_csv.h - ended calls as comma-separated values, one line for each.
 */
#ifndef MASKLINE_API_REST_CALLS_CSV_H
#define MASKLINE_API_REST_CALLS_CSV_H

#include "api/rest.h"

/* `calls` as rest_calls_page() gives them; the page that follows is named in Link. */
void rest_calls_answer_csv(struct rest_wait *wait, const json_t *calls, int64_t next_ms);

#endif
