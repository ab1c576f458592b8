/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_compose.h - an answer as bytes; for http_server.c only.
 */
#ifndef MASKLINE_IO_HTTP_COMPOSE_H
#define MASKLINE_IO_HTTP_COMPOSE_H

#include "io/http_server.h"

struct http_compose_params {
        int64_t wall_ms; /* for Date */
        bool is_head;    /* the body is counted, not sent */
        bool close;      /* Connection: close */
        unsigned minor;  /* of the request: HTTP/1.0 is told when the connection is kept */
};

/* `out` gets memory of secret_heap_alloc(). -ENOMEM. */
int http_compose(const struct http_response *response, const struct http_compose_params *params,
                 struct slice *out) MUST_CHECK;

#endif
