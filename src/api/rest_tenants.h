/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_tenants.h - /v1/tenants: whom the installation serves.
 */
#ifndef MASKLINE_API_REST_TENANTS_H
#define MASKLINE_API_REST_TENANTS_H

#include "api/body.h"
#include "api/rest.h"

extern const struct body_field rest_tenants_fields[];
void rest_tenants_list(struct rest *rest);
void rest_tenants_create(struct rest *rest);
void rest_tenants_show(struct rest *rest);
void rest_tenants_remove(struct rest *rest);

#endif
