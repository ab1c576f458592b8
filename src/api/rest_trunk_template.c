/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest_trunk_template.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"

enum field {
        FIELD_CALLER_FROM,
        FIELD_DIALLED_FROM,
        FIELD_NUMBER_FORM,
        FIELD_SEND_ASSERTED,
        FIELD_FORMS,
        FIELD_FROM_USER = FIELD_FORMS + TRUNK_PLACES,
        FIELD_ASSERTED_USER,
        FIELD_PILOT,
        FIELD_FROM_DOMAIN,
        FIELD_DISPLAY_NAME,
        FIELD_PRIVACY,
        FIELD_CHARGE_INFO,
        FIELD_USER_PHONE,
        FIELD_REQUEST_PREFIX,
        FIELD_CALLER_PREFIX,
        FIELD_DIALLED_PREFIX,
        FIELD_HEADERS,
        FIELDS,
};
_Static_assert((int)FIELDS == REST_TRUNK_TEMPLATE_FIELDS, "a row for each");

static const char *const caller_from[] = {"from", "asserted", NULL};
static const char *const dialled_from[] = {"request-uri", "to", NULL};
/* The first one stands for the trunk's own; the others are number_form. */
static const char *const forms[] = {"default", "plus",          "digits", "national",
                                    "local",   "international", NULL};
static const char *const *const number_form = forms + 1;
static const char *const form_fields[TRUNK_PLACES] = {"from_form", "asserted_form", "to_form",
                                                      "request_form"};
static const char *const from_user[] = {"shown", "pilot", "username", NULL};
static const char *const asserted_user[] = {"shown", "pilot", NULL};
static const char *const privacy[] = {"absent", "none", "id", NULL};
static const char *const charge_info[] = {"absent", "shown", "pilot", NULL};

static bool read_choices(struct rest *rest, const json_t **values, struct trunk *trunk)
{
        struct trunk_template *w = &trunk->writing;
        unsigned caller = trunk->caller_from, dialled = trunk->dialled_from,
                 form = trunk->number_form, from = w->from_user, asserted = w->asserted_user,
                 hiding = w->privacy, charge = w->charge;
        if (!body_choice(rest, values[FIELD_CALLER_FROM], "caller_from", caller_from, &caller) ||
            !body_choice(rest, values[FIELD_DIALLED_FROM], "dialled_from", dialled_from,
                         &dialled) ||
            !body_choice(rest, values[FIELD_NUMBER_FORM], "number_form", number_form, &form) ||
            !body_choice(rest, values[FIELD_FROM_USER], "from_user", from_user, &from) ||
            !body_choice(rest, values[FIELD_ASSERTED_USER], "asserted_user", asserted_user,
                         &asserted) ||
            !body_choice(rest, values[FIELD_PRIVACY], "privacy", privacy, &hiding) ||
            !body_choice(rest, values[FIELD_CHARGE_INFO], "charge_info", charge_info, &charge))
                return false;
        trunk->caller_from = (enum trunk_caller_from)caller;
        trunk->dialled_from = (enum trunk_dialled_from)dialled;
        trunk->number_form = (enum number_form)form;
        w->from_user = (enum trunk_who)from;
        w->asserted_user = (enum trunk_who)asserted;
        w->privacy = (enum trunk_privacy)hiding;
        w->charge = (enum trunk_charge)charge;
        if (values[FIELD_SEND_ASSERTED])
                trunk->send_asserted = json_is_true(values[FIELD_SEND_ASSERTED]);
        if (values[FIELD_USER_PHONE])
                w->user_phone = json_is_true(values[FIELD_USER_PHONE]);
        return true;
}

static bool check_form(struct rest *rest, const struct number_plan *plan, const char *field,
                       enum number_form form)
{
        bool needs_country = form == NUMBER_NATIONAL || form == NUMBER_LOCAL;
        if (needs_country && !plan->country[0]) {
                rest_refuse(rest, PROBLEM_MISSING_FIELD, "country", "Add the country code.",
                            "%s %s needs a country", field, number_form[form]);
                return false;
        }
        if (form == NUMBER_INTERNATIONAL && !plan->international[0]) {
                rest_refuse(rest, PROBLEM_MISSING_FIELD, "international",
                            "Add the international prefix, for example 00.",
                            "%s %s needs an international prefix", field, number_form[form]);
                return false;
        }
        return true;
}

static bool read_forms(struct rest *rest, const json_t **values, struct trunk *trunk)
{
        if (!check_form(rest, &trunk->plan, "number_form", trunk->number_form))
                return false;
        for (unsigned i = 0; i < TRUNK_PLACES; i++) {
                unsigned form = trunk->writing.forms[i];
                if (!body_choice(rest, values[FIELD_FORMS + i], form_fields[i], forms, &form))
                        return false;
                trunk->writing.forms[i] = (uint8_t)form;
                if (form &&
                    !check_form(rest, &trunk->plan, form_fields[i], (enum number_form)(form - 1)))
                        return false;
        }
        return true;
}

static bool read_pilot(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        struct slice text = body_slice(value);
        struct number number = {0};
        if (!value)
                return true;
        if (text.len && number_parse(text, &trunk->plan, &number)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "pilot",
                            "Write it like +919000000001, or as an empty text for none.",
                            "the value is no telephone number");
                return false;
        }
        trunk->writing.pilot.n = number;
        return true;
}

static bool read_domain(struct rest *rest, const json_t *value, struct trunk *trunk)
{
        struct trunk_template *w = &trunk->writing;
        struct slice text = body_slice(value);
        if (!value)
                return true;
        w->named[0] = '\0';
        if (slice_equal(text, SLICE("own"))) {
                w->domain = TRUNK_DOMAIN_OWN;
                return true;
        }
        if (slice_equal(text, SLICE("peer")) && strlen(trunk->peer_host) < TRUNK_DOMAIN_BYTES) {
                w->domain = TRUNK_DOMAIN_PEER;
                return true;
        }
        if (trunk_template_is_domain(text) && !slice_equal(text, SLICE("peer")) &&
            !slice_to_text(text, w->named, sizeof w->named)) {
                w->domain = TRUNK_DOMAIN_NAMED;
                return true;
        }
        rest_refuse(rest, PROBLEM_BAD_VALUE, "from_domain",
                    "Write \"own\", \"peer\", or a host like sip.example.net.",
                    "a domain is a host name or an IP address of at most %d characters",
                    TRUNK_DOMAIN_BYTES - 1);
        return false;
}

static bool read_prefix(struct rest *rest, const json_t *value, const char *field,
                        char out[TRUNK_PREFIX_BYTES])
{
        struct slice text = body_slice(value);
        if (!value ||
            (trunk_template_is_prefix(text) && !slice_to_text(text, out, TRUNK_PREFIX_BYTES)))
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field,
                    "Write it as the carrier gave it out, for example 1234#.",
                    "a prefix is at most %d digits, * and #, with or without a + before them",
                    TRUNK_PREFIX_BYTES - 1);
        return false;
}

static bool read_texts(struct rest *rest, const json_t **values, struct trunk *trunk)
{
        struct trunk_template *w = &trunk->writing;
        const json_t *display = values[FIELD_DISPLAY_NAME];
        if (display && (!trunk_template_is_display(body_slice(display)) ||
                        slice_to_text(body_slice(display), w->display, sizeof w->display))) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "display_name", "Choose another name.",
                            "a display name is at most %d characters of ASCII without quotes and "
                            "backslashes, and holds nothing that could be a telephone number",
                            TRUNK_DISPLAY_BYTES - 1);
                return false;
        }
        return read_prefix(rest, values[FIELD_REQUEST_PREFIX], "request_prefix",
                           w->request_prefix) &&
               read_prefix(rest, values[FIELD_CALLER_PREFIX], "caller_prefix", w->caller_prefix) &&
               read_prefix(rest, values[FIELD_DIALLED_PREFIX], "dialled_prefix", w->dialled_prefix);
}

const struct body_field rest_trunk_header_fields[] = {
        {"name", BODY_TEXT, true}, {"value", BODY_TEXT, true}, {NULL}};

static bool read_header(struct rest *rest, const json_t *value, size_t at, struct buf *lines)
{
        const json_t *values[2];
        char where[32];
        snprintf(where, sizeof where, "headers[%zu].", at);
        if (!json_is_object(value)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "headers",
                            "Write each like {\"name\": \"X-Account\", \"value\": \"acme\"}.",
                            "a header is an object with name and value");
                return false;
        }
        if (!body_fields(rest, value, where, rest_trunk_header_fields, values))
                return false;
        const char *problem =
                trunk_template_header_problem(body_slice(values[0]), body_slice(values[1]));
        if (problem) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "headers", "Correct it, or leave it out.",
                            "%s", problem);
                return false;
        }
        buf_put_slice(lines, body_slice(values[0]));
        buf_put_text(lines, ": ");
        buf_put_slice(lines, body_slice(values[1]));
        buf_put_text(lines, "\r\n");
        return true;
}

static bool read_headers(struct rest *rest, const json_t *list, struct rest_trunk_headers *out)
{
        struct buf lines;
        out->is_given = list != NULL;
        out->bytes = 0;
        if (json_array_size(list) > TRUNK_HEADERS_MAX) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, "headers", "Leave some out.",
                            "a trunk has at most %d headers of its own", TRUNK_HEADERS_MAX);
                return false;
        }
        buf_init(&lines, out->text, sizeof out->text);
        for (size_t i = 0; i < json_array_size(list); i++) {
                if (!read_header(rest, json_array_get(list, i), i, &lines))
                        return false;
        }
        out->bytes = lines.len;
        return true;
}

static bool check(struct rest *rest, const struct trunk *trunk)
{
        const char *field;
        const char *problem = trunk_template_problem(&trunk->writing, trunk->send_asserted,
                                                     trunk->username[0] != '\0', &field);
        if (problem)
                rest_refuse(rest, PROBLEM_MISSING_FIELD, field, "Add it, or choose otherwise.",
                            "%s", problem);
        return !problem;
}

bool rest_trunk_template_read(struct rest *rest, const json_t **values, struct trunk *trunk,
                              struct rest_trunk_headers *headers)
{
        return read_choices(rest, values, trunk) && read_forms(rest, values, trunk) &&
               read_pilot(rest, values[FIELD_PILOT], trunk) &&
               read_domain(rest, values[FIELD_FROM_DOMAIN], trunk) &&
               read_texts(rest, values, trunk) &&
               read_headers(rest, values[FIELD_HEADERS], headers) && check(rest, trunk);
}

static json_t *domain_json(const struct trunk_template *w)
{
        switch (w->domain) {
        case TRUNK_DOMAIN_OWN:
                return json_string("own");
        case TRUNK_DOMAIN_PEER:
                return json_string("peer");
        case TRUNK_DOMAIN_NAMED:
                break;
        }
        return json_string(w->named);
}

/* A masking number is no secret. */
static json_t *pilot_json(struct masking_number pilot)
{
        char text[24];
        struct buf b;
        if (number_is_none(pilot.n))
                return json_null();
        buf_init(&b, text, sizeof text);
        buf_put_char(&b, '+');
        buf_put_number(&b, pilot.n);
        return json_stringn(b.p, b.len);
}

static json_t *header_names(struct slice lines)
{
        json_t *list = json_array();
        while (lines.len) {
                struct slice rest;
                struct slice name = slice_split(slice_split(lines, '\n', &lines), ':', &rest);
                json_array_append_new(list, json_pack("{s:s%}", "name", name.p, name.len));
        }
        return list;
}

/* Nobody is told the values: they may be what the carrier knows us by. */
static json_t *headers_json(const struct api *api, const struct trunk *trunk)
{
        struct buf lines;
        char *memory = secret_alloc(TRUNK_HEADERS_BYTES);
        if (!memory)
                return json_null();
        buf_init(&lines, memory, TRUNK_HEADERS_BYTES);
        int err = directory_trunk_headers(api->params.directory, trunk, &lines);
        json_t *list = header_names(err ? SLICE_NONE : buf_slice(&lines));
        secret_free(memory, TRUNK_HEADERS_BYTES);
        return list;
}

void rest_trunk_template_add(const struct api *api, const struct trunk *trunk, json_t *json)
{
        const struct trunk_template *w = &trunk->writing;
        const struct {
                const char *name, *text;
        } texts[] = {
                {"caller_from", caller_from[trunk->caller_from]},
                {"dialled_from", dialled_from[trunk->dialled_from]},
                {"number_form", number_form[trunk->number_form]},
                {"from_user", from_user[w->from_user]},
                {"asserted_user", asserted_user[w->asserted_user]},
                {"privacy", privacy[w->privacy]},
                {"charge_info", charge_info[w->charge]},
                {"display_name", w->display},
                {"request_prefix", w->request_prefix},
                {"caller_prefix", w->caller_prefix},
                {"dialled_prefix", w->dialled_prefix},
        };
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                json_object_set_new(json, texts[i].name, json_string(texts[i].text));
        for (unsigned i = 0; i < TRUNK_PLACES; i++)
                json_object_set_new(json, form_fields[i], json_string(forms[w->forms[i]]));
        json_object_set_new(json, "send_asserted", json_boolean(trunk->send_asserted));
        json_object_set_new(json, "user_phone", json_boolean(w->user_phone));
        json_object_set_new(json, "from_domain", domain_json(w));
        json_object_set_new(json, "pilot", pilot_json(w->pilot));
        json_object_set_new(json, "headers", headers_json(api, trunk));
}
