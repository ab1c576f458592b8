/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_saved.h - a leg as one flat value, so that another process can go on where this one was.
 *
 * What is saved is what the peers can know: the dialog, and the INVITE that has no final answer
 * yet or whose answer may not have arrived. A state is only good in a user agent with the keys of
 * the one that made it: tags and branches that are under way lead to the same places again.
 *
 *     saved as      of a leg that                    after sip_leg_restore()
 *     CALLING       has heard nothing yet            the INVITE is sent again, with its branch
 *     PROCEEDING    rings; or is being cancelled     its answer is awaited: cancel it again
 *     INCOMING      is not answered, or not          to be answered (again): the same answer for
 *                   acknowledged                     the same arguments
 *     CONFIRMED     is up, or has been sent a BYE    requests are answered: hang up again
 *
 * A message that keeps the peer from sending something again (an answer, an ACK) leaves after the
 * handler was told of what it is about: on_invite, on_changed or on_ended, in which it is saved.
 *
 * Of the transactions within the dialog only our own re-INVITE is saved: it is sent again with its
 * branch. A request that comes again is answered by what its CSeq says, a re-INVITE's missing ACK is
 * not waited for, and our UPDATE is made anew.
 */
#ifndef MASKLINE_SIP_SIP_SAVED_H
#define MASKLINE_SIP_SIP_SAVED_H

#include "sip/sip_dialog.h"
#include "sip/sip_ua.h"

#define SIP_CONTACT_MAX    96
/* What an answer repeats; the rest of a kept message is for routes, Contact and description. */
#define SIP_HEAD_BYTES_MAX 2560

/* Secret: who knows them can make tags and branches that lead to any leg. */
struct sip_ua_keys {
        struct sip_token_keys tokens;
        struct siphash_key reply, requests[2];
};
void sip_ua_keys_make(struct random *random, struct sip_ua_keys *out);

enum sip_saved {
        SIP_SAVED_CALLING,
        SIP_SAVED_PROCEEDING,
        SIP_SAVED_INCOMING,
        SIP_SAVED_CONFIRMED,
        SIP_SAVED_KINDS,
};

/* A session timer (RFC 4028). */
struct sip_session {
        uint32_t expires_s; /* 0: none */
        uint32_t min_s;     /* the largest Min-SE that was named; 0: none */
        bool is_ours;       /* we refresh */
};

/* Our reliable provisional answers to an INVITE (RFC 3262). */
struct sip_reliable {
        bool is_required;  /* the caller wants them */
        uint32_t rseq;     /* of the one that waits for its PRACK, else of the next */
        bool awaits_prack; /* the others say something of the one that waits */
        bool describes;    /* it has a description */
        bool offers;       /* which is an offer: the INVITE had none */
        bool is_settled;   /* offer and answer have been exchanged in one before */
};

/* Holds real numbers: for secret memory. */
struct sip_leg_state {
        enum sip_saved kind;
        bool is_dialled; /* never INCOMING, always CALLING and PROCEEDING */
        struct handle leg;
        uint32_t trunk_id;
        struct sip_sent_by local; /* ours, in Via and Contact */
        char contact[SIP_CONTACT_MAX];
        struct sip_dialog dialog;
        struct sip_session session; /* agreed, or asked for in an INVITE of ours */
        int64_t session_due_ms;     /* CONFIRMED: when it is given up, monotonic; 0: no timer */
        int64_t refresh_due_ms; /* CONFIRMED: when it is refreshed; 0: not by us, or under way */
        bool has_update;        /* the peer allows UPDATE */
        bool is_refreshing;     /* CONFIRMED: `invite` is our re-INVITE without its answer */
        struct sdp_origin origin;
        uint64_t described;
        struct sdp_audio said; /* of ourselves, last; if `described` */
        bool said_in_answer;   /* to `remote` */

        struct sip_attempts attempts; /* dialled */
        bool has_rung;                /* dialled: it stays where it is */
        bool has_other_route;         /* dialled: as in struct sip_dial */
        int64_t patience_ms;          /* CALLING: of the INVITE; 0: as long as RFC 3261 says */

        uint32_t invite_cseq;
        /* All but INCOMING: the INVITE's client transaction, while it still matters. */
        struct handle invite;
        struct sip_target peer; /* where the INVITE went, or its answers go; no connection */
        bool has_remote;        /* CONFIRMED: if its other media lines still have to be refused */
        struct sdp remote;

        /* INCOMING */
        uint64_t request_key[2], merge_key[2];
        struct sip_reliable reliable;
        uint16_t head_bytes;
        char head[SIP_HEAD_BYTES_MAX];
};

/* ERR_STALE; ERR_STATE: it has ended but for telling its owner. */
int sip_leg_save(struct sip_ua *ua, struct sip_leg leg, struct sip_leg_state *out) MUST_CHECK;

/* What an INVITE that is sent again needs beside the state: as in struct sip_dial. */
struct sip_redial {
        struct masking_number show;
        const struct sdp_audio *offer;
        struct addr_pair media;
        int max_forwards;
};

/*
 * The leg under the handle that it had. Nothing is told to the handler until something happens.
 * ERR_NOT_FOUND: its trunk is gone. ERR_STATE: another user agent's, or one that is here already.
 * ERR_FULL.
 */
int sip_leg_restore(struct sip_ua *ua, const struct sip_leg_state *state,
                    const struct sip_redial *redial, struct sip_leg *out) MUST_CHECK;

#endif
