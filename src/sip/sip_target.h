/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_target.h - where a message goes, or came from: transport, address, and perhaps an open
 * connection.
 *
 * The name that a certificate must have is not in here: it is the trunk's configured peer, whatever
 * DNS made of it (RFC 5922 7.3).
 */
#ifndef MASKLINE_SIP_SIP_TARGET_H
#define MASKLINE_SIP_SIP_TARGET_H

#include "base/addr.h"
#include "base/pool.h"
#include "wire/sip_msg.h"

struct sip_target {
        enum sip_transport transport; /* SIP_UDP is 0 */
        struct addr addr;             /* family 0: nowhere */
        /* Used as long as it is open, whatever its address; none: any that leads to `addr`. */
        struct handle connection;
};

/* Ourselves, as Via and Contact name us. */
struct sip_sent_by {
        enum sip_transport transport;
        struct addr addr;
};

/* RFC 3261 19.1.2 */
static inline uint16_t sip_usual_port(enum sip_transport transport)
{
        return transport == SIP_TLS ? 5061 : 5060;
}

static inline struct sip_target sip_target_of(enum sip_transport transport, struct addr addr)
{
        return (struct sip_target){.transport = transport, .addr = addr};
}

static inline bool sip_target_is_none(const struct sip_target *target)
{
        return target->addr.family == 0;
}

/* The same transport and address; the connection aside. */
static inline bool sip_target_equal(const struct sip_target *a, const struct sip_target *b)
{
        return a->transport == b->transport && addr_equal(&a->addr, &b->addr);
}

#endif
