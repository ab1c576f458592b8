/* SPDX-License-Identifier: Apache-2.0 */
#include "io/timer_wheel.h"

#include <assert.h>

#define GROUP_BITS 6

void timer_wheel_init(struct timer_wheel *wheel, int64_t now_ms)
{
        assert(now_ms >= 0);
        *wheel = (struct timer_wheel){.now_ms = now_ms};
        for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
                for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
                        list_init(&wheel->slots[level][slot]);
        }
        list_init(&wheel->due);
}

static void insert(struct timer_wheel *wheel, struct io_timer *timer)
{
        int64_t due_ms = timer->due_ms > wheel->now_ms ? timer->due_ms : wheel->now_ms;
        uint64_t differs = (uint64_t)(due_ms ^ wheel->now_ms);
        unsigned level = differs ? (63u - (unsigned)__builtin_clzll(differs)) / GROUP_BITS : 0;
        unsigned slot = (unsigned)(due_ms >> (GROUP_BITS * level)) & (WHEEL_SLOTS - 1);

        list_add_tail(&wheel->slots[level][slot], &timer->node);
        wheel->occupied[level] |= UINT64_C(1) << slot;
}

void timer_wheel_start(struct timer_wheel *wheel, struct io_timer *timer, int64_t due_ms,
                       void (*fn)(void *), void *arg)
{
        assert(fn);
        timer_wheel_stop(timer);
        timer->due_ms = due_ms;
        timer->fn = fn;
        timer->arg = arg;
        timer->armed = true;
        insert(wheel, timer);
}

void timer_wheel_stop(struct io_timer *timer)
{
        if (!timer->armed)
                return;
        list_remove(&timer->node);
        timer->armed = false;
}

/* The first slot at `level` that holds a timer; bits of slots that stops have emptied are cleared. */
static bool first_slot(struct timer_wheel *wheel, unsigned level, unsigned *slot)
{
        while (wheel->occupied[level]) {
                unsigned i = (unsigned)__builtin_ctzll(wheel->occupied[level]);
                if (!list_is_empty(&wheel->slots[level][i])) {
                        *slot = i;
                        return true;
                }
                wheel->occupied[level] &= wheel->occupied[level] - 1;
        }
        return false;
}

/*
 * All slots of a level lie ahead of the wheel's time and before those of the level above, because
 * every higher group of bits is equal to the wheel's: the first slot found holds the first timer.
 */
static bool first(struct timer_wheel *wheel, unsigned *level, unsigned *slot, int64_t *start_ms)
{
        for (*level = 0; *level < WHEEL_LEVELS; (*level)++) {
                if (!first_slot(wheel, *level, slot))
                        continue;
                unsigned shift = GROUP_BITS * *level;
                uint64_t above = shift + GROUP_BITS < 64 ? ~UINT64_C(0) << (shift + GROUP_BITS) : 0;
                *start_ms = (int64_t)(((uint64_t)wheel->now_ms & above) | (uint64_t)*slot << shift);
                return true;
        }
        return false;
}

bool timer_wheel_next(struct timer_wheel *wheel, int64_t *next_ms)
{
        unsigned level, slot;
        if (!list_is_empty(&wheel->due)) {
                *next_ms = wheel->now_ms;
                return true;
        }
        return first(wheel, &level, &slot, next_ms);
}

/* Moves the timers of a slot whose time has come: to the due list, or down the levels. */
static void empty_slot(struct timer_wheel *wheel, unsigned level, unsigned slot)
{
        struct list *from = &wheel->slots[level][slot];
        wheel->occupied[level] &= ~(UINT64_C(1) << slot);
        while (!list_is_empty(from)) {
                struct io_timer *timer = container_of(from->next, struct io_timer, node);
                list_remove(&timer->node);
                if (level == 0)
                        list_add_tail(&wheel->due, &timer->node);
                else
                        insert(wheel, timer);
        }
}

unsigned timer_wheel_run(struct timer_wheel *wheel, int64_t now_ms)
{
        unsigned level, slot, called = 0;
        int64_t start_ms;
        while (first(wheel, &level, &slot, &start_ms) && start_ms <= now_ms) {
                wheel->now_ms = start_ms;
                empty_slot(wheel, level, slot);
        }
        if (now_ms > wheel->now_ms)
                wheel->now_ms = now_ms;

        while (!list_is_empty(&wheel->due)) {
                struct io_timer *timer = container_of(wheel->due.next, struct io_timer, node);
                timer_wheel_stop(timer);
                called++;
                timer->fn(timer->arg);
        }
        return called;
}

static uint32_t length(const struct list *list)
{
        uint32_t count = 0;
        list_for_each (node, list)
                count++;
        return count;
}

uint32_t timer_wheel_count(const struct timer_wheel *wheel)
{
        uint32_t count = length(&wheel->due);
        for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
                for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
                        count += length(&wheel->slots[level][slot]);
        }
        return count;
}
