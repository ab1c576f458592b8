/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunk_tolerance.h - of a trunk: what its carrier may get wrong, and how often it did.
 */
#ifndef MASKLINE_API_REST_TRUNK_TOLERANCE_H
#define MASKLINE_API_REST_TRUNK_TOLERANCE_H

#include "api/rest.h"
#include "core/trunk.h"

/* `value` NULL: it stays as it is. False: the request has been answered. */
bool rest_trunk_tolerance_read(struct rest *rest, const json_t *value, struct trunk *trunk);
void rest_trunk_tolerance_add(const struct api *api, const struct trunk *trunk, json_t *json);
/* Over all trunks and kinds. */
uint64_t rest_trunk_tolerance_count(const struct api *api);

#endif
