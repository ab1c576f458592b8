/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_traits.h - what a masking number is beside its digits: where it is at home, what it can
 * carry, whether new sessions may have it.
 */
#ifndef MASKLINE_CORE_NUMBER_TRAITS_H
#define MASKLINE_CORE_NUMBER_TRAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define NUMBER_TAGS_BYTES 64

/* What a number can carry, a bit each; the numbers are stored and never change their meaning. */
enum number_capability {
        CAN_VOICE,
        CAN_SMS,
        NUMBER_CAPABILITIES,
};
#define NUMBER_CAPABILITIES_ALL ((1u << NUMBER_CAPABILITIES) - 1)

extern const char *const number_capability_names[NUMBER_CAPABILITIES + 1]; /* NULL at the end */

struct number_place {
        char country[3]; /* ISO 3166, two capital letters; empty: not known */
        char area[8];    /* national destination code, digits; empty: none, or not known */
};

enum number_distance {
        DISTANCE_SAME_AREA,
        DISTANCE_SAME_COUNTRY,
        DISTANCE_ABROAD,
};

/* A wish that says nothing is fulfilled by any number. */
enum number_distance number_distance(const struct number_place *number,
                                     const struct number_place *wish);

struct number_traits {
        struct number_place place;
        uint8_t capabilities;         /* bits of enum number_capability */
        bool reserved;                /* given only to whom it is named for */
        bool frozen;                  /* sessions that hold it keep it, new ones do not get it */
        char tags[NUMBER_TAGS_BYTES]; /* words with commas between them; for people */
};

/* Two capital letters, or none; ERR_SYNTAX. */
int number_country_check(struct slice text) MUST_CHECK;
/* Up to 7 digits, or none; ERR_SYNTAX. */
int number_area_check(struct slice text) MUST_CHECK;
/* Words of letters, digits, "-", "_" and "." with a comma between them; ERR_SYNTAX, ERR_TOO_LARGE. */
int number_tags_check(struct slice text) MUST_CHECK;
bool number_has_tag(const struct number_traits *traits, struct slice tag);

#endif
