/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate.h - where a SIP server is: a host name to a list of transport, address and port, in the
 * order in which they are to be tried (RFC 3263 4.1 and 4.2).
 *
 * With a port, or for an address, nothing but the address is asked for. With a transport, SRV
 * records say where; with neither, NAPTR records say which transport first. Without any of them
 * the name's own addresses are the answer. Certificates are checked against the host that was
 * asked for, never against a name that DNS gave (RFC 5922 7.3).
 */
#ifndef MASKLINE_IO_LOCATE_H
#define MASKLINE_IO_LOCATE_H

#include "base/addr.h"
#include "io/io.h"
#include "wire/sip_msg.h"

#define LOCATE_TARGETS_MAX 32

struct locate_params {
        struct slice host;            /* a name, or an IP address */
        uint16_t port;                /* 0: not given */
        enum sip_transport transport; /* SIP_TRANSPORT_OTHER: not given */
        bool secure;                  /* nothing but TLS will do */
        unsigned speaks;              /* what may be chosen: 1u << SIP_UDP | 1u << SIP_TCP ... */
        uint8_t family;               /* of the addresses: 4, 6, or 0 for both */
};

enum locate_way {
        LOCATE_BY_ADDRESS, /* of the host itself, the port given or usual */
        LOCATE_BY_SRV,
        LOCATE_BY_NAPTR,
};

struct locate_target {
        enum sip_transport transport;
        struct addr addr; /* with the port */
        /*
         * For who draws anew for each request (RFC 2782): the lowest rank comes first, servers of
         * equal rank by weight, and one server's addresses one after the other.
         */
        uint16_t rank, weight;
        uint8_t server;
};

struct locate_answer {
        struct locate_target targets[LOCATE_TARGETS_MAX];
        unsigned count;      /* at least 1 */
        uint32_t ttl_s;      /* the least of what it rests on; an IP address: DNS_TTL_MAX_S */
        enum locate_way way; /* for people */
};

struct locate;

/*
 * Called once, from the loop and never from within locate_start(). On failure `answer` is NULL:
 * ERR_NOT_FOUND (no such name, no address of the family, or decidedly no SIP there), -ETIMEDOUT
 * and the others of dns.h. The search is gone when it is called.
 */
typedef void locate_fn(void *arg, int err, const struct locate_answer *answer);

/*
 * ERR_SYNTAX: not a host; ERR_CONFLICT: a transport that is not spoken, or not secure and must be;
 * ERR_FULL: too many look-ups under way. Weights of equal SRV records are drawn from io_random().
 */
int locate_start(struct io *io, const struct locate_params *params, locate_fn *fn, void *arg,
                 struct locate **out) MUST_CHECK;

/* NULL is fine; `fn` is not called any more. Comes before io_destroy(). */
void locate_cancel(struct locate *locate);

#endif
