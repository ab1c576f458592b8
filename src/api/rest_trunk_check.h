/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunk_check.h - /v1/trunks/{name}/check: a look at a trunk, step by step.
 */
#ifndef MASKLINE_API_REST_TRUNK_CHECK_H
#define MASKLINE_API_REST_TRUNK_CHECK_H

#include "api/rest.h"

void rest_trunk_check_start(struct rest *rest); /* 202: the steps so far */
void rest_trunk_check_show(struct rest *rest);

#endif
