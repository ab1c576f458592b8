/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunks.h - /v1/trunks: connections to carriers.
 */
#ifndef MASKLINE_API_REST_TRUNKS_H
#define MASKLINE_API_REST_TRUNKS_H

#include "api/body.h"
#include "api/rest.h"

extern const struct body_field rest_trunks_fields[];
extern const struct body_field rest_trunks_change_fields[];
void rest_trunks_list(struct rest *rest);
void rest_trunks_create(struct rest *rest);
void rest_trunks_show(struct rest *rest);
void rest_trunks_change(struct rest *rest);
void rest_trunks_remove(struct rest *rest);

/* The one that the path names; NULL: there is none, and the request has been refused with 404. */
const struct trunk *rest_trunks_find(struct rest *rest);

/* Gives signalling the trunk as the directory has it now, or takes it away. */
void rest_trunks_sync(struct api *api, uint32_t trunk_id);

#endif
