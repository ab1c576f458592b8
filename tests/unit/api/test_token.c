/* SPDX-License-Identifier: Apache-2.0 */
#include "api/token.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../temporary.h"
#include "../unit.h"

struct fixture {
        char dir[TEMPORARY_BYTES];
        char path[TEMPORARY_BYTES + 16];
        char problem[512];
        struct random random;
        struct token token;
};

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof *f);
        temporary_folder(f->dir, "token");
        snprintf(f->path, sizeof f->path, "%s/api.token", f->dir);
        random_init_seeded(&f->random, 7);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;
        temporary_remove(f->dir);
        free(f);
        return 0;
}

static int open_token(struct fixture *f)
{
        f->problem[0] = '\0';
        return token_open(f->dir, &f->random, &f->token, f->problem);
}

/* "Bearer " and what the file holds. */
static struct slice read_header(struct fixture *f, char *out, size_t out_bytes)
{
        FILE *file = fopen(f->path, "r");
        assert_non_null(file);
        strcpy(out, "Bearer ");
        assert_non_null(fgets(out + 7, (int)out_bytes - 7, file));
        fclose(file);
        out[strcspn(out, "\n")] = '\0';
        return slice_from(out);
}

static void write_file(struct fixture *f, const char *text, mode_t mode)
{
        int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        assert_int_equal(fchmod(fd, mode), 0);
        close(fd);
}

static void the_first_start_makes_a_token_that_only_the_owner_reads(void **state)
{
        struct fixture *f = *state;
        char header[128];
        struct stat st;
        assert_int_equal(open_token(f), 0);
        assert_int_equal(stat(f->path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        struct slice authorization = read_header(f, header, sizeof header);
        assert_int_equal(authorization.len, 7 + TOKEN_TEXT_BYTES);
        assert_true(token_admits(&f->token, authorization));
}

static void the_next_start_keeps_it(void **state)
{
        struct fixture *f = *state;
        char header[128];
        assert_int_equal(open_token(f), 0);
        struct token first = f->token;
        struct slice authorization = read_header(f, header, sizeof header);
        assert_int_equal(open_token(f), 0);
        assert_true(token_admits(&f->token, authorization));
        /* Another process, another hash: what one leaks is no use at the other. */
        assert_memory_not_equal(first.hash, f->token.hash, sizeof first.hash);
}

static void the_server_does_not_keep_the_token(void **state)
{
        struct fixture *f = *state;
        char header[128];
        assert_int_equal(open_token(f), 0);
        struct slice authorization = read_header(f, header, sizeof header);
        assert_null(memmem(&f->token, sizeof f->token, authorization.p + 10, 8));
}

static void any_other_header_is_refused(void **state)
{
        struct fixture *f = *state;
        char header[160];
        assert_int_equal(open_token(f), 0);
        struct slice good = read_header(f, header, sizeof header);

        assert_true(token_admits(&f->token, good));
        memcpy(header, "bearer", 6);
        assert_true(token_admits(&f->token, good)); /* RFC 9110 11.1: the scheme has no case */
        memcpy(header, "Basic ", 6);
        assert_false(token_admits(&f->token, good));
        memcpy(header, "Bearer", 6);
        for (size_t i = 7; i < good.len; i++) {
                header[i] ^= 1;
                assert_false(token_admits(&f->token, good));
                header[i] ^= 1;
        }
        assert_false(token_admits(&f->token, (struct slice){good.p, good.len - 1}));
        assert_false(token_admits(&f->token, (struct slice){good.p + 7, good.len - 7}));
        strcat(header, "A");
        assert_false(token_admits(&f->token, slice_from(header)));
        assert_false(token_admits(&f->token, SLICE_NONE));
        assert_false(token_admits(&f->token, SLICE("Bearer")));
        assert_false(token_admits(&f->token, SLICE("Bearer ")));
}

static void nobody_guesses_it(void **state)
{
        struct fixture *f = *state;
        char header[128];
        assert_int_equal(open_token(f), 0);
        struct slice authorization = read_header(f, header, sizeof header);
        for (unsigned i = 0; i < 5000; i++) {
                header[7 + 3 + i % 43] = (char)('a' + random_below(&f->random, 26));
                char kept[128];
                struct slice good = read_header(f, kept, sizeof kept);
                if (!slice_equal(good, authorization))
                        assert_false(token_admits(&f->token, authorization));
        }
}

static void a_file_that_others_may_read_is_refused(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(open_token(f), 0);
        assert_int_equal(chmod(f->path, 0640), 0);
        assert_int_not_equal(open_token(f), 0);
        assert_non_null(strstr(f->problem, f->path));
        assert_non_null(strstr(f->problem, "chmod 600"));
}

static void a_file_without_a_token_is_refused(void **state)
{
        struct fixture *f = *state;
        static const char *const bad[] = {
                "",
                "\n",
                "mk_short\n",
                "xx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
                "mk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
                "mk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        };
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                write_file(f, bad[i], 0600);
                assert_int_not_equal(open_token(f), 0);
                assert_non_null(strstr(f->problem, "holds no token"));
        }
}

static void a_link_in_its_place_is_refused(void **state)
{
        struct fixture *f = *state;
        assert_int_equal(symlink("/etc/hostname", f->path), 0);
        assert_int_not_equal(open_token(f), 0);
        assert_non_null(strstr(f->problem, "cannot be read"));
}

static void a_directory_that_is_not_there_is_named(void **state)
{
        struct fixture *f = *state;
        assert_int_not_equal(token_open("/nonexistent", &f->random, &f->token, f->problem), 0);
        assert_non_null(strstr(f->problem, "/nonexistent/api.token cannot be written"));
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                WITH_DIR(the_first_start_makes_a_token_that_only_the_owner_reads),
                WITH_DIR(the_next_start_keeps_it),
                WITH_DIR(the_server_does_not_keep_the_token),
                WITH_DIR(any_other_header_is_refused),
                WITH_DIR(nobody_guesses_it),
                WITH_DIR(a_file_that_others_may_read_is_refused),
                WITH_DIR(a_file_without_a_token_is_refused),
                WITH_DIR(a_link_in_its_place_is_refused),
                WITH_DIR(a_directory_that_is_not_there_is_named),
        };
        return RUN_TESTS(tests);
}
