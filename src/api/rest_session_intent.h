/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_session_intent.h - of /v1/sessions: a party calls from another telephone now.
 */
#ifndef MASKLINE_API_REST_SESSION_INTENT_H
#define MASKLINE_API_REST_SESSION_INTENT_H

#include "api/body.h"

extern const struct body_field rest_session_intent_fields[];
void rest_session_intent(struct rest *rest);

#endif
