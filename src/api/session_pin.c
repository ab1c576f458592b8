/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session_pin.h"

#include <assert.h>
#include <string.h>

/* False: they are none. */
static bool take_digits(struct slice text, struct session_pin *out)
{
        *out = (struct session_pin){.is_drawn = false};
        if (text.len < SESSION_PIN_DIGITS_MIN || text.len > SESSION_PIN_DIGITS_MAX)
                return false;
        for (size_t i = 0; i < text.len; i++)
                if (text.p[i] < '0' || text.p[i] > '9')
                        return false;
        memcpy(out->digits, text.p, text.len);
        return true;
}

bool session_pin_read_digits(struct rest *rest, const json_t *value, const char *field,
                             struct session_pin *out)
{
        if (!value || take_digits(body_slice(value), out))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Give digits alone, or leave it out.",
                    "what is keyed in is %d to %d digits", SESSION_PIN_DIGITS_MIN,
                    SESSION_PIN_DIGITS_MAX);
        return false;
}

bool session_pin_read(struct rest *rest, const json_t *value, const char *field,
                      struct session_pin *out)
{
        *out = (struct session_pin){.is_drawn = slice_equal(body_slice(value), SLICE("generate"))};
        if (!value || out->is_drawn || take_digits(body_slice(value), out))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Give digits alone, or have some drawn.",
                    "a PIN is %d to %d digits, or \"generate\"", SESSION_PIN_DIGITS_MIN,
                    SESSION_PIN_DIGITS_MAX);
        return false;
}

bool session_pin_read_length(struct rest *rest, const json_t *value, unsigned *out)
{
        uint32_t digits = SESSION_PIN_DIGITS;
        if (!body_count(rest, value, "pin_digits", SESSION_PIN_DIGITS_MIN, SESSION_PIN_DIGITS_MAX,
                        &digits))
                return false;
        *out = digits;
        return true;
}

void session_pin_draw(const struct api *api, unsigned digits, struct session_pin *pin)
{
        assert(digits <= SESSION_PIN_DIGITS_MAX);
        for (unsigned i = 0; i < digits; i++)
                pin->digits[i] = (char)('0' + random_below(io_random(api->params.io), 10));
        pin->digits[digits] = '\0';
}

struct pin_hash session_pin_hash(const struct api *api, uint32_t tenant_id,
                                 const struct session_pin *pin)
{
        struct pin_hash hash = {{0}};
        if (!pin->digits[0])
                return hash;
        int err = directory_pin(api->params.directory, tenant_id, slice_from(pin->digits), &hash);
        assert(!err);
        (void)err;
        return hash;
}
