/* SPDX-License-Identifier: Apache-2.0 */
/* What would keep a call from being connected if it came now: each answer, and that there is none. */
#include "../unit/unit.h"
#include "core/advice.h"
#include "world.h"

static struct world *world_with(struct world_options options)
{
        options.seed = 1;
        options.network.delay_ms = 10;
        struct world *world = world_create(&options);
        world_session(world, 0);
        return world;
}

static struct directory_decision decide(const struct world *world)
{
        struct directory_decision decision;
        const struct directory_question question = {.dialled = {{M1}}, .caller = {{AGENT}}};
        directory_decide(world->platform->directory, &question, &decision);
        assert_int_equal(decision.verdict, MASK_CONNECT);
        return decision;
}

static unsigned ask(const struct world *world, const struct directory_decision *decision,
                    enum obstacle out[OBSTACLES])
{
        return calls_forecast(world->platform->calls, decision, (struct masking_number){{M1}},
                              (struct real_number){{AGENT}}, out);
}

static void expect_nothing(const struct world *world)
{
        const struct directory_decision decision = decide(world);
        enum obstacle found[OBSTACLES];
        if (ask(world, &decision, found))
                fail_msg("%s is in the way", obstacle_name(found[0]));
}

/* That and nothing else. */
static void expect_by(const struct world *world, const struct directory_decision *decision,
                      enum obstacle obstacle)
{
        enum obstacle found[OBSTACLES];
        assert_int_equal(ask(world, decision, found), 1);
        assert_string_equal(obstacle_name(found[0]), obstacle_name(obstacle));
}

static void expect(const struct world *world, enum obstacle obstacle)
{
        const struct directory_decision decision = decide(world);
        expect_by(world, &decision, obstacle);
}

/* As it is, to be changed. */
static struct trunk south_of(const struct world *world)
{
        const struct directory_decision decision = decide(world);
        const struct trunk *trunk =
                directory_trunk_get(world->platform->directory, decision.show_trunk_id);
        assert_non_null(trunk);
        return *trunk;
}

static void change(struct world *world, const struct trunk *trunk)
{
        platform_change_trunk(world->platform, trunk);
        world_run_ms(world, 100);
}

/* The agent calls the customer, whose telephone rings. */
static void ring(struct world *world)
{
        world->phones[WHO_CUSTOMER].manner = RINGS_FOREVER;
        phone_dial(&world->phones[WHO_AGENT], M1);
        world_run_ms(world, 1000);
        assert_int_equal(world->phones[WHO_CUSTOMER].rang, 1);
}

static void end(struct world *world)
{
        phone_hangup(&world->phones[WHO_AGENT]);
        world_settle(world);
        world_destroy(world);
}

/* Nobody answers on the trunk to the customer, until that is known. */
static void go_dark(struct world *world)
{
        for (int i = 0; i < 3; i++) {
                phone_dial(&world->phones[WHO_AGENT], M1);
                world_settle(world);
                phone_forget(&world->phones[WHO_AGENT]);
        }
}

static void nothing_is_in_the_way(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        expect_nothing(world);
        ring(world);
        expect_nothing(world);
        end(world);
}

static void the_server_is_being_stopped(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        calls_drain(world->platform->calls);
        expect(world, OBSTACLE_DRAINING);
        world_destroy(world);
}

static void the_server_has_as_many_calls_as_there_may_be(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){.calls_max = 1});
        ring(world);
        expect(world, OBSTACLE_SERVER_FULL);
        end(world);
}

static void the_number_to_be_shown_is_gone(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        struct directory_decision decision = decide(world);
        decision.mapping.show.n.e164 = M2 + 7;
        expect_by(world, &decision, OBSTACLE_FOREIGN_NUMBER);
        world_destroy(world);
}

static void the_number_to_be_shown_is_another_tenants(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        struct directory_decision decision = decide(world);
        decision.tenant_id++;
        expect_by(world, &decision, OBSTACLE_FOREIGN_NUMBER);
        world_destroy(world);
}

static void the_trunk_of_the_number_is_gone(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        sip_trunks_remove(world->platform->trunks, south_of(world).id);
        expect(world, OBSTACLE_NO_TRUNK);
        world_destroy(world);
}

static void the_pair_has_as_many_calls_as_it_may(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){.same_pair_max = 1});
        ring(world);
        expect(world, OBSTACLE_SAME_PAIR);
        end(world);
}

static void the_name_of_the_peer_stands_for_nothing(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        struct trunk south = south_of(world);
        strcpy(south.peer_host, "nobody.example");
        change(world, &south);
        expect(world, OBSTACLE_NOT_RESOLVED);
        world_destroy(world);
}

static void no_server_of_the_trunk_answers(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        world->phones[WHO_CUSTOMER].manner = IS_DEAD;
        struct trunk south = south_of(world);
        south.peer_port = 5079;
        change(world, &south);
        go_dark(world);
        expect(world, OBSTACLE_TRUNK_DOWN);
        world_destroy(world);
}

static void the_trunk_is_to_be_registered_and_is_not(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        struct trunk south = south_of(world);
        strcpy(south.username, "u1");
        south.register_s = 600;
        south.registers = true;
        change(world, &south);
        expect(world, OBSTACLE_NOT_REGISTERED);
        south.registers = false;
        change(world, &south);
        expect_nothing(world);
        world_destroy(world);
}

static void all_channels_to_the_callee_are_in_use(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){0});
        struct trunk south = south_of(world);
        south.channels_max = 1;
        change(world, &south);
        expect_nothing(world);
        ring(world);
        expect(world, OBSTACLE_CHANNELS);
        end(world);
}

static void all_channels_of_the_caller_are_in_use(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){.channels_max = 1});
        expect_nothing(world);
        ring(world);
        expect(world, OBSTACLE_CALLER_CHANNELS);
        end(world);
}

static void what_is_in_the_way_of_one_trunk_is_not_when_calls_overflow_to_another(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){.way = WAY_OVERFLOW});
        world->phones[WHO_CUSTOMER].manner = IS_BUSY;
        go_dark(world);
        assert_true(world->phones[WHO_CUSTOMER].rang >= 3);
        expect_nothing(world);

        /* Unless that one would not take it either. */
        struct trunk south = south_of(world);
        sip_trunks_remove(world->platform->trunks, south.overflow[0]);
        expect(world, OBSTACLE_TRUNK_DOWN);
        world_destroy(world);
}

static void several_things_are_told_at_once(void **state)
{
        (void)state;
        struct world *world = world_with((struct world_options){.same_pair_max = 1});
        ring(world);
        calls_drain(world->platform->calls);
        const struct directory_decision decision = decide(world);
        enum obstacle found[OBSTACLES];
        assert_int_equal(ask(world, &decision, found), 2);
        assert_int_equal(found[0], OBSTACLE_DRAINING);
        assert_int_equal(found[1], OBSTACLE_SAME_PAIR);
        end(world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_in_the_way),
                cmocka_unit_test(the_server_is_being_stopped),
                cmocka_unit_test(the_server_has_as_many_calls_as_there_may_be),
                cmocka_unit_test(the_number_to_be_shown_is_gone),
                cmocka_unit_test(the_number_to_be_shown_is_another_tenants),
                cmocka_unit_test(the_trunk_of_the_number_is_gone),
                cmocka_unit_test(the_pair_has_as_many_calls_as_it_may),
                cmocka_unit_test(the_name_of_the_peer_stands_for_nothing),
                cmocka_unit_test(no_server_of_the_trunk_answers),
                cmocka_unit_test(the_trunk_is_to_be_registered_and_is_not),
                cmocka_unit_test(all_channels_to_the_callee_are_in_use),
                cmocka_unit_test(all_channels_of_the_caller_are_in_use),
                cmocka_unit_test(
                        what_is_in_the_way_of_one_trunk_is_not_when_calls_overflow_to_another),
                cmocka_unit_test(several_things_are_told_at_once),
        };
        return RUN_TESTS(tests);
}
