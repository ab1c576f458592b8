/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause.h - hangup causes: code, name, textual cause and source, as Vobiz names them.
 */
#ifndef MASKLINE_CORE_CAUSE_H
#define MASKLINE_CORE_CAUSE_H

#include <stdint.h>

enum hangup_source {
        SOURCE_UNKNOWN,
        SOURCE_CALLER,
        SOURCE_CALLEE,
        SOURCE_PLATFORM, /* spelt "Maskline" in /v1 and "Vobiz" in /api/v1 */
        SOURCE_CARRIER,
        SOURCE_API_REQUEST,
        SOURCE_ANSWER_XML,
        SOURCE_ERROR,
        SOURCES,
};

/* The codes are the wire format of records: they never change their meaning. */
enum hangup_cause {
        CAUSE_UNKNOWN = 0,
        CAUSE_CANCELED = 1000,
        CAUSE_DIAL_LIMIT = 1020,
        CAUSE_INVALID_DESTINATION = 2000,
        CAUSE_OUT_OF_SERVICE = 2010,
        CAUSE_NUMBER_BARRED = 2040,
        CAUSE_LOOP = 2060,
        CAUSE_MEDIA_ANCHORING = 2070,
        CAUSE_NO_ANSWER = 3000,
        CAUSE_BUSY = 3010,
        CAUSE_REJECTED = 3020,
        CAUSE_UNKNOWN_CALLER_ID = 3030,
        CAUSE_FORBIDDEN = 3040,
        CAUSE_UNALLOCATED = 3050,
        CAUSE_REQUEST_TIMEOUT = 3070,
        CAUSE_CARRIER_ERROR = 3080,
        CAUSE_CARRIER_CONGESTION = 3090,
        CAUSE_BUSY_EVERYWHERE = 3100,
        CAUSE_DECLINED = 3110,
        CAUSE_NOWHERE = 3120,
        CAUSE_NORMAL = 4000,
        CAUSE_NETWORK = 5000,
        CAUSE_INTERNAL = 5010,
        CAUSE_ROUTING = 5020,
        CAUSE_CONCURRENCY = 5030,
        CAUSE_SCHEDULED = 6000,
        CAUSE_RING_TIMEOUT = 6010,
        CAUSE_MEDIA_TIMEOUT = 6020,
        CAUSE_LOST_RACE = 9000,
};

const char *hangup_cause_name(enum hangup_cause cause);          /* "Normal Hangup" */
const char *hangup_cause_text(enum hangup_cause cause);          /* "NORMAL_CLEARING" */
const char *hangup_source_name(enum hangup_source source);       /* "Caller" */
enum hangup_cause hangup_cause_from_status(unsigned sip_status); /* of a final answer, 300-699 */

#endif
