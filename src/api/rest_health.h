/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_health.h - /healthz, /readyz and /metrics: how the server does, without a name or number.
 */
#ifndef MASKLINE_API_REST_HEALTH_H
#define MASKLINE_API_REST_HEALTH_H

#include "api/rest.h"

void rest_health_live(struct rest *rest);
void rest_health_ready(struct rest *rest);
void rest_health_metrics(struct rest *rest);

#endif
