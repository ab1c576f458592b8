/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_session_refusal.h - why a session was not created or changed, and what to do.
 */
#ifndef MASKLINE_API_REST_SESSION_REFUSAL_H
#define MASKLINE_API_REST_SESSION_REFUSAL_H

#include "api/rest.h"
#include "store/directory_change.h"

/* Answers a create for what directory_session_create() gave: `err`, and `refusal` where it says so. */
void rest_session_refuse(struct rest *rest, const struct session_create *create,
                         const struct session_refusal *refusal, int err);

/* Answers an edit of the session that `view` shows, as it was before. */
void rest_session_refuse_edit(struct rest *rest, const struct session_view *view,
                              const struct session_edit *edit,
                              const struct session_refusal *refusal, int err);

/* Answers what needs a session that is not erased, or a store that takes it. */
void rest_session_refuse_life(struct rest *rest, int err);

#endif
