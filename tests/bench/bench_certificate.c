/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_certificate.c - how long calls wait while the certificate of a pool with a million sessions is made:
 * the longest turn of the loop, beside the time that all of it takes. Processor time. Fails when the
 * certificate is not what the load holds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "directory_load.h"
#include "store/directory_holdings.h"

#define SESSIONS  1000000
#define TURNS_MAX 200000

static struct bench {
        struct load load;
        struct io_timer timer;
        uint64_t last_ns;
        uint64_t turns_ns[TURNS_MAX];
        unsigned turns;
        bool is_done;
        struct certificate made;
} bench;

static int by_size(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
        return x < y ? -1 : x > y;
}

static void on_turn(void *arg)
{
        (void)arg;
        uint64_t now_ns = load_cpu_ns();
        if (bench.turns < TURNS_MAX)
                bench.turns_ns[bench.turns++] = now_ns - bench.last_ns;
        bench.last_ns = now_ns;
        if (!bench.is_done)
                io_timer_start(bench.load.io, &bench.timer, 0, on_turn, NULL);
}

static void on_certificate(void *arg, int err, const struct pool_certificate *certificate)
{
        (void)arg;
        bench.is_done = true;
        if (!err)
                bench.made = certificate->work.made;
}

int main(void)
{
        load_open(&bench.load, SESSIONS);
        while (bench.load.created < SESSIONS)
                load_create(&bench.load);
        sim_world_run_ms(bench.load.sim, 1);

        uint64_t before_ns = bench.last_ns = load_cpu_ns();
        if (directory_certificate_make(bench.load.dir, 1, 1, on_certificate, NULL))
                return 1;
        io_timer_start(bench.load.io, &bench.timer, 0, on_turn, NULL);
        sim_world_run_ms(bench.load.sim, 1);
        double all_ms = (double)(load_cpu_ns() - before_ns) / 1e6;
        qsort(bench.turns_ns, bench.turns, sizeof bench.turns_ns[0], by_size);
        double median_ms = (double)bench.turns_ns[bench.turns / 2] / 1e6;
        double longest_ms = (double)bench.turns_ns[bench.turns - 1] / 1e6;
        printf("certificate sessions=%d keys=%u turns=%u median=%.3fms longest=%.3fms\n", SESSIONS,
               bench.made.keys, bench.turns, median_ms, longest_ms);
        printf("bench certificate ours=%.3fms peer=all-at-once:%.0fms ratio=%.6f min=%.3f max=%.3f "
               "runs=1\n",
               longest_ms, all_ms, longest_ms / all_ms, median_ms, longest_ms);
        load_close(&bench.load);
        if (bench.made.keys == 2 * SESSIONS && bench.made.shared == 0)
                return 0;
        fprintf(stderr, "bench certificate: keys are missing\n");
        return 1;
}
