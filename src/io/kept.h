/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept.h - sockets that another process keeps open for us, until somebody asks for their address.
 */
#ifndef MASKLINE_IO_KEPT_H
#define MASKLINE_IO_KEPT_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"

struct kept_socket {
        struct addr local;
        int type; /* SOCK_DGRAM; SOCK_STREAM: it listens */
        int fd;   /* owned; -1: taken */
};

/* All zero: none. */
struct kept {
        struct kept_socket *list; /* owned */
        size_t count, next;
};

/*
 * `fd` is its from now on. -EINVAL: it is no bound UDP socket, or none that listens, and stays the
 * caller's; -ENOMEM.
 */
int kept_add(struct kept *kept, int type, int fd, struct addr *bound) MUST_CHECK;
/* The socket is the caller's. ERR_NOT_FOUND. */
int kept_take(struct kept *kept, int type, const struct addr *local, struct addr *bound,
              int *fd) MUST_CHECK;
void kept_close(struct kept *kept); /* those that nobody took */

#endif
