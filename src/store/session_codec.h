/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_codec.h - what is sealed of a session, as bytes: its parties, the numbers that it holds, who
 * called last. One writing for one value; a number takes 7 bytes, so that two parties take 34.
 *
 *   version:1  model:1 (128: open)  places:1  held:1 (128: each with its slot)
 *   places x (numbers:1 (8: side 1, 16: has a PIN)  numbers x real:7  [pin:16])
 *   held x ([slot:1] number:7)
 *   last-caller: [caller:7 at:8]
 *
 * Version 1, which had two parties and nothing else, is still read.
 */
#ifndef MASKLINE_STORE_SESSION_CODEC_H
#define MASKLINE_STORE_SESSION_CODEC_H

#include "base/buf.h"
#include "core/session.h"

#define SESSION_PLAIN_TWO 34 /* two parties with a number each, two numbers held */
#define SESSION_PLAIN_MAX                                                                          \
        (4 + SESSION_PARTIES_MAX * (1 + sizeof(struct pin_hash)) + SESSION_REALS_MAX * 7 +         \
         SESSION_SLOTS_MAX * 8 + 15)

/* `out` has room for SESSION_PLAIN_MAX. */
void session_encode(const struct session *session, struct buf *out);

/*
 * The parts of `out` that session_encode() writes; the others are untouched. ERR_VERSION: another
 * version's, or nothing that session_encode() can have written.
 */
int session_decode(struct slice plain, struct session *out) MUST_CHECK;

#endif
