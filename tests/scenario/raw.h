/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raw.h - a caller that is no telephone: it says what it is told, in text, and answers BYE.
 */
#ifndef MASKLINE_TESTS_SCENARIO_RAW_H
#define MASKLINE_TESTS_SCENARIO_RAW_H

#include "world.h"

struct raw {
        struct world *world;
        struct io *io;
        struct io_udp *sip, *rtp;
        char at[32], media[64]; /* "127.0.0.11:5081", and what its descriptions say of RTP */
        char from[96];          /* a URI */
        uint64_t dialled;
        char to_tag[64], target[96];
        unsigned cseq, branches;

        unsigned status;      /* of the last final answer to an INVITE */
        char direction[16];   /* of the description in it: "sendrecv" ...; "": none */
        unsigned byes;        /* new ones that came in */
        unsigned bye_cseq;    /* of the last */
        unsigned rtp_packets; /* that came in */
};

/* On `port` of `ip`, which decides the trunk; its RTP is on the next even port. */
void raw_open(struct world *world, struct raw *raw, const char *ip, uint16_t port);
void raw_close(struct raw *raw);

/* `description` is a direction, or NULL: none at all. `headers`: whole lines, or "". */
void raw_invite(struct raw *raw, const char *from, uint64_t dialled, const char *headers,
                const char *description);
/* Within the dialog that the last 2xx made; an INVITE is acknowledged by raw_ack(). */
void raw_request(struct raw *raw, const char *method, const char *description);
void raw_ack(struct raw *raw, const char *description);

#endif
