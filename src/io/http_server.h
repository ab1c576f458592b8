/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h - an HTTP/1.1 server on the loop: strict framing (wire/http1.h), keep-alive,
 * pipelining in order, limits on everything, answers now or later.
 */
#ifndef MASKLINE_IO_HTTP_SERVER_H
#define MASKLINE_IO_HTTP_SERVER_H

#include "base/addr.h"
#include "base/pool.h"
#include "base/slice.h"
#include "io/io.h"

struct http_server;

struct http_request {
        struct slice method;
        struct slice path;          /* as sent, up to '?' */
        struct slice query;         /* after '?', raw */
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

/* The request lives until the handler returns; the exchange until http_respond(). */
typedef void http_handler_fn(void *arg, struct http_exchange exchange,
                             const struct http_request *request);

struct http_server_params {
        struct io *io; /* an epoll one */
        struct addr listen;
        uint32_t connections_max;
        uint32_t body_bytes_max;   /* more: 413 */
        uint32_t header_bytes_max; /* more: 431 */
        int64_t idle_ms;           /* between requests */
        int64_t request_ms;        /* from the first byte to the last; more: 408 */
        http_handler_fn *handler;
        void *arg;
};

int http_server_create(const struct http_server_params *params,
                       struct http_server **out) MUST_CHECK;
void http_server_destroy(struct http_server *server);
const struct addr *http_server_local(const struct http_server *server);

struct http_response {
        unsigned status;
        const char *content_type; /* NULL: no body */
        struct slice body;        /* copied */
        const char *location;     /* NULL: none; may not hold CR or LF (asserted) */
        const char *allow;        /* NULL: none; the methods, with 405 */
        const char *authenticate; /* NULL: none; WWW-Authenticate, with 401 */
        unsigned retry_after_s;   /* 0: none */
};
void http_respond(struct http_server *server, struct http_exchange exchange,
                  const struct http_response *response);

#endif
