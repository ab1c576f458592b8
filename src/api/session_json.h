/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_json.h - a session as answers tell of it: without a real number.
 */
#ifndef MASKLINE_API_SESSION_JSON_H
#define MASKLINE_API_SESSION_JSON_H

#include "api/rest.h"
#include "core/session_rows.h"

const char *session_state_name(enum session_state state); /* "active" */

/* `with_rows`: and who dials which number to reach whom. */
json_t *session_json(const struct api *api, const struct session_view *view, bool with_rows);

/* As session_rows() has them. */
unsigned session_view_rows(const struct session_view *view,
                           struct session_row out[SESSION_ROWS_MAX]);

/* What a row of a session says: core/session_rows.h. */
json_t *session_row_json(const struct session_row *row);

/* Digits that were drawn, into the party of an answer. */
void session_json_put_pin(json_t *session, unsigned party, const char *digits);

#endif
