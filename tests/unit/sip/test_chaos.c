/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two user agents call each other over a network that loses, doubles and reorders, and do whatever
 * comes to mind at any moment. Each leg ends exactly once, and in the end nothing is left.
 */
#include <stdlib.h>

#include "../unit.h"

#include "io/io_sim.h"
#include "sip/sip_core.h"

#define LEGS_MAX  48
#define CALLS     24
#define SEEDS     150
#define SEED_BASE 1000

struct host;

struct deed {
        struct io_timer timer;
        struct host *host;
        struct sip_leg leg;
};

struct host {
        struct sim_world *world;
        struct io *io;
        struct sip_trunks *trunks;
        struct sip_ua *ua;
        struct random random;
        struct sdp_audio ours;
        unsigned begun, ended, answered, confirmed;
        struct handle live[LEGS_MAX]; /* by index; generation 0: none */
        struct deed deeds[LEGS_MAX];
};

static struct addr address(const char *text)
{
        struct addr a;
        assert_int_equal(addr_parse(slice_from(text), 0, &a), 0);
        return a;
}

static bool chance(struct host *h, unsigned percent)
{
        return random_below(&h->random, 100) < percent;
}

static void begin(struct host *h, struct sip_leg leg)
{
        assert_true(leg.h.index < LEGS_MAX);
        assert_true(handle_is_none(h->live[leg.h.index]));
        h->live[leg.h.index] = leg.h;
        h->begun++;
}

static void check_live(struct host *h, struct sip_leg leg)
{
        assert_true(handle_equal(h->live[leg.h.index], leg.h));
}

/* Any command, fitting or not. */
static void do_something(struct host *h, struct sip_leg leg)
{
        switch (random_below(&h->random, 8)) {
        case 0:
                (void)sip_leg_progress(h->ua, leg, 180, NULL);
                return;
        case 1:
                (void)sip_leg_progress(h->ua, leg, 183, &h->ours);
                return;
        case 2:
        case 3:
        case 4:
                (void)!sip_leg_answer(h->ua, leg, &h->ours);
                return;
        case 5:
                (void)sip_leg_reject(h->ua, leg, 486, 0);
                return;
        default:
                sip_leg_hangup(h->ua, leg);
                return;
        }
}

static void on_deed(void *arg)
{
        struct deed *deed = arg;
        struct host *h = deed->host;
        do_something(h, deed->leg);
        if (handle_equal(h->live[deed->leg.h.index], deed->leg.h))
                io_timer_start(h->io, &deed->timer, random_below(&h->random, 4000), on_deed, deed);
}

static void plan_deed(struct host *h, struct sip_leg leg)
{
        struct deed *deed = &h->deeds[leg.h.index];
        deed->host = h;
        deed->leg = leg;
        io_timer_start(h->io, &deed->timer, random_below(&h->random, 3000), on_deed, deed);
}

static void dial(struct host *h)
{
        const struct sip_dial dial = {
                .trunk_id = 1,
                .to = {{UINT64_C(919888800001)}},
                .show = {{UINT64_C(919000000002)}},
                .offer = &h->ours,
                .max_forwards = 70,
        };
        struct sip_leg leg;
        if (sip_ua_dial(h->ua, &dial, &leg))
                return;
        begin(h, leg);
        plan_deed(h, leg);
}

static void on_invite(void *arg, struct sip_leg leg, const struct sip_invite *invite)
{
        struct host *h = arg;
        assert_int_equal(invite->dialled.n.e164, UINT64_C(919888800001));
        begin(h, leg);
        plan_deed(h, leg);
        if (chance(h, 30))
                do_something(h, leg);
        if (chance(h, 10))
                dial(h);
}

static void on_progress(void *arg, struct sip_leg leg, unsigned status, const struct sdp *sdp)
{
        (void)sdp;
        struct host *h = arg;
        assert_true(status > 100 && status < 200);
        check_live(h, leg);
        if (chance(h, 10))
                do_something(h, leg);
}

static void on_answered(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        struct host *h = arg;
        assert_non_null(sdp);
        check_live(h, leg);
        h->answered++;
        if (chance(h, 20))
                do_something(h, leg);
}

static void on_confirmed(void *arg, struct sip_leg leg, const struct sdp *sdp)
{
        struct host *h = arg;
        assert_null(sdp);
        check_live(h, leg);
        h->confirmed++;
        if (chance(h, 20))
                do_something(h, leg);
}

static unsigned on_offer(void *arg, struct sip_leg leg, const struct sdp *offer,
                         struct sdp_audio *answer)
{
        struct host *h = arg;
        (void)offer;
        check_live(h, leg);
        *answer = h->ours;
        return 200;
}

static void on_described(void *arg, struct sip_leg leg, const struct sdp_audio *ours,
                         const struct sdp *sdp)
{
        (void)ours;
        struct host *h = arg;
        assert_non_null(sdp);
        check_live(h, leg);
        if (chance(h, 20))
                do_something(h, leg);
}

static void on_dtmf_info(void *arg, struct sip_leg leg, char digit, unsigned duration_ms)
{
        (void)digit;
        (void)duration_ms;
        check_live(arg, leg);
}

static void on_ended(void *arg, struct sip_leg leg, const struct sip_end_info *end)
{
        struct host *h = arg;
        (void)end;
        check_live(h, leg);
        h->live[leg.h.index] = (struct handle){0};
        io_timer_stop(h->io, &h->deeds[leg.h.index].timer);
        h->ended++;
        do_something(h, leg); /* stale: nothing may happen */
        if (chance(h, 10))
                dial(h);
}

static const struct sip_ua_handler handler = {
        .on_invite = on_invite,
        .on_progress = on_progress,
        .on_answered = on_answered,
        .on_confirmed = on_confirmed,
        .on_offer = on_offer,
        .on_described = on_described,
        .on_dtmf_info = on_dtmf_info,
        .on_ended = on_ended,
};

static struct host *open_host(struct sim_world *world, const char *local, const char *peer)
{
        struct host *h = calloc(1, sizeof *h);
        struct trunk trunk = {.id = 1, .name = "other", .plan = {"91", "00", "0", 10, 10}};
        assert_non_null(h);
        h->world = world;
        assert_int_equal(io_create_sim(world, &h->io), 0);
        random_init_seeded(&h->random, random_u64(io_random(h->io)));
        assert_int_equal(sip_trunks_create(h->io, &h->trunks), 0);
        strcpy(trunk.peer_host, peer);
        assert_int_equal(sip_trunks_put(h->trunks, &trunk), 0);

        h->ours = (struct sdp_audio){.rtp = address(local), .dtmf_pt = SDP_NO_PT};
        sdp_audio_add_codec(&h->ours, SDP_PCMA, 8);
        const struct sip_ua_params params = {
                .io = h->io,
                .trunks = h->trunks,
                .listen.udp = addr_pair_of(address(local)),
                .legs_max = LEGS_MAX,
                .transactions_max = 200,
                .handler = &handler,
                .arg = h,
        };
        assert_int_equal(sip_ua_create(&params, &h->ua), 0);
        return h;
}

static void close_host(struct host *h)
{
        assert_int_equal(h->begun, h->ended);
        for (unsigned i = 0; i < LEGS_MAX; i++)
                assert_true(handle_is_none(h->live[i]));
        assert_int_equal(sip_ua_counters(h->ua)->legs, 0);
        assert_int_equal(sip_ua_counters(h->ua)->transactions, 0);
        assert_int_equal(sip_transactions_kept(h->ua->txs), 0);
        assert_int_equal(sip_trunks_find(h->trunks, 1)->dialogs, 0);
        assert_int_equal(sip_ua_counters(h->ua)->not_sip, 0);
        sip_ua_destroy(h->ua);
        sip_trunks_destroy(h->trunks);
        free(h);
}

struct outcome {
        unsigned begun, answered, confirmed;
        uint64_t resent;
};

static struct outcome run(uint64_t seed, const struct sim_network *network)
{
        struct sim_world *world;
        assert_int_equal(sim_world_create(seed, &world), 0);
        sim_world_set_network(world, network);
        struct host *a = open_host(world, "192.0.2.1:5060", "192.0.2.2");
        struct host *b = open_host(world, "192.0.2.2:5060", "192.0.2.1");
        for (unsigned i = 0; i < CALLS; i++) {
                dial(chance(a, 50) ? a : b);
                sim_world_run_ms(world, random_below(&a->random, 800));
        }
        /* Every deed leads to an end sooner or later; the last transaction takes 64*T1 more. */
        for (unsigned i = 0; i < 300 && (a->begun != a->ended || b->begun != b->ended); i++)
                sim_world_run_ms(world, 1000);
        sim_world_run_ms(world, 200 * 1000);

        struct outcome outcome = {
                .begun = a->begun + b->begun,
                .answered = a->answered + b->answered,
                .confirmed = a->confirmed + b->confirmed,
                .resent = sip_ua_counters(a->ua)->retransmitted_out +
                          sip_ua_counters(b->ua)->retransmitted_out,
        };
        close_host(a);
        close_host(b);
        sim_world_destroy(world);
        return outcome;
}

static void add(struct outcome *sum, struct outcome one)
{
        sum->begun += one.begun;
        sum->answered += one.answered;
        sum->confirmed += one.confirmed;
        sum->resent += one.resent;
}

static void on_a_good_network_each_leg_ends_once_and_nothing_is_left(void **state)
{
        (void)state;
        const struct sim_network network = {.delay_ms = 20};
        struct outcome sum = {0};
        for (unsigned i = 0; i < SEEDS / 3; i++)
                add(&sum, run(SEED_BASE + i, &network));
        assert_true(sum.answered > sum.begun / 8);
        assert_true(sum.confirmed > sum.begun / 8);
        assert_int_equal(sum.resent > sum.begun, 0);
}

static void on_a_bad_network_each_leg_ends_once_and_nothing_is_left(void **state)
{
        (void)state;
        struct outcome sum = {0};
        for (unsigned i = 0; i < SEEDS; i++) {
                const struct sim_network network = {
                        .delay_ms = (int)(i % 7) * 40,
                        .jitter_ms = (int)(i % 5) * 150,
                        .loss_permille = (int)(i % 6) * 80,
                        .duplicate_permille = (int)(i % 4) * 100,
                };
                add(&sum, run(SEED_BASE + 5000 + i, &network));
        }
        assert_true(sum.answered > sum.begun / 12);
        assert_true(sum.confirmed > sum.begun / 16);
        assert_true(sum.resent > sum.begun);
}

static void when_nothing_arrives_each_leg_ends_all_the_same(void **state)
{
        (void)state;
        const struct sim_network network = {.delay_ms = 20, .loss_permille = 1000};
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(run(SEED_BASE + 9000 + i, &network).answered, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(on_a_good_network_each_leg_ends_once_and_nothing_is_left),
                cmocka_unit_test(on_a_bad_network_each_leg_ends_once_and_nothing_is_left),
                cmocka_unit_test(when_nothing_arrives_each_leg_ends_all_the_same),
        };
        return RUN_TESTS(tests);
}
