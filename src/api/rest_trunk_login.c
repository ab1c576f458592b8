/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_login.h"

#include "wire/sip_auth.h"
#include "wire/sip_write.h"

static bool read_login_text(struct rest *rest, const json_t *value, const char *field, char *out,
                            size_t out_bytes)
{
        struct slice text = body_slice(value);
        if (!value || (sip_auth_is_plain(text) && slice_to_text(text, out, out_bytes) == 0))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Correct the value.",
                    "it must be at most %zu characters, without quotes, backslashes and control "
                    "characters",
                    out_bytes - 1);
        return false;
}

static bool check_password(struct rest *rest, const json_t *value)
{
        struct slice text = body_slice(value);
        bool is_good = text.len < TRUNK_PASSWORD_BYTES;
        for (size_t i = 0; i < text.len; i++)
                is_good = is_good && (uint8_t)text.p[i] >= ' ' && text.p[i] != 0x7f;
        if (is_good)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, "password", "Choose another password.",
                    "a password is at most %d characters, without control characters",
                    TRUNK_PASSWORD_BYTES - 1);
        return false;
}

static bool check_login(struct rest *rest, const struct trunk *trunk, bool has_password)
{
        const char *field = NULL, *what = NULL;
        if (trunk->username[0] && !has_password) {
                field = "password";
                what = "a user name needs a password";
        } else if (!trunk->username[0] && has_password) {
                field = "username";
                what = "a password needs a user name";
        } else if (!trunk->username[0] && trunk->registers) {
                field = "username";
                what = "who registers needs a user name and a password";
        } else if (trunk->registers && !trunk->peer_host[0]) {
                field = "peer";
                what = "who registers needs a peer to register at";
        }
        if (field)
                rest_refuse(rest, PROBLEM_MISSING_FIELD, field, "Add it.", "%s", what);
        return !field;
}

bool rest_trunk_login_read(struct rest *rest, const json_t **values, struct trunk *trunk,
                           struct slice *password)
{
        uint32_t register_s = trunk->register_s ? trunk->register_s : TRUNK_REGISTER_S_DEFAULT;
        if (!read_login_text(rest, values[LOGIN_USERNAME], "username", trunk->username,
                             sizeof trunk->username) ||
            !read_login_text(rest, values[LOGIN_REALM], "realm", trunk->realm,
                             sizeof trunk->realm) ||
            !check_password(rest, values[LOGIN_PASSWORD]) ||
            !body_count(rest, values[LOGIN_REGISTER_S], "register_s", TRUNK_REGISTER_S_MIN,
                        TRUNK_REGISTER_S_MAX, &register_s))
                return false;
        if (values[LOGIN_REGISTER])
                trunk->registers = json_is_true(values[LOGIN_REGISTER]);
        trunk->register_s = register_s;
        *password = body_slice(values[LOGIN_PASSWORD]);
        if (values[LOGIN_USERNAME] && !trunk->username[0] && !password->len) {
                trunk->realm[0] = '\0';
                trunk->registers = trunk->registers && json_is_true(values[LOGIN_REGISTER]);
                trunk->password_key = 0;
                trunk->password_bytes = 0;
        }
        return check_login(rest, trunk, password->len || trunk->password_key);
}

/* How the last try went, in a sentence; NULL when it went well. */
static json_t *problem_json_of(const struct sip_registration *registration)
{
        const char *text = sip_registration_problem_text(registration->problem);
        if (registration->problem == SIP_REGISTRATION_FINE)
                return json_null();
        if (registration->problem != SIP_REGISTRATION_REFUSED)
                return json_string(text);
        return json_sprintf("%s: %u %.*s", text, registration->status,
                            SLICE_ARG(sip_reason_phrase(registration->status)));
}

static json_t *registration_json(const struct api *api, const struct trunk *trunk)
{
        struct sip_registration registration;
        calls_registration(api->params.calls, trunk->id, &registration);
        if (!registration.is_wanted)
                return json_null();
        const char *state = "trying";
        if (registration.is_registered)
                state = "registered";
        else if (registration.problem != SIP_REGISTRATION_FINE)
                state = "failed";
        return json_pack("{s:s, s:o, s:o, s:I}", "state", state, "until",
                         rest_time(registration.until_wall_ms), "problem",
                         problem_json_of(&registration), "next_try_in_s",
                         (json_int_t)((registration.next_try_ms + 999) / 1000));
}

static json_t *text_or_null(const char *text)
{
        return text[0] ? json_string(text) : json_null();
}

void rest_trunk_login_add(const struct api *api, const struct trunk *trunk, json_t *json)
{
        json_object_set_new(json, "username", text_or_null(trunk->username));
        /* Nobody is told the password. */
        json_object_set_new(json, "password_set", json_boolean(trunk->password_key != 0));
        json_object_set_new(json, "realm", text_or_null(trunk->realm));
        json_object_set_new(json, "register", json_boolean(trunk->registers));
        json_object_set_new(json, "register_s", json_integer(trunk->register_s));
        json_object_set_new(json, "registration", registration_json(api, trunk));
}
