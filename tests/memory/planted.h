/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planted.h - an object whose making goes wrong in a certain way when memory is refused.
 */
#ifndef MASKLINE_TESTS_MEMORY_PLANTED_H
#define MASKLINE_TESTS_MEMORY_PLANTED_H

struct planted;

enum planted_fault {
        PLANTED_NOTHING,
        PLANTED_LEAK,
        PLANTED_ASSERTION,
        PLANTED_STUCK,
        PLANTED_CRASH,
};

int planted_create(enum planted_fault fault, struct planted **out);
void planted_destroy(struct planted *planted);

#endif
