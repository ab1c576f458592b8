/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream_scene.h - two hosts and what their streams tell, on TCP over loopback or simulated.
 */
#ifndef MASKLINE_TESTS_STREAM_SCENE_H
#define MASKLINE_TESTS_STREAM_SCENE_H

#include <errno.h>

#include "../unit.h"
#include "io/io_epoll.h"
#include "io/io_sim.h"
#include "io/stream.h"

#define RECEIVED_MAX (4u << 20)
#define TURNS_MAX    400000

static const struct stream_options usual = {
        .out_bytes_max = 65536, .connect_ms = 5000, .unacked_ms = 10000};

/* One end, and all it has been told. */
struct end {
        struct stream *stream;
        unsigned opened, drained, ended, closed, pieces;
        int err;
        char reason[256];
        size_t received;
        char *bytes;                   /* RECEIVED_MAX of them, owned by the scene */
        void (*then)(struct end *end); /* called after each event, NULL: nothing */
        struct end *other;
};

struct scene {
        struct sim_world *world; /* NULL on TCP */
        struct io *a, *b;        /* one and the same on TCP */
        struct addr ip_a, ip_b;
        struct stream_listener *listener;
        const struct stream_handlers *accept_with; /* NULL: abort */
        unsigned accepted;
        struct end client, server;
};

static inline void then(struct end *end)
{
        if (end->then)
                end->then(end);
}

static inline void on_open(void *arg)
{
        struct end *end = arg;
        end->opened++;
        then(end);
}

static inline void on_data(void *arg, struct slice data)
{
        struct end *end = arg;
        assert_true(data.len > 0);
        assert_true(end->received + data.len <= RECEIVED_MAX);
        memcpy(end->bytes + end->received, data.p, data.len);
        end->received += data.len;
        end->pieces++;
        then(end);
}

static inline void on_drained(void *arg)
{
        struct end *end = arg;
        end->drained++;
        then(end);
}

static inline void on_end(void *arg)
{
        struct end *end = arg;
        end->ended++;
        then(end);
}

static inline void on_close(void *arg, int err)
{
        struct end *end = arg;
        end->closed++;
        end->err = err;
        assert_int_equal(slice_to_text(slice_from(stream_reason(end->stream)), end->reason,
                                       sizeof end->reason),
                         0);
        end->stream = NULL;
        then(end);
}

static const struct stream_handlers telling = {.on_open = on_open,
                                               .on_data = on_data,
                                               .on_drained = on_drained,
                                               .on_end = on_end,
                                               .on_close = on_close};
/* Without on_end: the stream ends with its peer. */
static const struct stream_handlers short_lived = {
        .on_open = on_open, .on_data = on_data, .on_drained = on_drained, .on_close = on_close};

static inline void on_accept(void *arg, struct stream *stream)
{
        struct scene *s = arg;
        s->accepted++;
        if (!s->accept_with) {
                stream_abort(stream);
                return;
        }
        s->server.stream = stream;
        stream_set_handlers(stream, s->accept_with, &s->server);
}

static inline struct addr address(const char *text)
{
        struct addr a = {0};
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

static inline void scene_init(struct scene *s, bool simulated)
{
        *s = (struct scene){.accept_with = &telling};
        s->ip_a = address(simulated ? "192.0.2.1" : "127.0.0.1");
        s->ip_b = address(simulated ? "192.0.2.2" : "127.0.0.1");
        if (simulated) {
                assert_int_equal(sim_world_create(7, &s->world), 0);
                assert_int_equal(io_create_sim(s->world, &s->a), 0);
                assert_int_equal(io_create_sim(s->world, &s->b), 0);
                sim_set_ip(s->a, &s->ip_a);
                sim_set_ip(s->b, &s->ip_b);
                sim_world_set_network(s->world, &(struct sim_network){.delay_ms = 10});
        } else {
                assert_int_equal(io_create_epoll(&s->a), 0);
                s->b = s->a;
        }
        s->client.other = &s->server;
        s->server.other = &s->client;
        s->client.bytes = malloc(RECEIVED_MAX);
        s->server.bytes = malloc(RECEIVED_MAX);
        assert_non_null(s->client.bytes);
        assert_non_null(s->server.bytes);
}

static inline void scene_fini(struct scene *s)
{
        if (s->world)
                sim_world_destroy(s->world);
        else
                io_destroy(s->a);
        free(s->client.bytes);
        free(s->server.bytes);
}

static inline void listen_at_b(struct scene *s, const struct stream_options *options)
{
        assert_int_equal(stream_listen(s->b, &s->ip_b, options, 100, on_accept, s, &s->listener),
                         0);
}

static inline int try_connect(struct scene *s, const struct stream_options *options)
{
        return stream_connect(s->a, NULL, stream_listener_local(s->listener), options, &telling,
                              &s->client, &s->client.stream);
}

static inline bool step(struct scene *s)
{
        if (s->world)
                return sim_world_step(s->world);
        io_stop(s->a);
        io_run(s->a);
        return true;
}

/* Until `condition` holds; fails when it never does. */
#define RUN_UNTIL(s, condition)                                                                    \
        do {                                                                                       \
                for (unsigned turns = 0; !(condition); turns++) {                                  \
                        assert_true(turns < TURNS_MAX);                                            \
                        assert_true(step(s));                                                      \
                }                                                                                  \
        } while (0)

/* A little longer, so that what must not happen could. */
static inline void settle(struct scene *s)
{
        if (s->world)
                sim_world_run_ms(s->world, 100);
        for (unsigned i = 0; !s->world && i < 20; i++)
                step(s);
}

static inline void connect_both(struct scene *s)
{
        if (!s->listener)
                listen_at_b(s, &usual);
        assert_int_equal(try_connect(s, &usual), 0);
        RUN_UNTIL(s, s->client.opened && s->server.stream);
}

static inline void fill(char *bytes, size_t count, unsigned seed)
{
        for (size_t i = 0; i < count; i++)
                bytes[i] = (char)((i * 31 + seed) ^ (i >> 8));
}

#endif
