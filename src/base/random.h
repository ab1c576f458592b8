/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.h - where randomness comes from: the system, or a seed in tests and simulation.
 */
#ifndef MASKLINE_BASE_RANDOM_H
#define MASKLINE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
        void (*fill)(struct random *r, void *out, size_t bytes);
        uint64_t state[4];  /* the seeded kind's */
        uint8_t ahead[256]; /* the system kind reads ahead: one system call per 256 bytes */
        size_t ahead_left;
};

/* getrandom(2); unpredictable. Ends the process if the kernel has none to give. */
void random_init_system(struct random *r);

/* Reproducible; never for anything that must not be guessed. */
void random_init_seeded(struct random *r, uint64_t seed);

void random_fill(struct random *r, void *out, size_t bytes);
uint32_t random_u32(struct random *r);
uint64_t random_u64(struct random *r);

/* Evenly from 0 to bound - 1; bound must not be 0. */
uint32_t random_below(struct random *r, uint32_t bound);

#endif
