/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_sim_impl.h - the simulated world from inside: for io_sim.c and stream_sim.c.
 */
#ifndef MASKLINE_IO_IO_SIM_IMPL_H
#define MASKLINE_IO_IO_SIM_IMPL_H

#include "io/io_impl.h"
#include "io/io_sim.h"

struct sim_cut {
        struct addr a, b; /* b of family 0: whoever */
};

struct sim_world {
        struct random random;
        struct timer_wheel in_flight;
        struct list hosts, sockets, flights;
        struct list conns; /* streams as a pair of ends, stream_sim.c */
        struct sim_network network;
        struct sim_counters counters;
        int64_t now_ms;
        uint16_t next_port;
        struct sim_cut cuts[SIM_CUTS_MAX];
        unsigned cuts_count;
        sim_trace_fn *on_datagram, *on_stream;
        void *on_datagram_arg, *on_stream_arg;
};

struct sim_host {
        struct io io;
        struct sim_world *world;
        struct list node; /* in world->hosts */
        int64_t wall_offset_ms;
        struct addr ip4, ip6; /* family 0: not set */
};

struct sim_host *sim_host_of(const struct io *io);

/* The source address, without port, of what is bound to any address of this family. */
const struct addr *sim_own_ip(const struct io *io, uint8_t family);

/* Whether what the host bound to `local` hears what is sent to `to`; best: to no other address. */
bool sim_hears(const struct io *io, const struct addr *local, const struct addr *to);

/* Throws a die of the world. */
bool sim_happens(struct sim_world *world, int permille);
bool sim_is_cut(const struct sim_world *world, const struct addr *a, const struct addr *b);
void sim_end_turns(struct sim_world *world);
uint16_t sim_next_port(struct sim_world *world);

/* stream_sim.c, for the table. */
int sim_stream_connect(struct io *io, const struct addr *local, const struct addr *peer,
                       const struct stream_options *options, struct stream **out) MUST_CHECK;
int sim_stream_listen(struct io *io, const struct addr *local,
                      struct stream_listener **out) MUST_CHECK;
void sim_stream_listener_close(struct stream_listener *listener);
void sim_streams_cut(struct sim_world *world); /* a cut was made or mended */

#endif
