/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_server.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "io/acceptor.h"
#include "io/http_channel.h"
#include "io/http_compose.h"
#include "io/io_epoll.h"
#include "wire/http1.h"

#define READ_BYTES       16384
#define LINGER_MS        2000
#define LINGER_BYTES_MAX (256 * 1024)
#define SEND_BYTES_MIN   1024 /* in each request_ms; a client that reads slower is closed */

/* What a connection waits for; each has its timer and its interest in the socket. */
enum waiting {
        WAIT_NONE,
        WAIT_REQUEST, /* its first byte */
        WAIT_REST,    /* of the request */
        WAIT_ANSWER,  /* of the handler */
        WAIT_SENT,    /* the answer */
        WAIT_CLOSE,   /* of the client: we have closed our direction */
};

struct connection {
        struct http_server *server;
        struct list node;            /* in server->connections or, once closed, server->graves */
        int fd;                      /* -1 once closed */
        struct http_channel channel; /* over fd */
        struct io_fd *watch;
        unsigned wanted; /* of the socket */
        struct addr peer;
        struct http1 *http; /* owned */
        enum waiting waiting;
        struct io_timer timer;
        struct io_task resume;

        struct slice input; /* read but not used; in the server's scratch or in `ahead` */
        char *ahead;        /* owned; NULL: none */
        struct slice out;   /* owned memory; len 0: none */
        size_t sent, sent_in_time, drained;

        struct handle exchange; /* of the request that waits for its answer; or none */
        bool is_head, in_advance;
        bool close_after; /* the answer under way is the last */
        unsigned minor;
};

struct exchange {
        struct connection *connection; /* valid as long as the exchange is */
};

struct http_server {
        struct http_server_params params;
        struct acceptor acceptor;
        struct pool *connections_pool, *exchanges; /* owned */
        struct list connections, graves;
        struct io_task bury;
        bool destroyed;
        struct http_server_counters counters;
        char scratch[READ_BYTES];
};

static void advance(struct connection *c);

/* The end of a connection. */

static void free_out(struct connection *c)
{
        secret_heap_free((char *)c->out.p);
        c->out = SLICE_NONE;
        c->sent = 0;
}

static void free_ahead(struct connection *c)
{
        secret_heap_free(c->ahead);
        c->ahead = NULL;
}

static void free_server(struct http_server *server)
{
        pool_destroy(server->connections_pool);
        pool_destroy(server->exchanges);
        free(server);
}

/* At the end of the turn nobody is inside a connection any more. */
static void bury(void *arg)
{
        struct http_server *server = arg;
        list_for_each (node, &server->graves) {
                struct connection *c = container_of(node, struct connection, node);
                list_remove(&c->node);
                http1_destroy(c->http);
                free_out(c);
                free_ahead(c);
                pool_put(server->connections_pool, c);
        }
        if (server->destroyed)
                free_server(server);
}

static void end_exchange(struct connection *c)
{
        struct exchange *exchange = pool_find(c->server->exchanges, c->exchange);
        if (exchange)
                pool_put(c->server->exchanges, exchange);
        c->exchange = (struct handle){0};
}

static void close_connection(struct connection *c)
{
        struct http_server *server = c->server;
        if (c->fd < 0)
                return;
        io_timer_stop(server->params.io, &c->timer);
        io_defer_cancel(server->params.io, &c->resume);
        io_fd_unwatch(c->watch);
        http_channel_close(&c->channel);
        close(c->fd);
        c->fd = -1;
        end_exchange(c);
        server->counters.connections--;
        list_remove(&c->node);
        list_add_tail(&server->graves, &c->node);
        io_defer(server->params.io, &server->bury, bury, server);
}

/* Waiting. */

static void time_out(struct connection *c)
{
        c->server->counters.timed_out++;
        close_connection(c);
}

static void answer_here(struct connection *c, unsigned status, const char *reason);

static void on_timeout(void *arg)
{
        struct connection *c = arg;
        switch (c->waiting) {
        case WAIT_REST:
                c->server->counters.timed_out++;
                answer_here(c, 408, "the request did not come to its end in time");
                advance(c);
                break;
        case WAIT_SENT:
                if (c->sent_in_time < SEND_BYTES_MIN) {
                        time_out(c);
                        break;
                }
                c->sent_in_time = 0;
                io_timer_start(c->server->params.io, &c->timer, c->server->params.request_ms,
                               on_timeout, c);
                break;
        case WAIT_REQUEST:
                time_out(c);
                break;
        case WAIT_NONE:
        case WAIT_ANSWER:
        case WAIT_CLOSE:
                close_connection(c);
                break;
        }
}

/* TLS may have to read before it can write, and the other way round. */
static void watch_socket(struct connection *c)
{
        io_fd_set_events(c->watch, http_channel_events(&c->channel, c->wanted));
}

static void wait_for(struct connection *c, enum waiting waiting, unsigned events, int64_t limit_ms)
{
        struct io *io = c->server->params.io;
        if (c->waiting == waiting) {
                watch_socket(c);
                return;
        }
        c->waiting = waiting;
        c->sent_in_time = 0;
        c->wanted = events;
        watch_socket(c);
        if (limit_ms)
                io_timer_start(io, &c->timer, limit_ms, on_timeout, c);
        else
                io_timer_stop(io, &c->timer);
}

static void settle(struct connection *c)
{
        const struct http_server_params *params = &c->server->params;
        if (c->fd < 0 || c->waiting == WAIT_CLOSE)
                return;
        if (c->out.len)
                wait_for(c, WAIT_SENT, IO_WRITE, params->request_ms);
        else if (!handle_is_none(c->exchange))
                wait_for(c, WAIT_ANSWER, 0, 0);
        else if (http1_has_begun(c->http))
                wait_for(c, WAIT_REST, IO_READ, params->request_ms);
        else
                wait_for(c, WAIT_REQUEST, IO_READ,
                         http_channel_is_open(&c->channel) ? params->idle_ms : params->request_ms);
}

/*
 * Our direction is closed, the client's is read to its end: closing both while bytes arrive would
 * reset the connection, and the client might never see the answer (RFC 9112 9.6).
 */
static void linger(struct connection *c)
{
        if (http_channel_end(&c->channel)) {
                close_connection(c);
                return;
        }
        c->input = SLICE_NONE;
        wait_for(c, WAIT_CLOSE, IO_READ, LINGER_MS);
}

/* Answers. */

/* Sends what the socket takes; true when all of it is out. */
static bool flush(struct connection *c)
{
        while (c->sent < c->out.len) {
                ssize_t n =
                        http_channel_send(&c->channel, c->out.p + c->sent, c->out.len - c->sent);
                if (n == -EINTR)
                        continue;
                if (n == -EAGAIN)
                        return false;
                if (n < 0) {
                        close_connection(c);
                        return false;
                }
                c->sent += (size_t)n;
                c->sent_in_time += (size_t)n;
        }
        free_out(c);
        if (c->close_after)
                linger(c);
        return true;
}

static void put_answer(struct connection *c, const struct http_response *response)
{
        struct http_compose_params params = {
                .wall_ms = io_wall_ms(c->server->params.io),
                .is_head = c->is_head,
                .close = c->close_after,
                .minor = c->minor,
        };
        assert(!c->out.len);
        if (http_compose(response, &params, &c->out))
                close_connection(c);
}

/* To what no handler shall see. */
static void answer_here(struct connection *c, unsigned status, const char *reason)
{
        char memory[512];
        struct buf body;
        buf_init(&body, memory, sizeof memory);
        http_put_problem(&body, status, reason);
        c->server->counters.refused++;
        c->close_after = true;
        c->is_head = false;
        c->minor = 1;
        c->input = SLICE_NONE;
        put_answer(c, &(struct http_response){.status = status,
                                              .content_type = "application/problem+json",
                                              .body = buf_slice(&body)});
        log_debug("http: %s answered %u: %s", addr_format(&c->peer).text, status, reason);
}

static void on_resume(void *arg)
{
        advance(arg);
}

void http_respond(struct http_server *server, struct http_exchange exchange,
                  const struct http_response *response)
{
        struct exchange *found = pool_find(server->exchanges, exchange.h);
        if (!found)
                return;

        struct connection *c = found->connection;
        end_exchange(c);
        put_answer(c, response);
        /* Inside the handler, whoever called it goes on; else at the end of the turn. */
        if (c->fd >= 0 && !c->in_advance)
                io_defer(server->params.io, &c->resume, on_resume, c);
}

/* Requests. */

static void dispatch(struct connection *c)
{
        struct http_server *server = c->server;
        const struct http1_message *m = http1_message(c->http);
        struct http_request request = {
                .method = m->method,
                .path = m->path,
                .query = m->query,
                .host = m->host,
                .authorization = m->authorization,
                .content_type = m->content_type,
                .idempotency_key = m->idempotency_key,
                .body = m->body,
                .peer = c->peer,
        };
        /* There are as many as connections. */
        struct exchange *exchange = pool_get(server->exchanges, &c->exchange);
        exchange->connection = c;
        c->is_head = slice_equal(m->method, SLICE("HEAD"));
        c->close_after = !m->keep_alive;
        c->minor = m->minor;
        c->waiting = WAIT_NONE; /* whatever comes next, its time begins now */
        server->counters.requests++;
        log_debug("http: %s %s from %s", log_text(m->method).text, log_text(m->path).text,
                  addr_format(&c->peer).text);

        server->params.handler(server->params.arg, (struct http_exchange){c->exchange}, &request);
        http1_reset(c->http);
}

static void offer_continue(struct connection *c)
{
        static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
        char *copy = secret_heap_alloc(sizeof text - 1);
        if (!copy)
                return; /* the client stops waiting by itself (RFC 9110 10.1.1) */
        memcpy(copy, text, sizeof text - 1);
        c->out = (struct slice){copy, sizeof text - 1};
}

static void read_on(struct connection *c)
{
        size_t used;
        enum http1_event event = http1_feed(c->http, c->input, &used);
        c->input = (struct slice){c->input.p + used, c->input.len - used};
        switch (event) {
        case HTTP1_MORE:
                if (http1_wants_continue(c->http))
                        offer_continue(c);
                break;
        case HTTP1_MESSAGE:
                dispatch(c);
                break;
        case HTTP1_BAD:
                answer_here(c, http1_error(c->http)->status, http1_error(c->http)->reason);
                break;
        }
}

static bool is_ready(const struct connection *c)
{
        return c->fd >= 0 && c->waiting != WAIT_CLOSE && handle_is_none(c->exchange);
}

/* Does all that can be done without waiting: requests in order, each answered before the next. */
static void advance(struct connection *c)
{
        c->in_advance = true;
        while (is_ready(c)) {
                if (c->out.len && !flush(c))
                        break;
                if (!is_ready(c) || !c->input.len)
                        break;
                read_on(c);
        }
        c->in_advance = false;
        if (!c->input.len)
                free_ahead(c);
        settle(c);
}

/* The socket. */

/* What was read beyond the request that now waits for its answer. */
static void keep_input(struct connection *c)
{
        if (!c->input.len || c->fd < 0)
                return;
        assert(!c->ahead);
        c->ahead = secret_heap_alloc(c->input.len);
        if (!c->ahead) {
                close_connection(c);
                return;
        }
        memcpy(c->ahead, c->input.p, c->input.len);
        c->input.p = c->ahead;
}

static void on_end_of_input(struct connection *c)
{
        if (http1_finish(c->http) == HTTP1_MORE) {
                close_connection(c);
                return;
        }
        answer_here(c, 400, "the request was cut off");
        advance(c);
}

/* After our goodbye, whatever it is, and be it half a record of TLS. */
static void drain(struct connection *c)
{
        struct http_server *server = c->server;
        ssize_t n = recv(c->fd, server->scratch, sizeof server->scratch, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n > 0) {
                explicit_bzero(server->scratch, (size_t)n);
                c->drained += (size_t)n;
        }
        if (n <= 0 || c->drained > LINGER_BYTES_MAX)
                close_connection(c);
}

static void on_readable(struct connection *c)
{
        struct http_server *server = c->server;
        if (c->waiting == WAIT_CLOSE) {
                drain(c);
                return;
        }
        ssize_t n = http_channel_recv(&c->channel, server->scratch, sizeof server->scratch);
        if (n == -EAGAIN || n == -EINTR)
                watch_socket(c);
        else if (n < 0)
                close_connection(c);
        else if (n == 0)
                on_end_of_input(c);
        else {
                c->input = (struct slice){server->scratch, (size_t)n};
                advance(c);
                keep_input(c);
                explicit_bzero(server->scratch, (size_t)n);
        }
}

static void on_connection(void *arg, unsigned events)
{
        struct connection *c = arg;
        bool is_ready = events & (IO_READ | IO_WRITE);
        if (is_ready && c->waiting == WAIT_SENT)
                advance(c);
        else if (is_ready)
                on_readable(c);
        else if (events & IO_HANGUP)
                close_connection(c);
}

static int open_connection(struct http_server *server, int fd, const struct addr *peer)
{
        struct http1_limits limits = {server->params.header_bytes_max,
                                      server->params.body_bytes_max};
        struct connection *c = pool_take(server->connections_pool, NULL);
        if (!c)
                return ERR_FULL;
        *c = (struct connection){.server = server, .fd = fd, .peer = *peer};
        int err = http_channel_accept(&c->channel, fd, server->params.tls);
        if (err)
                goto fail;
        err = http1_create(HTTP1_REQUEST, &limits, &c->http);
        if (err)
                goto fail;
        err = io_fd_watch(server->params.io, fd, IO_READ, on_connection, c, &c->watch);
        if (err)
                goto fail;

        list_add_tail(&server->connections, &c->node);
        server->counters.connections++;
        settle(c);
        return 0;
fail:
        http1_destroy(c->http);
        http_channel_close(&c->channel);
        pool_put(server->connections_pool, c);
        return err;
}

/* Best effort: the client's bytes are not read. With TLS there is no time for words. */
static void refuse_connection(struct http_server *server, int fd)
{
        struct http_response response = {.status = 503, .retry_after_s = 1};
        struct http_compose_params params = {
                .wall_ms = io_wall_ms(server->params.io), .close = true, .minor = 1};
        struct slice out;
        server->counters.over_limit++;
        if (!server->params.tls && http_compose(&response, &params, &out) == 0) {
                if (send(fd, out.p, out.len, MSG_NOSIGNAL) < 0)
                        log_debug("http: a refused client did not hear of it");
                secret_heap_free((char *)out.p);
        }
        (void)shutdown(fd, SHUT_WR);
        close(fd);
}

static void on_client(void *arg, int fd, const struct addr *peer)
{
        struct http_server *server = arg;
        int on = 1;
        if (server->params.loopback_only && !addr_is_loopback(peer)) {
                server->counters.not_loopback++;
                close(fd);
                return;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        /* A client that lost its power while it waits for an answer would keep its place. */
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        if (open_connection(server, fd, peer))
                refuse_connection(server, fd);
        else
                server->counters.accepted++;
}

int http_server_create(const struct http_server_params *params, struct http_server **out)
{
        assert(params->handler);
        if (!params->connections_max || !params->header_bytes_max || params->idle_ms <= 0 ||
            params->request_ms <= 0)
                return -EINVAL;
        struct http_server *server = calloc(1, sizeof *server);
        if (!server)
                return -ENOMEM;

        server->params = *params;
        list_init(&server->connections);
        list_init(&server->graves);
        int err = pool_create(sizeof(struct connection), params->connections_max, false,
                              &server->connections_pool);
        if (err)
                goto fail;
        err = pool_create(sizeof(struct exchange), params->connections_max, false,
                          &server->exchanges);
        if (err)
                goto fail;
        err = acceptor_open(&server->acceptor, params->io, &params->listen, "http", on_client,
                            server);
        if (err)
                goto fail;
        *out = server;
        return 0;
fail:
        free_server(server);
        return err;
}

void http_server_destroy(struct http_server *server)
{
        if (!server)
                return;
        assert(!server->destroyed);
        server->destroyed = true;
        list_for_each (node, &server->connections)
                close_connection(container_of(node, struct connection, node));
        acceptor_close(&server->acceptor);
        io_defer(server->params.io, &server->bury, bury, server);
}

const struct addr *http_server_local(const struct http_server *server)
{
        return &server->acceptor.local;
}

const struct http_server_counters *http_server_counters(const struct http_server *server)
{
        return &server->counters;
}
