/* SPDX-License-Identifier: Apache-2.0 */
/* Backups of a directory that works meanwhile, and directories made of them. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/audit_entry.h"
#include "io/io_epoll.h"
#include "scratch.h"
#include "store/backup_file.h"
#include "store/backups.h"
#include "store/directory_change.h"
#include "store/restore.h"
#include "world.h"

#define RETENTION_MS INT64_C(3600000)
#define KEPT         40 /* sessions of a kill test */

static struct io *io;
static struct scratch old_dir, folder, new_dir;
static struct directory *dir;
static struct backups *backups;
static int64_t retention_ms = RETENTION_MS;
static char problem[512];

static struct directory *open_dir(const struct scratch *files)
{
        struct directory *opened = NULL;
        const struct directory_params params = {
                .io = io,
                .data_dir = files->path,
                .sessions_max = 20000,
                .numbers_max = 10,
                .quarantine_ms = 7200000,
        };
        if (directory_open(&params, &opened, problem))
                fail_msg("%s", problem);
        return opened;
}

static void open_all(const struct scratch *files)
{
        dir = open_dir(files);
        const struct backups_params params = {
                .io = io, .directory = dir, .folder = folder.path, .retention_ms = retention_ms};
        if (backups_open(&params, &backups, problem))
                fail_msg("%s", problem);
}

static void close_all(void)
{
        backups_close(backups);
        directory_close(dir);
        backups = NULL;
        dir = NULL;
}

static int set_up(void **state)
{
        (void)state;
        scratch_make(&old_dir);
        scratch_make(&folder);
        scratch_make(&new_dir);
        retention_ms = RETENTION_MS;
        assert_int_equal(io_create_epoll(&io), 0);
        open_all(&old_dir);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        if (dir)
                close_all();
        io_destroy(io);
        scratch_remove(&old_dir);
        scratch_remove(&folder);
        scratch_remove(&new_dir);
        return 0;
}

static struct real_number party(unsigned i)
{
        return (struct real_number){{919888800000 + i}};
}

static struct masking_number number(unsigned i)
{
        return (struct masking_number){{919000000000 + i}};
}

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

static void provision(void)
{
        struct trunk trunk = {.tenant_id = 1, .name = "carrier"};
        int answer = 1;
        assert_int_equal(directory_trunk_add(dir, &trunk, on_done, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        for (unsigned i = 1; i <= 2; i++) {
                const struct number_row row = {
                        .number = number(i), .tenant_id = 1, .trunk_id = trunk.id, .pool_id = 1};
                answer = 1;
                assert_int_equal(directory_number_add(dir, &row, on_done, &answer), 0);
                assert_int_equal(wait_for(&answer), 0);
        }
}

/* Parties 2n and 2n + 1. */
static struct session_view create(unsigned n, directory_done *done, void *arg)
{
        const struct session_create c = {.tenant_id = 1,
                                         .parties = {PARTY(party(2 * n)), PARTY(party(2 * n + 1))},
                                         .party_count = 2};
        struct session_view view;
        bool repeated;
        assert_int_equal(directory_session_create(dir, &c, &view, &repeated, NULL, done, arg), 0);
        return view;
}

static struct session_view create_kept(unsigned n)
{
        int answer = 1;
        struct session_view view = create(n, on_done, &answer);
        assert_int_equal(wait_for(&answer), 0);
        return view;
}

static enum mask_verdict call(const struct session_view *s, unsigned n)
{
        struct directory_decision d;
        world_decide(dir, s->parties[0].dials, party(2 * n), false, &d);
        return d.verdict;
}

static struct io_timer pause_timer;

static void on_pause(void *arg)
{
        (void)arg;
        io_stop(io);
}

static void run_ms(int64_t ms)
{
        io_timer_start(io, &pause_timer, ms, on_pause, NULL);
        io_run(io);
}

static struct backup_view finish(struct backup_view view)
{
        while (view.state == BACKUP_RUNNING) {
                run_ms(5);
                assert_int_equal(backups_find(backups, slice_from(view.name.text), &view), 0);
        }
        return view;
}

static struct backup_view make(void)
{
        struct backup_view view;
        assert_int_equal(backups_start(backups, &view), 0);
        return finish(view);
}

static struct backup_view make_whole(void)
{
        struct backup_view view = make();
        if (view.state != BACKUP_DONE)
                fail_msg("%s", view.problem);
        return view;
}

static void file_of(const struct backup_view *view, char out[160])
{
        snprintf(out, 160, "%s/%s" BACKUP_SUFFIX, folder.path, view->name.text);
}

static unsigned reports;

static void on_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
        (void)arg;
        assert_non_null(what);
        assert_true(done <= total);
        reports++;
}

static int restore(const struct backup_view *view, bool from, struct restore_report *report)
{
        char file[160];
        file_of(view, file);
        const struct restore_params params = {
                .backup = file,
                .into = new_dir.path,
                .from = from ? old_dir.path : NULL,
                .now_ms = io_wall_ms(io),
                .progress = on_progress,
        };
        return restore_run(&params, report, problem);
}

static struct restore_report restore_whole(const struct backup_view *view)
{
        struct restore_report report;
        if (restore(view, true, &report))
                fail_msg("%s", problem);
        return report;
}

static struct verified {
        int err;
        uint64_t count, bad_at;
} verified;

static void on_verified(void *arg, int err, uint64_t count, uint64_t bad_at)
{
        (void)arg;
        verified = (struct verified){err, count, bad_at};
        io_stop(io);
}

static uint64_t verify_audit(void)
{
        verified.err = 1;
        assert_int_equal(directory_audit_verify(dir, on_verified, NULL), 0);
        while (verified.err == 1)
                io_run(io);
        assert_int_equal(verified.err, 0);
        assert_int_equal(verified.bad_at, 0);
        return verified.count;
}

static void a_restored_directory_serves_what_the_backup_had(void **state)
{
        (void)state;
        provision();
        struct session_view before = create_kept(1), ended = create_kept(2);
        int answer = 1;
        assert_int_equal(directory_session_end(dir, ended.id, on_done, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        uint64_t entries = verify_audit();
        struct backup_view view = make_whole();
        struct session_view after = create_kept(3);
        close_all();

        struct restore_report report = restore_whole(&view);
        assert_int_equal(report.sessions, 2);
        assert_int_equal(report.ended, 1);
        assert_int_equal(report.erased, 0);
        assert_int_equal(report.trunks, 1);
        assert_int_equal(report.numbers, 2);
        assert_int_equal(report.audit_entries, entries);
        assert_true(reports > 2);

        open_all(&new_dir);
        assert_int_equal(call(&before, 1), MASK_CONNECT);
        assert_int_equal(call(&ended, 2), MASK_ENDED);
        assert_int_not_equal(call(&after, 3), MASK_CONNECT);
        /* A handle that was given out after the backup is not given to anybody else. */
        assert_true(create_kept(4).id > after.id + 1000000);
        assert_int_equal(verify_audit(), entries + 2);
        assert_true(access(new_dir.path, F_OK) == 0);
        close_all();
        size_t bytes;
        assert_null(scratch_read(&new_dir, "restored", &bytes));
}

static void on_erased(void *arg, int err, const struct erase_receipt *receipt)
{
        assert_int_equal(receipt->rows, 1);
        on_done(arg, err);
}

static void a_restored_directory_knows_which_pairs_were_erased(void **state)
{
        (void)state;
        provision();
        struct session_view erased = create_kept(1), view;
        int answer = 1;
        assert_int_equal(directory_session_erase(dir, erased.id, on_erased, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        struct backup_view backup = make_whole();
        close_all();
        (void)restore_whole(&backup);
        open_all(&new_dir);
        const struct session_create c = {.tenant_id = 1,
                                         .parties = {PARTY(party(2)), PARTY(party(9))},
                                         .party_count = 2,
                                         .given = {erased.slots[0]}};
        bool repeated;
        assert_int_equal(directory_session_create(dir, &c, &view, &repeated, NULL, NULL, NULL),
                         ERR_CONFLICT);
}

static unsigned created, failed;

static void on_created(void *arg, int err)
{
        (void)arg;
        failed += err != 0;
        created++;
}

static void a_backup_under_load_holds_everything_acknowledged_before_it(void **state)
{
        (void)state;
        provision();
        unsigned n = 1;
        for (; n <= 500; n++)
                create(n, on_created, NULL);
        while (created < 500)
                run_ms(2);
        struct backup_view view;
        assert_int_equal(backups_start(backups, &view), 0);
        struct backup_view second;
        assert_int_equal(backups_start(backups, &second), ERR_STATE);
        /* Thousands of sessions are created while it is made; none waits for it. */
        while (view.state == BACKUP_RUNNING && n < 9000) {
                for (unsigned i = 0; i < 50; i++)
                        create(n++, on_created, NULL);
                run_ms(2);
                assert_int_equal(backups_find(backups, slice_from(view.name.text), &view), 0);
                assert_true(view.bytes_done <= view.bytes_total);
        }
        view = finish(view);
        assert_int_equal(view.state, BACKUP_DONE);
        while (created < n - 1)
                run_ms(2);
        assert_int_equal(failed, 0);
        close_all();

        struct restore_report report = restore_whole(&view);
        assert_true(report.sessions >= 500);
        assert_int_equal(report.erased, 0);
        open_all(&new_dir);
        for (unsigned i = 1; i <= 500; i++) {
                struct session_view s = {.parties = {{.dials = number(1)}}};
                struct session_view other = {.parties = {{.dials = number(2)}}};
                assert_true(call(&s, i) == MASK_CONNECT || call(&other, i) == MASK_CONNECT);
        }
        verify_audit();
}

static void what_was_erased_since_stays_erased_when_the_old_directory_is_there(void **state)
{
        (void)state;
        provision();
        struct session_view kept = create_kept(1), erased = create_kept(2);
        struct backup_view view = make_whole();
        close_all();

        /* Its key is shredded as its quarantine's end would: nobody keeps it. */
        struct data_dir *data = NULL;
        struct vault *vault = NULL;
        assert_int_equal(data_dir_open(old_dir.path, &data, problem), 0);
        assert_int_equal(vault_open(data, &vault, problem), 0);
        assert_true(vault_key_keep(vault, (uint64_t)1 << 32));
        assert_int_equal(vault_shred_unkept(vault), 1);
        assert_int_equal(vault_sync(vault), 0);
        vault_close(vault);
        data_dir_close(data);

        struct restore_report report = restore_whole(&view);
        assert_int_equal(report.sessions, 1);
        assert_int_equal(report.erased, 1);
        open_all(&new_dir);
        assert_int_equal(call(&kept, 1), MASK_CONNECT);
        assert_int_not_equal(call(&erased, 2), MASK_CONNECT);
        struct session_view found;
        assert_int_equal(directory_session_find(dir, erased.id, &found), ERR_NOT_FOUND);
}

/* The two keys as files, as somebody keeps them who has lost the directory. */
static void keep_keys(const struct backup_view *view)
{
        char text[BACKUP_KEY_TEXT];
        size_t bytes = 0;
        assert_int_equal(backups_export_key(backups, slice_from(view->name.text), text), 0);
        uint8_t *master = scratch_read(&old_dir, "master.key", &bytes);
        scratch_write(&folder, "master", master, bytes);
        scratch_set_mode(&folder, "master", 0600);
        scratch_write(&folder, "key", text, strlen(text));
        free(master);
}

static int restore_by_files(const struct backup_view *view, struct restore_report *report)
{
        char file[160], master[160], key[160];
        file_of(view, file);
        snprintf(master, sizeof master, "%s/master", folder.path);
        snprintf(key, sizeof key, "%s/key", folder.path);
        const struct restore_params params = {.backup = file,
                                              .into = new_dir.path,
                                              .master_key = master,
                                              .backup_key = key,
                                              .now_ms = io_wall_ms(io)};
        return restore_run(&params, report, problem);
}

static void the_exported_keys_are_enough_when_the_directory_is_lost(void **state)
{
        (void)state;
        provision();
        struct session_view s = create_kept(1);
        struct backup_view view = make_whole();
        keep_keys(&view);
        close_all();
        scratch_remove(&old_dir);
        struct restore_report report;
        if (restore_by_files(&view, &report))
                fail_msg("%s", problem);
        open_all(&new_dir);
        assert_int_equal(call(&s, 1), MASK_CONNECT);
}

static void a_backup_cannot_be_read_once_its_time_is_over(void **state)
{
        (void)state;
        provision();
        create_kept(1);
        struct backup_view view = make_whole(), found;
        char file[160];
        file_of(&view, file);
        size_t bytes = 0;
        char name[96];
        snprintf(name, sizeof name, "%s" BACKUP_SUFFIX, view.name.text);
        uint8_t *copy = scratch_read(&folder, name, &bytes); /* as somebody took it elsewhere */
        close_all();

        /* Its life is in the key's seal: a short one is made, and waited for. */
        retention_ms = 1;
        open_all(&old_dir);
        struct backup_view brief = make_whole();
        struct backups_counters counters = {0};
        close_all();
        open_all(&old_dir);
        while (backups_find(backups, slice_from(brief.name.text), &found) == 0 ||
               counters.expired == 0) {
                run_ms(5);
                backups_counters(backups, &counters);
        }
        assert_int_equal(counters.last_ms, view.created_ms);
        assert_int_equal(backups_find(backups, slice_from(view.name.text), &found), 0);

        int answer = 1;
        assert_int_equal(backups_forget(backups, slice_from(view.name.text), on_done, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        assert_int_equal(access(file, F_OK), -1); /* the file is gone, too */
        scratch_write(&folder, name, copy, bytes);
        free(copy);
        char text[BACKUP_KEY_TEXT];
        assert_int_equal(backups_export_key(backups, slice_from(view.name.text), text),
                         ERR_NOT_FOUND);
        close_all();

        struct restore_report report;
        assert_int_equal(restore(&view, true, &report), ERR_NOT_FOUND);
        assert_non_null(strstr(problem, "its time is over"));
}

static void a_later_backup_does_not_hold_the_key_of_an_earlier_one(void **state)
{
        (void)state;
        provision();
        struct backup_view first = make_whole(), second = make_whole();
        size_t bytes = 0;
        uint8_t *keys = scratch_read(&old_dir, DATA_DIR_BACKUP_KEYS, &bytes);
        close_all();
        struct restore_report report = restore_whole(&second);
        assert_memory_equal(&report.key.created_ms, &second.created_ms, sizeof(int64_t));
        (void)first;
        assert_false(scratch_holds(&new_dir, keys + 4096 + 36, VAULT_WRAPPED_BYTES));
        assert_true(scratch_holds(&old_dir, keys + 4096 + 36, VAULT_WRAPPED_BYTES));
        free(keys);
}

static void numbers_and_references_are_not_in_the_file(void **state)
{
        (void)state;
        provision();
        const struct session_create c = {.tenant_id = 1,
                                         .parties = {PARTY(party(2)), PARTY(party(3))},
                                         .party_count = 2,
                                         .reference = SLICE("ride-of-somebody")};
        struct session_view view;
        bool repeated;
        int answer = 1;
        assert_int_equal(
                directory_session_create(dir, &c, &view, &repeated, NULL, on_done, &answer), 0);
        assert_int_equal(wait_for(&answer), 0);
        assert_true(scratch_holds(&old_dir, "ride-of-somebody", 16));
        make_whole();
        assert_false(scratch_holds(&folder, "ride-of-somebody", 16));
        assert_false(scratch_holds(&folder, "carrier", 7));
        assert_false(scratch_holds(&folder, "SQLite", 6));
        assert_false(scratch_holds(&folder, "919888800002", 12));
}

/* What is refused, with what to do. */

static void refused(int err, int expected, const char *says)
{
        if (err != expected || !strstr(problem, says))
                fail_msg("%d: %s", err, problem);
        size_t bytes;
        assert_null(scratch_read(&new_dir, "master.key", &bytes));
}

static void bad_backups_and_keys_are_refused_and_nothing_is_half_there(void **state)
{
        (void)state;
        provision();
        create_kept(1);
        struct backup_view one = make_whole(), two = make_whole();
        struct restore_report report;
        keep_keys(&two);
        close_all();
        refused(restore_by_files(&one, &report), ERR_CONFLICT, "another backup");

        scratch_write(&folder, "key", "no key", 6);
        refused(restore_by_files(&two, &report), ERR_SYNTAX, "no key of a backup");
        scratch_set_mode(&folder, "master", 0644);
        refused(restore_by_files(&two, &report), -EPERM, "can be read by other users");
        scratch_set_mode(&folder, "master", 0600);
        uint8_t other[32] = {9};
        scratch_write(&folder, "master", other, sizeof other);
        refused(restore_by_files(&two, &report), ERR_CONFLICT, "not the master key");
        scratch_write(&folder, "master", other, 31);
        refused(restore_by_files(&two, &report), ERR_SYNTAX, "no master key");

        char name[96];
        size_t bytes = 0;
        snprintf(name, sizeof name, "%s" BACKUP_SUFFIX, one.name.text);
        uint8_t *image = scratch_read(&folder, name, &bytes);
        image[bytes / 2] ^= 1;
        scratch_write(&folder, name, image, bytes);
        refused(restore(&one, true, &report), ERR_SEALED, "altered");
        image[bytes / 2] ^= 1;
        scratch_write(&folder, name, image, bytes - 20);
        refused(restore(&one, true, &report), -EIO, "cut short");
        image[15] = 200; /* its schema */
        scratch_write(&folder, name, image, bytes);
        refused(restore(&one, true, &report), ERR_VERSION, "newer maskline");
        scratch_write(&folder, name, "nothing of ours at all", 22);
        refused(restore(&one, true, &report), ERR_SYNTAX, "no backup of maskline's");
        free(image);

        /* Broken off, it is not served; begun again, it is whole. */
        struct directory *opened = NULL;
        const struct directory_params params = {
                .io = io, .data_dir = new_dir.path, .sessions_max = 10, .numbers_max = 10};
        assert_int_equal(directory_open(&params, &opened, problem), ERR_STATE);
        assert_non_null(strstr(problem, "maskline restore"));
        restore_whole(&two);
        open_all(&new_dir);
        close_all();
        assert_int_equal(restore(&two, true, &report), ERR_EXISTS);
        assert_non_null(strstr(problem, "holds data already"));
}

static void a_directory_in_use_is_not_restored_into(void **state)
{
        (void)state;
        provision();
        struct backup_view view = make_whole();
        char file[160];
        file_of(&view, file);
        const struct restore_params params = {.backup = file,
                                              .into = old_dir.path,
                                              .from = old_dir.path,
                                              .now_ms = io_wall_ms(io)};
        struct restore_report report;
        assert_int_equal(restore_run(&params, &report, problem), -EWOULDBLOCK);
        assert_non_null(strstr(problem, "is running"));
}

static void an_audit_record_that_was_changed_is_found_at_the_restore(void **state)
{
        (void)state;
        provision();
        for (unsigned n = 1; n < 4; n++)
                create_kept(n);
        close_all();
        size_t bytes = 0;
        uint8_t *image = scratch_read(&old_dir, "maskline.db", &bytes);
        uint8_t *at = memmem(image, bytes, "carrier", 7); /* a copy of it is in the record */
        unsigned changed = 0;
        for (; at; at = memmem(at + 1, bytes - (size_t)(at + 1 - image), "carrier", 7)) {
                at[0] = 'C';
                changed++;
        }
        assert_true(changed >= 2);
        scratch_write(&old_dir, "maskline.db", image, bytes);
        free(image);
        open_all(&old_dir);
        struct backup_view view = make_whole();
        close_all();
        struct restore_report report;
        assert_int_equal(restore(&view, true, &report), ERR_SEALED);
        assert_non_null(strstr(problem, "audit record"));
}

/* A small file system of its own, if we may mount one; gone with the process. */
static bool mount_small(const char *path)
{
        return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("tmpfs", path, "tmpfs", 0, "size=1m,mode=0700") == 0;
}

static void without_room_there_is_no_backup_and_the_service_goes_on(void **state)
{
        (void)state;
        provision();
        create_kept(1);
        close_all(); /* a thread keeps the mounts that it began with */
        if (!mount_small(folder.path))
                skip_for_want_of("namespace");
        open_all(&old_dir);
        struct backup_view view = make(), again;
        assert_int_equal(view.state, BACKUP_FAILED);
        assert_non_null(strstr(view.problem, "backup_dir"));
        size_t bytes;
        char name[96];
        snprintf(name, sizeof name, "%s" BACKUP_SUFFIX, view.name.text);
        assert_null(scratch_read(&folder, name, &bytes));
        create_kept(2);

        /* Its key is not kept, and the next one may succeed. */
        assert_int_equal(umount(folder.path), 0);
        assert_int_equal(make().state, BACKUP_DONE);
        assert_int_equal(backups_find(backups, slice_from(view.name.text), &again), ERR_NOT_FOUND);
        close_all();
        struct restore_report report;
        assert_int_equal(restore(&view, true, &report), -ENOENT);

        /* And a restore that finds no room. */
        open_all(&old_dir);
        view = make_whole();
        close_all();
        assert_int_equal(mount("tmpfs", new_dir.path, "tmpfs", 0, "size=64k,mode=0700"), 0);
        assert_int_equal(restore(&view, true, &report), -ENOSPC);
        assert_non_null(strstr(problem, "no room"));
        assert_int_equal(umount(new_dir.path), 0);
}

static unsigned files_in_folder(void)
{
        char command[160];
        snprintf(command, sizeof command, "exit $(ls %s | wc -l)", folder.path);
        int status = system(command);
        return (unsigned)WEXITSTATUS(status);
}

/* A child that does it, killed after so long; true: it was killed, not done. */
static bool kill_child(void (*work)(void *arg), void *arg, unsigned after_us)
{
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                work(arg);
                _exit(0);
        }
        usleep(after_us);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        return WIFSIGNALED(status);
}

static void back_up(void *arg)
{
        (void)arg;
        assert_int_equal(io_create_epoll(&io), 0);
        open_all(&old_dir);
        for (;;)
                make_whole();
}

static void killed_while_it_is_made_it_leaves_nothing_that_passes_for_a_backup(void **state)
{
        (void)state;
        provision();
        for (unsigned n = 1; n <= KEPT; n++)
                create_kept(n);
        close_all();
        for (unsigned round = 0; round < 8; round++)
                assert_true(kill_child(back_up, NULL, 20000 + 9000 * round));

        open_all(&old_dir);
        create_kept(KEPT + 1);
        run_ms(200); /* what was under way is cleared away */
        struct backup_view view;
        unsigned whole = 0;
        for (; backups_at(backups, whole, &view); whole++)
                assert_int_equal(view.state, BACKUP_DONE);
        assert_int_equal(files_in_folder() >= whole, 1);
        struct backup_view last = make_whole();
        close_all();
        assert_int_equal(restore_whole(&last).sessions, KEPT + 1);
}

static void restore_again(void *arg)
{
        struct restore_report report;
        (void)restore(arg, true, &report);
}

static void killed_while_it_is_restored_it_is_refused_and_begun_again(void **state)
{
        (void)state;
        provision();
        for (unsigned n = 1; n <= KEPT; n++)
                create_kept(n);
        struct backup_view view = make_whole();
        close_all();
        struct restore_report report;
        int err = ERR_STATE;
        for (unsigned round = 0; round < 12; round++) {
                kill_child(restore_again, &view, 500 + 2500 * round);
                char part[160];
                snprintf(part, sizeof part, "%s/" DATA_DIR_RESTORE_PART, new_dir.path);
                struct directory *opened = NULL;
                const struct directory_params params = {.io = io,
                                                        .data_dir = new_dir.path,
                                                        .sessions_max = 1000,
                                                        .numbers_max = 10};
                if (access(part, F_OK) < 0)
                        continue; /* before it began, or after its end */
                assert_int_equal(directory_open(&params, &opened, problem), ERR_STATE);
        }
        err = restore(&view, true, &report);
        assert_true(err == 0 || err == ERR_EXISTS);
        open_all(&new_dir);
        for (unsigned n = 1; n <= KEPT; n++) {
                struct session_view one = {.parties = {{.dials = number(1)}}};
                struct session_view two = {.parties = {{.dials = number(2)}}};
                assert_true(call(&one, n) == MASK_CONNECT || call(&two, n) == MASK_CONNECT);
        }
        verify_audit();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(a_restored_directory_serves_what_the_backup_had),
                TEST(a_restored_directory_knows_which_pairs_were_erased),
                TEST(a_backup_under_load_holds_everything_acknowledged_before_it),
                TEST(what_was_erased_since_stays_erased_when_the_old_directory_is_there),
                TEST(the_exported_keys_are_enough_when_the_directory_is_lost),
                TEST(a_backup_cannot_be_read_once_its_time_is_over),
                TEST(a_later_backup_does_not_hold_the_key_of_an_earlier_one),
                TEST(numbers_and_references_are_not_in_the_file),
                TEST(bad_backups_and_keys_are_refused_and_nothing_is_half_there),
                TEST(a_directory_in_use_is_not_restored_into),
                TEST(an_audit_record_that_was_changed_is_found_at_the_restore),
                TEST(without_room_there_is_no_backup_and_the_service_goes_on),
                TEST(killed_while_it_is_made_it_leaves_nothing_that_passes_for_a_backup),
                TEST(killed_while_it_is_restored_it_is_refused_and_begun_again),
        };
        return RUN_TESTS(tests);
}
