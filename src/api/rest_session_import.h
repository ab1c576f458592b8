/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_session_import.h - /v1/sessions/import: many sessions in one request, each judged by itself.
 */
#ifndef MASKLINE_API_REST_SESSION_IMPORT_H
#define MASKLINE_API_REST_SESSION_IMPORT_H

#include "api/body.h"

#define SESSION_IMPORT_ROWS_MAX 500
#define SESSION_IMPORTS_MAX     4 /* at work at once: a report may be large */

extern const struct body_field rest_session_import_fields[];
void rest_session_import(struct rest *rest);

#endif
