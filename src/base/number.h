/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number.h - telephone numbers: one E.164 identity however it was written.
 *
 * A real number (a party's) and a masking number (a tenant's DID) are distinct types; the compiler
 * refuses one where the other is meant. Neither has a printf form: number_hint() is for logs, and
 * the composers of SIP, JSON and rows take the typed value.
 */
#ifndef MASKLINE_BASE_NUMBER_H
#define MASKLINE_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/siphash.h"
#include "base/slice.h"

/* The digits after "+" as an integer. E.164 has at most 15, and the first is never 0. */
struct number {
        uint64_t e164; /* 0: none */
};

struct real_number {
        struct number n;
};

struct masking_number {
        struct number n;
};

/* How national forms are read on a trunk or for a tenant. All empty: only +E.164 and bare E.164. */
struct number_plan {
        char country[4];       /* "91" */
        char international[6]; /* "00" */
        char national[4];      /* trunk prefix, "0" */
        uint8_t digits_min;    /* of a national significant number: 10 */
        uint8_t digits_max;
};

/*
 * Reads any usual writing: "+91 98888 00001", "0091...", "91...", "098888 00001", "98888-00001".
 * Spaces, dots, hyphens and parentheses separate. ERR_SYNTAX when it is no telephone number,
 * ERR_RANGE when its length fits no reading.
 */
int number_parse(struct slice text, const struct number_plan *plan, struct number *out) MUST_CHECK;

bool number_equal(struct number a, struct number b);
static inline bool number_is_none(struct number n)
{
        return n.e164 == 0;
}

/* The digits, without "+". */
void buf_put_number(struct buf *b, struct number n);

/* How a carrier wants numbers written. */
enum number_form {
        NUMBER_PLUS,          /* +919000000001 */
        NUMBER_DIGITS,        /* 919000000001 */
        NUMBER_NATIONAL,      /* trunk prefix and national number; abroad: international prefix */
        NUMBER_LOCAL,         /* national number alone; abroad as NUMBER_NATIONAL */
        NUMBER_INTERNATIONAL, /* international prefix and country code: 00919000000001 */
        NUMBER_FORMS,
};
void buf_put_number_as(struct buf *b, struct number n, enum number_form form,
                       const struct number_plan *plan);

struct number_hint {
        char text[16]; /* "~3fa91c04..01": keyed hash and the last two digits */
};

/* For logs and call records: the same number gives the same hint until the key is rotated. */
struct number_hint number_hint(struct number n, const struct siphash_key *key);

#endif
