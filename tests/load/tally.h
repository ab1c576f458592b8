/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h - what became of the calls, by kind and reason, and how long things took.
 */
#ifndef MASKLINE_LOAD_TALLY_H
#define MASKLINE_LOAD_TALLY_H

#include <stdio.h>

#include "mix.h"

#define TALLY_BUCKETS  512 /* 16 for each doubling: within 6 % */
#define TALLY_FAILURES 64

enum delay {
        DELAY_RING,   /* INVITE sent to the first 180 or 183 */
        DELAY_ANSWER, /* the callee's 200 sent to the caller's received */
        DELAY_BYE,    /* BYE sent to its answer */
        DELAYS,
};

struct histogram {
        uint64_t count, max_us;
        uint64_t buckets[TALLY_BUCKETS];
};

struct failure {
        enum kind kind;
        char reason[32];
        uint64_t count;
};

struct tally {
        struct {
                uint64_t started, well, failed;
        } kinds[KINDS];
        struct failure failures[TALLY_FAILURES];
        uint32_t failure_count;
        struct histogram delays[DELAYS];

        uint64_t sent, received; /* messages; retransmissions are in both */
        uint64_t resent;         /* of ours */
        uint64_t leaks;          /* messages with a number of the other side's party */
        uint64_t wrong; /* with another number that they must not hold, or a call nobody made */
        uint64_t unreadable; /* no SIP */
        uint64_t strays;     /* of no call that goes on: late retransmissions */
        uint64_t waited;     /* arrivals for which no session was idle at once */
        uint64_t broken;     /* connections lost */
        uint64_t talk_sent, talk_heard,
                tones;    /* RTP packets: ours, the other end's, the system's */
        uint64_t crossed; /* RTP packets of another call, or with the other end's SSRC */
};

void tally_delay(struct tally *tally, enum delay what, int64_t us);
uint64_t tally_percentile(const struct histogram *histogram, double percent);

/* `reason` NULL: as it should be. */
void tally_call(struct tally *tally, enum kind kind, const char *reason);

uint64_t tally_started(const struct tally *tally);
uint64_t tally_ended(const struct tally *tally, uint64_t *failed);

/* One line "progress key=value ...". */
void tally_progress(const struct tally *tally, FILE *out);
/* Lines "kind NAME ...", "failed KIND REASON COUNT", "delay NAME ...", and one "total ...". */
void tally_report(const struct tally *tally, double seconds, uint64_t peak, FILE *out);

#endif
