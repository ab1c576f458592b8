/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_pin.h - digits that a party is known, or reached, by: given or drawn, in the clear for as long
 * as a request takes. They are kept as a keyed hash; drawn ones are told once.
 */
#ifndef MASKLINE_API_SESSION_PIN_H
#define MASKLINE_API_SESSION_PIN_H

#include "api/body.h"

#define SESSION_PIN_DIGITS_MIN 4
#define SESSION_PIN_DIGITS_MAX 15
#define SESSION_PIN_DIGITS     6 /* of one that is drawn, unless something else is asked for */

/* How often others are drawn because a session on the number has them. */
#define SESSION_PIN_DRAWS_MAX 8

struct session_pin {
        char digits[SESSION_PIN_DIGITS_MAX + 1]; /* empty: none, or still to be drawn */
        bool is_drawn;
};

/* Digits, or "generate"; none when `value` is NULL. false: the request has been answered. */
bool session_pin_read(struct rest *rest, const json_t *value, const char *field,
                      struct session_pin *out);

/* Digits alone, as a caller keys them in; `out` is written where there are some. */
bool session_pin_read_digits(struct rest *rest, const json_t *value, const char *field,
                             struct session_pin *out);

/* Of a body's "pin_digits". */
bool session_pin_read_length(struct rest *rest, const json_t *value, unsigned *out);

void session_pin_draw(const struct api *api, unsigned digits, struct session_pin *pin);

/* None when there are no digits. */
struct pin_hash session_pin_hash(const struct api *api, uint32_t tenant_id,
                                 const struct session_pin *pin);

#endif
