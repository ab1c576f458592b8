/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cdr.h - the call detail record: one per leg, written once, when the leg has ended.
 *
 * It holds no real number: hints for people, and session and party to reach the sealed numbers.
 */
#ifndef MASKLINE_CORE_CDR_H
#define MASKLINE_CORE_CDR_H

#include <stdint.h>

#include "base/addr.h"
#include "base/number.h"
#include "core/cause.h"
#include "core/mask.h"

struct uuid {
        uint8_t bytes[16];
};

struct uuid_text {
        char text[37];
};

struct random;
struct uuid uuid_make(struct random *random); /* version 4 */
struct uuid_text uuid_format(struct uuid id); /* lower case, dashes */
int uuid_parse(struct slice text, struct uuid *out) MUST_CHECK;

enum cdr_leg {
        CDR_LEG_A, /* the caller's */
        CDR_LEG_B, /* the one we dialled */
};

/* What became of one try to reach the callee. The numbers are on disk. */
enum cdr_attempt_end {
        CDR_ATTEMPT_OPEN,     /* it went on, or was given up by us */
        CDR_ATTEMPT_ANSWERED, /* a final answer: see status */
        CDR_ATTEMPT_SILENT,   /* nothing at all came */
        CDR_ATTEMPT_UNSENT,   /* it could not be sent */
        CDR_ATTEMPT_DARK,     /* nothing was sent: no address of the trunk is up */
        CDR_ATTEMPT_LIMITED,  /* nothing was sent: no channel, or no turn in time */
        CDR_ATTEMPT_UNUSABLE, /* nothing was sent: not resolved, or no address of ours for it */
        CDR_ATTEMPT_ENDS,
};
const char *cdr_attempt_text(enum cdr_attempt_end how); /* "it did not answer" */

#define CDR_ATTEMPTS_MAX 8

struct cdr_attempt {
        uint32_t trunk_id;
        struct addr address; /* family 0: none */
        uint8_t transport;   /* enum sip_transport; read back, it is one that we speak */
        uint8_t how;         /* enum cdr_attempt_end */
        uint16_t status;     /* 0: none */
};

struct cdr {
        uint32_t tenant_id;  /* 0: the dialled number belongs to nobody */
        struct uuid call_id; /* equal to the A leg's leg_id */
        struct uuid leg_id;
        enum cdr_leg leg;
        uint32_t trunk_id;
        uint64_t session_id;           /* 0: none */
        int8_t party;                  /* the leg's party in the session; -1: none */
        struct masking_number number;  /* A: the number dialled; B: the number shown */
        struct number_hint party_hint; /* of the real number at the other end of this leg */
        enum mask_verdict verdict;
        int64_t started_ms; /* UTC; 0: did not happen */
        int64_t ringing_ms;
        int64_t answered_ms;
        int64_t ended_ms;
        enum hangup_cause cause;
        enum hangup_source source;
        uint16_t sip_status; /* the final answer to the INVITE, 0: none */
        uint32_t packets_in, packets_out, packets_lost;
        uint32_t jitter_ms_x10;
        /* B: in their order; the last one is where it was answered, or where it ended. */
        struct cdr_attempt attempts[CDR_ATTEMPTS_MAX];
        uint8_t attempt_count;
};

#endif
