/* SPDX-License-Identifier: Apache-2.0 */
#include "io/timer_wheel.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"
#include "base/random.h"

#define TIMERS 64

/* The naive model beside the wheel: an array that is searched. */
struct model {
        struct timer_wheel wheel;
        struct random random;
        int64_t now_ms;
        uint64_t starts;
        struct model_timer {
                struct io_timer timer;
                struct model *model;
                bool armed;
                int64_t due_ms;
                uint64_t order;       /* of its start: equal due times fire in it */
                uint64_t started_run; /* the run in which it was started */
        } timers[TIMERS];
        uint64_t run;
        int64_t last_due_ms;
        uint64_t last_order;
        unsigned fired;
        bool act_in_callbacks;
};

static void on_fired(void *arg);

static void model_start(struct model *m, struct model_timer *t, int64_t delay_ms)
{
        timer_wheel_start(&m->wheel, &t->timer, m->now_ms + delay_ms, on_fired, t);
        t->armed = true;
        t->due_ms = m->now_ms + delay_ms;
        t->order = ++m->starts;
        t->started_run = m->run;
}

static void model_stop(struct model_timer *t)
{
        timer_wheel_stop(&t->timer);
        t->armed = false;
}

static int64_t random_delay_ms(struct model *m)
{
        static const unsigned shifts[] = {0, 0, 3, 6, 6, 7, 12, 12, 13, 18, 24, 30, 36, 42, 61};
        unsigned shift = shifts[random_below(&m->random, sizeof shifts / sizeof *shifts)];
        return (int64_t)(random_u64(&m->random) & ((UINT64_C(1) << shift) - 1 + (shift < 8)));
}

static void act(struct model *m)
{
        struct model_timer *t = &m->timers[random_below(&m->random, TIMERS)];
        if (random_below(&m->random, 3) == 0)
                model_stop(t);
        else
                model_start(m, t, random_delay_ms(m));
}

static void on_fired(void *arg)
{
        struct model_timer *t = arg;
        struct model *m = t->model;
        assert_true(t->armed);
        assert_false(t->timer.armed);
        assert_true(t->due_ms <= m->now_ms);
        assert_true(t->started_run < m->run); /* one started for now waits for the next run */
        assert_true(t->due_ms > m->last_due_ms ||
                    (t->due_ms == m->last_due_ms && t->order > m->last_order));
        m->last_due_ms = t->due_ms;
        m->last_order = t->order;
        m->fired++;
        t->armed = false;
        if (m->act_in_callbacks && random_below(&m->random, 2))
                act(m);
}

static bool model_next(const struct model *m, int64_t *next_ms)
{
        bool any = false;
        for (int i = 0; i < TIMERS; i++) {
                const struct model_timer *t = &m->timers[i];
                if (!t->armed || (any && t->due_ms >= *next_ms))
                        continue;
                *next_ms = t->due_ms;
                any = true;
        }
        return any;
}

static void model_run(struct model *m)
{
        uint32_t armed = 0;
        m->run++;
        m->last_due_ms = -1;
        timer_wheel_run(&m->wheel, m->now_ms);
        for (int i = 0; i < TIMERS; i++) {
                struct model_timer *t = &m->timers[i];
                assert_int_equal(t->armed, t->timer.armed);
                if (t->started_run < m->run)
                        assert_false(t->armed && t->due_ms <= m->now_ms);
                armed += t->armed;
        }
        assert_int_equal(timer_wheel_count(&m->wheel), armed);
}

static struct model *model_create(uint64_t seed, int64_t now_ms)
{
        struct model *m = calloc(1, sizeof *m);
        assert_non_null(m);
        timer_wheel_init(&m->wheel, now_ms);
        random_init_seeded(&m->random, seed);
        m->now_ms = now_ms;
        for (int i = 0; i < TIMERS; i++)
                m->timers[i].model = m;
        return m;
}

static void drive(uint64_t seed, int64_t now_ms, bool act_in_callbacks)
{
        struct model *m = model_create(seed, now_ms);
        m->act_in_callbacks = act_in_callbacks;
        for (int step = 0; step < 3000; step++) {
                for (unsigned n = random_below(&m->random, 4); n; n--)
                        act(m);

                int64_t next_ms = 0, expected_ms = 0;
                bool any = model_next(m, &expected_ms);
                assert_int_equal(timer_wheel_next(&m->wheel, &next_ms), any);
                assert_true(!any || next_ms <= expected_ms || next_ms <= m->now_ms);
                /* Sometimes exactly when asked for, sometimes late, sometimes for no reason. */
                if (any && random_below(&m->random, 2))
                        m->now_ms = next_ms > m->now_ms ? next_ms : m->now_ms;
                else if (m->now_ms < INT64_MAX / 4)
                        m->now_ms += random_delay_ms(m) & 0xfffff;
                model_run(m);
        }
        assert_true(m->fired > 100);
        free(m);
}

static void the_wheel_agrees_with_a_list_that_is_searched(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 20; seed++)
                drive(seed, (int64_t)(seed * seed * seed * 77), false);
}

static void timers_may_be_started_and_stopped_by_what_is_called(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 20; seed++)
                drive(seed, (int64_t)seed << (seed * 2), true);
}

struct count {
        struct timer_wheel *wheel;
        struct io_timer timer, other;
        unsigned fired;
};

static void on_count(void *arg)
{
        ((struct count *)arg)->fired++;
}

static void a_timer_never_fires_early_and_fires_on_its_millisecond(void **state)
{
        (void)state;
        struct timer_wheel wheel;
        static const int64_t delays[] = {0,    1,    63,    64,       65,
                                         4095, 4096, 4097,  262143,   262144,
                                         1000, 9999, 32000, 86400000, INT64_C(31536000000)};
        for (unsigned i = 0; i < sizeof delays / sizeof *delays; i++) {
                struct count c = {0};
                timer_wheel_init(&wheel, 12345);
                timer_wheel_start(&wheel, &c.timer, 12345 + delays[i], on_count, &c);
                timer_wheel_run(&wheel, 12345 + delays[i] - 1);
                assert_int_equal(c.fired, 0);
                timer_wheel_run(&wheel, 12345 + delays[i]);
                assert_int_equal(c.fired, 1);
        }
}

static void the_furthest_due_time_is_held(void **state)
{
        (void)state;
        struct timer_wheel wheel;
        struct count c = {0};
        int64_t next_ms = 0;
        timer_wheel_init(&wheel, 5);
        timer_wheel_start(&wheel, &c.timer, INT64_MAX, on_count, &c);
        timer_wheel_run(&wheel, INT64_MAX - 1);
        assert_int_equal(c.fired, 0);
        assert_true(timer_wheel_next(&wheel, &next_ms));
        assert_true(next_ms == INT64_MAX);
        timer_wheel_run(&wheel, INT64_MAX);
        assert_int_equal(c.fired, 1);
        assert_false(timer_wheel_next(&wheel, &next_ms));
}

static void stop_other(void *arg)
{
        struct count *c = arg;
        c->fired++;
        timer_wheel_stop(&c->other);
}

static void a_timer_that_is_due_can_still_be_stopped(void **state)
{
        (void)state;
        struct timer_wheel wheel;
        struct count c = {0}, victim = {0};
        timer_wheel_init(&wheel, 0);
        timer_wheel_start(&wheel, &c.timer, 10, stop_other, &c);
        timer_wheel_start(&wheel, &c.other, 11, on_count, &victim);
        timer_wheel_run(&wheel, 50);
        assert_int_equal(c.fired, 1);
        assert_int_equal(victim.fired, 0);
}

static void rearm_now(void *arg)
{
        struct count *c = arg;
        c->fired++;
        timer_wheel_start(c->wheel, &c->timer, 0, rearm_now, c);
}

static void a_timer_that_always_re_arms_for_now_fires_once_a_run(void **state)
{
        (void)state;
        struct timer_wheel wheel;
        struct count c = {.wheel = &wheel};
        timer_wheel_init(&wheel, 0);
        timer_wheel_start(&wheel, &c.timer, 0, rearm_now, &c);
        for (unsigned run = 1; run <= 3; run++) {
                timer_wheel_run(&wheel, 100);
                assert_int_equal(c.fired, run);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_wheel_agrees_with_a_list_that_is_searched),
                cmocka_unit_test(timers_may_be_started_and_stopped_by_what_is_called),
                cmocka_unit_test(a_timer_never_fires_early_and_fires_on_its_millisecond),
                cmocka_unit_test(the_furthest_due_time_is_held),
                cmocka_unit_test(a_timer_that_is_due_can_still_be_stopped),
                cmocka_unit_test(a_timer_that_always_re_arms_for_now_fires_once_a_run),
        };
        return RUN_TESTS(tests);
}
