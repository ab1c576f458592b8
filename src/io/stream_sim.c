/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/io_sim_impl.h"
#include "io/stream_impl.h"

#define RTO_MS    200 /* what a loss costs; doubled by each further loss of the same piece */
#define RTO_TIMES 6

enum segment_kind {
        SEGMENT_SYN,
        SEGMENT_SYN_ACK,
        SEGMENT_DATA,
        SEGMENT_FIN,
        SEGMENT_RST,
};

struct segment {
        struct list node; /* in way->segments */
        enum segment_kind kind;
        int64_t due_ms; /* or once those in front of it are there */
        size_t bytes;   /* of SEGMENT_DATA; they follow the struct */
};

/* One direction: in order, one piece after the other. */
struct way {
        struct sim_conn *conn;
        unsigned from; /* its sender's end */
        struct list segments;
        struct segment syn, fin, rst; /* each is sent once at most, and must not need memory; its
                                         kind stays SEGMENT_SYN until then */
        struct io_timer arrival;      /* of the first segment */
        size_t in_flight;             /* bytes */
        bool parked;                  /* found the way cut: goes on when it is mended */
};

/* Two ends, each of its own host: 0 has connected, 1 was accepted. */
struct sim_conn {
        struct sim_world *world;
        struct list node; /* in world->conns */
        struct addr addrs[2];
        struct sim_stream *ends[2]; /* NULL: not there yet, or gone */
        struct way ways[2];         /* by their sender's end */
        unsigned busy;              /* somebody is inside and frees it on leaving */
};

struct sim_stream {
        struct stream stream;
        struct sim_conn *conn; /* NULL once released */
        unsigned end;
        struct byte_queue out;
        bool peer_ended;
        struct io_task drained;
        struct io_timer dead; /* the peer has been silent for too long */
};

static const struct stream_ops sim_stream_ops;

static struct sim_stream *sim_stream_of(const struct stream *stream)
{
        return (struct sim_stream *)stream;
}

/* Connections. */

static void drop_segment(struct segment *segment)
{
        list_remove(&segment->node);
        if (segment->kind == SEGMENT_DATA)
                free(segment);
}

static void free_if_left(struct sim_conn *conn)
{
        if (conn->ends[0] || conn->ends[1] || conn->busy)
                return;
        for (unsigned i = 0; i < 2; i++) {
                timer_wheel_stop(&conn->ways[i].arrival);
                list_for_each (node, &conn->ways[i].segments)
                        drop_segment(container_of(node, struct segment, node));
        }
        list_remove(&conn->node);
        free(conn);
}

static void leave(struct sim_conn *conn)
{
        conn->busy--;
        free_if_left(conn);
}

static struct sim_conn *create_conn(struct sim_world *world)
{
        struct sim_conn *conn = calloc(1, sizeof *conn);
        if (!conn)
                return NULL;
        conn->world = world;
        for (unsigned i = 0; i < 2; i++) {
                conn->ways[i].conn = conn;
                conn->ways[i].from = i;
                list_init(&conn->ways[i].segments);
        }
        list_add_tail(&world->conns, &conn->node);
        return conn;
}

/* The way of a segment. */

static void on_arrival(void *arg);

static void arm(struct way *way)
{
        struct sim_world *world = way->conn->world;
        if (way->parked || way->arrival.armed || list_is_empty(&way->segments))
                return;
        int64_t due_ms = container_of(way->segments.next, struct segment, node)->due_ms;
        timer_wheel_start(&world->in_flight, &way->arrival,
                          due_ms > world->now_ms ? due_ms : world->now_ms, on_arrival, way);
}

/* The same dice for each segment, so that a changed rate leaves the rest of a run alike. */
static int64_t travel_ms(struct sim_world *world)
{
        int64_t ms = world->network.delay_ms +
                     random_below(&world->random, (uint32_t)world->network.jitter_ms + 1);
        for (unsigned i = 0; i < RTO_TIMES && sim_happens(world, world->network.loss_permille); i++)
                ms += RTO_MS << i;
        return ms;
}

static void launch(struct way *way, struct segment *segment)
{
        struct sim_world *world = way->conn->world;
        segment->due_ms = world->now_ms + travel_ms(world);
        list_add_tail(&way->segments, &segment->node);
        arm(way);
}

static void launch_once(struct way *way, struct segment *segment, enum segment_kind kind)
{
        if (segment->kind != SEGMENT_SYN)
                return;
        segment->kind = kind;
        launch(way, segment);
}

static bool launch_data(struct way *way, struct slice data)
{
        struct sim_conn *conn = way->conn;
        struct sim_world *world = conn->world;
        struct segment *segment = malloc(sizeof *segment + data.len);
        if (!segment)
                return false;
        *segment = (struct segment){.kind = SEGMENT_DATA, .bytes = data.len};
        memcpy(segment + 1, data.p, data.len);
        way->in_flight += data.len;
        if (world->on_stream)
                world->on_stream(world->on_stream_arg, &conn->addrs[way->from],
                                 &conn->addrs[1 - way->from], data);
        launch(way, segment);
        return true;
}

/* Sending. */

static struct way *way_of(struct sim_stream *s)
{
        return &s->conn->ways[s->end];
}

static size_t piece_bytes(struct sim_world *world, size_t most)
{
        uint32_t max = world->network.segment_bytes_max;
        size_t piece = max ? 1 + random_below(&world->random, max) : most;
        return piece < most ? piece : most;
}

static void on_drained(void *arg)
{
        struct sim_stream *s = arg;
        stream_drained(&s->stream);
}

static void end_if_done(struct sim_stream *s)
{
        if (s->stream.state != STREAM_CLOSING || s->out.len)
                return;
        launch_once(way_of(s), &way_of(s)->fin, SEGMENT_FIN);
        if (s->peer_ended)
                stream_fail(&s->stream, 0);
}

/* Sends what the window takes. */
static void pump(struct sim_stream *s)
{
        struct way *way = way_of(s);
        bool waited = s->out.len;
        while (s->out.len && way->in_flight < SIM_WINDOW_BYTES) {
                struct slice data = byte_queue_peek(&s->out);
                if (data.len > SIM_WINDOW_BYTES - way->in_flight)
                        data.len = SIM_WINDOW_BYTES - way->in_flight;
                data.len = piece_bytes(way->conn->world, data.len);
                if (!launch_data(way, data)) {
                        stream_fail(&s->stream, -ENOMEM);
                        return;
                }
                byte_queue_drop(&s->out, data.len);
        }
        if (waited && !s->out.len) {
                io_defer(s->stream.io, &s->drained, on_drained, s);
                end_if_done(s);
        }
}

static int sim_send(struct stream *stream, struct slice data)
{
        struct sim_stream *s = sim_stream_of(stream);
        int err = byte_queue_put(&s->out, data);
        if (err) {
                stream_fail(stream, err);
                return err;
        }
        if (stream->state == STREAM_OPEN)
                pump(s);
        return stream->state == STREAM_FAILED ? stream->err : 0;
}

static size_t sim_pending(const struct stream *stream)
{
        return sim_stream_of(stream)->out.len;
}

static void sim_close(struct stream *stream)
{
        end_if_done(sim_stream_of(stream));
}

static void sim_release(struct stream *stream, bool reset)
{
        struct sim_stream *s = sim_stream_of(stream);
        struct sim_conn *conn = s->conn;
        struct way *way = way_of(s);
        io_defer_cancel(stream->io, &s->drained);
        io_timer_stop(stream->io, &s->dead);
        byte_queue_fini(&s->out);
        if (reset)
                launch_once(way, &way->rst, SEGMENT_RST);
        else
                launch_once(way, &way->fin, SEGMENT_FIN);
        conn->ends[s->end] = NULL;
        s->conn = NULL;
        free_if_left(conn);
}

static void sim_destroy_stream(struct stream *stream)
{
        free(stream);
}

static const struct stream_ops sim_stream_ops = {
        .send = sim_send,
        .pending = sim_pending,
        .close = sim_close,
        .release = sim_release,
        .destroy = sim_destroy_stream,
};

static struct sim_stream *create_end(struct sim_conn *conn, unsigned end, struct io *io,
                                     enum stream_state state, const struct stream_options *options)
{
        struct sim_stream *s = calloc(1, sizeof *s);
        if (!s)
                return NULL;
        s->conn = conn;
        s->end = end;
        s->stream.local = conn->addrs[end];
        s->stream.peer = conn->addrs[1 - end];
        conn->ends[end] = s;
        stream_init(&s->stream, io, &sim_stream_ops, state, options);
        return s;
}

/* Arriving. */

static struct stream_listener *find_listener(struct sim_world *world, const struct addr *to)
{
        struct stream_listener *any = NULL;
        list_for_each (host_node, &world->hosts) {
                struct io *io = &container_of(host_node, struct sim_host, node)->io;
                list_for_each (node, &io->listeners) {
                        struct stream_listener *l =
                                container_of(node, struct stream_listener, node);
                        if (addr_equal(&l->local, to))
                                return l;
                        if (!any && sim_hears(io, &l->local, to))
                                any = l;
                }
        }
        return any;
}

static void on_syn(struct sim_conn *conn)
{
        struct way *back = &conn->ways[1];
        struct stream_listener *l = find_listener(conn->world, &conn->addrs[1]);
        struct sim_stream *s = NULL;
        if (l && stream_listener_is_full(l))
                l->io->counters.streams_over_limit++;
        else if (l && !(s = create_end(conn, 1, l->io, STREAM_OPEN, &l->options)))
                l->io->counters.streams_failed++;

        if (l)
                launch_once(back, &back->syn, SEGMENT_SYN_ACK);
        if (s)
                stream_accepted(&s->stream, l);
        else
                launch_once(back, &back->rst, SEGMENT_RST);
}

static void on_data(struct way *way, struct segment *segment)
{
        struct sim_conn *conn = way->conn;
        struct sim_stream *from = conn->ends[way->from], *to = conn->ends[1 - way->from];
        struct way *back = &conn->ways[1 - way->from];
        way->in_flight -= segment->bytes;
        if (from)
                pump(from);
        if (to)
                stream_received(&to->stream, (struct slice){(char *)(segment + 1), segment->bytes});
        else
                launch_once(back, &back->rst, SEGMENT_RST);
}

static void on_fin(struct sim_conn *conn, unsigned end)
{
        struct sim_stream *to = conn->ends[end];
        if (!to)
                return;
        to->peer_ended = true;
        stream_ended(&to->stream);
        if (conn->ends[end])
                end_if_done(to);
}

static void on_open(struct sim_conn *conn, struct sim_stream *to)
{
        if (!to)
                return;
        stream_opened(&to->stream);
        if (conn->ends[to->end])
                pump(to);
}

static void on_rst(struct sim_stream *to)
{
        if (to)
                stream_fail(&to->stream,
                            to->stream.state == STREAM_CONNECTING ? -ECONNREFUSED : -ECONNRESET);
}

static void deliver(struct way *way, struct segment *segment)
{
        struct sim_conn *conn = way->conn;
        unsigned end = 1 - way->from;
        switch (segment->kind) {
        case SEGMENT_SYN:
                on_syn(conn);
                break;
        case SEGMENT_SYN_ACK:
                on_open(conn, conn->ends[end]);
                break;
        case SEGMENT_DATA:
                on_data(way, segment);
                break;
        case SEGMENT_FIN:
                on_fin(conn, end);
                break;
        case SEGMENT_RST:
                on_rst(conn->ends[end]);
                break;
        }
}

static void on_dead(void *arg)
{
        struct sim_stream *s = arg;
        stream_fail(&s->stream, -ETIMEDOUT);
}

static void park(struct way *way)
{
        struct sim_stream *from = way->conn->ends[way->from];
        way->parked = true;
        if (from && from->stream.state != STREAM_CONNECTING && from->stream.options.unacked_ms)
                io_timer_start(from->stream.io, &from->dead, from->stream.options.unacked_ms,
                               on_dead, from);
}

static void on_arrival(void *arg)
{
        struct way *way = arg;
        struct sim_conn *conn = way->conn;
        conn->busy++;
        if (sim_is_cut(conn->world, &conn->addrs[0], &conn->addrs[1])) {
                park(way);
        } else {
                struct segment *segment = container_of(way->segments.next, struct segment, node);
                list_remove(&segment->node);
                deliver(way, segment);
                drop_segment(segment);
                arm(way);
        }
        sim_end_turns(conn->world);
        leave(conn);
}

/* What a test does to the network. */

static void probe_in_vain(struct sim_stream *s)
{
        if (!s || !s->stream.options.keepalive_ms || s->stream.state == STREAM_CONNECTING ||
            s->dead.armed)
                return;
        io_timer_start(s->stream.io, &s->dead,
                       s->stream.options.keepalive_ms + s->stream.options.unacked_ms, on_dead, s);
}

static void go_on(struct way *way)
{
        struct sim_world *world = way->conn->world;
        struct sim_stream *from = way->conn->ends[way->from];
        if (from)
                io_timer_stop(from->stream.io, &from->dead);
        if (!way->parked)
                return;
        way->parked = false;
        container_of(way->segments.next, struct segment, node)->due_ms =
                world->now_ms + RTO_MS + travel_ms(world);
        arm(way);
}

void sim_streams_cut(struct sim_world *world)
{
        list_for_each (node, &world->conns) {
                struct sim_conn *conn = container_of(node, struct sim_conn, node);
                bool is_cut = sim_is_cut(world, &conn->addrs[0], &conn->addrs[1]);
                for (unsigned i = 0; i < 2; i++) {
                        if (is_cut)
                                probe_in_vain(conn->ends[i]);
                        else
                                go_on(&conn->ways[i]);
                }
        }
}

static bool is_between(const struct sim_conn *conn, const struct addr *a, const struct addr *b)
{
        for (unsigned i = 0; i < 2; i++) {
                if ((!a || addr_equal_ip(a, &conn->addrs[i])) &&
                    (!b || addr_equal_ip(b, &conn->addrs[1 - i])))
                        return true;
        }
        return false;
}

void sim_world_reset_streams(struct sim_world *world, const struct addr *a, const struct addr *b)
{
        list_for_each (node, &world->conns) {
                struct sim_conn *conn = container_of(node, struct sim_conn, node);
                if (!is_between(conn, a, b))
                        continue;
                conn->busy++;
                for (unsigned i = 0; i < 2; i++)
                        on_rst(conn->ends[i]);
                leave(conn);
        }
}

/* Connecting and listening. */

static bool is_used(struct sim_world *world, const struct addr *local, const struct addr *peer)
{
        list_for_each (node, &world->conns) {
                const struct sim_conn *conn = container_of(node, struct sim_conn, node);
                for (unsigned i = 0; i < 2; i++) {
                        if (addr_equal(&conn->addrs[i], local) &&
                            addr_equal(&conn->addrs[1 - i], peer))
                                return true;
                }
        }
        return false;
}

static int choose_source(struct io *io, const struct addr *local, const struct addr *peer,
                         struct addr *out)
{
        struct sim_world *world = sim_host_of(io)->world;
        uint16_t port = local ? local->port : 0;
        *out = !local || addr_is_any(local) ? *sim_own_ip(io, peer->family) : *local;
        out->port = port ? port : sim_next_port(world);
        for (unsigned tries = UINT16_MAX; is_used(world, out, peer); tries--) {
                if (port || !tries)
                        return -EADDRINUSE;
                out->port = sim_next_port(world);
        }
        return 0;
}

int sim_stream_connect(struct io *io, const struct addr *local, const struct addr *peer,
                       const struct stream_options *options, struct stream **out)
{
        struct addr source = {0};
        int err = choose_source(io, local, peer, &source);
        if (err)
                return err;
        struct sim_conn *conn = create_conn(sim_host_of(io)->world);
        if (!conn)
                return -ENOMEM;
        conn->addrs[0] = source;
        conn->addrs[1] = *peer;
        struct sim_stream *s = create_end(conn, 0, io, STREAM_CONNECTING, options);
        if (!s) {
                free_if_left(conn);
                return -ENOMEM;
        }
        launch(&conn->ways[0], &conn->ways[0].syn);
        *out = &s->stream;
        return 0;
}

static bool is_taken(struct io *io, const struct addr *local)
{
        list_for_each (node, &sim_host_of(io)->world->hosts) {
                struct io *host = &container_of(node, struct sim_host, node)->io;
                list_for_each (listener_node, &host->listeners) {
                        const struct addr *other =
                                &container_of(listener_node, struct stream_listener, node)->local;
                        bool overlap = addr_is_any(local) || addr_is_any(other);
                        if (other->family == local->family && other->port == local->port &&
                            (overlap ? host == io : addr_equal_ip(other, local)))
                                return true;
                }
        }
        return false;
}

int sim_stream_listen(struct io *io, const struct addr *local, struct stream_listener **out)
{
        struct addr bound = *local;
        if (!bound.port)
                bound.port = sim_next_port(sim_host_of(io)->world);
        if (is_taken(io, &bound))
                return -EADDRINUSE;
        struct stream_listener *l = calloc(1, sizeof *l);
        if (!l)
                return -ENOMEM;
        l->local = bound;
        *out = l;
        return 0;
}

void sim_stream_listener_close(struct stream_listener *listener)
{
        free(listener);
}
