/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_trunks.h - the trunks as signalling uses them: matched by source, with their peer resolved.
 */
#ifndef MASKLINE_SIP_SIP_TRUNKS_H
#define MASKLINE_SIP_SIP_TRUNKS_H

#include "base/list.h"
#include "core/trunk.h"
#include "io/io.h"
#include "sip/sip_digest.h"
#include "sip/sip_peers.h"

struct sip_trunks; /* opaque; belongs to the loop's thread */

struct sip_trunk_counters {
        uint64_t invites_in, invites_out;
        uint64_t dropped;               /* datagrams from this trunk that were not SIP */
        uint64_t refused_limit;         /* calls refused for channels_max or calls_per_s */
        uint64_t waited;                /* calls that had to wait for their turn */
        uint64_t tolerated[TOLERANCES]; /* how often each was made good */
        uint32_t channels;              /* legs up now */
        uint32_t announcing;            /* refused callers listening now */
};

/* When the log was last told of something, and how often it was not since. */
struct sip_told {
        int64_t at_ms; /* 0: never */
        uint32_t untold;
};

struct sip_trunk_state {
        struct trunk trunk;
        struct sip_target peer; /* the first of `peers`; none: not resolved (yet) */
        struct sip_peers peers; /* all that the peer stands for */
        struct sip_trunk_health health;
        struct sip_digest *digest; /* owned; NULL: no credentials */
        uint32_t password_changes;
        char *headers; /* owned; lines that INVITEs get, of TRUNK_HEADERS_BYTES; NULL: none */
        size_t headers_bytes;
        struct sip_trunk_counters counters;
        int64_t last_invite_ms; /* UTC, of a call that came in; 0: none has */
        /* For sip_trunk_rate.c: the token bucket of calls_per_s, and who waits for a token. */
        int64_t rate_window_ms;
        uint32_t rate_tokens_milli;
        struct list turns; /* of struct sip_turn, the first come first; not owned */
        uint32_t turn_count;
        struct io_timer turn_timer;
        uint32_t dialogs;        /* legs that signalling still has open */
        int64_t no_tcp_until_ms; /* what is too large for a datagram found no TCP there; 0: never */
        struct sip_told told;    /* of its connections */
        bool is_removed;         /* takes no new call; its dialogs go on until they end */
        struct io *io;
        struct sip_trunks *trunks;
        /* For sip_resolve.c: looking the peer's name up. */
        struct locate *search; /* owned; NULL: none under way */
        struct io_timer refresh;
        int resolve_err; /* how the last try failed; 0: it did not */
};

/* How requests go to its peer; SIP_TRANSPORT_OTHER: as DNS says. */
enum sip_transport sip_trunk_transport(const struct trunk *trunk);

/*
 * What can be spoken, 1u << SIP_UDP and so on, in each family. DNS is asked for these transports
 * only, and of its targets those are taken that we can send to. UDP in both until it is said.
 */
struct sip_spoken {
        unsigned ip4, ip6;
};
void sip_trunks_speak(struct sip_trunks *trunks, struct sip_spoken spoken);
unsigned sip_trunks_spoken(const struct sip_trunks *trunks); /* in either family */
bool sip_trunks_speaks(const struct sip_trunks *trunks, enum sip_transport transport,
                       uint8_t family);

/*
 * The targets that calls of the trunk may go to, in their order: of what we can send to, those of the
 * families that its sources and advertised addresses are of. A carrier that knows us by IPv4 alone
 * would refuse us by IPv6. One that names neither takes both; if nothing is left, the others are
 * better than none. How many are written.
 */
unsigned sip_trunk_choose(const struct sip_trunks *trunks, const struct trunk *trunk,
                          const struct locate_answer *answer,
                          struct locate_target out[LOCATE_TARGETS_MAX]);

int sip_trunks_create(struct io *io, struct sip_trunks **out) MUST_CHECK;
void sip_trunks_destroy(struct sip_trunks *trunks);

/* Replaces the one with its id, or adds it. ERR_FULL. Resolution of a name starts at once. */
int sip_trunks_put(struct sip_trunks *trunks, const struct trunk *trunk) MUST_CHECK;
/*
 * The password that goes with the trunk's user name and realm; empty: it has none. To be said again
 * after a put that changes one of these. ERR_NOT_FOUND, -ENOMEM.
 */
int sip_trunks_set_password(struct sip_trunks *trunks, uint32_t trunk_id,
                            struct slice password) MUST_CHECK;
/* The header lines that its INVITEs get; empty: none. ERR_NOT_FOUND, -ENOMEM. */
int sip_trunks_set_headers(struct sip_trunks *trunks, uint32_t trunk_id,
                           struct slice lines) MUST_CHECK;
/*
 * Tells whenever a trunk has been put or removed, its peer resolved (or not) or its password set;
 * within the call that does so. A few watchers.
 */
typedef void sip_trunks_watch_fn(void *arg, uint32_t trunk_id);
/* It is told at once of those that are there. */
void sip_trunks_watch(struct sip_trunks *trunks, sip_trunks_watch_fn *fn, void *arg);
void sip_trunks_unwatch(struct sip_trunks *trunks, const void *arg);

/*
 * TRUNKS_MAX of them, not owned and all zero at the beginning of time: how often the nonces of the
 * trunks' peers have been used, also by processes before this one.
 */
void sip_trunks_keep_counts(struct sip_trunks *trunks, struct sip_digest_mark *marks);

/* Removed or not; NULL: gone. */
struct sip_trunk_state *sip_trunks_state_any(const struct sip_trunks *trunks, uint32_t trunk_id);
/* Of one that has been removed, too; NULL: no credentials. */
struct sip_digest *sip_trunks_digest(const struct sip_trunks *trunks, uint32_t trunk_id);
/* No new calls; what is in progress on it goes on. An unknown id: nothing happens. */
void sip_trunks_remove(struct sip_trunks *trunks, uint32_t trunk_id);
/* NULL when there is none or it was removed. */
struct sip_trunk_state *sip_trunks_find(struct sip_trunks *trunks, uint32_t trunk_id);
/* The trunk of a leg that is open: also one that was removed meanwhile. NULL: none is left. */
const struct trunk *sip_trunks_find_any(const struct sip_trunks *trunks, uint32_t trunk_id);

/*
 * Whose new call this is: the trunk with that source, else the only one that has this address and
 * port as a peer. NULL: nobody's.
 */
struct sip_trunk_state *sip_trunks_match(struct sip_trunks *trunks,
                                         const struct sip_target *source);
/* Whether anything at all may come from there: new calls, or what belongs to calls in progress. */
bool sip_trunks_know(const struct sip_trunks *trunks, const struct sip_target *source);
/* Whether it is the trunk's: one of its sources, or what its peer stands for, or stood for. */
bool sip_trunk_has(const struct sip_trunk_state *trunk, const struct sip_target *address);

/* Takes a channel and a token of the call rate; false when the trunk's limit is reached. */
bool sip_trunk_admit(struct sip_trunk_state *trunk, int64_t now_ms);
void sip_trunk_release(struct sip_trunk_state *trunk);
bool sip_trunk_has_channel(const struct sip_trunk_state *trunk); /* one is free */

/*
 * The same for a call that may wait for its token, as long as the trunk's queue_ms. The turn belongs
 * to the caller and stays where it is while it waits; its `fn` is called once, from the loop, unless
 * sip_turn_cancel() comes first.
 */
enum sip_admission {
        SIP_ADMITTED,      /* a channel is taken */
        SIP_WAITS,         /* `fn` will say */
        SIP_CHANNELS_USED, /* channels_max */
        SIP_RATE_EXCEEDED, /* calls_per_s: nobody may wait, or those who do take too long */
        SIP_TRUNK_GONE,    /* `fn` only: it has been removed in the meantime */
};
typedef void sip_turn_fn(void *arg, enum sip_admission admission);
struct sip_turn {
        struct list node;
        struct sip_trunk_state *trunk; /* not NULL: it waits */
        int64_t until_ms;
        sip_turn_fn *fn;
        void *arg;
};
enum sip_admission sip_trunk_ask(struct sip_trunk_state *trunk, struct sip_turn *turn,
                                 sip_turn_fn *fn, void *arg);
/*
 * For a call that was waiting when the process before ended, until then: to be let in among those
 * like it by their time, and told as any other. All that wait are there before the loop runs.
 */
void sip_turn_resume(struct sip_trunk_state *trunk, struct sip_turn *turn, int64_t until_ms,
                     sip_turn_fn *fn, void *arg);
void sip_turn_cancel(struct sip_turn *turn); /* one that does not wait is fine */

/* For sip_trunks.c: its peer is another one. What DNS said is asked for again before it is old. */
void sip_trunk_resolve(struct sip_trunk_state *trunk);
unsigned sip_trunk_families(const struct trunk *trunk); /* a set, to be compared */
void sip_trunk_stop_resolving(struct sip_trunk_state *trunk);
/* Those who watch are told. */
void sip_trunks_tell(const struct sip_trunks *trunks, uint32_t trunk_id);

/* For sip_trunks.c: it has been put; it is removed, and who waits is told. */
void sip_trunk_rate_start(struct sip_trunk_state *trunk);
void sip_trunk_rate_stop(struct sip_trunk_state *trunk);

/* For sip_ua: a leg opens and closes on a trunk, which may have been removed in between. */
void sip_trunks_open_dialog(struct sip_trunks *trunks, uint32_t trunk_id);
void sip_trunks_close_dialog(struct sip_trunks *trunks, uint32_t trunk_id);
/* Whether a packet from `source` may belong to a leg of this trunk, removed or not. */
bool sip_trunks_may_continue(const struct sip_trunks *trunks, uint32_t trunk_id,
                             const struct sip_target *source);

#endif
