/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading.h - what one parser has understood of a message, in a form that another's can be compared
 * with: every value as text, names of values in reading.c.
 */
#ifndef MASKLINE_TESTS_READING_H
#define MASKLINE_TESTS_READING_H

#include <stdbool.h>

#include "base/slice.h"

enum value {
        VALUE_METHOD, /* of the request, or the status of the response */
        VALUE_TARGET,
        VALUE_FROM,
        VALUE_FROM_TAG,
        VALUE_TO,
        VALUE_TO_TAG,
        VALUE_CALL_ID,
        VALUE_CSEQ,
        VALUE_VIAS,
        VALUE_BRANCH,
        VALUE_SENT_BY,
        VALUE_RECEIVED,
        VALUE_CONTACTS,
        VALUE_CONTACT,
        VALUE_ROUTES,
        VALUE_RECORD_ROUTES,
        VALUE_MAX_FORWARDS,
        VALUE_EXPIRES,
        VALUE_CONTENT_TYPE,
        VALUE_BODY,
        VALUES,
};

#define VALUE_BYTES_MAX 1024 /* longer ones are compared in their length and beginning */

struct reading {
        bool is_accepted;
        char values[VALUES][VALUE_BYTES_MAX]; /* when accepted; empty: not there */
};

const char *value_name(enum value value);

void reading_put(struct reading *reading, enum value value, struct slice text);
void reading_put_number(struct reading *reading, enum value value, uint64_t number);
/* A URI in the same words, whoever has read it: scheme, user unescaped, host, port, lr. */
struct uri_parts {
        const char *scheme; /* "sip", "sips", "tel"; any other: only that it is one */
        struct slice user;  /* escaped, with its parameters and without password */
        struct slice host;  /* without brackets */
        unsigned port;
        bool has_lr;
};
void reading_put_uri(struct reading *reading, enum value value, const struct uri_parts *parts);

void read_by_ours(struct slice message, struct reading *out);
void read_by_osip(struct slice message, struct reading *out);

#endif
