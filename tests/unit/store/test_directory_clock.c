/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions while the wall clock leaps by hours, either way. What is over stays over; nobody gets a pair
 * before its quarantine is over; a session never ends before its time by a clock that has been right.
 */
#include "unit.h"

#include "world.h"

#define HOUR_MS  INT64_C(3600000)
#define WATCH_MS 60000 /* within so long, a leap that no call meets is noticed */

static struct world w;

static int set_up(void **state)
{
        (void)state;
        world_make(&w, false);
        world_provision(&w, 1);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        world_remove(&w);
        return 0;
}

static void leap(int64_t by_ms)
{
        sim_set_wall_ms(w.io, world_now(&w) + by_ms);
}

static int create(unsigned a, unsigned b, int64_t starts_ms, int64_t expires_ms,
                  struct session_view *view)
{
        const struct session_create create = {.tenant_id = 1,
                                              .parties = {PARTY(world_p(a)), PARTY(world_p(b))},
                                              .party_count = 2,
                                              .starts_ms = starts_ms,
                                              .expires_ms = expires_ms};
        bool repeated;
        return directory_session_create(w.dir, &create, view, &repeated, NULL, NULL, NULL);
}

static enum mask_verdict call(const struct session_view *s, unsigned caller)
{
        return world_call(&w, s->parties[0].dials, caller);
}

static enum session_state state_of(const struct session_view *s)
{
        struct session_view view;
        assert_int_equal(directory_session_find(w.dir, s->id, &view), 0);
        return view.state;
}

static void a_leap_ahead_ends_what_is_due_for_the_very_next_call(void **state)
{
        (void)state;
        struct session_view soon = world_session(&w, 1, 2, world_now(&w) + HOUR_MS), seen;
        struct session_view late = world_session(&w, 3, 4, world_now(&w) + 3 * HOUR_MS);
        leap(2 * HOUR_MS);
        assert_int_equal(call(&soon, 1), MASK_EXPIRED);
        assert_int_equal(call(&late, 3), MASK_CONNECT);
        assert_int_equal(directory_session_find(w.dir, soon.id, &seen), 0);
        assert_int_equal(seen.state, SESSION_ENDED);
        assert_int_equal(seen.ended_ms, soon.expires_ms);
        /* The quarantine counts from when it was over, and not from when that was noticed. */
        assert_int_equal(create(1, 5, 0, 0, &seen), ERR_NO_NUMBER);
        leap(HOUR_MS);
        assert_int_equal(create(1, 5, 0, 0, &seen), 0);
}

static void a_leap_ahead_that_no_call_meets_is_noticed_within_a_minute(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + 100 * HOUR_MS);
        leap(100 * HOUR_MS + QUARANTINE_MS);
        world_run_ms(&w, WATCH_MS);
        assert_int_equal(directory_session_find(w.dir, s.id, &s), ERR_NOT_FOUND);
        assert_int_equal(vault_keys_used(w.vault), 0);
}

static void a_leap_ahead_begins_what_is_scheduled(void **state)
{
        (void)state;
        struct session_view s;
        assert_int_equal(create(1, 2, world_now(&w) + HOUR_MS, world_now(&w) + 3 * HOUR_MS, &s), 0);
        assert_int_equal(call(&s, 1), MASK_NOT_YET);
        leap(2 * HOUR_MS);
        assert_int_equal(call(&s, 1), MASK_CONNECT);
        leap(HOUR_MS);
        assert_int_equal(call(&s, 1), MASK_EXPIRED);
}

static void a_leap_there_and_back_revives_nothing_and_takes_no_time_from_what_is_new(void **state)
{
        (void)state;
        struct session_view old = world_session(&w, 1, 2, world_now(&w) + HOUR_MS), new;
        leap(2 * HOUR_MS);
        assert_int_equal(call(&old, 1), MASK_EXPIRED);
        leap(-2 * HOUR_MS);
        assert_int_equal(call(&old, 1), MASK_EXPIRED);
        assert_int_equal(state_of(&old), SESSION_ENDED);

        /* For an hour, asked for by what the server says the time is. */
        assert_int_equal(create(3, 4, 0, directory_now(w.dir) + HOUR_MS, &new), 0);
        world_run_ms(&w, HOUR_MS - 1);
        assert_int_equal(call(&new, 3), MASK_CONNECT);
        world_run_ms(&w, 2 * HOUR_MS + 1);
        assert_int_equal(call(&new, 3), MASK_EXPIRED);
}

static void a_clock_that_is_set_back_keeps_what_expiry_said(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, world_now(&w) + HOUR_MS);
        leap(-3 * HOUR_MS);
        assert_true(s.expires_ms - world_now(&w) > 3 * HOUR_MS);
        world_run_ms(&w, s.expires_ms - world_now(&w) - 1);
        assert_int_equal(call(&s, 1), MASK_CONNECT);
        world_run_ms(&w, 1);
        assert_int_equal(call(&s, 1), MASK_EXPIRED);
        assert_int_equal(state_of(&s), SESSION_ENDED);
}

static void an_end_holds_at_once_while_the_clock_is_behind_and_its_quarantine_is_whole(void **state)
{
        (void)state;
        struct session_view s = world_session(&w, 1, 2, 0), other;
        leap(-3 * HOUR_MS);
        assert_int_equal(directory_session_end(w.dir, s.id, NULL, NULL), 0);
        world_run(&w);
        assert_int_equal(call(&s, 1), MASK_ENDED);
        for (unsigned i = 0; i < 5; i++) {
                assert_int_equal(create(1, 5, 0, 0, &other), ERR_NO_NUMBER);
                assert_int_equal(call(&s, 1), MASK_ENDED);
                world_run_ms(&w, HOUR_MS - 10);
        }
        world_run_ms(&w, HOUR_MS);
        assert_int_equal(create(1, 5, 0, 0, &other), 0);
        assert_int_equal(call(&other, 2), MASK_STRANGER);
}

static void the_time_of_records_never_goes_back_however_the_clock_leaps(void **state)
{
        (void)state;
        struct random random;
        random_init_seeded(&random, 1);
        int64_t last_ms = directory_now(w.dir);
        struct session_view s = world_session(&w, 1, 2, last_ms + 50 * HOUR_MS);
        bool is_over = false;
        for (unsigned i = 0; i < 500; i++) {
                leap(((int64_t)random_below(&random, 13) - 6) * HOUR_MS);
                world_run_ms(&w, random_below(&random, 600000));
                int64_t now_ms = directory_now(w.dir);
                assert_true(now_ms >= last_ms && now_ms >= world_now(&w));
                last_ms = now_ms;
                enum mask_verdict verdict = call(&s, 1);
                assert_int_equal(verdict == MASK_CONNECT, now_ms < s.expires_ms);
                assert_false(is_over && verdict == MASK_CONNECT);
                is_over = verdict != MASK_CONNECT;
        }
        assert_true(is_over);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_leap_ahead_ends_what_is_due_for_the_very_next_call),
                TEST(a_leap_ahead_that_no_call_meets_is_noticed_within_a_minute),
                TEST(a_leap_ahead_begins_what_is_scheduled),
                TEST(a_leap_there_and_back_revives_nothing_and_takes_no_time_from_what_is_new),
                TEST(a_clock_that_is_set_back_keeps_what_expiry_said),
                TEST(an_end_holds_at_once_while_the_clock_is_behind_and_its_quarantine_is_whole),
                TEST(the_time_of_records_never_goes_back_however_the_clock_leaps),
        };
        return RUN_TESTS(tests);
}
