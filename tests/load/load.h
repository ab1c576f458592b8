/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - the run, and a call with its two ends, as the files of the generator share them.
 *
 * The system under test is between the two ends and passes nothing from one to the other; what ties
 * them together here is the session that the numbers belong to (parties.h).
 */
#ifndef MASKLINE_LOAD_LOAD_H
#define MASKLINE_LOAD_LOAD_H

#include "link.h"
#include "parties.h"
#include "tally.h"
#include "wire/sdp.h"
#include "wire/sip_msg.h"

#define CALLS_MAX  65536
#define T1_MS      500
#define T2_MS      4000
#define GIVE_UP_MS 32000 /* a request without an answer: 64*T1 */

struct load;
struct voice;

enum side {
        CALLER_SIDE,
        CALLEE_SIDE,
};

enum leg_state {
        LEG_FREE,
        LEG_CALLING,  /* caller: INVITE sent; callee: it has come, no final answer was sent */
        LEG_ANSWERED, /* callee: 200 sent, no ACK yet */
        LEG_REFUSING, /* callee: another final answer sent, no ACK yet */
        LEG_UP,
        LEG_LEAVING, /* BYE sent */
        LEG_OVER,
};

/* The generator's end of one dialog with the system. */
struct leg {
        struct load *load;
        enum side side;
        enum leg_state state;
        struct call *call; /* NULL: a callee of a shared session */
        struct leg *next;  /* callee: in its bucket, or among the free ones */

        char call_id[128], our_tag[40], their_tag[96];
        char target[160];      /* their Contact */
        char route[256];       /* Route lines */
        char us[96], them[96]; /* URIs of From and To */
        int real, masking;     /* last digits of the only numbers that it may see; -1: any */
        struct origin peer;

        uint32_t cseq, invite_cseq; /* of our requests */
        enum sip_method pending; /* what of ours waits for its answer; SIP_METHOD_OTHER: nothing */
        int64_t pending_since_us;
        struct io_timer resend_timer, plan_timer;
        int64_t resend_ms, given_up_ms;
        size_t kept_bytes; /* what is sent again */
        char kept[1800];

        struct sdp_audio remote; /* as the system last described itself */
        bool has_remote;
        uint16_t rtp_port; /* of the system's, by which its packets are known; 0: none */
        enum ending ending;
        uint32_t steps; /* of its plan that are behind it */

        bool talks;
        struct io_timer voice_timer;
        uint16_t sequence;
        uint32_t timestamp, ssrc;
        uint32_t key_at; /* timestamp of the press that it sends or has heard last */
        int key_packets_left;
};

struct call {
        struct load *load;
        uint32_t index, generation;
        enum kind kind;
        struct session *session; /* NULL: none is needed */
        struct leg near;
        struct leg *far;                          /* NULL: not called yet, or over */
        enum ending far_ending;                   /* once it is over */
        uint16_t status;                          /* final, of the caller's INVITE */
        bool has_rung, is_cancelled, is_answered; /* answered: by the callee */
        unsigned keys_pressed, keys_heard;        /* heard: as they were pressed */
        bool near_heard, far_heard;               /* each the other's voice */
        int64_t started_us, answered_us;
        const char *problem; /* the first one */
        struct call *next_idle;
};

#define CALL_KEY 7 /* the key that is pressed */

struct load_options {
        double rate;
        uint64_t calls;
        int64_t ring_ms, hold_ms, no_answer_ms;
        unsigned talk_percent;
        struct addr target;
};

struct load {
        struct io *io;
        struct load_options options;
        struct mix mix;
        struct tally tally;
        struct parties parties;
        struct link *links[2]; /* by enum side */
        struct voice *voice;   /* NULL: nobody talks */
        uint32_t run;          /* tells the identifiers of one run from another's */
        bool is_stopping;      /* no further calls */
        bool is_leaving;       /* it ends when the last call has */

        struct call *calls, *idle;
        uint32_t busy, peak;
        struct leg *legs, *free_legs; /* of callees */
        struct leg *buckets[65536];

        struct io_timer arrivals;
        int64_t begin_us;
        void (*on_rest)(struct load *load, const struct session *session);
};

int64_t load_now_us(void);

/* leg.c: what both ends do in a dialog. */

/* Composes, sends, and sends again until it is answered. */
void leg_send_request(struct leg *leg, enum sip_method method, const char *content_type,
                      struct slice body);
void leg_send_ack(struct leg *leg, const struct sip_msg *answer);
/* Sends again what is kept, until leg_is_answered(). */
void leg_keep_sending(struct leg *leg);
void leg_is_answered(struct leg *leg);
void leg_bye(struct leg *leg);
/* Our description in this direction. */
struct slice leg_describe(struct leg *leg, enum sdp_direction direction, char *out, size_t bytes);
void leg_learn(struct leg *leg, const struct sip_msg *msg);
void leg_on_request(struct leg *leg, const struct origin *from, const struct sip_msg *msg);
/* An answer to something within the dialog; INVITE's first one is the caller's own. */
void leg_on_response(struct leg *leg, const struct sip_msg *msg);
void leg_over(struct leg *leg, enum ending ending);
void leg_after(struct leg *leg, int64_t ms, void (*fn)(void *leg));
/* Answers a request that came over a link. */
void answer_request(struct load *load, enum side side, const struct origin *from,
                    const struct sip_msg *msg, unsigned status, const char *tag);
void put_answer(struct load *load, enum side side, struct buf *b, const struct origin *from,
                const struct sip_msg *msg, unsigned status, const char *tag);

/* caller.c */
bool caller_start(struct load *load);
void caller_on_message(void *load, const struct origin *from, struct slice message);
/* What the caller does next, when something of the call has come to its end. */
void caller_go_on(struct leg *leg);

/* callee.c */
void callee_on_message(void *load, const struct origin *from, struct slice message);
void callee_forget(struct leg *leg); /* it is over */

/* call.c: from its beginning to its verdict. */
struct call *call_begin(struct load *load, enum kind kind);
void call_fail(struct call *call, const char *reason);
/* An end is over: the call is, too, once both are. */
void call_leg_over(struct call *call);
/* Looks for numbers that a message must not hold. */
void load_check(struct load *load, enum side side, struct slice text, int real, int masking);

#endif
