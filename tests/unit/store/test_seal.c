/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "scratch.h"
#include "store/key_slots.h"
#include "store/seal.h"

#define PLAIN   SLICE("+919888800001 talks to +919888800002")
#define CONTEXT SLICE("tenant 1, session 7")

static struct scratch s;
static struct data_dir *dir;
static struct vault *vault;
static char problem[STORE_PROBLEM_BYTES];

static void open_vault(void)
{
        assert_int_equal(data_dir_open(s.path, &dir, problem), 0);
        assert_int_equal(vault_open(dir, &vault, problem), 0);
}

static void close_vault(void)
{
        vault_close(vault);
        data_dir_close(dir);
        vault = NULL;
        dir = NULL;
}

static int refused_with(void)
{
        struct data_dir *d = NULL;
        struct vault *v = NULL;
        problem[0] = '\0';
        assert_int_equal(data_dir_open(s.path, &d, problem), 0);
        int err = vault_open(d, &v, problem);
        assert_null(v);
        data_dir_close(d);
        return err;
}

static int set_up(void **state)
{
        (void)state;
        scratch_make(&s);
        open_vault();
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        close_vault();
        scratch_remove(&s);
        return 0;
}

static uint64_t new_key(void)
{
        uint64_t key = 0;
        assert_int_equal(vault_key_new(vault, &key), 0);
        assert_true(key != 0);
        return key;
}

struct sealed {
        char bytes[256];
        size_t len;
};

static struct sealed seal(uint64_t key)
{
        struct sealed sealed;
        struct buf b;
        buf_init(&b, sealed.bytes, sizeof sealed.bytes);
        assert_int_equal(vault_seal(vault, key, CONTEXT, PLAIN, &b), 0);
        sealed.len = b.len;
        assert_int_equal(sealed.len, PLAIN.len + VAULT_SEAL_EXTRA);
        return sealed;
}

static int unseal(uint64_t key, struct slice context, const struct sealed *sealed)
{
        char plain[256] = "";
        struct buf b;
        buf_init(&b, plain, sizeof plain);
        int err = vault_unseal(vault, key, context, (struct slice){sealed->bytes, sealed->len}, &b);
        if (err)
                assert_int_equal(b.len, 0);
        else
                assert_true(slice_equal(buf_slice(&b), PLAIN));
        return err;
}

static void what_is_sealed_opens_again(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(unseal(key, CONTEXT, &sealed), 0);
        assert_null(memmem(sealed.bytes, sealed.len, "9198888", 7));
}

static void sealing_twice_gives_other_bytes(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed a = seal(key), b = seal(key);
        assert_memory_not_equal(a.bytes + 1, b.bytes + 1, a.len - 1);
}

static void it_opens_after_the_files_were_opened_anew(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(vault_sync(vault), 0);
        close_vault();
        open_vault();
        assert_int_equal(unseal(key, CONTEXT, &sealed), 0);
}

static void a_change_of_any_bit_of_any_byte_is_noticed(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed good = seal(key);
        for (size_t i = 0; i < good.len; i++) {
                struct sealed bad = good;
                bad.bytes[i] ^= (char)(1 << i % 8);
                assert_int_equal(unseal(key, CONTEXT, &bad), i == 0 ? ERR_VERSION : ERR_SEALED);
        }
}

static void a_shorter_or_longer_text_is_noticed(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed good = seal(key);
        for (size_t len = 0; len < good.len; len++) {
                struct sealed cut = good;
                cut.len = len;
                assert_int_equal(unseal(key, CONTEXT, &cut), ERR_SEALED);
        }
        good.bytes[good.len++] = 0;
        assert_int_equal(unseal(key, CONTEXT, &good), ERR_SEALED);
}

static void another_context_does_not_open_it(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(unseal(key, SLICE("tenant 1, session 8"), &sealed), ERR_SEALED);
        assert_int_equal(unseal(key, SLICE("tenant 1, session 70"), &sealed), ERR_SEALED);
        assert_int_equal(unseal(key, SLICE_NONE, &sealed), ERR_SEALED);
}

static void another_sessions_key_does_not_open_it(void **state)
{
        (void)state;
        uint64_t key = new_key(), other = new_key();
        struct sealed sealed = seal(key);
        assert_true(key != other);
        assert_int_equal(unseal(other, CONTEXT, &sealed), ERR_SEALED);
}

static void an_unknown_key_is_told_apart(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(unseal(0, CONTEXT, &sealed), ERR_STALE);
        assert_int_equal(unseal(key + 1, CONTEXT, &sealed), ERR_STALE);
        assert_int_equal(unseal(key | 0xffffffff, CONTEXT, &sealed), ERR_STALE);
        assert_int_equal(vault_key_shred(vault, 0), ERR_STALE);
}

static void too_little_room_appends_nothing(void **state)
{
        (void)state;
        static char big[VAULT_PLAIN_MAX + 1], room[sizeof big + VAULT_SEAL_EXTRA];
        uint64_t key = new_key();
        struct buf b;
        buf_init(&b, room, PLAIN.len + VAULT_SEAL_EXTRA - 1);
        assert_int_equal(vault_seal(vault, key, CONTEXT, PLAIN, &b), ERR_TOO_LARGE);
        assert_int_equal(b.len, 0);

        buf_init(&b, room, sizeof room);
        struct slice plain = {big, sizeof big};
        assert_int_equal(vault_seal(vault, key, CONTEXT, plain, &b), ERR_TOO_LARGE);
        struct slice context = {big, 257};
        assert_int_equal(vault_seal(vault, key, context, PLAIN, &b), ERR_TOO_LARGE);

        struct sealed sealed = seal(key);
        buf_init(&b, room, PLAIN.len - 1);
        assert_int_equal(
                vault_unseal(vault, key, CONTEXT, (struct slice){sealed.bytes, sealed.len}, &b),
                ERR_TOO_LARGE);
        assert_int_equal(b.len, 0);
}

static void the_largest_text_passes(void **state)
{
        (void)state;
        static char big[VAULT_PLAIN_MAX], room[sizeof big + VAULT_SEAL_EXTRA], back[sizeof big];
        uint64_t key = new_key();
        struct buf b;
        memset(big, 'x', sizeof big);
        buf_init(&b, room, sizeof room);
        assert_int_equal(vault_seal(vault, key, CONTEXT, (struct slice){big, sizeof big}, &b), 0);
        struct slice sealed = buf_slice(&b);
        buf_init(&b, back, sizeof back);
        assert_int_equal(vault_unseal(vault, key, CONTEXT, sealed, &b), 0);
        assert_memory_equal(back, big, sizeof big);
}

/* The wrapped key as it lies in the file; to be freed. */
static uint8_t *slot_in_file(uint64_t key)
{
        size_t bytes = 0;
        uint8_t *file = scratch_read(&s, DATA_DIR_KEY_SLOTS, &bytes);
        size_t at = 4096 + (size_t)(uint32_t)key * 128;
        assert_true(bytes >= at + 128);
        uint8_t *slot = malloc(128);
        assert_non_null(slot);
        memcpy(slot, file + at, 128);
        free(file);
        return slot;
}

static void a_shredded_key_is_gone_from_the_files(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(vault_sync(vault), 0);
        uint8_t *slot = slot_in_file(key);
        assert_true(scratch_holds(&s, slot + 8, KEY_SLOT_BYTES));

        assert_int_equal(vault_key_shred(vault, key), 0);
        assert_int_equal(unseal(key, CONTEXT, &sealed), ERR_STALE);
        assert_int_equal(vault_sync(vault), 0);
        for (unsigned i = 8; i + 8 <= 8 + KEY_SLOT_BYTES; i += 8)
                assert_false(scratch_holds(&s, slot + i, 8));
        free(slot);

        close_vault();
        open_vault();
        assert_int_equal(unseal(key, CONTEXT, &sealed), ERR_STALE);
}

static void a_slot_used_again_does_not_revive_its_first_key(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(vault_key_shred(vault, key), 0);
        uint64_t next = new_key();
        assert_int_equal((uint32_t)next, (uint32_t)key);
        assert_true(next != key);
        assert_int_equal(unseal(key, CONTEXT, &sealed), ERR_STALE);
        assert_int_equal(unseal(next, CONTEXT, &sealed), ERR_SEALED);
        assert_int_equal(vault_key_shred(vault, key), ERR_STALE);

        struct sealed second = seal(next);
        assert_int_equal(vault_sync(vault), 0);
        close_vault();
        open_vault();
        assert_int_equal(vault_key_shred(vault, key), ERR_STALE);
        assert_int_equal(unseal(next, CONTEXT, &second), 0);
}

static void generations_go_on_after_the_files_were_opened_anew(void **state)
{
        (void)state;
        uint64_t key = new_key();
        assert_int_equal(vault_key_shred(vault, key), 0);
        assert_int_equal(vault_sync(vault), 0);
        close_vault();
        open_vault();
        assert_true(new_key() != key);
}

static void a_key_put_back_into_another_slot_does_not_open(void **state)
{
        (void)state;
        uint64_t a = new_key(), b = new_key();
        struct sealed sealed = seal(a);
        assert_int_equal(vault_sync(vault), 0);
        close_vault();

        size_t bytes = 0;
        uint8_t *file = scratch_read(&s, DATA_DIR_KEY_SLOTS, &bytes);
        memcpy(file + 4096 + 128 * (uint32_t)b, file + 4096 + 128 * (uint32_t)a, 128);
        scratch_write(&s, DATA_DIR_KEY_SLOTS, file, bytes);
        free(file);

        open_vault();
        assert_int_equal(unseal(b, CONTEXT, &sealed), ERR_SEALED);
        assert_int_equal(unseal(a, CONTEXT, &sealed), 0);
}

static void a_change_of_any_byte_of_a_slot_is_noticed(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(vault_sync(vault), 0);
        size_t bytes = 0;
        uint8_t *file = scratch_read(&s, DATA_DIR_KEY_SLOTS, &bytes);
        for (unsigned i = 0; i < 8 + KEY_SLOT_BYTES; i++) {
                uint8_t *byte = file + 4096 + 128 * (uint32_t)key + i;
                *byte ^= 0x80;
                close_vault();
                scratch_write(&s, DATA_DIR_KEY_SLOTS, file, bytes);
                open_vault();
                /* A changed state leaves the key itself whole; a changed generation unnames it. */
                int expected = i < 4 ? 0 : i < 8 ? ERR_STALE : ERR_SEALED;
                assert_int_equal(unseal(key, CONTEXT, &sealed), expected);
                *byte ^= 0x80;
        }
        free(file);
}

static void keys_nobody_kept_after_a_crash_are_shredded(void **state)
{
        (void)state;
        uint64_t durable = new_key(), orphan = new_key();
        struct sealed sealed = seal(durable);
        assert_int_equal(vault_sync(vault), 0);
        close_vault();
        open_vault();

        assert_true(vault_key_keep(vault, durable));
        assert_int_equal(vault_keys_used(vault), 2);
        uint64_t fresh = new_key();
        assert_int_equal(vault_shred_unkept(vault), 1);
        assert_int_equal(vault_keys_used(vault), 2);
        assert_int_equal(unseal(durable, CONTEXT, &sealed), 0);
        assert_false(vault_key_keep(vault, orphan));
        assert_int_equal(vault_key_shred(vault, fresh), 0);
}

static void slots_grow_past_the_first_chunk(void **state)
{
        (void)state;
        enum {
                KEYS = KEY_SLOTS_CHUNK * 2 + 3
        };
        static uint64_t keys[KEYS];
        for (unsigned i = 0; i < KEYS; i++)
                keys[i] = new_key();
        struct sealed sealed = seal(keys[KEYS - 1]);
        assert_int_equal(vault_unsynced(vault), KEYS);
        assert_int_equal(vault_sync(vault), 0);
        assert_int_equal(vault_unsynced(vault), 0);
        close_vault();
        open_vault();
        for (unsigned i = 0; i < KEYS; i++)
                assert_true(vault_key_keep(vault, keys[i]));
        assert_int_equal(vault_keys_used(vault), KEYS);
        assert_int_equal(unseal(keys[KEYS - 1], CONTEXT, &sealed), 0);
}

static void a_chunk_cut_short_by_a_crash_is_written_again(void **state)
{
        (void)state;
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(vault_sync(vault), 0);
        close_vault();
        size_t bytes = 0;
        uint8_t *file = scratch_read(&s, DATA_DIR_KEY_SLOTS, &bytes);
        enum {
                PART = 40 * 128 + 50
        }; /* forty slots and a bit */
        file = realloc(file, bytes + PART);
        memset(file + bytes, 0xff, PART);
        scratch_write(&s, DATA_DIR_KEY_SLOTS, file, bytes + PART);
        free(file);

        open_vault();
        assert_int_equal(vault_keys_used(vault), 1);
        assert_int_equal(unseal(key, CONTEXT, &sealed), 0);
        for (unsigned i = 0; i < KEY_SLOTS_CHUNK + 10; i++)
                key = new_key();
        sealed = seal(key);
        assert_int_equal(vault_sync(vault), 0);
        close_vault();
        open_vault();
        assert_int_equal(unseal(key, CONTEXT, &sealed), 0);
}

/* The linker brings the library's fdatasync() here. */
static unsigned data_syncs;
static int data_sync_errno;
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
        (void)fd;
        data_syncs++;
        errno = data_sync_errno;
        return data_sync_errno ? -1 : 0;
}

static void a_changed_slot_is_synced_and_an_unchanged_one_is_not(void **state)
{
        (void)state;
        uint64_t key = new_key();
        data_syncs = 0;
        assert_int_equal(vault_sync(vault), 0);
        assert_int_equal(data_syncs, 1);
        assert_int_equal(vault_sync(vault), 0);
        assert_int_equal(data_syncs, 1);
        assert_int_equal(vault_key_shred(vault, key), 0);
        assert_int_equal(vault_sync(vault), 0);
        assert_int_equal(data_syncs, 2);
}

static void what_a_failed_sync_lost_is_written_again(void **state)
{
        (void)state;
        uint64_t keys[3] = {new_key(), new_key(), new_key()};
        struct sealed sealed = seal(keys[1]);
        data_sync_errno = EIO;
        assert_int_equal(vault_sync(vault), -EIO);
        assert_int_equal(vault_unsynced(vault), 3);
        assert_int_equal(vault_key_shred(vault, keys[2]), 0);
        uint64_t fourth = new_key();                /* in the slot of the third */
        assert_int_equal(vault_unsynced(vault), 4); /* an old state and the new one */
        assert_int_equal(vault_sync(vault), -EIO);
        assert_int_equal(vault_unsynced(vault), 3);

        /* As if the kernel had dropped the pages it could not write. */
        static const uint8_t zeros[128 * 4];
        size_t bytes = 0;
        uint8_t *file = scratch_read(&s, DATA_DIR_KEY_SLOTS, &bytes);
        memcpy(file + 4096, zeros, sizeof zeros);
        scratch_write(&s, DATA_DIR_KEY_SLOTS, file, bytes);
        free(file);

        data_sync_errno = 0;
        assert_int_equal(vault_sync(vault), 0);
        assert_int_equal(vault_unsynced(vault), 0);
        close_vault();
        open_vault();
        assert_int_equal(unseal(keys[1], CONTEXT, &sealed), 0);
        assert_true(vault_key_keep(vault, keys[0]));
        assert_true(vault_key_keep(vault, fourth));
        assert_false(vault_key_keep(vault, keys[2]));
}

static void no_secret_lies_in_the_slots_file(void **state)
{
        (void)state;
        (void)new_key();
        assert_int_equal(vault_sync(vault), 0);
        size_t bytes = 0;
        uint8_t *master = scratch_read(&s, DATA_DIR_MASTER_KEY, &bytes);
        assert_int_equal(bytes, VAULT_KEY_BYTES);
        uint8_t *slots = scratch_read(&s, DATA_DIR_KEY_SLOTS, &bytes);
        for (unsigned i = 0; i + 8 <= VAULT_KEY_BYTES; i++)
                assert_null(memmem(slots, bytes, master + i, 8));
        free(slots);
        free(master);
}

static void the_files_are_private(void **state)
{
        (void)state;
        assert_int_equal(scratch_mode(&s, DATA_DIR_MASTER_KEY), 0600);
        assert_int_equal(scratch_mode(&s, DATA_DIR_KEY_SLOTS), 0600);
}

static void a_key_file_that_others_can_read_is_refused(void **state)
{
        (void)state;
        static const unsigned modes[] = {0640, 0604, 0660, 0601, 0610};
        close_vault();
        for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++) {
                scratch_set_mode(&s, DATA_DIR_MASTER_KEY, modes[i]);
                assert_int_equal(refused_with(), -EPERM);
                assert_non_null(strstr(problem, "master.key can be read by other users"));
                assert_non_null(strstr(problem, "chmod 0600"));
        }
        scratch_set_mode(&s, DATA_DIR_MASTER_KEY, 0600);
        scratch_set_mode(&s, DATA_DIR_KEY_SLOTS, 0640);
        assert_int_equal(refused_with(), -EPERM);
        assert_non_null(strstr(problem, "keys.slots can be read by other users"));
        scratch_set_mode(&s, DATA_DIR_KEY_SLOTS, 0600);
}

static void a_key_file_of_another_size_is_refused(void **state)
{
        (void)state;
        static const uint8_t bytes[33];
        static const size_t sizes[] = {0, 1, 31, 33};
        close_vault();
        for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                scratch_write(&s, DATA_DIR_MASTER_KEY, bytes, sizes[i]);
                assert_int_equal(refused_with(), ERR_SYNTAX);
                char said[32];
                snprintf(said, sizeof said, "has %zu bytes instead of 32", sizes[i]);
                assert_non_null(strstr(problem, said));
        }
}

static void a_missing_key_file_is_not_replaced_while_its_work_is_there(void **state)
{
        (void)state;
        close_vault();
        scratch_remove_file(&s, DATA_DIR_MASTER_KEY);
        assert_int_equal(refused_with(), -ENOENT);
        assert_non_null(strstr(problem, "master.key is missing, but keys.slots is there"));
        assert_int_equal(scratch_mode(&s, DATA_DIR_MASTER_KEY), 0);

        scratch_remove_file(&s, DATA_DIR_KEY_SLOTS);
        scratch_write(&s, DATA_DIR_DATABASE, "x", 1);
        assert_int_equal(refused_with(), -ENOENT);
        assert_non_null(strstr(problem, "but maskline.db is there"));
}

static void missing_slots_are_not_replaced_while_the_database_is_there(void **state)
{
        (void)state;
        close_vault();
        scratch_remove_file(&s, DATA_DIR_KEY_SLOTS);
        scratch_write(&s, DATA_DIR_DATABASE, "x", 1);
        assert_int_equal(refused_with(), -ENOENT);
        assert_non_null(strstr(problem, "keys.slots is missing, but maskline.db is there"));
        scratch_remove_file(&s, DATA_DIR_DATABASE);
        open_vault(); /* a crash before the slots were made */
}

static void slots_of_another_master_key_are_refused(void **state)
{
        (void)state;
        static const uint8_t other[VAULT_KEY_BYTES] = {1, 2, 3};
        close_vault();
        scratch_write(&s, DATA_DIR_MASTER_KEY, other, sizeof other);
        assert_int_equal(refused_with(), ERR_CONFLICT);
        assert_non_null(strstr(problem, "belongs to another master.key"));
}

static void slots_of_a_newer_format_are_refused(void **state)
{
        (void)state;
        close_vault();
        size_t bytes = 0;
        uint8_t *file = scratch_read(&s, DATA_DIR_KEY_SLOTS, &bytes);
        file[11] = 2;
        scratch_write(&s, DATA_DIR_KEY_SLOTS, file, bytes);
        assert_int_equal(refused_with(), ERR_VERSION);
        assert_non_null(strstr(problem, "newer maskline (format 2)"));

        file[0] = 'x';
        scratch_write(&s, DATA_DIR_KEY_SLOTS, file, bytes);
        assert_int_equal(refused_with(), ERR_SYNTAX);
        scratch_write(&s, DATA_DIR_KEY_SLOTS, file, 100);
        assert_int_equal(refused_with(), -EIO);
        assert_non_null(strstr(problem, "cut short"));
        free(file);
}

static const struct masking_number m1 = {{919000000001}}, m2 = {{919000000002}};
static const struct real_number r1 = {{919888800001}}, r2 = {{919888800002}};

static void a_lookup_hash_tells_every_part_apart(void **state)
{
        (void)state;
        uint8_t hash[6][VAULT_HASH_BYTES];
        vault_lookup_hash(vault, 1, m1, r1, hash[0]);
        vault_lookup_hash(vault, 2, m1, r1, hash[1]);
        vault_lookup_hash(vault, 1, m2, r1, hash[2]);
        vault_lookup_hash(vault, 1, m1, r2, hash[3]);
        vault_lookup_hash_any(vault, 1, m1, hash[4]);
        vault_lookup_hash(vault, 1, m1, (struct real_number){{0}}, hash[5]);
        for (unsigned i = 0; i < 6; i++)
                for (unsigned k = 0; k < i; k++)
                        assert_memory_not_equal(hash[i], hash[k], VAULT_HASH_BYTES);

        vault_lookup_hash(vault, 1, m1, r1, hash[1]);
        assert_memory_equal(hash[0], hash[1], VAULT_HASH_BYTES);
}

static void derived_keys_last_and_differ_between_vaults(void **state)
{
        (void)state;
        uint8_t before[VAULT_HASH_BYTES], after[VAULT_HASH_BYTES], id[VAULT_ID_BYTES];
        uint8_t mac[VAULT_MAC_BYTES], mac_after[VAULT_MAC_BYTES], tag_key[VAULT_KEY_BYTES];
        vault_lookup_hash(vault, 1, m1, r1, before);
        vault_id(vault, id);
        vault_audit_mac(vault, SLICE("text"), mac);
        memcpy(tag_key, vault_id_key(vault), sizeof tag_key);
        close_vault();
        open_vault();
        vault_lookup_hash(vault, 1, m1, r1, after);
        assert_memory_equal(before, after, sizeof before);
        vault_audit_mac(vault, SLICE("text"), mac_after);
        assert_memory_equal(mac, mac_after, sizeof mac);
        assert_memory_equal(tag_key, vault_id_key(vault), sizeof tag_key);

        struct vault *other = NULL;
        uint8_t other_id[VAULT_ID_BYTES];
        assert_int_equal(vault_create_memory(&other), 0);
        vault_lookup_hash(other, 1, m1, r1, after);
        assert_memory_not_equal(before, after, sizeof before);
        vault_id(other, other_id);
        assert_memory_not_equal(id, other_id, sizeof id);
        vault_close(other);
}

static void hints_change_at_midnight_utc(void **state)
{
        (void)state;
        const int64_t day = 86400000, midnight = 20000 * day;
        struct siphash_key first = vault_hint_key(vault, midnight);
        struct siphash_key same = vault_hint_key(vault, midnight + day - 1);
        struct siphash_key before = vault_hint_key(vault, midnight - 1);
        assert_memory_equal(&first, &same, sizeof first);
        assert_memory_not_equal(&first, &before, sizeof first);
        struct siphash_key past = vault_hint_key(vault, -1), epoch = vault_hint_key(vault, 0);
        assert_memory_not_equal(&past, &epoch, sizeof past);
}

static void a_vault_in_memory_seals_without_files(void **state)
{
        (void)state;
        close_vault();
        assert_int_equal(vault_create_memory(&vault), 0);
        uint64_t key = new_key();
        struct sealed sealed = seal(key);
        assert_int_equal(vault_unsynced(vault), 1);
        assert_int_equal(vault_sync(vault), 0);
        assert_int_equal(vault_unsynced(vault), 0);
        assert_int_equal(unseal(key, CONTEXT, &sealed), 0);
        assert_int_equal(vault_key_shred(vault, key), 0);
        assert_int_equal(unseal(key, CONTEXT, &sealed), ERR_STALE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(what_is_sealed_opens_again),
                TEST(sealing_twice_gives_other_bytes),
                TEST(it_opens_after_the_files_were_opened_anew),
                TEST(a_change_of_any_bit_of_any_byte_is_noticed),
                TEST(a_shorter_or_longer_text_is_noticed),
                TEST(another_context_does_not_open_it),
                TEST(another_sessions_key_does_not_open_it),
                TEST(an_unknown_key_is_told_apart),
                TEST(too_little_room_appends_nothing),
                TEST(the_largest_text_passes),
                TEST(a_shredded_key_is_gone_from_the_files),
                TEST(a_slot_used_again_does_not_revive_its_first_key),
                TEST(generations_go_on_after_the_files_were_opened_anew),
                TEST(a_key_put_back_into_another_slot_does_not_open),
                TEST(a_change_of_any_byte_of_a_slot_is_noticed),
                TEST(keys_nobody_kept_after_a_crash_are_shredded),
                TEST(slots_grow_past_the_first_chunk),
                TEST(a_chunk_cut_short_by_a_crash_is_written_again),
                TEST(a_changed_slot_is_synced_and_an_unchanged_one_is_not),
                TEST(what_a_failed_sync_lost_is_written_again),
                TEST(no_secret_lies_in_the_slots_file),
                TEST(the_files_are_private),
                TEST(a_key_file_that_others_can_read_is_refused),
                TEST(a_key_file_of_another_size_is_refused),
                TEST(a_missing_key_file_is_not_replaced_while_its_work_is_there),
                TEST(missing_slots_are_not_replaced_while_the_database_is_there),
                TEST(slots_of_another_master_key_are_refused),
                TEST(slots_of_a_newer_format_are_refused),
                TEST(a_lookup_hash_tells_every_part_apart),
                TEST(derived_keys_last_and_differ_between_vaults),
                TEST(hints_change_at_midnight_utc),
                TEST(a_vault_in_memory_seals_without_files),
        };
        return RUN_TESTS(tests);
}
