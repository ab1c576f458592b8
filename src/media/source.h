/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - whose packets a leg listens to, and where its own are sent.
 *
 * Only the address that the peer has signalled, or once one within its trunk's prefixes, for peers
 * behind NAT (symmetric RTP, RFC 4961). Either shows itself by two packets in sequence and is
 * pinned then. Nobody else is ever heard or sent to, however often he tries.
 *
 *        unpinned --- signalled, or within the prefixes ---> pinned
 *        pinned   --- signalled (it outranks what was learnt) ---> pinned to it
 *        pinned   --- set again, silent for a second, within the prefixes ---> pinned anew
 *        any      --- set with another address ---> unpinned
 */
#ifndef MASKLINE_MEDIA_SOURCE_H
#define MASKLINE_MEDIA_SOURCE_H

#include "media/media.h"

/*
 * Candidates at once, each by address and SSRC, so that two who speak in between each other are told
 * apart. Half of the places are for the signalled address alone: nobody else takes them from it.
 */
#define SOURCE_CANDIDATES 4

struct source_candidate {
        struct addr from; /* family 0: none */
        uint32_t ssrc;
        uint16_t next;
};

struct source {
        struct addr signalled; /* family 0: none; an unspecified address is never heard */
        struct addr_prefix prefixes[MEDIA_SOURCES_MAX];
        uint8_t prefix_count;
        struct addr pinned; /* family 0: not yet */
        bool may_learn;
        int64_t heard_ms;                                      /* the pinned one, last */
        struct source_candidate candidates[SOURCE_CANDIDATES]; /* the first half: signalled */
        uint8_t oldest[2]; /* of each half: the place that is taken next */
};

void source_set(struct source *s, const struct addr *signalled, const struct addr_prefix *prefixes,
                uint8_t prefix_count);

enum source_verdict {
        SOURCE_STRANGER,
        SOURCE_CANDIDATE, /* may be ours: the next in sequence will tell (RFC 3550 A.1) */
        SOURCE_NEW,       /* a source begins with this packet: other address or other SSRC */
        SOURCE_CURRENT,
};

/* Could it be anything but a stranger? Decided before the packet is looked into. */
bool source_may_be(const struct source *s, const struct addr *from, int64_t now_ms);

/* `is_current_ssrc`: it is the one that the leg's receiver follows. */
enum source_verdict source_check(struct source *s, const struct addr *from, uint32_t ssrc,
                                 uint16_t sequence, bool is_current_ssrc, int64_t now_ms);

/* RTCP comes from the host that RTP comes from, or would; its port is not known for sure. */
bool source_may_report(const struct source *s, const struct addr *from);

/* Where RTP is sent: family 0: nowhere. */
struct addr source_target(const struct source *s);

#endif
