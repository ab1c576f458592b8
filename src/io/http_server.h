/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h - an HTTP/1.1 server on the loop, over TLS or plain: strict framing (wire/http1.h), keep-alive,
 * pipelining in order, limits on everything, answers now or later.
 *
 * Answered here, before any handler is asked: what is not well framed (400, 501, 505), too large
 * (413, 431), too slow (408), an unknown expectation (417), each with problem+json; the connection is
 * then closed. A
 * connection holds at most one request, one answer and 16 KiB read ahead; while its answer is
 * waited for or cannot be sent, nothing more is read from it.
 */
#ifndef MASKLINE_IO_HTTP_SERVER_H
#define MASKLINE_IO_HTTP_SERVER_H

#include "base/addr.h"
#include "base/pool.h"
#include "base/slice.h"
#include "io/io.h"
#include "io/tls_context.h"

struct http_server;

struct http_request {
        struct slice method;
        struct slice path;          /* as sent, up to '?' */
        struct slice query;         /* after '?', raw */
        struct slice host;          /* as sent; empty only for HTTP/1.0 */
        struct slice authorization; /* value, or empty */
        struct slice content_type;
        struct slice idempotency_key;
        struct slice body;
        struct addr peer;
};

/* A request that waits for its answer. Stale once answered or when the client has gone. */
struct http_exchange {
        struct handle h;
};

/*
 * The request lives until the handler returns; the exchange until http_respond(), which must come
 * sooner or later. The handler may destroy the server.
 */
typedef void http_handler_fn(void *arg, struct http_exchange exchange,
                             const struct http_request *request);

struct http_server_params {
        struct io *io; /* an epoll one */
        struct addr listen;
        const struct tls_context *tls; /* not owned; NULL: plain HTTP */
        bool loopback_only;            /* whoever else connects is closed unread */
        uint32_t connections_max;      /* more: 503 */
        uint32_t body_bytes_max;       /* more: 413 */
        uint32_t header_bytes_max;     /* more: 431 */
        int64_t idle_ms;               /* between requests */
        int64_t request_ms;            /* from the first byte to the last; more: 408 */
        http_handler_fn *handler;
        void *arg;
};

/* -EADDRINUSE, -EACCES ...; -EINVAL: a limit that is 0. */
int http_server_create(const struct http_server_params *params,
                       struct http_server **out) MUST_CHECK;

/* Closes all connections at once; waiting exchanges go stale. NULL is fine. */
void http_server_destroy(struct http_server *server);
const struct addr *http_server_local(const struct http_server *server);

struct http_server_counters {
        uint64_t accepted;
        uint64_t requests;   /* that reached the handler */
        uint64_t refused;    /* answered here, without the handler */
        uint64_t timed_out;  /* idle, slow to ask or slow to read */
        uint64_t over_limit; /* connections answered 503 */
        uint64_t not_loopback;
        uint32_t connections; /* now */
};
const struct http_server_counters *http_server_counters(const struct http_server *server);

/*
 * The texts may not hold CR or LF (asserted). Date, Content-Length, Cache-Control: no-store and
 * X-Content-Type-Options: nosniff are added; to a HEAD, the body is only counted.
 */
struct http_response {
        unsigned status;
        const char *content_type; /* NULL: no body */
        struct slice body;        /* copied */
        const char *location;     /* NULL: none */
        const char *link;         /* NULL: none; "</path>; rel=\"next\"" (RFC 8288) */
        const char *allow;        /* NULL: none; the methods, with 405 */
        const char *authenticate; /* NULL: none; WWW-Authenticate, with 401 */
        unsigned retry_after_s;   /* 0: none */
};

/* Nothing happens when the exchange is stale. */
void http_respond(struct http_server *server, struct http_exchange exchange,
                  const struct http_response *response);

#endif
