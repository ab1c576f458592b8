/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phonenumber.h - what libphonenumber says of a number, for when a party is registered. It takes
 * some 20 us and allocates: never in the path of a call.
 */
#ifndef MASKLINE_API_PHONENUMBER_H
#define MASKLINE_API_PHONENUMBER_H

#include <stdbool.h>

#include "base/slice.h"

#ifdef __cplusplus
extern "C" {
#endif

enum phonenumber_verdict {
        PHONENUMBER_POSSIBLE,   /* of a length that telephones have there, or a number it knows */
        PHONENUMBER_UNREADABLE, /* no telephone number to it */
        PHONENUMBER_NO_COUNTRY, /* no country has this code */
        PHONENUMBER_TOO_SHORT,
        PHONENUMBER_TOO_LONG,
        PHONENUMBER_BAD_LENGTH, /* between lengths that exist there */
};

/*
 * Reads `text` as somebody in the country with calling code `country` would write it (empty: only
 * with "+"). `e164` gets the digits as an integer, 0 when it has none. Never throws, never logs.
 */
enum phonenumber_verdict phonenumber_read(struct slice text, const char *country, uint64_t *e164);

/* What calling it means for whoever pays. */
enum phonenumber_kind {
        PHONENUMBER_ORDINARY, /* fixed, mobile, VoIP; and what the library does not know */
        PHONENUMBER_FREE,
        PHONENUMBER_PREMIUM,
        PHONENUMBER_SHARED_COST,
        PHONENUMBER_EMERGENCY,
        PHONENUMBER_SHORT, /* a short code of its country, such as 1909; not for the world to dial */
};

struct phonenumber_facts {
        enum phonenumber_kind kind;
        char country[3];    /* ISO 3166; empty: none in particular */
        char area[8];       /* the national destination code; empty: none */
        bool is_geographic; /* the code is that of a place, and not of a mobile network */
};

/* Of a number as phonenumber_read() made it. */
void phonenumber_describe(uint64_t e164, struct phonenumber_facts *out);

/* A short text dialled in this country: EMERGENCY, SHORT, or ORDINARY when it is neither. */
enum phonenumber_kind phonenumber_short_kind(struct slice text, const char *country);

#ifdef __cplusplus
}
#endif

#endif
