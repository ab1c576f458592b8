/* SPDX-License-Identifier: Apache-2.0 */
#include "media/ports.h"

#include <errno.h>
#include <stdlib.h>

struct ports {
        struct port_pair *pairs; /* owned */
        uint32_t count;          /* opened */
        struct list free;
};

/* Both or none. */
static int open_pair(const struct ports_params *params, unsigned port, struct port_pair *pair)
{
        struct addr local = params->local_ip;
        struct io_udp *rtp = NULL, *rtcp = NULL;
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
        *pair = (struct port_pair){.rtp = rtp, .rtcp = rtcp, .owner = params->owner};
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
                io_udp_close(ports->pairs[i].rtp);
                io_udp_close(ports->pairs[i].rtcp);
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
        io_udp_drain(pair->rtp);
        io_udp_drain(pair->rtcp);
        pair->leg = leg;
        return pair;
}

struct port_pair *ports_take_at(struct ports *ports, uint16_t port, struct handle leg)
{
        list_for_each (node, &ports->free) {
                struct port_pair *pair = container_of(node, struct port_pair, node);
                if (io_udp_local(pair->rtp)->port != port)
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
