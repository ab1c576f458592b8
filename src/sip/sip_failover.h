/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_failover.h - the targets that a leg's INVITE has tried, and the next one (RFC 3263 4.3).
 *
 * A target that answers nothing at all, not even 100, that cannot be sent to, or that says that it
 * cannot (sip_failover_is_elsewhere) is left for the next one, with the same Call-ID and From tag
 * and the next CSeq. Once anybody rings the call stays where it is: nobody's telephone rings twice.
 * What a target that was left says later is undone: CANCEL, or ACK and BYE.
 */
#ifndef MASKLINE_SIP_SIP_FAILOVER_H
#define MASKLINE_SIP_SIP_FAILOVER_H

#include "sip/sip_core.h"

/* What a request looks for: a target of its trunk. */
struct sip_way {
        const struct sip_ua *ua;
        const struct sip_trunk_state *trunk;
        const struct sip_attempts *tried; /* these not; NULL: none was tried */
        const struct addr_pair *media;    /* there must be an address for its audio; NULL: none */
        bool is_bound;                    /* only by `transport` */
        enum sip_transport transport;
};
/* The first in a freshly drawn order that is up, as far as is known. False: none is left. */
bool sip_way_next(const struct sip_way *way, struct sip_target *out);
/*
 * Whether there is one that is not known to be down. That one is worth a try when all else fails,
 * and nobody is left sooner for it.
 */
bool sip_way_is_there(const struct sip_way *way);
void sip_way_note(struct sip_attempts *tried, const struct sip_target *to); /* it was tried */

/* Statuses that are about the server that was asked, and not about who was called. */
bool sip_failover_is_elsewhere(unsigned status);

/* Where a new INVITE of the leg goes; false: no target is left that is worth a try. */
bool sip_failover_next(const struct leg *leg, struct sip_target *out);
void sip_failover_begin(struct leg *leg, const struct sip_target *to); /* it goes there: noted */
/* For how long it may stay without any answer, now that it is there; 0: as long as usual. */
int64_t sip_failover_patience_ms(const struct leg *leg);
/* How that ended: a status, or 0 for silence. */
void sip_failover_note(struct leg *leg, enum sip_attempt_end how, unsigned status);

/* Whether the leg may still go elsewhere: dialled, nobody has rung, and nobody wants it to end. */
bool sip_failover_is_possible(const struct leg *leg);

/*
 * A request within a dialog (RFC 3263 4.3): the same, if its first route or target is the name of its
 * trunk's peer, which stands for all of its servers. True: the dialog goes on by another one, and the
 * request is to be sent again.
 */
bool sip_failover_within(struct leg *leg);
int64_t sip_failover_within_patience_ms(const struct leg *leg);

#endif
