/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_epoll.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "io/io_impl.h"
#include "io/kept.h"
#include "io/stream_epoll.h"

#define EVENTS_MAX     64
#define BACKLOG        256 /* of a listening socket */
#define BATCH          32
#define DATAGRAM_BYTES 65536 /* more than UDP can carry: nothing is ever cut off */
#define RECEIVE_BYTES  (1 << 20)
#define WAIT_MAX_MS    (60 * 60 * 1000)
#define SIGNALS        _NSIG
#define NS_IN_MS       1000000
#define MS_IN_S        1000

struct io_fd {
        struct epoll_loop *loop;
        struct list node; /* in loop->garbage once unwatched */
        int fd;           /* -1 once unwatched: events already fetched find nobody */
        io_fd_fn *fn;
        void *arg;
};

struct epoll_udp {
        struct io_udp udp;
        struct list node; /* in loop->garbage once closed */
        struct io_fd *watch;
        int fd;
        bool closed;
};

struct signal_handler {
        void (*fn)(void *arg, int signal);
        void *arg;
};

/*
 * Room for one recvmmsg(2); one for the whole loop, since a batch ends before the next begins.
 * Datagrams of SIP hold real numbers: the memory is locked, and wiped as soon as it was read.
 */
struct batch {
        struct mmsghdr messages[BATCH];
        struct iovec vectors[BATCH];
        struct sockaddr_storage from[BATCH];
        char data[BATCH][DATAGRAM_BYTES];
};

struct epoll_loop {
        struct io io;
        int epoll_fd, event_fd, signal_fd;
        int64_t now_ms, wall_ms; /* of this turn */
        bool in_turn;
        struct list garbage_fds, garbage_udps; /* freed at the end of the turn */
        struct batch *batch;                   /* owned */
        struct io_fd *event_watch, *signal_watch;
        struct kept kept;
        sigset_t signals;
        struct signal_handler signal_handlers[SIGNALS];
};

static const struct io_ops epoll_ops;

static struct epoll_loop *loop_of(const struct io *io)
{
        assert(io->ops == &epoll_ops);
        return (struct epoll_loop *)io;
}

static int64_t clock_ms(clockid_t clock)
{
        struct timespec ts;
        clock_gettime(clock, &ts);
        return (int64_t)ts.tv_sec * MS_IN_S + ts.tv_nsec / NS_IN_MS;
}

/* Between turns (while the program sets itself up) clocks are read; within one they stand still. */
static int64_t epoll_now_ms(const struct io *io)
{
        const struct epoll_loop *loop = loop_of(io);
        return loop->in_turn ? loop->now_ms : clock_ms(CLOCK_MONOTONIC);
}

static int64_t epoll_wall_ms(const struct io *io)
{
        const struct epoll_loop *loop = loop_of(io);
        return loop->in_turn ? loop->wall_ms : clock_ms(CLOCK_REALTIME);
}

/* Descriptors. */

static uint32_t to_epoll(unsigned events)
{
        return (events & IO_READ ? EPOLLIN : 0u) | (events & IO_WRITE ? EPOLLOUT : 0u);
}

static unsigned from_epoll(uint32_t events)
{
        return (events & EPOLLIN ? IO_READ : 0u) | (events & EPOLLOUT ? IO_WRITE : 0u) |
               (events & (EPOLLHUP | EPOLLERR) ? IO_HANGUP : 0u);
}

int io_fd_watch(struct io *io, int fd, unsigned events, io_fd_fn *fn, void *arg, struct io_fd **out)
{
        struct epoll_loop *loop = loop_of(io);
        struct io_fd *watch = calloc(1, sizeof *watch);
        if (!watch)
                return -ENOMEM;

        *watch = (struct io_fd){.loop = loop, .fd = fd, .fn = fn, .arg = arg};
        list_init(&watch->node);
        struct epoll_event event = {.events = to_epoll(events), .data.ptr = watch};
        if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
                int err = -errno;
                free(watch);
                return err;
        }
        *out = watch;
        return 0;
}

void io_fd_set_events(struct io_fd *watch, unsigned events)
{
        struct epoll_event event = {.events = to_epoll(events), .data.ptr = watch};
        int failed = epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
        assert(!failed); /* the descriptor was closed before it was unwatched */
}

void io_fd_unwatch(struct io_fd *watch)
{
        if (!watch)
                return;
        /* Fails when the caller has closed the descriptor; the kernel has then let go of it. */
        (void)epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
        watch->fd = -1;
        list_add_tail(&watch->loop->garbage_fds, &watch->node);
}

char *epoll_scratch(struct io *io, size_t *bytes)
{
        struct batch *batch = loop_of(io)->batch;
        *bytes = sizeof batch->data[0];
        return batch->data[0];
}

/* Datagrams. */

static void receive_failed(struct epoll_udp *udp, int err)
{
        if (err != EAGAIN && err != EINTR)
                udp->udp.io->counters.receive_failed++;
}

/* One batch per wake-up, so that a busy socket does not keep the others waiting. */
static void on_udp_readable(struct epoll_udp *udp)
{
        struct batch *batch = loop_of(udp->udp.io)->batch;
        int count = recvmmsg(udp->fd, batch->messages, BATCH, MSG_DONTWAIT, NULL);
        if (count < 0)
                receive_failed(udp, errno);

        for (int i = 0; i < count; i++) {
                struct mmsghdr *message = &batch->messages[i];
                struct addr from;
                addr_from_sockaddr(&batch->from[i], &from);
                message->msg_hdr.msg_namelen = sizeof batch->from[i];
                if (!udp->closed)
                        io_udp_deliver(&udp->udp, &from,
                                       (struct slice){batch->data[i], message->msg_len});
                explicit_bzero(batch->data[i], message->msg_len);
        }
}

static void on_udp_event(void *arg, unsigned events)
{
        struct epoll_udp *udp = arg;
        if (events & IO_HANGUP) {
                /* An ICMP error: reading it clears it. */
                int err = 0;
                socklen_t len = sizeof err;
                if (getsockopt(udp->fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err)
                        receive_failed(udp, err);
        }
        if (events & IO_READ)
                on_udp_readable(udp);
}

int io_epoll_bind(int fd, const struct addr *local, struct addr *bound)
{
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(local, &ss);
        int on = 1;
        if (ss.ss_family == AF_INET6 &&
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
                return -errno;
        if (bind(fd, (struct sockaddr *)&ss, len) < 0)
                return -errno;
        len = sizeof ss;
        if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
                return -errno;
        addr_from_sockaddr(&ss, bound);
        return 0;
}

int io_epoll_bind_udp(const struct addr *local, struct addr *bound, int *out)
{
        int fd = socket(local->family == 6 ? AF_INET6 : AF_INET,
                        SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        /* Best effort: the kernel caps it at net.core.rmem_max. */
        int bytes = RECEIVE_BYTES;
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        int err = io_epoll_bind(fd, local, bound);
        if (err) {
                close(fd);
                return err;
        }
        *out = fd;
        return 0;
}

int io_epoll_bind_listener(const struct addr *local, struct addr *bound, int *out)
{
        int on = 1;
        int fd = socket(local->family == 6 ? AF_INET6 : AF_INET,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        int err = io_epoll_bind(fd, local, bound);
        if (!err && listen(fd, BACKLOG) < 0)
                err = -errno;
        if (err) {
                close(fd);
                return err;
        }
        *out = fd;
        return 0;
}

int io_epoll_adopt_udp(struct io *io, int fd, struct addr *bound)
{
        return kept_add(&loop_of(io)->kept, SOCK_DGRAM, fd, bound);
}

int io_epoll_adopt_listener(struct io *io, int fd, struct addr *bound)
{
        return kept_add(&loop_of(io)->kept, SOCK_STREAM, fd, bound);
}

int io_epoll_take_listener(struct io *io, const struct addr *local, struct addr *bound, int *fd)
{
        return kept_take(&loop_of(io)->kept, SOCK_STREAM, local, bound, fd);
}

static int epoll_udp_open(struct io *io, const struct addr *local, struct io_udp **out)
{
        struct epoll_udp *udp = calloc(1, sizeof *udp);
        if (!udp)
                return -ENOMEM;

        int err = kept_take(&loop_of(io)->kept, SOCK_DGRAM, local, &udp->udp.local, &udp->fd);
        if (err)
                err = io_epoll_bind_udp(local, &udp->udp.local, &udp->fd);
        if (err)
                goto fail_free;
        err = io_fd_watch(io, udp->fd, IO_READ, on_udp_event, udp, &udp->watch);
        if (err)
                goto fail_close;
        list_init(&udp->node);
        *out = &udp->udp;
        return 0;
fail_close:
        close(udp->fd);
fail_free:
        free(udp);
        return err;
}

static void epoll_udp_close(struct io_udp *base)
{
        struct epoll_udp *udp = (struct epoll_udp *)base;
        assert(!udp->closed);
        io_fd_unwatch(udp->watch);
        close(udp->fd);
        udp->closed = true;
        list_add_tail(&loop_of(base->io)->garbage_udps, &udp->node);
}

static int epoll_udp_send(struct io_udp *base, const struct addr *to, struct slice data)
{
        struct epoll_udp *udp = (struct epoll_udp *)base;
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(to, &ss);
        ssize_t sent;
        do
                sent = sendto(udp->fd, data.p, data.len, MSG_NOSIGNAL, (struct sockaddr *)&ss, len);
        while (sent < 0 && errno == EINTR);
        return sent < 0 ? -errno : 0;
}

/* As many as a socket's buffer can hold at most, so that nobody keeps us here by sending. */
#define DRAINED_MAX 4096

static void epoll_udp_drain(struct io_udp *base)
{
        struct epoll_udp *udp = (struct epoll_udp *)base;
        char nothing;
        for (int i = 0; i < DRAINED_MAX; i++) {
                if (recv(udp->fd, &nothing, sizeof nothing, MSG_DONTWAIT | MSG_TRUNC) < 0)
                        return;
        }
}

/* Signals and wake-ups. */

static void on_signal_readable(void *arg, unsigned events)
{
        struct epoll_loop *loop = arg;
        struct signalfd_siginfo info;
        (void)events;
        while (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
                struct signal_handler *handler = &loop->signal_handlers[info.ssi_signo];
                if (handler->fn)
                        handler->fn(handler->arg, (int)info.ssi_signo);
        }
}

int io_on_signal(struct io *io, int signal, void (*fn)(void *arg, int signal), void *arg)
{
        struct epoll_loop *loop = loop_of(io);
        sigset_t signals = loop->signals;
        if (signal <= 0 || signal >= SIGNALS || sigaddset(&signals, signal) < 0)
                return -EINVAL;

        int fd = signalfd(loop->signal_fd, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (loop->signal_fd < 0) {
                int err =
                        io_fd_watch(io, fd, IO_READ, on_signal_readable, loop, &loop->signal_watch);
                if (err) {
                        close(fd);
                        return err;
                }
                loop->signal_fd = fd;
        }
        loop->signals = signals;
        loop->signal_handlers[signal] = (struct signal_handler){fn, arg};
        return -pthread_sigmask(SIG_BLOCK, &loop->signals, NULL);
}

static void epoll_wake(struct io *io)
{
        uint64_t one = 1;
        /* Cannot block: a counter that is full has woken the loop already. */
        ssize_t written = write(loop_of(io)->event_fd, &one, sizeof one);
        (void)written;
}

static void on_woken(void *arg, unsigned events)
{
        struct epoll_loop *loop = arg;
        uint64_t count;
        (void)events;
        ssize_t taken = read(loop->event_fd, &count, sizeof count);
        (void)taken;
}

/* The loop. */

static void collect_garbage(struct epoll_loop *loop)
{
        list_for_each (node, &loop->garbage_fds)
                free(container_of(node, struct io_fd, node));
        list_for_each (node, &loop->garbage_udps)
                free(container_of(node, struct epoll_udp, node));
        list_init(&loop->garbage_fds);
        list_init(&loop->garbage_udps);
}

static int wait_ms(struct epoll_loop *loop)
{
        int64_t next_ms;
        if (atomic_load(&loop->io.stopped) || io_has_posted(&loop->io))
                return 0;
        if (!timer_wheel_next(&loop->io.wheel, &next_ms))
                return -1;

        int64_t wait = next_ms - clock_ms(CLOCK_MONOTONIC);
        if (wait < 0)
                return 0;
        return wait > WAIT_MAX_MS ? WAIT_MAX_MS : (int)wait;
}

static void turn(struct epoll_loop *loop)
{
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, wait_ms(loop));
        assert(count >= 0 || errno == EINTR);

        loop->now_ms = clock_ms(CLOCK_MONOTONIC);
        loop->wall_ms = clock_ms(CLOCK_REALTIME);
        loop->in_turn = true;
        for (int i = 0; i < count; i++) {
                struct io_fd *watch = events[i].data.ptr;
                if (watch->fd >= 0)
                        watch->fn(watch->arg, from_epoll(events[i].events));
        }
        timer_wheel_run(&loop->io.wheel, loop->now_ms);
        io_run_posted(&loop->io);
        io_end_turn(&loop->io);
        collect_garbage(loop);
        loop->in_turn = false;
}

static void epoll_run(struct io *io)
{
        struct epoll_loop *loop = loop_of(io);
        assert(!loop->in_turn);
        /* What was deferred while the program set itself up must not wait for the first event. */
        io_end_turn(io);
        do
                turn(loop);
        while (!atomic_load(&io->stopped));
        atomic_store(&io->stopped, false);
}

static void epoll_destroy(struct io *io)
{
        struct epoll_loop *loop = loop_of(io);
        io_fd_unwatch(loop->event_watch);
        io_fd_unwatch(loop->signal_watch);
        collect_garbage(loop);
        if (loop->signal_fd >= 0)
                close(loop->signal_fd);
        if (loop->event_fd >= 0)
                close(loop->event_fd);
        if (loop->epoll_fd >= 0)
                close(loop->epoll_fd);
        kept_close(&loop->kept);
        io_fini(io);
        secret_free(loop->batch, sizeof *loop->batch);
        free(loop);
}

static const struct io_ops epoll_ops = {
        .destroy = epoll_destroy,
        .now_ms = epoll_now_ms,
        .wall_ms = epoll_wall_ms,
        .udp_open = epoll_udp_open,
        .udp_close = epoll_udp_close,
        .udp_send = epoll_udp_send,
        .udp_drain = epoll_udp_drain,
        .stream_connect = tcp_connect,
        .stream_listen = tcp_listen,
        .stream_listener_close = tcp_listener_close,
        .wake = epoll_wake,
        .run = epoll_run,
};

static struct batch *create_batch(void)
{
        struct batch *batch = secret_alloc(sizeof *batch);
        if (!batch)
                return NULL;
        for (int i = 0; i < BATCH; i++) {
                batch->vectors[i] = (struct iovec){batch->data[i], sizeof batch->data[i]};
                batch->messages[i] =
                        (struct mmsghdr){.msg_hdr = {.msg_name = &batch->from[i],
                                                     .msg_namelen = sizeof batch->from[i],
                                                     .msg_iov = &batch->vectors[i],
                                                     .msg_iovlen = 1}};
        }
        return batch;
}

int io_create_epoll(struct io **out)
{
        struct epoll_loop *loop = calloc(1, sizeof *loop);
        if (!loop)
                return -ENOMEM;

        int err = -ENOMEM;
        loop->epoll_fd = loop->event_fd = loop->signal_fd = -1;
        list_init(&loop->garbage_fds);
        list_init(&loop->garbage_udps);
        sigemptyset(&loop->signals);
        loop->io.ops = &epoll_ops;
        loop->batch = create_batch();
        if (!loop->batch)
                goto fail;
        err = io_init(&loop->io, &epoll_ops, clock_ms(CLOCK_MONOTONIC));
        if (err)
                goto fail;
        loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        loop->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        err = -errno;
        if (loop->epoll_fd < 0 || loop->event_fd < 0)
                goto fail;
        err = io_fd_watch(&loop->io, loop->event_fd, IO_READ, on_woken, loop, &loop->event_watch);
        if (err)
                goto fail;
        *out = &loop->io;
        return 0;
fail:
        epoll_destroy(&loop->io);
        return err;
}
