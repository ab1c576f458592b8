/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_peers.h"

#include <assert.h>

_Static_assert(SIP_PEERS_MAX <= UINT8_MAX, "an index is a byte");

struct sip_peer *sip_peers_find(const struct sip_peers *peers, const struct sip_target *target)
{
        for (unsigned i = 0; i < peers->count; i++) {
                if (sip_target_equal(&peers->list[i].target, target))
                        return (struct sip_peer *)&peers->list[i];
        }
        return NULL;
}

const struct sip_peer *sip_peers_first(const struct sip_peers *peers)
{
        return peers->count && peers->list[0].is_current ? &peers->list[0] : NULL;
}

unsigned sip_peers_current(const struct sip_peers *peers)
{
        unsigned count = 0;
        while (count < peers->count && peers->list[count].is_current)
                count++;
        return count;
}

/*
 * A name that stands for several addresses is often answered in changing order: within one server,
 * the one that was used before stays the first.
 */
static void keep_first(struct sip_peers *peers, const struct sip_peers *before)
{
        for (unsigned i = 0; i < peers->count; i++) {
                struct sip_peer *first = &peers->list[i];
                if (i && first->server == first[-1].server)
                        continue;
                for (unsigned j = i; j < peers->count && peers->list[j].server == first->server;
                     j++) {
                        const struct sip_peer *known =
                                sip_peers_find(before, &peers->list[j].target);
                        bool was_first =
                                known && known->is_current &&
                                (known == before->list || known[-1].server != known->server);
                        if (!was_first)
                                continue;
                        const struct sip_peer moved = peers->list[j];
                        peers->list[j] = *first;
                        *first = moved;
                        break;
                }
        }
}

static void add(struct sip_peers *peers, const struct sip_peer *peer)
{
        if (peers->count < SIP_PEERS_MAX)
                peers->list[peers->count++] = *peer;
}

void sip_peers_set(struct sip_peers *peers, const struct locate_target *targets, unsigned count,
                   bool keeps_old)
{
        const struct sip_peers before = *peers;
        assert(count <= LOCATE_TARGETS_MAX);
        peers->count = 0;
        for (unsigned i = 0; i < count; i++) {
                struct sip_peer peer = {
                        .target = sip_target_of(targets[i].transport, targets[i].addr),
                };
                const struct sip_peer *known = sip_peers_find(&before, &peer.target);
                if (known)
                        peer = *known;
                peer.is_current = true;
                peer.rank = targets[i].rank;
                peer.weight = targets[i].weight;
                peer.server = targets[i].server;
                add(peers, &peer);
        }
        keep_first(peers, &before);

        for (unsigned i = 0; keeps_old && i < before.count; i++) {
                struct sip_peer old = before.list[i];
                old.is_current = false;
                if (!sip_peers_find(peers, &old.target))
                        add(peers, &old);
        }
}

void sip_peers_remember(struct sip_peers *peers, const struct sip_target *target)
{
        const struct sip_peer peer = {.target = sip_target_of(target->transport, target->addr)};
        if (!sip_peers_find(peers, target))
                add(peers, &peer);
}

/* The first address of each server stands for it. */
static bool begins_server(const struct sip_peers *peers, unsigned i)
{
        return i == 0 || peers->list[i].server != peers->list[i - 1].server;
}

/* RFC 2782, "Weight": one with weight 0 is drawn, too, but hardly ever. */
static unsigned draw(const struct sip_peers *peers, struct random *random, const uint8_t *starts,
                     unsigned count)
{
        uint32_t sum = 0, running = 0;
        for (unsigned i = 0; i < count; i++)
                sum += peers->list[starts[i]].weight;
        if (!sum)
                return random_below(random, count);
        uint32_t wanted = random_below(random, sum + 1);
        for (unsigned i = 0; i < count; i++) {
                running += peers->list[starts[i]].weight;
                if (running >= wanted)
                        return i;
        }
        return count - 1;
}

static void sort_zero_first(const struct sip_peers *peers, uint8_t *starts, unsigned count)
{
        unsigned zeros = 0;
        for (unsigned i = 0; i < count; i++) {
                uint8_t at = starts[i];
                if (peers->list[at].weight)
                        continue;
                starts[i] = starts[zeros];
                starts[zeros++] = at;
        }
}

/* Those of one rank, which begin at `from`. Answers where the next rank begins. */
static unsigned order_rank(const struct sip_peers *peers, struct random *random, unsigned from,
                           unsigned current, uint8_t *out, unsigned *out_count)
{
        uint8_t starts[SIP_PEERS_MAX];
        unsigned count = 0, end = from;
        for (; end < current && peers->list[end].rank == peers->list[from].rank; end++) {
                if (end == from || begins_server(peers, end))
                        starts[count++] = (uint8_t)end;
        }
        sort_zero_first(peers, starts, count);
        while (count) {
                unsigned drawn = draw(peers, random, starts, count);
                unsigned at = starts[drawn];
                uint8_t server = peers->list[at].server;
                for (; at < end && peers->list[at].server == server; at++)
                        out[(*out_count)++] = (uint8_t)at;
                count--;
                for (unsigned i = drawn; i < count; i++)
                        starts[i] = starts[i + 1];
        }
        return end;
}

unsigned sip_peers_order(const struct sip_peers *peers, struct random *random,
                         uint8_t out[SIP_PEERS_MAX])
{
        unsigned current = sip_peers_current(peers), count = 0;
        for (unsigned at = 0; at < current;)
                at = order_rank(peers, random, at, current, out, &count);
        return count;
}
