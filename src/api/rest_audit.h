/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_audit.h - /v1/audit/verify: whether what was decided is as it was written.
 */
#ifndef MASKLINE_API_REST_AUDIT_H
#define MASKLINE_API_REST_AUDIT_H

#include "api/rest.h"

void rest_audit_verify(struct rest *rest);

#endif
