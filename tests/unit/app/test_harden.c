/* SPDX-License-Identifier: Apache-2.0 */
#include "app/harden.h"

#include <sys/resource.h>

#include "../unit.h"

/* Lowers the hard limit for good: last in its process. */
static void too_few_open_files_are_refused_with_what_to_do(void **state)
{
        (void)state;
        char problem[512] = "";
        struct rlimit limit = {100, 200};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(harden_raise_file_limit(201, problem), ERR_RANGE);
        assert_non_null(strstr(problem, "need 201 open files, but the limit is 200"));
        assert_non_null(strstr(problem, "lower calls_max"));

        assert_int_equal(harden_raise_file_limit(200, problem), 0);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(limit.rlim_cur, 200);
}

static void every_call_needs_its_ports(void **state)
{
        (void)state;
        struct config few, many;
        config_defaults(&few);
        config_defaults(&many);
        many.calls_max = few.calls_max + 10;
        assert_int_equal(harden_files_needed(&many) - harden_files_needed(&few), 40);
        /* In each family. */
        few.sip_listen.ip6 = many.sip_listen.ip6 = (struct addr){.family = 6, .ip = {[15] = 1}};
        assert_int_equal(harden_files_needed(&many) - harden_files_needed(&few), 80);
}

static rlim_t core_limit(void)
{
        struct rlimit limit;
        assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
        return limit.rlim_cur;
}

/* The hard limit stays: without it, dumps could not be allowed any more. */
static void no_core_is_dumped_unless_it_is_allowed(void **state)
{
        (void)state;
        struct rlimit limit = {500, 1000};
        assert_int_equal(setrlimit(RLIMIT_CORE, &limit), 0);
        harden_forbid_dumps();
        assert_int_equal(core_limit(), 0);
        harden_allow_dumps();
        assert_int_equal(core_limit(), 1000);
        harden_forbid_dumps();
        assert_int_equal(core_limit(), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_call_needs_its_ports),
                cmocka_unit_test(no_core_is_dumped_unless_it_is_allowed),
                cmocka_unit_test(too_few_open_files_are_refused_with_what_to_do),
        };
        return RUN_TESTS(tests);
}
