/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_sim.h - a world of simulated hosts: one virtual clock, one seed, a network that may lose,
 * duplicate, delay and reorder. Nothing sleeps: the world jumps to the next timer or datagram.
 */
#ifndef MASKLINE_IO_IO_SIM_H
#define MASKLINE_IO_IO_SIM_H

#include "io/io.h"

struct sim_world;

struct sim_network {
        int delay_ms, jitter_ms; /* one way */
        int loss_permille, duplicate_permille;
        uint32_t segment_bytes_max; /* streams arrive in pieces of 1 to this many bytes; 0: whole */
};

#define SIM_CUTS_MAX     16
#define SIM_WINDOW_BYTES 65536 /* of a stream under way at once; more waits at its sender */

int sim_world_create(uint64_t seed, struct sim_world **out) MUST_CHECK;
void sim_world_destroy(struct sim_world *world); /* and every io of it */
void sim_world_set_network(struct sim_world *world, const struct sim_network *network);

/*
 * A host: its sockets live on any address they bind. A datagram goes to the socket bound to its
 * address, else to one bound to any address on that port, else to nobody. So do streams; one to
 * nobody is refused. Loss makes a stream late, never wrong. io_destroy() closes the sockets and
 * resets the streams that are open, as a crash would. io_run() steps the whole world until io_stop().
 */
int io_create_sim(struct sim_world *world, struct io **out) MUST_CHECK;

/*
 * The host's own IP of one family: the source of what its sockets bound to any address send, and
 * then the only address on which they hear. Without one the source is 127.0.0.1 or ::1.
 */
void sim_set_ip(struct io *io, const struct addr *ip);

/*
 * Every datagram that is sent passes here first, lost ones included, and every piece of a stream;
 * for traces and canaries.
 */
typedef void sim_trace_fn(void *arg, const struct addr *from, const struct addr *to,
                          struct slice data);
void sim_world_on_datagram(struct sim_world *world, sim_trace_fn *fn, void *arg);
void sim_world_on_stream(struct sim_world *world, sim_trace_fn *fn, void *arg);

/*
 * Cuts the way between two IP addresses (`b` NULL: between `a` and everyone), both directions, or
 * mends it. Datagrams sent meanwhile are lost; streams wait, and end with -ETIMEDOUT when their
 * options say for how long. Asserts that at most SIM_CUTS_MAX are made.
 */
void sim_world_cut(struct sim_world *world, const struct addr *a, const struct addr *b);
void sim_world_mend(struct sim_world *world, const struct addr *a, const struct addr *b);

/* Both ends of the streams between the two IP addresses (NULL: anyone) see -ECONNRESET. */
void sim_world_reset_streams(struct sim_world *world, const struct addr *a, const struct addr *b);

/* Advances the clock by `ms`, running what falls due. */
void sim_world_run_ms(struct sim_world *world, int64_t ms);

/* Jumps to the next moment at which anything happens and runs it; false: nothing is left to do. */
bool sim_world_step(struct sim_world *world);
/* The same unless that is later than `until_ms`. */
bool sim_world_step_until(struct sim_world *world, int64_t until_ms);
int64_t sim_world_now_ms(const struct sim_world *world);

struct sim_counters {
        uint64_t sent, delivered, lost, duplicated;
        uint64_t to_nobody; /* no socket was bound there when it arrived */
};
const struct sim_counters *sim_world_counters(const struct sim_world *world);

/* UTC at the world's beginning, 2026-01-01T00:00:00Z. */
#define SIM_WALL_START_MS INT64_C(1767225600000)

/* Moves the wall clock of one host (not the monotonic one). */
void sim_set_wall_ms(struct io *io, int64_t wall_ms);

#endif
