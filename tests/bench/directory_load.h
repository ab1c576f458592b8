/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_load.h - a directory with as many live sessions as a bench wants, on a store that keeps
 * nothing: what is measured is memory and the processor, not a disk.
 *
 * Party i of 2^18 has a session with another one again and again; no pair of numbers is ever short.
 */
#ifndef MASKLINE_BENCH_DIRECTORY_LOAD_H
#define MASKLINE_BENCH_DIRECTORY_LOAD_H

#include "io/io_sim.h"
#include "store/directory.h"
#include "store/seal.h"

#define LOAD_PARTIES (1u << 18)
#define LOAD_NUMBERS 100

struct load {
        struct sim_world *sim;
        struct io *io;
        struct vault *vault; /* the directory's */
        struct directory *dir;
        uint32_t created;
        /* Of the sessions, in the order of creating. */
        uint32_t (*party)[2];              /* owned */
        struct masking_number (*dials)[2]; /* owned */
};

/* Ends the program when it can't. */
void load_open(struct load *load, uint32_t sessions_max);
void load_close(struct load *load);

struct real_number load_party(uint32_t i);

/* One more session; how long the call that creates it took, in ns of the processor. */
uint64_t load_create(struct load *load);

uint64_t load_cpu_ns(void);

#endif
