/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_pools.h - /v1/pools: which numbers sessions are given, and what they may do.
 */
#ifndef MASKLINE_API_REST_POOLS_H
#define MASKLINE_API_REST_POOLS_H

#include "api/body.h"
#include "api/rest.h"
#include "store/directory.h"

extern const struct body_field rest_pools_fields[];
extern const struct body_field rest_pools_change_fields[];

void rest_pools_list(struct rest *rest);
void rest_pools_create(struct rest *rest);
void rest_pools_show(struct rest *rest);
void rest_pools_change(struct rest *rest);
void rest_pools_remove(struct rest *rest);

/* By name; "default" is always there. NULL: the request has been answered 404 for `field`. */
const struct directory_pool *rest_pools_named(struct rest *rest, struct slice name,
                                              const char *field);

#endif
