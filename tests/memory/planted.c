/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planted.c - code with what tests under refusal are to find in it, each kind once.
 */
#include "planted.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct planted {
        char *first, *second;
};

static int fail(struct planted *planted, enum planted_fault fault)
{
        switch (fault) {
        case PLANTED_LEAK:
                free(planted);
                return -ENOMEM;
        case PLANTED_ASSERTION:
                assert(planted->second);
                return 0;
        case PLANTED_STUCK:
                for (;;)
                        ;
        case PLANTED_CRASH:
        case PLANTED_NOTHING:
                break;
        }
        planted_destroy(planted);
        return -ENOMEM;
}

int planted_create(enum planted_fault fault, struct planted **out)
{
        struct planted *planted = calloc(1, sizeof *planted);
        if (!planted)
                return -ENOMEM;
        planted->first = calloc(1, 10);
        planted->second = malloc(20);
        if (planted->second || fault == PLANTED_CRASH)
                strcpy(planted->second, "planted");
        if (!planted->first || !planted->second)
                return fail(planted, fault);
        *out = planted;
        return 0;
}

void planted_destroy(struct planted *planted)
{
        if (!planted)
                return;
        free(planted->first);
        free(planted->second);
        free(planted);
}
