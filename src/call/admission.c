/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission.c - what a call may hold: a channel of each trunk, a place among the calls of its pair.
 */
#include <assert.h>

#include "call/call.h"

bool call_admit_leg(struct call *call, enum call_side side, uint32_t trunk_id)
{
        struct calls *calls = call->calls;
        struct sip_trunk_state *trunk = sip_trunks_find(calls->params.trunks, trunk_id);
        if (!trunk || !sip_trunk_admit(trunk, io_now_ms(calls->params.io)))
                return false;
        call->legs[side].admitted = true;
        call->legs[side].trunk_id = trunk_id;
        return true;
}

void call_release_leg(struct call *call, enum call_side side)
{
        struct call_leg *leg = &call->legs[side];
        if (!leg->admitted)
                return;
        leg->admitted = false;

        /* The trunk may have been removed in the meantime. */
        struct sip_trunk_state *trunk = sip_trunks_find(call->calls->params.trunks, leg->trunk_id);
        if (trunk)
                sip_trunk_release(trunk);
}

static struct slice key_of(uint64_t key[2], struct real_number caller,
                           struct masking_number dialled)
{
        key[0] = caller.n.e164;
        key[1] = dialled.n.e164;
        return (struct slice){(const char *)key, 2 * sizeof key[0]};
}

static struct slice pair_key(uint64_t key[2], const struct call *call)
{
        return key_of(key, call->caller, call->dialled);
}

uint32_t calls_of_pair(const struct calls *calls, struct real_number caller,
                       struct masking_number dialled)
{
        uint64_t key[2];
        const struct map_node *node = map_find(&calls->pair_map, key_of(key, caller, dialled));
        return node ? container_of(node, struct call_pair, node)->calls : 0;
}

bool call_admit_pair(struct call *call)
{
        struct calls *calls = call->calls;
        uint64_t key[2];
        struct map_node *node = map_find(&calls->pair_map, pair_key(key, call));
        struct call_pair *pair = node ? container_of(node, struct call_pair, node) : NULL;
        if (pair && pair->calls >= calls->params.same_pair_max)
                return false;

        if (!pair) {
                /* As many pairs as calls: there is always one left. */
                pair = pool_get(calls->pairs, NULL);
                map_add(&calls->pair_map, &pair->node, pair_key(pair->key, call));
        }
        pair->calls++;
        call->counted_pair = true;
        return true;
}

void call_release_pair(struct call *call)
{
        if (!call->counted_pair)
                return;
        call->counted_pair = false;

        struct calls *calls = call->calls;
        uint64_t key[2];
        struct map_node *node = map_find(&calls->pair_map, pair_key(key, call));
        assert(node);
        struct call_pair *pair = container_of(node, struct call_pair, node);
        if (--pair->calls > 0)
                return;
        map_remove(&calls->pair_map, &pair->node);
        pool_put(calls->pairs, pair);
}
