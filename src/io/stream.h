/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h - reliable byte streams on either kind of io: TCP on the real loop, ordered bytes with
 * the world's delay on simulated hosts (io_sim.h). TLS is a stream over a stream (tls.h).
 *
 * A stream has one owner, who ends it with stream_close() or stream_abort(), or hears on_close().
 * Either may happen inside any handler, of this stream or another. No handler is called from
 * within a call of the owner.
 */
#ifndef MASKLINE_IO_STREAM_H
#define MASKLINE_IO_STREAM_H

#include "base/addr.h"
#include "base/slice.h"
#include "io/io.h"

struct stream;
struct stream_listener;

/* Outlives the stream; usually static. All but on_data and on_close may be NULL. */
struct stream_handlers {
        void (*on_open)(
                void *arg); /* of connect: the peer is there, and with TLS who it should be */
        void (*on_data)(void *arg, struct slice data); /* lives until the handler returns */
        void (*on_drained)(void *arg); /* after ERR_FULL: nothing waits to be sent any more */
        /*
         * The peer sends no more, and may still read. Without this handler the stream ends then,
         * and what waited to be sent is dropped: on_close(0).
         */
        void (*on_end)(void *arg);
        /*
         * The stream is over: 0 (the peer closed it in order), -ECONNREFUSED, -ETIMEDOUT,
         * -ECONNRESET, -EHOSTUNREACH ... It may still be asked here; it is gone on return.
         */
        void (*on_close)(void *arg, int err);
};

struct stream_options {
        uint32_t out_bytes_max; /* what may wait to be sent; more is ERR_FULL */
        int64_t connect_ms;     /* for connect only */
        int64_t keepalive_ms;   /* the peer is probed when silent for this long; 0: never */
        int64_t unacked_ms; /* a peer that confirms nothing for this long is gone; 0: system's */
};

/*
 * Connects to `peer`. `local`: NULL, or the source; its port is usually 0. What is sent before
 * on_open() waits. What is known at once comes as an error from here: -EADDRNOTAVAIL (no such
 * source), -ENETUNREACH, -EAFNOSUPPORT, -EMFILE ...
 */
int stream_connect(struct io *io, const struct addr *local, const struct addr *peer,
                   const struct stream_options *options, const struct stream_handlers *handlers,
                   void *arg, struct stream **out) MUST_CHECK;

/* Before returning, gives the stream its handlers, or ends it. */
typedef void stream_accept_fn(void *arg, struct stream *stream);

/*
 * Port 0 in `local`: any free one. With `streams_max` accepted streams alive, whoever else
 * connects is closed at once and counted. -EADDRINUSE, -EACCES, -EADDRNOTAVAIL ...
 */
int stream_listen(struct io *io, const struct addr *local, const struct stream_options *options,
                  uint32_t streams_max, stream_accept_fn *fn, void *arg,
                  struct stream_listener **out) MUST_CHECK;
void stream_listener_close(struct stream_listener *listener); /* its streams stay; NULL is fine */
const struct addr *stream_listener_local(const struct stream_listener *listener);

void stream_set_handlers(struct stream *stream, const struct stream_handlers *handlers, void *arg);

/*
 * All of `data` or nothing is taken. ERR_FULL: it does not fit now, on_drained() says when;
 * ERR_TOO_LARGE: it never fits; ERR_STATE: the stream is over, as on_close() says or will say.
 * Other errors: it broke just now, and on_close() follows.
 */
int stream_send(struct stream *stream, struct slice data) MUST_CHECK;
size_t stream_pending(const struct stream *stream); /* bytes that wait to be sent */

/*
 * The owner lets go. close: what waits is still sent, for a few seconds at most. abort: at once,
 * and the peer sees a reset. NULL is fine.
 */
void stream_close(struct stream *stream);
void stream_abort(struct stream *stream);

const struct addr *stream_local(const struct stream *stream);
const struct addr *stream_peer(const struct stream *stream);

/* For on_close(): why, as a sentence fragment; more than err_text() where more is known. */
const char *stream_reason(const struct stream *stream);

#endif
