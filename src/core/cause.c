/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cause.h"

#include <assert.h>
#include <stddef.h>

static const struct cause_row {
        enum hangup_cause cause;
        const char *name, *text;
} causes[] = {
        {CAUSE_UNKNOWN, "Unknown", "UNKNOWN"},
        {CAUSE_CANCELED, "Canceled", "ORIGINATOR_CANCEL"},
        {CAUSE_DIAL_LIMIT, "Canceled (Simultaneous dial limit reached)", "ORIGINATOR_CANCEL"},
        {CAUSE_INVALID_DESTINATION, "Invalid Destination Address", "INVALID_NUMBER"},
        {CAUSE_OUT_OF_SERVICE, "Destination Out Of Service", "DESTINATION_OUT_OF_ORDER"},
        {CAUSE_NUMBER_BARRED, "Destination Number Barred", "CALL_REJECTED"},
        {CAUSE_LOOP, "Loop Detected", "CALL_REJECTED"},
        {CAUSE_MEDIA_ANCHORING, "Violates Media Anchoring", "CALL_REJECTED"},
        {CAUSE_NO_ANSWER, "No Answer", "NO_ANSWER"},
        {CAUSE_BUSY, "Busy Line", "USER_BUSY"},
        {CAUSE_REJECTED, "Rejected", "CALL_REJECTED"},
        {CAUSE_UNKNOWN_CALLER_ID, "Unknown Caller ID", "CALL_REJECTED"},
        {CAUSE_FORBIDDEN, "Forbidden", "CALL_REJECTED"},
        {CAUSE_UNALLOCATED, "Unallocated number", "UNALLOCATED_NUMBER"},
        {CAUSE_REQUEST_TIMEOUT, "Request timeout", "NO_USER_RESPONSE"},
        {CAUSE_CARRIER_ERROR, "Internal server error from carrier", "NORMAL_TEMPORARY_FAILURE"},
        {CAUSE_CARRIER_CONGESTION, "Network congestion from carrier", "SERVICE_UNAVAILABLE"},
        {CAUSE_BUSY_EVERYWHERE, "Busy everywhere", "USER_BUSY"},
        {CAUSE_DECLINED, "Declined", "CALL_REJECTED"},
        {CAUSE_NOWHERE, "User does not exist anywhere", "UNALLOCATED_NUMBER"},
        {CAUSE_NORMAL, "Normal Hangup", "NORMAL_CLEARING"},
        {CAUSE_NETWORK, "Network Error", "NETWORK_OUT_OF_ORDER"},
        {CAUSE_INTERNAL, "Internal Error", "SERVER_ERROR"},
        {CAUSE_ROUTING, "Routing Error", "NETWORK_OUT_OF_ORDER"},
        {CAUSE_CONCURRENCY, "Concurrency Limit Breached", "SWITCH_CONGESTION"},
        {CAUSE_SCHEDULED, "Scheduled Hangup", "ALLOTTED_TIMEOUT"},
        {CAUSE_RING_TIMEOUT, "Ring Timeout Reached", "NO_ANSWER"},
        {CAUSE_MEDIA_TIMEOUT, "Media Timeout", "MEDIA_TIMEOUT"},
        {CAUSE_LOST_RACE, "Lost Race", "LOSE_RACE"},
};

/* A code that a later version wrote reads as unknown. */
static const struct cause_row *row_of(enum hangup_cause cause)
{
        for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
                if (causes[i].cause == cause)
                        return &causes[i];
        return &causes[0];
}

const char *hangup_cause_name(enum hangup_cause cause)
{
        return row_of(cause)->name;
}

const char *hangup_cause_text(enum hangup_cause cause)
{
        return row_of(cause)->text;
}

const char *hangup_source_name(enum hangup_source source)
{
        static const char *const names[SOURCES] = {
                [SOURCE_UNKNOWN] = "Unknown",       [SOURCE_CALLER] = "Caller",
                [SOURCE_CALLEE] = "Callee",         [SOURCE_PLATFORM] = "Maskline",
                [SOURCE_CARRIER] = "Carrier",       [SOURCE_API_REQUEST] = "API Request",
                [SOURCE_ANSWER_XML] = "Answer XML", [SOURCE_ERROR] = "Error",
        };
        assert((unsigned)source < SOURCES);
        return names[source];
}

/* RFC 3261 21.3 to 21.6: the answers that say something of their own. */
static const struct {
        unsigned status;
        enum hangup_cause cause;
} by_status[] = {
        {401, CAUSE_FORBIDDEN},
        {403, CAUSE_FORBIDDEN},
        {404, CAUSE_UNALLOCATED},
        {407, CAUSE_FORBIDDEN},
        {408, CAUSE_REQUEST_TIMEOUT},
        {410, CAUSE_INVALID_DESTINATION},
        {480, CAUSE_NO_ANSWER},
        {482, CAUSE_LOOP},
        {483, CAUSE_LOOP},
        {484, CAUSE_INVALID_DESTINATION},
        {485, CAUSE_INVALID_DESTINATION},
        {486, CAUSE_BUSY},
        {487, CAUSE_CANCELED},
        {502, CAUSE_OUT_OF_SERVICE},
        {503, CAUSE_CARRIER_CONGESTION},
        {504, CAUSE_REQUEST_TIMEOUT},
        {600, CAUSE_BUSY_EVERYWHERE},
        {603, CAUSE_DECLINED},
        {604, CAUSE_NOWHERE},
};

enum hangup_cause hangup_cause_from_status(unsigned sip_status)
{
        for (size_t i = 0; i < sizeof by_status / sizeof by_status[0]; i++)
                if (by_status[i].status == sip_status)
                        return by_status[i].cause;
        switch (sip_status / 100) {
        case 3: /* a redirection is not followed: the other party's new number is not ours to dial */
                return CAUSE_ROUTING;
        case 4:
        case 6:
                return CAUSE_REJECTED;
        case 5:
                return CAUSE_CARRIER_ERROR;
        default:
                return CAUSE_UNKNOWN;
        }
}
