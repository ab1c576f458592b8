/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_lines.h - values of headers that sip_msg.h has no place for, found in a message when asked.
 *
 * For the few messages whose rare headers matter: no other message pays for them.
 */
#ifndef MASKLINE_WIRE_SIP_LINES_H
#define MASKLINE_WIRE_SIP_LINES_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * The next header line called `name` (full name, in any case) of a message that sip_msg_parse() has
 * accepted, or of ours. `rest` begins as the whole message and moves behind the line. `value` has no
 * white space around it, but may be folded. False: there is no further one.
 */
bool sip_lines_next(struct slice *rest, struct slice name, struct slice *value);

#endif
