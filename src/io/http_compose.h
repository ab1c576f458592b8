/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_compose.h - an answer as bytes; for http_server.c only.
 */
#ifndef MASKLINE_IO_HTTP_COMPOSE_H
#define MASKLINE_IO_HTTP_COMPOSE_H

#include "base/buf.h"
#include "io/http_server.h"

struct http_compose_params {
        int64_t wall_ms; /* for Date */
        bool is_head;    /* the body is counted, not sent */
        bool close;      /* Connection: close */
        unsigned minor;  /* of the request: HTTP/1.0 is told when the connection is kept */
};

/* "Not Found"; empty where there is none. */
const char *http_reason(unsigned status);

/*
 * What is wrong with a request that no handler sees, as application/problem+json (RFC 9457). `detail`
 * holds neither quotes nor backslashes.
 */
void http_put_problem(struct buf *out, unsigned status, const char *detail);

/* `out` gets memory of secret_heap_alloc(). -ENOMEM. */
int http_compose(const struct http_response *response, const struct http_compose_params *params,
                 struct slice *out) MUST_CHECK;

#endif
