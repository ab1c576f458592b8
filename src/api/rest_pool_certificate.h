/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_pool_certificate.h - /v1/pools/{name}/certificate and /plan: how many numbers the pool needs, proven
 * and planned.
 */
#ifndef MASKLINE_API_REST_POOL_CERTIFICATE_H
#define MASKLINE_API_REST_POOL_CERTIFICATE_H

#include "api/body.h"

extern const struct body_field rest_pool_plan_fields[];

void rest_pool_certificate(struct rest *rest);
void rest_pool_plan(struct rest *rest);

#endif
