/* SPDX-License-Identifier: Apache-2.0 */
#include "io/stream_epoll.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/acceptor.h"
#include "io/io_epoll.h"
#include "io/io_impl.h"
#include "io/stream_impl.h"

#define PROBES  3
#define MS_IN_S 1000

struct tcp {
        struct stream stream;
        int fd; /* -1 once released */
        struct io_fd *watch;
        struct byte_queue out;
        bool peer_ended, has_shut;
};

struct tcp_listener {
        struct stream_listener listener;
        struct acceptor acceptor;
        struct io_task bury;
};

static const struct stream_ops tcp_ops;

static struct tcp *tcp_of(const struct stream *stream)
{
        return (struct tcp *)stream;
}

static bool is_released(const struct tcp *tcp)
{
        return tcp->fd < 0;
}

/* What the socket is watched for follows from the state. */
static void settle(struct tcp *tcp)
{
        if (is_released(tcp))
                return;
        bool wants_read = tcp->stream.state != STREAM_CONNECTING && !tcp->peer_ended;
        bool wants_write = tcp->stream.state == STREAM_CONNECTING || tcp->out.len;
        io_fd_set_events(tcp->watch, (wants_read ? IO_READ : 0u) | (wants_write ? IO_WRITE : 0u));
}

/* Sending. */

/* Sends what the socket takes; false: the stream is over. */
static bool send_some(struct tcp *tcp, struct slice *data)
{
        while (data->len) {
                ssize_t n = send(tcp->fd, data->p, data->len, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0) {
                        stream_fail(&tcp->stream, errno == EPIPE ? -ECONNRESET : -errno);
                        return false;
                }
                data->p += n;
                data->len -= (size_t)n;
        }
        return true;
}

static int tcp_send(struct stream *stream, struct slice data)
{
        struct tcp *tcp = tcp_of(stream);
        bool waits = tcp->out.len || stream->state == STREAM_CONNECTING;
        if (!waits && !send_some(tcp, &data))
                return stream->err;
        int err = byte_queue_put(&tcp->out, data);
        if (err) {
                stream_fail(stream, err);
                return err;
        }
        if (!waits && data.len)
                settle(tcp);
        return 0;
}

static size_t tcp_pending(const struct stream *stream)
{
        return tcp_of(stream)->out.len;
}

/* Both directions are closed in order: only then does closing not reset the connection. */
static void end_if_done(struct tcp *tcp)
{
        if (tcp->stream.state != STREAM_CLOSING || tcp->out.len)
                return;
        if (!tcp->has_shut && shutdown(tcp->fd, SHUT_WR) < 0) {
                stream_fail(&tcp->stream, -errno);
                return;
        }
        tcp->has_shut = true;
        if (tcp->peer_ended)
                stream_fail(&tcp->stream, 0);
}

static void flush(struct tcp *tcp)
{
        struct slice data = byte_queue_peek(&tcp->out);
        size_t before = data.len;
        if (!before || !send_some(tcp, &data))
                return;
        byte_queue_drop(&tcp->out, before - data.len);
        if (tcp->out.len)
                return;
        stream_drained(&tcp->stream);
        if (!is_released(tcp))
                end_if_done(tcp);
}

static void tcp_close(struct stream *stream)
{
        struct tcp *tcp = tcp_of(stream);
        end_if_done(tcp);
        settle(tcp);
}

/* Receiving. */

static int socket_error(int fd)
{
        int err = 0;
        socklen_t len = sizeof err;
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? -errno : -err;
}

/* Errors are heard from recv(2), after what had arrived before them. */
static void receive(struct tcp *tcp)
{
        size_t bytes;
        char *scratch = epoll_scratch(tcp->stream.io, &bytes);
        ssize_t n = recv(tcp->fd, scratch, bytes, 0);
        if (n > 0) {
                stream_received(&tcp->stream, (struct slice){scratch, (size_t)n});
                explicit_bzero(scratch, (size_t)n);
                return;
        }
        if (n < 0) {
                if (errno != EAGAIN && errno != EINTR)
                        stream_fail(&tcp->stream, -errno);
                return;
        }
        tcp->peer_ended = true;
        stream_ended(&tcp->stream);
        if (!is_released(tcp))
                end_if_done(tcp);
}

static void on_hangup_after_end(struct tcp *tcp)
{
        int err = socket_error(tcp->fd);
        stream_fail(&tcp->stream, err == -EPIPE || !err ? -ECONNRESET : err);
}

static void on_connected(struct tcp *tcp)
{
        int err = socket_error(tcp->fd);
        if (err) {
                stream_fail(&tcp->stream, err);
                return;
        }
        struct sockaddr_storage ss;
        socklen_t len = sizeof ss;
        if (getsockname(tcp->fd, (struct sockaddr *)&ss, &len) == 0)
                addr_from_sockaddr(&ss, &tcp->stream.local);
        stream_opened(&tcp->stream);
        if (!is_released(tcp))
                flush(tcp);
}

static void on_event(void *arg, unsigned events)
{
        struct tcp *tcp = arg;
        if (tcp->stream.state == STREAM_CONNECTING) {
                on_connected(tcp);
        } else {
                if (events & IO_WRITE)
                        flush(tcp);
                if (!is_released(tcp) && tcp->peer_ended && (events & IO_HANGUP))
                        on_hangup_after_end(tcp);
                else if (!is_released(tcp) && (events & (IO_READ | IO_HANGUP)))
                        receive(tcp);
        }
        settle(tcp);
}

/* The beginning and the end. */

static void set_options(int fd, const struct stream_options *options)
{
        int on = 1, probes = PROBES;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (options->unacked_ms) {
                unsigned ms = (unsigned)options->unacked_ms;
                (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
        }
        if (options->keepalive_ms) {
                int idle_s = (int)((options->keepalive_ms + MS_IN_S - 1) / MS_IN_S);
                int every_s = (int)(options->unacked_ms / PROBES / MS_IN_S);
                if (every_s < 1)
                        every_s = 1;
                (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
                (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
                (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof every_s);
                (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
        }
}

static int tcp_create(struct io *io, int fd, enum stream_state state,
                      const struct stream_options *options, struct tcp **out)
{
        struct tcp *tcp = calloc(1, sizeof *tcp);
        if (!tcp)
                return -ENOMEM;
        unsigned events = state == STREAM_CONNECTING ? IO_WRITE : IO_READ;
        int err = io_fd_watch(io, fd, events, on_event, tcp, &tcp->watch);
        if (err) {
                free(tcp);
                return err;
        }
        tcp->fd = fd;
        stream_init(&tcp->stream, io, &tcp_ops, state, options);
        *out = tcp;
        return 0;
}

static void tcp_release(struct stream *stream, bool reset)
{
        struct tcp *tcp = tcp_of(stream);
        struct linger linger = {.l_onoff = 1};
        if (reset)
                (void)setsockopt(tcp->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        io_fd_unwatch(tcp->watch);
        close(tcp->fd);
        tcp->fd = -1;
        byte_queue_fini(&tcp->out);
}

static void tcp_destroy(struct stream *stream)
{
        free(stream);
}

static const struct stream_ops tcp_ops = {
        .send = tcp_send,
        .pending = tcp_pending,
        .close = tcp_close,
        .release = tcp_release,
        .destroy = tcp_destroy,
};

/* Connecting. */

static int bind_source(int fd, const struct addr *local)
{
        struct sockaddr_storage ss;
        int on = 1;
        socklen_t len = addr_to_sockaddr(local, &ss);
        if (local->port)
                (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        else /* the port is chosen with the peer in sight: as many connections as ports to each */
                (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        return bind(fd, (struct sockaddr *)&ss, len) < 0 ? -errno : 0;
}

static int connecting_socket(const struct addr *local, const struct addr *peer,
                             const struct stream_options *options, int *out)
{
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(peer, &ss);
        int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        set_options(fd, options);
        int err = local ? bind_source(fd, local) : 0;
        if (!err && connect(fd, (struct sockaddr *)&ss, len) < 0 && errno != EINPROGRESS)
                err = -errno;
        if (err) {
                close(fd);
                return err;
        }
        *out = fd;
        return 0;
}

int tcp_connect(struct io *io, const struct addr *local, const struct addr *peer,
                const struct stream_options *options, struct stream **out)
{
        struct tcp *tcp = NULL;
        int fd = -1;
        int err = connecting_socket(local, peer, options, &fd);
        if (err)
                return err;
        err = tcp_create(io, fd, STREAM_CONNECTING, options, &tcp);
        if (err) {
                close(fd);
                return err;
        }
        tcp->stream.peer = *peer;
        if (local)
                tcp->stream.local = *local;
        *out = &tcp->stream;
        return 0;
}

/* Accepting. */

static void on_client(void *arg, int fd, const struct addr *peer)
{
        struct tcp_listener *l = arg;
        struct io *io = l->listener.io;
        struct tcp *tcp = NULL;
        struct sockaddr_storage own;
        socklen_t len = sizeof own;
        if (stream_listener_is_full(&l->listener)) {
                io->counters.streams_over_limit++;
                close(fd);
                return;
        }
        set_options(fd, &l->listener.options);
        if (getsockname(fd, (struct sockaddr *)&own, &len) < 0 ||
            tcp_create(io, fd, STREAM_OPEN, &l->listener.options, &tcp)) {
                io->counters.streams_failed++;
                close(fd);
                return;
        }
        addr_from_sockaddr(&own, &tcp->stream.local);
        tcp->stream.peer = *peer;
        stream_accepted(&tcp->stream, &l->listener);
}

int tcp_listen(struct io *io, const struct addr *local, struct stream_listener **out)
{
        struct tcp_listener *l = calloc(1, sizeof *l);
        if (!l)
                return -ENOMEM;
        int err = acceptor_open(&l->acceptor, io, local, "streams", on_client, l);
        if (err) {
                free(l);
                return err;
        }
        l->listener.local = l->acceptor.local;
        *out = &l->listener;
        return 0;
}

/* At the end of the turn: it may have been closed by whom it handed a client. */
static void bury_listener(void *arg)
{
        free(arg);
}

void tcp_listener_close(struct stream_listener *listener)
{
        struct tcp_listener *l = (struct tcp_listener *)listener;
        acceptor_close(&l->acceptor);
        io_defer(listener->io, &l->bury, bury_listener, l);
}
