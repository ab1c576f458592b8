/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask.h - whom a masked call reaches, and which number they see.
 *
 * Pure: no clock, no input or output, no allocation. The caller brings the time and the mapping;
 * the answer is a value.
 */
#ifndef MASKLINE_CORE_MASK_H
#define MASKLINE_CORE_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mapping.h"

enum mask_verdict {
        MASK_CONNECT,
        MASK_UNKNOWN_NUMBER, /* the dialled number is none of ours, or no number at all */
        MASK_WITHHELD,       /* the caller's number is withheld or unreadable: a stranger */
        MASK_STRANGER,       /* the caller is no party of any session on that number */
        MASK_NOT_YET,        /* the session's start lies ahead */
        MASK_EXPIRED,        /* past its expiry */
        MASK_ENDED,          /* ended by order; a tombstone answers */
        MASK_VERDICTS,
};

/*
 * `mapping` is NULL when none was found. A caller of none is a withheld or unreadable one. The
 * mapping's own dialled number and caller are compared in full here: however it was found, a
 * connect is only for the party itself. Callers switch over every verdict; all but MASK_CONNECT
 * look the same to the caller of the telephone.
 */
enum mask_verdict mask_decide(const struct mapping *mapping, struct masking_number dialled,
                              bool number_is_ours, struct real_number caller, int64_t now_ms);

const char *mask_verdict_name(enum mask_verdict verdict);     /* "stranger", as records spell it */
const char *mask_verdict_sentence(enum mask_verdict verdict); /* why, for whoever operates it */

#endif
