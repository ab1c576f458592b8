/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_fields.h - a session as JSON on its way in: who its parties are, which numbers they dial, how
 * long it lives.
 */
#ifndef MASKLINE_API_SESSION_FIELDS_H
#define MASKLINE_API_SESSION_FIELDS_H

#include "api/body.h"

extern const struct body_field session_fields[];

/*
 * The body of a create, as of `now_ms` (UTC): read, checked, and in `out`, whose reference points into
 * the body or the request. false: the request has been answered.
 */
bool session_fields_read(struct rest *rest, int64_t now_ms, struct session_create *out);

/* The slot that the party of this place dials (core/session_model.h). */
unsigned session_fields_slot(const struct session_create *create, unsigned party);

#endif
