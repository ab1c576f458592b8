/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_epoll.h - the real loop: epoll, eventfd, signalfd, non-blocking sockets.
 */
#ifndef MASKLINE_IO_IO_EPOLL_H
#define MASKLINE_IO_IO_EPOLL_H

#include "io/io.h"

int io_create_epoll(struct io **out) MUST_CHECK;

/*
 * Blocks `signal` and calls `fn` in the loop instead. Threads inherit the block, so this comes
 * before the first one is started.
 */
int io_on_signal(struct io *io, int signal, void (*fn)(void *arg, int signal),
                 void *arg) MUST_CHECK;

/*
 * Datagram sockets that another process keeps open for us. The loop owns `fd` from now on: the next
 * io_udp_open() of the address that it is bound to takes it, with whatever has arrived on it. One
 * that is no bound UDP socket is refused with -EINVAL and stays the caller's.
 */
int io_epoll_adopt_udp(struct io *io, int fd, struct addr *bound) MUST_CHECK;

/* The same of a TCP socket that listens, for the next one who would listen at its address. */
int io_epoll_adopt_listener(struct io *io, int fd, struct addr *bound) MUST_CHECK;
/* Such a socket that was adopted, and is the caller's from now on. ERR_NOT_FOUND. */
int io_epoll_take_listener(struct io *io, const struct addr *local, struct addr *bound,
                           int *fd) MUST_CHECK;

/* Binds a new socket, IPv6 for IPv6 only, and says where it is now. A negative errno. */
int io_epoll_bind(int fd, const struct addr *local, struct addr *bound) MUST_CHECK;
/* For the one who keeps: such a socket, bound as io_udp_open() binds them, close-on-exec. */
int io_epoll_bind_udp(const struct addr *local, struct addr *bound, int *fd) MUST_CHECK;
/* And one that listens for TCP. */
int io_epoll_bind_listener(const struct addr *local, struct addr *bound, int *fd) MUST_CHECK;

/* Any descriptor, for streams and libraries that bring their own sockets. */
struct io_fd;
enum {
        IO_READ = 1,
        IO_WRITE = 2,
        IO_HANGUP = 4, /* reported, never asked for: both directions are closed, or an error */
};
/* May unwatch anything. A hang-up is reported each turn until the descriptor is unwatched. */
typedef void io_fd_fn(void *arg, unsigned events);
int io_fd_watch(struct io *io, int fd, unsigned events, io_fd_fn *fn, void *arg,
                struct io_fd **out) MUST_CHECK;
void io_fd_set_events(struct io_fd *watch, unsigned events);
void io_fd_unwatch(struct io_fd *watch); /* does not close fd; NULL is fine */

#endif
