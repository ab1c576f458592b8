/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_template.h - what From, To, Request-URI and the headers of identity look like in an INVITE,
 * as the trunk's template has them (core/trunk_template.h).
 *
 * Numbers come in as typed values of the call; nothing of any message that was received does.
 */
#ifndef MASKLINE_SIP_SIP_TEMPLATE_H
#define MASKLINE_SIP_SIP_TEMPLATE_H

#include "base/buf.h"
#include "core/trunk.h"
#include "sip/sip_target.h"

#define SIP_TEMPLATE_URI_BYTES (TRUNK_HOST_BYTES + 3 * TRUNK_USERNAME_BYTES + 64)

/* The URI in From; `local` is our address towards this trunk. */
void sip_template_put_from(struct buf *b, const struct trunk *trunk,
                           const struct sip_sent_by *local, struct masking_number show);
/* The name in front of it; empty: none. */
struct slice sip_template_display(const struct trunk *trunk);

/* The party's URI at its trunk's peer, in To and as the Request-URI: the only places of it. */
void sip_template_put_to(struct buf *b, const struct trunk *trunk, struct real_number party);
void sip_template_put_request_uri(struct buf *b, const struct trunk *trunk,
                                  struct real_number party);

/* P-Asserted-Identity, Privacy and P-Charge-Info, as far as the trunk wants them. */
void sip_template_put_headers(struct buf *b, const struct trunk *trunk,
                              const struct sip_sent_by *local, struct masking_number show);

#endif
