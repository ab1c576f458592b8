/* SPDX-License-Identifier: Apache-2.0 */
#include "core/capacity.h"

#include <assert.h>

#include "base/sort.h"

#define MILLION 1000000

/* A party takes numbers, or has them free again. */
struct event {
        uint64_t party;
        int64_t at_ms;
        uint32_t entry;      /* in log->parties */
        uint32_t takes : 31; /* how many */
        uint32_t is_start : 1;
};

struct plan {
        const struct capacity_log *log;
        enum session_model model;
        struct event *events; /* two of each party of a session */
        uint32_t *holds;      /* of each party of a session, once it has started */
};

size_t capacity_bytes(uint32_t party_count)
{
        return (size_t)party_count * (2 * sizeof(struct event) + sizeof(uint32_t));
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

static bool is_sound(const struct capacity_log *log, const struct capacity_session *session)
{
        if ((session->end_ms && session->end_ms < session->start_ms) || session->count < 2)
                return false;
        const uint64_t *parties = &log->parties[session->first];
        for (uint32_t i = 0; i < session->count; i++)
                for (uint32_t j = 0; j < i; j++)
                        if (parties[i] == parties[j])
                                return false;
        return true;
}

static int make_events(struct plan *plan, int64_t quarantine_ms)
{
        struct event *out = plan->events;
        for (uint32_t i = 0; i < plan->log->count; i++) {
                const struct capacity_session *s = &plan->log->sessions[i];
                if (!is_sound(plan->log, s))
                        return ERR_RANGE;
                int64_t free_ms = s->end_ms ? s->end_ms + quarantine_ms : INT64_MAX;
                /* One that ends as it starts has held its numbers all the same. */
                if (free_ms <= s->start_ms)
                        free_ms = s->start_ms + 1;
                uint32_t takes = plan->model == MODEL_GROUP ? (s->count - 1) & INT32_MAX : 1;
                for (uint32_t entry = s->first; entry < s->first + s->count; entry++) {
                        uint64_t party = plan->log->parties[entry];
                        *out++ = (struct event){party, s->start_ms, entry, takes, 1};
                        *out++ = (struct event){party, free_ms, entry, takes, 0};
                }
        }
        return 0;
}

static void sweep(struct plan *plan)
{
        uint32_t holds = 0;
        for (size_t i = 0; i < 2 * (size_t)plan->log->party_count; i++) {
                const struct event *event = &plan->events[i];
                if (i == 0 || event->party != plan->events[i - 1].party)
                        holds = 0;
                if (event->is_start)
                        plan->holds[event->entry] = holds += event->takes;
                else
                        holds -= event->takes;
        }
}

/* Of what the parties of the session hold: the most, or, of one number, all of it. */
static uint32_t need_of(const struct plan *plan, const struct capacity_session *session,
                        uint64_t *party)
{
        uint32_t most = 0, all = 1;
        for (uint32_t entry = session->first; entry < session->first + session->count; entry++) {
                uint32_t holds = plan->holds[entry];
                all += holds - 1;
                if (holds <= most)
                        continue;
                most = holds;
                *party = plan->log->parties[entry];
        }
        return plan->model == MODEL_ONE_NUMBER ? all : most;
}

/* How many creates need more than `numbers`. */
static uint32_t beyond(const struct plan *plan, uint32_t numbers)
{
        uint32_t more = 0;
        uint64_t party;
        for (uint32_t i = 0; i < plan->log->count; i++)
                more += need_of(plan, &plan->log->sessions[i], &party) > numbers;
        return more;
}

static uint32_t fewest(const struct plan *plan, uint32_t refused_per_million, uint32_t most)
{
        uint32_t allowed = (uint32_t)((uint64_t)plan->log->count * refused_per_million / MILLION);
        uint32_t low = 0, high = most;
        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (beyond(plan, middle) <= allowed)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

int capacity_plan(const struct capacity_log *log, const struct capacity_want *want, void *memory,
                  struct capacity *out)
{
        assert(want->model == MODEL_TWO_NUMBERS || want->model == MODEL_ONE_NUMBER ||
               want->model == MODEL_GROUP);
        struct plan plan = {.log = log, .model = want->model, .events = memory};
        size_t events = 2 * (size_t)log->party_count;
        plan.holds = (uint32_t *)(plan.events + events);
        int err = make_events(&plan, want->quarantine_ms);
        if (err)
                return err;
        sort_items(plan.events, events, sizeof *plan.events, is_before);
        sweep(&plan);

        struct capacity found = {0};
        for (uint32_t i = 0; i < log->count; i++) {
                uint64_t party = 0;
                uint32_t need = need_of(&plan, &log->sessions[i], &party);
                if (need <= found.most)
                        continue;
                found.most = need;
                found.party = party;
                found.at_ms = log->sessions[i].start_ms;
        }
        found.numbers = fewest(&plan, want->refused_per_million, found.most);
        found.refused = beyond(&plan, found.numbers);
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
