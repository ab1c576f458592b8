/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_explain.h - /v1/explain and /v1/sessions/{id}/explain: what would happen if somebody called now.
 */
#ifndef MASKLINE_API_REST_EXPLAIN_H
#define MASKLINE_API_REST_EXPLAIN_H

#include "api/body.h"

extern const struct body_field rest_explain_fields[];
void rest_explain(struct rest *rest);
void rest_explain_session(struct rest *rest);

#endif
