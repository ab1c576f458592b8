/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.h - one event loop: clocks, timers, datagrams, work posted from other threads.
 *
 * Two kinds implement it: io_epoll (the real one) and io_sim (a world of simulated hosts with one
 * virtual clock, io_sim.h). Everything above is the same code on either. An io belongs to one
 * thread; only io_post() and io_stop() may be called from another.
 */
#ifndef MASKLINE_IO_IO_H
#define MASKLINE_IO_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/random.h"
#include "base/slice.h"

struct io;

/*
 * NULL is fine. Deferred tasks still run; sockets must be closed; streams are aborted, and their
 * owners hear nothing; timers may be armed and never fire; posted work that has not run is dropped.
 */
void io_destroy(struct io *io);

/* Monotonic milliseconds, constant within one loop turn. */
int64_t io_now_ms(const struct io *io);

/*
 * UTC milliseconds since 1970, constant within one loop turn; may jump. For records and expiry,
 * never for intervals.
 */
int64_t io_wall_ms(const struct io *io);

struct random *io_random(struct io *io);

/* Timers. The struct is the caller's storage, zeroed before first use. */
struct io_timer {
        struct list node;
        int64_t due_ms;
        void (*fn)(void *arg);
        void *arg;
        bool armed;
};

/*
 * Calls `fn` once, at least delay_ms from now (0: in the next turn); re-arms when armed already.
 * Equal due times fire in the order they were started.
 */
void io_timer_start(struct io *io, struct io_timer *timer, int64_t delay_ms, void (*fn)(void *),
                    void *arg);
void io_timer_stop(struct io *io, struct io_timer *timer); /* not armed: nothing happens */
uint32_t io_timers_armed(const struct io *io);             /* walks all of them */

/* Runs `fn` at the end of this loop turn: where objects are destroyed. Caller's storage, zeroed. */
struct io_task {
        struct list node;
        void (*fn)(void *arg);
        void *arg;
        bool queued;
};
void io_defer(struct io *io, struct io_task *task, void (*fn)(void *), void *arg);
void io_defer_cancel(struct io *io, struct io_task *task);

/* Datagrams. */
struct io_udp;

/*
 * `data` and `from` live until the callback returns. Closing any socket inside it is allowed.
 */
typedef void io_udp_fn(void *arg, const struct addr *from, struct slice data);

/* Port 0 in `local`: any free one. -EADDRINUSE, -EACCES, -EADDRNOTAVAIL, -EMFILE ... */
int io_udp_open(struct io *io, const struct addr *local, io_udp_fn *fn, void *arg,
                struct io_udp **out) MUST_CHECK;
void io_udp_close(struct io_udp *udp); /* NULL is fine */
const struct addr *io_udp_local(const struct io_udp *udp);
void io_udp_set_handler(struct io_udp *udp, io_udp_fn *fn, void *arg);

/*
 * Never blocks; a full socket buffer, an ICMP error or an address of the other family is counted,
 * and the datagram is lost.
 */
void io_udp_send(struct io_udp *udp, const struct addr *to, struct slice data);

/* What has arrived and waits to be handed over is dropped: it was for whoever had the socket before. */
void io_udp_drain(struct io_udp *udp);

struct io_counters {
        uint64_t datagrams_in, datagrams_out;
        uint64_t send_failed;
        uint64_t receive_failed; /* errors that a socket reported instead of a datagram */
        uint64_t streams_in, streams_out;
        uint64_t streams_over_limit; /* closed at once: the listener had its streams_max */
        uint64_t streams_failed;     /* of those who connected: no memory, no descriptor */
};
const struct io_counters *io_counters(const struct io *io);

/* Thread-safe: `fn(arg)` runs in the loop's thread, in the order posted. ERR_FULL past 4,096. */
int io_post(struct io *io, void (*fn)(void *), void *arg) MUST_CHECK;
/* Takes back what was posted with this fn and arg and has not run yet. The loop's thread only. */
void io_post_cancel(struct io *io, void (*fn)(void *), void *arg);

/*
 * Runs until io_stop(), then finishes the turn it is in; a stop that came before is not lost. May
 * be called again afterwards. Signals are the application's (io_epoll.h: io_on_signal).
 */
void io_run(struct io *io);
void io_stop(struct io *io);

#endif
