/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_keys.h - /v1/keys: who may ask, and for what. A key's text is in one answer and nowhere else.
 */
#ifndef MASKLINE_API_REST_KEYS_H
#define MASKLINE_API_REST_KEYS_H

#include "api/body.h"
#include "api/rest.h"

extern const struct body_field rest_keys_fields[];
void rest_keys_list(struct rest *rest);
void rest_keys_create(struct rest *rest);
void rest_keys_show(struct rest *rest);
void rest_keys_revoke(struct rest *rest);

#endif
