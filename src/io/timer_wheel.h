/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer_wheel.h - the armed timers of one loop, by due time.
 *
 * A hierarchy of 64-slot wheels: level 0 has one slot per millisecond, each further level slots 64
 * times as wide. A timer sits on the level of the highest six-bit group in which its due time and
 * the wheel's time differ, and moves down as its time comes near. Start and stop are O(1); eleven
 * levels hold every int64_t. Timers with equal due times fire in the order they were started.
 */
#ifndef MASKLINE_IO_TIMER_WHEEL_H
#define MASKLINE_IO_TIMER_WHEEL_H

#include "io/io.h"

#define WHEEL_LEVELS 11
#define WHEEL_SLOTS  64

struct timer_wheel {
        int64_t now_ms;
        uint64_t occupied[WHEEL_LEVELS]; /* a set bit may be stale: its slot was emptied by stops */
        struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
        struct list due; /* collected, not yet called */
};

void timer_wheel_init(struct timer_wheel *wheel, int64_t now_ms);

/* A due time that has passed fires at the next run. Re-arms when armed already. */
void timer_wheel_start(struct timer_wheel *wheel, struct io_timer *timer, int64_t due_ms,
                       void (*fn)(void *), void *arg);
void timer_wheel_stop(struct io_timer *timer);

/*
 * When to run next: never later than the first due time, sometimes earlier, when timers only have
 * to move down a level. False when no timer is armed.
 */
bool timer_wheel_next(struct timer_wheel *wheel, int64_t *next_ms);

/*
 * Collects what is due by now_ms and calls it, in order of due time; returns how many were called.
 * Timers may be started, stopped and re-armed by what is called; one that is started for now waits
 * for the next run.
 */
unsigned timer_wheel_run(struct timer_wheel *wheel, int64_t now_ms);

/* How many are armed; walks all of them. */
uint32_t timer_wheel_count(const struct timer_wheel *wheel);

#endif
