/* SPDX-License-Identifier: Apache-2.0 */
/* What is left after the power went, or the process was killed, at any moment. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash_vfs.h"
#include "rig.h"

#define UNITS       12
#define AT_ONCE     3
#define STARTED_MS  INT64_C(1700000000000)
#define KILL_ROUNDS 20
#define CONTEXT     SLICE("tenant 1")

static struct rig rig;

static int set_up(void **state)
{
        (void)state;
        crash_vfs_register();
        crash_vfs_reset();
        rig_init(&rig, RIG_SQLITE);
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

/* One unit of three rows, none of which may be there without the others. */
static void make_unit(uint64_t id, struct store_change out[3])
{
        out[0] = make_session(id);
        out[1] = make_cdr((uint32_t)id, CDR_LEG_A, STARTED_MS + (int64_t)id);
        out[2] = make_audit((uint32_t)id);
}

struct unit {
        uint64_t id;
        int err;
};

static void on_unit(void *arg, int err)
{
        struct unit *unit = arg;
        unit->err = err;
        rig_came(&rig);
}

/* Submits units a few at a time; returns up to which one all were acknowledged. */
static uint64_t write_units(uint64_t first, uint64_t count)
{
        struct unit units[UNITS + 1];
        uint64_t acknowledged = first - 1;
        for (uint64_t i = 0; i < count; i += AT_ONCE) {
                for (unsigned k = 0; k < AT_ONCE; k++) {
                        struct store_change changes[3];
                        units[k] = (struct unit){first + i + k, 1};
                        make_unit(first + i + k, changes);
                        assert_int_equal(
                                rig.store->ops->submit(rig.store, changes, 3, on_unit, &units[k]),
                                0);
                        rig.waiting++;
                }
                rig_run(&rig);
                for (unsigned k = 0; k < AT_ONCE; k++)
                        if (!units[k].err && acknowledged == first + i + k - 1)
                                acknowledged++;
        }
        return acknowledged;
}

/* Whole units in order from 1, no half one, and the audit record good; returns how many. */
static uint64_t check_units(void)
{
        static struct cdr cdrs[RIG_ROWS_MAX];
        struct rig_rows *rows = rig_load(&rig);
        uint32_t count = rows->session_count;
        for (uint32_t i = 0; i < count; i++) {
                struct store_change expected = make_session(i + 1);
                assert_true(same_session(&rows->sessions[i], &expected.session));
        }
        free(rows);

        assert_int_equal(rig_cdrs(&rig, &(struct store_cdr_query){.max = 1000}, cdrs), count);
        for (uint32_t i = 0; i < count; i++) {
                struct store_change expected =
                        make_cdr(count - i, CDR_LEG_A, STARTED_MS + (int64_t)(count - i));
                assert_true(same_cdr(&cdrs[i], &expected.cdr));
        }

        struct audit_check check = rig_verify(&rig, NULL);
        assert_int_equal(check.count, count);
        assert_int_equal(check.bad_at, 0);
        if (!rig.store->ops->healthy(rig.store, rig.problem))
                fail_msg("%s", rig.problem);
        return count;
}

/* One life: opened, written to, closed, with the power going before operation `cut`. */
static uint64_t live(uint64_t cut, bool *went)
{
        uint64_t acknowledged = 0;
        crash_vfs_cut_power(cut);
        if (rig_try_open(&rig) == 0) {
                acknowledged = write_units(1, UNITS);
                rig_close(&rig);
        }
        *went = crash_vfs_is_off();
        return acknowledged;
}

static void wherever_the_power_goes_acknowledged_units_are_there(void **state)
{
        (void)state;
        bool went = true;
        unsigned with_some = 0;
        for (uint64_t cut = 1; went; cut++) {
                enum crash_luck luck = (enum crash_luck)(cut % 3);
                rig.vfs = CRASH_VFS;
                uint64_t acknowledged = live(cut, &went);
                crash_vfs_reboot(luck, cut);

                rig_open(&rig);
                uint64_t there = check_units();
                if (there < acknowledged)
                        fail_msg("cut %d: %d acknowledged, %d there", (int)cut, (int)acknowledged,
                                 (int)there);
                with_some += acknowledged > 0 && acknowledged < UNITS;

                /* And it goes on from there. */
                assert_int_equal(write_units(there + 1, AT_ONCE), there + AT_ONCE);
                assert_int_equal(check_units(), there + AT_ONCE);
                tear_down(NULL);
                set_up(NULL);
        }
        assert_true(with_some > 20); /* the cuts do fall between the commits */
}

static void a_reboot_may_lose_power_again(void **state)
{
        (void)state;
        bool went;
        for (uint64_t cut = 40; cut < 120; cut += 7) {
                rig.vfs = CRASH_VFS;
                uint64_t acknowledged = live(cut, &went);
                for (uint64_t again = 1; again < 12; again += 3) {
                        crash_vfs_reboot(CRASH_KEEPS_SOME, cut * 100 + again);
                        crash_vfs_cut_power(again);
                        if (rig_try_open(&rig) == 0)
                                rig_close(&rig);
                }
                crash_vfs_reboot(CRASH_KEEPS_SOME, cut);
                rig_open(&rig);
                assert_true(check_units() >= acknowledged);
                tear_down(NULL);
                set_up(NULL);
        }
}

/* A disk that says "written" and forgets: the harness must see the loss, or it sees nothing. */
static void lost_acknowledgements_are_seen(void **state)
{
        (void)state;
        rig.vfs = CRASH_VFS;
        rig_open(&rig);
        assert_int_equal(write_units(1, AT_ONCE), AT_ONCE);
        crash_vfs_lie_about_syncs(true);
        assert_int_equal(write_units(AT_ONCE + 1, AT_ONCE), 2 * AT_ONCE);
        crash_vfs_cut_power(1);
        rig_close(&rig);
        crash_vfs_lie_about_syncs(false);
        crash_vfs_reboot(CRASH_KEEPS_NOTHING, 1);
        rig_open(&rig);
        assert_int_equal(check_units(), AT_ONCE);
}

/* The child's part: creates sessions with real keys for ever, tells which are acknowledged. */
static int told;

struct birth {
        uint64_t id;
};

static void on_born(void *arg, int err)
{
        struct birth *birth = arg;
        if (err || write(told, &birth->id, sizeof birth->id) != sizeof birth->id)
                _exit(1);
        rig_came(&rig);
}

static void make_sealed_unit(uint64_t id, struct store_change out[3])
{
        struct buf b;
        make_unit(id, out);
        struct store_session *session = &out[0].session;
        buf_init(&b, session->sealed, sizeof session->sealed);
        int err = vault_key_new(rig.vault, &session->key_slot);
        if (!err)
                err = vault_seal(rig.vault, session->key_slot, CONTEXT,
                                 (struct slice){(char *)&id, sizeof id}, &b);
        if (err)
                _exit(2);
        session->sealed_bytes = (uint16_t)b.len;
}

static void be_killed(uint64_t next_id)
{
        static struct birth births[8];
        rig_open(&rig);
        for (;;) {
                for (unsigned k = 0; k < 8; k++) {
                        struct store_change changes[3];
                        births[k].id = next_id++;
                        make_sealed_unit(births[k].id, changes);
                        if (rig.store->ops->submit(rig.store, changes, 3, on_born, &births[k]))
                                _exit(3);
                        rig.waiting++;
                }
                rig_run(&rig);
        }
}

/* Starts a child, lets it have so many acknowledged, kills it. Returns the last id it told. */
static uint64_t kill_after(uint64_t next_id, unsigned acknowledgements)
{
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                close(ends[0]);
                told = ends[1];
                be_killed(next_id);
        }
        close(ends[1]);

        uint64_t id = 0, last = next_id - 1;
        for (unsigned i = 0; i < acknowledgements; i++) {
                assert_int_equal(read(ends[0], &id, sizeof id), sizeof id);
                assert_int_equal(id, ++last);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(ends[0], &id, sizeof id) == sizeof id) /* what it still told */
                assert_int_equal(id, ++last);
        close(ends[0]);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        return last;
}

static uint32_t keys_that_open(const struct rig_rows *rows)
{
        uint32_t count = 0;
        for (uint32_t i = 0; i < rows->session_count; i++) {
                const struct store_session *session = &rows->sessions[i];
                uint64_t id = 0;
                struct buf b;
                buf_init(&b, &id, sizeof id);
                struct slice sealed = {(const char *)session->sealed, session->sealed_bytes};
                assert_int_equal(session->id, i + 1);
                assert_int_equal(vault_unseal(rig.vault, session->key_slot, CONTEXT, sealed, &b),
                                 0);
                assert_int_equal(id, session->id);
                assert_true(vault_key_keep(rig.vault, session->key_slot));
                count++;
        }
        return count;
}

static void whenever_it_is_killed_acknowledged_sessions_are_there(void **state)
{
        (void)state;
        static struct cdr cdrs[RIG_ROWS_MAX];
        uint64_t next_id = 1;
        for (unsigned round = 0; round < KILL_ROUNDS; round++) {
                uint64_t last = kill_after(next_id, 1 + round * 5 % 23);
                rig_open(&rig);
                struct rig_rows *rows = rig_load(&rig);
                assert_true(rows->session_count >= last);
                assert_int_equal(keys_that_open(rows), rows->session_count);

                /* Keys whose session was not written any more have no use. */
                (void)vault_shred_unkept(rig.vault);
                assert_int_equal(vault_keys_used(rig.vault), rows->session_count);
                assert_int_equal(rig_verify(&rig, NULL).bad_at, 0);
                assert_int_equal(rows->last_audit.sequence, rows->session_count);
                uint32_t expected = rows->session_count < 1000 ? rows->session_count : 1000;
                assert_int_equal(rig_cdrs(&rig, &(struct store_cdr_query){.max = 1000}, cdrs),
                                 expected);
                next_id = rows->session_count + 1;
                free(rows);
                rig_close(&rig);
                if (next_id > RIG_ROWS_MAX - 500)
                        break;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
                TEST(wherever_the_power_goes_acknowledged_units_are_there),
                TEST(a_reboot_may_lose_power_again),
                TEST(lost_acknowledgements_are_seen),
                TEST(whenever_it_is_killed_acknowledged_sessions_are_there),
        };
        return RUN_TESTS(tests);
}
