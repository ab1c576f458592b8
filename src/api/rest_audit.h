/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_audit.h - /v1/audit/verify and /v1/explain: what was decided, and what would be.
 */
#ifndef MASKLINE_API_REST_AUDIT_H
#define MASKLINE_API_REST_AUDIT_H

#include "api/body.h"
#include "api/rest.h"

extern const struct body_field rest_audit_fields[];
void rest_audit_verify(struct rest *rest);
void rest_audit_explain(struct rest *rest);

#endif
