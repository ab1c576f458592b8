/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.h - scenarios as text that reads like a call-flow diagram, played against a whole Maskline
 * by raw scripted peers. README.md in this folder describes the language.
 *
 * A flow is read whole and checked whole before anything of it is played. Playing is
 * deterministic: the same flow and seed send the same datagrams at the same times.
 */
#ifndef MASKLINE_TESTS_SCENARIO_FLOW_H
#define MASKLINE_TESTS_SCENARIO_FLOW_H

#include "platform.h"

#define FLOW_HEADERS_MAX 8
#define FLOW_CODECS_MAX  4
#define FLOW_SERVERS_MAX 5

enum flow_kind {
        /* before anything happens */
        FLOW_TRUNK,
        FLOW_PEER,
        FLOW_LIMIT,
        FLOW_SPEAK,
        FLOW_SERVERS, /* and later again: DNS has changed */
        /* what is done */
        FLOW_SEND,
        FLOW_AFTER,
        FLOW_SESSION,
        FLOW_END_SESSION,
        FLOW_POLICY,
        FLOW_SESSION_OF,
        FLOW_CHANGE,
        FLOW_REMOVE_NUMBER,
        FLOW_WALL,
        FLOW_DRAIN,
        FLOW_LEAVE,
        FLOW_CRASH,
        FLOW_HANG_UP,
        FLOW_TALK,
        FLOW_TALK_INTO,
        FLOW_QUIET,
        FLOW_VANISH,
        FLOW_PRESS,
        FLOW_CONNECT,
        FLOW_DISCONNECT,
        FLOW_WRITE,
        /* what is expected */
        FLOW_EXPECT,
        FLOW_HEARS,
        FLOW_DIGITS,
        FLOW_RECORD,
        FLOW_NO_RECORD,
        FLOW_COUNTER,
        FLOW_EXPLAINED,
        FLOW_KEYS_IN,
        FLOW_CONNECTIONS,
        FLOW_PINGS,
        FLOW_PONGS,
        FLOW_TRUNK_STATE,
        FLOW_REGISTRATION,
};

/* A description, sent or expected. Absent from a step: the message has none. */
struct flow_sdp {
        bool present;
        const char *codecs[FLOW_CODECS_MAX]; /* of an expected one: exactly these; none: any */
        unsigned codec_count;
        enum sdp_direction direction;
        bool is_held; /* c=0.0.0.0 or :: */
        bool is_ip4,
                is_ip6; /* neither: the family that its audio has had, or of its peer's address */
        bool is_same;   /* the one before, its version, too */
        bool no_dtmf;   /* without telephone-event */
        bool is_secure;
        bool has_video;    /* expected: it is refused */
        bool has_audio;    /* false: `fax` alone */
        bool is_broken;    /* cut short */
        unsigned ptime_ms; /* sent: and its packets are so long from now on; 0: 20 */
};

struct flow_header {
        enum {
                FLOW_WITH,    /* sent: added; expected: this value */
                FLOW_WITHOUT, /* sent: left out; expected: not there */
                FLOW_HAS,     /* expected: there */
        } how;
        const char *text; /* "Name: value" or the name */
};

struct flow_message {
        const char *method; /* of a request, or of what a response answers; NULL: the usual */
        unsigned status;    /* 0: a request */
        const char *number; /* whom the Request-URI names */
        const char *from;   /* whom From names */
        const char *tag;    /* of a fork: To tag of what the callee sends and gets */
        struct flow_sdp sdp;
        const char *digit;            /* INFO */
        const char *body_type, *body; /* another one */
        struct flow_header headers[FLOW_HEADERS_MAX];
        unsigned header_count;
        const char *as; /* the peer whose dialog it is of; NULL: the peer's own */
        bool is_again;
        bool is_lost;       /* on the way: whoever should get it does not */
        const char *proves; /* the password that it has credentials of */
        bool is_halved;     /* only the first half of it is sent */
        bool is_trickled;   /* byte by byte */
        bool is_looped;     /* carries the Vias of the INVITE that the peer got */
        bool is_rack;       /* PRACK of the last reliable answer */
        bool is_other_way;  /* the INVITE before on another branch: merged, RFC 3261 8.2.2.2 */
        unsigned bytes_max; /* 0: any */
        int64_t within_ms;  /* it comes at most so much later */
        int64_t after_ms;   /* again: exactly so much after the last time; -1: any */
};

struct flow_attempt {
        const char *trunk;
        enum cdr_attempt_end how;
};

struct flow_record {
        enum cdr_leg leg;
        unsigned call;      /* 1: the first one of the flow; 0: the last */
        long cause, status; /* -1: not said */
        long attempts;      /* the same */
        const char *source, *verdict;
        int answered; /* -1: not said */
        struct flow_attempt tried[CDR_ATTEMPTS_MAX];
        unsigned tried_count; /* 0: not said */
};

/* What DNS says of a name. */
struct flow_servers {
        struct {
                struct addr addr;
                uint16_t priority, weight;
        } rows[FLOW_SERVERS_MAX];
        unsigned count;
        enum trunk_transport ways[TRUNK_TRANSPORTS]; /* by NAPTR, the first to be taken first */
        unsigned way_count;                          /* 0: no NAPTR; SRV of UDP and TCP */
        uint32_t ttl_s;
        bool is_unreachable; /* it cannot be asked */
};

#define FLOW_PARTIES_MAX 8
#define FLOW_WORDS_MAX   16

/* Of a session of any model. */
struct flow_parties {
        const char *model;
        bool is_open;
        const char *names[FLOW_PARTIES_MAX];
        uint8_t sides[FLOW_PARTIES_MAX];
        const char *pins[FLOW_PARTIES_MAX]; /* NULL: none */
        unsigned count;
        const char *holds[FLOW_PARTIES_MAX]; /* the numbers of its slots, in their order */
        unsigned held_count;
};

/* What somebody who called now, or keyed in digits, would be told. */
struct flow_answer {
        const char *caller; /* NULL: withheld */
        const char *dialled;
        const char *digits; /* NULL: none */
        const char *verdict;
        const char *reaches, *shows, *told; /* NULL: not said */
        long times;
};

/* What is done to the session that was made last. */
enum flow_change {
        FLOW_RENEW,
        FLOW_REOPEN,
        FLOW_ERASE,
        FLOW_REPLACE, /* numbers[0] by numbers[1] */
        FLOW_ALIAS,   /* numbers[0] has numbers[1], too */
        FLOW_INTENT,  /* numbers[0] calls from numbers[1] */
        FLOW_BLOCK,   /* of no session: numbers[0] and numbers[1] are not to be connected ... */
        FLOW_UNBLOCK, /* ... or may be again */
};

struct flow_step {
        enum flow_kind kind;
        unsigned line;
        const char *text; /* as written */
        const char *who;  /* a peer, a trunk, a limit, a counter */
        const char *call; /* which of the peer's calls; "" usually */
        struct flow_message message;
        struct trunk trunk;
        char headers[TRUNK_HEADERS_BYTES + 1]; /* lines that its INVITEs get */
        char password[TRUNK_PASSWORD_BYTES];
        const char *overflow[TRUNK_OVERFLOW_MAX]; /* names; NULL ends them */
        struct addr address;
        struct flow_servers servers;
        struct flow_record record;
        struct flow_parties parties;
        struct flow_answer answer;
        int change;                        /* enum flow_change */
        const char *words[FLOW_WORDS_MAX]; /* of a policy: settings and values */
        unsigned word_count;
        const char *numbers[4];
        const char *word;
        int64_t value; /* milliseconds, or a count */
};

struct flow {
        const char *name; /* of the file */
        struct flow_step *steps;
        unsigned step_count;
        char *text, *words; /* owned: what the others point into */
};

#define FLOW_PROBLEM_BYTES 512

bool flow_has(const struct flow *flow, enum flow_kind kind); /* such a step */
bool flow_speaks_ip6(const struct flow *flow);

/* NULL when it cannot be read; `problem` (FLOW_PROBLEM_BYTES) then says file:line and why. */
struct flow *flow_read(const char *name, const char *text, char *problem);
void flow_destroy(struct flow *flow); /* NULL is fine */

/*
 * True when all went as written. Else `report` (NULL: nobody wants it) gets a text to be freed:
 * what was wrong, and a diagram of what happened beside what was expected.
 */
bool flow_play(const struct flow *flow, uint64_t seed, char **report);

/*
 * The calls of a flow on a bad network, by peers that repeat themselves until they are answered. Its
 * expectations only say in which order things are done; what is checked are the rules that hold
 * always: who is connected and who is heard, what is shown, what leaks, that nothing is done twice,
 * and that nothing is left.
 */
struct flow_weather {
        struct sim_network network;
        unsigned crashes, jumps; /* of the process, and of its wall clock by up to two hours */
        unsigned resets;         /* of all connections */
        enum trunk_transport transport; /* of all trunks and peers; UDP: as the flow says */
};
extern const struct flow_weather flow_calm;
extern const struct flow_weather flow_bad_network; /* loses, doubles and reorders */
extern const struct flow_weather flow_disasters;   /* and is the least of it */
bool flow_storm(const struct flow *flow, uint64_t seed, const struct flow_weather *weather,
                char **report);

/* The setting that a policy step has wrong, or why; NULL: none. */
const char *flow_policy_problem(const struct flow_step *step);

/* The number that a word of a flow means: "agent", "M1"; 0: none. */
uint64_t flow_number(const char *word);
uint64_t flow_number_or_digits(const char *word); /* 0: neither */

#endif
