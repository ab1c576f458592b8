/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/sip_trunks.h"

#include "../unit.h"

#include "io/io_sim.h"

#define TURNS 16

static struct sim_world *world;
static struct io *io;
static struct sip_trunks *trunks;
static struct sip_trunk_state *trunk;
static struct sip_turn turns[TURNS];

static struct told {
        unsigned who;
        enum sip_admission admission;
        int64_t at_ms;
} told[TURNS];
static unsigned told_count;
static void (*then)(void); /* what who is told does */
static int64_t begin_ms;

static void on_told(void *arg, enum sip_admission admission)
{
        struct sip_turn *turn = arg;
        assert_null(turn->trunk);
        told[told_count++] = (struct told){
                (unsigned)(turn - turns),
                admission,
                io_now_ms(io) - begin_ms,
        };
        if (then)
                then();
}

static void put(uint32_t calls_per_s, uint32_t queue_ms, uint32_t channels_max)
{
        const struct trunk t = {
                .id = 1,
                .name = "t",
                .peer_host = "192.0.2.1",
                .calls_per_s = calls_per_s,
                .queue_ms = queue_ms,
                .channels_max = channels_max,
        };
        assert_int_equal(sip_trunks_put(trunks, &t), 0);
        trunk = sip_trunks_find(trunks, 1);
}

static int setup(void **state)
{
        (void)state;
        assert_int_equal(sim_world_create(1, &world), 0);
        assert_int_equal(io_create_sim(world, &io), 0);
        assert_int_equal(sip_trunks_create(io, &trunks), 0);
        memset(turns, 0, sizeof turns);
        told_count = 0;
        then = NULL;
        begin_ms = io_now_ms(io);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        sip_trunks_destroy(trunks);
        sim_world_destroy(world);
        return 0;
}

static enum sip_admission ask(unsigned who)
{
        return sip_trunk_ask(trunk, &turns[who], on_told, &turns[who]);
}

/* Takes all that is there. */
static void drain(void)
{
        while (sip_trunk_admit(trunk, io_now_ms(io)))
                continue;
}

static void expect(unsigned i, unsigned who, enum sip_admission admission, int64_t at_ms)
{
        assert_true(i < told_count);
        assert_int_equal(told[i].who, who);
        assert_int_equal(told[i].admission, admission);
        assert_int_equal(told[i].at_ms, at_ms);
}

static void without_a_limit_nobody_waits(void **state)
{
        (void)state;
        put(0, 0, 0);
        for (unsigned i = 0; i < TURNS; i++)
                assert_int_equal(ask(i), SIP_ADMITTED);
        assert_int_equal(trunk->counters.channels, TURNS);
}

static void without_a_queue_who_comes_too_fast_is_refused(void **state)
{
        (void)state;
        put(2, 0, 0);
        assert_int_equal(ask(0), SIP_ADMITTED);
        assert_int_equal(ask(1), SIP_ADMITTED);
        assert_int_equal(ask(2), SIP_RATE_EXCEEDED);
        assert_int_equal(trunk->counters.refused_limit, 1);
        assert_int_equal(trunk->counters.waited, 0);
}

static void who_waits_has_a_turn_in_the_order_of_arrival(void **state)
{
        (void)state;
        put(4, 2000, 0);
        drain();
        for (unsigned i = 0; i < 8; i++)
                assert_int_equal(ask(i), SIP_WAITS);
        assert_int_equal(ask(8), SIP_RATE_EXCEEDED); /* its turn would come too late */
        sim_world_run_ms(world, 1100);
        assert_int_equal(told_count, 4);
        assert_int_equal(ask(8), SIP_WAITS); /* behind those who wait */
        sim_world_run_ms(world, 5000);
        assert_int_equal(told_count, 9);
        for (unsigned i = 0; i < 9; i++)
                expect(i, i, SIP_ADMITTED, 250 * (i + 1));
        assert_int_equal(trunk->counters.channels, 4 + 9);
        assert_int_equal(trunk->counters.waited, 9);
}

static void a_token_is_for_who_waits_and_not_for_who_comes_later(void **state)
{
        (void)state;
        put(1, 3000, 0);
        drain();
        assert_int_equal(ask(0), SIP_WAITS);
        sim_world_run_ms(world, 999);
        assert_int_equal(ask(1), SIP_WAITS);
        sim_world_run_ms(world, 1);
        expect(0, 0, SIP_ADMITTED, 1000);
        assert_int_equal(told_count, 1);
}

static void who_waits_in_vain_is_told_when_its_time_is_over(void **state)
{
        (void)state;
        put(1, 1500, 0);
        drain();
        assert_int_equal(ask(0), SIP_WAITS);
        sim_world_run_ms(world, 999);
        /* Calls that come in take every token. */
        trunk->rate_window_ms = io_now_ms(io);
        trunk->rate_tokens_milli = 0;
        sim_world_run_ms(world, 2000);
        assert_int_equal(told_count, 1);
        expect(0, 0, SIP_RATE_EXCEEDED, 1500);
}

static void who_gives_up_leaves_the_others_their_order(void **state)
{
        (void)state;
        put(2, 5000, 0);
        drain();
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(ask(i), SIP_WAITS);
        sip_turn_cancel(&turns[0]);
        sip_turn_cancel(&turns[0]);
        sip_turn_cancel(&turns[1]);
        sim_world_run_ms(world, 5000);
        assert_int_equal(told_count, 1);
        expect(0, 2, SIP_ADMITTED, 500);
        assert_int_equal(trunk->turn_count, 0);
}

static void channels_are_not_waited_for(void **state)
{
        (void)state;
        put(1, 5000, 2);
        assert_int_equal(ask(0), SIP_ADMITTED);
        assert_int_equal(ask(1), SIP_WAITS);
        assert_int_equal(ask(2), SIP_WAITS);
        sim_world_run_ms(world, 3000);
        expect(0, 1, SIP_ADMITTED, 1000);
        expect(1, 2, SIP_CHANNELS_USED, 2000);
        assert_int_equal(ask(3), SIP_CHANNELS_USED);
        sip_trunk_release(trunk);
        assert_int_equal(ask(3), SIP_ADMITTED);
}

static void who_waits_is_told_that_the_trunk_is_gone(void **state)
{
        (void)state;
        put(1, 5000, 0);
        drain();
        assert_int_equal(ask(0), SIP_WAITS);
        assert_int_equal(ask(1), SIP_WAITS);
        sip_trunks_remove(trunks, 1);
        expect(0, 0, SIP_TRUNK_GONE, 0);
        expect(1, 1, SIP_TRUNK_GONE, 0);
        sim_world_run_ms(world, 10000);
        assert_int_equal(told_count, 2);
}

static void remove_it(void)
{
        sip_trunks_remove(trunks, 1);
}

static void who_is_told_may_remove_the_trunk(void **state)
{
        (void)state;
        put(1, 5000, 0);
        drain();
        assert_int_equal(ask(0), SIP_WAITS);
        assert_int_equal(ask(1), SIP_WAITS);
        then = remove_it;
        sim_world_run_ms(world, 10000);
        expect(0, 0, SIP_ADMITTED, 1000);
        expect(1, 1, SIP_TRUNK_GONE, 1000);
}

static void cancel_the_next(void)
{
        sip_turn_cancel(&turns[1]);
}

static void who_is_told_may_take_others_out_of_the_line(void **state)
{
        (void)state;
        put(1, 5000, 0);
        drain();
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(ask(i), SIP_WAITS);
        then = cancel_the_next;
        sim_world_run_ms(world, 10000);
        assert_int_equal(told_count, 2);
        expect(1, 2, SIP_ADMITTED, 2000);
}

static void new_limits_hold_for_those_who_wait(void **state)
{
        (void)state;
        put(1, 5000, 0);
        drain();
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(ask(i), SIP_WAITS);
        put(0, 0, 0);
        assert_int_equal(ask(5), SIP_ADMITTED);
        sim_world_run_ms(world, 1);
        assert_int_equal(told_count, 4);
        for (unsigned i = 0; i < 4; i++)
                expect(i, i, SIP_ADMITTED, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(without_a_limit_nobody_waits),
                TEST(without_a_queue_who_comes_too_fast_is_refused),
                TEST(who_waits_has_a_turn_in_the_order_of_arrival),
                TEST(a_token_is_for_who_waits_and_not_for_who_comes_later),
                TEST(who_waits_in_vain_is_told_when_its_time_is_over),
                TEST(who_gives_up_leaves_the_others_their_order),
                TEST(channels_are_not_waited_for),
                TEST(who_waits_is_told_that_the_trunk_is_gone),
                TEST(who_is_told_may_remove_the_trunk),
                TEST(who_is_told_may_take_others_out_of_the_line),
                TEST(new_limits_hold_for_those_who_wait),
        };
        return RUN_TESTS(tests);
}
