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

/* A value: made from a session row by whoever looked it up; holds real numbers, lives briefly. */
struct mapping {
        uint32_t tenant_id;
        uint64_t session_id;
        struct masking_number dialled;
        struct real_number caller; /* the party that may dial it */
        struct real_number connect_to;
        struct masking_number show; /* what connect_to sees */
        uint8_t caller_party;       /* index of the party in its session */
        uint8_t callee_party;
        enum session_state state;
        int64_t starts_ms;
        int64_t expires_ms; /* 0: never */
        int64_t ended_ms;   /* 0: not; equal to expires_ms when its time had run out */
};

#endif
