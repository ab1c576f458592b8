/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_core.h - what the files of the user agent share: the agent, a leg, and how legs change.
 *
 * Internal to sip/. Events come in through sip_ua.c; sip_uac.c and sip_uas.c are the two sides of
 * an INVITE, sip_within.c is what happens in a dialog, sip_leg.c what all legs have in common.
 */
#ifndef MASKLINE_SIP_SIP_CORE_H
#define MASKLINE_SIP_SIP_CORE_H

#include "sip/sip_compose.h"
#include "sip/sip_dialog.h"
#include "sip/sip_digest.h"
#include "sip/sip_saved.h"
#include "sip/sip_transaction.h"
#include "sip/sip_transports.h"
#include "sip/sip_ua.h"

#define SIP_OUT_BYTES         16384 /* an answer repeats all Vias of its request */
#define SIP_SDP_BYTES         2048
#define SIP_CREDENTIALS_BYTES 2048 /* one header, with a URI as long as a dialog keeps */
#define SIP_RETRY_S           5    /* Retry-After when we are full or draining */
#define SIP_MIN_SE_S          90   /* RFC 4028 5 */
#define SIP_MAX_FORWARDS      70

enum leg_state {
        LEG_NEW,
        LEG_CALLING,    /* dialled: INVITE sent, nothing heard */
        LEG_PROCEEDING, /* dialled: a provisional answer has come */
        LEG_CANCELLING, /* dialled: to be ended; CANCEL goes out after a provisional answer */
        LEG_INCOMING,   /* INVITE received, no final answer sent */
        LEG_ANSWERED,   /* 2xx sent, no ACK yet */
        LEG_HANGING,    /* 2xx sent, no ACK yet, to be ended (RFC 3261 15) */
        LEG_CONFIRMED,
        LEG_LEAVING,  /* BYE sent */
        LEG_REJECTED, /* final answer sent; on_ended follows at the end of the turn */
        LEG_ENDED,    /* on_ended was called; the memory goes at the end of the turn */
        LEG_STATES,
};

#define LEG_FORKS_MAX     8
#define SIP_REDIRECTS_MAX 4 /* targets; the others are passed over */

/* An early dialog of a leg that we dial, as far as reliable answers have made it. */
struct leg_fork {
        uint64_t tag;    /* digest of its To tag */
        uint32_t rseq;   /* of the last that we acknowledged; 0: none */
        bool is_settled; /* it has answered our offer in one */
        bool is_changed; /* and has made another one since: what it repeats is out of date */
};

struct leg {
        struct sip_ua *ua;
        enum leg_state state;
        uint32_t trunk_id;
        struct sip_sent_by local;      /* Via and Contact */
        char contact[SIP_CONTACT_MAX]; /* our URI towards this peer */
        struct sip_dialog dialog;

        struct handle invite; /* the INVITE's transaction; a re-INVITE's while it is going on */
        uint32_t invite_cseq;
        bool awaits_ack;    /* of our 2xx to `invite` */
        bool awaits_answer; /* that 2xx made an offer */
        bool is_cancelled;  /* CANCEL has been sent */

        struct sip_attempts attempts;                   /* dialled */
        struct sip_target redirects[SIP_REDIRECTS_MAX]; /* dialled: where we were sent to */
        uint8_t redirect_count;
        struct sip_attempts tried_within; /* targets that its requests have found dark */
        bool has_rung;        /* dialled: more than 100 was heard; it stays where it is */
        bool has_other_route; /* dialled: as in struct sip_dial */
        bool owes_trying;     /* its INVITE has not been answered at all */

        bool is_dialled;                   /* we called: only then are challenges answered */
        bool is_authorized;                /* dialled: the INVITE had credentials */
        struct masking_number show;        /* dialled */
        bool no_prack;                     /* dialled: reliable answers are not asked for */
        struct addr_pair media;            /* dialled: as in struct sip_dial */
        int max_forwards;                  /* dialled */
        struct sip_digest_attempt attempt; /* of the request that waits for its answer */

        struct sdp remote; /* the peer's last description; not its answers within the dialog */
        bool has_remote;
        struct sdp_origin origin;
        uint64_t described;    /* digest of what we last said of ourselves; 0: nothing */
        struct sdp_audio said; /* what that was */
        bool said_in_answer;   /* to `remote` */

        struct sip_session session; /* agreed, or what an INVITE of ours asked for */
        bool has_update;            /* the peer allows UPDATE */
        struct handle refresh;      /* our UPDATE or re-INVITE that waits for its answer */
        bool is_interval_retried;   /* sent again with a larger one (RFC 4028 7.3) */
        struct leg_fork forks[LEG_FORKS_MAX]; /* dialled */
        uint8_t fork_count;
        struct handle prack; /* the last that we sent */
        uint32_t prack_rseq;

        struct sip_reliable reliable; /* incoming */
        unsigned prack_status;        /* of the last reliable answer */
        int64_t prack_interval_ms, prack_deadline_ms;
        struct io_timer prack_timer;
        bool holds_answer;            /* until the PRACK comes */
        struct sdp_audio held_answer; /* the 200 that waits for it */

        struct io_timer session_timer; /* gives the session up */
        struct io_timer refresh_timer;
        struct io_task task;
        int64_t talked_until_ms; /* how far its requests are ahead of the rate that it may have */
        bool has_end;
        struct sip_end_info end; /* why it ends, once that is known */
};

struct sip_ua {
        struct sip_ua_params params;
        struct sip_transports *transports; /* owned */
        struct sip_token_keys tokens;
        struct siphash_key reply_key;    /* To tags of answers without a transaction */
        struct pool *legs;               /* owned; secret: they hold numbers */
        struct sip_transactions *txs;    /* owned */
        struct sip_registrar *registrar; /* owned */
        struct sip_probes *probes;       /* owned */
        struct sip_monitor *monitor;     /* owned */
        struct sip_ua_counters counters;
        bool is_draining;
        struct sip_stranger strangers[SIP_STRANGERS_MAX]; /* count 0: none */
        int64_t untrusted_told_ms; /* when the log was last told of strangers; 0: never */
        uint64_t untrusted_told;   /* how many there had been */

        /* For the message at hand, in locked memory; never held across a handler. */
        struct sip_msg msg;
        char out[SIP_OUT_BYTES];
        struct io_task
                wipe; /* of what `out` held, at the end of the turn: there are numbers in it */
        char body[SIP_SDP_BYTES];
        char credentials[SIP_CREDENTIALS_BYTES];
};

/* A request being dealt with. */
struct sip_request {
        const struct sip_msg *msg;
        const struct sip_target *source;
        struct sip_trunk_state *trunk; /* NULL: it may only belong to a dialog */
};

/* Room for the message at hand. */
struct buf sip_ua_out(struct sip_ua *ua);

/* sip_ua.c */

/*
 * What Via and Contact call us towards a target of the trunk's. False: nobody could answer us. We do
 * not listen there, or on any address without one that the trunk advertises.
 */
bool sip_ua_sent_by(const struct sip_ua *ua, const struct trunk *trunk,
                    const struct sip_target *target, struct sip_sent_by *out) MUST_CHECK;
/* A message that nothing is kept of. */
void sip_ua_send(struct sip_ua *ua, uint32_t trunk_id, const struct sip_target *to,
                 struct slice message);
/* Where its answer goes (RFC 3261 18.2.2, RFC 3581). */
struct sip_target sip_ua_reply_to(const struct sip_request *request);
/* Answers without a transaction: the same request gets the same answer again. */
void sip_ua_reply(struct sip_ua *ua, const struct sip_request *request, struct sip_reply reply);
/* The same with this To tag, where there is a dialog already. */
void sip_ua_reply_tagged(struct sip_ua *ua, const struct sip_request *request,
                         struct sip_reply reply, struct slice tag);
/* A status with the headers that belong to it; counted. */
struct sip_reply sip_ua_refusal(struct sip_ua *ua, unsigned status);
void sip_ua_reply_status(struct sip_ua *ua, const struct sip_request *request, unsigned status);
/* 0, or the status that refuses the body: 415, 400, 413, 488. `out` NULL: no body. */
unsigned sip_ua_read_sdp(const struct sip_msg *msg, struct sdp *store, const struct sdp **out);

/* sip_leg.c */

struct leg *sip_leg_create(struct sip_ua *ua, uint32_t trunk_id); /* NULL: no room */
void sip_leg_destroy(struct leg *leg);                            /* one that nobody has heard of */
struct leg *sip_leg_find(struct sip_ua *ua, struct sip_leg handle);
/* Whatever state it is in, until it has ended. */
struct leg *sip_leg_of(struct sip_ua *ua, const struct sip_transaction *tx);
struct sip_leg sip_leg_handle(const struct leg *leg);
struct sip_token_text sip_leg_tag(const struct leg *leg);
void sip_leg_enter(struct leg *leg, enum leg_state state);
bool sip_leg_is_over(const struct leg *leg);
/* Its methods, if the message names them. */
void sip_leg_learn_allow(struct leg *leg, const struct sip_msg *msg);
/* For the owner to write down: before a message that makes the change visible. */
void sip_leg_tell_changed(struct leg *leg);
/* Tells the owner, exactly once. The first cause that was noted wins. */
void sip_leg_note_end(struct leg *leg, enum sip_end how, unsigned status);
void sip_leg_end(struct leg *leg);
void sip_leg_end_later(struct leg *leg);
/* BYE that nobody waits for, then sip_leg_end(). */
void sip_leg_abandon(struct leg *leg, enum sip_end how);
/* BYE; sip_leg_end() when it has been answered. */
void sip_leg_leave(struct leg *leg);
void sip_leg_on_bye_lost(struct leg *leg); /* nobody has answered it */
void sip_leg_on_bye_answered(struct leg *leg, const struct sip_msg *response); /* final */
struct sip_transaction *sip_leg_invite(const struct leg *leg);
/*
 * Where requests in the dialog go, and `local` what we are called there: a literal address of the
 * trunk's, else where the peer is.
 */
void sip_ua_choose_hop(const struct sip_ua *ua, uint32_t trunk_id, struct sip_dialog *dialog,
                       const struct sip_target *source, struct sip_sent_by *local);
void sip_leg_choose_hop(struct leg *leg, const struct sip_target *source);
/* The same after a message within the dialog, which may name another target. */
void sip_leg_learn_target(struct leg *leg, const struct sip_msg *msg,
                          const struct sip_target *source);
/* Our description, `answered` as in sdp_write(); the version counts changes (RFC 3264 8). */
struct slice sip_leg_describe(struct leg *leg, const struct sdp_audio *ours,
                              const struct sdp *answered);
struct sip_bye {
        struct handle owner; /* none: nobody waits for the answer */
        uint32_t trunk_id;
        struct sip_dialog *dialog;
        const struct sip_sent_by *local;
        struct slice authorization;
        int64_t patience_ms; /* as in struct sip_client_params */
};
bool sip_send_bye(struct sip_ua *ua, const struct sip_bye *bye);
/* A header line with the trunk's credentials, in `ua->credentials`; empty: none to give. */
struct slice sip_leg_authorize(struct leg *leg, enum sip_method method, struct slice uri);
/* For a request within the dialog: at once if the INVITE had them, or the last one was challenged. */
struct slice sip_leg_authorize_within(struct leg *leg, enum sip_method method);
/* NULL: no room; what is left then is for hanging up. */
struct sip_transaction *sip_leg_open_request(struct leg *leg, enum sip_method method);
/* A 2xx to a request with credentials may name the next nonce. */
void sip_leg_learn(struct leg *leg, const struct sip_msg *response);
/*
 * Whether the request that was answered 401 or 407 is to be sent again, with credentials: only in
 * dialogs that we began, so that nobody can call us to collect answers to his challenges.
 */
bool sip_leg_meets_challenge(struct leg *leg, const struct sip_msg *response);

/* sip_uac.c */

void sip_uac_on_response(struct sip_ua *ua, struct sip_transaction *tx,
                         const struct sip_msg *response, const struct sip_target *source);
void sip_uac_on_timeout(struct leg *leg, const struct sip_transaction *tx);
/* Whether what this is about would go on to another server, or over another trunk. */
bool sip_uac_goes_elsewhere(const struct leg *leg, const struct sip_transaction *tx);
/* RFC 3261 8.1.3.1: as if it had been answered 503. */
void sip_uac_on_unsent(struct leg *leg, const struct sip_transaction *tx);
/* The ACK of a 2xx to an INVITE, within its dialog, now and whenever that comes again. */
void sip_uac_acknowledge(struct sip_ua *ua, struct sip_transaction *tx,
                         const struct sip_dialog *dialog, const struct sip_msg *response);
/* The ACK of 300-699. */
void sip_uac_acknowledge_failure(struct sip_ua *ua, struct sip_transaction *tx,
                                 const struct sip_msg *response);
/*
 * A final answer to an INVITE that nobody waits for (any more), of a further fork perhaps: it is
 * acknowledged, and who has answered is hung up on.
 */
void sip_uac_on_stray(struct sip_ua *ua, struct sip_transaction *tx, const struct sip_msg *response,
                      const struct sip_target *source);
/* In ua->out; the same again for the same arguments, but for credentials. */
struct slice sip_uac_compose_invite(struct leg *leg, const struct sip_transaction *tx,
                                    struct slice request_uri, struct slice sdp);
void sip_uac_cancel(struct leg *leg);

/* sip_uas.c */

void sip_uas_on_invite(struct sip_ua *ua, const struct sip_request *request);
void sip_uas_on_cancel(struct sip_ua *ua, const struct sip_request *request);
void sip_uas_on_ack(struct leg *leg, const struct sip_msg *ack);
void sip_uas_on_unacknowledged(struct leg *leg);
void sip_uas_reject(struct leg *leg, unsigned status, unsigned retry_after_s);
void sip_uas_say_given_up(struct leg *leg); /* 487 for the INVITE of a leg that has ended */
/* A server transaction for a request of this leg; else 503, or 513 for a head that is too long. */
unsigned sip_uas_open(struct leg *leg, const struct sip_request *request,
                      struct sip_transaction **out) MUST_CHECK;
int sip_uas_answer(struct leg *leg, struct sip_reply reply) MUST_CHECK;
int sip_uas_accept(struct leg *leg, const struct sdp_audio *ours) MUST_CHECK; /* 200 */
void sip_uas_answer_held(struct leg *leg); /* the 200 that waited for a PRACK */

/* sip_within.c */

void sip_within_on_request(struct leg *leg, const struct sip_request *request);

/* sip_prack.c */

bool sip_prack_is_wanted(const struct sip_msg *response);
bool sip_prack_is_next(struct leg *leg, const struct sip_msg *response);
/* The fork whose dialog the leg has; NULL: none, or one too many. */
struct leg_fork *sip_prack_fork(struct leg *leg);
void sip_prack_send(struct leg *leg, uint32_t rseq, bool is_described);
void sip_prack_on_response(struct leg *leg, const struct sip_transaction *tx,
                           const struct sip_msg *response);
void sip_prack_init(struct leg *leg, const struct sip_msg *invite);
/* One of ours waits for its PRACK and is sent until then. */
bool sip_prack_is_busy(const struct leg *leg);
/* ERR_STATE: one is under way (RFC 3262 3). */
int sip_prack_provisional(struct leg *leg, struct sip_reply reply) MUST_CHECK;
bool sip_prack_matches(const struct leg *leg, const struct sip_msg *prack);
void sip_prack_acknowledge(struct leg *leg, bool has_description);
/* True: the 200 has to wait. */
bool sip_prack_holds_answer(struct leg *leg, const struct sdp_audio *ours);
void sip_prack_stop(struct leg *leg);

/* sip_session.c */

/* What an INVITE of ours asks for. */
struct sip_session sip_session_wanted(const struct sip_ua *ua, const struct trunk *trunk);
/* What our 2xx to this request would say, `min_s` being the largest Min-SE so far: 0, or 422. */
unsigned sip_session_of_request(const struct sip_ua *ua, const struct trunk *trunk,
                                const struct sip_msg *request, uint32_t min_s,
                                struct sip_session *out);
/* What a 2xx to a request of ours says. */
struct sip_session sip_session_of_answer(const struct leg *leg, const struct sip_msg *response);
/* A 422: whether the request is to be sent again, with the interval that `session` has now. */
bool sip_session_meets_interval(struct leg *leg, const struct sip_msg *response);
/* A 2xx has been sent or has come: the session lasts so long from now on. */
void sip_session_begin(struct leg *leg, const struct sip_session *session);
void sip_session_resume(struct leg *leg, int64_t due_ms, int64_t refresh_due_ms);
void sip_session_stop(struct leg *leg);

/* sip_refresh.c */

/* UPDATE if the peer allows it, else a re-INVITE that changes nothing. */
void sip_refresh(struct leg *leg);
void sip_refresh_in(struct leg *leg, int64_t delay_ms);
/* In ua->out; the same again for the same description, but for credentials. */
struct slice sip_refresh_compose(struct leg *leg, const struct sip_transaction *tx, uint32_t cseq);
bool sip_refresh_is(const struct leg *leg, const struct sip_transaction *tx);
/* A re-INVITE of ours waits for its answer. */
bool sip_refresh_invites(const struct leg *leg);
void sip_refresh_on_response(struct leg *leg, struct sip_transaction *tx,
                             const struct sip_msg *response, const struct sip_target *source);
void sip_refresh_on_timeout(struct leg *leg);

#endif
