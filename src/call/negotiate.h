/* SPDX-License-Identifier: Apache-2.0 */
/*
 * negotiate.h - what we say of our audio on a leg, and what follows for its RTP (RFC 3264).
 *
 * Values in, values out. Of the other leg's description only the list of codecs is looked at.
 */
#ifndef MASKLINE_CALL_NEGOTIATE_H
#define MASKLINE_CALL_NEGOTIATE_H

#include "core/trunk.h"
#include "media/media.h"
#include "wire/sdp.h"

/* Our side of a stream at `local`: every codec we know, telephone-event, sendrecv, 20 ms. */
struct sdp_audio negotiate_ours(const struct addr *local);

/* Where a peer on this trunk is to send media: the advertised addresses, with the local port. */
struct addr_pair negotiate_addresses(const struct trunk *trunk, const struct addr_pair *local);

/* Keeps of `ours` only the codecs that `other` has, in the other's order. ERR_MEDIA: none. */
int negotiate_narrow(struct sdp_audio *ours, const struct sdp_audio *other) MUST_CHECK;

/* What media needs to know of the peer: its address and wishes, limited to what was agreed. */
void negotiate_stream(const struct sdp_audio *remote, const struct sdp_audio *local,
                      const struct trunk *trunk, struct media_stream *out,
                      struct addr_prefix sources[TRUNK_SOURCES_MAX]);

/* A description that we can use, if we have its family: audio, not refused, not secure. */
bool negotiate_usable(const struct sdp *sdp);

#endif
