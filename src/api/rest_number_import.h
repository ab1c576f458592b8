/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_number_import.h - /v1/numbers/import: many masking numbers at once, each judged by itself.
 */
#ifndef MASKLINE_API_REST_NUMBER_IMPORT_H
#define MASKLINE_API_REST_NUMBER_IMPORT_H

#include "api/body.h"

#define NUMBER_IMPORT_ROWS_MAX 500

extern const struct body_field rest_number_import_fields[], rest_number_import_rows[];
void rest_number_import(struct rest *rest);

#endif
