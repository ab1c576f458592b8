/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of trunks: sealed, changed, taken back, gone. */
#include "unit.h"

#include "world.h"

#define PASSWORD "correct-horse-battery"

static struct world w;

static int set_up(void **state)
{
        (void)state;
        world_make(&w, true);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        world_remove(&w);
        return 0;
}

static struct trunk new_trunk(void)
{
        struct trunk trunk = {
                .tenant_id = 1,
                .name = "carrier",
                .username = "acme",
                .realm = "carrier.example",
                .source_count = 1,
                .registers = true,
                .register_s = 600,
        };
        assert_int_equal(addr_prefix_parse(SLICE("192.0.2.0/24"), &trunk.sources[0].prefix), 0);
        return trunk;
}

static uint32_t add(const char *password)
{
        struct trunk trunk = new_trunk();
        struct answer answer = {.err = 1};
        assert_int_equal(directory_trunk_seal(w.dir, &trunk, slice_from(password)), 0);
        assert_int_equal(directory_trunk_add(w.dir, &trunk, world_done, &answer), 0);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        return trunk.id;
}

static void start_change(uint32_t id, const char *password, struct answer *answer)
{
        struct trunk trunk = *directory_trunk_get(w.dir, id);
        assert_int_equal(directory_trunk_seal(w.dir, &trunk, slice_from(password)), 0);
        assert_int_equal(directory_trunk_change(w.dir, &trunk, world_done, answer), 0);
}

static int change(uint32_t id, const char *password)
{
        struct answer answer = {.err = 1};
        start_change(id, password, &answer);
        world_run(&w);
        return answer.err;
}

static void expect_password(uint32_t id, const char *password)
{
        char memory[TRUNK_PASSWORD_BYTES];
        struct buf b;
        const struct trunk *trunk = directory_trunk_get(w.dir, id);
        assert_non_null(trunk);
        buf_init(&b, memory, sizeof memory);
        assert_int_equal(directory_trunk_password(w.dir, trunk, &b), 0);
        assert_true(slice_equal(buf_slice(&b), slice_from(password)));
}

static void a_password_is_there_after_a_restart_and_in_no_file(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        expect_password(id, PASSWORD);
        world_reopen(&w);
        expect_password(id, PASSWORD);
        const struct trunk *trunk = directory_trunk_get(w.dir, id);
        assert_string_equal(trunk->username, "acme");
        assert_string_equal(trunk->realm, "carrier.example");
        assert_true(trunk->registers);
        assert_int_equal(trunk->register_s, 600);
        assert_false(scratch_holds(&w.files, PASSWORD, strlen(PASSWORD)));
        assert_null(memmem(trunk, sizeof *trunk, PASSWORD, strlen(PASSWORD)));
}

static void passwords_have_every_length_up_to_their_limit(void **state)
{
        (void)state;
        char text[TRUNK_PASSWORD_BYTES + 1] = "";
        uint32_t id = add("");
        expect_password(id, "");
        assert_int_equal(directory_trunk_get(w.dir, id)->password_key, 0);
        for (size_t i = 0; i + 1 < TRUNK_PASSWORD_BYTES; i++) {
                text[i] = 'x';
                assert_int_equal(change(id, text), 0);
                expect_password(id, text);
        }
        struct trunk trunk = *directory_trunk_get(w.dir, id);
        text[TRUNK_PASSWORD_BYTES - 1] = 'x';
        assert_int_equal(directory_trunk_seal(w.dir, &trunk, slice_from(text)), ERR_TOO_LARGE);
        assert_int_equal(vault_keys_used(w.vault), 1);
}

static void a_changed_password_replaces_the_old_one_for_good(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        struct trunk before = *directory_trunk_get(w.dir, id);
        assert_int_equal(change(id, "another"), 0);
        expect_password(id, "another");
        assert_int_equal(vault_keys_used(w.vault), 1);
        char memory[TRUNK_PASSWORD_BYTES];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        assert_int_equal(directory_trunk_password(w.dir, &before, &b), ERR_STALE);
        world_reopen(&w);
        expect_password(id, "another");
        assert_int_equal(change(id, ""), 0);
        expect_password(id, "");
        assert_int_equal(vault_keys_used(w.vault), 0);
}

static void a_change_that_keeps_the_password_keeps_its_key(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        struct trunk trunk = *directory_trunk_get(w.dir, id);
        struct answer answer = {.err = 1};
        trunk.registers = false;
        strcpy(trunk.realm, "");
        assert_int_equal(directory_trunk_change(w.dir, &trunk, world_done, &answer), 0);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        world_reopen(&w);
        expect_password(id, PASSWORD);
        assert_false(directory_trunk_get(w.dir, id)->registers);
        assert_string_equal(directory_trunk_get(w.dir, id)->realm, "");
}

static void what_the_disk_refuses_leaves_the_old_password(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        struct answer first = {.err = 1}, second = {.err = 1};
        store_memory_fail(w.store, 1, 2, ERR_STORE);
        start_change(id, "one", &first);
        start_change(id, "two", &second);
        expect_password(id, "two");
        world_run_ms(&w, 3000);
        assert_int_equal(first.err, ERR_STORE);
        assert_int_equal(second.err, ERR_STORE);
        expect_password(id, PASSWORD);
        assert_int_equal(vault_keys_used(w.vault), 1);
        world_reopen(&w);
        expect_password(id, PASSWORD);
}

static void a_refused_add_leaves_no_key(void **state)
{
        (void)state;
        struct trunk trunk = new_trunk();
        struct answer answer = {.err = 1};
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_trunk_seal(w.dir, &trunk, SLICE(PASSWORD)), 0);
        assert_int_equal(directory_trunk_add(w.dir, &trunk, world_done, &answer), 0);
        world_run_ms(&w, 3000);
        assert_int_equal(answer.err, ERR_STORE);
        assert_int_equal(vault_keys_used(w.vault), 0);

        add(PASSWORD);
        trunk = new_trunk(); /* the name is taken now */
        assert_int_equal(directory_trunk_seal(w.dir, &trunk, SLICE(PASSWORD)), 0);
        assert_int_equal(directory_trunk_add(w.dir, &trunk, NULL, NULL), ERR_EXISTS);
        assert_int_equal(vault_keys_used(w.vault), 1);
}

static void a_change_to_no_trunk_leaves_no_key(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        struct trunk trunk = *directory_trunk_get(w.dir, id);
        trunk.id = id + 1;
        /* What it was copied from has the key still. */
        assert_int_equal(directory_trunk_seal(w.dir, &trunk, SLICE("new")), 0);
        assert_int_equal(directory_trunk_change(w.dir, &trunk, NULL, NULL), ERR_NOT_FOUND);
        assert_int_equal(vault_keys_used(w.vault), 1);
        expect_password(id, PASSWORD);
}

static void a_removed_trunk_takes_its_password_along_once_that_is_on_disk(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        struct answer answer = {.err = 1};
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(directory_trunk_remove(w.dir, id, world_done, &answer), 0);
        world_run_ms(&w, 3000);
        assert_int_equal(answer.err, ERR_STORE);
        expect_password(id, PASSWORD);

        assert_int_equal(directory_trunk_remove(w.dir, id, world_done, &answer), 0);
        assert_int_equal(vault_keys_used(w.vault), 1);
        world_run(&w);
        assert_int_equal(answer.err, 0);
        assert_int_equal(vault_keys_used(w.vault), 0);
}

static void a_lost_key_leaves_a_trunk_without_password(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        assert_int_equal(vault_key_shred(w.vault, directory_trunk_get(w.dir, id)->password_key), 0);
        assert_int_equal(vault_sync(w.vault), 0);
        world_reopen(&w);
        expect_password(id, "");
        assert_int_equal(change(id, "again"), 0);
        expect_password(id, "again");
}

/* Headers of INVITEs: sealed like a password, under a key of their own. */

#define LINES "X-Token: KEY-correct-horse\r\nX-Account: acme\r\n"

static void expect_headers(uint32_t id, const char *lines)
{
        char memory[TRUNK_HEADERS_BYTES];
        struct buf b;
        const struct trunk *trunk = directory_trunk_get(w.dir, id);
        assert_non_null(trunk);
        buf_init(&b, memory, sizeof memory);
        assert_int_equal(directory_trunk_headers(w.dir, trunk, &b), 0);
        assert_true(slice_equal(buf_slice(&b), slice_from(lines)));
}

static int change_headers(uint32_t id, const char *lines)
{
        struct answer answer = {.err = 1};
        struct trunk trunk = *directory_trunk_get(w.dir, id);
        assert_int_equal(directory_trunk_seal_headers(w.dir, &trunk, slice_from(lines)), 0);
        assert_int_equal(directory_trunk_change(w.dir, &trunk, world_done, &answer), 0);
        world_run_ms(&w, 3000);
        return answer.err;
}

static void headers_are_there_after_a_restart_and_in_no_file(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        expect_headers(id, "");
        assert_int_equal(change_headers(id, LINES), 0);
        expect_headers(id, LINES);
        world_reopen(&w);
        expect_headers(id, LINES);
        expect_password(id, PASSWORD);
        assert_false(scratch_holds(&w.files, "correct-horse", strlen("correct-horse")));
        assert_int_equal(vault_keys_used(w.vault), 2);
        assert_int_equal(change(id, "another"), 0);
        expect_headers(id, LINES);
        assert_int_equal(vault_keys_used(w.vault), 2);
        assert_int_equal(change_headers(id, ""), 0);
        expect_headers(id, "");
        expect_password(id, "another");
        assert_int_equal(vault_keys_used(w.vault), 1);
}

static void headers_that_the_disk_refuses_or_nobody_adds_leave_no_key(void **state)
{
        (void)state;
        uint32_t id = add("");
        assert_int_equal(change_headers(id, LINES), 0);
        store_memory_fail(w.store, 1, 1, ERR_STORE);
        assert_int_equal(change_headers(id, "X-B: b\r\n"), ERR_STORE);
        expect_headers(id, LINES);
        assert_int_equal(vault_keys_used(w.vault), 1);

        char longest[TRUNK_HEADERS_BYTES + 1];
        memset(longest, 'x', sizeof longest);
        struct trunk trunk = *directory_trunk_get(w.dir, id);
        assert_int_equal(directory_trunk_seal_headers(w.dir, &trunk,
                                                      (struct slice){longest, sizeof longest}),
                         ERR_TOO_LARGE);
        assert_int_equal(directory_trunk_seal_headers(w.dir, &trunk,
                                                      (struct slice){longest, sizeof longest - 1}),
                         0);
        assert_int_equal(vault_keys_used(w.vault), 2);
        directory_trunk_discard(w.dir, &trunk);
        assert_int_equal(vault_keys_used(w.vault), 1);
        expect_headers(id, LINES);

        struct answer answer = {.err = 1};
        assert_int_equal(directory_trunk_remove(w.dir, id, world_done, &answer), 0);
        world_run(&w);
        assert_int_equal(vault_keys_used(w.vault), 0);
}

static void lost_headers_leave_a_trunk_without_them(void **state)
{
        (void)state;
        uint32_t id = add(PASSWORD);
        assert_int_equal(change_headers(id, LINES), 0);
        const struct trunk *trunk = directory_trunk_get(w.dir, id);
        assert_int_equal(vault_key_shred(w.vault, trunk->writing.headers_key), 0);
        assert_int_equal(vault_sync(w.vault), 0);
        world_reopen(&w);
        expect_headers(id, "");
        expect_password(id, PASSWORD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_password_is_there_after_a_restart_and_in_no_file),
                TEST(passwords_have_every_length_up_to_their_limit),
                TEST(a_changed_password_replaces_the_old_one_for_good),
                TEST(a_change_that_keeps_the_password_keeps_its_key),
                TEST(what_the_disk_refuses_leaves_the_old_password),
                TEST(a_refused_add_leaves_no_key),
                TEST(a_change_to_no_trunk_leaves_no_key),
                TEST(a_removed_trunk_takes_its_password_along_once_that_is_on_disk),
                TEST(a_lost_key_leaves_a_trunk_without_password),
                TEST(headers_are_there_after_a_restart_and_in_no_file),
                TEST(headers_that_the_disk_refuses_or_nobody_adds_leave_no_key),
                TEST(lost_headers_leave_a_trunk_without_them),
        };
        return RUN_TESTS(tests);
}
