/* SPDX-License-Identifier: Apache-2.0 */
#include "api/body.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/timestamp.h"
#include "base/nearest.h"

#define TEN_YEARS_S 315360000

/* jansson's own words would quote the body, which may hold real numbers. */
static const char *json_fault(const json_error_t *error)
{
        switch (json_error_code(error)) {
        case json_error_duplicate_key:
                return "a field is given twice";
        case json_error_invalid_utf8:
                return "the text is not UTF-8";
        case json_error_stack_overflow:
                return "it is nested too deeply";
        case json_error_premature_end_of_input:
                return "it ends too early";
        case json_error_end_of_input_expected:
                return "something follows its end";
        case json_error_null_byte_in_key:
        case json_error_null_character:
                return "a text holds a NUL character";
        case json_error_numeric_overflow:
                return "a number is too large";
        case json_error_out_of_memory:
                return "it needs more memory than there is";
        default:
                return "it does not follow the grammar";
        }
}

static bool is_json_type(struct slice content_type)
{
        struct slice parameters;
        struct slice type = slice_split(content_type, ';', &parameters);
        return slice_equal_nocase(slice_trim(type), SLICE("application/json"));
}

/*
 * So many values that reading them would hold up everybody else. Commas outside of texts count them, also
 * where the grammar is broken.
 */
static bool is_bomb(struct slice body)
{
        unsigned commas = 0;
        bool in_text = false;
        for (size_t i = 0; i < body.len; i++) {
                char c = body.p[i];
                if (in_text && c == '\\')
                        i++;
                else if (c == '"')
                        in_text = !in_text;
                else if (c == ',' && !in_text)
                        commas++;
        }
        return commas >= BODY_VALUES_MAX;
}

bool body_parse(struct rest *rest)
{
        const struct http_request *request = rest->request;
        if (request->body.len == 0) {
                rest_refuse(rest, PROBLEM_BAD_JSON, NULL, "Send a JSON object.",
                            "the body is missing");
                return false;
        }
        if (!is_json_type(request->content_type)) {
                rest_refuse(rest, PROBLEM_MEDIA_TYPE, NULL,
                            "Send the header Content-Type: application/json.",
                            "the body's Content-Type is not application/json");
                return false;
        }

        if (is_bomb(request->body)) {
                rest_refuse(rest, PROBLEM_BAD_JSON, NULL, "Send less in one request.",
                            "the body holds more than %d values", BODY_VALUES_MAX);
                return false;
        }
        json_error_t error;
        rest->body = json_loadb(request->body.p, request->body.len, JSON_REJECT_DUPLICATES, &error);
        if (!rest->body) {
                rest_refuse(rest, PROBLEM_BAD_JSON, NULL, "Send one JSON object in UTF-8.",
                            "the body is not valid JSON: %s, at line %d, column %d",
                            json_fault(&error), error.line, error.column);
                return false;
        }
        if (!json_is_object(rest->body)) {
                rest_refuse(rest, PROBLEM_BAD_JSON, NULL, "Send one JSON object in UTF-8.",
                            "the body is not a JSON object");
                return false;
        }
        return true;
}

static const struct {
        const char *name;
} types[] = {
        [BODY_TEXT] = {"a text"},           [BODY_COUNT] = {"a whole number"},
        [BODY_NUMBER] = {"a whole number"}, [BODY_SWITCH] = {"true or false"},
        [BODY_LIST] = {"a list"},
};

static bool has_type(const json_t *value, enum body_type type)
{
        switch (type) {
        case BODY_TEXT:
                return json_is_string(value);
        case BODY_COUNT:
        case BODY_NUMBER:
                return json_is_integer(value); /* its range is body_count()'s */
        case BODY_SWITCH:
                return json_is_boolean(value);
        case BODY_LIST:
                return json_is_array(value);
        }
        return false;
}

static int find_field(const struct body_field *fields, const char *name)
{
        for (int i = 0; fields[i].name; i++) {
                if (!strcmp(fields[i].name, name))
                        return i;
        }
        return -1;
}

/* The unknown name is not repeated: a client may have put a number there. */
static void refuse_unknown(struct rest *rest, const char *where, const struct body_field *fields,
                           const char *name)
{
        char known[1024];
        struct buf b;
        struct nearest nearest;
        nearest_init(&nearest, slice_from(name));
        buf_init(&b, known, sizeof known - 1);
        for (; fields->name; fields++) {
                nearest_offer(&nearest, fields->name);
                buf_printf(&b, "%s%s", b.len ? ", " : "", fields->name);
        }
        known[b.len] = '\0';

        char detail[REST_DETAIL_BYTES], field[64];
        snprintf(field, sizeof field, "%s", where);
        if (field[0])
                field[strlen(field) - 1] = '\0'; /* without its final dot */
        if (nearest.best)
                snprintf(detail, sizeof detail, "a field is not known; did you mean \"%s\"?",
                         nearest.best);
        else
                snprintf(detail, sizeof detail, "a field is not known; known are %s", known);
        rest_refuse(rest, PROBLEM_UNKNOWN_FIELD, field[0] ? field : NULL,
                    "Remove the field or correct its name; nothing was changed.", "%s", detail);
}

static bool check_present(struct rest *rest, const char *where, const struct body_field *fields,
                          const json_t **values)
{
        for (int i = 0; fields[i].name; i++) {
                char field[64];
                snprintf(field, sizeof field, "%s%s", where, fields[i].name);
                if (!values[i] && fields[i].required) {
                        rest_refuse(rest, PROBLEM_MISSING_FIELD, field, "Add the field.",
                                    "the field is missing; it is %s", types[fields[i].type].name);
                        return false;
                }
                if (values[i] && !has_type(values[i], fields[i].type)) {
                        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Correct the value.",
                                    "the value must be %s", types[fields[i].type].name);
                        return false;
                }
        }
        return true;
}

bool body_fields(struct rest *rest, const json_t *object, const char *where,
                 const struct body_field *fields, const json_t **values)
{
        for (int i = 0; fields[i].name; i++) {
                assert(i < BODY_FIELDS_MAX);
                values[i] = NULL;
        }

        const char *name;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)object, name, value)
        {
                int i = find_field(fields, name);
                if (i < 0) {
                        refuse_unknown(rest, where, fields, name);
                        return false;
                }
                values[i] = json_is_null(value) ? NULL : value;
        }
        return check_present(rest, where, fields, values);
}

bool body_count(struct rest *rest, const json_t *value, const char *field, uint32_t min,
                uint32_t max, uint32_t *out)
{
        if (!value)
                return true;
        json_int_t n = json_integer_value(value);
        if (n < (json_int_t)min || n > (json_int_t)max) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Correct the value.",
                            "the value must be a whole number from %u to %u", min, max);
                return false;
        }
        *out = (uint32_t)n;
        return true;
}

bool body_choice(struct rest *rest, const json_t *value, const char *field,
                 const char *const *choices, unsigned *out)
{
        char known[128];
        struct buf b;
        if (!value)
                return true;
        buf_init(&b, known, sizeof known - 1);
        for (unsigned i = 0; choices[i]; i++) {
                if (slice_equal(body_slice(value), slice_from(choices[i]))) {
                        *out = i;
                        return true;
                }
                buf_printf(&b, "%s\"%s\"", i ? ", " : "", choices[i]);
        }
        known[b.len] = '\0';
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Correct the value.",
                    "the value must be one of %s", known);
        return false;
}

bool body_text(struct rest *rest, const json_t *value, const char *field, char *out,
               size_t out_bytes)
{
        if (!value || slice_to_text(body_slice(value), out, out_bytes) == 0)
                return true;
        rest_refuse(rest, PROBLEM_BAD_VALUE, field, "Shorten the value.",
                    "the text is longer than %zu bytes", out_bytes - 1);
        return false;
}

bool body_time(struct rest *rest, const struct body_time *field, int64_t now_ms, int64_t *out)
{
        uint32_t seconds;
        if (field->at && field->in_s) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field->in_name, "Give one of the two.",
                            "%s and %s exclude each other", field->at_name, field->in_name);
                return false;
        }
        if (field->at && timestamp_parse(body_slice(field->at), out)) {
                rest_refuse(rest, PROBLEM_BAD_VALUE, field->at_name,
                            "Write it like 2026-08-01T10:00:00Z.",
                            "not a point in time as RFC 3339 writes it");
                return false;
        }
        if (field->in_s) {
                if (!body_count(rest, field->in_s, field->in_name, 1, TEN_YEARS_S, &seconds))
                        return false;
                *out = now_ms + (int64_t)seconds * 1000;
        }
        return true;
}

struct slice body_slice(const json_t *text)
{
        if (!text)
                return SLICE_NONE;
        return (struct slice){json_string_value(text), json_string_length(text)};
}

bool body_name(struct rest *rest, const json_t *value, char *out, size_t out_bytes)
{
        struct slice text = body_slice(value);
        bool good = text.len > 0 && slice_to_text(text, out, out_bytes) == 0 &&
                    strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789-") == text.len;
        if (!good)
                rest_refuse(rest, PROBLEM_BAD_VALUE, "name", "Choose another name.",
                            "a name is 1 to %zu characters of a-z, 0-9 and -", out_bytes - 1);
        return good;
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int query_decode(struct slice s, char *out, size_t out_bytes)
{
        size_t len = 0;
        for (size_t i = 0; i < s.len; i++) {
                int c = (unsigned char)s.p[i];
                if (c == '%') {
                        int high = i + 2 < s.len ? hex_digit(s.p[i + 1]) : -1;
                        int low = i + 2 < s.len ? hex_digit(s.p[i + 2]) : -1;
                        if (high < 0 || low < 0)
                                return ERR_SYNTAX;
                        c = high << 4 | low;
                        i += 2;
                }
                if (c < ' ' || c == 0x7f)
                        return ERR_SYNTAX;
                if (len + 1 >= out_bytes)
                        return ERR_TOO_LARGE;
                out[len++] = (char)c;
        }
        out[len] = '\0';
        return 0;
}

static int take_parameter(struct slice parameter, const char *const *names,
                          char (*values)[REST_SEGMENT_BYTES])
{
        struct slice value;
        struct slice name = slice_split(parameter, '=', &value);
        if (slice_equal(name, SLICE("tenant")))
                return 0; /* access_check() has read it */
        for (unsigned i = 0; names && names[i]; i++) {
                if (!slice_equal(name, slice_from(names[i])))
                        continue;
                if (values[i][0])
                        return ERR_EXISTS;
                return query_decode(value, values[i], REST_SEGMENT_BYTES);
        }
        return ERR_NOT_FOUND;
}

bool query_read(struct rest *rest, const char *const *names)
{
        char known[128] = "";
        struct buf b;
        buf_init(&b, known, sizeof known - 1);
        for (unsigned i = 0; names && names[i]; i++) {
                assert(i < REST_QUERY_MAX);
                buf_printf(&b, "%s%s", i ? ", " : "", names[i]);
        }
        known[b.len] = '\0';

        struct slice query = rest->request->query;
        while (query.len) {
                struct slice parameter = slice_split(query, '&', &query);
                int err = parameter.len ? take_parameter(parameter, names, rest->query) : 0;
                if (!err)
                        continue;
                rest_refuse(rest, PROBLEM_BAD_QUERY, NULL, "Correct the query.",
                            err == ERR_NOT_FOUND ? "a parameter is not known; known are: %s%stenant"
                            : err == ERR_EXISTS
                                    ? "a parameter is given twice; known are: %s%stenant"
                                    : "a parameter cannot be read; known are: %s%stenant",
                            known, known[0] ? ", " : "");
                return false;
        }
        return true;
}

bool query_limit(struct rest *rest, const char *text, uint32_t *out)
{
        uint32_t n = 50;
        if (text[0] && (slice_to_u32(slice_from(text), REST_PAGE_MAX, &n) || n == 0)) {
                rest_refuse(rest, PROBLEM_BAD_QUERY, "limit", "Correct the query.",
                            "limit must be a whole number from 1 to %d", REST_PAGE_MAX);
                return false;
        }
        *out = n;
        return true;
}
