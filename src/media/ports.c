/* SPDX-License-Identifier: Apache-2.0 */
#include "media/ports.h"

#include <errno.h>
#include <stdlib.h>

struct ports {
        struct port_pair *pairs; /* owned */
        uint32_t count;          /* opened */
        struct list free;
};

const struct port_sockets *port_pair_find(const struct port_pair *pair, uint8_t family)
{
        const struct port_sockets *sockets = family == 6 ? &pair->ip6 : &pair->ip4;
        return sockets->rtp ? sockets : NULL;
}

static void close_sockets(const struct port_sockets *sockets)
{
        io_udp_close(sockets->rtp);
        io_udp_close(sockets->rtcp);
}

static void drain_sockets(const struct port_sockets *sockets)
{
        if (!sockets->rtp)
                return;
        io_udp_drain(sockets->rtp);
        io_udp_drain(sockets->rtcp);
}

/* Both or none; none for a family that we do not have. */
static int open_sockets(const struct ports_params *params, const struct addr *ip, unsigned port,
                        struct port_pair *pair, struct port_sockets *out)
{
        struct addr local = *ip;
        struct io_udp *rtp = NULL, *rtcp = NULL;
        if (local.family == 0)
                return 0;
        local.port = (uint16_t)port;
        int err = io_udp_open(params->io, &local, params->on_rtp, pair, &rtp);
        if (err)
                return err;
        local.port = (uint16_t)(port + 1);
        err = io_udp_open(params->io, &local, params->on_rtcp, pair, &rtcp);
        if (err) {
                io_udp_close(rtp);
                return err;
        }
        *out = (struct port_sockets){rtp, rtcp};
        return 0;
}

/* All or none. */
static int open_pair(const struct ports_params *params, unsigned port, struct port_pair *pair)
{
        struct port_sockets ip4 = {0}, ip6 = {0};
        int err = open_sockets(params, &params->local_ips->ip4, port, pair, &ip4);
        if (!err)
                err = open_sockets(params, &params->local_ips->ip6, port, pair, &ip6);
        if (err) {
                close_sockets(&ip4);
                return err;
        }
        *pair = (struct port_pair){
                .port = (uint16_t)port, .ip4 = ip4, .ip6 = ip6, .owner = params->owner};
        return 0;
}

static int open_one(struct ports *ports, const struct ports_params *params, unsigned port)
{
        int err = open_pair(params, port, &ports->pairs[ports->count]);
        if (!err)
                ports->count++;
        return err == -EADDRINUSE ? 0 : err;
}

/* Those that calls in progress have, and that somebody keeps open for us. */
static int open_first(struct ports *ports, const struct ports_params *params)
{
        int err = 0;
        for (uint32_t i = 0; !err && i < params->first_count && ports->count < params->count; i++)
                err = open_one(ports, params, params->first[i]);
        return err;
}

/* Walks once round the range from a random place, passing over what others hold. */
static int open_all(struct ports *ports, const struct ports_params *params)
{
        unsigned first = (params->port_min + 1u) & ~1u;
        unsigned pairs = params->port_max > first ? (params->port_max - first + 1) / 2 : 0;
        if (pairs < params->count)
                return -EADDRINUSE;

        unsigned start = random_below(io_random(params->io), pairs);
        int err = open_first(ports, params);
        for (unsigned i = 0; !err && i < pairs && ports->count < params->count; i++)
                err = open_one(ports, params, first + 2 * ((start + i) % pairs));
        if (err)
                return err;
        return ports->count == params->count ? 0 : -EADDRINUSE;
}

/* Fisher and Yates, over the order in which pairs are first handed out. */
static int shuffle(struct ports *ports, struct random *random)
{
        uint32_t *order = calloc(ports->count, sizeof *order);
        if (!order)
                return -ENOMEM;
        for (uint32_t i = 0; i < ports->count; i++) {
                uint32_t j = random_below(random, i + 1);
                order[i] = order[j];
                order[j] = i;
        }
        for (uint32_t i = 0; i < ports->count; i++)
                list_add_tail(&ports->free, &ports->pairs[order[i]].node);
        free(order);
        return 0;
}

int ports_create(const struct ports_params *params, struct ports **out)
{
        struct ports *ports = calloc(1, sizeof *ports);
        if (!ports)
                return -ENOMEM;
        list_init(&ports->free);

        int err = params->count ? -ENOMEM : -EINVAL;
        ports->pairs = params->count ? calloc(params->count, sizeof *ports->pairs) : NULL;
        if (!ports->pairs)
                goto fail;
        err = open_all(ports, params);
        if (err)
                goto fail;
        err = shuffle(ports, io_random(params->io));
        if (err)
                goto fail;
        *out = ports;
        return 0;

fail:
        ports_destroy(ports);
        return err;
}

void ports_destroy(struct ports *ports)
{
        if (!ports)
                return;
        for (uint32_t i = 0; i < ports->count; i++) {
                close_sockets(&ports->pairs[i].ip4);
                close_sockets(&ports->pairs[i].ip6);
        }
        free(ports->pairs);
        free(ports);
}

struct port_pair *ports_take(struct ports *ports, struct handle leg)
{
        if (list_is_empty(&ports->free))
                return NULL;
        struct port_pair *pair = container_of(ports->free.next, struct port_pair, node);
        list_remove(&pair->node);
        drain_sockets(&pair->ip4);
        drain_sockets(&pair->ip6);
        pair->leg = leg;
        return pair;
}

struct port_pair *ports_take_at(struct ports *ports, uint16_t port, struct handle leg)
{
        list_for_each (node, &ports->free) {
                struct port_pair *pair = container_of(node, struct port_pair, node);
                if (pair->port != port)
                        continue;
                list_remove(&pair->node);
                pair->leg = leg;
                return pair;
        }
        return NULL;
}

void ports_give(struct ports *ports, struct port_pair *pair)
{
        pair->leg = (struct handle){0};
        list_add_tail(&ports->free, &pair->node);
}

uint32_t ports_free(const struct ports *ports)
{
        uint32_t count = 0;
        list_for_each (node, &ports->free)
                count++;
        return count;
}
