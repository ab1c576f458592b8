/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rest_trunk_template.h - the fields of a trunk that say how numbers are read and written on it
 * (core/trunk_template.h).
 */
#ifndef MASKLINE_API_REST_TRUNK_TEMPLATE_H
#define MASKLINE_API_REST_TRUNK_TEMPLATE_H

#include "api/body.h"
#include "core/trunk.h"

extern const struct body_field rest_trunk_header_fields[];

/* Rows for a table of fields; their values are handed on from the first of them. */
#define REST_TRUNK_TEMPLATE_ROWS                                                                   \
        {"caller_from", BODY_TEXT}, {"dialled_from", BODY_TEXT}, {"number_form", BODY_TEXT},       \
                {"send_asserted", BODY_SWITCH}, {"from_form", BODY_TEXT},                          \
                {"asserted_form", BODY_TEXT}, {"to_form", BODY_TEXT}, {"request_form", BODY_TEXT}, \
                {"from_user", BODY_TEXT}, {"asserted_user", BODY_TEXT}, {"pilot", BODY_TEXT},      \
                {"from_domain", BODY_TEXT}, {"display_name", BODY_TEXT}, {"privacy", BODY_TEXT},   \
                {"charge_info", BODY_TEXT}, {"user_phone", BODY_SWITCH},                           \
                {"request_prefix", BODY_TEXT}, {"caller_prefix", BODY_TEXT},                       \
                {"dialled_prefix", BODY_TEXT},                                                     \
        {                                                                                          \
                "headers", BODY_LIST, false, rest_trunk_header_fields                              \
        }
#define REST_TRUNK_TEMPLATE_FIELDS 20

/* The lines of `headers`, to be sealed. */
struct rest_trunk_headers {
        bool is_given;
        size_t bytes;
        char text[TRUNK_HEADERS_BYTES];
};

/*
 * What is absent stays as it is. The plan and the login of the trunk have been read before. False:
 * the request has been answered.
 */
bool rest_trunk_template_read(struct rest *rest, const json_t **values, struct trunk *trunk,
                              struct rest_trunk_headers *headers);

/* The same fields of a trunk; of its headers the names. */
void rest_trunk_template_add(const struct api *api, const struct trunk *trunk, json_t *json);

#endif
