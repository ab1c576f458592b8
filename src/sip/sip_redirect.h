/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_redirect.h - a redirection of a leg's INVITE (RFC 3261 8.1.3.4), as far as its trunk follows.
 *
 * Of a Contact only the place counts: an address of the trunk's own, or its peer's name. Whom it
 * names there must be whom we have called, or nobody: another number is one that no mapping has
 * seen. The INVITE that goes there is ours again, with nothing of the Contact in it. So a redirection
 * is one more way to find the next target, within the same limits (sip_failover.h).
 */
#ifndef MASKLINE_SIP_SIP_REDIRECT_H
#define MASKLINE_SIP_SIP_REDIRECT_H

#include "sip/sip_core.h"

/*
 * Notes where the response sends the leg, whose INVITE had this Request-URI. True: it is followed,
 * as far as a target is left.
 */
bool sip_redirect_learn(struct leg *leg, struct slice request_uri, const struct sip_msg *response,
                        const struct sip_target *source);

#endif
