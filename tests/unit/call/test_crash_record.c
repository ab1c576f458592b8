/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slots: what a process that is killed leaves, at every byte of a write.
 */
#include "../unit.h"

#include <stdlib.h>

#include "base/log.h"
#include "call/crash_record.h"
#include "crash_values.h"
#include "io/io_sim.h"
#include "store/store_memory.h"

#define CALLS_MAX 4

/* Where things are in the file. */
#define HEADER 12288
#define HALF   8192

struct scene {
        struct sim_world *sim;
        struct io *io;
        struct store_memory_disk *disk;
        struct store *store;
        struct directory *directory;
        char *memory;
        struct crash_record *record;
        struct random random;
        struct crash_call call, read;
};

static void open_record(struct scene *s)
{
        char problem[512];
        const struct crash_record_params params = {
                .directory = s->directory,
                .random = &s->random,
                .memory = s->memory,
                .calls_max = CALLS_MAX,
        };
        assert_int_equal(crash_record_open(&params, &s->record, problem), 0);
}

static void open_directory(struct scene *s)
{
        struct vault *vault;
        char problem[512];
        assert_int_equal(vault_create_memory(&vault), 0);
        const struct store_memory_params memory = {
                .io = s->io, .vault = vault, .disk = s->disk, .commit_ms = 100};
        assert_int_equal(store_memory_open(&memory, &s->store), 0);
        const struct directory_params params = {
                .io = s->io, .sessions_max = 4, .numbers_max = 4, .quarantine_ms = 1000};
        assert_int_equal(directory_open_on(&params, vault, s->store, &s->directory, problem), 0);
}

static struct scene *create(void)
{
        struct scene *s = calloc(1, sizeof *s);
        log_set_level(LOG_ERROR);
        assert_non_null(s);
        assert_int_equal(sim_world_create(1, &s->sim), 0);
        assert_int_equal(io_create_sim(s->sim, &s->io), 0);
        assert_int_equal(store_memory_disk_create(&s->disk), 0);
        open_directory(s);
        random_init_seeded(&s->random, 1);
        s->memory = calloc(1, crash_record_bytes(CALLS_MAX));
        assert_non_null(s->memory);
        open_record(s);
        return s;
}

static void destroy(struct scene *s)
{
        directory_close(s->directory);
        crash_record_close(s->record);
        store_memory_disk_destroy(s->disk);
        sim_world_destroy(s->sim);
        free(s->memory);
        free(s);
}

/* As the next process finds it. */
static void open_again(struct scene *s)
{
        crash_record_close(s->record);
        open_record(s);
}

static void write_some(struct scene *s, uint32_t slot)
{
        do
                some_call(&s->random, &s->call, 30);
        while (crash_record_write(s->record, slot, &s->call));
}

static uint32_t take(struct scene *s)
{
        uint32_t slot;
        assert_int_equal(crash_record_take(s->record, &slot), 0);
        return slot;
}

static void what_was_written_last_is_read_by_the_next(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t slot = take(s);
        for (int i = 0; i < 5; i++) {
                write_some(s, slot);
                open_again(s);
                assert_int_equal(crash_record_read(s->record, slot, &s->read), 0);
                assert_true(s->read.due_ms == s->call.due_ms);
                assert_int_equal(crash_record_counters(s->record)->in_use, 1);
        }
        destroy(s);
}

static void the_keys_stay_while_a_call_needs_them(void **state)
{
        (void)state;
        struct scene *s = create();
        const struct sip_ua_keys first = *crash_record_keys(s->record);
        uint32_t slot = take(s);
        write_some(s, slot);
        open_again(s);
        assert_memory_equal(crash_record_keys(s->record), &first, sizeof first);
        crash_record_drop(s->record, slot);
        open_again(s);
        assert_memory_not_equal(crash_record_keys(s->record), &first, sizeof first);
        destroy(s);
}

/* A writer that is killed has changed some bytes of the half it was writing to, from the first on. */
static void a_write_that_was_cut_short_is_as_if_it_had_not_begun(void **state)
{
        (void)state;
        struct scene *s = create();
        size_t bytes = crash_record_bytes(CALLS_MAX);
        char *before = malloc(bytes), *after = malloc(bytes);
        uint32_t slot = take(s);
        assert_true(before && after);
        write_some(s, slot);
        write_some(s, slot);
        int64_t due_before = s->call.due_ms;
        memcpy(before, s->memory, bytes);
        write_some(s, slot);
        int64_t due_after = s->call.due_ms;
        memcpy(after, s->memory, bytes);

        /* The sequence, at the beginning of a half, is written at once and last. */
        size_t half = 0;
        while (half < HEADER || !memcmp(before + half, after + half, HALF))
                half += half < HEADER ? HEADER : HALF;
        for (size_t cut = 8; cut < HALF; cut += 7) {
                memcpy(s->memory, before, bytes);
                memcpy(s->memory + half + 8, after + half + 8, cut - 8);
                open_again(s);
                assert_int_equal(crash_record_read(s->record, slot, &s->read), 0);
                assert_true(s->read.due_ms == due_before);
        }
        memcpy(s->memory, after, bytes);
        open_again(s);
        assert_int_equal(crash_record_read(s->record, slot, &s->read), 0);
        assert_true(s->read.due_ms == due_after);
        free(before);
        free(after);
        destroy(s);
}

static void no_byte_may_be_changed_or_moved(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t slot = take(s), other = take(s);
        write_some(s, slot);
        size_t at = HEADER + 2 * HALF * slot;
        size_t half = at + (s->memory[at] ? 0 : HALF);
        size_t sealed = (uint8_t)s->memory[half + 8] | (size_t)(uint8_t)s->memory[half + 9] << 8;
        for (size_t i = 0; i < 12 + sealed; i++) {
                if (i == 10 || i == 11) /* how often it was tried */
                        continue;
                s->memory[half + i] ^= 1;
                assert_int_not_equal(crash_record_read(s->record, slot, &s->read), 0);
                s->memory[half + i] ^= 1;
        }
        assert_int_equal(crash_record_read(s->record, slot, &s->read), 0);
        memcpy(s->memory + HEADER + 2 * HALF * other, s->memory + at, 2 * HALF);
        assert_int_equal(crash_record_read(s->record, other, &s->read), ERR_SEALED);
        destroy(s);
}

static void a_call_amidst_which_we_died_twice_is_put_aside_and_no_other(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t good = take(s), bad = take(s);
        write_some(s, good);
        write_some(s, bad);
        for (int i = 0; i < 2; i++) {
                open_again(s);
                assert_true(crash_record_try(s->record, good));
                write_some(s, good);
                crash_record_tried(s->record, good);
                assert_true(crash_record_try(s->record, bad));
                write_some(s, bad);
        }
        open_again(s);
        assert_true(crash_record_try(s->record, good));
        assert_false(crash_record_try(s->record, bad));
        assert_int_equal(crash_record_counters(s->record)->aside, 1);
        destroy(s);
}

/* Goes on with the call; the process dies later. */
static bool go_on(struct scene *s, uint32_t slot)
{
        open_again(s);
        if (!crash_record_try(s->record, slot))
                return false;
        write_some(s, slot);
        crash_record_tried(s->record, slot);
        return true;
}

static void calls_with_which_no_process_lived_are_put_aside(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t slot = take(s);
        write_some(s, slot);
        for (int i = 0; i < 3; i++)
                assert_true(go_on(s, slot));
        assert_false(go_on(s, slot));
        destroy(s);
}

static void a_while_without_a_crash_clears_calls_of_suspicion(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t slot = take(s);
        write_some(s, slot);
        for (int i = 0; i < 10; i++) {
                assert_true(go_on(s, slot));
                assert_true(go_on(s, slot));
                crash_record_calm(s->record);
        }
        destroy(s);
}

static void an_unknown_layout_begins_anew(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t slot = take(s);
        write_some(s, slot);
        s->memory[8]++;
        open_again(s);
        assert_int_equal(crash_record_read(s->record, slot, &s->read), ERR_NOT_FOUND);
        assert_int_equal(crash_record_counters(s->record)->lost, 1);
        destroy(s);
}

static void the_calls_of_another_boot_are_known_as_such(void **state)
{
        (void)state;
        struct scene *s = create();
        write_some(s, take(s));
        open_again(s);
        assert_true(crash_record_is_same_boot(s->record));
        s->memory[16] = 1;
        open_again(s);
        assert_false(crash_record_is_same_boot(s->record));
        destroy(s);
}

static void slots_run_out_and_come_back(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t slots[2 * CALLS_MAX], none;
        for (int i = 0; i < 2 * CALLS_MAX; i++)
                slots[i] = take(s);
        assert_int_equal(crash_record_take(s->record, &none), ERR_FULL);
        crash_record_release(s->record, slots[3]);
        assert_int_equal(take(s), slots[3]);
        destroy(s);
}

static void a_slot_is_kept_until_its_records_are_on_disk(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t slot = take(s);
        write_some(s, slot);
        struct cdr cdr = s->call.legs[SIDE_A].record;
        cdr.cause = CAUSE_NORMAL;
        crash_record_cdr(s->record, slot, &cdr);
        crash_record_release(s->record, slot);
        sim_world_run_ms(s->sim, 50);
        assert_int_equal(crash_record_read(s->record, slot, &s->read), 0);
        sim_world_run_ms(s->sim, 200);
        assert_int_equal(crash_record_read(s->record, slot, &s->read), ERR_NOT_FOUND);
        assert_int_equal(crash_record_counters(s->record)->in_use, 0);
        destroy(s);
}

static void a_record_that_the_disk_refuses_for_good_leaves_the_slot(void **state)
{
        (void)state;
        struct scene *s = create();
        uint32_t slot = take(s);
        write_some(s, slot);
        store_memory_fail(s->store, 1, 1000, ERR_CONFLICT);
        struct cdr cdr = s->call.legs[SIDE_A].record;
        crash_record_cdr(s->record, slot, &cdr);
        crash_record_release(s->record, slot);
        sim_world_run_ms(s->sim, 5000);
        assert_int_equal(crash_record_read(s->record, slot, &s->read), 0);
        destroy(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_written_last_is_read_by_the_next),
                cmocka_unit_test(the_keys_stay_while_a_call_needs_them),
                cmocka_unit_test(a_write_that_was_cut_short_is_as_if_it_had_not_begun),
                cmocka_unit_test(no_byte_may_be_changed_or_moved),
                cmocka_unit_test(a_call_amidst_which_we_died_twice_is_put_aside_and_no_other),
                cmocka_unit_test(calls_with_which_no_process_lived_are_put_aside),
                cmocka_unit_test(a_while_without_a_crash_clears_calls_of_suspicion),
                cmocka_unit_test(an_unknown_layout_begins_anew),
                cmocka_unit_test(the_calls_of_another_boot_are_known_as_such),
                cmocka_unit_test(slots_run_out_and_come_back),
                cmocka_unit_test(a_slot_is_kept_until_its_records_are_on_disk),
                cmocka_unit_test(a_record_that_the_disk_refuses_for_good_leaves_the_slot),
        };
        return RUN_TESTS(tests);
}
