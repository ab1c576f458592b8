/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_blocks.h - /v1/blocks: pairs of people who are not to be connected. Their numbers come in, and
 * never go out.
 */
#ifndef MASKLINE_API_REST_BLOCKS_H
#define MASKLINE_API_REST_BLOCKS_H

#include "api/body.h"
#include "api/rest.h"

extern const struct body_field rest_blocks_fields[];
void rest_blocks_list(struct rest *rest);
void rest_blocks_create(struct rest *rest);
void rest_blocks_show(struct rest *rest);
void rest_blocks_remove(struct rest *rest);

#endif
