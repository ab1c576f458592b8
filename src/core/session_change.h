/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_change.h - what a living session leaves behind when it changes.
 *
 * A key that it loses (a party or an alias that is taken away, a number that is swapped, new
 * digits) may still be dialled by somebody who knows it: it goes through quarantine as a session
 * of its own, a tombstone, that refuses and explains.
 */
#ifndef MASKLINE_CORE_SESSION_CHANGE_H
#define MASKLINE_CORE_SESSION_CHANGE_H

#include "core/route.h"

/*
 * A session that has exactly the keys that `before` has and `after` has not; its ids, times and
 * state are those of `before`, for the caller to set. ERR_NOT_FOUND: no key is lost. ERR_CONFLICT:
 * there is no such session, since a number and a party's keys change at once: change one at a time.
 * `out` is secret memory like the others, and wiped on failure.
 */
int session_remainder(const struct session *before, const struct session *after,
                      struct session *out) MUST_CHECK;

/* The place for another party: the first that is empty. ERR_FULL. */
int session_place(const struct session *session, uint8_t *out) MUST_CHECK;

/* ERR_FULL; ERR_EXISTS: a party of the session has this number. */
int session_add_alias(struct session *session, uint8_t party, struct real_number alias) MUST_CHECK;

/*
 * ERR_NOT_FOUND; ERR_STATE: it is the party's only number. The next one becomes the one that is
 * called if it was the first.
 */
int session_remove_alias(struct session *session, uint8_t party,
                         struct real_number alias) MUST_CHECK;

/* Empties the place, and the slots that lead to it or from it alone. */
void session_remove_party(struct session *session, uint8_t party);

#endif
