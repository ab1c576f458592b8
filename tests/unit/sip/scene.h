/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h - one user agent and one scripted peer on a simulated network. The peer speaks raw text
 * and knows nothing of the code under test but its own parser, which reads all that is sent.
 */
#ifndef MASKLINE_TESTS_UNIT_SIP_SCENE_H
#define MASKLINE_TESTS_UNIT_SIP_SCENE_H

#include "io/io_sim.h"
#include "sip/sip_ua.h"
#include "wire/sip_msg.h"

#include "../unit.h"

#define TRUNK_ID 7

#define PARTY        "919888800001" /* who calls, or is called */
#define MASKING      "919000000001" /* what is dialled */
#define SHOWN        "919000000002" /* what the called party sees */
#define PARTY_E164   UINT64_C(919888800001)
#define MASKING_E164 UINT64_C(919000000001)
#define SHOWN_E164   UINT64_C(919000000002)

#define OFFER                                                                                      \
        "v=0\r\n"                                                                                  \
        "o=- 1 1 IN IP4 192.0.2.10\r\n"                                                            \
        "s=-\r\n"                                                                                  \
        "c=IN IP4 192.0.2.10\r\n"                                                                  \
        "t=0 0\r\n"                                                                                \
        "m=audio 30000 RTP/AVP 8 0 101\r\n"                                                        \
        "a=rtpmap:101 telephone-event/8000\r\n"

enum event_kind {
        EVENT_NONE,
        EVENT_INVITE,
        EVENT_PROGRESS,
        EVENT_ANSWERED,
        EVENT_CONFIRMED,
        EVENT_OFFER,
        EVENT_DESCRIBED,
        EVENT_DTMF,
        EVENT_ENDED,
};

struct event {
        enum event_kind kind;
        struct sip_leg leg;
        unsigned status; /* PROGRESS; ENDED: that of the end */
        bool has_sdp;
        uint16_t rtp_port; /* of the description */
        enum sip_end how;
        char digit;
        unsigned duration_ms;
        struct sip_invite invite;
};

#define EVENTS_MAX   64
#define DATAGRAM_MAX 8192
#define INBOX_MAX    64

struct scene {
        struct sim_world *world;
        struct io *io, *peer_io;
        struct sip_trunks *trunks;
        struct sip_ua *ua;
        struct trunk trunk;
        struct sdp_audio ours;

        struct io_udp *peer; /* 192.0.2.10:5060 */
        struct inbox {
                size_t bytes;
                char text[DATAGRAM_MAX];
        } inbox[INBOX_MAX];
        unsigned inbox_first, inbox_count;
        bool is_deaf;            /* what arrives is forgotten */
        char last[DATAGRAM_MAX]; /* the message taken last */
        struct sip_msg msg;      /* the same, parsed; its slices point into `last` */

        struct event events[EVENTS_MAX];
        unsigned event_first, event_count;
        unsigned invites, dials, ended; /* legs begun and ended */

        /* The dialog as the peer sees it. */
        char call_id[64], our_tag[64], remote_tag[96], target[128], branch[64];
        char invite_branch[64];
        unsigned cseq, branches;
        const char *from, *to; /* URIs of the peer's requests */
        const char *ip;        /* what the peer calls itself */

        /* What on_offer answers. */
        unsigned offer_status;
        bool hangs_up_on_offer;
        void (*on_event)(struct scene *s, const struct event *event); /* after it was noted */
};

int scene_setup(void **state);    /* the peer is a trunk's */
int scene_teardown(void **state); /* lets all timers run out: no leg and no transaction is left */

void scene_run(struct scene *s, int64_t ms);

/* Events of the user agent, in order; each must be looked at. */
struct event take_event(struct scene *s, enum event_kind kind);
void expect_no_event(struct scene *s);
void expect_ended(struct scene *s, struct sip_leg leg, enum sip_end how, unsigned status);

/* What the peer has received: the next one, parsed. Fails when there is none. */
const struct sip_msg *take_message(struct scene *s);
const struct sip_msg *take_status(struct scene *s, unsigned status);
const struct sip_msg *take_request(struct scene *s, enum sip_method method);
void expect_silence(struct scene *s);
void forget_messages(struct scene *s);
bool last_has(const struct scene *s, const char *text);
unsigned count_headers(const struct scene *s);                  /* of the message taken last */
unsigned count_lines(const struct scene *s, const char *start); /* that begin so */

/* Sends text as it is, from the peer or from elsewhere, and lets it arrive. */
void peer_send(struct scene *s, const char *text);
void peer_send_slice(struct scene *s, struct slice text);
void send_from(struct scene *s, const char *address, const char *text);

/*
 * Requests of the peer. `headers` are whole lines or ""; `body` NULL: none. A new call begins with
 * peer_invite(); the others are within the dialog.
 */
void peer_invite(struct scene *s, const char *headers, const char *body);
void peer_invite_again(struct scene *s); /* the same datagram */
void peer_request(struct scene *s, const char *method, const char *headers, const char *body);
void peer_request_again(struct scene *s);
void peer_ack(struct scene *s, const char *body); /* of a 2xx: a branch of its own */
void peer_ack_failure(struct scene *s);           /* of 300-699: the INVITE's branch */
void peer_cancel(struct scene *s);
void peer_learn(struct scene *s); /* remote tag and target from the last message */

/* Answers of the peer to the request taken last. `tag` "": none is added. */
void peer_reply(struct scene *s, unsigned status, const char *tag, const char *headers,
                const char *body);
void peer_compose_reply(char *out, const char *request, unsigned status, const char *tag,
                        const char *headers, const char *body);
void peer_reply_to(struct scene *s, const char *request, unsigned status, const char *tag,
                   const char *headers, const char *body);

/* Whole passages. */
struct sip_leg incoming_call(struct scene *s);  /* 100 was sent, on_invite called */
struct sip_leg answered_call(struct scene *s);  /* 200 was sent, no ACK yet */
struct sip_leg confirmed_call(struct scene *s); /* from the peer, ACK received */
struct sip_leg dialled_call(struct scene *s);   /* INVITE has arrived at the peer */
struct sip_leg connected_call(struct scene *s); /* dialled, answered with `tag` "callee" */
int dial(struct scene *s, struct sip_leg *leg);

#endif
