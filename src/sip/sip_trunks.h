/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_trunks.h - the trunks as signalling uses them: matched by source, with their peer resolved.
 */
#ifndef MASKLINE_SIP_SIP_TRUNKS_H
#define MASKLINE_SIP_SIP_TRUNKS_H

#include "core/trunk.h"
#include "io/io.h"

struct sip_trunks; /* opaque; belongs to the loop's thread */

struct sip_trunk_counters {
        uint64_t invites_in, invites_out;
        uint64_t dropped;       /* datagrams from this trunk that were not SIP */
        uint64_t refused_limit; /* calls refused for channels_max or calls_per_s */
        uint32_t channels;      /* legs up now */
        uint32_t announcing;    /* refused callers listening now */
};

struct sip_trunk_state {
        struct trunk trunk;
        struct addr peer; /* resolved; family 0: not (yet) */
        struct sip_trunk_counters counters;
        int64_t rate_window_ms; /* token bucket of calls_per_s */
        uint32_t rate_tokens_milli;
};

int sip_trunks_create(struct io *io, struct sip_trunks **out) MUST_CHECK;
void sip_trunks_destroy(struct sip_trunks *trunks);

/* Replaces the one with its id, or adds it. ERR_FULL. Resolution of a name starts at once. */
int sip_trunks_put(struct sip_trunks *trunks, const struct trunk *trunk) MUST_CHECK;
void sip_trunks_remove(struct sip_trunks *trunks, uint32_t trunk_id);
struct sip_trunk_state *sip_trunks_find(struct sip_trunks *trunks, uint32_t trunk_id);
struct sip_trunk_state *sip_trunks_match(struct sip_trunks *trunks, const struct addr *source);

/* Takes a channel and a token of the call rate; false when the trunk's limit is reached. */
bool sip_trunk_admit(struct sip_trunk_state *trunk, int64_t now_ms);
void sip_trunk_release(struct sip_trunk_state *trunk);

#endif
