/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_sim.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/io_sim_impl.h"

#define CLOCK_START_MS     1000000 /* not 0, so that nobody takes 0 for a time */
#define FIRST_FREE_PORT    49152
#define DATAGRAM_BYTES_MAX 65507
#define PERMILLE           1000

struct sim_udp {
        struct io_udp udp;
        struct list node; /* in world->sockets */
};

/* A datagram on its way; its own memory, freed on arrival. */
struct flight {
        struct io_timer arrival;
        struct sim_world *world;
        struct list node; /* in world->flights */
        struct addr from, to;
        size_t bytes;
        char data[];
};

static const struct io_ops sim_ops;

struct sim_host *sim_host_of(const struct io *io)
{
        assert(io->ops == &sim_ops);
        return (struct sim_host *)io;
}

static int64_t sim_now_ms(const struct io *io)
{
        return sim_host_of(io)->world->now_ms;
}

static int64_t sim_wall_ms(const struct io *io)
{
        const struct sim_host *host = sim_host_of(io);
        return SIM_WALL_START_MS - CLOCK_START_MS + host->world->now_ms + host->wall_offset_ms;
}

void sim_set_wall_ms(struct io *io, int64_t wall_ms)
{
        sim_host_of(io)->wall_offset_ms += wall_ms - sim_wall_ms(io);
}

void sim_set_ip(struct io *io, const struct addr *ip)
{
        struct sim_host *host = sim_host_of(io);
        struct addr *own = ip->family == 6 ? &host->ip6 : &host->ip4;
        assert(ip->family == 4 || ip->family == 6);
        *own = *ip;
        own->port = 0;
}

/* Sockets. */

const struct addr *sim_own_ip(const struct io *io, uint8_t family)
{
        static const struct addr loopback4 = {.family = 4, .ip = {127, 0, 0, 1}};
        static const struct addr loopback6 = {.family = 6, .ip = {[15] = 1}};
        const struct sim_host *host = sim_host_of(io);
        if (family == 6)
                return host->ip6.family ? &host->ip6 : &loopback6;
        return host->ip4.family ? &host->ip4 : &loopback4;
}

bool sim_hears(const struct io *io, const struct addr *local, const struct addr *to)
{
        const struct sim_host *host = sim_host_of(io);
        const struct addr *own = to->family == 6 ? &host->ip6 : &host->ip4;
        if (local->family != to->family || local->port != to->port)
                return false;
        return addr_is_any(local) ? !own->family || addr_equal_ip(own, to)
                                  : addr_equal_ip(local, to);
}

static struct sim_udp *find_receiver(struct sim_world *world, const struct addr *to)
{
        struct sim_udp *any = NULL;
        list_for_each (node, &world->sockets) {
                struct sim_udp *udp = container_of(node, struct sim_udp, node);
                if (addr_equal(&udp->udp.local, to))
                        return udp;
                if (!any && sim_hears(udp->udp.io, &udp->udp.local, to))
                        any = udp;
        }
        return any;
}

/* Two hosts may both listen on any address, as two machines do; one host may not do it twice. */
static bool is_taken(struct sim_world *world, struct io *io, const struct addr *local)
{
        list_for_each (node, &world->sockets) {
                const struct io_udp *other = &container_of(node, struct sim_udp, node)->udp;
                if (other->local.family != local->family || other->local.port != local->port)
                        continue;
                bool overlap = addr_is_any(local) || addr_is_any(&other->local);
                if (overlap ? other->io == io : addr_equal_ip(&other->local, local))
                        return true;
        }
        return false;
}

uint16_t sim_next_port(struct sim_world *world)
{
        uint16_t port = world->next_port;
        world->next_port = port == 65535 ? FIRST_FREE_PORT : port + 1;
        return port;
}

static int choose_port(struct sim_world *world, struct io *io, struct addr *local)
{
        for (unsigned tries = 65536 - FIRST_FREE_PORT; tries; tries--) {
                local->port = sim_next_port(world);
                if (!is_taken(world, io, local))
                        return 0;
        }
        return -EADDRINUSE;
}

static int sim_udp_open(struct io *io, const struct addr *local, struct io_udp **out)
{
        struct sim_world *world = sim_host_of(io)->world;
        struct addr bound = *local;
        if (local->port == 0) {
                int err = choose_port(world, io, &bound);
                if (err)
                        return err;
        } else if (is_taken(world, io, local)) {
                return -EADDRINUSE;
        }

        struct sim_udp *udp = calloc(1, sizeof *udp);
        if (!udp)
                return -ENOMEM;
        udp->udp.io = io;
        udp->udp.local = bound;
        list_add_tail(&world->sockets, &udp->node);
        *out = &udp->udp;
        return 0;
}

static void sim_udp_close(struct io_udp *base)
{
        struct sim_udp *udp = (struct sim_udp *)base;
        list_remove(&udp->node);
        free(udp);
}

/* Nothing waits in a simulated socket: what has arrived was handed over. */
static void sim_udp_drain(struct io_udp *base)
{
        (void)base;
}

/* The network. */

void sim_end_turns(struct sim_world *world)
{
        list_for_each (node, &world->hosts)
                io_end_turn(&container_of(node, struct sim_host, node)->io);
}

static void destroy_flight(struct flight *flight)
{
        list_remove(&flight->node);
        free(flight);
}

static void on_arrival(void *arg)
{
        struct flight *flight = arg;
        struct sim_world *world = flight->world;
        struct sim_udp *udp = find_receiver(world, &flight->to);
        if (udp) {
                world->counters.delivered++;
                io_udp_deliver(&udp->udp, &flight->from,
                               (struct slice){flight->data, flight->bytes});
        } else {
                world->counters.to_nobody++;
        }
        destroy_flight(flight);
        sim_end_turns(world);
}

static int launch(struct sim_world *world, const struct addr *from, const struct addr *to,
                  struct slice data)
{
        struct flight *flight = calloc(1, sizeof *flight + data.len);
        if (!flight)
                return -ENOMEM;
        flight->world = world;
        flight->from = *from;
        flight->to = *to;
        flight->bytes = data.len;
        if (data.len)
                memcpy(flight->data, data.p, data.len);
        list_add_tail(&world->flights, &flight->node);

        uint32_t jitter = random_below(&world->random, (uint32_t)world->network.jitter_ms + 1);
        timer_wheel_start(&world->in_flight, &flight->arrival,
                          world->now_ms + world->network.delay_ms + jitter, on_arrival, flight);
        return 0;
}

bool sim_happens(struct sim_world *world, int permille)
{
        return random_below(&world->random, PERMILLE) < (uint32_t)permille;
}

/* Cuts. */

static bool is_between(const struct addr *x, const struct addr *y, const struct sim_cut *cut)
{
        return addr_equal_ip(x, &cut->a) && (!cut->b.family || addr_equal_ip(y, &cut->b));
}

bool sim_is_cut(const struct sim_world *world, const struct addr *a, const struct addr *b)
{
        for (unsigned i = 0; i < world->cuts_count; i++) {
                const struct sim_cut *cut = &world->cuts[i];
                if (is_between(a, b, cut) || is_between(b, a, cut))
                        return true;
        }
        return false;
}

void sim_world_cut(struct sim_world *world, const struct addr *a, const struct addr *b)
{
        assert(world->cuts_count < SIM_CUTS_MAX);
        world->cuts[world->cuts_count++] = (struct sim_cut){*a, b ? *b : (struct addr){0}};
        sim_streams_cut(world);
}

void sim_world_mend(struct sim_world *world, const struct addr *a, const struct addr *b)
{
        struct addr other = b ? *b : (struct addr){0};
        unsigned kept = 0;
        for (unsigned i = 0; i < world->cuts_count; i++) {
                const struct sim_cut *cut = &world->cuts[i];
                if (!addr_equal_ip(&cut->a, a) || !addr_equal_ip(&cut->b, &other))
                        world->cuts[kept++] = *cut;
        }
        world->cuts_count = kept;
        sim_streams_cut(world);
}

static int sim_udp_send(struct io_udp *udp, const struct addr *to, struct slice data)
{
        struct sim_world *world = sim_host_of(udp->io)->world;
        struct addr from =
                addr_is_any(&udp->local) ? *sim_own_ip(udp->io, udp->local.family) : udp->local;
        from.port = udp->local.port;
        if (data.len > DATAGRAM_BYTES_MAX)
                return -EMSGSIZE;

        world->counters.sent++;
        if (world->on_datagram)
                world->on_datagram(world->on_datagram_arg, &from, to, data);
        /* Both dice are thrown each time, so that a changed rate leaves the rest of a run alike. */
        bool is_lost = sim_happens(world, world->network.loss_permille);
        bool is_doubled = sim_happens(world, world->network.duplicate_permille);
        if (is_lost || sim_is_cut(world, &from, to)) {
                world->counters.lost++;
                return 0;
        }
        if (is_doubled) {
                world->counters.duplicated++;
                int err = launch(world, &from, to, data);
                if (err)
                        return err;
        }
        return launch(world, &from, to, data);
}

/* The clock. */

static bool earliest(struct sim_world *world, int64_t *at_ms)
{
        bool any = timer_wheel_next(&world->in_flight, at_ms);
        list_for_each (node, &world->hosts) {
                struct sim_host *host = container_of(node, struct sim_host, node);
                int64_t next_ms;
                if (!timer_wheel_next(&host->io.wheel, &next_ms) || (any && next_ms >= *at_ms))
                        continue;
                *at_ms = next_ms;
                any = true;
        }
        return any;
}

/* What waits outside of the clock: work posted, and tasks deferred by whoever set the scene. */
static unsigned run_waiting(struct sim_world *world)
{
        unsigned called = 0;
        list_for_each (node, &world->hosts) {
                struct sim_host *host = container_of(node, struct sim_host, node);
                called += io_end_turn(&host->io);
                called += io_run_posted(&host->io);
                called += io_end_turn(&host->io);
        }
        return called;
}

static unsigned run_due(struct sim_world *world)
{
        unsigned called = timer_wheel_run(&world->in_flight, world->now_ms);
        list_for_each (node, &world->hosts) {
                struct sim_host *host = container_of(node, struct sim_host, node);
                called += timer_wheel_run(&host->io.wheel, world->now_ms);
                sim_end_turns(world);
        }
        return called;
}

bool sim_world_step_until(struct sim_world *world, int64_t until_ms)
{
        int64_t at_ms;
        if (run_waiting(world))
                return true;
        /* A wheel may name a moment at which timers only move down a level: nothing happens then. */
        while (earliest(world, &at_ms) && at_ms <= until_ms) {
                if (at_ms > world->now_ms)
                        world->now_ms = at_ms;
                if (run_due(world))
                        return true;
        }
        return false;
}

bool sim_world_step(struct sim_world *world)
{
        return sim_world_step_until(world, INT64_MAX);
}

void sim_world_run_ms(struct sim_world *world, int64_t ms)
{
        int64_t until_ms = world->now_ms + ms;
        assert(ms >= 0);
        while (sim_world_step_until(world, until_ms))
                ;
        world->now_ms = until_ms;
}

int64_t sim_world_now_ms(const struct sim_world *world)
{
        return world->now_ms;
}

static void sim_run(struct io *io)
{
        struct sim_world *world = sim_host_of(io)->world;
        while (!atomic_load(&io->stopped) && sim_world_step(world))
                ;
        atomic_store(&io->stopped, false);
}

static void sim_wake(struct io *io)
{
        (void)io; /* every step looks at what has been posted */
}

static void sim_destroy(struct io *io)
{
        struct sim_host *host = sim_host_of(io);
        list_for_each (node, &host->world->sockets) {
                struct sim_udp *udp = container_of(node, struct sim_udp, node);
                if (udp->udp.io == io)
                        sim_udp_close(&udp->udp);
        }
        list_remove(&host->node);
        io_fini(io);
        free(host);
}

static const struct io_ops sim_ops = {
        .is_simulated = true,
        .destroy = sim_destroy,
        .now_ms = sim_now_ms,
        .wall_ms = sim_wall_ms,
        .udp_open = sim_udp_open,
        .udp_close = sim_udp_close,
        .udp_send = sim_udp_send,
        .udp_drain = sim_udp_drain,
        .stream_connect = sim_stream_connect,
        .stream_listen = sim_stream_listen,
        .stream_listener_close = sim_stream_listener_close,
        .wake = sim_wake,
        .run = sim_run,
};

int io_create_sim(struct sim_world *world, struct io **out)
{
        struct sim_host *host = calloc(1, sizeof *host);
        if (!host)
                return -ENOMEM;
        int err = io_init(&host->io, &sim_ops, world->now_ms);
        if (err) {
                free(host);
                return err;
        }
        random_init_seeded(&host->io.random, random_u64(&world->random));
        host->world = world;
        list_add_tail(&world->hosts, &host->node);
        *out = &host->io;
        return 0;
}

int sim_world_create(uint64_t seed, struct sim_world **out)
{
        struct sim_world *world = calloc(1, sizeof *world);
        if (!world)
                return -ENOMEM;
        world->now_ms = CLOCK_START_MS;
        world->next_port = FIRST_FREE_PORT;
        random_init_seeded(&world->random, seed);
        timer_wheel_init(&world->in_flight, world->now_ms);
        list_init(&world->hosts);
        list_init(&world->sockets);
        list_init(&world->flights);
        list_init(&world->conns);
        *out = world;
        return 0;
}

void sim_world_destroy(struct sim_world *world)
{
        if (!world)
                return;
        list_for_each (node, &world->hosts)
                io_destroy(&container_of(node, struct sim_host, node)->io);
        list_for_each (node, &world->flights)
                destroy_flight(container_of(node, struct flight, node));
        assert(list_is_empty(&world->conns));
        free(world);
}

void sim_world_set_network(struct sim_world *world, const struct sim_network *network)
{
        assert(network->delay_ms >= 0 && network->jitter_ms >= 0);
        assert(network->loss_permille >= 0 && network->loss_permille <= PERMILLE);
        assert(network->duplicate_permille >= 0 && network->duplicate_permille <= PERMILLE);
        world->network = *network;
}

void sim_world_on_datagram(struct sim_world *world, sim_trace_fn *fn, void *arg)
{
        world->on_datagram = fn;
        world->on_datagram_arg = arg;
}

void sim_world_on_stream(struct sim_world *world, sim_trace_fn *fn, void *arg)
{
        world->on_stream = fn;
        world->on_stream_arg = arg;
}

const struct sim_counters *sim_world_counters(const struct sim_world *world)
{
        return &world->counters;
}
