/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_json.h - a session as answers tell of it: without a real number.
 */
#ifndef MASKLINE_API_SESSION_JSON_H
#define MASKLINE_API_SESSION_JSON_H

#include "api/rest.h"

json_t *session_json(const struct api *api, const struct session_view *view);

#endif
