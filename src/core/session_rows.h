/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_rows.h - a session as it is told to whoever ordered it: who dials which number, whom that
 * reaches, and what is seen there.
 *
 * Only places, sides and masking numbers are looked at, so that it can be made of what may be shown.
 */
#ifndef MASKLINE_CORE_SESSION_ROWS_H
#define MASKLINE_CORE_SESSION_ROWS_H

#include "base/buf.h"
#include "core/session.h"

#define SESSION_ROWS_MAX 64 /* of a group: 8 * 7 */

struct session_row {
        uint8_t party; /* who dials; PARTY_NONE: anyone */
        uint8_t slot;
        bool by_digits;   /* the digits of the one who is reached are keyed in */
        uint32_t reaches; /* one of these parties, a bit each; 0: who called last */
        struct masking_number dials, sees;
};

/* In the order of slots, then of parties; slots without a number have none. Returns how many. */
unsigned session_rows(const struct session *session, struct session_row out[SESSION_ROWS_MAX]);

/* "Party 0 dials +919000000001 to reach party 1, who sees +919000000002." */
#define SESSION_ROW_TEXT_MAX 256
void session_row_put(const struct session_row *row, struct buf *out);

#endif
