/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test as any other, of code with a planted fault: its number is the argument. It passes, but
 * under refusal only without one.
 */
#include <stdlib.h>

#include "../unit/unit.h"
#include "planted.h"

static enum planted_fault fault;

static void an_object_is_made(void **state)
{
        struct planted *planted = NULL;
        (void)state;
        assert_int_equal(planted_create(fault, &planted), 0);
        planted_destroy(planted);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_object_is_made),
        };
        fault = argc > 1 ? (enum planted_fault)atoi(argv[1]) : PLANTED_NOTHING;
        return RUN_TESTS(tests);
}
