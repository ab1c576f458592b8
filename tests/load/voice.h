/* SPDX-License-Identifier: Apache-2.0 */
/*
 * voice.h - RTP of both ends: each packet says whose it is, so that what arrives can be checked.
 *
 * The payload is G.711 that nobody has to understand: the relay passes it on unchanged. A packet of
 * another call, or one with the other end's SSRC, is counted as crossed.
 */
#ifndef MASKLINE_LOAD_VOICE_H
#define MASKLINE_LOAD_VOICE_H

#include "load.h"

#define VOICE_PRESS_MS 400 /* until a press has been sent and heard */

/* One socket for each side, at the addresses of its signalling. */
int voice_open(struct load *load) MUST_CHECK;
void voice_close(struct load *load);

/* Whether this call talks: a share of them, and those that press a key. */
void voice_choose(struct leg *near);
struct addr voice_address(const struct load *load, enum side side);

void voice_expect(struct leg *leg); /* by the port in its remote description */
void voice_start(struct leg *leg);  /* if it talks */
void voice_press(struct leg *leg);  /* CALL_KEY, within VOICE_PRESS_MS */
void voice_stop(struct leg *leg);
void voice_forget(struct leg *leg);

#endif
