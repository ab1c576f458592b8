/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_certificate SEED - prints the certificate of a pool that has had a random history; what
 * certificate.py checks. The numbers are chosen by core/alloc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "core/alloc.h"
#include "core/certificate.h"

#define NUMBERS 9
#define PEOPLE  30
#define MAX     2000

static struct world {
        bool held[PEOPLE][NUMBERS];
        unsigned pair[2];
        struct certificate_pair pairs[MAX];
        uint32_t count;
} world;

static uint32_t first(void *arg)
{
        (void)arg;
        return 0;
}

static uint32_t next(void *arg, uint32_t after)
{
        (void)arg;
        return after + 1 < NUMBERS ? after + 1 : ALLOC_NONE;
}

static const struct number_traits *traits(void *arg, uint32_t number)
{
        static const struct number_traits voice = {.capabilities = 1 << CAN_VOICE};
        (void)arg;
        (void)number;
        return &voice;
}

static bool is_free(void *arg, uint32_t number, unsigned slot)
{
        (void)arg;
        return !world.held[world.pair[slot]][number];
}

static void add(struct random *r, unsigned person, uint32_t number, uint64_t session)
{
        world.held[person][number] = true;
        world.pairs[world.count++] = (struct certificate_pair){
                .party = (person + 1) * UINT64_C(0x9e3779b97f4a7c15),
                .number = {{UINT64_C(919000000001) + number}},
                .session_id = session,
                .is_quarantined = random_below(r, 3) == 0,
        };
}

static void create(struct random *r, const struct pool_policy *policy, uint64_t id)
{
        const struct alloc_pool pool = {first, next, traits, is_free, NULL};
        const struct session session = {
                .parties = {{.real_count = 1}, {.real_count = 1, .side = 1}},
                .party_count = 2,
        };
        struct alloc_request request;
        struct alloc_outcome outcome;
        uint32_t out[SESSION_SLOTS_MAX];
        world.pair[0] = random_below(r, PEOPLE);
        world.pair[1] = (world.pair[0] + 1 + random_below(r, PEOPLE - 1)) % PEOPLE;
        alloc_request_init(&request, &session, policy);
        if (alloc_pick(&pool, &request, out, &outcome))
                return;
        for (unsigned i = 0; i < 2; i++)
                add(r, world.pair[i], out[i], id);
}

int main(int argc, char **argv)
{
        struct random r;
        struct pool_policy policy;
        struct certificate certificate;
        static char memory[MAX * 128];
        struct buf out;
        random_init_seeded(&r, argc > 1 ? (uint64_t)atoi(argv[1]) : 1);
        pool_policy_default(&policy);
        unsigned sessions = random_below(&r, 130);
        for (unsigned i = 0; i < sessions; i++)
                create(&r, &policy, i + 1);
        if (certificate_make(world.pairs, world.count, &certificate))
                return 1;
        buf_init(&out, memory, sizeof memory);
        certificate_put_head(&certificate, true, &out);
        for (uint32_t i = 0; i < world.count; i++)
                certificate_put_pair(&world.pairs[i], &out);
        if (!buf_ok(&out))
                return 1;
        fwrite(memory, 1, out.len, stdout);
        return 0;
}
