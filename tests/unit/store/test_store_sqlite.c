/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "crash_vfs.h"
#include "rig.h"

static struct rig rig;

static int set_up(void **state)
{
        (void)state;
        crash_vfs_register();
        crash_vfs_reset();
        rig_init(&rig, RIG_SQLITE);
        rig.vfs = CRASH_VFS;
        rig_open(&rig);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        crash_vfs_calm();
        rig_fini(&rig);
        crash_vfs_reset();
        return 0;
}

static int submit(struct store_change change)
{
        return rig_submit(&rig, &change, 1);
}

/* Something done to the closed database behind the store's back. */
static void behind_its_back(const char *sql)
{
        char path[128], *error = NULL;
        sqlite3 *db = NULL;
        snprintf(path, sizeof path, "%s/%s", rig.scratch.path, DATA_DIR_DATABASE);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
                fail_msg("%s", error);
        sqlite3_close(db);
}

static void refused(int err, const char *said)
{
        assert_int_equal(rig_try_open(&rig), err);
        assert_non_null(strstr(rig.problem, said));
}

static void its_files_are_private_whatever_the_umask(void **state)
{
        (void)state;
        rig_close(&rig);
        scratch_remove_file(&rig.scratch, DATA_DIR_DATABASE);
        mode_t before = umask(0);
        rig_open(&rig);
        assert_int_equal(submit(make_session(1)), 0);
        umask(before);
        assert_int_equal(scratch_mode(&rig.scratch, "maskline.db"), 0600);
        assert_int_equal(scratch_mode(&rig.scratch, "maskline.db-wal"), 0600);
        assert_int_equal(scratch_mode(&rig.scratch, "maskline.db-shm"), 0600);
}

static void closing_leaves_no_log(void **state)
{
        (void)state;
        assert_int_equal(submit(make_session(1)), 0);
        assert_int_equal(scratch_mode(&rig.scratch, "maskline.db-wal"), 0600);
        rig_close(&rig);
        assert_int_equal(scratch_mode(&rig.scratch, "maskline.db-wal"), 0);
        rig_open(&rig);
}

static void a_database_of_another_application_is_refused(void **state)
{
        (void)state;
        rig_close(&rig);
        behind_its_back("PRAGMA application_id = 1");
        refused(ERR_CONFLICT, "is a database of another application");

        scratch_remove_file(&rig.scratch, DATA_DIR_DATABASE);
        behind_its_back("CREATE TABLE note (text TEXT)");
        scratch_set_mode(&rig.scratch, DATA_DIR_DATABASE, 0600);
        refused(ERR_CONFLICT, "is a database of another application");
        behind_its_back("SELECT text FROM note"); /* as it was */
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
        (void)state;
        rig_close(&rig);
        behind_its_back("PRAGMA user_version = 99");
        size_t bytes = 0, after = 0;
        uint8_t *file = scratch_read(&rig.scratch, DATA_DIR_DATABASE, &bytes);
        refused(ERR_VERSION, "newer maskline (schema 99");
        uint8_t *again = scratch_read(&rig.scratch, DATA_DIR_DATABASE, &after);
        assert_int_equal(bytes, after);
        assert_memory_equal(file, again, bytes);
        free(file);
        free(again);
}

/* What later schemas added to the tables of the first. */
static const struct {
        const char *table, *column;
} later_columns[] = {
        {"cdr", "attempts"},
        {"tenant", "removed_ms"},
        {"number", "country"},
        {"number", "area"},
        {"number", "capabilities"},
        {"number", "reserved"},
        {"number", "frozen"},
        {"number", "tags"},
        {"session", "fixed_ms"},
        {"session", "sliding_ms"},
        {"session", "origin"},
        {"session", "used"},
        {"trunk", "follows_redirects"},
        {"trunk", "username"},
        {"trunk", "realm"},
        {"trunk", "password_key"},
        {"trunk", "password"},
        {"trunk", "registers"},
        {"trunk", "register_s"},
        {"trunk", "options_s"},
        {"trunk", "failover_ms"},
        {"trunk", "queue_ms"},
        {"trunk", "overflow"},
        {"trunk", "session_timer"},
        {"trunk", "prack"},
        {"trunk", "from_form"},
        {"trunk", "asserted_form"},
        {"trunk", "to_form"},
        {"trunk", "request_form"},
        {"trunk", "from_user"},
        {"trunk", "asserted_user"},
        {"trunk", "pilot"},
        {"trunk", "domain"},
        {"trunk", "domain_name"},
        {"trunk", "display"},
        {"trunk", "privacy"},
        {"trunk", "charge"},
        {"trunk", "user_phone"},
        {"trunk", "request_prefix"},
        {"trunk", "caller_prefix"},
        {"trunk", "dialled_prefix"},
        {"trunk", "headers_key"},
        {"trunk", "headers"},
        {"trunk", "tolerates"},
        {"trunk", "transport"},
        {"trunk", "client_domain"},
};

/* As the first release left it. */
static void bring_back_the_first_schema(void)
{
        char sql[4096];
        struct buf b;
        buf_init(&b, sql, sizeof sql - 1);
        for (unsigned i = 0; i < sizeof later_columns / sizeof later_columns[0]; i++)
                buf_printf(&b, "ALTER TABLE %s DROP COLUMN %s;", later_columns[i].table,
                           later_columns[i].column);
        assert_true(buf_ok(&b));
        sql[b.len] = '\0';
        behind_its_back(sql);
        behind_its_back("DROP TABLE block;"
                        "DROP TABLE api_key;"
                        "DROP TABLE grave;"
                        "DROP TABLE cdr_removed;"
                        "DROP TABLE pool;"
                        "CREATE TABLE pool (id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL, "
                        "name TEXT NOT NULL, quarantine_ms INTEGER, UNIQUE (tenant_id, name)) "
                        "STRICT;"
                        "INSERT INTO pool VALUES (1, 1, 'default', NULL);"
                        "PRAGMA user_version = 1");
}

static void expect_defaults_of_a_trunk(const struct trunk *trunk)
{
        assert_string_equal(trunk->name, "carrier-1");
        assert_int_equal(trunk->announcements_max, 3);
        assert_string_equal(trunk->username, "");
        assert_int_equal(trunk->password_key, 0);
        assert_false(trunk->registers);
        assert_int_equal(trunk->options_s, TRUNK_OPTIONS_S_DEFAULT);
        assert_int_equal(trunk->failover_ms, TRUNK_FAILOVER_MS_DEFAULT);
        assert_int_equal(trunk->queue_ms, 0);
        assert_false(trunk->follows_redirects);
        assert_false(trunk->no_session_timer);
        assert_false(trunk->no_prack);
        assert_int_equal(trunk->transport, TRUNK_UDP);
        assert_string_equal(trunk->client_domain, "");
        assert_int_equal(trunk->overflow_count, 0);
        assert_true(number_is_none(trunk->writing.pilot.n));
        assert_string_equal(trunk->writing.request_prefix, "");
        assert_int_equal(trunk->writing.headers_bytes, 0);
}

static void a_database_of_the_first_schema_is_brought_up_to_date(void **state)
{
        (void)state;
        assert_int_equal(submit(make_trunk(1)), 0);
        assert_int_equal(submit(make_number(1)), 0);
        assert_int_equal(submit(make_session(1)), 0);
        rig_close(&rig);
        bring_back_the_first_schema();
        rig_open(&rig);
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->trunk_count, 1);
        expect_defaults_of_a_trunk(&rows->trunks[0]);
        assert_int_equal(rows->pool_count, 0); /* the default one needs no row */
        assert_int_equal(rows->numbers[0].traits.capabilities, 1u << CAN_VOICE);
        assert_false(rows->numbers[0].traits.reserved || rows->numbers[0].traits.frozen);
        assert_int_equal(rows->session_count, 1);
        assert_int_equal(rows->sessions[0].sliding_ms, 0);
        assert_int_equal(rows->sessions[0].origin, 0);
        assert_int_equal(rows->uses[0].calls, 0);
        free(rows);
        assert_int_equal(submit(make_trunk(1)), 0);
        rows = rig_load(&rig);
        assert_string_equal(rows->trunks[0].username, "acme-1");
        free(rows);
}

static void a_database_of_another_master_key_is_refused(void **state)
{
        (void)state;
        rig_close(&rig);
        behind_its_back("UPDATE meta SET value = x'00112233445566778899aabbccddeeff'");
        refused(ERR_CONFLICT, "belongs to another master.key");
        behind_its_back("DELETE FROM meta");
        refused(ERR_CONFLICT, "belongs to another master.key");
}

static void a_file_that_is_no_database_is_refused(void **state)
{
        (void)state;
        static uint8_t rubbish[8192];
        rig_close(&rig);
        memset(rubbish, 0xa5, sizeof rubbish);
        scratch_write(&rig.scratch, DATA_DIR_DATABASE, rubbish, sizeof rubbish);
        refused(ERR_STORE, "is damaged");
        assert_non_null(strstr(rig.problem, "backup"));
}

static void a_database_that_others_can_read_is_refused(void **state)
{
        (void)state;
        rig_close(&rig);
        scratch_set_mode(&rig.scratch, DATA_DIR_DATABASE, 0644);
        refused(-EPERM, "maskline.db can be read by other users");
}

static void a_database_that_cannot_be_written_is_refused(void **state)
{
        (void)state;
        rig_close(&rig);
        crash_vfs_set_read_only(true);
        refused(ERR_STORE, "can't be written");
}

static void a_second_store_on_the_directory_is_refused(void **state)
{
        (void)state;
        struct rig second = rig;
        second.dir = NULL;
        second.vault = NULL;
        second.store = NULL;
        assert_int_equal(rig_try_open(&second), -EWOULDBLOCK);
        assert_non_null(strstr(second.problem, "Another maskline is running"));
        assert_int_equal(submit(make_session(1)), 0);
}

static void damaged_pages_are_noticed_after_a_crash(void **state)
{
        (void)state;
        for (uint64_t i = 1; i <= 200; i++)
                assert_int_equal(submit(make_session(i)), 0);
        rig_close(&rig);
        size_t bytes = 0;
        uint8_t *file = scratch_read(&rig.scratch, DATA_DIR_DATABASE, &bytes);
        memset(file + bytes - 4096, 0x5a, 64); /* a page's header */
        scratch_write(&rig.scratch, DATA_DIR_DATABASE, file, bytes);
        free(file);
        scratch_write(&rig.scratch, "maskline.db-wal", "left by a crash", 15);
        scratch_set_mode(&rig.scratch, "maskline.db-wal", 0600);
        refused(ERR_STORE, "is damaged");
}

static void a_full_disk_is_told_and_survived(void **state)
{
        (void)state;
        assert_int_equal(submit(make_session(1)), 0);
        crash_vfs_fail_writes(SQLITE_FULL);
        struct store_change lost[] = {make_session(2), make_audit(1)};
        assert_int_equal(rig_submit(&rig, lost, 2), ERR_STORE);
        assert_int_equal(rig_submit(&rig, lost, 2), ERR_STORE);
        assert_false(rig.store->ops->healthy(rig.store, rig.problem));
        assert_non_null(strstr(rig.problem, "the disk is full"));

        crash_vfs_fail_writes(0);
        struct store_change kept[] = {make_session(3), make_audit(2)};
        assert_int_equal(rig_submit(&rig, kept, 2), 0);
        assert_true(rig.store->ops->healthy(rig.store, rig.problem));
        rig_close(&rig);
        rig_open(&rig);

        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 2);
        assert_int_equal(rows->sessions[0].id, 1);
        assert_int_equal(rows->sessions[1].id, 3);
        free(rows);
        struct audit_check check = rig_verify(&rig, NULL);
        assert_int_equal(check.count, 1);
        assert_int_equal(check.bad_at, 0);
}

static void a_failed_sync_is_no_acknowledgement(void **state)
{
        (void)state;
        assert_int_equal(submit(make_audit(1)), 0);
        crash_vfs_fail_syncs(SQLITE_IOERR_FSYNC);
        assert_int_equal(submit(make_audit(2)), ERR_STORE);
        assert_false(rig.store->ops->healthy(rig.store, rig.problem));
        assert_non_null(strstr(rig.problem, "Look at the disk"));
        crash_vfs_fail_syncs(0);
        assert_int_equal(submit(make_audit(3)), 0);
        rig_close(&rig);
        rig_open(&rig);
        struct audit_check check = rig_verify(&rig, NULL);
        assert_int_equal(check.count, 2);
        assert_int_equal(check.bad_at, 0);
}

static int outcomes[2];

static void on_outcome(void *arg, int err)
{
        *(int *)arg = err;
        rig_came(&rig);
}

static void one_full_disk_fails_all_that_was_waiting(void **state)
{
        (void)state;
        crash_vfs_fail_writes(SQLITE_FULL);
        for (unsigned i = 0; i < 2; i++) {
                struct store_change change = make_session(i + 1);
                assert_int_equal(
                        rig.store->ops->submit(rig.store, &change, 1, on_outcome, &outcomes[i]), 0);
                rig.waiting++;
        }
        rig_run(&rig);
        assert_int_equal(outcomes[0], ERR_STORE);
        assert_int_equal(outcomes[1], ERR_STORE);
}

/* A small file system of its own, if we may mount one; gone with the process. */
static bool mount_small(const char *path)
{
        return unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("tmpfs", path, "tmpfs", 0, "size=1m,mode=0700") == 0;
}

static void a_file_system_that_is_really_full(void **state)
{
        (void)state;
        static uint8_t filler[900 * 1024];
        rig_close(&rig);
        if (!mount_small(rig.scratch.path)) {
                rig_open(&rig);
                skip_for_want_of("namespace");
        }
        rig.vfs = NULL;
        rig_open(&rig);
        size_t room = sizeof filler;
        scratch_write(&rig.scratch, "filler", filler, 0);
        while (room > 4096 && !scratch_try_write(&rig.scratch, "filler", filler, room))
                room -= 4096;

        uint64_t id = 1;
        while (submit(make_session(id)) == 0)
                id++;
        assert_true(id < RIG_ROWS_MAX);
        assert_false(rig.store->ops->healthy(rig.store, rig.problem));
        assert_non_null(strstr(rig.problem, "the disk is full"));
        assert_non_null(strstr(rig.problem, rig.scratch.path));

        scratch_remove_file(&rig.scratch, "filler");
        assert_int_equal(submit(make_session(id)), 0);
        assert_true(rig.store->ops->healthy(rig.store, rig.problem));
        rig_close(&rig);
        rig_open(&rig);
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, id);
        free(rows);
        rig_close(&rig);
        assert_int_equal(umount(rig.scratch.path), 0);
        rig_open(&rig);
}

static int syncs;

static void keys_must_be_on_disk(void *arg)
{
        (void)arg;
        syncs++;
        assert_int_equal(vault_unsynced(rig.vault), 0);
}

static void a_key_is_on_disk_before_its_session(void **state)
{
        (void)state;
        syncs = 0;
        crash_vfs_on_sync("-wal", keys_must_be_on_disk, NULL);
        for (uint64_t i = 1; i <= 5; i++) {
                struct store_change change = make_session(i);
                assert_int_equal(vault_key_new(rig.vault, &change.session.key_slot), 0);
                assert_int_equal(vault_unsynced(rig.vault), 1);
                assert_int_equal(rig_submit(&rig, &change, 1), 0);
        }
        assert_true(syncs >= 5);
        crash_vfs_on_sync(NULL, NULL, NULL);
}

static void no_session_without_its_key(void **state)
{
        (void)state;
        struct rlimit before, tiny;
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        signal(SIGXFSZ, SIG_IGN);
        tiny = before;
        tiny.rlim_cur = 4096; /* the slots' header fits, the first slots do not */
        uint64_t key = 0;
        assert_int_equal(vault_key_new(rig.vault, &key), 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
        int err = submit(make_session(1));
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(err, ERR_STORE);
        assert_false(rig.store->ops->healthy(rig.store, rig.problem));
        assert_non_null(strstr(rig.problem, "keys.slots can't be written"));
        assert_int_equal(vault_unsynced(rig.vault), 1);

        assert_int_equal(submit(make_session(2)), 0);
        assert_int_equal(vault_unsynced(rig.vault), 0);
        struct rig_rows *rows = rig_load(&rig);
        assert_int_equal(rows->session_count, 1);
        assert_int_equal(rows->sessions[0].id, 2);
        free(rows);
        rig_close(&rig);
        rig_open(&rig);
        assert_true(vault_key_keep(rig.vault, key));
}

static void nothing(void *arg)
{
        (void)arg;
}

static void callbacks_come_though_the_loop_was_flooded(void **state)
{
        (void)state;
        while (io_post(rig.io, nothing, NULL) == 0)
                continue;
        assert_int_equal(submit(make_session(1)), 0);
}

/* Enough turns for the writing thread to post what it has committed, more often than not. */
static void let_it_post(uint64_t operations)
{
        while (crash_vfs_operations() == operations)
                sched_yield();
        for (int i = 0; i < 2000; i++)
                sched_yield();
}

static void closing_with_a_callback_on_its_way(void **state)
{
        (void)state;
        for (uint64_t i = 1; i <= 10; i++) {
                outcomes[0] = 1;
                struct store_change change = make_session(i);
                uint64_t operations = crash_vfs_operations();
                assert_int_equal(
                        rig.store->ops->submit(rig.store, &change, 1, on_outcome, &outcomes[0]), 0);
                rig.waiting++;
                let_it_post(operations);
                rig_close(&rig);
                assert_int_equal(outcomes[0], 0);
                rig_open(&rig);
        }
        assert_int_equal(submit(make_session(99)), 0); /* the loop runs: nothing was left in it */
}

static void the_log_is_written_back_while_it_grows(void **state)
{
        (void)state;
        static struct store_change changes[64];
        size_t bytes = 0;
        for (uint64_t i = 0; i < 120; i++) {
                for (uint64_t k = 0; k < 64; k++) {
                        changes[k] = make_session(i * 64 + k + 1);
                        changes[k].session.sealed_bytes = STORE_SEALED_MAX;
                }
                assert_int_equal(rig_submit(&rig, changes, 64), 0);
        }
        /* A query waits its turn behind the checkpoint that was asked for. */
        struct cdr cdr;
        (void)rig_cdrs(&rig, &(struct store_cdr_query){.max = 1}, &cdr);
        free(scratch_read(&rig.scratch, DATA_DIR_DATABASE, &bytes));
        assert_true(bytes > 500 * 4096);
}

static void the_audit_record_cannot_be_changed_by_mistake(void **state)
{
        (void)state;
        assert_int_equal(submit(make_audit(5)), 0);
        rig_close(&rig);
        static const char *const mistakes[] = {
                "UPDATE audit SET kind = 1",
                "DELETE FROM audit",
                "DELETE FROM audit WHERE sequence = 1",
        };
        char path[128];
        sqlite3 *db = NULL;
        snprintf(path, sizeof path, "%s/%s", rig.scratch.path, DATA_DIR_DATABASE);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        for (unsigned i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
                assert_int_equal(sqlite3_exec(db, mistakes[i], NULL, NULL, NULL),
                                 SQLITE_CONSTRAINT);
                assert_string_equal(sqlite3_errmsg(db), "the audit record is append-only");
        }
        sqlite3_close(db);
        rig_open(&rig);
        assert_int_equal(rig_verify(&rig, NULL).count, 1);
}

#define UNGUARDED "DROP TRIGGER audit_is_not_updated; DROP TRIGGER audit_is_not_deleted;"

struct tampering {
        const char *sql;
        uint64_t bad_at;
        bool seen_at_start; /* without a walk */
};

static const struct tampering tamperings[] = {
        {"UPDATE audit SET kind = 8 WHERE sequence = 3", 3, false},
        {"UPDATE audit SET body = x'41' WHERE sequence = 5", 5, false},
        {"UPDATE audit SET body = zeroblob(300) WHERE sequence = 5", 5, false},
        {"UPDATE audit SET at_ms = at_ms + 1 WHERE sequence = 1", 1, false},
        {"UPDATE audit SET tenant_id = 2 WHERE sequence = 10", 10, false},
        {"UPDATE audit SET hash = x'00' WHERE sequence = 4", 4, false},
        {"DELETE FROM audit WHERE sequence = 4", 4, false},
        {"DELETE FROM audit WHERE sequence = 1", 1, false},
        {"DELETE FROM audit WHERE sequence > 7", 8, true},
        {"DELETE FROM audit", 1, true},
        {"DELETE FROM audit WHERE sequence = 6;"
         "UPDATE audit SET sequence = sequence - 1 WHERE sequence > 6",
         6, true},
        {"UPDATE audit SET sequence = 100 WHERE sequence = 2;"
         "UPDATE audit SET sequence = 2 WHERE sequence = 3;"
         "UPDATE audit SET sequence = 3 WHERE sequence = 100",
         2, false},
        {"INSERT INTO audit SELECT 11, tenant_id, at_ms, kind, body, hash FROM audit "
         "WHERE sequence = 10",
         11, true},
        {"INSERT INTO audit SELECT 0, tenant_id, at_ms, kind, body, hash FROM audit "
         "WHERE sequence = 10",
         1, false},
        {"DELETE FROM audit WHERE sequence > 7;"
         "UPDATE audit_head SET sequence = 7, hash = (SELECT hash FROM audit WHERE sequence = 7)",
         8, true},
        {"DELETE FROM audit WHERE sequence > 7; DELETE FROM audit_head", 8, true},
        {"DELETE FROM audit; DELETE FROM audit_head", 1, true},
        {"UPDATE audit_head SET mac = x'00'", 11, true},
};

static void tampering_is_noticed_and_stays_noticed(void **state)
{
        (void)state;
        for (unsigned i = 0; i < sizeof tamperings / sizeof tamperings[0]; i++) {
                const struct tampering *t = &tamperings[i];
                if (i) { /* each on a record of its own */
                        rig_close(&rig);
                        scratch_remove_file(&rig.scratch, DATA_DIR_DATABASE);
                        rig_open(&rig);
                }
                for (uint32_t k = 1; k <= 10; k++)
                        assert_int_equal(submit(make_audit(k)), 0);
                assert_int_equal(rig_verify(&rig, NULL).bad_at, 0);
                rig_close(&rig);
                behind_its_back(UNGUARDED);
                behind_its_back(t->sql);

                rig_open(&rig);
                assert_int_equal(rig.store->ops->healthy(rig.store, rig.problem),
                                 !t->seen_at_start);
                if (t->seen_at_start)
                        assert_non_null(strstr(rig.problem, "somebody has changed the file"));
                assert_int_equal(rig_verify(&rig, NULL).bad_at, t->bad_at);

                /* What is written afterwards, and another start, do not cover it up. */
                assert_int_equal(submit(make_audit(50)), 0);
                assert_int_equal(rig_verify(&rig, NULL).bad_at, t->bad_at);
                rig_close(&rig);
                rig_open(&rig);
                assert_int_equal(rig_verify(&rig, NULL).bad_at, t->bad_at);
        }
}

static void an_audit_entry_beyond_all_counting_is_damage(void **state)
{
        (void)state;
        assert_int_equal(submit(make_audit(1)), 0);
        rig_close(&rig);
        behind_its_back("INSERT INTO audit VALUES (9223372036854775807, 1, 1, 1, x'', x'')");
        refused(ERR_STORE, "is damaged");
}

static void a_stored_value_out_of_range_is_not_loaded(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "UPDATE session SET state = 9",
                "UPDATE session SET state = 1, sealed = zeroblob(1153)",
                "UPDATE session SET sealed = x'', tenant_id = -1",
                "UPDATE session SET tenant_id = 1, reference = printf('%064d', 1)",
                "UPDATE session SET reference = ''; UPDATE number SET trunk_id = 4294967296",
                "UPDATE number SET trunk_id = 1; UPDATE trunk SET sources = '192.0.2.1/33'",
                "UPDATE trunk SET sources = 'x'",
                "UPDATE trunk SET sources = '', advertised = 'x'",
                "UPDATE trunk SET advertised = '', number_form = 5",
                "UPDATE trunk SET number_form = 0, password = zeroblob(106)",
                "UPDATE trunk SET password = x'', registers = 2",
                "UPDATE trunk SET registers = 0, username = printf('%065d', 1)",
                "UPDATE trunk SET username = '', from_form = 6",
                "UPDATE trunk SET from_form = 0, asserted_user = 2",
                "UPDATE trunk SET asserted_user = 0, request_prefix = '01234567890123456'",
                "UPDATE trunk SET request_prefix = '', headers = zeroblob(10000)",
                "UPDATE trunk SET headers = x'', tolerates = 8",
                "UPDATE trunk SET tolerates = 0; UPDATE number SET capabilities = 4",
                "UPDATE number SET capabilities = 1, country = 'IND'",
                "UPDATE number SET country = 'IN', frozen = 2",
                "UPDATE number SET frozen = 0; UPDATE session SET used = x'00'",
                ("UPDATE session SET used = x'';"
                 "INSERT INTO pool VALUES (1, 2, 'p', 'ring_s=' || char(10) || 'x')"),
                "UPDATE pool SET policy = 'no_such_setting=1'",
        };
        const struct store_loader *loader = rig_loader();
        assert_int_equal(submit(make_trunk(1)), 0);
        assert_int_equal(submit(make_number(1)), 0);
        assert_int_equal(submit(make_session(1)), 0);
        for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                rig_close(&rig);
                behind_its_back(bad[i]);
                rig_open(&rig);
                assert_int_equal(rig.store->ops->load(rig.store, loader), ERR_STORE);
        }
        rig_close(&rig);
        behind_its_back("DELETE FROM pool");
        rig_open(&rig);
        assert_int_equal(rig.store->ops->load(rig.store, loader), 0);
}

static int explain(void *arg, int columns, char **values, char **names)
{
        (void)names;
        assert_int_equal(columns, 4);
        bool *indexed = arg;
        if (strstr(values[3], "SCAN cdr") && !strstr(values[3], "USING"))
                *indexed = false;
        if (strstr(values[3], "TEMP B-TREE"))
                *indexed = false;
        return 0;
}

static void records_are_found_through_an_index_and_never_sorted(void **state)
{
        (void)state;
        static const char *const queries[] = {
                "SELECT * FROM cdr WHERE started_ms < 5 AND (0 = 0 OR tenant_id = 0) "
                "ORDER BY started_ms DESC, tenant_id DESC, id DESC LIMIT 9",
                "SELECT started_ms / 3600000 FROM cdr WHERE started_ms / 3600000 < 5 "
                "ORDER BY started_ms / 3600000 DESC LIMIT 1",
                "SELECT * FROM cdr WHERE started_ms / 3600000 = 5 AND call_id = x'00'",
        };
        rig_close(&rig);
        char path[128], sql[320];
        sqlite3 *db = NULL;
        snprintf(path, sizeof path, "%s/%s", rig.scratch.path, DATA_DIR_DATABASE);
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        for (unsigned i = 0; i < sizeof queries / sizeof queries[0]; i++) {
                bool indexed = true;
                snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", queries[i]);
                assert_int_equal(sqlite3_exec(db, sql, explain, &indexed, NULL), SQLITE_OK);
                assert_true(indexed);
        }
        sqlite3_close(db);
}

/* Every way in which a number might lie in a file. */
static bool number_is_in_files(uint64_t e164)
{
        char digits[24];
        uint8_t packed[8], swapped[8], big[8], little[8];
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)e164);
        for (unsigned i = 0; i < 6; i++) {
                uint8_t high = (uint8_t)(digits[2 * i] - '0');
                uint8_t low = (uint8_t)(digits[2 * i + 1] - '0');
                packed[i] = (uint8_t)(high << 4 | low);
                swapped[i] = (uint8_t)(low << 4 | high);
        }
        for (unsigned i = 0; i < 5; i++) { /* the significant bytes */
                little[i] = (uint8_t)(e164 >> (8 * i));
                big[4 - i] = little[i];
        }
        return scratch_holds(&rig.scratch, digits + 2, 10) ||
               scratch_holds(&rig.scratch, packed, 6) || scratch_holds(&rig.scratch, swapped, 6) ||
               scratch_holds(&rig.scratch, big, 5) || scratch_holds(&rig.scratch, little, 5);
}

#define CALLER UINT64_C(919888800001)
#define CALLEE UINT64_C(919888800002)

static struct store_change sealed_session(uint64_t id)
{
        struct store_change change = make_session(id);
        struct session_party parties[2] = {{.real = {{{CALLER}}}}, {.real = {{{CALLEE}}}}};
        char text[32] = {0};
        char plain[sizeof parties + sizeof text];
        struct buf b;
        snprintf(text, sizeof text, "+%llu", (unsigned long long)CALLER);
        memcpy(plain, parties, sizeof parties);
        memcpy(plain + sizeof parties, text, sizeof text);
        buf_init(&b, change.session.sealed, sizeof change.session.sealed);
        assert_int_equal(vault_key_new(rig.vault, &change.session.key_slot), 0);
        assert_int_equal(vault_seal(rig.vault, change.session.key_slot, SLICE("tenant 1"),
                                    (struct slice){plain, sizeof plain}, &b),
                         0);
        change.session.sealed_bytes = (uint16_t)b.len;
        return change;
}

static void no_real_number_is_in_any_file(void **state)
{
        (void)state;
        struct store_change change = sealed_session(1);
        struct store_change audit = make_audit(20);
        vault_lookup_hash(rig.vault, 1, (struct masking_number){{919000000001}},
                          (struct real_number){{CALLER}}, audit.audit.body);
        struct siphash_key key = vault_hint_key(rig.vault, 1700000000000);
        struct store_change cdr = make_cdr(1, CDR_LEG_A, 1700000000000);
        cdr.cdr.party_hint = number_hint((struct number){CALLER}, &key);
        assert_int_equal(submit(change), 0);
        assert_int_equal(submit(audit), 0);
        assert_int_equal(submit(cdr), 0);
        assert_int_equal(submit(make_session_state(1, SESSION_ENDED, 1)), 0);
        assert_false(number_is_in_files(CALLER)); /* the log among them */
        assert_false(number_is_in_files(CALLEE));
        assert_int_equal(vault_key_shred(rig.vault, change.session.key_slot), 0);
        assert_int_equal(submit(make_session_state(1, SESSION_ERASED, 1)), 0);
        rig_close(&rig);
        assert_false(number_is_in_files(CALLER));
        assert_false(number_is_in_files(CALLEE));
        rig_open(&rig);
}

static void a_planted_number_is_found_in_every_form(void **state)
{
        (void)state;
        static const uint8_t forms[][12] = {
                "919888800001",
                "9888800001",
                {0x91, 0x98, 0x88, 0x80, 0x00, 0x01},
                {0x19, 0x89, 0x88, 0x08, 0x00, 0x10},
                {0x00, 0x00, 0x00, 0xd6, 0x2d, 0xa5, 0x29, 0x01},
                {0x01, 0x29, 0xa5, 0x2d, 0xd6},
        };
        for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
                struct store_change change = make_session(i + 1);
                assert_false(number_is_in_files(CALLER));
                memcpy(change.session.sealed + 50, forms[i], sizeof forms[i]);
                assert_int_equal(rig_submit(&rig, &change, 1), 0);
                assert_true(number_is_in_files(CALLER));
                rig_close(&rig);
                scratch_remove_file(&rig.scratch, DATA_DIR_DATABASE);
                rig_open(&rig);
        }
}

static void what_was_erased_is_overwritten_in_the_database(void **state)
{
        (void)state;
        struct store_change change = sealed_session(1);
        strcpy(change.session.reference, "the reference of one who wants to be forgotten");
        assert_int_equal(submit(change), 0);
        rig_close(&rig); /* the log is written back and gone */
        assert_true(scratch_holds(&rig.scratch, "wants to be forgotten", 21));
        assert_true(scratch_holds(&rig.scratch, change.session.sealed, 32));
        rig_open(&rig);
        assert_int_equal(submit(make_session_state(1, SESSION_ERASED, 9)), 0);
        rig_close(&rig);
        assert_false(scratch_holds(&rig.scratch, "wants to be forgotten", 21));
        assert_false(scratch_holds(&rig.scratch, change.session.sealed, 32));
        rig_open(&rig);
}

static void after_shredding_no_copy_of_the_database_opens(void **state)
{
        (void)state;
        struct store_change change = sealed_session(1);
        uint64_t key = change.session.key_slot;
        struct rig_rows *rows;
        char plain[STORE_SEALED_MAX];
        struct buf b;
        assert_int_equal(submit(change), 0);
        assert_int_equal(vault_key_shred(rig.vault, key), 0);
        assert_int_equal(submit(make_audit(1)), 0); /* the row stays, as in a backup */
        rig_close(&rig);
        rig_open(&rig);
        rows = rig_load(&rig);
        buf_init(&b, plain, sizeof plain);
        struct slice sealed = {(char *)rows->sessions[0].sealed, rows->sessions[0].sealed_bytes};
        assert_int_equal(vault_unseal(rig.vault, key, SLICE("tenant 1"), sealed, &b), ERR_STALE);
        free(rows);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(its_files_are_private_whatever_the_umask),
                TEST(closing_leaves_no_log),
                TEST(a_database_of_another_application_is_refused),
                TEST(a_newer_schema_is_refused_and_left_alone),
                TEST(a_database_of_the_first_schema_is_brought_up_to_date),
                TEST(a_database_of_another_master_key_is_refused),
                TEST(a_file_that_is_no_database_is_refused),
                TEST(a_database_that_others_can_read_is_refused),
                TEST(a_database_that_cannot_be_written_is_refused),
                TEST(a_second_store_on_the_directory_is_refused),
                TEST(damaged_pages_are_noticed_after_a_crash),
                TEST(a_full_disk_is_told_and_survived),
                TEST(a_failed_sync_is_no_acknowledgement),
                TEST(one_full_disk_fails_all_that_was_waiting),
                TEST(a_file_system_that_is_really_full),
                TEST(a_key_is_on_disk_before_its_session),
                TEST(no_session_without_its_key),
                TEST(callbacks_come_though_the_loop_was_flooded),
                TEST(closing_with_a_callback_on_its_way),
                TEST(the_log_is_written_back_while_it_grows),
                TEST(the_audit_record_cannot_be_changed_by_mistake),
                TEST(tampering_is_noticed_and_stays_noticed),
                TEST(an_audit_entry_beyond_all_counting_is_damage),
                TEST(a_stored_value_out_of_range_is_not_loaded),
                TEST(records_are_found_through_an_index_and_never_sorted),
                TEST(no_real_number_is_in_any_file),
                TEST(a_planted_number_is_found_in_every_form),
                TEST(what_was_erased_is_overwritten_in_the_database),
                TEST(after_shredding_no_copy_of_the_database_opens),
        };
        return RUN_TESTS(tests);
}
