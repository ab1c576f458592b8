/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_allocate.c - what it takes to create a session when 10,000 and when 1,000,000 live: choosing
 * its numbers, sealing it, taking it into the index. Processor time without the disk's part.
 */
#include <stdio.h>
#include <stdlib.h>

#include "directory_load.h"

#define FEW      10000
#define MANY     1000000
#define MEASURED 10000

struct figure {
        double median_us, p99_us;
};

static int by_size(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
        return x < y ? -1 : x > y;
}

static struct figure measure(struct load *load)
{
        static uint64_t took[MEASURED];
        for (unsigned i = 0; i < MEASURED; i++)
                took[i] = load_create(load);
        qsort(took, MEASURED, sizeof took[0], by_size);
        struct figure figure = {(double)took[MEASURED / 2] / 1000,
                                (double)took[MEASURED * 99 / 100] / 1000};
        printf("allocate sessions=%-8u median=%.2fus p99=%.2fus\n", load->created, figure.median_us,
               figure.p99_us);
        return figure;
}

int main(void)
{
        struct load load;
        load_open(&load, MANY + MEASURED);
        while (load.created < FEW)
                load_create(&load);
        struct figure few = measure(&load);
        while (load.created < MANY)
                load_create(&load);
        struct figure many = measure(&load);
        printf("bench allocate ours=%.2fus peer=at-10000-sessions:%.2fus ratio=%.2f min=%.2f "
               "max=%.2f runs=%d\n",
               many.median_us, few.median_us, many.median_us / few.median_us, many.median_us,
               many.p99_us, MEASURED);
        load_close(&load);
        return 0;
}
