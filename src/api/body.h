/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body.h - JSON bodies and queries read strictly: every field known, of its type, said once.
 *
 * The functions that return bool have answered the request when they return false.
 */
#ifndef MASKLINE_API_BODY_H
#define MASKLINE_API_BODY_H

#include "api/rest.h"

#define BODY_FIELDS_MAX 64
#define BODY_VALUES_MAX 20000 /* in all of a body */

enum body_type {
        BODY_TEXT,
        BODY_COUNT,  /* a whole number, not negative */
        BODY_NUMBER, /* a whole number */
        BODY_SWITCH,
        BODY_LIST,
};

struct body_field {
        const char *name; /* NULL ends the rows */
        enum body_type type;
        bool required;
        const struct body_field *items; /* of a list of objects; NULL: of anything else */
};

/* Parses the request's body into rest->body: one object. */
bool body_parse(struct rest *rest);

/*
 * Checks `object` against the rows and writes each field's value to `values`, in their order; NULL
 * for one that is absent or null. `where` is put in front of names in problems: "parties[0]." or
 * "". The values belong to the object.
 */
bool body_fields(struct rest *rest, const json_t *object, const char *where,
                 const struct body_field *fields, const json_t **values);

/* A count within bounds; `out` is left alone when `value` is NULL. */
bool body_count(struct rest *rest, const json_t *value, const char *field, uint32_t min,
                uint32_t max, uint32_t *out);

/* The index of the text among `choices`, which end with NULL; left alone when `value` is NULL. */
bool body_choice(struct rest *rest, const json_t *value, const char *field,
                 const char *const *choices, unsigned *out);

/* A short text, copied; left alone when `value` is NULL. */
bool body_text(struct rest *rest, const json_t *value, const char *field, char *out,
               size_t out_bytes);

/* A point in time, as an RFC 3339 text or in seconds from now; `out` is left alone without both. */
struct body_time {
        const char *at_name, *in_name;
        const json_t *at, *in_s;
};
bool body_time(struct rest *rest, const struct body_time *field, int64_t now_ms, int64_t *out);

struct slice body_slice(const json_t *text); /* empty for NULL */

/* `name` of what stands in paths by it: a-z, 0-9 and -, shorter than `out_bytes`. False: refused. */
bool body_name(struct rest *rest, const json_t *value, char *out, size_t out_bytes);

/*
 * The query's parameters, decoded into rest->query in the order of `names`, which end with NULL and may be
 * NULL; one that is absent is empty. "tenant" is known everywhere (access.h).
 */
bool query_read(struct rest *rest, const char *const *names);

/* `limit` of a list: 1 to REST_PAGE_MAX; empty: 50. */
bool query_limit(struct rest *rest, const char *text, uint32_t *out);

/* Percent-decoding into text; ERR_SYNTAX (bad escape, control byte), ERR_TOO_LARGE. */
int query_decode(struct slice s, char *out, size_t out_bytes) MUST_CHECK;

#endif
