/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_impl.h - what the two kinds of loop share; for src/io only.
 *
 * A kind embeds `struct io` and `struct io_udp` as first members and fills in the table. One turn
 * is: what came in, then timers, then posted work, then deferred tasks (io_end_turn).
 */
#ifndef MASKLINE_IO_IO_IMPL_H
#define MASKLINE_IO_IO_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "io/io.h"
#include "io/stream.h"
#include "io/timer_wheel.h"

#define IO_POSTS_MAX 4096

struct dns;

struct io_ops {
        bool is_simulated;
        void (*destroy)(struct io *io); /* frees io itself, after io_fini() */
        int64_t (*now_ms)(const struct io *io);
        int64_t (*wall_ms)(const struct io *io);
        int (*udp_open)(struct io *io, const struct addr *local, struct io_udp **out);
        void (*udp_close)(struct io_udp *udp);
        int (*udp_send)(struct io_udp *udp, const struct addr *to, struct slice data);
        void (*udp_drain)(struct io_udp *udp);
        int (*stream_connect)(struct io *io, const struct addr *local, const struct addr *peer,
                              const struct stream_options *options, struct stream **out);
        int (*stream_listen)(struct io *io, const struct addr *local, struct stream_listener **out);
        void (*stream_listener_close)(struct stream_listener *listener);
        void (*wake)(struct io *io); /* from any thread: posted work or a stop is waiting */
        void (*run)(struct io *io);
};

struct io_posted {
        void (*fn)(void *arg);
        void *arg;
};

struct io {
        const struct io_ops *ops;
        struct timer_wheel wheel;
        struct list deferred;
        struct list streams, listeners; /* owned once the io is destroyed; stream_impl.h */
        struct random random;
        struct io_counters counters;
        struct dns *dns; /* owned; NULL until a name is asked for (dns.c) */
        atomic_bool stopped;
        pthread_mutex_t posts_lock; /* over the four below */
        struct io_posted *posts;    /* owned; a ring of IO_POSTS_MAX */
        uint32_t posts_head, posts_count;
};

struct io_udp {
        struct io *io;
        struct addr local; /* as bound */
        io_udp_fn *fn;
        void *arg;
};

int io_init(struct io *io, const struct io_ops *ops, int64_t now_ms) MUST_CHECK;
void io_fini(struct io *io); /* what io_init took; posted work that has not run is dropped */

/* Calls what had been posted when it began; returns how many. */
unsigned io_run_posted(struct io *io);
bool io_has_posted(struct io *io);

void dns_destroy(struct dns *dns); /* NULL is fine */

/* Runs deferred tasks until none is left; returns how many. */
unsigned io_end_turn(struct io *io);

/* Hands a datagram to its socket and counts it. The socket may be closed when this returns. */
void io_udp_deliver(struct io_udp *udp, const struct addr *from, struct slice data);

/* Where the real loop receives: for one event, since one ends before the next begins. */
char *epoll_scratch(struct io *io, size_t *bytes);

#endif
