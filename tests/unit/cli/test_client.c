/* SPDX-License-Identifier: Apache-2.0 */
/* How long a command waits for the server, which here never answers, and what is said then. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../temporary.h"
#include "../unit.h"
#include "cli/cli.h"
#include "io/http_client.h"

static int waited_ms;

/* In the place of the one that would wait. */
int http_call(const struct http_call *call, struct http_reply *out)
{
        *out = (struct http_reply){0};
        waited_ms = call->timeout_ms;
        return -ETIMEDOUT;
}

static void write_file(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        assert_int_equal(fclose(file), 0);
}

/* What it writes to standard error. */
static void run(const char *const *tail, char *said, size_t bytes)
{
        char folder[TEMPORARY_BYTES], token[TEMPORARY_BYTES + 16], number[TEMPORARY_BYTES + 16];
        temporary_folder(folder, "cli");
        snprintf(token, sizeof token, "%s/token", folder);
        snprintf(number, sizeof number, "@%s/number", folder);
        write_file(token, "secret\n");
        write_file(number + 1, "+919888800001\n");
        const char *argv[] = {tail[0],
                              tail[1],
                              tail[2] ? tail[2] : number,
                              "--server",
                              "http://127.0.0.1:1",
                              "--token-file",
                              token};
        const struct command *const tables[] = {cli_party_commands, cli_trunk_commands, NULL};
        FILE *file = tmpfile();
        assert_non_null(file);
        int kept = dup(STDERR_FILENO);
        fflush(stderr);
        assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
        int code = command_main(tables, sizeof argv / sizeof argv[0], argv);
        fflush(stderr);
        assert_true(dup2(kept, STDERR_FILENO) >= 0);
        close(kept);
        rewind(file);
        said[fread(said, 1, bytes - 1, file)] = '\0';
        fclose(file);
        temporary_remove(folder);
        if (code != 1)
                fail_msg("%d: %s", code, said);
}

static void all_that_is_held_of_a_person_is_waited_for_ten_minutes(void **state)
{
        (void)state;
        char said[1024];
        run((const char *const[]){"trunk", "show", "north"}, said, sizeof said);
        assert_int_equal(waited_ms, 30000);
        assert_non_null(strstr(said, "did not answer within 30 s"));
        assert_null(strstr(said, "goes on"));

        run((const char *const[]){"party", "erase", NULL}, said, sizeof said);
        assert_int_equal(waited_ms, 600000);
        assert_non_null(strstr(said, "did not answer within 600 s"));
        assert_non_null(strstr(said, "The server goes on with it: "));
        assert_null(strstr(said, "98888"));

        run((const char *const[]){"party", "export", NULL}, said, sizeof said);
        assert_int_equal(waited_ms, 600000);
        assert_non_null(strstr(said, "did not answer within 600 s"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_that_is_held_of_a_person_is_waited_for_ten_minutes),
        };
        return RUN_TESTS(tests);
}
