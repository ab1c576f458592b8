/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"

static void pages_come_zeroed_and_may_be_given_back(void **state)
{
        (void)state;
        char *p = secret_alloc(10000);
        assert_non_null(p);
        for (size_t i = 0; i < 10000; i++)
                assert_int_equal(p[i], 0);
        memset(p, 'x', 10000);
        secret_free(p, 10000);
        secret_free(NULL, 10000);

        p = secret_alloc(0);
        assert_non_null(p);
        secret_free(p, 0);
}

static void heap_memory_is_aligned_for_anything(void **state)
{
        (void)state;
        for (size_t bytes = 0; bytes < 100; bytes++) {
                char *p = secret_heap_alloc(bytes);
                assert_non_null(p);
                assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
                memset(p, 'x', bytes);
                secret_heap_free(p);
        }
        secret_heap_free(NULL);
}

static void more_heap_than_there_is_is_refused(void **state)
{
        (void)state;
        assert_null(secret_heap_alloc(SIZE_MAX));
        assert_null(secret_heap_alloc(SIZE_MAX - 1));
}

/* In a child, which gives up root: root may lock whatever the limit is. 0: as it should be. */
static int try_without_limit(void)
{
        const struct rlimit none = {0, 0};
        if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || !secret_is_locked())
                return 1;
        if (geteuid() == 0 && seteuid(65534) < 0)
                return 2;
        if (!secret_alloc(10000))
                return 3;
        return secret_is_locked() ? 4 : 0;
}

static void a_refused_lock_gives_memory_all_the_same_and_is_remembered(void **state)
{
        (void)state;
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
                _exit(try_without_limit());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_true(secret_is_locked());
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pages_come_zeroed_and_may_be_given_back),
                cmocka_unit_test(heap_memory_is_aligned_for_anything),
                cmocka_unit_test(more_heap_than_there_is_is_refused),
                cmocka_unit_test(a_refused_lock_gives_memory_all_the_same_and_is_remembered),
        };
        return RUN_TESTS(tests);
}
