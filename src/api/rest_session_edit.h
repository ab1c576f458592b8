/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_session_edit.h - of /v1/sessions: who is in one, by which digits, and on which number.
 */
#ifndef MASKLINE_API_REST_SESSION_EDIT_H
#define MASKLINE_API_REST_SESSION_EDIT_H

#include "api/body.h"

extern const struct body_field rest_session_edit_fields[];
void rest_session_edit(struct rest *rest);

#endif
