/* SPDX-License-Identifier: Apache-2.0 */
#include "io/acceptor.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "io/io_epoll.h"

#define CLIENTS_MAX 16 /* in one turn */
#define PAUSE_MS    1000

static void on_pause_over(void *arg)
{
        struct acceptor *a = arg;
        io_fd_set_events(a->watch, IO_READ);
}

/* The client stays in the queue, and would be reported each turn. */
static void pause_accepting(struct acceptor *a, int err)
{
        log_error("%s on %s: cannot accept: %s", a->what, addr_format(&a->local).text,
                  err_text(err));
        io_fd_set_events(a->watch, 0);
        io_timer_start(a->io, &a->pause, PAUSE_MS, on_pause_over, a);
}

/* What Linux reports of a client that is gone already (accept(2)): the next one is as good as any. */
static bool is_of_the_client(int err)
{
        return err == ECONNABORTED || err == EINTR || err == EPROTO || err == ENETDOWN ||
               err == EHOSTUNREACH || err == ENETUNREACH || err == ETIMEDOUT;
}

static void on_client(void *arg, unsigned events)
{
        struct acceptor *a = arg;
        (void)events;
        for (int i = 0; i < CLIENTS_MAX && !a->closed; i++) {
                struct sockaddr_storage ss;
                socklen_t len = sizeof ss;
                int fd = accept4(a->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd >= 0) {
                        struct addr peer;
                        addr_from_sockaddr(&ss, &peer);
                        a->handler(a->arg, fd, &peer);
                        continue;
                }
                if (errno == EAGAIN)
                        return;
                if (is_of_the_client(errno))
                        continue;
                pause_accepting(a, -errno);
                return;
        }
}

int acceptor_open(struct acceptor *acceptor, struct io *io, const struct addr *local,
                  const char *what, acceptor_handler *handler, void *arg)
{
        struct acceptor a = {.io = io, .what = what, .handler = handler, .arg = arg};
        int err = io_epoll_take_listener(io, local, &a.local, &a.fd);
        if (err)
                err = io_epoll_bind_listener(local, &a.local, &a.fd);
        if (err)
                return err;
        *acceptor = a;
        err = io_fd_watch(io, a.fd, IO_READ, on_client, acceptor, &acceptor->watch);
        if (err)
                close(a.fd);
        return err;
}

void acceptor_close(struct acceptor *acceptor)
{
        assert(!acceptor->closed);
        io_timer_stop(acceptor->io, &acceptor->pause);
        io_fd_unwatch(acceptor->watch);
        close(acceptor->fd);
        acceptor->closed = true;
}
