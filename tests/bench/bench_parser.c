/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_parser.c - INVITEs read per second of one core, with every header the product uses and
 * the SDP decoded, beside libosip2 on the same messages in alternating rounds. CPU time, so that a
 * busy machine does not count for all of what it costs. Fails when the two read different values
 * (a checksum of them all, made outside of the measured time) or when ours allocates.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "decoded.h"
#include "invites.h"

#define ROUNDS      9
#define OURS_PASSES 4000 /* over all messages; about a quarter of a second */
#define PEER_PASSES 200

static uint64_t allocations;

/* glibc's own, under the names that every library calls. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);

void *malloc(size_t bytes)
{
        allocations++;
        return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
        allocations++;
        return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
        allocations++;
        return __libc_realloc(memory, bytes);
}

typedef bool decode_fn(const struct slice *message, uint64_t *sum);

struct side {
        const char *name;
        decode_fn *decode;
        unsigned passes;
        uint64_t checksum; /* of one pass */
        uint64_t allocations;
        double per_second[ROUNDS];
};

static double cpu_seconds(void)
{
        struct timespec t;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pass(const struct side *side, uint64_t *sum)
{
        const struct slice *messages = invites();
        for (unsigned i = 0; i < INVITES; i++) {
                if (!side->decode(&messages[i], sum)) {
                        fprintf(stderr, "parser: %s refuses message %u:\n%.*s\n", side->name, i,
                                SLICE_ARG(messages[i]));
                        exit(1);
                }
        }
}

static uint64_t checksum(const struct side *side)
{
        uint64_t sum = 0;
        pass(side, &sum);
        return sum;
}

static void run_round(struct side *side, unsigned round)
{
        uint64_t before = allocations;
        double start = cpu_seconds();
        for (unsigned i = 0; i < side->passes; i++)
                pass(side, NULL);
        double seconds = cpu_seconds() - start;
        side->allocations += allocations - before;
        side->per_second[round] = (double)side->passes * INVITES / seconds;
        if (checksum(side) != side->checksum)
                abort();
}

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

static double median(const double values[ROUNDS], double sorted[ROUNDS])
{
        memcpy(sorted, values, ROUNDS * sizeof *sorted);
        qsort(sorted, ROUNDS, sizeof *sorted, by_value);
        return sorted[ROUNDS / 2];
}

/* Where the sums part, if they do. */
static void compare(struct side *ours, struct side *peer)
{
        const struct slice *messages = invites();
        for (unsigned i = 0; i < INVITES; i++) {
                uint64_t a = 0, b = 0;
                if (ours->decode(&messages[i], &a) && peer->decode(&messages[i], &b) && a == b)
                        continue;
                fprintf(stderr, "parser: different values in message %u:\n%.*s\n", i,
                        SLICE_ARG(messages[i]));
                exit(1);
        }
        ours->checksum = checksum(ours);
        peer->checksum = checksum(peer);
        assert(ours->checksum == peer->checksum);
}

static void report(const struct side *ours, const struct side *peer)
{
        double ratios[ROUNDS], sorted[ROUNDS];
        size_t bytes = 0;
        for (unsigned i = 0; i < ROUNDS; i++)
                ratios[i] = ours->per_second[i] / peer->per_second[i];
        for (unsigned i = 0; i < INVITES; i++)
                bytes += invites()[i].len;

        double ours_median = median(ours->per_second, sorted);
        double peer_median = median(peer->per_second, sorted);
        double ratio = median(ratios, sorted);
        printf("bench parser ours=%.0fmsg/s peer=libosip2:%.0fmsg/s ratio=%.2f min=%.2f max=%.2f "
               "runs=%d\n",
               ours_median, peer_median, ratio, sorted[0], sorted[ROUNDS - 1], ROUNDS);
        printf("parser: %u messages of %zu bytes on average, checksum %016llx by both\n", INVITES,
               bytes / INVITES, (unsigned long long)ours->checksum);
        printf("parser: allocations: ours %llu, libosip2 %.0f per message\n",
               (unsigned long long)ours->allocations,
               (double)peer->allocations / (double)(PEER_PASSES * ROUNDS * INVITES));
}

int main(void)
{
        struct side ours = {.name = "ours", .decode = decode_ours, .passes = OURS_PASSES};
        struct side peer = {.name = "libosip2", .decode = decode_osip, .passes = PEER_PASSES};
        compare(&ours, &peer);
        for (unsigned i = 0; i < ROUNDS; i++) {
                run_round(&ours, i);
                run_round(&peer, i);
        }
        report(&ours, &peer);
        return ours.allocations ? 1 : 0;
}
