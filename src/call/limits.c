/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.c - what a pool allows of calls: how many at once, how often, how long they ring and last.
 *
 * What runs is counted over the calls there are, so nothing has to be kept in step with them, also
 * after a crash. How often somebody calls is counted in memory alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "call/call.h"

#define HOUR_MS    INT64_C(3600000)
#define CELLS_CALL 64u /* of the rate's table, for each call that there may be */

int calls_open_limits(struct calls *calls)
{
        uint32_t cells = CELLS_CALL * calls->params.calls_max;
        random_fill(io_random(calls->params.io), &calls->person_key, sizeof calls->person_key);
        calls->rate_memory = calloc(1, rate_bytes(cells));
        if (!calls->rate_memory)
                return -ENOMEM;
        rate_init(&calls->rate, calls->rate_memory, cells);
        return 0;
}

void calls_close_limits(struct calls *calls)
{
        free(calls->rate_memory);
}

/* A person of a tenant's, under a key that is forgotten with the process. */
static void person_hash(const struct calls *calls, uint32_t tenant_id, struct real_number person,
                        uint8_t out[RATE_HASH_BYTES])
{
        for (uint64_t half = 0; half < 2; half++) {
                const uint64_t text[3] = {half, tenant_id, person.n.e164};
                uint64_t hash = siphash(&calls->person_key, text, sizeof text);
                memcpy(out + half * sizeof hash, &hash, sizeof hash);
        }
}

static bool runs(const struct call *call)
{
        return call->decision.verdict == MASK_CONNECT && call->state != CALL_NEW &&
               call->state != CALL_CLOSING;
}

static bool is_in(const struct call *call, struct real_number person)
{
        return !number_is_none(person.n) &&
               (number_equal(call->caller.n, person.n) ||
                number_equal(call->decision.mapping.connect_to.n, person.n));
}

static struct rate_limit rate_of(const struct pool_policy *policy)
{
        return (struct rate_limit){policy->party_calls_per_h, HOUR_MS};
}

static void count_running(const struct asking *asking, const struct mapping *mapping,
                          struct mask_counts *counts)
{
        const struct calls *calls = asking->calls;
        for (uint32_t i = 0; i < calls->params.calls_max; i++) {
                const struct call *call = pool_at(calls->pool, i);
                if (!call || call == asking->own || !runs(call) ||
                    call->decision.tenant_id != mapping->tenant_id)
                        continue;
                counts->session_running += call->decision.mapping.session_id == mapping->session_id;
                counts->caller_running += is_in(call, asking->caller);
                counts->callee_running += is_in(call, mapping->connect_to);
        }
}

void call_count(const struct asking *asking, const struct mapping *mapping,
                const struct pool_policy *policy, struct mask_counts *counts)
{
        const struct calls *calls = asking->calls;
        if (policy->session_concurrent_max || policy->party_concurrent_max)
                count_running(asking, mapping, counts);
        /* It has been counted when it was placed: asked again, it is not one call more. */
        if (asking->own && asking->own->is_placed) {
                counts->session_calls -= counts->session_calls > 0;
                return;
        }
        uint8_t hash[RATE_HASH_BYTES];
        const struct rate_limit limit = rate_of(policy);
        if (!limit.n)
                return;
        person_hash(calls, mapping->tenant_id, asking->caller, hash);
        counts->rate_is_spent = !rate_has(&calls->rate, hash, &limit, io_now_ms(calls->params.io));
}

const struct pool_policy *call_policy(const struct call *call)
{
        return directory_session_policy(call->calls->params.directory, call->decision.tenant_id,
                                        call->decision.mapping.session_id);
}

void call_place(struct call *call)
{
        struct calls *calls = call->calls;
        if (call->is_placed)
                return;
        call->is_placed = true;
        directory_session_used(calls->params.directory, &call->decision.mapping, call->caller);
        uint8_t hash[RATE_HASH_BYTES];
        const struct rate_limit limit = rate_of(call_policy(call));
        if (!limit.n)
                return;
        person_hash(calls, call->decision.tenant_id, call->caller, hash);
        (void)rate_take(&calls->rate, hash, &limit, io_now_ms(calls->params.io));
}

int64_t call_ring_ms(const struct call *call)
{
        const struct pool_policy *policy = call_policy(call);
        return policy->ring_s ? (int64_t)policy->ring_s * 1000
                              : call->calls->params.ring_timeout_ms;
}

int64_t call_talk_ms(const struct call *call)
{
        int64_t most_ms = call->calls->params.call_ms_max;
        int64_t talk_ms = (int64_t)call_policy(call)->talk_s * 1000;
        return talk_ms && talk_ms < most_ms ? talk_ms : most_ms;
}

/* Both hear it, and not each other meanwhile. */
static void play_warning(struct call *call)
{
        struct calls *calls = call->calls;
        for (enum call_side side = SIDE_A; side <= SIDE_B; side++)
                if (calls->params.warning.count > 0 && call->legs[side].has_stream)
                        media_leg_play(calls->media, call->legs[side].media, &calls->params.warning,
                                       1);
}

static void on_warning(void *arg)
{
        struct call *call = arg;
        if (call->state == CALL_CONNECTED)
                play_warning(call);
}

void call_start_warning(struct call *call, int64_t left_ms)
{
        int64_t warn_ms = (int64_t)call_policy(call)->warn_s * 1000;
        if (warn_ms && warn_ms < left_ms)
                io_timer_start(call->calls->params.io, &call->warn_timer, left_ms - warn_ms,
                               on_warning, call);
}

static void on_cut(void *arg)
{
        call_close(arg, CAUSE_SCHEDULED, SOURCE_PLATFORM, 480);
}

/* Who talks is told by the tone; who does not yet is not called any more. */
static void cut(struct call *call)
{
        struct calls *calls = call->calls;
        if (call->state != CALL_CONNECTED) {
                on_cut(call);
                return;
        }
        play_warning(call);
        int64_t tone_ms = (int64_t)calls->params.warning.count / 8;
        io_timer_start(calls->params.io, &call->warn_timer, tone_ms, on_cut, call);
}

void call_cut_if_over(struct call *call)
{
        const struct directory *dir = call->calls->params.directory;
        bool is_over = runs(call) && call->decision.has_mapping &&
                       !directory_session_lives(dir, call->decision.mapping.session_id);
        if (is_over && call_policy(call)->on_end == ON_END_CUT)
                cut(call);
}

void calls_on_session_over(void *arg, uint64_t session_id)
{
        struct calls *calls = arg;
        for (uint32_t i = 0; i < calls->params.calls_max; i++) {
                struct call *call = pool_at(calls->pool, i);
                bool is_of = call && runs(call) && call->decision.has_mapping &&
                             call->decision.mapping.session_id == session_id;
                if (is_of && call_policy(call)->on_end == ON_END_CUT)
                        cut(call);
        }
}
