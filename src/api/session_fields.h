/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_fields.h - a session as JSON on its way in: who its parties are, which numbers they dial, how
 * long it lives.
 */
#ifndef MASKLINE_API_SESSION_FIELDS_H
#define MASKLINE_API_SESSION_FIELDS_H

#include "api/session_pin.h"

extern const struct body_field session_fields[];

/* A create as it is asked for, its PINs in the clear. */
struct session_asked {
        struct session_create create;
        struct session_pin pins[SESSION_PARTIES_MAX];
        unsigned pin_digits; /* how many digits drawn ones get */
};

/*
 * `body` as of `now_ms` (UTC): read, checked, and in `out`, whose reference points into the body or the
 * request; `model` is that of one that says none. PINs are neither drawn nor hashed yet. false: the
 * request has been answered.
 */
bool session_fields_read(struct rest *rest, const json_t *body, enum session_model model,
                         int64_t now_ms, struct session_asked *out);

/*
 * A party's side, where its model lets one say it; NULL: nobody does. `where` is what is before its name
 * in problems. false: the request has been answered.
 */
bool session_fields_side(struct rest *rest, const json_t *value, enum session_model model,
                         const char *where, struct session_party *party);

/* The slot that the party of this place dials (core/session_model.h), but in a group. */
unsigned session_fields_slot(const struct session_create *create, unsigned party);

/* A masking number to dial, of whomever it is; false: the request has been answered, naming `field`. */
bool session_fields_dials(struct rest *rest, const json_t *value, const char *field,
                          struct masking_number *out);

#endif
