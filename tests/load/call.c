/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.c - a call from its beginning to its verdict.
 */
#include <string.h>
#include <time.h>

#include "load.h"

int64_t load_now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void load_check(struct load *load, enum side side, struct slice text, int real, int masking)
{
        switch (parties_check(text, side == CALLER_SIDE, real, masking)) {
        case NUMBERS_FINE:
                return;
        case NUMBERS_LEAK:
                load->tally.leaks++;
                return;
        case NUMBERS_WRONG:
                load->tally.wrong++;
                return;
        }
}

/* Whose number is dialled by whom; false: no session for it is idle. */
static bool choose_numbers(struct load *load, struct call *call)
{
        struct random *random = io_random(load->io);
        bool is_ended = call->kind == KIND_ENDED;
        struct session *session = NULL;
        if (kind_rows[call->kind].reaches_callee || is_ended) {
                session = parties_take(&load->parties, is_ended ? SESSION_ENDED : SESSION_LIVE,
                                       random);
                if (!session)
                        return false;
                session->call = call;
                call->near.real = session->caller;
                call->near.masking = session->dials;
        } else if (call->kind == KIND_UNKNOWN) {
                call->near.real = (int)random_below(random, STRANGER);
                call->near.masking = UNUSED;
        } else {
                call->near.real = STRANGER;
                call->near.masking = (int)random_below(random, UNUSED);
        }
        call->session = session;
        return true;
}

struct call *call_begin(struct load *load, enum kind kind)
{
        struct call *call = load->idle;
        if (!call)
                return NULL;
        const uint32_t index = call->index, generation = call->generation + 1;
        struct call *next = call->next_idle;
        *call = (struct call){
                .load = load,
                .index = index,
                .generation = generation,
                .kind = kind,
                .far_ending = ENDS_NEVER_WAS,
                .started_us = load_now_us(),
        };
        if (!choose_numbers(load, call))
                return NULL;
        load->idle = next;
        load->tally.kinds[kind].started++;
        if (++load->busy > load->peak)
                load->peak = load->busy;
        return call;
}

void call_fail(struct call *call, const char *reason)
{
        if (!call->problem)
                call->problem = reason;
}

static const char *status_problem(unsigned status)
{
        switch (status) {
        case 0:
                return "no-final-answer";
        case 200:
                return "answered";
        case 404:
                return "status-404";
        case 480:
                return "status-480";
        case 482:
                return "status-482";
        case 486:
                return "status-486";
        case 487:
                return "status-487";
        case 503:
                return "status-503";
        case 603:
                return "status-603";
        default:
                return "another-status";
        }
}

/* NULL: all is as the kind of call wants it. */
static const char *verdict(const struct call *call)
{
        const struct kind_row *row = &kind_rows[call->kind];
        if (call->problem)
                return call->problem;
        if (call->status != row->statuses[0] && call->status != row->statuses[1])
                return status_problem(call->status);
        if (!(row->near_endings & 1u << call->near.ending))
                return "ended-by-the-wrong-side";
        bool is_shared = call->load->parties.is_shared;
        if (!is_shared && !(row->far_endings & 1u << call->far_ending))
                return "callee-ended-otherwise";
        if (call->keys_heard != call->keys_pressed)
                return call->keys_heard ? "key-heard-twice" : "key-not-heard";
        bool should_hear = call->near.talks && call->status == 200 && row->is_answered;
        if (should_hear && !(call->near_heard && call->far_heard))
                return "mute";
        return NULL;
}

void call_leg_over(struct call *call)
{
        struct load *load = call->load;
        struct session *session = call->session;
        if (call->near.state != LEG_OVER || call->far)
                return;
        tally_call(&load->tally, call->kind, verdict(call));
        call->near.state = LEG_FREE;
        call->next_idle = load->idle;
        load->idle = call;
        load->busy--;
        if (session && parties_give(&load->parties, session) && load->on_rest)
                load->on_rest(load, session);
}
