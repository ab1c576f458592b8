/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_numbers.h - /v1/numbers: masking numbers, each owned by a trunk.
 */
#ifndef MASKLINE_API_REST_NUMBERS_H
#define MASKLINE_API_REST_NUMBERS_H

#include "api/body.h"
#include "api/rest.h"

extern const struct body_field rest_numbers_fields[], rest_numbers_change_fields[];
void rest_numbers_list(struct rest *rest);
void rest_numbers_create(struct rest *rest);
void rest_numbers_show(struct rest *rest);
void rest_numbers_change(struct rest *rest);
void rest_numbers_remove(struct rest *rest);

#endif
