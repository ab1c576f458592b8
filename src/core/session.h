/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - a temporary relation between parties, and the mappings that follow from it.
 */
#ifndef MASKLINE_CORE_SESSION_H
#define MASKLINE_CORE_SESSION_H

#include "core/mapping.h"

#define SESSION_PARTIES_MAX   8
#define SESSION_REFERENCE_MAX 64

/* In the clear: lives in secret memory for as long as a create or a lookup takes. */
struct session_party {
        struct real_number real;
        struct masking_number dials; /* what this party dials to reach the other */
};

struct session {
        uint64_t id; /* sequential in the store, from 1; outside it is spelt by session_id_format */
        uint32_t tenant_id;
        uint32_t pool_id;
        enum session_state state;
        int64_t created_ms, starts_ms, expires_ms /* 0: never */, ended_ms /* 0: not */;
        uint64_t key_slot; /* the vault's name for its key; 0: none */
        struct session_party parties[SESSION_PARTIES_MAX];
        uint8_t party_count;                   /* 2 in this model */
        char reference[SESSION_REFERENCE_MAX]; /* the caller's own, for idempotency; may be empty */
};

/* What state it is in at this time: expiry and start need no event to take effect. */
enum session_state session_state_at(const struct session *session, int64_t now_ms);

/* When it ended, by order or by its time running out; 0: it has not. */
int64_t session_end_at(const struct session *session, int64_t now_ms);

/*
 * The mapping for the party `caller` of a two-number session: it dials its own number, and the
 * other one sees the number that the other one dials.
 */
void session_mapping(const struct session *session, unsigned caller, struct mapping *out);

#endif
