/* SPDX-License-Identifier: Apache-2.0 */
#include "io/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "io/io_impl.h"
#include "io/stream_impl.h"

static void forget_listener(struct stream *stream)
{
        if (stream->listener)
                stream->listener->streams--;
        stream->listener = NULL;
}

/* At the end of the turn nobody is inside the stream any more. */
static void bury(void *arg)
{
        struct stream *stream = arg;
        list_remove(&stream->node);
        free(stream->reason);
        stream->ops->destroy(stream);
}

static void release(struct stream *stream, bool reset)
{
        io_timer_stop(stream->io, &stream->timer);
        forget_listener(stream);
        stream->ops->release(stream, reset);
}

static void vanish(struct stream *stream, bool reset)
{
        if (stream->state == STREAM_GONE)
                return;
        if (stream->state != STREAM_FAILED)
                release(stream, reset);
        stream->state = STREAM_GONE;
        io_defer(stream->io, &stream->task, bury, stream);
}

static void tell_closed(void *arg)
{
        struct stream *stream = arg;
        stream->state = STREAM_GONE;
        io_defer(stream->io, &stream->task, bury, stream);
        stream->handlers->on_close(stream->arg, stream->err);
}

void stream_fail(struct stream *stream, int err)
{
        if (stream->state == STREAM_CLOSING) {
                vanish(stream, false);
                return;
        }
        if (stream->state > STREAM_CLOSING)
                return;
        release(stream, false);
        stream->state = STREAM_FAILED;
        stream->err = err;
        io_defer(stream->io, &stream->task, tell_closed, stream);
}

static void on_connect_timeout(void *arg)
{
        stream_fail(arg, -ETIMEDOUT);
}

void stream_init(struct stream *stream, struct io *io, const struct stream_ops *ops,
                 enum stream_state state, const struct stream_options *options)
{
        stream->io = io;
        stream->ops = ops;
        stream->state = state;
        stream->options = *options;
        list_add_tail(&io->streams, &stream->node);
        if (state == STREAM_CONNECTING)
                io_timer_start(io, &stream->timer, options->connect_ms, on_connect_timeout, stream);
}

static void check_options(const struct stream_options *options)
{
        assert(options->out_bytes_max > 0);
        assert(options->keepalive_ms >= 0);
        assert(options->unacked_ms >= 0);
}

int stream_connect(struct io *io, const struct addr *local, const struct addr *peer,
                   const struct stream_options *options, const struct stream_handlers *handlers,
                   void *arg, struct stream **out)
{
        struct stream *stream = NULL;
        check_options(options);
        assert(options->connect_ms > 0);
        if ((peer->family != 4 && peer->family != 6) || (local && local->family != peer->family))
                return -EAFNOSUPPORT;
        if (!peer->port || addr_is_any(peer))
                return -EINVAL;
        int err = io->ops->stream_connect(io, local, peer, options, &stream);
        if (err)
                return err;

        stream->handlers = handlers;
        stream->arg = arg;
        io->counters.streams_out++;
        *out = stream;
        return 0;
}

int stream_listen(struct io *io, const struct addr *local, const struct stream_options *options,
                  uint32_t streams_max, stream_accept_fn *fn, void *arg,
                  struct stream_listener **out)
{
        struct stream_listener *listener = NULL;
        check_options(options);
        assert(fn);
        if (local->family != 4 && local->family != 6)
                return -EAFNOSUPPORT;
        int err = io->ops->stream_listen(io, local, &listener);
        if (err)
                return err;

        listener->io = io;
        listener->options = *options;
        listener->streams_max = streams_max;
        listener->fn = fn;
        listener->arg = arg;
        list_add_tail(&io->listeners, &listener->node);
        *out = listener;
        return 0;
}

void stream_listener_close(struct stream_listener *listener)
{
        if (!listener)
                return;
        list_for_each (node, &listener->io->streams) {
                struct stream *stream = container_of(node, struct stream, node);
                if (stream->listener == listener)
                        stream->listener = NULL;
        }
        list_remove(&listener->node);
        listener->io->ops->stream_listener_close(listener);
}

const struct addr *stream_listener_local(const struct stream_listener *listener)
{
        return &listener->local;
}

bool stream_listener_is_full(const struct stream_listener *listener)
{
        return listener->streams >= listener->streams_max;
}

void stream_accepted(struct stream *stream, struct stream_listener *listener)
{
        stream->listener = listener;
        listener->streams++;
        stream->io->counters.streams_in++;
        listener->fn(listener->arg, stream);
        assert(stream->handlers || stream->state > STREAM_OPEN);
}

void stream_set_handlers(struct stream *stream, const struct stream_handlers *handlers, void *arg)
{
        assert(handlers->on_data);
        assert(handlers->on_close);
        stream->handlers = handlers;
        stream->arg = arg;
}

int stream_send(struct stream *stream, struct slice data)
{
        if (stream->state > STREAM_OPEN)
                return ERR_STATE;
        if (data.len > stream->options.out_bytes_max)
                return ERR_TOO_LARGE;
        if (data.len + stream_pending(stream) > stream->options.out_bytes_max) {
                stream->was_full = true;
                return ERR_FULL;
        }
        return data.len ? stream->ops->send(stream, data) : 0;
}

size_t stream_pending(const struct stream *stream)
{
        return stream->state < STREAM_FAILED ? stream->ops->pending(stream) : 0;
}

static void on_close_timeout(void *arg)
{
        vanish(arg, true);
}

void stream_close(struct stream *stream)
{
        if (!stream)
                return;
        if (stream->state != STREAM_OPEN) {
                stream_abort(stream);
                return;
        }
        stream->state = STREAM_CLOSING;
        io_timer_start(stream->io, &stream->timer, STREAM_CLOSE_MS, on_close_timeout, stream);
        stream->ops->close(stream);
}

void stream_abort(struct stream *stream)
{
        if (stream)
                vanish(stream, true);
}

const struct addr *stream_local(const struct stream *stream)
{
        return &stream->local;
}

const struct addr *stream_peer(const struct stream *stream)
{
        return &stream->peer;
}

const char *stream_reason(const struct stream *stream)
{
        return stream->reason ? stream->reason : err_text(stream->err);
}

void stream_opened(struct stream *stream)
{
        assert(stream->state == STREAM_CONNECTING);
        stream->state = STREAM_OPEN;
        io_timer_stop(stream->io, &stream->timer);
        if (stream->handlers->on_open)
                stream->handlers->on_open(stream->arg);
}

void stream_received(struct stream *stream, struct slice data)
{
        if (stream->state == STREAM_OPEN)
                stream->handlers->on_data(stream->arg, data);
}

void stream_drained(struct stream *stream)
{
        if (stream->state != STREAM_OPEN || !(stream->was_full || stream->tells_each_time))
                return;
        stream->was_full = false;
        if (stream->handlers->on_drained)
                stream->handlers->on_drained(stream->arg);
}

void stream_ended(struct stream *stream)
{
        if (stream->state != STREAM_OPEN)
                return;
        if (stream->handlers->on_end)
                stream->handlers->on_end(stream->arg);
        else
                stream_fail(stream, 0);
}

/* Nodes leave the list at the end of the turn only, those of streams under streams included. */
void streams_destroy(struct io *io)
{
        list_for_each (node, &io->listeners)
                stream_listener_close(container_of(node, struct stream_listener, node));
        list_for_each (node, &io->streams)
                stream_abort(container_of(node, struct stream, node));
        io_end_turn(io);
        assert(list_is_empty(&io->streams));
}
