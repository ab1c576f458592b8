/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore.h - every order in which two peers, the clock and a crash can act upon one call, up to a
 * number of moves.
 *
 * A move is one thing that somebody does: a peer sends a message (a line of the flow language), time
 * passes until the next timer, the process is killed. A path is the moves in their order, one
 * character each, and that text is all there is to know about it: played again it gives the same.
 *
 * What is lost and what is late needs no move of its own. A peer does nothing by itself, so one that
 * has not got a message does as one that has got it and does not answer yet; and what peers may do
 * is judged by what may have reached them at most. A copy of an earlier message that arrives now is a
 * move (as is a second callee that answers, too), and a path has so many of them at most.
 *
 * The network takes no time: moves that do not touch each other lead to the same state in any order.
 * Each state is continued once. Two are the same when all of this is: every leg, transaction and call
 * byte by byte, but for what is only a name (pointers, handles, hashes of what peers chose, times
 * already written down) and with times as they are from now; what the peers sent and got; what the
 * checks remember. So whatever can follow, follows from both. They are compared by a 64-bit hash: of
 * a million states two different ones would be taken for one with a chance of one in 10^7.
 *
 * At each state the call is left to itself twice, until every timer has run out: once the peers fall
 * silent, once they do what they owe. Shorter paths come first, so the first failure is a shortest.
 */
#ifndef MASKLINE_TESTS_SCENARIO_EXPLORE_H
#define MASKLINE_TESTS_SCENARIO_EXPLORE_H

#include "flow_run.h"

#define EXPLORE_MOVES_MAX 40 /* in a path */

/* A message as either side counts it. */
enum message_kind {
        KIND_INVITE,
        KIND_REINVITE,
        KIND_ACK,
        KIND_CANCEL,
        KIND_BYE,
        KIND_UPDATE,
        KIND_PRACK,
        KIND_OTHER,
        /* answers */
        KIND_TRYING,
        KIND_RINGING,  /* 101-199 */
        KIND_RELIABLE, /* those of them that want a PRACK (RFC 3262) */
        KIND_OK,       /* 2xx to the INVITE */
        KIND_REFUSED,  /* 300-699 to it */
        KIND_REINVITE_OK,
        KIND_REINVITE_REFUSED,
        KIND_BYE_ANSWER,
        KIND_OTHER_ANSWER,
        MESSAGE_KINDS,
};

/* A fault put between Maskline and its peers, to see that the checks notice. */
enum plant {
        PLANT_NOTHING,
        PLANT_LOST_BYE, /* the callee is not hung up when the caller's CANCEL crossed its 200 */
        PLANT_SECOND_ANSWER, /* the caller gets a 486 after its 200, once both sides have hung up */
        PLANT_LOST_CHANNEL,  /* a trunk's channel stays taken when a caller hangs up early */
        PLANT_LEAK,          /* the callee's number goes to the caller after its re-INVITE */
        PLANT_LOST_ACK,      /* of the answer to a refresh */
        PLANT_ENDLESS,       /* a session timer is lost */
        PLANT_ANNOUNCING,    /* a caller who hung up is still counted as one who listens */
        PLANTS,
};

struct exploration {
        const char *scene; /* its name; NULL: every move is possible, and nobody hears ringback */
        unsigned depth;    /* moves after the scene's own */
        unsigned faults;   /* copies and second callees in a path */
        unsigned crashes;  /* in a path */
        enum plant plant;
};

struct explored {
        unsigned long states, paths;
        char path[EXPLORE_MOVES_MAX + 1]; /* that failed */
        char *report;                     /* to be freed; NULL: none failed */
};

/* True when no path failed. */
bool explore(const struct exploration *what, struct explored *out);
/* One path: true when it does not fail. `report` tells what happened in any case, to be freed. */
bool explore_path(const struct exploration *what, const char *path, char **report);
/* Where the call stands after it, as one number: equal when the same can follow. */
uint64_t explore_state(const struct exploration *what, const char *path);

/* ---- for explore_*.c ---- */

/* A request of a peer's and the final answer that it got. */
struct asked {
        char branch[64], method[16];
        unsigned cseq, status; /* 0: none yet */
        bool has_offer;
        size_t bytes; /* of the answer */
        uint64_t hash;
};

/* One dialog in which a 2xx went to or came from Maskline. */
struct talk {
        char tag[64]; /* To tag of the 2xx */
        int64_t since_ms;
        bool is_acknowledged, has_bye_sent, has_bye_got; /* by the peer */
        bool is_expected; /* Maskline had an INVITE under way that this answered */
};

#define ASKED_MAX 24
#define TALKS_MAX 4

struct side {
        const char *name;
        bool is_caller;
        struct flow_peer *peer;
        struct flow_call *call;
        unsigned sent[MESSAGE_KINDS], got[MESSAGE_KINDS]; /* different ones */
        int64_t sent_ms[MESSAGE_KINDS];
        bool owes_ack, owes_bye, owes_cancel;
        bool owes_prack;      /* the caller: itself; the callee: its answer */
        bool owes_answer;     /* the caller: a PRACK with a description, as our 180 made an offer */
        bool owes_settling;   /* the caller: a PRACK of a description, whichever */
        bool owes_ack_answer; /* an ACK with a description: our 2xx made an offer */
        bool owes_reinvite, owes_update;          /* an answer to ours */
        int64_t reinvited_ms;                     /* when it came */
        uint64_t to_acknowledge, acknowledged;    /* our re-INVITEs that were answered; by CSeq */
        unsigned fax_cseq;                        /* of a re-INVITE for T.38 */
        uint32_t rseq;                            /* of the last reliable answer that came */
        bool is_heard_ringing, is_heard_refusing; /* while Maskline waited for an answer */
        unsigned reliable_heard;                  /* then, and before a CANCEL */
        char forked[64];                          /* the other callee's tag, once it has answered */
        unsigned invite_cseq;                     /* of the call's first INVITE */
        struct asked asked[ASKED_MAX];
        unsigned asked_count;
        struct talk talks[TALKS_MAX];
        unsigned talk_count;
};

/* A path being played. */
struct play {
        const struct exploration *what;
        struct flow_run *run;
        struct side agent, customer;
        unsigned kits;
        unsigned faults, crashes; /* made */
        bool is_dutiful;          /* peers now do at once what they owe */
        bool must_expire;         /* a session that waits for its refresh */
        bool has_planted;
        unsigned moves;
        char path[EXPLORE_MOVES_MAX + 1];
};

/* Moves that only some scenes are about. */
enum kit {
        KIT_ALWAYS = 0,
        KIT_OFFERS = 1,  /* hold, offers of ours, T.38 */
        KIT_EARLY = 2,   /* a PRACK that makes an offer */
        KIT_TIMERS = 4,  /* sessions that are refreshed */
        KIT_REFUSED = 8, /* a caller who hears the announcement */
};

/* explore_moves.c */
struct move {
        char code;
        const char *line;
        bool (*may)(const struct play *play);
        void (*act)(struct play *play); /* instead of a line */
        unsigned faults, crashes, kit;
};
const struct move *explore_move_at(unsigned i); /* NULL: there are no more */
#define EXPLORE_WORDS 2                         /* a set of moves takes as many */
bool explore_may_invite(const struct play *play);
bool explore_may_answer(const struct play *play);
bool explore_has_dialog(const struct side *side);  /* the caller */
bool explore_is_answered(const struct side *side); /* the callee */
bool explore_may(const struct play *play, const struct move *move);
/* All that the side owes, by lines of the flow language. */
void explore_do_duty(struct play *play, struct side *side);
/* Plays a line, which is in the flow. */
void explore_send(struct play *play, const char *line);
/* The flow: the scene, every line that may be played. To be freed. */
char *explore_flow_text(void);

/* explore_check.c */
void explore_on_message(struct flow_event *event);
void explore_note_sent(struct play *play, struct side *side, const struct flow_event *event);
void explore_check_step(struct play *play);
void explore_check_end(struct play *play);

/* explore_within.c: offers, refreshes and refused callers */
extern const struct move explore_moves_within[];
extern const unsigned explore_moves_within_count;
bool explore_is_refused(const struct play *play); /* the caller is none of the session's parties */
void explore_note_within(struct play *play, struct side *side, const struct sip_msg *msg);
void explore_check_request_within(struct play *play, struct side *side, const struct sip_msg *msg);
void explore_check_answer_within(struct play *play, struct side *side, const struct asked *asked,
                                 const struct sip_msg *msg);
void explore_check_glare(struct play *play, const struct side *side, const struct asked *asked,
                         const struct sip_msg *msg);
void explore_note_session(struct play *play); /* before all fall silent */
void explore_check_session(struct play *play);
void explore_check_within_end(struct play *play, const struct side *side);

/* explore_reliable.c: provisional answers that want a PRACK (RFC 3262) */
bool explore_is_reliable(const struct sip_msg *msg);
bool explore_has_final(const struct side *side);
void explore_check_prack(struct play *play, struct side *side, const struct sip_msg *prack);
void explore_check_prack_answer(struct play *play, const struct side *side,
                                const struct sip_msg *answer);
/* Any answer to an INVITE, before it is counted. */
void explore_check_reliable(struct play *play, struct side *side, const struct sip_msg *msg);
/* What the callee has said is acknowledged, and its answer passed on, at once. */
void explore_check_nothing_waits(struct play *play);

/* explore_state.c */
uint64_t explore_digest(const struct play *play);
/* When the next timer of signalling falls due; false: none is armed. */
bool explore_next_timer(const struct play *play, int64_t *at_ms);
/* Whether an INVITE of Maskline's waits for an answer, or takes further ones. */
bool explore_has_invite_out(const struct play *play);

#endif
