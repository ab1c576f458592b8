/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_use.h - what a session remembers of its calls: how many, when, and who was reached.
 *
 * No number is in it. It decides whose turn it is where a call may reach one of several: the one
 * who called this caller last, as long as that counts, else the one whose turn is longest ago.
 */
#ifndef MASKLINE_CORE_SESSION_USE_H
#define MASKLINE_CORE_SESSION_USE_H

#include "core/session.h"

struct party_use {
        uint32_t reached;   /* the number of the call that reached it last; 0: none did */
        uint32_t heard_s;   /* when another party called it last, in s from the session's start */
        uint8_t heard_from; /* which one; PARTY_NONE */
};

struct session_use {
        int64_t last_used_ms; /* 0: never; sliding expiry counts from it */
        uint32_t calls;       /* that were connected */
        struct party_use parties[SESSION_PARTIES_MAX];
};

void session_use_init(struct session_use *use);

/* Whether the model asks for more than `calls` and `last_used_ms`. */
bool session_use_has_parties(enum session_model model);

/* A call that `mapping` describes is being placed. */
void session_use_note(struct session_use *use, const struct session *session,
                      const struct mapping *mapping, int64_t now_ms);

/*
 * Which of `candidates` (a bit each, at least one) a call of `caller` reaches. `affinity_ms` 0: by
 * turn alone.
 */
uint8_t session_use_choose(const struct session_use *use, const struct session *session,
                           uint8_t caller, uint32_t candidates, int64_t affinity_ms,
                           int64_t now_ms);

#endif
