/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash_codec.h - all that a call in progress needs, as a value, and the bytes that it is kept as.
 *
 * Canonical: one value has one writing, and what is read is written again as the same bytes.
 * Nothing is a pointer, every list and text has a maximum, times are those of the monotonic clock
 * unless they are a call record's. docs/design/crash-record.md has the layout's reasons.
 *
 * Whoever adds a field: writes it in crash_codec.c behind what is there of its part, raises
 * CRASH_VERSION by one, adds it to some_call() and the most it can be to largest_call() in
 * tests/unit/call/crash_values.h, and writes new seeds (test-call-crash_codec --seeds
 * tests/corpus/crash_codec). A call of another version is not gone on with.
 */
#ifndef MASKLINE_CALL_CRASH_CODEC_H
#define MASKLINE_CALL_CRASH_CODEC_H

#include "call/call.h"
#include "media/media_saved.h"
#include "sip/sip_saved.h"

#define CRASH_RECORDS_VERSION 1 /* of what is known of a call whatever CRASH_VERSION is */
#define CRASH_VERSION         7
#define CRASH_PLAIN_MAX       8139 /* the largest call has some hundred less: tests/unit/call */

enum crash_leg_kind {
        CRASH_LEG_NONE, /* there is none (yet) */
        CRASH_LEG_LIVE,
        CRASH_LEG_ENDED, /* only its record is left; or, of a call that waits, is there already */
        CRASH_LEG_KINDS,
};

struct crash_leg {
        enum crash_leg_kind kind;
        struct cdr record; /* call_id, tenant and session are the call's */

        /* CRASH_LEG_LIVE */
        bool admitted, answered, has_media;
        uint32_t trunk_id;
        struct sdp_audio local;
        struct sip_leg_state sip;
        struct media_leg_state media; /* its `local` is the leg's */
};

struct crash_call {
        enum call_state state; /* never CALL_NEW */
        struct real_number caller;
        struct masking_number dialled;
        bool counted_pair;
        uint8_t max_forwards;
        bool has_cause;
        enum hangup_cause cause;
        enum hangup_source source;
        int64_t decided_ms;          /* UTC, as the audit record has it */
        struct masking_number shown; /* as was decided, whether there is a second leg or not */
        int64_t due_ms;              /* of the ring timeout or the longest call; 0: no timer */
        int64_t written_ms;          /* UTC */
        struct real_number connect_to;
        uint8_t callee_party; /* whose number that is; PARTY_NONE: no party's */
        uint8_t route;        /* these as in struct call */
        bool has_lost_way;
        struct sip_end_info lost;
        int64_t turn_until_ms;    /* CALL_WAITING: when it is refused */
        struct crash_leg legs[2]; /* by enum call_side */
};

/*
 * ERR_TOO_LARGE: it does not fit into CRASH_PLAIN_MAX bytes, which no call does that signalling and
 * media have let in.
 */
int crash_encode(const struct crash_call *call, struct buf *out) MUST_CHECK;
/*
 * ERR_VERSION: of another one; `out` has the call records of its legs, for the store, or, if they are of
 * another version, too, no leg at all. ERR_SYNTAX: no crash_encode() has written this; `out` is
 * undefined then.
 */
int crash_decode(struct slice bytes, struct crash_call *out) MUST_CHECK;

#endif
