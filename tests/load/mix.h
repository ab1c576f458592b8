/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mix.h - the kinds of calls that the generator makes, what each must come to, and how often it is
 * made.
 */
#ifndef MASKLINE_LOAD_MIX_H
#define MASKLINE_LOAD_MIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/random.h"

enum kind {
        KIND_ANSWERED,      /* the caller hangs up */
        KIND_CALLEE_LEAVES, /* the callee does */
        KIND_HOLD,          /* the caller puts the call on hold and takes it back */
        KIND_KEYS,          /* the caller presses a key, and the callee must hear it once */
        KIND_BUSY,
        KIND_DECLINED,
        KIND_NO_ANSWER, /* it rings until the system gives up */
        KIND_CANCELLED,
        KIND_RACE,      /* CANCEL and answer cross: either may win */
        KIND_STRANGER,  /* a caller who is no party of the number */
        KIND_UNKNOWN,   /* a number that has no session */
        KIND_ENDED,     /* a party of a session that has ended */
        KIND_IMPATIENT, /* a stranger who hangs up during the announcement */
        KINDS,
};

/* How the dialog with the caller, or the one with the callee, must end. */
enum ending {
        ENDS_NEVER_WAS,
        ENDS_REFUSED, /* a final answer of 300 or more, from or to us */
        ENDS_CANCELLED,
        ENDS_BY_US,   /* we said BYE */
        ENDS_BY_THEM, /* the system did */
        ENDINGS,
};

struct kind_row {
        const char *name;
        const char *help;
        bool reaches_callee; /* there is a second leg, and so a second call record */
        bool is_answered;    /* by the callee */
        uint16_t statuses[2];
        uint8_t near_endings, far_endings; /* bits of enum ending */
};
extern const struct kind_row kind_rows[KINDS];

struct mix {
        uint32_t weights[KINDS];
        uint32_t total;
};

/* "answered=60,busy=5": kinds that are not named are not made. -EINVAL, and `problem` names why. */
int mix_parse(const char *text, struct mix *out, const char **problem) MUST_CHECK;
enum kind mix_draw(const struct mix *mix, struct random *random);

#endif
