/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_certificate SEED - prints the certificate of a pool that has had a random history; what
 * certificate.py checks. The numbers are chosen by core/alloc.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "core/alloc.h"
#include "core/certificate.h"
#include "core/route.h"

#define NUMBERS 9
#define PEOPLE  30
#define MAX     2000

static struct world {
        bool held[PEOPLE][NUMBERS];
        unsigned pair[2];
        struct certificate_key keys[MAX];
        uint32_t count, sessions;
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
        world.keys[world.count++] = (struct certificate_key){
                .number = (number + 1) * UINT64_C(0xbf58476d1ce4e5b9),
                .who = (person + 1) * UINT64_C(0x9e3779b97f4a7c15),
                .session = session & ((1 << 20) - 1),
                .by = ROUTE_EXACT,
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
        world.sessions++;
        for (unsigned i = 0; i < 2; i++)
                add(r, world.pair[i], out[i], id);
}

/* What no party holds: numbers open to anyone, and digits. */
static void add_others(struct random *r)
{
        uint64_t count = random_below(r, 4);
        for (uint64_t i = 0; i < count; i++) {
                world.keys[world.count++] = (struct certificate_key){
                        .number = i + 1, .session = (900 + i) & 1023, .by = ROUTE_ANYONE};
                world.keys[world.count++] = (struct certificate_key){.number = 77,
                                                                     .who = i + 1,
                                                                     .session = (900 + i) & 1023,
                                                                     .by = ROUTE_DIGITS};
                world.sessions++;
        }
}

static void print_key(const struct certificate_key *key, bool is_last)
{
        char who[24];
        snprintf(who, sizeof who, "\"%016" PRIx64 "\"", key->who);
        printf("{\"number\":\"%016" PRIx64 "\",\"party\":%s,\"digits\":%s,\"session\":\"s_%u\","
               "\"quarantined\":%s}%s",
               key->number, key->by == ROUTE_EXACT ? who : "null",
               key->by == ROUTE_DIGITS ? who : "null", (unsigned)key->session,
               key->is_quarantined ? "true" : "false", is_last ? "" : ",");
}

static void print(const struct certificate_work *work)
{
        const struct certificate *made = &work->made;
        printf("{\"certificate\":1,\"most\":%u,\"rented\":%u,\"numbers\":%u,\"open\":%u,"
               "\"sessions\":%u,\"parties\":%u,\"keys\":%u,\"quarantined\":%u,\"erased\":0,",
               made->most, NUMBERS, made->numbers, made->open, world.sessions, made->parties,
               made->keys, made->quarantined);
        if (made->most)
                printf("\"party\":\"%016" PRIx64 "\",", made->party);
        else
                printf("\"party\":null,");
        printf("\"graph\":[");
        for (uint32_t i = 0; i < made->keys; i++)
                print_key(certificate_key_at(work, i), i + 1 == made->keys);
        printf("]}\n");
}

int main(int argc, char **argv)
{
        struct random r;
        struct pool_policy policy;
        struct certificate_work work;
        random_init_seeded(&r, argc > 1 ? (uint64_t)atoi(argv[1]) : 1);
        pool_policy_default(&policy);
        unsigned sessions = random_below(&r, 130);
        for (unsigned i = 0; i < sessions; i++)
                create(&r, &policy, i + 1);
        add_others(&r);
        certificate_begin(&work, world.keys, world.count);
        while (!certificate_go_on(&work, 1 + random_below(&r, 9)))
                ;
        print(&work);
        return work.made.shared != 0;
}
