/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reuse_world.h - the model of docs/design/how-many-numbers.md, played: who calls whom, and who redials
 * when it is over. Numbers are chosen by core/alloc.
 *
 * 1,500 and 6,000 parties, one session a second that is held for 15 minutes on average; each party redials
 * in 15 % of its sessions, 20 minutes on average after the end.
 */
#ifndef MASKLINE_BENCH_REUSE_WORLD_H
#define MASKLINE_BENCH_REUSE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/session.h"

#define REUSE_SESSIONS_MAX 40000
#define REUSE_NUMBERS_MAX  512
#define REUSE_REDIAL_S     1200.0

/* How numbers are given again. */
struct reuse_way {
        const char *name;
        enum session_model model;
        int64_t pair_ms;   /* quarantine of the pair */
        int64_t number_ms; /* of the whole number */
        uint32_t numbers;  /* 0: as many as it takes, the first that is free */
};

/* One that was served; of the others there is nothing to tell. */
struct reuse_session {
        uint32_t party[2], number[2];
        int64_t start_ms, end_ms;
        bool was_served, is_live;
};

struct reuse_result {
        uint32_t creates, refused;
        uint32_t redials,
                strangers; /* redials that reached somebody else than the party that was meant */
        uint32_t most;     /* pairs that one party held at once: D of what was served */
        uint32_t touched;  /* numbers that were given to anybody */
        const struct reuse_session *sessions; /* `creates` of them, until the next run */
        const int64_t *delays_ms;             /* of the redials, from the end of the session */
};

void reuse_open(void); /* ends the program without memory */
void reuse_close(void);

/* `sessions` creates, by a pool of `numbers`; the same seed brings the same people at the same times. */
struct reuse_result reuse_run(const struct reuse_way *way, uint32_t sessions, uint32_t numbers,
                              uint64_t seed);

#endif
