/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_compose.h - every message of ours, composed from values its own leg or transaction owns.
 *
 * A buffer that overflows stays unsent: who sends asks buf_ok().
 */
#ifndef MASKLINE_SIP_SIP_COMPOSE_H
#define MASKLINE_SIP_SIP_COMPOSE_H

#include "base/buf.h"
#include "core/trunk.h"
#include "sip/sip_dialog.h"
#include "wire/sip_msg.h"

#define SIP_URI_BYTES (TRUNK_HOST_BYTES + 112)

/* Our host in a URI: "192.0.2.1:5060", "192.0.2.1:5061;transport=tls". */
void sip_compose_sent_by(struct buf *b, const struct sip_sent_by *local);
/* "sip:+919000000001@192.0.2.1:5060", or without user when there is no number. */
void sip_compose_our_uri(struct buf *b, struct masking_number number, const struct trunk *trunk,
                         const struct sip_sent_by *local);
struct sip_invite_text {
        const struct sip_dialog *dialog;
        struct slice request_uri;
        const struct trunk *trunk; /* its template says what identifies us, and how */
        struct masking_number show;
        struct slice extra;       /* whole header lines that the trunk wants; empty: none */
        struct sip_sent_by local; /* Via */
        struct slice branch;
        struct slice contact; /* URI of ours */
        uint32_t cseq;
        struct slice authorization; /* a whole header line; empty: none */
        int max_forwards;
        bool has_prack;             /* reliable provisional answers are welcome */
        uint32_t session_expires_s; /* 0: no timer is asked for */
        uint32_t min_se_s;          /* 0: none */
        struct slice sdp;
};
void sip_compose_invite(struct buf *b, const struct sip_invite_text *invite);

/* The host of the trunk's peer as it stands in a URI. */
void sip_compose_peer_host(struct buf *b, const struct trunk *trunk, bool has_port);

struct sip_register_text {
        struct sip_sent_by local; /* Via */
        struct slice branch;
        struct slice registrar, of_record, contact; /* URIs */
        struct slice tag, call_id;
        uint32_t cseq;
        uint32_t expires_s;         /* 0: to be forgotten */
        struct slice authorization; /* a whole header line; empty: none */
};
void sip_compose_register(struct buf *b, const struct sip_register_text *text);

/* What stands for a user name in a URI (RFC 3261 25.1). */
void sip_compose_username(struct buf *b, const char *username);

/* OPTIONS, or a REGISTER that only asks (RFC 3261 11.1, 10.2.3). */
struct sip_probe_text {
        enum sip_method method;
        struct sip_sent_by local; /* Via */
        struct slice branch;
        struct slice uri, from, to; /* URIs */
        struct slice tag, call_id;
        uint32_t cseq;
        struct slice authorization; /* a whole header line; empty: none */
};
void sip_compose_probe(struct buf *b, const struct sip_probe_text *text);

/*
 * CANCEL of an INVITE of ours, as it was sent, and the ACK of a final answer 300-699 to it (RFC 3261
 * 9.1, 17.1.1.3).
 */
void sip_compose_cancel(struct buf *b, struct slice invite, uint32_t cseq);
void sip_compose_failure_ack(struct buf *b, struct slice invite, const struct sip_msg *response);

/* ACK of a 2xx and all other requests within the dialog, by its route set (RFC 3261 12.2.1.1). */
struct sip_in_dialog_text {
        enum sip_method method;
        const struct sip_dialog *dialog;
        struct sip_sent_by local; /* Via */
        struct slice branch;
        uint32_t cseq;
        struct slice authorization; /* a whole header line; empty: none */
        /* INVITE and UPDATE */
        struct slice contact; /* URI; empty: none */
        uint32_t session_expires_s, min_se_s;
        struct slice sdp;
        uint32_t rack_rseq, rack_cseq; /* PRACK */
};
void sip_compose_in_dialog(struct buf *b, const struct sip_in_dialog_text *request);
/* Their Request-URI. */
struct slice sip_compose_in_dialog_uri(const struct sip_dialog *dialog);

/*
 * What every answer to this request repeats: Via set with received and rport (RFC 3581), From, To,
 * Call-ID, CSeq. `tag` goes into To if it has none.
 */
void sip_compose_head(struct buf *b, const struct sip_msg *request, const struct addr *source,
                      struct slice tag);

struct sip_reply {
        unsigned status;
        struct slice head;
        const struct sip_dialog *record_route; /* the request's route set, repeated; or NULL */
        struct slice contact;                  /* URI; empty: none */
        bool has_allow;
        bool has_accept;
        bool has_supported;
        bool has_accept_dtmf; /* Accept of INFO */
        struct slice unsupported;
        unsigned retry_after_s;     /* 0: none */
        unsigned min_se_s;          /* 0: none */
        unsigned session_expires_s; /* 0: none */
        bool session_is_ours;       /* we refresh */
        uint32_t rseq;              /* 0: no reliable answer */
        struct slice sdp;
};
void sip_compose_reply(struct buf *b, const struct sip_reply *reply);

#endif
