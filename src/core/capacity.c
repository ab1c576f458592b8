/* SPDX-License-Identifier: Apache-2.0 */
#include "core/capacity.h"

#include <assert.h>

#include "base/sort.h"

#define MILLION 1000000

/* A party takes a number, or one of its numbers is free again. */
struct event {
        uint64_t party;
        int64_t at_ms;
        uint32_t session;
        uint8_t is_start;
        uint8_t side;
};

struct plan {
        struct event *events; /* four of each session */
        uint32_t *holds[2];   /* by session: what each party holds once it has started */
};

size_t capacity_bytes(uint32_t count)
{
        return (size_t)count * (4 * sizeof(struct event) + 2 * sizeof(uint32_t));
}

/* By party, then in the order of time; a number that falls free at that moment is free. */
static bool is_before(const void *a, const void *b)
{
        const struct event *x = a, *y = b;
        if (x->party != y->party)
                return x->party < y->party;
        if (x->at_ms != y->at_ms)
                return x->at_ms < y->at_ms;
        return x->is_start < y->is_start;
}

static int make_events(const struct capacity_session *sessions, uint32_t count,
                       int64_t quarantine_ms, struct event *out)
{
        for (uint32_t i = 0; i < count; i++) {
                const struct capacity_session *s = &sessions[i];
                if ((s->end_ms && s->end_ms < s->start_ms) || s->party[0] == s->party[1])
                        return ERR_RANGE;
                int64_t free_ms = s->end_ms ? s->end_ms + quarantine_ms : INT64_MAX;
                /* One that ends as it starts has held its numbers all the same. */
                if (free_ms <= s->start_ms)
                        free_ms = s->start_ms + 1;
                for (uint8_t side = 0; side < 2; side++) {
                        *out++ = (struct event){s->party[side], s->start_ms, i, 1, side};
                        *out++ = (struct event){s->party[side], free_ms, i, 0, side};
                }
        }
        return 0;
}

static void sweep(struct plan *plan, size_t count)
{
        uint32_t holds = 0;
        for (size_t i = 0; i < count; i++) {
                const struct event *event = &plan->events[i];
                if (i == 0 || event->party != plan->events[i - 1].party)
                        holds = 0;
                if (event->is_start)
                        plan->holds[event->side][event->session] = ++holds;
                else
                        holds--;
        }
}

static uint32_t need_of(const struct plan *plan, enum session_model model, uint32_t session)
{
        uint32_t a = plan->holds[0][session], b = plan->holds[1][session];
        /* One number must be free for both: at worst they hold different ones. */
        if (model == MODEL_ONE_NUMBER)
                return a + b - 1;
        return a > b ? a : b;
}

/* How many creates need more than `numbers`. */
static uint32_t beyond(const struct plan *plan, enum session_model model, uint32_t count,
                       uint32_t numbers)
{
        uint32_t more = 0;
        for (uint32_t i = 0; i < count; i++)
                more += need_of(plan, model, i) > numbers;
        return more;
}

static uint32_t fewest(const struct plan *plan, const struct capacity_want *want, uint32_t count,
                       uint32_t most)
{
        uint32_t allowed = (uint32_t)((uint64_t)count * want->refused_per_million / MILLION);
        uint32_t low = 0, high = most;
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (beyond(plan, want->model, count, middle) <= allowed)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

int capacity_plan(const struct capacity_session *sessions, uint32_t count,
                  const struct capacity_want *want, void *memory, struct capacity *out)
{
        assert(want->model == MODEL_TWO_NUMBERS || want->model == MODEL_ONE_NUMBER);
        struct plan plan = {.events = memory};
        plan.holds[0] = (uint32_t *)(plan.events + 4 * (size_t)count);
        plan.holds[1] = plan.holds[0] + count;
        int err = make_events(sessions, count, want->quarantine_ms, plan.events);
        if (err)
                return err;
        sort_items(plan.events, 4 * (size_t)count, sizeof *plan.events, is_before);
        sweep(&plan, 4 * (size_t)count);

        struct capacity found = {0};
        for (uint32_t i = 0; i < count; i++) {
                uint32_t need = need_of(&plan, want->model, i);
                if (need <= found.most)
                        continue;
                found.most = need;
                found.party = sessions[i].party[plan.holds[1][i] > plan.holds[0][i]];
                found.at_ms = sessions[i].start_ms;
        }
        found.numbers = fewest(&plan, want, count, found.most);
        found.refused = beyond(&plan, want->model, count, found.numbers);
        *out = found;
        return 0;
}

static bool is_shorter(const void *a, const void *b)
{
        return *(const int64_t *)a < *(const int64_t *)b;
}

int64_t capacity_quarantine_ms(int64_t *delays_ms, uint32_t count, uint32_t misses_per_million)
{
        uint32_t allowed = (uint32_t)((uint64_t)count * misses_per_million / MILLION);
        if (allowed >= count)
                return 0;
        sort_items(delays_ms, count, sizeof *delays_ms, is_shorter);
        /* The pair is free again when its quarantine is over, to the ms. */
        int64_t last = delays_ms[count - allowed - 1];
        return last < 0 ? 0 : last + 1;
}

/* log2(value), value at least 1, in 1/65536: the bits of the fraction by squaring. */
static uint64_t log2_of(uint64_t value)
{
        uint64_t result = 0;
        unsigned shift = 63 - (unsigned)__builtin_clzll(value);
        uint64_t mantissa = shift > 31 ? value >> (shift - 31) : value << (31 - shift);
        result = (uint64_t)shift << 16;
        for (unsigned bit = 1u << 15; bit; bit >>= 1) {
                mantissa = mantissa * mantissa >> 31;
                if (mantissa >> 32) {
                        mantissa >>= 1;
                        result |= bit;
                }
        }
        return result;
}

int64_t capacity_quarantine_of_mean_ms(int64_t mean_ms, uint32_t misses_per_million)
{
        if (misses_per_million >= MILLION)
                return 0;
        uint64_t target = misses_per_million ? misses_per_million : 1;
        /* exp(-q / mean) = target / 10^6; ln 2 is 45426 / 65536. */
        int64_t log2_16 = (int64_t)(log2_of(MILLION) - log2_of(target));
        return (int64_t)((__int128)mean_ms * log2_16 * 45426 / ((__int128)65536 * 65536));
}
