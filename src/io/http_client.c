/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/secret.h"
#include "io/http_channel.h"
#include "io/io_epoll.h"
#include "wire/http1.h"

#define HEADER_BYTES_MAX (64 * 1024)
#define BODY_BYTES_MAX   (16 * 1024 * 1024)
#define READ_BYTES       16384
#define FIXED_BYTES      512 /* of a request's head, its variable texts aside */

struct exchange {
        int fd;
        struct http_channel channel; /* over fd */
        struct tls_context *tls;     /* owned; NULL: plain, or the caller has one */
        bool send_waits;             /* for what TLS has to read first */
        int64_t deadline_ms;
        struct slice request; /* owned memory */
        size_t sent;
        bool is_head;
        bool cannot_send; /* the server has stopped reading; it may have answered before */
        struct http1 *http;
};

static int64_t now_ms(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The request. */

static bool is_clean(const char *text, char least)
{
        for (; *text; text++) {
                if (*text < least || *text == 0x7f)
                        return false;
        }
        return true;
}

static void put_request(struct buf *b, const struct http_call *call)
{
        buf_printf(b, "%s %s HTTP/1.1\r\n", call->method, call->path);
        buf_printf(b, "Host: %s\r\n", call->host ? call->host : addr_format(&call->server).text);
        buf_put_text(b, "User-Agent: maskline\r\nAccept: application/json\r\n");
        if (call->bearer_token)
                buf_printf(b, "Authorization: Bearer %s\r\n", call->bearer_token);
        if (call->idempotency_key)
                buf_printf(b, "Idempotency-Key: %s\r\n", call->idempotency_key);
        if (call->body.len)
                buf_put_text(b, "Content-Type: application/json\r\n");
        if (call->body.len || strcmp(call->method, "POST") == 0)
                buf_printf(b, "Content-Length: %zu\r\n", call->body.len);
        buf_put_text(b, "Connection: close\r\n\r\n");
        buf_put_slice(b, call->body);
}

static int compose(const struct http_call *call, struct slice *out)
{
        struct buf b;
        bool is_valid = *call->method && is_clean(call->method, '!') && call->path[0] == '/' &&
                        is_clean(call->path, '!') && (!call->host || is_clean(call->host, '!')) &&
                        (!call->bearer_token || is_clean(call->bearer_token, ' ')) &&
                        (!call->idempotency_key || is_clean(call->idempotency_key, '!'));
        if (!is_valid)
                return -EINVAL;

        size_t cap = FIXED_BYTES + strlen(call->method) + strlen(call->path) + call->body.len +
                     (call->bearer_token ? strlen(call->bearer_token) : 0) +
                     (call->idempotency_key ? strlen(call->idempotency_key) : 0) +
                     (call->host ? strlen(call->host) : 0);
        char *memory = secret_heap_alloc(cap);
        if (!memory)
                return -ENOMEM;
        buf_init(&b, memory, cap);
        put_request(&b, call);
        *out = buf_slice(&b);
        return 0;
}

/* The connection. */

static int wait_until_ready(struct exchange *e, short events)
{
        for (;;) {
                int64_t left_ms = e->deadline_ms - now_ms();
                struct pollfd p = {.fd = e->fd, .events = events};
                if (left_ms <= 0)
                        return -ETIMEDOUT;
                int n = poll(&p, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
                if (n > 0)
                        return 0;
                if (n < 0 && errno != EINTR)
                        return -errno;
        }
}

static int open_connection(struct exchange *e, const struct addr *server)
{
        struct sockaddr_storage ss;
        socklen_t len = addr_to_sockaddr(server, &ss);
        e->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (e->fd < 0)
                return -errno;
        if (connect(e->fd, (struct sockaddr *)&ss, len) == 0)
                return 0;
        if (errno != EINPROGRESS)
                return -errno;

        int err = wait_until_ready(e, POLLOUT), result = 0;
        socklen_t result_len = sizeof result;
        if (!err && getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &result, &result_len) < 0)
                err = -errno;
        return err ? err : -result;
}

static short poll_events(const struct exchange *e, unsigned wanted)
{
        return http_channel_events(&e->channel, wanted) == IO_WRITE ? POLLOUT : POLLIN;
}

static int open_tls(struct exchange *e, const struct http_call *call)
{
        struct tls_reason ignored;
        struct tls_reason *why = call->why ? call->why : &ignored;
        const struct tls_files files = {.ca = call->tls->ca};
        struct tls_context *context = call->tls->context;
        int err = context ? 0 : tls_context_create(&files, why, &e->tls);
        if (!err)
                err = http_channel_connect(&e->channel, e->fd, context ? context : e->tls,
                                           call->tls);
        if (err)
                return err;
        while ((err = http_channel_shake_hands(&e->channel, call->tls, why)) == -EAGAIN) {
                err = wait_until_ready(e, poll_events(e, IO_READ));
                if (err)
                        return err;
        }
        return err;
}

static int open_channel(struct exchange *e, const struct http_call *call)
{
        if (call->tls)
                return open_tls(e, call);
        return http_channel_connect(&e->channel, e->fd, NULL, NULL);
}

static int send_some(struct exchange *e)
{
        ssize_t n =
                http_channel_send(&e->channel, e->request.p + e->sent, e->request.len - e->sent);
        e->send_waits = e->channel.wants_read;
        if (n >= 0)
                e->sent += (size_t)n;
        else if (n == -EPIPE || n == -ECONNRESET)
                e->cannot_send = true;
        else if (n != -EAGAIN && n != -EINTR)
                return (int)n;
        return 0;
}

static int error_of(const struct http1 *http)
{
        switch (http1_error(http)->status) {
        case 413:
        case 431:
                return ERR_TOO_LARGE;
        case 500:
                return -ENOMEM;
        default:
                return ERR_SYNTAX;
        }
}

static int on_end(struct exchange *e, bool *whole)
{
        switch (http1_finish(e->http)) {
        case HTTP1_MESSAGE:
                *whole = true;
                return 0;
        case HTTP1_MORE:
                return -ECONNRESET;
        case HTTP1_BAD:
                break;
        }
        return error_of(e->http);
}

static void expect_answer(struct exchange *e)
{
        http1_reset(e->http);
        if (e->is_head)
                http1_set_answers_head(e->http);
}

/* Interim answers (1xx) are passed over. */
static int take(struct exchange *e, struct slice data, bool *whole)
{
        while (data.len && !*whole) {
                size_t used;
                enum http1_event event = http1_feed(e->http, data, &used);
                data = (struct slice){data.p + used, data.len - used};
                if (event == HTTP1_BAD)
                        return error_of(e->http);
                if (event == HTTP1_MORE)
                        continue;
                if (http1_message(e->http)->status >= 200)
                        *whole = true;
                else
                        expect_answer(e);
        }
        return 0;
}

static int receive_some(struct exchange *e, bool *whole)
{
        char bytes[READ_BYTES];
        ssize_t n = http_channel_recv(&e->channel, bytes, sizeof bytes);
        if (n < 0)
                return n == -EAGAIN || n == -EINTR ? 0 : (int)n;
        if (n == 0)
                return on_end(e, whole);
        int err = take(e, (struct slice){bytes, (size_t)n}, whole);
        explicit_bzero(bytes, (size_t)n);
        return err;
}

/* Reads while it sends: a server may answer before it has read everything. */
static int converse(struct exchange *e)
{
        bool whole = false;
        int err = 0;
        while (!err && !whole) {
                bool sending = e->sent < e->request.len && !e->cannot_send;
                bool writes = (sending && !e->send_waits) || e->channel.wants_write;
                err = wait_until_ready(e, (short)(POLLIN | (writes ? POLLOUT : 0)));
                if (!err && sending)
                        err = send_some(e);
                if (!err)
                        err = receive_some(e, &whole);
        }
        return err;
}

/* Link: </v1/calls.csv?before=1>; rel="next" (RFC 8288); of more links than one, none is taken. */
static void copy_next(const struct http1 *http, char out[HTTP_NEXT_BYTES])
{
        struct slice link, behind, path;
        out[0] = '\0';
        if (!http1_find_field(http, SLICE("Link"), &link) || !slice_starts_with(link, SLICE("</")))
                return;
        path = slice_split((struct slice){link.p + 1, link.len - 1}, '>', &behind);
        if (slice_equal(behind, SLICE("; rel=\"next\"")) &&
            slice_to_text(path, out, HTTP_NEXT_BYTES))
                out[0] = '\0';
}

static int copy_reply(const struct http1 *http, struct http_reply *out)
{
        const struct http1_message *m = http1_message(http);
        char *body = malloc(m->body.len + 1);
        if (!body)
                return -ENOMEM;
        if (m->body.len)
                memcpy(body, m->body.p, m->body.len);
        body[m->body.len] = '\0';
        *out = (struct http_reply){m->status, body, m->body.len, ""};
        copy_next(http, out->next);
        return 0;
}

int http_call(const struct http_call *call, struct http_reply *out)
{
        static const struct http1_limits limits = {HEADER_BYTES_MAX, BODY_BYTES_MAX};
        struct exchange e = {.fd = -1, .deadline_ms = now_ms() + call->timeout_ms};
        int err = compose(call, &e.request);
        if (err)
                return err;
        err = http1_create(HTTP1_RESPONSE, &limits, &e.http);
        if (err)
                goto done;
        e.is_head = strcmp(call->method, "HEAD") == 0;
        expect_answer(&e);
        err = open_connection(&e, &call->server);
        if (!err)
                err = open_channel(&e, call);
        if (err)
                goto done;
        err = converse(&e);
        if (!err)
                err = copy_reply(e.http, out);
done:
        http_channel_close(&e.channel);
        tls_context_destroy(e.tls);
        if (e.fd >= 0)
                close(e.fd);
        http1_destroy(e.http);
        secret_heap_free((char *)e.request.p);
        return err;
}
