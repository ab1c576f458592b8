/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slots and a real database: whenever the disk stops taking writes, and whatever it then keeps of
 * those that were not synced, each leg is recorded once after the next start.
 */
#include "../unit.h"

#include <stdlib.h>

#include "../store/crash_vfs.h"
#include "../store/scratch.h"
#include "base/log.h"
#include "call/crash_record.h"
#include "crash_values.h"
#include "io/io_epoll.h"
#include "store/data_dir.h"
#include "store/seal.h"
#include "store/store_sqlite.h"

#define CALLS 3

/* Of so many operations the disk stops before one, of each three lucks before another; 1: before each. */
static unsigned stride = CRASH_KEEPS_SOME + 1;

struct scene {
        struct scratch files;
        char *slots; /* what the process leaves */
        struct random random;
        struct io *io;
        struct data_dir *data_dir;
        struct directory *directory;
        struct crash_record *record;
        struct io_timer check;
        struct crash_call call;
        uint32_t rows;
};

/* ---- a process ---- */

static void begin_process(struct scene *s)
{
        char problem[STORE_PROBLEM_BYTES] = "";
        struct vault *vault;
        struct store *store;
        assert_int_equal(io_create_epoll(&s->io), 0);
        assert_int_equal(data_dir_open(s->files.path, &s->data_dir, problem), 0);
        assert_int_equal(vault_open(s->data_dir, &vault, problem), 0);
        const struct store_sqlite_params sqlite = {
                .io = s->io, .dir = s->data_dir, .vault = vault, .vfs = CRASH_VFS};
        if (store_sqlite_open(&sqlite, &store, problem))
                fail_msg("%s", problem);
        const struct directory_params params = {
                .io = s->io, .sessions_max = 4, .numbers_max = 4, .quarantine_ms = 1000};
        assert_int_equal(directory_open_on(&params, vault, store, &s->directory, problem), 0);
        const struct crash_record_params record = {
                .directory = s->directory,
                .random = &s->random,
                .memory = s->slots,
                .calls_max = CALLS,
        };
        assert_int_equal(crash_record_open(&record, &s->record, problem), 0);
}

static void end_process(struct scene *s)
{
        directory_close(s->directory);
        crash_record_close(s->record);
        data_dir_close(s->data_dir);
        io_destroy(s->io);
}

/* Everything is on disk, or nothing can be any more. */
static void on_check(void *arg)
{
        struct scene *s = arg;
        struct directory_health health;
        directory_health(s->directory, &health);
        if (health.queued == 0 || crash_vfs_is_off())
                io_stop(s->io);
        else
                io_timer_start(s->io, &s->check, 1, on_check, s);
}

static void settle(struct scene *s)
{
        io_timer_start(s->io, &s->check, 1, on_check, s);
        io_run(s->io);
}

/* ---- calls that end ---- */

static void record_both(struct scene *s, uint32_t slot)
{
        crash_record_cdr(s->record, slot, &s->call.legs[SIDE_A].record);
        crash_record_cdr(s->record, slot, &s->call.legs[SIDE_B].record);
        crash_record_release(s->record, slot);
}

static void end_a_call(struct scene *s, unsigned i)
{
        uint32_t slot;
        some_call(&s->random, &s->call, 20);
        for (enum call_side side = SIDE_A; side <= SIDE_B; side++) {
                struct crash_leg *leg = &s->call.legs[side];
                *leg = (struct crash_leg){.kind = CRASH_LEG_ENDED};
                leg->record.leg = side == SIDE_A ? CDR_LEG_A : CDR_LEG_B;
                leg->record.leg_id.bytes[0] = (uint8_t)(1 + 2 * i + side);
                leg->record.call_id.bytes[0] = (uint8_t)(1 + i);
                leg->record.started_ms = leg->record.ended_ms = INT64_C(1700000000000);
        }
        assert_int_equal(crash_record_take(s->record, &slot), 0);
        assert_int_equal(crash_record_write(s->record, slot, &s->call), 0);
        record_both(s, slot);
}

static void go_on(struct scene *s)
{
        for (uint32_t slot = 0; slot < crash_record_slots(s->record); slot++) {
                if (crash_record_read(s->record, slot, &s->call) == 0)
                        record_both(s, slot);
        }
}

static void count_rows(void *arg, int err, const struct cdr *rows, uint32_t count)
{
        struct scene *s = arg;
        (void)rows;
        assert_int_equal(err, 0);
        s->rows = count;
        io_stop(s->io);
}

/* False: all was done before the moment came. */
static bool stop_the_disk_at(uint64_t nth, enum crash_luck luck)
{
        struct scene *s = calloc(1, sizeof *s);
        assert_non_null(s);
        crash_vfs_reset();
        scratch_make(&s->files);
        random_init_seeded(&s->random, nth);
        s->slots = calloc(1, crash_record_bytes(CALLS));
        assert_non_null(s->slots);

        begin_process(s);
        crash_vfs_cut_power(nth);
        for (unsigned i = 0; i < CALLS; i++) {
                end_a_call(s, i);
                if (i != 1)
                        settle(s);
        }
        bool is_off = crash_vfs_is_off();
        end_process(s);
        is_off |= crash_vfs_is_off();
        crash_vfs_reboot(luck, nth);

        begin_process(s);
        go_on(s);
        settle(s);
        assert_int_equal(crash_record_counters(s->record)->in_use, 0);
        assert_int_equal(directory_cdrs_list(s->directory, 0, false, 0, 1000, count_rows, s), 0);
        io_run(s->io);
        assert_int_equal(s->rows, 2 * CALLS);
        end_process(s);
        free(s->slots);
        scratch_remove(&s->files);
        free(s);
        return is_off;
}

static void each_leg_is_recorded_once_whenever_the_disk_stops(void **state)
{
        (void)state;
        log_set_level(LOG_ERROR);
        crash_vfs_register();
        for (enum crash_luck luck = CRASH_KEEPS_NOTHING; luck <= CRASH_KEEPS_SOME; luck++) {
                uint64_t nth = 1 + (unsigned)luck % stride;
                while (stop_the_disk_at(nth, luck))
                        nth += stride;
                print_message("stopped before one in %u of %u operations\n", stride,
                              (unsigned)nth - 1);
                assert_true(nth > 5);
        }
        crash_vfs_reset();
}

/* With an argument: before each, for each luck. */
int main(int argc, char **argv)
{
        (void)argv;
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_leg_is_recorded_once_whenever_the_disk_stops),
        };
        if (argc > 1)
                stride = 1;
        return RUN_TESTS(tests);
}
