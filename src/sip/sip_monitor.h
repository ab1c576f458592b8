/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_monitor.h - which targets of which trunks are up: from all that is answered and all that is
 * not, and by asking (OPTIONS) where a trunk wants that.
 *
 * What is known is in the trunk's state: struct sip_peer for each target, struct sip_trunk_health
 * for all of them together.
 */
#ifndef MASKLINE_SIP_SIP_MONITOR_H
#define MASKLINE_SIP_SIP_MONITOR_H

#include "sip/sip_core.h"

struct sip_monitor;

/* Follows the trunks of `ua` from now on. -ENOMEM. */
int sip_monitor_create(struct sip_ua *ua, struct sip_monitor **out) MUST_CHECK;
void sip_monitor_destroy(struct sip_monitor *monitor); /* NULL is fine */

/* A request of ours that is no probe was answered, or was not answered at all. */
void sip_monitor_on_response(struct sip_monitor *monitor, const struct sip_transaction *tx,
                             const struct sip_msg *response);
void sip_monitor_on_silence(struct sip_monitor *monitor, const struct sip_transaction *tx);
/* Nothing can be sent there. */
void sip_monitor_on_unsent(struct sip_monitor *monitor, uint32_t trunk_id,
                           const struct sip_target *target);

/* Whether a new request may go to this target of the trunk, by what is known of it. */
bool sip_monitor_admits(const struct sip_monitor *monitor, const struct sip_trunk_state *trunk,
                        const struct sip_peer *peer);
/* It is about to: one that is open is thereby probed. */
void sip_monitor_on_sending(struct sip_monitor *monitor, const struct sip_trunk_state *trunk,
                            const struct sip_target *target);

#endif
