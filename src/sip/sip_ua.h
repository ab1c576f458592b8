/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_ua.h - both roles of a user agent over transactions and dialogs: what call/ sees of SIP.
 *
 * Bytes end here. Upward go typed events, downward typed commands; a leg is one INVITE dialog (or
 * usage that may become one). Retransmissions, ACK, CANCEL crossing 200, late and forked 2xx
 * (acknowledged, then BYE), re-INVITE glare and refreshes are handled below this header.
 *
 * A leg lives from sip_ua_dial() or on_invite until on_ended, which comes exactly once for each;
 * after it the handle is stale. Commands on a stale handle answer ERR_STALE and do nothing.
 * Handlers may issue any command, on any leg, from within an event.
 */
#ifndef MASKLINE_SIP_SIP_UA_H
#define MASKLINE_SIP_SIP_UA_H

#include "base/number.h"
#include "base/pool.h"
#include "io/io.h"
#include "sip/sip_transports.h"
#include "sip/sip_trunks.h"
#include "wire/sdp.h"

struct sip_ua;
struct sip_ua_keys;

struct sip_leg {
        struct handle h;
};

/*
 * A new INVITE from a trunk. Live until the callback returns. The trunk's channels and rate are the
 * owner's to take and to give back (sip_trunk_admit).
 */
struct sip_invite {
        uint32_t trunk_id;
        struct real_number caller; /* none: withheld or unreadable */
        bool caller_withheld;
        struct masking_number dialled; /* none: not a telephone number */
        bool has_offer;
        const struct sdp *offer; /* NULL without one; it may have no audio that we can use */
        uint8_t family;          /* of the address that it came from */
        int max_forwards;        /* as received, from 1; 70 when it was absent */
};

enum sip_end {
        SIP_END_BYE,      /* the peer hung up */
        SIP_END_CANCEL,   /* the peer gave up before the answer, by CANCEL or BYE */
        SIP_END_REJECTED, /* the peer's final answer was 300-699: see status */
        SIP_END_TIMEOUT, /* no final answer to the INVITE, or no answer to anything in the dialog */
        SIP_END_NO_ACK,  /* our 2xx, or reliable provisional answer, was never acknowledged */
        SIP_END_TRANSPORT, /* nothing can be sent to the peer */
        SIP_END_LOCAL,     /* by our own command */
};

/* One target that a dialled leg has tried. */
enum sip_attempt_end {
        SIP_ATTEMPT_GOES_ON,  /* or has ended by our own decision */
        SIP_ATTEMPT_ANSWERED, /* a final answer: see status */
        SIP_ATTEMPT_SILENT,   /* nothing at all came */
        SIP_ATTEMPT_UNSENT,   /* it could not be sent to */
        SIP_ATTEMPT_ENDS,
};

#define SIP_ATTEMPTS_MAX 6 /* of one leg; a caller has no patience for more */

struct sip_attempt {
        struct sip_target target;
        enum sip_attempt_end how;
        uint16_t status;
};

struct sip_attempts {
        struct sip_attempt list[SIP_ATTEMPTS_MAX];
        uint8_t count;
};

struct sip_end_info {
        enum sip_end how;
        /*
         * A dialled leg: nobody has rung, and what failed is the way to the callee, not the callee.
         * Another trunk may still find one.
         */
        bool is_way_lost;
        /* A leg that came in: sip_leg_answer() was accepted, and its 200 never left. */
        bool is_answer_lost;
        /* SIP_END_REJECTED: the peer's final status; SIP_END_LOCAL, SIP_END_NO_ACK: ours, or 0 */
        unsigned status;
};

struct sip_ua_handler {
        /*
         * Decide now or later. 100 leaves when this returns, or before whatever the caller is told
         * until then: what has been written down by then outlives the process (sip_saved.h).
         */
        void (*on_invite)(void *arg, struct sip_leg leg, const struct sip_invite *invite);
        /* Provisional answer of a dialled leg, 101-199; `sdp` NULL without a description. */
        void (*on_progress)(void *arg, struct sip_leg leg, unsigned status, const struct sdp *sdp);
        /* First 2xx of a dialled leg, already acknowledged. `sdp` NULL: none came; hang it up. */
        void (*on_answered)(void *arg, struct sip_leg leg, const struct sdp *sdp);
        /* ACK of our 2xx arrived. `sdp`: the answer to an offer that our 2xx made, else NULL. */
        void (*on_confirmed)(void *arg, struct sip_leg leg, const struct sdp *sdp);
        /*
         * re-INVITE or UPDATE within the dialog: fill `answer` with our side and return 200, or
         * return 488 (or another final status). `offer` NULL: the peer asks for our offer;
         * `answer` is then that, and the peer's answer comes with on_confirmed. An UPDATE that only
         * refreshes is answered without asking.
         */
        unsigned (*on_offer)(void *arg, struct sip_leg leg, const struct sdp *offer,
                             struct sdp_audio *answer);
        /* The answer to `ours`, offered in a refresh or in a reliable provisional answer. */
        void (*on_described)(void *arg, struct sip_leg leg, const struct sdp_audio *ours,
                             const struct sdp *sdp);
        void (*on_dtmf_info)(void *arg, struct sip_leg leg, char digit, unsigned duration_ms);
        void (*on_ended)(void *arg, struct sip_leg leg, const struct sip_end_info *end);
        /*
         * May be NULL. What sip_leg_save() would say of the leg has changed: its first 2xx has come
         * and the ACK is about to leave, or the peer has changed or refreshed the dialog. For
         * writing it down, not for commands.
         */
        void (*on_changed)(void *arg, struct sip_leg leg);
};

struct sip_ua_params {
        struct io *io;
        struct sip_trunks *trunks;     /* not owned */
        struct sip_listen listen;      /* any address only if each trunk advertises one */
        const struct tls_context *tls; /* not owned; NULL: no TLS */
        struct sip_stream_limits streams;
        struct sip_socket *failed; /* NULL, or told which one of `listen` could not be had */
        uint32_t legs_max;         /* the index of a leg's handle is below it */
        /* The session timer to ask for (RFC 4028), from 90; 0: none, but a peer's is kept. */
        uint32_t session_expires_s;
        /* They outlive their legs by up to 64*T1 = 32 s: about 4 for each leg begun in that time. */
        uint32_t transactions_max;
        const struct sip_ua_handler *handler;
        void *arg;
        /* Of an earlier user agent whose legs are to be restored (sip_saved.h); NULL: its own. */
        const struct sip_ua_keys *keys;
};

int sip_ua_create(const struct sip_ua_params *params, struct sip_ua **out) MUST_CHECK;
void sip_ua_destroy(struct sip_ua *ua);
/* Of UDP, with the port that was bound; the IPv4 one if there are two. */
const struct addr *sip_ua_local(const struct sip_ua *ua);
/* NULL: not heard there. */
const struct addr *sip_ua_listens(const struct sip_ua *ua, enum sip_transport transport,
                                  uint8_t family);

/* While draining, new INVITEs are answered 503 with Retry-After. */
void sip_ua_set_draining(struct sip_ua *ua, bool draining);

struct sip_dial {
        uint32_t trunk_id;
        struct real_number to; /* the party we ring */
        struct masking_number
                show; /* From, Contact and, if the trunk wants it, asserted identity */
        const struct sdp_audio *offer;
        /*
         * Where our audio is received, as this trunk's peers know us. The offer names the address of the
         * family that the INVITE goes by, and another one when it goes on by another family; a family
         * that is not in here is not dialled. Empty: it names what `offer` does.
         */
        struct addr_pair media;
        int max_forwards;
        bool has_other_route; /* the owner knows another way, and does not want to wait for long */
        /*
         * May be NULL. Called with the new leg when all is ready and the INVITE is about to leave;
         * for writing it down, not for commands. If that fails nevertheless, the leg never was.
         */
        void (*on_ready)(void *arg, struct sip_leg leg);
        void *on_ready_arg;
};

/*
 * ERR_NOT_FOUND: no such trunk or not resolved. -EHOSTUNREACH: none of its targets is up. ERR_STATE:
 * no address of ours to tell it. ERR_FULL, ERR_TOO_LARGE. on_ended follows only after success.
 */
int sip_ua_dial(struct sip_ua *ua, const struct sip_dial *dial, struct sip_leg *out) MUST_CHECK;
/* Whether a leg on this trunk would have a target that is not known to be down. */
bool sip_ua_has_way(const struct sip_ua *ua, uint32_t trunk_id);

/* 100, for a leg that was restored: whether it was sent before is not known. */
int sip_leg_trying(struct sip_ua *ua, struct sip_leg leg);
/*
 * Incoming leg, before the answer. 180 or 183; `early` (may be NULL) is the answer to its offer. When
 * there was none it is left out, unless the caller requires reliable provisional answers (RFC 3262):
 * then it is our offer, and its answer comes with on_described. ERR_STATE: it waits for the PRACK of
 * the one before.
 */
int sip_leg_progress(struct sip_ua *ua, struct sip_leg leg, unsigned status,
                     const struct sdp_audio *early);
/*
 * 200. `ours`: the answer, or our offer when the INVITE brought none. It leaves when the PRACK has come
 * of a provisional answer with a description; a leg that gets none ends with SIP_END_NO_ACK.
 */
int sip_leg_answer(struct sip_ua *ua, struct sip_leg leg, const struct sdp_audio *ours) MUST_CHECK;
/* Final answer 300-699 to an incoming leg; on_ended with SIP_END_LOCAL follows in a later turn. */
int sip_leg_reject(struct sip_ua *ua, struct sip_leg leg, unsigned status, unsigned retry_after_s);
/*
 * Ends the leg whatever its state: CANCEL, BYE (after the ACK where RFC 3261 15 wants that), or
 * 480/487 for an incoming one that was not answered. on_ended follows when the peer has answered
 * or the transaction has timed out; media may be dropped at once.
 */
void sip_leg_hangup(struct sip_ua *ua, struct sip_leg leg);
/*
 * The same when there is no time left to wait for the ACK of our 2xx: BYE without it, against RFC
 * 3261 15, since a peer that hears nothing talks to nobody for minutes; the leg ends at once.
 */
void sip_leg_hangup_now(struct sip_ua *ua, struct sip_leg leg);

/*
 * The targets that a dialled leg has tried, the last of them the present one; also from within
 * on_ended. NULL: stale.
 */
const struct sip_attempts *sip_leg_attempts(const struct sip_ua *ua, struct sip_leg leg);

/*
 * What the peer was last told of our audio, also from within sip_dial.on_ready and on_changed; NULL:
 * stale, or nothing.
 */
const struct sdp_audio *sip_leg_said(const struct sip_ua *ua, struct sip_leg leg);

/* The dialog's Call-ID, for records and traces; empty when stale. Lives as long as the leg. */
struct slice sip_leg_call_id(const struct sip_ua *ua, struct sip_leg leg);

/* Registrations with carriers are made and kept as their trunks want it. */
enum sip_registration_problem {
        SIP_REGISTRATION_FINE,
        SIP_REGISTRATION_REFUSED, /* see status */
        SIP_REGISTRATION_NO_ANSWER,
        SIP_REGISTRATION_NOT_KEPT, /* accepted, for no time at all */
        SIP_REGISTRATION_NO_PEER,
        SIP_REGISTRATION_NO_ADDRESS,
        SIP_REGISTRATION_NO_ROOM,
};
const char *sip_registration_problem_text(enum sip_registration_problem problem);

struct sip_registration {
        bool is_wanted;
        bool is_registered;
        int64_t until_wall_ms;                 /* 0: not registered */
        enum sip_registration_problem problem; /* of the last try */
        unsigned status;
        int64_t next_try_ms; /* from now; 0: it is under way */
};
void sip_ua_registration(const struct sip_ua *ua, uint32_t trunk_id, struct sip_registration *out);

/*
 * Takes all registrations back, before the end; sip_ua_is_leaving() says whether that is still going
 * on, for SIP_LEAVE_MS at most.
 */
#define SIP_LEAVE_MS 2000
void sip_ua_leave(struct sip_ua *ua);
bool sip_ua_is_leaving(const struct sip_ua *ua);

/* Whose packets were dropped unread lately: an address of no trunk. The latest first. */
#define SIP_STRANGERS_MAX 4
struct sip_stranger {
        struct addr addr;
        uint64_t count;
        int64_t last_wall_ms;
};
/* How many are written. */
unsigned sip_ua_strangers(const struct sip_ua *ua, struct sip_stranger out[SIP_STRANGERS_MAX]);

struct sip_ua_counters {
        uint64_t datagrams, not_sip, untrusted, refused_400, refused_overload, retransmitted_in,
                retransmitted_out, stray_responses, options, method_not_allowed;
        uint64_t refused_large; /* 513, or an answer with more route set than a dialog keeps */
        uint64_t stray_answers; /* 2xx of further forks and of legs given up */
        uint64_t failovers;     /* INVITEs that went on to another target of their trunk */
        uint64_t redirects;     /* that were followed, to another target of their trunk */
        uint64_t challenges_met, challenges_refused; /* 401 and 407 to requests of ours */
        uint64_t register_failures;
        uint64_t unsent; /* messages of ours that found no room, or were too long */
        struct sip_stream_counters streams;
        uint32_t legs, transactions;
};
const struct sip_ua_counters *sip_ua_counters(const struct sip_ua *ua);
uint32_t sip_ua_messages_kept(const struct sip_ua *ua); /* now, to be sent again */

#endif
