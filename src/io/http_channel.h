/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_channel.h - what carries an HTTP connection: a socket, or TLS over it. For http_server.c and
 * http_client.c only.
 *
 * The socket is the owner's, and does not block. A result of -EAGAIN is no failure: the owner waits until
 * the socket can do what http_channel_events() says, and asks for the same again.
 */
#ifndef MASKLINE_IO_HTTP_CHANNEL_H
#define MASKLINE_IO_HTTP_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "io/http_client.h"
#include "io/tls_context.h"

struct ssl_st;

struct http_channel {
        int fd;
        struct ssl_st *ssl; /* owned; NULL: plain */
        bool wants_write;   /* TLS has to write before it can read on */
        bool wants_read;    /* and the other way round */
        bool broken;        /* TLS is over: there is no goodbye to say */
};

/* `tls` NULL: plain. -ENOMEM. */
int http_channel_accept(struct http_channel *channel, int fd,
                        const struct tls_context *tls) MUST_CHECK;
int http_channel_connect(struct http_channel *channel, int fd, const struct tls_context *tls,
                         const struct http_tls *server) MUST_CHECK;

/* The socket stays open. One that is all zero, or was closed already: nothing happens. */
void http_channel_close(struct http_channel *channel);

/*
 * As recv() and send(), with a negative errno instead of -1. A read of 16 KiB leaves nothing behind in
 * here, of which the socket would not tell. -EPROTO: no TLS, or none that we speak.
 */
ssize_t http_channel_recv(struct http_channel *channel, void *out, size_t bytes);
ssize_t http_channel_send(struct http_channel *channel, const void *data, size_t bytes);

/* What to wait for, IO_READ or IO_WRITE, if `wanted` is what the owner wants to do. */
unsigned http_channel_events(const struct http_channel *channel, unsigned wanted);

/* We send no more: TLS's goodbye, then the socket's. What the peer still sends is read raw. */
int http_channel_end(struct http_channel *channel) MUST_CHECK;

/* Of a plain one, always. */
bool http_channel_is_open(const struct http_channel *channel);

/*
 * Client, before anything is sent: the handshake, and whether the server is who it should be.
 * ERR_UNTRUSTED, with `why`.
 */
int http_channel_shake_hands(struct http_channel *channel, const struct http_tls *server,
                             struct tls_reason *why) MUST_CHECK;

#endif
