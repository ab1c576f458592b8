/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_sessions.h - /v1/sessions: relations between two parties.
 */
#ifndef MASKLINE_API_REST_SESSIONS_H
#define MASKLINE_API_REST_SESSIONS_H

#include "api/body.h"
#include "api/rest.h"

extern const struct body_field rest_sessions_fields[];
void rest_sessions_list(struct rest *rest);
void rest_sessions_create(struct rest *rest);
void rest_sessions_show(struct rest *rest);
void rest_sessions_end(struct rest *rest);

/*
 * The body of a create, as of `now_ms` (UTC): read, checked, and in `out`, whose reference points into the body or the
 * request. false: the request has been answered.
 */
bool rest_sessions_read(struct rest *rest, int64_t now_ms, struct session_create *out);

/* The slot that the party of this place dials (core/session_model.h). */
unsigned rest_sessions_slot(const struct session_create *create, unsigned party);

const char *rest_session_state(enum session_state state);

/* The one of the path; false: the request has been answered 404. */
bool rest_sessions_find(struct rest *rest, struct session_view *view);
json_t *rest_sessions_json(const struct api *api, const struct session_view *view);

#endif
