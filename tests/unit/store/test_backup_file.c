/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of backups, and what is sealed under them. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "store/backup_file.h"

#define LONG_BYTES 200000 /* more than three chunks */

static struct scratch files;
static struct data_dir *dir;
static struct vault *vault;
static char problem[STORE_PROBLEM_BYTES];

static int set_up(void **state)
{
        (void)state;
        scratch_make(&files);
        assert_int_equal(data_dir_open(files.path, &dir, problem), 0);
        assert_int_equal(vault_open(dir, &vault, problem), 0);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        vault_close(vault);
        data_dir_close(dir);
        scratch_remove(&files);
        return 0;
}

static struct backup_keys *open_keys(void)
{
        struct backup_keys *keys = NULL;
        int err = backup_keys_open(dir, vault, &keys, problem);
        if (err)
                fail_msg("%s", problem);
        return keys;
}

static struct backup_key make_key(unsigned n)
{
        struct backup_key key = {.created_ms = 1000 - n, .expires_ms = 5000 + n};
        key.id.bytes[0] = (uint8_t)n;
        return key;
}

static void a_key_is_the_same_after_a_restart_and_gone_once_it_is_shredded(void **state)
{
        (void)state;
        uint8_t first[VAULT_KEY_BYTES], again[VAULT_KEY_BYTES];
        struct backup_key key = make_key(1), list[BACKUP_KEYS_MAX];
        struct backup_keys *keys = open_keys();
        assert_int_equal(backup_keys_add(keys, &key, first), 0);
        backup_keys_close(keys);

        keys = open_keys();
        assert_int_equal(backup_keys_list(keys, list), 1);
        assert_false(list[0].is_done);
        assert_int_equal(list[0].expires_ms, key.expires_ms);
        assert_int_equal(backup_keys_set_done(keys, &key.id), 0);
        assert_int_equal(backup_keys_get(keys, &key.id, again), 0);
        assert_memory_equal(first, again, sizeof first);
        backup_keys_close(keys);

        keys = open_keys();
        assert_int_equal(backup_keys_list(keys, list), 1);
        assert_true(list[0].is_done);
        assert_int_equal(backup_keys_shred(keys, &key.id), 0);
        assert_int_equal(backup_keys_get(keys, &key.id, again), ERR_NOT_FOUND);
        assert_int_equal(backup_keys_shred(keys, &key.id), ERR_NOT_FOUND);
        backup_keys_close(keys);

        keys = open_keys();
        assert_int_equal(backup_keys_list(keys, list), 0);
        backup_keys_close(keys);
}

static void what_was_wrapped_is_not_in_the_file_after_shredding(void **state)
{
        (void)state;
        uint8_t secret[VAULT_KEY_BYTES];
        struct backup_key key = make_key(7);
        struct backup_keys *keys = open_keys();
        assert_int_equal(backup_keys_add(keys, &key, secret), 0);
        size_t bytes = 0;
        uint8_t *before = scratch_read(&files, DATA_DIR_BACKUP_KEYS, &bytes);
        const uint8_t *wrapped = before + 4096 + 36;
        assert_true(scratch_holds(&files, wrapped, VAULT_WRAPPED_BYTES));
        assert_false(scratch_holds(&files, secret, sizeof secret));
        assert_int_equal(backup_keys_shred(keys, &key.id), 0);
        assert_false(scratch_holds(&files, wrapped, VAULT_WRAPPED_BYTES));
        assert_false(scratch_holds(&files, wrapped, 24));
        free(before);
        backup_keys_close(keys);
}

static void keys_are_listed_oldest_first_and_at_most_so_many(void **state)
{
        (void)state;
        uint8_t secret[VAULT_KEY_BYTES];
        static struct backup_key list[BACKUP_KEYS_MAX];
        struct backup_keys *keys = open_keys();
        for (unsigned i = 0; i < BACKUP_KEYS_MAX; i++) {
                struct backup_key key = make_key(i);
                key.id.bytes[1] = (uint8_t)(i >> 8);
                assert_int_equal(backup_keys_add(keys, &key, secret), 0);
        }
        struct backup_key more = make_key(3);
        more.id.bytes[2] = 1;
        assert_int_equal(backup_keys_add(keys, &more, secret), ERR_FULL);
        assert_int_equal(backup_keys_list(keys, list), BACKUP_KEYS_MAX);
        for (unsigned i = 1; i < BACKUP_KEYS_MAX; i++)
                assert_true(list[i - 1].created_ms < list[i].created_ms);
        assert_int_equal(backup_keys_shred(keys, &list[5].id), 0);
        assert_int_equal(backup_keys_add(keys, &more, secret), 0);
        backup_keys_close(keys);
}

static void a_slot_of_another_backup_does_not_pass_for_it(void **state)
{
        (void)state;
        uint8_t secret[VAULT_KEY_BYTES];
        struct backup_key one = make_key(1), two = make_key(2);
        struct backup_keys *keys = open_keys();
        assert_int_equal(backup_keys_add(keys, &one, secret), 0);
        assert_int_equal(backup_keys_add(keys, &two, secret), 0);
        backup_keys_close(keys);

        size_t bytes = 0;
        uint8_t *image = scratch_read(&files, DATA_DIR_BACKUP_KEYS, &bytes);
        memcpy(image + 4096 + 36, image + 4096 + 128 + 36, VAULT_WRAPPED_BYTES);
        scratch_write(&files, DATA_DIR_BACKUP_KEYS, image, bytes);
        keys = open_keys();
        assert_int_equal(backup_keys_get(keys, &one.id, secret), ERR_SEALED);
        assert_int_equal(backup_keys_get(keys, &two.id, secret), 0);
        backup_keys_close(keys);

        /* A longer life is not to be had by writing one into the file. */
        image[4096 + 128 + 12] ^= 1;
        scratch_write(&files, DATA_DIR_BACKUP_KEYS, image, bytes);
        free(image);
        keys = open_keys();
        assert_int_equal(backup_keys_get(keys, &two.id, secret), ERR_SEALED);
        backup_keys_close(keys);
}

static void a_file_that_is_not_ours_is_refused_with_a_sentence(void **state)
{
        (void)state;
        struct backup_keys *keys = open_keys();
        backup_keys_close(keys);
        size_t bytes = 0;
        uint8_t *image = scratch_read(&files, DATA_DIR_BACKUP_KEYS, &bytes);
        const struct {
                size_t at;
                int err;
                const char *says;
        } rows[] = {
                {0, ERR_SYNTAX, "damaged"},
                {11, ERR_VERSION, "newer"},
                {16, ERR_CONFLICT, "another master.key"},
        };
        for (unsigned i = 0; i < 3; i++) {
                image[rows[i].at] ^= 0x40;
                scratch_write(&files, DATA_DIR_BACKUP_KEYS, image, bytes);
                image[rows[i].at] ^= 0x40;
                assert_int_equal(backup_keys_open(dir, vault, &keys, problem), rows[i].err);
                assert_non_null(strstr(problem, rows[i].says));
        }
        scratch_write(&files, DATA_DIR_BACKUP_KEYS, image, bytes - 1);
        assert_int_equal(backup_keys_open(dir, vault, &keys, problem), -EIO);
        assert_non_null(strstr(problem, "cut short"));
        free(image);
}

static void an_exported_key_is_read_back_and_no_other_is(void **state)
{
        (void)state;
        char text[BACKUP_KEY_TEXT], line[BACKUP_KEY_TEXT + 2];
        uint8_t secret[VAULT_KEY_BYTES], again[VAULT_KEY_BYTES];
        struct backup_key key = make_key(1), other = make_key(2);
        memset(secret, 0xa5, sizeof secret);
        backup_key_format(&key.id, secret, text);
        snprintf(line, sizeof line, "%s\n", text);
        assert_int_equal(backup_key_parse(slice_from(line), &key.id, again), 0);
        assert_memory_equal(secret, again, sizeof secret);
        assert_int_equal(backup_key_parse(slice_from(text), &other.id, again), ERR_CONFLICT);
        line[strlen(text) - 1] = '\0';
        assert_int_equal(backup_key_parse(slice_from(line), &key.id, again), ERR_SYNTAX);
        assert_int_equal(backup_key_parse(SLICE(""), &key.id, again), ERR_SYNTAX);
        text[0] = 'M';
        assert_int_equal(backup_key_parse(slice_from(text), &key.id, again), ERR_SYNTAX);
}

/* The sealed file. */

static uint8_t key_bytes[VAULT_KEY_BYTES] = {1, 2, 3};

static uint8_t byte_at(size_t i)
{
        return (uint8_t)(i * 31 + i / 256);
}

static int open_sealed(void)
{
        char path[128];
        snprintf(path, sizeof path, "%s/sealed", files.path);
        return open(path, O_RDWR | O_CREAT, 0600);
}

static void write_sealed(size_t slots, size_t database, size_t piece)
{
        const struct backup_header header = {
                .created_ms = 5, .slots_bytes = slots, .database_bytes = database};
        struct backup_writer *writer = NULL;
        char memory[4096];
        int fd = open_sealed();
        assert_int_equal(backup_writer_create(fd, &header, key_bytes, &writer), 0);
        for (size_t at = 0; at < slots + database; at += piece) {
                size_t n = slots + database - at < piece ? slots + database - at : piece;
                for (size_t i = 0; i < n; i++)
                        memory[i] = (char)byte_at(at + i);
                assert_int_equal(backup_writer_put(writer, (struct slice){memory, n}), 0);
        }
        assert_int_equal(backup_writer_put(writer, SLICE("x")), ERR_STATE);
        assert_int_equal(backup_writer_end(writer), 0);
        backup_writer_destroy(writer);
        close(fd);
}

/* What reading says; 0 only if every byte is right. */
static int read_sealed(size_t bytes, size_t piece)
{
        struct backup_reader *reader = NULL;
        uint8_t memory[5000];
        int fd = open_sealed();
        int err = backup_reader_create(fd, key_bytes, &reader);
        for (size_t at = 0; !err && at < bytes; at += piece) {
                size_t n = bytes - at < piece ? bytes - at : piece;
                err = backup_reader_get(reader, memory, n);
                for (size_t i = 0; !err && i < n; i++)
                        assert_int_equal(memory[i], byte_at(at + i));
        }
        if (!err)
                err = backup_reader_end(reader);
        backup_reader_destroy(reader);
        close(fd);
        return err;
}

static void what_was_sealed_comes_back_whatever_the_pieces(void **state)
{
        (void)state;
        static const size_t lengths[] = {1, 65535, 65536, 65537, 131072, LONG_BYTES};
        for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
                write_sealed(lengths[i] / 3, lengths[i] - lengths[i] / 3, 1 + 700 * i);
                assert_int_equal(read_sealed(lengths[i], 4999), 0);
                scratch_remove_file(&files, "sealed");
        }
}

static void a_file_that_was_touched_anywhere_does_not_open(void **state)
{
        (void)state;
        write_sealed(5000, LONG_BYTES - 5000, 4096);
        size_t bytes = 0;
        uint8_t *image = scratch_read(&files, "sealed", &bytes);
        for (size_t at = 0; at < bytes; at += at < 128 ? 1 : 1777) {
                image[at] ^= 0x10;
                scratch_write(&files, "sealed", image, bytes);
                image[at] ^= 0x10;
                assert_int_not_equal(read_sealed(LONG_BYTES, 4096), 0);
        }
        scratch_write(&files, "sealed", image, bytes);
        assert_int_equal(read_sealed(LONG_BYTES, 4096), 0);
        key_bytes[0] ^= 1;
        assert_int_equal(read_sealed(LONG_BYTES, 4096), ERR_SEALED);
        key_bytes[0] ^= 1;
        free(image);
}

static void a_file_that_was_cut_or_has_something_behind_it_does_not_open(void **state)
{
        (void)state;
        write_sealed(5000, LONG_BYTES - 5000, 4096);
        size_t bytes = 0;
        uint8_t *image = scratch_read(&files, "sealed", &bytes);
        const size_t cuts[] = {0, 7, 127, 128, 65536 + 128 + 17, bytes - 1};
        for (unsigned i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
                scratch_write(&files, "sealed", image, cuts[i]);
                assert_int_not_equal(read_sealed(LONG_BYTES, 4096), 0);
        }
        uint8_t *longer = malloc(bytes + 1);
        memcpy(longer, image, bytes);
        longer[bytes] = 0;
        scratch_write(&files, "sealed", longer, bytes + 1);
        assert_int_equal(read_sealed(LONG_BYTES, 4096), ERR_SEALED);
        free(longer);

        /* Two chunks in each other's place. */
        const size_t chunk = 65536 + 17;
        uint8_t *swapped = malloc(bytes);
        memcpy(swapped, image, bytes);
        memcpy(swapped + 128, image + 128 + chunk, chunk);
        memcpy(swapped + 128 + chunk, image + 128, chunk);
        scratch_write(&files, "sealed", swapped, bytes);
        assert_int_equal(read_sealed(LONG_BYTES, 4096), ERR_SEALED);
        free(swapped);
        free(image);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(a_key_is_the_same_after_a_restart_and_gone_once_it_is_shredded),
                TEST(what_was_wrapped_is_not_in_the_file_after_shredding),
                TEST(keys_are_listed_oldest_first_and_at_most_so_many),
                TEST(a_slot_of_another_backup_does_not_pass_for_it),
                TEST(a_file_that_is_not_ours_is_refused_with_a_sentence),
                TEST(an_exported_key_is_read_back_and_no_other_is),
                TEST(what_was_sealed_comes_back_whatever_the_pieces),
                TEST(a_file_that_was_touched_anywhere_does_not_open),
                TEST(a_file_that_was_cut_or_has_something_behind_it_does_not_open),
        };
        return RUN_TESTS(tests);
}
