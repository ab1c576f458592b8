/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.h - one masked call: two legs, what joins them, and the one way its state changes.
 *
 * Private to call/. A struct call lives in secret memory (it holds the parties' numbers), is owned
 * by the registry in calls.c and is freed when both legs have ended and been recorded.
 *
 *     NEW --> DIALLING --> RINGING --> CONNECTED --> CLOSING
 *       \       ^ |                                  ^
 *        '-> WAITING -------------------------------'
 *       \      |  \___________\____________\___________^
 *        \--> ANNOUNCING ------------------------------|
 */
#ifndef MASKLINE_CALL_CALL_H
#define MASKLINE_CALL_CALL_H

#include "base/list.h"
#include "base/map.h"
#include "call/calls.h"
#include "core/lockout.h"
#include "core/rate.h"

enum call_state {
        CALL_NEW,        /* an INVITE has come; nothing is decided */
        CALL_DIALLING,   /* the second leg's INVITE is out */
        CALL_RINGING,    /* the second leg rings, the caller hears ringback */
        CALL_CONNECTED,  /* both answered, audio flows */
        CALL_ANNOUNCING, /* a refused caller listens to the announcement */
        CALL_CLOSING,    /* being torn down: waits for the legs to end */
        CALL_WAITING,    /* for its turn on a trunk to the callee: calls_per_s */
        CALL_STATES,
};

enum call_side {
        SIDE_A, /* the caller's leg */
        SIDE_B, /* the one we dialled */
};

struct call_leg {
        struct sip_leg sip;
        struct media_leg media;
        bool has_sip;    /* from its INVITE until on_ended */
        bool has_media;  /* a port pair is taken */
        bool has_stream; /* media knows where to send */
        bool admitted;   /* holds a channel of its trunk */
        bool answered;
        bool has_ended; /* on_ended has come */
        uint32_t trunk_id;
        struct sdp_audio local; /* what we last said of ourselves on this leg */
        struct cdr record;
};

struct call {
        struct calls *calls; /* not owned */
        enum call_state state;
        struct call_leg legs[2]; /* by enum call_side */
        struct real_number caller;
        struct masking_number dialled;
        bool counted_pair; /* holds a place among the calls of its (caller, dialled) */
        int max_forwards;
        struct directory_decision decision;
        int64_t decided_ms;      /* as the audit record has it */
        enum hangup_cause cause; /* set once, by whatever ended the call */
        enum hangup_source source;
        bool has_cause;
        uint8_t route;     /* place of the trunk that is tried: 0 is the number's own (route.c) */
        bool has_begun;    /* the second leg's record has begun */
        bool has_lost_way; /* a second leg has found nobody: see `lost` */
        struct sip_end_info lost;
        struct sip_turn turn;       /* waits, or not */
        uint32_t waits_for;         /* trunk */
        bool is_placed;             /* the session remembers it */
        struct io_timer warn_timer; /* a tone before the end, or the end after a tone */
        bool has_announced;         /* the announcement has begun: it is played once */
        struct io_timer timer;      /* ring timeout, then the longest call */

        bool has_slot; /* in the crash record */
        bool is_unprotected;
        uint32_t slot;
        struct io_timer save_timer;
};

/* What the registry knows of a SIP leg: whose it is. By the index of the leg's handle. */
struct leg_owner {
        struct handle leg; /* of the sip leg, to notice a stale one */
        struct handle call;
        enum call_side side;
};

/* Concurrent calls of one (caller, dialled number). */
struct call_pair {
        struct map_node node;
        uint64_t key[2];
        uint32_t calls;
};

struct crash_call;

#define CALLS_CHECKS_MAX 8

struct calls {
        struct calls_params params;
        struct sip_ua *ua;        /* owned */
        struct media *media;      /* owned */
        struct pool *pool;        /* owned, of struct call */
        struct pool *pairs;       /* owned, of struct call_pair */
        struct map pair_map;      /* owned buckets */
        struct leg_owner *owners; /* owned, one for each leg that SIP may have */
        struct crash_call
                *scratch; /* owned; secret: for what is on its way to or from the record */
        bool is_draining;
        struct check *checks[CALLS_CHECKS_MAX]; /* owned; NULL: free */
        struct io_timer calm_timer;             /* after a crash: none has followed it */
        struct calls_counters counters;
        struct rate rate;  /* how often people call */
        void *rate_memory; /* owned */
        struct lockout lockout;
        void *lockout_memory;          /* owned */
        struct siphash_key person_key; /* of both */
};

/* The only place where a call's state changes; asserts that the table allows it. */
void call_enter(struct call *call, enum call_state state);
const char *call_state_name(enum call_state state);

/* registry (calls.c) */
void call_bind(struct call *call, enum call_side side, struct sip_leg leg);
void call_release(struct call *call); /* frees it once no leg is left */

/*
 * decide.c: the lookup, and its entry in the audit record. Who asks is a call, or nobody yet: then
 * `own` is NULL.
 */
struct asking {
        const struct calls *calls;
        const struct call *own; /* is not counted itself */
        struct real_number caller;
        struct masking_number dialled;
};
void call_decide(struct call *call, uint32_t trunk_id, bool is_withheld); /* when it has come */
/*
 * When time has passed, before the callee is called: true when it is still the same party of the same
 * session, shown the same number. False: the caller is to be refused, and the decision says why.
 */
bool call_decide_again(struct call *call);

/* admission.c: trunk limits and concurrent calls of one pair. */
bool call_admit_leg(struct call *call, enum call_side side, uint32_t trunk_id);
void call_release_leg(struct call *call, enum call_side side);
bool call_admit_pair(struct call *call);
void call_release_pair(struct call *call);
/* How many calls of this pair are in progress. */
uint32_t calls_of_pair(const struct calls *calls, struct real_number caller,
                       struct masking_number dialled);

/*
 * survive.c: the crash record. call_save() comes before each message that makes a change visible;
 * without a record none of them does anything but call_save_cdr(), which is directory_cdr() then.
 */
void call_save(struct call *call);
void call_save_later(struct call *call); /* now and then, while both talk */
void call_save_cdr(struct call *call, const struct cdr *record);
void call_save_release(struct call *call);         /* it is over */
int calls_restore(struct calls *calls) MUST_CHECK; /* when all else is open */
uint32_t calls_saved_ports(struct calls *calls, uint16_t *out, uint32_t max);

/* route.c: which trunk carries the second leg. Those that find none close the call. */
enum call_routed {
        CALL_ROUTED, /* it is dialled, or waits for its turn */
        CALL_LIMITED,
        CALL_DARK, /* no target of its trunks is up */
        CALL_UNROUTABLE,
};
void call_route(struct call *call);
void call_wait_again(struct call *call, int64_t until_ms); /* after a crash */
/* The second leg has ended. True: it goes on over another trunk, or its caller is told the call is refused. */
bool call_reroute(struct call *call, const struct sip_end_info *end);

/* Whether a trunk that this one's calls overflow to would take one now. */
bool calls_overflow(const struct calls *calls, uint32_t trunk_id);

/* bridge.c: connecting the two legs. */
void call_connect(struct call *call, const struct sip_invite *invite);
void call_on_progress(struct call *call, unsigned status);
void call_on_answered(struct call *call, const struct sdp *sdp);
void call_tell_ringing(struct call *call);
void call_play_ringback(struct call *call); /* if there is one, and where to play it to */
/* Until `due_ms` (monotonic); 0: as long as the configuration says. */
void call_start_ring_timer(struct call *call, int64_t due_ms);
void call_start_longest_timer(struct call *call, int64_t due_ms);

/* limits.c: what the pool of its session allows. */
int calls_open_limits(struct calls *calls) MUST_CHECK;
void calls_close_limits(struct calls *calls);
void call_count(const struct asking *asking, const struct mapping *mapping,
                const struct pool_policy *policy, struct mask_counts *counts);
void call_place(struct call *call); /* its callee is about to be called: it counts from now on */
const struct pool_policy *call_policy(const struct call *call);
int64_t call_ring_ms(const struct call *call);
int64_t call_talk_ms(const struct call *call);
void call_start_warning(struct call *call, int64_t left_ms); /* if there is to be one */
/* A directory_over_fn; `arg` is the registry. */
void calls_on_session_over(void *arg, uint64_t session_id);
/* After a crash: what came between the end of its session and that of the call is made up for. */
void call_cut_if_over(struct call *call);

/* guess.c: digits that callers key in. */
int calls_open_guesses(struct calls *calls) MUST_CHECK;
void calls_close_guesses(struct calls *calls);
bool call_is_locked_out(const struct asking *asking, const struct pool_policy *policy);

/* refuse.c: the announcement. */
void call_refuse(struct call *call, const struct sip_invite *invite);
void call_refuse_late(
        struct call *call);            /* one that was to be connected, and whose offer is taken */
void call_announce(struct call *call); /* the caller is there to hear it */
void call_announce_early(struct call *call); /* before any answer */
void call_on_played(struct call *call);

/*
 * offer.c: offer and answer on one leg, with its port pair. `family` of our address, as far as the
 * peer has not described itself; 0: any. Statuses are what to refuse with; call_take_invite()
 * answers 0 and call_on_offer() 200 when all is well.
 */
int call_media_open(struct call *call, enum call_side side, uint8_t family) MUST_CHECK;
/* The leg's audio as its trunk's peers are to send it, at an address of each family that we have. */
struct addr_pair call_media_addresses(const struct call *call, enum call_side side);
/* Signalling has chosen one of them (struct sip_dial). */
void call_follow_said(struct call *call, enum call_side side);
void call_media_close(struct call *call, enum call_side side);
unsigned call_take_invite(struct call *call, const struct sip_invite *invite);
unsigned call_on_offer(struct call *call, enum call_side side, const struct sdp *offer,
                       struct sdp_audio *answer);
bool call_take_answer(struct call *call, enum call_side side, const struct sdp *sdp);
void call_on_confirmed(struct call *call, enum call_side side, const struct sdp *sdp);
void call_on_described(struct call *call, enum call_side side, const struct sdp_audio *ours,
                       const struct sdp *sdp);

/* close.c: every way to end. `status` answers a caller who was not answered yet. */
void call_close(struct call *call, enum hangup_cause cause, enum hangup_source source,
                unsigned status);
void call_close_for_callee(struct call *call, const struct sip_end_info *end);
bool call_lose_second_leg(struct call *call); /* true: its record has begun, and is to be written */
void call_end_legs(struct call *call, unsigned status); /* each that is there is told */
void call_on_leg_ended(struct call *call, enum call_side side, const struct sip_end_info *end);

/* record.c: the call detail records. */
void call_record_begin(struct call *call, enum call_side side); /* once it is admitted */
void call_record_attempts(struct call *call); /* of the second leg that has just ended */
/* A trunk on which nothing was sent. */
void call_record_passed_over(struct call *call, uint32_t trunk_id, enum cdr_attempt_end how);
void call_record_media(struct call *call,
                       enum call_side side);                  /* before the ports are given back */
void call_record_end(struct call *call, enum call_side side); /* writes it */

#endif
