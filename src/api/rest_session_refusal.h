/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_session_refusal.h - why a session was not created or changed, and what to do.
 */
#ifndef MASKLINE_API_REST_SESSION_REFUSAL_H
#define MASKLINE_API_REST_SESSION_REFUSAL_H

#include "api/rest.h"

/* Answers a create for what directory_session_create() gave: `err`, and `refusal` where it says so. */
void rest_session_refuse(struct rest *rest, const struct session_create *create,
                         const struct session_refusal *refusal, int err);

/* The same for what a living session was to become; `refusal` may be NULL where `err` needs none. */
void rest_session_refuse_edit(struct rest *rest, const struct session_refusal *refusal, int err);

#endif
