/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <inttypes.h>
#include <string.h>

#define PER_DOUBLING 16

static const char *const delay_names[DELAYS] = {
        [DELAY_RING] = "ring",
        [DELAY_ANSWER] = "answer",
        [DELAY_BYE] = "bye",
};

/* Exact below 16, then 16 for each power of two. */
static uint32_t bucket_of(uint64_t us)
{
        if (us < PER_DOUBLING)
                return (uint32_t)us;
        uint32_t power = 63 - (uint32_t)__builtin_clzll(us);
        uint32_t bucket = (power - 3) * PER_DOUBLING + (uint32_t)(us >> (power - 4) & 15);
        return bucket < TALLY_BUCKETS ? bucket : TALLY_BUCKETS - 1;
}

/* The largest value that falls into it. */
static uint64_t bucket_top(uint32_t bucket)
{
        if (bucket < PER_DOUBLING)
                return bucket;
        uint32_t power = bucket / PER_DOUBLING + 3;
        uint64_t step = UINT64_C(1) << (power - 4);
        return (UINT64_C(1) << power) + (bucket % PER_DOUBLING + 1) * step - 1;
}

void tally_delay(struct tally *tally, enum delay what, int64_t us)
{
        struct histogram *histogram = &tally->delays[what];
        uint64_t value = us > 0 ? (uint64_t)us : 0;
        histogram->count++;
        histogram->buckets[bucket_of(value)]++;
        if (value > histogram->max_us)
                histogram->max_us = value;
}

uint64_t tally_percentile(const struct histogram *histogram, double percent)
{
        uint64_t wanted = (uint64_t)((double)histogram->count * percent / 100 + 0.5);
        uint64_t seen = 0;
        for (uint32_t i = 0; i < TALLY_BUCKETS && histogram->count; i++) {
                seen += histogram->buckets[i];
                if (seen < wanted)
                        continue;
                uint64_t top = bucket_top(i);
                return top < histogram->max_us ? top : histogram->max_us;
        }
        return histogram->max_us;
}

static void note_failure(struct tally *tally, enum kind kind, const char *reason)
{
        for (uint32_t i = 0; i < tally->failure_count; i++) {
                struct failure *failure = &tally->failures[i];
                if (failure->kind == kind && !strcmp(failure->reason, reason)) {
                        failure->count++;
                        return;
                }
        }
        if (tally->failure_count == TALLY_FAILURES)
                return;
        struct failure *failure = &tally->failures[tally->failure_count++];
        *failure = (struct failure){.kind = kind, .count = 1};
        snprintf(failure->reason, sizeof failure->reason, "%s", reason);
}

void tally_call(struct tally *tally, enum kind kind, const char *reason)
{
        if (!reason) {
                tally->kinds[kind].well++;
                return;
        }
        tally->kinds[kind].failed++;
        note_failure(tally, kind, reason);
}

uint64_t tally_started(const struct tally *tally)
{
        uint64_t started = 0;
        for (int i = 0; i < KINDS; i++)
                started += tally->kinds[i].started;
        return started;
}

uint64_t tally_ended(const struct tally *tally, uint64_t *failed)
{
        uint64_t well = 0;
        *failed = 0;
        for (int i = 0; i < KINDS; i++) {
                well += tally->kinds[i].well;
                *failed += tally->kinds[i].failed;
        }
        return well + *failed;
}

void tally_progress(const struct tally *tally, FILE *out)
{
        uint64_t failed, ended = tally_ended(tally, &failed);
        fprintf(out,
                "progress started=%" PRIu64 " ended=%" PRIu64 " failed=%" PRIu64 " leaks=%" PRIu64
                " wrong=%" PRIu64 " crossed=%" PRIu64 " resent=%" PRIu64 "\n",
                tally_started(tally), ended, failed, tally->leaks, tally->wrong, tally->crossed,
                tally->resent);
}

static void report_kinds(const struct tally *tally, FILE *out)
{
        for (int i = 0; i < KINDS; i++) {
                if (tally->kinds[i].started == 0)
                        continue;
                fprintf(out, "kind %s started=%" PRIu64 " well=%" PRIu64 " failed=%" PRIu64 "\n",
                        kind_rows[i].name, tally->kinds[i].started, tally->kinds[i].well,
                        tally->kinds[i].failed);
        }
        for (uint32_t i = 0; i < tally->failure_count; i++)
                fprintf(out, "failed %s %s %" PRIu64 "\n", kind_rows[tally->failures[i].kind].name,
                        tally->failures[i].reason, tally->failures[i].count);
}

static void report_delays(const struct tally *tally, FILE *out)
{
        for (int i = 0; i < DELAYS; i++) {
                const struct histogram *h = &tally->delays[i];
                fprintf(out,
                        "delay %s count=%" PRIu64 " p50_us=%" PRIu64 " p90_us=%" PRIu64
                        " p99_us=%" PRIu64 " p999_us=%" PRIu64 " max_us=%" PRIu64 "\n",
                        delay_names[i], h->count, tally_percentile(h, 50), tally_percentile(h, 90),
                        tally_percentile(h, 99), tally_percentile(h, 99.9), h->max_us);
        }
}

void tally_report(const struct tally *tally, double seconds, uint64_t peak, FILE *out)
{
        uint64_t failed, ended = tally_ended(tally, &failed), started = tally_started(tally);
        report_kinds(tally, out);
        report_delays(tally, out);
        fprintf(out,
                "total started=%" PRIu64 " well=%" PRIu64 " failed=%" PRIu64 " stuck=%" PRIu64
                " leaks=%" PRIu64 " wrong=%" PRIu64 " crossed=%" PRIu64 " unreadable=%" PRIu64
                " strays=%" PRIu64 " sent=%" PRIu64 " received=%" PRIu64 " resent=%" PRIu64
                " waited=%" PRIu64 " broken=%" PRIu64 " talk_sent=%" PRIu64 " talk_heard=%" PRIu64
                " tones=%" PRIu64 " peak=%" PRIu64 " seconds=%.1f\n",
                started, ended - failed, failed, started - ended, tally->leaks, tally->wrong,
                tally->crossed, tally->unreadable, tally->strays, tally->sent, tally->received,
                tally->resent, tally->waited, tally->broken, tally->talk_sent, tally->talk_heard,
                tally->tones, peak, seconds);
}
