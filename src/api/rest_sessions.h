/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_sessions.h - /v1/sessions: relations between parties.
 */
#ifndef MASKLINE_API_REST_SESSIONS_H
#define MASKLINE_API_REST_SESSIONS_H

#include "api/rest.h"

void rest_sessions_list(struct rest *rest);
void rest_sessions_create(struct rest *rest);
void rest_sessions_show(struct rest *rest);
void rest_sessions_end(struct rest *rest);

/* The one of the path; false: the request has been answered 404. */
bool rest_sessions_find(struct rest *rest, struct session_view *view);

#endif
