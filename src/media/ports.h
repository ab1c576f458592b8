/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports.h - RTP and RTCP sockets in pairs, opened ahead and handed out again and again.
 *
 * The pairs start somewhere in the range and are shuffled, so that nobody outside can tell which
 * one a call will get; the one given back longest ago is taken next, so that late packets of the
 * call before find nobody. A pair that is with nobody reads and drops what arrives; what still waits
 * when it is taken, on a machine that is late, is dropped, too.
 *
 * With addresses of both families a pair is open on both, under the same port numbers: which of
 * them a leg uses is known only when its peer has described itself, and may change (RFC 6157).
 */
#ifndef MASKLINE_MEDIA_PORTS_H
#define MASKLINE_MEDIA_PORTS_H

#include "base/list.h"
#include "base/pool.h"
#include "io/io.h"

/* Of one family. */
struct port_sockets {
        struct io_udp *rtp, *rtcp; /* owned; NULL: none of this family */
};

struct port_pair {
        struct list node; /* while free */
        uint16_t port;    /* RTP's, of either family; RTCP has the next one */
        struct port_sockets ip4, ip6;
        void *owner;       /* ports_params.owner */
        struct handle leg; /* who has it; none while free */
};

/* NULL: nothing of this family. */
const struct port_sockets *port_pair_find(const struct port_pair *pair, uint8_t family);

struct ports;

struct ports_params {
        struct io *io;
        const struct addr_pair *local_ips; /* one of them at least; ports unused */
        uint16_t port_min, port_max;
        uint32_t count;
        const uint16_t *first; /* RTP ports to be opened before any other, where they are free */
        uint32_t first_count;
        io_udp_fn *on_rtp, *on_rtcp; /* their argument is the pair */
        void *owner;
};

/* -EADDRINUSE when the range has too few free pairs. */
int ports_create(const struct ports_params *params, struct ports **out) MUST_CHECK;
void ports_destroy(struct ports *ports); /* NULL is fine */

struct port_pair *ports_take(struct ports *ports, struct handle leg); /* NULL: none is left */
/* The pair with this RTP port; NULL: it is with another leg, or not open. */
struct port_pair *ports_take_at(struct ports *ports, uint16_t port, struct handle leg);
void ports_give(struct ports *ports, struct port_pair *pair);
uint32_t ports_free(const struct ports *ports); /* pairs; walks them */

#endif
