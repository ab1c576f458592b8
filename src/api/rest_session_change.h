/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_session_change.h - of /v1/sessions: what may be done to one while it lives, and after it.
 */
#ifndef MASKLINE_API_REST_SESSION_CHANGE_H
#define MASKLINE_API_REST_SESSION_CHANGE_H

#include "api/body.h"
#include "api/rest.h"

extern const struct body_field rest_session_time_fields[];

void rest_sessions_renew(struct rest *rest);
void rest_sessions_reopen(struct rest *rest);
void rest_sessions_erase(struct rest *rest);

#endif
