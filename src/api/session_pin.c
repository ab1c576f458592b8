/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session_pin.h"

#include <assert.h>
#include <string.h>

bool session_pin_read_digits(struct rest *rest, const json_t *value, const char *field,
                             struct session_pin *out)
{
        struct slice text = body_slice(value);
        *out = (struct session_pin){.is_drawn = false};
        if (!value)
                return true;
        bool good = text.len >= SESSION_PIN_DIGITS_MIN && text.len <= SESSION_PIN_DIGITS_MAX;
        for (size_t i = 0; good && i < text.len; i++)
                good = text.p[i] >= '0' && text.p[i] <= '9';
        if (good) {
                memcpy(out->digits, text.p, text.len);
                return true;
        }
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Give digits alone.",
                    "a PIN is %d to %d digits; where one is set, \"generate\" has it drawn",
                    SESSION_PIN_DIGITS_MIN, SESSION_PIN_DIGITS_MAX);
        return false;
}

bool session_pin_read(struct rest *rest, const json_t *value, const char *field,
                      struct session_pin *out)
{
        if (!slice_equal(body_slice(value), SLICE("generate")))
                return session_pin_read_digits(rest, value, field, out);
        *out = (struct session_pin){.is_drawn = true};
        return true;
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
