/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "io/io_impl.h"
#include "io/stream_impl.h"

int io_init(struct io *io, const struct io_ops *ops, int64_t now_ms)
{
        struct io_posted *posts = calloc(IO_POSTS_MAX, sizeof *posts);
        if (!posts)
                return -ENOMEM;

        io->ops = ops;
        io->posts = posts;
        timer_wheel_init(&io->wheel, now_ms);
        list_init(&io->deferred);
        list_init(&io->streams);
        list_init(&io->listeners);
        random_init_system(&io->random);
        atomic_init(&io->stopped, false);
        pthread_mutex_init(&io->posts_lock, NULL);
        return 0;
}

void io_fini(struct io *io)
{
        if (!io->posts)
                return;
        pthread_mutex_destroy(&io->posts_lock);
        free(io->posts);
        io->posts = NULL;
}

void io_destroy(struct io *io)
{
        if (!io)
                return;
        io_end_turn(io);
        streams_destroy(io);
        dns_destroy(io->dns);
        io->ops->destroy(io);
}

int64_t io_now_ms(const struct io *io)
{
        return io->ops->now_ms(io);
}

int64_t io_wall_ms(const struct io *io)
{
        return io->ops->wall_ms(io);
}

struct random *io_random(struct io *io)
{
        return &io->random;
}

const struct io_counters *io_counters(const struct io *io)
{
        return &io->counters;
}

void io_timer_start(struct io *io, struct io_timer *timer, int64_t delay_ms, void (*fn)(void *),
                    void *arg)
{
        int64_t now_ms = io_now_ms(io);
        int64_t due_ms;
        assert(delay_ms >= 0);
        if (__builtin_add_overflow(now_ms, delay_ms, &due_ms))
                due_ms = INT64_MAX;
        timer_wheel_start(&io->wheel, timer, due_ms, fn, arg);
}

void io_timer_stop(struct io *io, struct io_timer *timer)
{
        (void)io;
        timer_wheel_stop(timer);
}

uint32_t io_timers_armed(const struct io *io)
{
        return timer_wheel_count(&io->wheel);
}

void io_defer(struct io *io, struct io_task *task, void (*fn)(void *), void *arg)
{
        assert(fn);
        io_defer_cancel(io, task);
        task->fn = fn;
        task->arg = arg;
        task->queued = true;
        list_add_tail(&io->deferred, &task->node);
}

void io_defer_cancel(struct io *io, struct io_task *task)
{
        (void)io;
        if (!task->queued)
                return;
        list_remove(&task->node);
        task->queued = false;
}

unsigned io_end_turn(struct io *io)
{
        unsigned called = 0;
        while (!list_is_empty(&io->deferred)) {
                struct io_task *task = container_of(io->deferred.next, struct io_task, node);
                io_defer_cancel(io, task);
                called++;
                task->fn(task->arg);
        }
        return called;
}

int io_udp_open(struct io *io, const struct addr *local, io_udp_fn *fn, void *arg,
                struct io_udp **out)
{
        struct io_udp *udp = NULL;
        assert(fn);
        if (local->family != 4 && local->family != 6)
                return -EAFNOSUPPORT;
        int err = io->ops->udp_open(io, local, &udp);
        if (err)
                return err;

        udp->io = io;
        udp->fn = fn;
        udp->arg = arg;
        *out = udp;
        return 0;
}

void io_udp_close(struct io_udp *udp)
{
        if (udp)
                udp->io->ops->udp_close(udp);
}

const struct addr *io_udp_local(const struct io_udp *udp)
{
        return &udp->local;
}

void io_udp_set_handler(struct io_udp *udp, io_udp_fn *fn, void *arg)
{
        assert(fn);
        udp->fn = fn;
        udp->arg = arg;
}

void io_udp_send(struct io_udp *udp, const struct addr *to, struct slice data)
{
        struct io *io = udp->io;
        bool sent = to->family == udp->local.family && to->port != 0 &&
                    io->ops->udp_send(udp, to, data) == 0;
        if (sent)
                io->counters.datagrams_out++;
        else
                io->counters.send_failed++;
}

void io_udp_drain(struct io_udp *udp)
{
        udp->io->ops->udp_drain(udp);
}

void io_udp_deliver(struct io_udp *udp, const struct addr *from, struct slice data)
{
        udp->io->counters.datagrams_in++;
        udp->fn(udp->arg, from, data);
}

int io_post(struct io *io, void (*fn)(void *), void *arg)
{
        int err = ERR_FULL;
        assert(fn);
        pthread_mutex_lock(&io->posts_lock);
        if (io->posts_count < IO_POSTS_MAX) {
                uint32_t at = (io->posts_head + io->posts_count++) % IO_POSTS_MAX;
                io->posts[at] = (struct io_posted){fn, arg};
                err = 0;
        }
        pthread_mutex_unlock(&io->posts_lock);
        if (!err)
                io->ops->wake(io);
        return err;
}

void io_post_cancel(struct io *io, void (*fn)(void *), void *arg)
{
        pthread_mutex_lock(&io->posts_lock);
        for (uint32_t i = 0; i < io->posts_count; i++) {
                struct io_posted *posted = &io->posts[(io->posts_head + i) % IO_POSTS_MAX];
                if (posted->fn == fn && posted->arg == arg)
                        posted->fn = NULL;
        }
        pthread_mutex_unlock(&io->posts_lock);
}

static bool take_posted(struct io *io, struct io_posted *out)
{
        bool any = false;
        pthread_mutex_lock(&io->posts_lock);
        if (io->posts_count) {
                *out = io->posts[io->posts_head];
                io->posts_head = (io->posts_head + 1) % IO_POSTS_MAX;
                io->posts_count--;
                any = true;
        }
        pthread_mutex_unlock(&io->posts_lock);
        return any;
}

bool io_has_posted(struct io *io)
{
        pthread_mutex_lock(&io->posts_lock);
        bool any = io->posts_count != 0;
        pthread_mutex_unlock(&io->posts_lock);
        return any;
}

/* Only what was there when it began: work that posts itself again does not starve the loop. */
unsigned io_run_posted(struct io *io)
{
        struct io_posted posted;
        unsigned called = 0;
        pthread_mutex_lock(&io->posts_lock);
        uint32_t left = io->posts_count;
        pthread_mutex_unlock(&io->posts_lock);

        while (left-- && take_posted(io, &posted)) {
                if (!posted.fn)
                        continue; /* taken back */
                called++;
                posted.fn(posted.arg);
        }
        return called;
}

void io_run(struct io *io)
{
        io->ops->run(io);
}

void io_stop(struct io *io)
{
        atomic_store(&io->stopped, true);
        io->ops->wake(io);
}
