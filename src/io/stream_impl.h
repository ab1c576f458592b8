/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream_impl.h - what the kinds of stream share, and the table they fill in; for src/io only.
 *
 * A kind embeds `struct stream` as first member. It tells what happens by stream_opened(),
 * stream_received() and so on, which ask the state first; after each of them the stream may be
 * over, but its memory lasts until the end of the turn.
 */
#ifndef MASKLINE_IO_STREAM_IMPL_H
#define MASKLINE_IO_STREAM_IMPL_H

#include "io/byte_queue.h"
#include "io/stream.h"

#define STREAM_CLOSE_MS 5000 /* for what still waits when the owner lets go */

enum stream_state {
        STREAM_CONNECTING,
        STREAM_OPEN,
        STREAM_CLOSING, /* the owner has let go; the rest is being sent */
        STREAM_FAILED,  /* on_close() is on its way */
        STREAM_GONE,    /* memory only, until the end of the turn */
};

struct stream_ops {
        /* `data` fits. A failure has been reported by stream_fail() as well. */
        int (*send)(struct stream *stream, struct slice data);
        size_t (*pending)(const struct stream *stream);
        /* STREAM_CLOSING has begun: send the rest, then stream_fail(0). */
        void (*close)(struct stream *stream);
        /* Once, in any state: let go of everything but memory. */
        void (*release)(struct stream *stream, bool reset);
        void (*destroy)(struct stream *stream); /* the memory */
};

struct stream {
        const struct stream_ops *ops;
        struct io *io;
        struct list node; /* in io->streams */
        enum stream_state state;
        struct stream_listener *listener; /* NULL: connected, or the listener is closed */
        struct stream_options options;
        struct addr local, peer;
        const struct stream_handlers *handlers;
        void *arg;
        bool was_full;        /* on_drained() is owed */
        bool tells_each_time; /* on_drained() whenever nothing waits any more: for a stream above */
        int err;              /* in STREAM_FAILED */
        char *reason;         /* owned; NULL: err_text(err) */
        struct io_timer timer; /* of connecting, then of closing */
        struct io_task task;   /* on_close(), or the end of the memory */
};

struct stream_listener {
        struct io *io;
        struct list node; /* in io->listeners */
        struct addr local;
        struct stream_options options;
        uint32_t streams, streams_max;
        stream_accept_fn *fn;
        void *arg;
};

/* From the kind's own memory to a stream of the io; starts the timer of connecting. */
void stream_init(struct stream *stream, struct io *io, const struct stream_ops *ops,
                 enum stream_state state, const struct stream_options *options);

/* Hands a stream that was accepted to its listener's owner. */
void stream_accepted(struct stream *stream, struct stream_listener *listener);
bool stream_listener_is_full(const struct stream_listener *listener);

void stream_opened(struct stream *stream);
void stream_received(struct stream *stream, struct slice data);
void stream_drained(struct stream *stream); /* nothing waits any more */
void stream_ended(struct stream *stream);   /* the peer sends no more */

/* Releases at once and calls on_close() at the end of the turn, if there still is an owner. */
void stream_fail(struct stream *stream, int err);

void streams_destroy(struct io *io); /* all of them, as a crash would */

#endif
