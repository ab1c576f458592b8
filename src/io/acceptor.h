/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acceptor.h - a listening TCP socket, and the clients that connect to it. For http_server.c and
 * stream_epoll.c only.
 */
#ifndef MASKLINE_IO_ACCEPTOR_H
#define MASKLINE_IO_ACCEPTOR_H

#include <sys/socket.h>

#include "base/addr.h"
#include "io/io.h"

/* The socket does not block, and is the handler's. The handler may close the acceptor. */
typedef void acceptor_handler(void *arg, int fd, const struct addr *peer);

/* In the owner's storage, which stays until the end of the turn in which it is closed. */
struct acceptor {
        struct io *io;
        int fd;
        struct io_fd *watch;
        struct addr local;
        struct io_timer pause;
        acceptor_handler *handler;
        void *arg;
        const char *what; /* whom it accepts for, in the log: "http" */
        bool closed;
};

/*
 * Listens on `local`, with the socket that was kept for us if there is one (io_epoll.h); a port of 0 is chosen, and stands in acceptor->local. A negative errno. A
 * few clients are taken in each turn of the loop; when there is no descriptor or no memory for one,
 * it rests for a second.
 */
int acceptor_open(struct acceptor *acceptor, struct io *io, const struct addr *local,
                  const char *what, acceptor_handler *handler, void *arg) MUST_CHECK;
void acceptor_close(struct acceptor *acceptor);

#endif
