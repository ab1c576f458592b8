/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_register.h - registrations with carriers (RFC 3261 10.2), kept alive for as long as their
 * trunks want them.
 *
 * The registrar is the trunk's peer, the address of record `user name at peer`, the binding our own
 * address. Refreshed well before it expires; tried again, more and more rarely, after a failure.
 */
#ifndef MASKLINE_SIP_SIP_REGISTER_H
#define MASKLINE_SIP_SIP_REGISTER_H

#include "sip/sip_core.h"

struct sip_registrar;

/* Follows the trunks of `ua` from now on. -ENOMEM. */
int sip_registrar_create(struct sip_ua *ua, struct sip_registrar **out) MUST_CHECK;
void sip_registrar_destroy(
        struct sip_registrar *registrar); /* says nothing to anybody; NULL is fine */

/* Takes back every registration, and makes no new ones. */
void sip_registrar_leave(struct sip_registrar *registrar);
/* Whether an answer to that is still awaited; for SIP_LEAVE_MS at most. */
bool sip_registrar_is_leaving(const struct sip_registrar *registrar);

void sip_registrar_show(const struct sip_registrar *registrar, uint32_t trunk_id,
                        struct sip_registration *out);

/* Of a REGISTER of ours. */
void sip_registrar_on_response(struct sip_registrar *registrar, const struct sip_transaction *tx,
                               const struct sip_msg *response);
/* Whether there is another server that is up. */
bool sip_registrar_goes_elsewhere(struct sip_registrar *registrar,
                                  const struct sip_transaction *tx);
void sip_registrar_on_timeout(struct sip_registrar *registrar, const struct sip_transaction *tx);

#endif
