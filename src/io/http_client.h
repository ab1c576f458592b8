/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.h - one blocking HTTP/1.1 request, for the command line.
 */
#ifndef MASKLINE_IO_HTTP_CLIENT_H
#define MASKLINE_IO_HTTP_CLIENT_H

#include "base/addr.h"
#include "base/slice.h"
#include "io/tls_context.h"
#include "io/tls_identity.h"

#define HTTP_PIN_BYTES 32

/* Who the server must be. */
struct http_tls {
        const char *name;   /* host name (a wildcard may stand for its first label) or IP address */
        const char *ca;     /* PEM file of whom we trust to say so; NULL: the system's */
        const uint8_t *pin; /* SHA-256 of its certificate: then nothing else counts; NULL: none */
        struct tls_context *context; /* made of `ca` for many calls; NULL: each makes its own */
};

struct http_call {
        struct addr server;
        const char *host;           /* for the header Host; NULL: the address */
        const struct http_tls *tls; /* NULL: plain HTTP */
        struct tls_reason *why;     /* gets what is wrong with TLS; NULL without */
        const char *method;
        const char *path;            /* with the query */
        const char *bearer_token;    /* NULL: none */
        const char *idempotency_key; /* NULL: none */
        struct slice body;           /* application/json, or empty */
        int timeout_ms;              /* for all of it */
};

#define HTTP_NEXT_BYTES 512

struct http_reply {
        unsigned status;
        char *body; /* owned by the caller: free(); NUL-terminated */
        size_t body_bytes;
        char next
                [HTTP_NEXT_BYTES]; /* path and query of the page that Link says is next; or empty */
};

/*
 * -ECONNREFUSED, -ETIMEDOUT, ERR_UNTRUSTED (the server's certificate; nothing was sent), -EPROTO (it
 * speaks no TLS), -ECONNRESET (closed without an answer), ERR_SYNTAX (no valid answer),
 * ERR_TOO_LARGE (beyond 16 MiB) ...; -EINVAL: a space or control character in method or path, a
 * control character in the token or the key. What is sent is wiped from memory.
 */
int http_call(const struct http_call *call, struct http_reply *out) MUST_CHECK;

#endif
