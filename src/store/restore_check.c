/* SPDX-License-Identifier: Apache-2.0 */
#include "store/restore_check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/public_id.h"
#include "store/audit.h"
#include "store/key_slots.h"
#include "store/problem.h"
#include "store/sqlite_db.h"
#include "store/sqlite_rows.h"

#define PATH_BYTES  4200
#define AUDIT_PART  500
#define TRUNK_KEYS  (2 * TRUNKS_MAX)
#define IDS_SKIPPED (UINT64_C(1) << 28)

struct checking {
        const struct restore_check *check;
        struct restore_report *report;
        char *problem;
        struct vault *vault; /* owned */
        sqlite3 *db;         /* owned */
        uint64_t trunk_keys[TRUNK_KEYS];
        unsigned trunk_key_count;
        uint64_t last_session;
        uint64_t *erased; /* owned; ids of sessions whose keys are gone */
        size_t erased_count, erased_room;
};

static void tell(struct checking *c, const char *what, uint64_t done, uint64_t total)
{
        if (c->check->progress)
                c->check->progress(c->check->arg, what, done, total);
}

/* Keys that were shredded since. */

static int refuse_from(const struct checking *c, int err)
{
        problem_put(c->problem,
                    "%s/%s can't be compared (%s), so nobody knows which sessions have been erased "
                    "since: give --master-key and --backup-key instead of --from to bring them "
                    "all back.",
                    c->check->from, DATA_DIR_KEY_SLOTS,
                    err == -EIO ? "it is cut short" : err_text(err));
        return err;
}

static bool is_of_trunk(const struct checking *c, uint32_t index)
{
        for (unsigned i = 0; i < c->trunk_key_count; i++)
                if ((uint32_t)c->trunk_keys[i] == index)
                        return true;
        return false;
}

static int compare_slot(struct checking *c, int ours, int theirs, uint32_t index)
{
        uint8_t image[KEY_SLOT_FILE_BYTES], now[KEY_SLOT_FILE_BYTES];
        off_t at = KEY_SLOTS_HEADER_BYTES + (off_t)index * KEY_SLOT_FILE_BYTES;
        int err = data_dir_read_at(ours, image, sizeof image, at);
        if (err || !key_slot_image_has_key(image) || is_of_trunk(c, index))
                return err;
        err = data_dir_read_at(theirs, now, sizeof now, at);
        if (err)
                return refuse_from(c, err);
        if (key_slot_image_is_same(image, now))
                return 0;
        key_slot_image_wipe(image);
        return data_dir_write_at(ours, image, sizeof image, at);
}

static int compare_slots(struct checking *c, int ours, int theirs)
{
        uint8_t header[KEY_SLOTS_HEADER_BYTES], other[KEY_SLOTS_HEADER_BYTES];
        int err = data_dir_read_at(ours, header, sizeof header, 0);
        if (err)
                return err;
        err = data_dir_read_at(theirs, other, sizeof other, 0);
        if (!err && memcmp(header, other, sizeof header) != 0)
                err = ERR_CONFLICT;
        if (err)
                return refuse_from(c, err);
        off_t bytes = lseek(ours, 0, SEEK_END);
        uint32_t count = (uint32_t)((bytes - KEY_SLOTS_HEADER_BYTES) / KEY_SLOT_FILE_BYTES);
        for (uint32_t i = 0; !err && i < count; i++) {
                err = compare_slot(c, ours, theirs, i);
                if (i % 4096 == 0)
                        tell(c, "keys compared", i, count);
        }
        return !err && fsync(ours) < 0 ? -errno : err;
}

static int drop_erased(struct checking *c)
{
        char path[PATH_BYTES];
        int ours = -1;
        if (!c->check->from)
                return 0;
        snprintf(path, sizeof path, "%s/%s", c->check->from, DATA_DIR_KEY_SLOTS);
        int theirs = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        int err = theirs < 0 ? refuse_from(c, -errno) : 0;
        if (!err)
                err = data_dir_open_file(c->check->dir, DATA_DIR_KEY_SLOTS, &ours, c->problem);
        if (!err)
                err = compare_slots(c, ours, theirs);
        if (ours >= 0)
                close(ours);
        if (theirs >= 0)
                close(theirs);
        return err;
}

/* The database. */

static int database_problem(struct checking *c, int rc)
{
        sqlite_db_problem(c->check->dir, c->db, rc, c->problem);
        return rc ? sqlite_db_error(rc) : 0;
}

static int check_pages(struct checking *c)
{
        sqlite3_stmt *stmt = NULL;
        tell(c, "pages checked", 0, 1);
        int rc = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
        if (!rc)
                rc = sqlite3_step(stmt);
        bool fine =
                rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
        sqlite3_finalize(stmt);
        tell(c, "pages checked", 1, 1);
        if (fine)
                return 0;
        return database_problem(c, rc == SQLITE_ROW ? SQLITE_CORRUPT : rc);
}

static int refuse_audit(struct checking *c, uint64_t bad_at)
{
        problem_put(c->problem,
                    "The audit record in the backup is not what it was written as, from entry "
                    "%" PRIu64 " on: somebody had changed the database before the backup was made. "
                    "Use an earlier backup.",
                    bad_at);
        return ERR_SEALED;
}

static int walk_audit(struct checking *c, struct sqlite_audit_part *part)
{
        struct audit_check check = {0};
        part->after = INT64_MIN;
        do {
                part->max = AUDIT_PART;
                int rc = sqlite_read_audit(c->db, part);
                if (rc)
                        return database_problem(c, rc);
                for (uint32_t i = 0; i < part->count; i++)
                        if (!audit_check_entry(&check, c->vault, &part->entries[i]))
                                return refuse_audit(c, check.bad_at);
                if (part->count)
                        part->after = (int64_t)part->entries[part->count - 1].sequence;
                tell(c, "audit entries checked", check.count, part->head.sequence);
        } while (part->count == AUDIT_PART);

        bool genuine = part->has_head && audit_head_is_genuine(c->vault, &part->head, part->mac);
        if (!genuine || part->head.sequence != check.head.sequence)
                return refuse_audit(c, check.head.sequence + 1);
        c->report->audit_entries = check.count;
        return 0;
}

static int check_audit(struct checking *c)
{
        struct sqlite_audit_part *part =
                calloc(1, sizeof *part + AUDIT_PART * sizeof part->entries[0]);
        int err = part ? walk_audit(c, part) : -ENOMEM;
        free(part);
        return err;
}

static int on_trunk(void *arg, const struct trunk *row)
{
        struct checking *c = arg;
        const uint64_t keys[] = {row->password_key, row->writing.headers_key};
        c->report->trunks++;
        for (unsigned i = 0; i < 2; i++)
                if (keys[i] && c->trunk_key_count < TRUNK_KEYS)
                        c->trunk_keys[c->trunk_key_count++] = keys[i];
        return 0;
}

static int on_tenant(void *arg, const struct tenant *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int on_key(void *arg, const struct api_key *row)
{
        struct checking *c = arg;
        bool expired = row->expires_ms && row->expires_ms <= c->check->now_ms;
        c->report->api_keys += !row->revoked_ms && !expired;
        return 0;
}

static int on_pool(void *arg, const struct store_pool *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int on_number(void *arg, const struct store_number *row)
{
        struct checking *c = arg;
        (void)row;
        c->report->numbers++;
        return 0;
}

static int on_block(void *arg, const struct store_block *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int add_erased(struct checking *c, uint64_t id)
{
        if (c->erased_count == c->erased_room) {
                size_t room = c->erased_room ? 2 * c->erased_room : 256;
                uint64_t *more = reallocarray(c->erased, room, sizeof *more);
                if (!more)
                        return -ENOMEM;
                c->erased = more;
                c->erased_room = room;
        }
        c->erased[c->erased_count++] = id;
        return 0;
}

static int on_session(void *arg, const struct store_session *row, const struct session_use *use)
{
        struct checking *c = arg;
        (void)use;
        if (row->id > c->last_session)
                c->last_session = row->id;
        if (row->state == SESSION_ERASED || !c->vault)
                return 0;
        if (!vault_key_keep(c->vault, row->key_slot))
                return add_erased(c, row->id);
        bool expired = row->expires_ms && row->expires_ms <= c->check->now_ms;
        c->report->sessions++;
        c->report->ended += row->state == SESSION_ENDED || expired;
        return 0;
}

static int on_grave(void *arg, const struct store_grave *row)
{
        (void)arg;
        (void)row;
        return 0;
}

static int on_audit(void *arg, const struct store_audit *last)
{
        (void)arg;
        (void)last;
        return 0;
}

static int read_rows(struct checking *c)
{
        const struct store_loader loader = {
                .on_tenant = on_tenant,
                .on_key = on_key,
                .on_trunk = on_trunk,
                .on_pool = on_pool,
                .on_number = on_number,
                .on_block = on_block,
                .on_session = on_session,
                .on_grave = on_grave,
                .on_audit_head = on_audit,
                .arg = c,
        };
        int stopped = 0;
        int rc = sqlite_read_all(c->db, &loader, &stopped);
        return rc ? database_problem(c, rc) : stopped;
}

static int write_erased(struct sqlite_writer *writer, const struct checking *c)
{
        int rc = SQLITE_OK;
        for (size_t i = 0; !rc && i < c->erased_count; i++) {
                const struct store_change change = {
                        .kind = STORE_SET_SESSION_STATE,
                        .session = {.id = c->erased[i],
                                    .state = SESSION_ERASED,
                                    .ended_ms = c->check->now_ms},
                };
                rc = sqlite_write_change(writer, &change);
        }
        return rc;
}

/* An erased session with an id far behind: the load goes on from there. */
static int skip_ids(struct sqlite_writer *writer, const struct checking *c)
{
        const struct store_change change = {
                .kind = STORE_ADD_SESSION,
                .session = {.id = c->last_session + IDS_SKIPPED,
                            .tenant_id = 1,
                            .pool_id = 1,
                            .state = SESSION_ERASED,
                            .created_ms = c->check->now_ms,
                            .starts_ms = c->check->now_ms,
                            .ended_ms = c->check->now_ms},
        };
        if (change.session.id > PUBLIC_ID_MAX / 2)
                return SQLITE_OK;
        return sqlite_write_change(writer, &change);
}

static int write_sessions(struct checking *c)
{
        struct sqlite_writer *writer = NULL;
        c->report->erased = c->erased_count;
        int rc = sqlite_writer_create(c->db, &writer);
        if (!rc)
                rc = sqlite3_exec(c->db, "BEGIN", NULL, NULL, NULL);
        if (!rc)
                rc = write_erased(writer, c);
        if (!rc)
                rc = skip_ids(writer, c);
        if (!rc)
                rc = sqlite3_exec(c->db, "COMMIT", NULL, NULL, NULL);
        sqlite_writer_destroy(writer);
        return rc ? database_problem(c, rc) : 0;
}

/* For the keys of trunks, before those of sessions are compared; no vault is open yet. */
static int read_trunk_keys(struct checking *c)
{
        struct restore_report before = *c->report;
        struct vault *vault = c->vault;
        c->vault = NULL;
        int err = read_rows(c);
        c->vault = vault;
        *c->report = before;
        return err;
}

static int open_database(struct checking *c)
{
        const struct sqlite_db_params params = {.dir = c->check->dir, .vault = c->vault};
        return sqlite_db_open(&params, &c->db, c->problem);
}

static int reopen_vault(struct checking *c)
{
        vault_close(c->vault);
        c->vault = NULL;
        return vault_open(c->check->dir, &c->vault, c->problem);
}

int restore_check_run(const struct restore_check *check, struct restore_report *report,
                      char *problem)
{
        static int (*const steps[])(struct checking *) = {
                reopen_vault, open_database, check_pages, check_audit,    read_trunk_keys,
                drop_erased,  reopen_vault,  read_rows,   write_sessions,
        };
        struct checking *c = calloc(1, sizeof *c);
        if (!c)
                return -ENOMEM;
        c->check = check;
        c->report = report;
        c->problem = problem;
        int err = 0;
        for (unsigned i = 0; !err && i < sizeof steps / sizeof steps[0]; i++)
                err = steps[i](c);
        if (sqlite3_close(c->db) && !err) /* writes its log back */
                err = ERR_STORE;
        vault_close(c->vault);
        free(c->erased);
        free(c);
        return err;
}
