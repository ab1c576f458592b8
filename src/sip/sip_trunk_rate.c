/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sip_trunk_rate.c - a trunk's channels and calls a second, and calls that wait for their turn.
 *
 * A token for each call, calls_per_s of them a second, at most a second's worth in store. Calls
 * that come in take theirs at once or are refused; those that we make may wait in line.
 */
#include <assert.h>

#include "sip/sip_trunks.h"

/* One second's worth: a burst of that size is allowed after a pause. */
static uint32_t bucket_of(const struct trunk *trunk)
{
        uint64_t milli = (uint64_t)trunk->calls_per_s * 1000;
        return milli < UINT32_MAX ? (uint32_t)milli : UINT32_MAX;
}

static void refill(struct sip_trunk_state *trunk, int64_t now_ms)
{
        uint32_t full = bucket_of(&trunk->trunk);
        uint64_t elapsed_ms = (uint64_t)(now_ms - trunk->rate_window_ms);
        trunk->rate_window_ms = now_ms;
        /* A second refills it; longer would only overflow. */
        uint64_t tokens = elapsed_ms >= 1000 ? full
                                             : trunk->rate_tokens_milli +
                                                       elapsed_ms * trunk->trunk.calls_per_s;
        trunk->rate_tokens_milli = (uint32_t)(tokens < full ? tokens : full);
}

static bool take_token(struct sip_trunk_state *trunk, int64_t now_ms)
{
        if (trunk->trunk.calls_per_s == 0)
                return true;
        refill(trunk, now_ms);
        if (trunk->rate_tokens_milli < 1000)
                return false;
        trunk->rate_tokens_milli -= 1000;
        return true;
}

bool sip_trunk_has_channel(const struct sip_trunk_state *trunk)
{
        uint32_t channels_max = trunk->trunk.channels_max;
        return !channels_max || trunk->counters.channels < channels_max;
}

bool sip_trunk_admit(struct sip_trunk_state *trunk, int64_t now_ms)
{
        if (!sip_trunk_has_channel(trunk) || !take_token(trunk, now_ms)) {
                trunk->counters.refused_limit++;
                return false;
        }
        trunk->counters.channels++;
        return true;
}

void sip_trunk_release(struct sip_trunk_state *trunk)
{
        /* A trunk that was removed and added again counts from 0. */
        if (trunk->counters.channels > 0)
                trunk->counters.channels--;
}

/* Waiting */

static void on_turn(void *arg);

static struct sip_turn *first_of(const struct sip_trunk_state *trunk)
{
        bool is_started = trunk->turns.next != NULL;
        if (!is_started || list_is_empty(&trunk->turns))
                return NULL;
        return container_of(trunk->turns.next, struct sip_turn, node);
}

static void take_out(struct sip_turn *turn)
{
        turn->trunk->turn_count--;
        list_remove(&turn->node);
        turn->trunk = NULL;
}

/* Until the next token, or until the first in line has waited for too long. */
static void arm(struct sip_trunk_state *trunk, int64_t now_ms)
{
        const struct sip_turn *first = first_of(trunk);
        if (!first) {
                io_timer_stop(trunk->io, &trunk->turn_timer);
                return;
        }
        int64_t left_ms = first->until_ms - now_ms, delay_ms = 0;
        uint32_t rate = trunk->trunk.calls_per_s;
        if (rate && trunk->rate_tokens_milli < 1000)
                delay_ms = (1000 - trunk->rate_tokens_milli + rate - 1) / rate;
        if (delay_ms > left_ms)
                delay_ms = left_ms > 0 ? left_ms : 0;
        io_timer_start(trunk->io, &trunk->turn_timer, delay_ms, on_turn, trunk);
}

/* One at a time: who is told may do anything, to the trunk, too. */
static void on_turn(void *arg)
{
        struct sip_trunk_state *trunk = arg;
        struct sip_turn *turn = first_of(trunk);
        int64_t now_ms = io_now_ms(trunk->io);
        enum sip_admission admission = SIP_ADMITTED;
        assert(turn);
        if (!sip_trunk_has_channel(trunk))
                admission = SIP_CHANNELS_USED;
        else if (!take_token(trunk, now_ms))
                admission = now_ms >= turn->until_ms ? SIP_RATE_EXCEEDED : SIP_WAITS;
        if (admission == SIP_WAITS) {
                arm(trunk, now_ms);
                return;
        }
        if (admission == SIP_ADMITTED)
                trunk->counters.channels++;
        else
                trunk->counters.refused_limit++;
        take_out(turn);
        arm(trunk, now_ms);
        turn->fn(turn->arg, admission);
}

/* Whether the last in line would still have its turn in time. */
static bool may_wait(const struct sip_trunk_state *trunk)
{
        uint64_t ahead_ms = (uint64_t)(trunk->turn_count + 1) * 1000 / trunk->trunk.calls_per_s;
        return ahead_ms <= trunk->trunk.queue_ms;
}

enum sip_admission sip_trunk_ask(struct sip_trunk_state *trunk, struct sip_turn *turn,
                                 sip_turn_fn *fn, void *arg)
{
        int64_t now_ms = io_now_ms(trunk->io);
        enum sip_admission refusal =
                sip_trunk_has_channel(trunk) ? SIP_RATE_EXCEEDED : SIP_CHANNELS_USED;
        assert(!turn->trunk);
        bool is_next = trunk->turn_count == 0 || trunk->trunk.calls_per_s == 0;
        if (refusal == SIP_RATE_EXCEEDED && is_next && take_token(trunk, now_ms)) {
                trunk->counters.channels++;
                return SIP_ADMITTED;
        }
        if (refusal == SIP_CHANNELS_USED || !may_wait(trunk)) {
                trunk->counters.refused_limit++;
                return refusal;
        }
        *turn = (struct sip_turn){
                .trunk = trunk,
                .until_ms = now_ms + trunk->trunk.queue_ms,
                .fn = fn,
                .arg = arg,
        };
        list_add_tail(&trunk->turns, &turn->node);
        trunk->turn_count++;
        trunk->counters.waited++;
        if (trunk->turn_count == 1)
                arm(trunk, now_ms);
        return SIP_WAITS;
}

static void put_in_order(struct sip_trunk_state *trunk, struct sip_turn *turn)
{
        struct list *after = &trunk->turns;
        list_for_each (node, &trunk->turns) {
                if (container_of(node, struct sip_turn, node)->until_ms <= turn->until_ms)
                        continue;
                after = node;
                break;
        }
        list_add_tail(after, &turn->node);
        trunk->turn_count++;
}

void sip_turn_resume(struct sip_trunk_state *trunk, struct sip_turn *turn, int64_t until_ms,
                     sip_turn_fn *fn, void *arg)
{
        int64_t now_ms = io_now_ms(trunk->io);
        uint32_t rate = trunk->trunk.calls_per_s;
        assert(!turn->trunk);
        /* There was a line, so the bucket was empty; how nearly it had a token is not known. */
        trunk->rate_window_ms = now_ms;
        trunk->rate_tokens_milli = 0;
        *turn = (struct sip_turn){
                .trunk = trunk,
                .until_ms = until_ms + (rate ? 1000 / rate : 0),
                .fn = fn,
                .arg = arg,
        };
        put_in_order(trunk, turn);
        arm(trunk, now_ms);
}

void sip_turn_cancel(struct sip_turn *turn)
{
        struct sip_trunk_state *trunk = turn->trunk;
        if (!trunk)
                return;
        take_out(turn);
        arm(trunk, io_now_ms(trunk->io));
}

void sip_trunk_rate_start(struct sip_trunk_state *trunk)
{
        int64_t now_ms = io_now_ms(trunk->io);
        trunk->rate_window_ms = now_ms;
        trunk->rate_tokens_milli = bucket_of(&trunk->trunk);
        if (!trunk->turns.next)
                list_init(&trunk->turns);
        arm(trunk, now_ms);
}

void sip_trunk_rate_stop(struct sip_trunk_state *trunk)
{
        struct sip_turn *turn;
        io_timer_stop(trunk->io, &trunk->turn_timer);
        while ((turn = first_of(trunk))) {
                take_out(turn);
                turn->fn(turn->arg, SIP_TRUNK_GONE);
        }
}
