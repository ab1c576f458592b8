/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_check.h - what a request must satisfy before anybody looks at its purpose (RFC 3261 8.2).
 */
#ifndef MASKLINE_SIP_SIP_CHECK_H
#define MASKLINE_SIP_SIP_CHECK_H

#include "base/buf.h"
#include "wire/sip_msg.h"

/*
 * 0, or the status that refuses it. `in_dialog`: its To tag has led to a leg. Not for ACK and
 * CANCEL, which are never refused this way.
 */
unsigned sip_check_request(const struct sip_msg *request, bool in_dialog);

/* The options of Require that make a 420, as Unsupported names them. */
void sip_check_put_unsupported(struct buf *b, const struct sip_msg *request);

#endif
