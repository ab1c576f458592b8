/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_tolerance.h - what a trunk's carrier gets wrong, made good before anybody else looks at it.
 *
 * Only what has one meaning is made good: never what two readers could understand differently.
 */
#ifndef MASKLINE_SIP_SIP_TOLERANCE_H
#define MASKLINE_SIP_SIP_TOLERANCE_H

#include "sip/sip_trunks.h"
#include "wire/sip_msg.h"

#define SIP_TOLERANCE_BYTES 80

/*
 * Whether a message that could not be read may be used nevertheless: a datagram is whole, so that
 * its end is where the body ends, whatever Content-Length says.
 */
bool sip_tolerates_cut(struct sip_trunk_state *trunk, const struct sip_target *source,
                       const struct sip_msg *msg);
/* A message that was read; `memory` lives as long as it. `trunk` NULL: nothing is tolerated. */
void sip_tolerate(struct sip_trunk_state *trunk, const struct sip_target *source,
                  struct sip_msg *msg, char memory[SIP_TOLERANCE_BYTES]);

#endif
