/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapping.h - one row of the lookup: (dialled masking number, caller) -> (connect to, show).
 */
#ifndef MASKLINE_CORE_MAPPING_H
#define MASKLINE_CORE_MAPPING_H

#include <stdint.h>

#include "base/number.h"

enum session_state {
        SESSION_SCHEDULED, /* starts_ms lies ahead */
        SESSION_ACTIVE,
        SESSION_ENDED,  /* by order or by expiry; its pairs are quarantined */
        SESSION_ERASED, /* its key is shredded; a tombstone may remain */
};

/* A party's place in its session when there is none: the caller is anyone. */
#define PARTY_NONE UINT8_MAX

/* By what the caller was let in. */
enum mapping_by {
        MAPPING_BY_NUMBER, /* it calls from a number of the party's */
        MAPPING_BY_INTENT, /* the platform has said that the party calls from this telephone now */
        MAPPING_BY_PIN,    /* it keyed in the party's digits */
        MAPPING_BY_EXTENSION, /* it keyed in the digits of the party that it wants */
        MAPPING_BY_ANYONE,    /* the number is open */
        MAPPING_BY_REQUEST,   /* not yet: the one it would reach is to be asked */
};

/* A value: made from a session row by whoever looked it up; holds real numbers, lives briefly. */
struct mapping {
        uint32_t tenant_id;
        uint32_t pool_id;
        uint64_t session_id;
        struct masking_number dialled;
        struct real_number caller; /* who may dial it; none: anyone, or whoever has the digits */
        struct real_number connect_to; /* none: there is nobody whom it would reach */
        struct masking_number show;    /* what connect_to sees */
        enum mapping_by by;
        uint8_t caller_party; /* index of the party in its session; PARTY_NONE */
        uint8_t callee_party; /* PARTY_NONE: connect_to is no party, but its last caller */
        uint8_t caller_side;  /* 0 or 1 */
        enum session_state state;
        int64_t starts_ms;
        int64_t expires_ms; /* 0: never */
        int64_t ended_ms;   /* 0: not; equal to expires_ms when its time had run out */
};

#endif
