/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media_saved.h - a leg as a value, so that another process can go on with it.
 *
 * The ports stay, the peer's address stays, and the figures go on. What we send begins anew: another
 * SSRC with its own sequence and timestamps, as RFC 3550 8 has it for a program that restarts. The
 * numbers of the old one are not known, since they change with each packet and are not written down;
 * a receiver takes to a new source after two packets, but may drop an old one that jumps. No BYE is
 * sent for the old one: it times out (RFC 3550 6.3.5).
 */
#ifndef MASKLINE_MEDIA_MEDIA_SAVED_H
#define MASKLINE_MEDIA_MEDIA_SAVED_H

#include "media/media.h"

struct media_leg_state {
        uint16_t port;                  /* RTP's */
        bool is_set;                    /* what follows is valid */
        struct sdp_audio remote, local; /* as in struct media_stream */
        struct addr pinned;             /* where the peer has been heard; family 0: not yet */
        struct media_stats stats;
};

/* False when stale; `out` is then untouched. */
bool media_leg_save(const struct media *media, struct media_leg leg, struct media_leg_state *out);

/*
 * Takes the same pair; `sources` as in struct media_stream. ERR_FULL: it is not open (see
 * media_params.ports_first), or another leg's.
 */
int media_leg_restore(struct media *media, struct handle user, const struct media_leg_state *state,
                      const struct addr_prefix *sources, uint8_t source_count,
                      struct media_leg *out) MUST_CHECK;

#endif
