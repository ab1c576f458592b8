/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_reuse.c - how often a call to a number of an ended session would reach a stranger.
 *
 * Plays the model of reuse_world.h and prints a row for each way to reuse numbers, and the figure: pairs
 * quarantined for two hours, in a pool of D + 10 numbers. Fails when a create was refused.
 */
#include <stdio.h>

#include "reuse_world.h"

#define RUNS 3

struct figure {
        uint32_t numbers, redials, strangers, refused;
        double min, max; /* per cent, of single runs */
};

static struct figure measure(const struct reuse_way *way)
{
        struct figure figure = {.min = 100};
        for (uint64_t seed = 1; seed <= RUNS; seed++) {
                struct reuse_result result;
                /* D of this load, by a run with numbers in plenty. */
                uint32_t numbers = 0;
                if (way->numbers) {
                        result = reuse_run(way, REUSE_SESSIONS_MAX, REUSE_NUMBERS_MAX, seed);
                        numbers = result.most + way->numbers;
                }
                result = reuse_run(way, REUSE_SESSIONS_MAX, numbers, seed);
                double percent = 100.0 * result.strangers / result.redials;
                if (result.touched > figure.numbers)
                        figure.numbers = result.touched;
                figure.redials += result.redials;
                figure.strangers += result.strangers;
                figure.refused += result.refused;
                figure.min = percent < figure.min ? percent : figure.min;
                figure.max = percent > figure.max ? percent : figure.max;
        }
        printf("reuse %-34s %-11s numbers=%-4u redials=%u strangers=%u (%.3f%%) refused=%u\n",
               way->name, way->model == MODEL_ONE_NUMBER ? "one-number" : "two-numbers",
               figure.numbers, figure.redials, figure.strangers,
               100.0 * figure.strangers / figure.redials, figure.refused);
        return figure;
}

int main(void)
{
        static const struct reuse_way ways[] = {
                {"first free, no quarantine", MODEL_TWO_NUMBERS, 0, 0, 0},
                {"first free, no quarantine", MODEL_ONE_NUMBER, 0, 0, 0},
                {"number rests for 1,800 s", MODEL_ONE_NUMBER, 0, 1800000, 0},
                {"number rests for 3,600 s", MODEL_ONE_NUMBER, 0, 3600000, 0},
                {"pair rests for 1,800 s", MODEL_TWO_NUMBERS, 1800000, 0, 0},
                {"pair rests for 3,600 s", MODEL_TWO_NUMBERS, 3600000, 0, 0},
                {"pair rests for 7,200 s", MODEL_TWO_NUMBERS, 7200000, 0, 0},
                {"pair rests for 7,200 s", MODEL_ONE_NUMBER, 7200000, 0, 0},
        };
        static const struct reuse_way ours = {"pair rests for 7,200 s, D+10, LRU",
                                              MODEL_TWO_NUMBERS, 7200000, 0, 10};
        static const struct reuse_way peer = {"number rests for 1,800 s", MODEL_TWO_NUMBERS, 0,
                                              1800000, 0};
        reuse_open();
        for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
                measure(&ways[i]);
        struct figure theirs = measure(&peer), mine = measure(&ours);
        double my_percent = 100.0 * mine.strangers / mine.redials;
        double their_percent = 100.0 * theirs.strangers / theirs.redials;
        printf("bench reuse ours=%.4f%% peer=number-rests-1800s:%.4f%% ratio=%.2f min=%.4f max=%.4f "
               "runs=%d\n",
               my_percent, their_percent, my_percent / their_percent, mine.min, mine.max, RUNS);
        if (mine.refused)
                fprintf(stderr, "bench reuse: %u creates were refused\n", mine.refused);
        reuse_close();
        return mine.refused != 0;
}
