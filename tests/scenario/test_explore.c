/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every order in which both peers, the clock and a crash can act upon a call, to a bound (explore.h).
 *
 *     test-scenario-explore                                       a little of each, for every build
 *     test-scenario-explore SCENE DEPTH [FAULTS [CRASHES]]        other ones
 *     test-scenario-explore --replay PATH [FAULTS [CRASHES [SCENE]]]  one path, and what happens on it
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/unit.h"
#include "explore.h"
#include "under_way.h"

static void check(const struct exploration *what)
{
        struct explored result;
        bool is_good = explore(what, &result);
        print_message("%-10s %2u moves, %u faults, %u crashes: %7lu states by %8lu paths\n",
                      what->scene, what->depth, what->faults, what->crashes, result.states,
                      result.paths);
        if (is_good)
                return;
        fputs(result.report, stderr);
        free(result.report);
        fail_msg("wrong: --replay %s %u %u %s", result.path, what->faults, what->crashes,
                 what->scene);
}

static void nothing_goes_wrong_while_a_call_is_set_up(void **state)
{
        (void)state;
        check(&(struct exploration){.scene = "setup", .depth = 3, .faults = 1});
}

static void nothing_goes_wrong_while_both_talk(void **state)
{
        (void)state;
        check(&(struct exploration){.scene = "talking", .depth = 2, .faults = 1});
}

static void nothing_goes_wrong_while_a_prack_is_awaited(void **state)
{
        (void)state;
        check(&(struct exploration){.scene = "required", .depth = 2});
        check(&(struct exploration){.scene = "held", .depth = 1, .faults = 1});
}

static void nothing_goes_wrong_within_a_call(void **state)
{
        (void)state;
        check(&(struct exploration){.scene = "early", .depth = 1});
        check(&(struct exploration){.scene = "offerless", .depth = 1});
        check(&(struct exploration){.scene = "holding", .depth = 1});
        check(&(struct exploration){.scene = "refreshing", .depth = 1});
        check(&(struct exploration){.scene = "refreshed", .depth = 1});
}

static void nothing_goes_wrong_while_a_caller_is_refused(void **state)
{
        (void)state;
        check(&(struct exploration){.scene = "refused", .depth = 2});
        check(&(struct exploration){.scene = "refused-early", .depth = 2});
        check(&(struct exploration){.scene = "refused-reliably", .depth = 2});
}

static void nothing_goes_wrong_around_a_crash(void **state)
{
        (void)state;
        check(&(struct exploration){.scene = "setup", .depth = 2, .crashes = 1});
        check(&(struct exploration){.scene = "talking", .depth = 1, .crashes = 1});
}

static void the_same_moves_lead_to_the_same_state(void **state)
{
        (void)state;
        static const char *const paths[] = {
                "i1c7kt",   "i12auUTBo", "iF2aRtAb", "i1xT4",   "j3Pp2",
                "i12adamE", "N12SDAn",   "YZaTtw6t", "yzaT.:t", "XtaT",
        };
        const struct exploration what = {.faults = 2, .crashes = 1};
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
                assert_int_equal(explore_state(&what, paths[i]), explore_state(&what, paths[i]));
}

static void moves_that_do_not_touch_each_other_lead_there_in_any_order(void **state)
{
        (void)state;
        const struct exploration what = {.faults = 0};
        assert_int_equal(explore_state(&what, "i1hka7"), explore_state(&what, "i1h7ak"));
        assert_int_equal(explore_state(&what, "i12ahoO"), explore_state(&what, "i12ahOo"));
        /* And those that do lead elsewhere. */
        assert_int_not_equal(explore_state(&what, "i12c"), explore_state(&what, "i1c2"));
        assert_int_not_equal(explore_state(&what, "i12a"), explore_state(&what, "i2a"));
        assert_int_not_equal(explore_state(&what, "i1"), explore_state(&what, "i1t"));
}

/* A check that searches proves itself: each fault is somewhere on the way, and found. */
static void a_planted_fault_is_found(void **state)
{
        (void)state;
        static const struct {
                enum plant plant;
                const char *scene;
        } rows[] = {
                {PLANT_LOST_BYE, "ringing"},     {PLANT_SECOND_ANSWER, "talking"},
                {PLANT_LOST_CHANNEL, "ringing"}, {PLANT_LEAK, "talking"},
                {PLANT_LOST_ACK, "refreshing"},  {PLANT_ENDLESS, "refreshed"},
                {PLANT_ANNOUNCING, "refused"},
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                const struct exploration what = {
                        .scene = rows[i].scene, .depth = 2, .plant = rows[i].plant};
                struct explored result;
                assert_false(explore(&what, &result));
                free(result.report);
                /* And what it prints repeats it. */
                char *report;
                assert_false(explore_path(&what, result.path, &report));
                free(report);
        }
}

static int replay(int argc, char **argv)
{
        const struct exploration what = {
                .faults = argc > 3 ? (unsigned)atoi(argv[3]) : 2,
                .crashes = argc > 4 ? (unsigned)atoi(argv[4]) : 0,
                .scene = argc > 5 ? argv[5] : NULL,
        };
        char *report;
        bool is_good = explore_path(&what, argv[2], &report);
        fputs(report, stdout);
        free(report);
        puts(is_good ? "nothing is wrong" : "this is wrong");
        return !is_good;
}

static struct exploration given;

static void what_was_asked_for(void **state)
{
        (void)state;
        check(&given);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(the_same_moves_lead_to_the_same_state, under_way_end),
                cmocka_unit_test_teardown(
                        moves_that_do_not_touch_each_other_lead_there_in_any_order, under_way_end),
                cmocka_unit_test_teardown(nothing_goes_wrong_while_a_call_is_set_up, under_way_end),
                cmocka_unit_test_teardown(nothing_goes_wrong_while_both_talk, under_way_end),
                cmocka_unit_test_teardown(nothing_goes_wrong_while_a_prack_is_awaited,
                                          under_way_end),
                cmocka_unit_test_teardown(nothing_goes_wrong_within_a_call, under_way_end),
                cmocka_unit_test_teardown(nothing_goes_wrong_while_a_caller_is_refused,
                                          under_way_end),
                cmocka_unit_test_teardown(nothing_goes_wrong_around_a_crash, under_way_end),
                cmocka_unit_test_teardown(a_planted_fault_is_found, under_way_end),
        };
        const struct CMUnitTest one[] = {
                cmocka_unit_test_teardown(what_was_asked_for, under_way_end)};
        if (argc > 2 && !strcmp(argv[1], "--replay"))
                return replay(argc, argv);
        if (argc < 3)
                return RUN_TESTS(tests);
        given = (struct exploration){
                .scene = argv[1],
                .depth = (unsigned)atoi(argv[2]),
                .faults = argc > 3 ? (unsigned)atoi(argv[3]) : 0,
                .crashes = argc > 4 ? (unsigned)atoi(argv[4]) : 0,
        };
        return RUN_TESTS(one);
}
