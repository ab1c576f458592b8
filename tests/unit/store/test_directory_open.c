/* SPDX-License-Identifier: Apache-2.0 */
/* The directory on real files: SQLite, key slots, one data directory. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/io_epoll.h"
#include "scratch.h"
#include "store/directory_change.h"
#include "world.h"

static struct io *io;
static struct scratch files;
static char problem[512];

static int set_up(void **state)
{
        (void)state;
        scratch_make(&files);
        return io_create_epoll(&io);
}

static int tear_down(void **state)
{
        (void)state;
        io_destroy(io);
        scratch_remove(&files);
        return 0;
}

static int try_open(struct directory **out)
{
        const struct directory_params params = {
                .io = io,
                .data_dir = files.path,
                .sessions_max = 100,
                .numbers_max = 10,
                .quarantine_ms = 7200000,
        };
        return directory_open(&params, out, problem);
}

static struct directory *open_directory(void)
{
        struct directory *dir = NULL;
        int err = try_open(&dir);
        if (err)
                fail_msg("%s", problem);
        return dir;
}

static struct real_number party(unsigned i)
{
        return (struct real_number){{919888800000 + i}};
}

static struct masking_number number(unsigned i)
{
        return (struct masking_number){{919000000000 + i}};
}

/* Each answer stops the loop. */
static void on_done(void *arg, int err)
{
        *(int *)arg = err;
        io_stop(io);
}

static int wait_for(int *answer)
{
        while (*answer == 1)
                io_run(io);
        return *answer;
}

static void provision(struct directory *dir)
{
        struct trunk trunk = {.tenant_id = 1, .name = "carrier"};
        int answer = 1;
        assert_int_equal(directory_trunk_add(dir, &trunk, on_done, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        for (unsigned i = 1; i <= 2; i++) {
                const struct number_row row = {number(i), 1, trunk.id, 1, 0};
                answer = 1;
                assert_int_equal(directory_number_add(dir, &row, on_done, &answer), 0);
                assert_int_equal(wait_for(&answer), 0);
        }
}

static struct session_view create(struct directory *dir, unsigned a, unsigned b)
{
        const struct session_create c = {.tenant_id = 1,
                                         .parties = {PARTY(party(a)), PARTY(party(b))},
                                         .party_count = 2,
                                         .reference = SLICE("ride-7")};
        struct session_view view;
        bool repeated;
        int answer = 1;
        assert_int_equal(
                directory_session_create(dir, &c, &view, &repeated, NULL, on_done, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        return view;
}

static enum mask_verdict call(struct directory *dir, struct masking_number dialled, unsigned who)
{
        struct directory_decision d;
        world_decide(dir, dialled, party(who), false, &d);
        return d.verdict;
}

static void what_was_acknowledged_is_there_when_it_opens_again(void **state)
{
        (void)state;
        struct directory *dir = open_directory();
        provision(dir);
        struct session_view s = create(dir, 1, 2), again;
        directory_close(dir);

        dir = open_directory();
        assert_int_equal(call(dir, s.parties[0].dials, 1), MASK_CONNECT);
        assert_int_equal(call(dir, s.parties[1].dials, 2), MASK_CONNECT);
        assert_int_equal(call(dir, s.parties[1].dials, 1), MASK_STRANGER);
        assert_int_equal(directory_session_find(dir, s.id, &again), 0);
        assert_memory_equal(&s, &again, sizeof s);
        int answer = 1;
        assert_int_equal(directory_session_end(dir, s.id, on_done, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        directory_close(dir);

        dir = open_directory();
        assert_int_equal(call(dir, s.parties[0].dials, 1), MASK_ENDED);
        directory_close(dir);
}

struct verified {
        int err;
        uint64_t count, bad_at;
};

static void take_verified(void *arg, int err, uint64_t count, uint64_t bad_at)
{
        *(struct verified *)arg = (struct verified){err, count, bad_at};
        io_stop(io);
}

static void the_audit_record_verifies_across_a_restart(void **state)
{
        (void)state;
        struct directory *dir = open_directory();
        provision(dir);
        create(dir, 1, 2);
        directory_close(dir);
        dir = open_directory();
        struct verified v = {.err = 1};
        assert_int_equal(directory_audit_verify(dir, take_verified, &v), 0);
        while (v.err == 1)
                io_run(io);
        assert_int_equal(v.err, 0);
        assert_int_equal(v.count, 4);
        assert_int_equal(v.bad_at, 0);
        directory_close(dir);
}

static bool files_hold(uint64_t e164)
{
        char digits[24];
        uint64_t swapped = __builtin_bswap64(e164);
        int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)e164);
        /* Without the country code, too; integers without the zero bytes in front. */
        return scratch_holds(&files, digits + 2, (size_t)len - 2) ||
               scratch_holds(&files, (const char *)&swapped + 3, 5) ||
               scratch_holds(&files, &e164, 5);
}

static void no_real_number_is_in_any_file(void **state)
{
        (void)state;
        struct directory *dir = open_directory();
        provision(dir);
        struct session_view s = create(dir, 1, 2);
        struct directory_decision d;
        world_decide(dir, s.parties[0].dials, party(1), false, &d);
        assert_int_equal(d.verdict, MASK_CONNECT);
        directory_audit_decision(
                dir, &(struct directory_verdict){(struct uuid){{1}}, 1, s.parties[0].dials,
                                                 directory_hint(dir, party(1).n), &d});
        /* Open and closed: the log that is written ahead is a file as well. */
        for (unsigned i = 1; i <= 2; i++)
                assert_false(files_hold(party(i).n.e164));
        directory_close(dir);
        for (unsigned i = 1; i <= 2; i++)
                assert_false(files_hold(party(i).n.e164));
        /* The search finds a number that is kept in the clear: a masking one. */
        assert_true(files_hold(number(1).n.e164));
}

static void one_process_holds_a_data_directory(void **state)
{
        (void)state;
        struct directory *dir = open_directory(), *other = NULL;
        assert_int_not_equal(try_open(&other), 0);
        assert_null(other);
        assert_non_null(strstr(problem, files.path));
        directory_close(dir);
}

static void a_lost_database_does_not_cost_the_keys(void **state)
{
        (void)state;
        struct directory *dir = open_directory();
        provision(dir);
        struct session_view s = create(dir, 1, 2);
        directory_close(dir);
        size_t bytes;
        uint8_t *database = scratch_read(&files, "maskline.db", &bytes);
        assert_non_null(database);
        scratch_remove_file(&files, "maskline.db");
        assert_int_not_equal(try_open(&dir), 0);
        assert_non_null(strstr(problem, "maskline.db"));

        scratch_remove_file(&files, "maskline.db");
        scratch_write(&files, "maskline.db", database, bytes);
        scratch_set_mode(&files, "maskline.db", 0600);
        free(database);
        dir = open_directory();
        assert_int_equal(call(dir, s.parties[0].dials, 1), MASK_CONNECT);
        directory_close(dir);
}

static void put_back(const char *name, uint8_t *content, size_t bytes)
{
        assert_non_null(content);
        scratch_remove_file(&files, name);
        scratch_write(&files, name, content, bytes);
        scratch_set_mode(&files, name, 0600);
        free(content);
}

static void a_key_that_no_session_has_is_shredded_in_the_file_at_once(void **state)
{
        (void)state;
        size_t before_bytes, after_bytes;
        struct directory *dir = open_directory();
        provision(dir);
        directory_close(dir);
        uint8_t *before = scratch_read(&files, "maskline.db", &before_bytes);
        dir = open_directory();
        struct session_view s = create(dir, 1, 2);
        directory_close(dir);
        uint8_t *after = scratch_read(&files, "maskline.db", &after_bytes);

        /* Opened and closed, and nothing was written between. */
        put_back("maskline.db", before, before_bytes);
        directory_close(open_directory());
        put_back("maskline.db", after, after_bytes);
        dir = open_directory();
        assert_int_equal(call(dir, s.parties[0].dials, 1), MASK_STRANGER);
        directory_close(dir);
}

/* ---- the clock ---- */

#define DAY_MS INT64_C(86400000)

static void write_clock(const char *text)
{
        char path[300];
        snprintf(path, sizeof path, "%s/clock", files.path);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void last_ran(int64_t before_ms)
{
        char text[32];
        snprintf(text, sizeof text, "%019lld\n", (long long)(io_wall_ms(io) - before_ms));
        write_clock(text);
}

static void a_clock_far_ahead_of_the_last_run_is_not_believed(void **state)
{
        (void)state;
        struct directory *dir = open_directory();
        provision(dir);
        struct session_view s = create(dir, 1, 2);
        directory_close(dir);

        last_ran(32 * DAY_MS);
        assert_int_equal(try_open(&dir), ERR_CONFLICT);
        assert_non_null(strstr(problem, "32 days after Maskline last ran here"));
        assert_non_null(strstr(problem, "/clock and start again"));
        assert_int_equal(try_open(&dir), ERR_CONFLICT);

        /* It is confirmed as it says. */
        char path[300];
        snprintf(path, sizeof path, "%s/clock", files.path);
        assert_int_equal(remove(path), 0);
        dir = open_directory();
        assert_int_equal(call(dir, s.parties[0].dials, 1), MASK_CONNECT);
        directory_close(dir);
        directory_close(open_directory());
}

static void a_month_without_running_is_nothing_special(void **state)
{
        (void)state;
        directory_close(open_directory());
        last_ran(30 * DAY_MS);
        directory_close(open_directory());
        last_ran(-400 * DAY_MS); /* behind */
        directory_close(open_directory());
}

static void a_note_of_the_clock_that_nobody_can_read_says_nothing(void **state)
{
        (void)state;
        static const char *const texts[] = {"", "12", "yesterday, about noon\n",
                                            "99999999999999999999999\n"};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                directory_close(open_directory());
                write_clock(texts[i]);
        }
        directory_close(open_directory());
        last_ran(32 * DAY_MS);
        struct directory *dir;
        assert_int_equal(try_open(&dir), ERR_CONFLICT);
}

static void on_erased(void *arg, int err, const struct erase_receipt *receipt)
{
        assert_int_equal(receipt->rows, 1);
        on_done(arg, err);
}

static void a_pair_that_was_erased_stays_taken_when_it_opens_again(void **state)
{
        (void)state;
        struct directory *dir = open_directory();
        provision(dir);
        struct session_view s = create(dir, 1, 2), view;
        int answer = 1;
        assert_int_equal(directory_session_erase(dir, s.id, on_erased, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        for (unsigned i = 0; i < 2; i++) {
                directory_close(dir);
                dir = open_directory();
                const struct session_create c = {.tenant_id = 1,
                                                 .parties = {PARTY(party(1)), PARTY(party(2))},
                                                 .party_count = 2,
                                                 .given = {s.slots[0]}};
                bool repeated;
                assert_int_equal(
                        directory_session_create(dir, &c, &view, &repeated, NULL, NULL, NULL),
                        ERR_CONFLICT);
        }
        struct session_view next = create(dir, 1, 2);
        assert_false(number_equal(next.slots[0].n, s.slots[0].n));
        assert_false(number_equal(next.slots[1].n, s.slots[1].n));
        directory_close(dir);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(what_was_acknowledged_is_there_when_it_opens_again),
                TEST(a_pair_that_was_erased_stays_taken_when_it_opens_again),
                TEST(the_audit_record_verifies_across_a_restart),
                TEST(no_real_number_is_in_any_file),
                TEST(one_process_holds_a_data_directory),
                TEST(a_lost_database_does_not_cost_the_keys),
                TEST(a_key_that_no_session_has_is_shredded_in_the_file_at_once),
                TEST(a_clock_far_ahead_of_the_last_run_is_not_believed),
                TEST(a_month_without_running_is_nothing_special),
                TEST(a_note_of_the_clock_that_nobody_can_read_says_nothing),
        };
        return RUN_TESTS(tests);
}
