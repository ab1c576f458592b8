/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - telephones on both sides of a whole Maskline on a simulated network (platform.h). They
 * are made of our own floors below call/, used from the other side.
 *
 * Every datagram passes through the world, which counts what each telephone heard.
 */
#ifndef MASKLINE_TESTS_SCENARIO_WORLD_H
#define MASKLINE_TESTS_SCENARIO_WORLD_H

#include "platform.h"

enum who {
        WHO_AGENT,
        WHO_CUSTOMER,
        WHO_STRANGER,
        PHONES,
};

/* How a telephone treats a call that comes in. */
enum manner {
        ANSWERS, /* 180, and 200 after a second */
        ANSWERS_AT_ONCE,
        IS_BUSY, /* 486 */
        RINGS_FOREVER,
        IS_DEAD, /* does not even answer the INVITE */
};

struct phone {
        struct world *world;
        enum who who;
        struct addr address;
        struct io *io;
        struct sip_trunks *trunks;
        struct sip_ua *ua;
        struct media *media;
        enum manner manner;
        uint64_t number;

        /* the call it is in */
        struct sip_leg leg;
        struct media_leg media_leg;
        struct sdp_audio local;
        bool has_leg, has_media;
        struct io_timer answer_timer;

        /* what it saw, since phone_forget() */
        uint32_t rang, progressed, answered, confirmed, ended;
        uint64_t shown;  /* the number of the caller, 0: none */
        unsigned status; /* final answer to its call */
        enum sip_end how;
        uint32_t heard[PHONES]; /* packets with the voice of each telephone */
        uint32_t heard_ringback, heard_refusal, heard_other;
        uint64_t digits; /* key presses received, as a decimal number */
};

struct world {
        struct platform *platform; /* owned */
        uint32_t sip_datagrams;    /* to and from it */
        struct phone phones[PHONES];
        uint64_t session;
};

/* How the callee is reached. */
enum way {
        WAY_DIRECT,
        WAY_LINE,     /* one call a second, others wait */
        WAY_OVERFLOW, /* nobody answers on the trunk of the number shown, another one carries it */
        WAY_FAILOVER, /* nobody answers at the first of two servers */
};

struct world_options {
        uint64_t seed;
        struct sim_network network;
        uint32_t announcements_max; /* 0: 10 */
        uint32_t channels_max;      /* of north; 0: no limit */
        uint32_t calls_max;         /* 0: 16 */
        uint32_t same_pair_max;     /* 0: 2 */
        int64_t ring_timeout_ms;    /* 0: 45,000 */
        int64_t call_ms_max;        /* 0: 14,400,000 */
        enum way way;               /* to the customer */
        bool survives;              /* a crash of the platform */
        int64_t commit_ms;          /* of its disk */
};

struct world *world_create(const struct world_options *options);
void world_destroy(struct world *world); /* asserts that nothing is left anywhere */
void world_run_ms(struct world *world, int64_t ms);
/* Runs until every call is over, at most five simulated minutes. */
void world_settle(struct world *world);

uint64_t world_session(struct world *world, int64_t expires_in_ms); /* agent and customer */
void world_end_session(struct world *world);

void phone_dial(struct phone *phone, uint64_t number);
void phone_hangup(struct phone *phone);
void phone_vanish(struct phone *phone); /* its media is gone, its signalling stays */
void phone_press(struct phone *phone, char digit);
void phone_forget(struct phone *phone);

/* The call records of the last call; waits for them. */
struct records world_last_call(struct world *world);

#endif
