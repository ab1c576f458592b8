/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_run.h - a flow while it is played: peers, their calls, and all that has happened so far.
 *
 * Private to flow_*.c. What happened is one list in the order of time; a peer's inbox are those of
 * its entries that no step has taken yet, and the diagram is the list printed.
 */
#ifndef MASKLINE_TESTS_SCENARIO_FLOW_RUN_H
#define MASKLINE_TESTS_SCENARIO_FLOW_RUN_H

#include "flow.h"
#include "io/stream.h"
#include "sounds.h"
#include "wire/sip_frame.h"

#define FLOW_PEERS_MAX   6
#define FLOW_CALLS_MAX   8
#define FLOW_LINKS_MAX   8
#define FLOW_LOG_MAX     4000
#define FLOW_TEXT_BYTES  8192
#define FLOW_FIELD_BYTES 256
#define FLOW_PTIME_MS    20

struct flow_run;
struct flow_peer;

/* A call as its peer sees it. */
struct flow_call {
        struct flow_peer *peer;
        char label[16];
        bool is_open; /* the fields below are of a dialog, or of what may become one */
        char call_id[FLOW_FIELD_BYTES];
        char our_tag[64], their_tag[FLOW_FIELD_BYTES];
        char our_uri[FLOW_FIELD_BYTES], their_uri[FLOW_FIELD_BYTES], target[FLOW_FIELD_BYTES];
        unsigned cseq;
        char invite_branch[64], invite_uri[FLOW_FIELD_BYTES]; /* of our last INVITE */
        unsigned invite_cseq, invite_status;
        char method[16]; /* of our last request but ACK */

        /* audio */
        struct io_udp *rtp;
        struct addr rtp_ip; /* family 0: the peer's own */
        struct io_timer pace;
        struct addr remote;            /* where its audio goes */
        struct sdp_audio ours, theirs; /* as described last */
        bool may_talk, is_quiet;
        enum sdp_direction direction; /* as we said last */
        unsigned frame_ms;            /* of its packets */
        uint16_t sequence;
        uint32_t timestamp;
        unsigned sdp_version;
        char sdp[2048]; /* as we said last */
        uint64_t their_version;
        unsigned heard[SOUNDS]; /* in units of 20 ms */
        char digits[32];
        uint32_t event_timestamp; /* of the last digit */
};

/* A connection of a peer that speaks TCP or TLS. */
struct flow_link {
        struct flow_peer *peer;
        struct stream *stream; /* NULL: none */
        char in[2 * FLOW_TEXT_BYTES];
        size_t bytes;
        struct sip_framer framer;
};

struct flow_peer {
        struct flow_run *run;
        const char *name;
        struct addr addr;
        char number[32]; /* as it is written in From, with + */
        enum sound voice;
        struct io_udp *udp;
        enum trunk_transport speaks;      /* UDP, TCP or TLS */
        struct stream_listener *listener; /* owned; of a stream */
        struct flow_link links[FLOW_LINKS_MAX];
        struct flow_link *link; /* used last; NULL: none */
        unsigned losses;        /* of connections */
        unsigned pings, pongs;  /* that came */
        bool has_vanished;
        struct flow_call calls[FLOW_CALLS_MAX];
};

/* A datagram that went from a peer or came to it. */
struct flow_event {
        int64_t at_ms;
        struct flow_peer *peer;
        struct flow_call *call; /* NULL: not known (yet) */
        bool is_sent;
        bool is_taken;                /* sent, or expected by a step */
        const struct flow_step *step; /* NULL: nobody expected it */
        char *text;                   /* owned, terminated */
        size_t bytes;
};

struct flow_run {
        const struct flow *flow;
        const struct flow_step *step; /* being played */
        struct platform *platform;
        struct io *io; /* the peers' */
        struct flow_peer peers[FLOW_PEERS_MAX];
        unsigned peer_count;
        struct flow_event events[FLOW_LOG_MAX];
        unsigned event_count;
        unsigned branches, rtp_ports;
        struct flow_storm *storm; /* NULL: everything goes as written */
        /* Told of each message that comes to a peer; NULL: steps expect them. */
        void (*on_message)(struct flow_event *event);
        void *player; /* on_message's */
        bool is_mute; /* nobody talks: there is no audio but ours */
        int64_t started_ms;
        uint64_t session;
        char problem[2 * FLOW_PROBLEM_BYTES];
        bool has_failed;
};

/* The first problem stays. */
void flow_fail(struct flow_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* flow_peer.c */
void flow_peer_open(struct flow_run *run, const char *name, const struct addr *addr,
                    const char *number, enum sound voice);
struct flow_peer *flow_peer_find(struct flow_run *run, const char *name);
struct flow_call *flow_call_get(struct flow_peer *peer, const char *label);
/* The call that a step is about: the peer's own, or another peer's in whose name it speaks. */
struct flow_call *flow_call_meant(struct flow_peer *peer, const struct flow_step *step);
struct flow_call *flow_call_of(struct flow_peer *peer, struct slice call_id); /* or NULL */
const struct flow_event *flow_inbox(const struct flow_run *run, const struct flow_peer *peer);
void flow_peer_get(struct flow_peer *peer, struct slice data); /* a message has come */
void flow_peer_send(struct flow_peer *peer, const struct flow_step *step);
void flow_peer_say(struct flow_peer *peer, struct slice text); /* a message, as it stands */
/* The call has got this message: tags, target and where to send audio are learnt from it. */
void flow_call_learn(struct flow_call *call, const struct sip_msg *msg);
/* The last one of this call that was sent or taken and begins so; CSeq's method is `method`. */
const struct flow_event *flow_last(const struct flow_run *run, const struct flow_call *call,
                                   bool is_sent, const char *start, const char *method);

/* What a PRACK of this call would acknowledge; false: nothing. */
bool flow_last_reliable(const struct flow_call *call, unsigned *rseq, unsigned *cseq);

/* The request that a response would answer; NULL: there is none. */
const struct flow_event *flow_answers(struct flow_call *call, const struct flow_message *m);

/* flow_stream.c */
void flow_stream_listen(struct flow_peer *peer, enum trunk_transport speaks);
void flow_stream_close(struct flow_peer *peer);
void flow_stream_connect(struct flow_peer *peer);
void flow_stream_disconnect(struct flow_peer *peer); /* all, by a reset */
void flow_stream_say(struct flow_peer *peer, struct slice text, bool is_trickled);
unsigned flow_stream_count(const struct flow_peer *peer);

/* flow_play.c */
struct flow_run *flow_run_create(const struct flow *flow, const struct platform_options *options);
void flow_run_destroy(struct flow_run *run);
void flow_play_step(struct flow_run *run, const struct flow_step *step);

/* flow_ask.c */
void flow_ask(struct flow_run *run, const struct flow_step *step);

/* flow_storm.c */
void flow_storm_on_datagram(struct flow_run *run, const struct addr *from, const struct addr *to,
                            struct slice data);
/* What a peer that speaks TCP or TLS has sent or got. */
void flow_storm_on_streamed(struct flow_run *run, bool is_ours, struct slice message);

/* flow_dns.c: what it says at first, and what a process that begins in the midst of it finds. */
void flow_dns_begin(struct flow_run *run);
void flow_dns_begin_again(struct flow_run *run);
void flow_dns_change(struct flow_run *run, const struct flow_step *step);

/* flow_proof.c: why the credentials of a request are none of this password; NULL: they are. */
const char *flow_proof_problem(const char *request, const char *password);

/* flow_expect.c */
void flow_expect(struct flow_peer *peer, const struct flow_step *step);
bool flow_shows_masking_number(struct flow_run *run, const struct sip_msg *msg);

/* flow_sdp.c */
void flow_sdp_write(struct flow_call *call, const struct flow_sdp *sdp, struct buf *b);
void flow_sdp_check(struct flow_call *call, const struct flow_sdp *expected,
                    const struct sip_msg *msg);

/* flow_audio.c */
void flow_audio_open(struct flow_call *call);
/* From now on at its side's address of this family, 0: where it is. */
void flow_audio_move(struct flow_call *call, uint8_t family);
void flow_audio_close(struct flow_call *call);
void flow_audio_learn(struct flow_call *call, const struct sdp *theirs);
/* From now on its voice goes where that of another call should go. */
void flow_audio_intrude(struct flow_call *call, const struct flow_call *victim);
void flow_audio_press(struct flow_call *call, char digit);

/* flow_diagram.c */
char *flow_diagram(const struct flow_run *run);

/* flow_provision.c: a policy, a session of any model, a change of it. */
void flow_provision(struct flow_run *run, const struct flow_step *step);

#endif
