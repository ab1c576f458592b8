/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "store/data_dir.h"

static struct scratch s;

static int set_up(void **state)
{
        (void)state;
        scratch_make(&s);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        scratch_remove(&s);
        return 0;
}

static void a_second_opening_is_refused_and_told_who_holds_it(void **state)
{
        (void)state;
        char problem[STORE_PROBLEM_BYTES] = "";
        struct data_dir *dir = NULL, *second = NULL;
        assert_int_equal(data_dir_open(s.path, &dir, problem), 0);
        assert_int_equal(data_dir_open(s.path, &second, problem), -EWOULDBLOCK);

        char pid[32];
        snprintf(pid, sizeof pid, "process %ld", (long)getpid());
        assert_non_null(strstr(problem, "Another maskline is running"));
        assert_non_null(strstr(problem, pid));

        data_dir_close(dir);
        assert_int_equal(data_dir_open(s.path, &second, problem), 0);
        data_dir_close(second);
}

static void the_lock_of_another_process_ends_with_it(void **state)
{
        (void)state;
        char problem[STORE_PROBLEM_BYTES];
        int ready[2], go[2];
        assert_int_equal(pipe(ready), 0);
        assert_int_equal(pipe(go), 0);
        pid_t child = fork();
        if (child == 0) {
                close(ready[0]);
                close(go[1]); /* else it would wait on when the test has failed */
                struct data_dir *held;
                char c = data_dir_open(s.path, &held, NULL) == 0 ? 'y' : 'n';
                if (write(ready[1], &c, 1) == 1 && read(go[0], &c, 1) >= 0)
                        _exit(0); /* without closing */
                _exit(1);
        }
        char c = 0;
        assert_int_equal(read(ready[0], &c, 1), 1);
        assert_int_equal(c, 'y');

        struct data_dir *dir = NULL;
        char pid[32];
        snprintf(pid, sizeof pid, "process %ld", (long)child);
        assert_int_equal(data_dir_open(s.path, &dir, problem), -EWOULDBLOCK);
        assert_non_null(strstr(problem, pid));

        assert_int_equal(write(go[1], "x", 1), 1);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_int_equal(data_dir_open(s.path, &dir, problem), 0);
        data_dir_close(dir);
        for (int i = 0; i < 2; i++) {
                close(ready[i]);
                close(go[i]);
        }
}

static void a_directory_open_to_others_is_refused(void **state)
{
        (void)state;
        char problem[STORE_PROBLEM_BYTES] = "";
        struct data_dir *dir = NULL;
        assert_int_equal(chmod(s.path, 0750), 0);
        assert_int_equal(data_dir_open(s.path, &dir, problem), -EPERM);
        assert_non_null(strstr(problem, "chmod 0700"));
        assert_null(dir);
        assert_int_equal(chmod(s.path, 0700), 0);
}

static void a_directory_of_another_user_is_refused(void **state)
{
        (void)state;
        char problem[STORE_PROBLEM_BYTES] = "";
        struct data_dir *dir = NULL;
        if (geteuid() != 0)
                skip_for_want_of("root"); /* it can give it away */
        assert_int_equal(chown(s.path, 65534, 65534), 0);
        assert_int_equal(data_dir_open(s.path, &dir, problem), -EPERM);
        assert_non_null(strstr(problem, "belongs to user 65534"));
        assert_int_equal(chown(s.path, 0, 0), 0);
}

static void a_missing_directory_is_told_with_how_to_make_it(void **state)
{
        (void)state;
        char problem[STORE_PROBLEM_BYTES] = "", path[TEMPORARY_BYTES + 16];
        struct data_dir *dir = NULL;
        snprintf(path, sizeof path, "%s/nothing", s.path);
        assert_int_equal(data_dir_open(path, &dir, problem), -ENOENT);
        assert_non_null(strstr(problem, "mkdir -m 0700"));
}

static void a_created_file_is_private_whatever_the_umask(void **state)
{
        (void)state;
        struct data_dir *dir = NULL;
        assert_int_equal(data_dir_open(s.path, &dir, NULL), 0);
        mode_t before = umask(0777);
        int err = data_dir_create_file(dir, "thing", SLICE("content"), NULL);
        umask(0);
        int second = data_dir_create_file(dir, "other", SLICE("content"), NULL);
        umask(before);
        assert_int_equal(err, 0);
        assert_int_equal(second, 0);
        assert_int_equal(scratch_mode(&s, "thing"), 0600);
        assert_int_equal(scratch_mode(&s, "other"), 0600);
        assert_int_equal(scratch_mode(&s, DATA_DIR_LOCK), 0600);
        data_dir_close(dir);
}

static void an_existing_file_is_never_replaced(void **state)
{
        (void)state;
        char problem[STORE_PROBLEM_BYTES] = "";
        struct data_dir *dir = NULL;
        size_t bytes = 0;
        assert_int_equal(data_dir_open(s.path, &dir, NULL), 0);
        assert_int_equal(data_dir_create_file(dir, "thing", SLICE("first"), NULL), 0);
        assert_int_equal(data_dir_create_file(dir, "thing", SLICE("second"), problem), -EEXIST);
        assert_non_null(strstr(problem, "thing can't be created"));

        uint8_t *content = scratch_read(&s, "thing", &bytes);
        assert_int_equal(bytes, 5);
        assert_memory_equal(content, "first", 5);
        free(content);
        assert_false(data_dir_has(dir, "thing.new"));
        data_dir_close(dir);
}

static void a_draft_left_by_a_crash_is_no_obstacle(void **state)
{
        (void)state;
        struct data_dir *dir = NULL;
        assert_int_equal(data_dir_open(s.path, &dir, NULL), 0);
        scratch_write(&s, "thing.new", "ha", 2);
        assert_int_equal(data_dir_create_file(dir, "thing", SLICE("whole"), NULL), 0);
        assert_false(data_dir_has(dir, "thing.new"));
        data_dir_close(dir);
}

static void links_and_pipes_in_place_of_a_file_are_refused(void **state)
{
        (void)state;
        char problem[STORE_PROBLEM_BYTES], path[TEMPORARY_BYTES + 16], link[TEMPORARY_BYTES + 16];
        struct data_dir *dir = NULL;
        int fd = -1;
        assert_int_equal(data_dir_open(s.path, &dir, NULL), 0);

        snprintf(path, sizeof path, "%s/pipe", s.path);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(data_dir_open_file(dir, "pipe", &fd, problem), -EPERM);
        assert_non_null(strstr(problem, "not a plain file"));

        snprintf(link, sizeof link, "%s/link", s.path);
        assert_int_equal(symlink(path, link), 0);
        assert_int_equal(data_dir_open_file(dir, "link", &fd, problem), -ELOOP);
        assert_non_null(strstr(problem, "link can't be opened"));
        assert_int_equal(fd, -1);
        data_dir_close(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(a_second_opening_is_refused_and_told_who_holds_it),
                TEST(the_lock_of_another_process_ends_with_it),
                TEST(a_directory_open_to_others_is_refused),
                TEST(a_directory_of_another_user_is_refused),
                TEST(a_missing_directory_is_told_with_how_to_make_it),
                TEST(a_created_file_is_private_whatever_the_umask),
                TEST(an_existing_file_is_never_replaced),
                TEST(a_draft_left_by_a_crash_is_no_obstacle),
                TEST(links_and_pipes_in_place_of_a_file_are_refused),
        };
        return RUN_TESTS(tests);
}
