/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_fields.h - a masking number as JSON: the fields of it, read for an add, a change and a row
 * of an import alike, and written.
 */
#ifndef MASKLINE_API_NUMBER_FIELDS_H
#define MASKLINE_API_NUMBER_FIELDS_H

#include "api/body.h"
#include "store/directory.h"

enum number_field {
        NUMBER_FIELD_NUMBER,
        NUMBER_FIELD_TRUNK,
        NUMBER_FIELD_POOL,
        NUMBER_FIELD_COUNTRY,
        NUMBER_FIELD_AREA,
        NUMBER_FIELD_CAPABILITIES,
        NUMBER_FIELD_RESERVED,
        NUMBER_FIELD_FROZEN,
        NUMBER_FIELD_TAGS,
        NUMBER_FIELDS,
};
/* From NUMBER_FIELD_POOL on. */
#define NUMBER_FIELD_ROWS                                                                          \
        {"pool", BODY_TEXT}, {"country", BODY_TEXT}, {"area", BODY_TEXT},                          \
                {"capabilities", BODY_LIST}, {"reserved", BODY_SWITCH}, {"frozen", BODY_SWITCH},   \
        {                                                                                          \
                "tags", BODY_LIST                                                                  \
        }

/* What is wrong with one of them, as far as problem+json says it. */
struct number_problem {
        enum problem_kind kind;
        const char *field;
        char rule[160];
        const char *remedy;
};

/* Types are checked, absent values NULL; the number itself is left to number_fields_begin(). */
int number_fields_read(const struct api *api, uint32_t tenant_id, const json_t *const *values,
                       struct number_row *row, struct number_problem *problem) MUST_CHECK;

/*
 * The number itself, and what is known of it without being told: where it is at home. ERR_SYNTAX.
 */
int number_fields_begin(const struct api *api, uint32_t tenant_id, const json_t *number,
                        struct number_row *row, struct number_problem *problem) MUST_CHECK;

/* Where a number is, or should be, at home; what is NULL stays. ERR_SYNTAX. */
int number_fields_place(const json_t *country, const json_t *area, struct number_place *place,
                        struct number_problem *problem) MUST_CHECK;

json_t *number_fields_json(const struct api *api, const struct number_row *row);

#endif
