/* SPDX-License-Identifier: Apache-2.0 */
/* The writing thread of the embedded store. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "store/problem.h"
#include "store/store_sqlite_impl.h"

#define BATCH_MAX 512 /* submits in one transaction */

/*
 * The log goes back into the database off the commit path: past SOON the reading thread copies
 * pages while commits go on; when nothing has been written for a while, or past LATE, this thread
 * does the rest, after which the log starts from its beginning again.
 */
#define CHECKPOINT_SOON_PAGES 1000
#define CHECKPOINT_LATE_PAGES 16000
#define IDLE_MS               500

/* Dropping old records waits for a pause, but not for longer than so many commits. */
#define DROP_AFTER_COMMITS 32

static void on_written(struct store_sqlite *s, int err, const char *problem)
{
        pthread_mutex_lock(&s->lock);
        bool was_failing = s->write_failed;
        s->write_failed = err != 0;
        if (err)
                memcpy(s->problem, problem, sizeof s->problem);
        pthread_mutex_unlock(&s->lock);

        if (err && !was_failing)
                log_error("store: %s", problem);
        if (!err && was_failing)
                log_info("store: writes succeed again");
}

static int apply_items(struct store_sqlite *s, struct list *items, struct audit_head *head)
{
        list_for_each (node, items) {
                struct item *item = container_of(node, struct item, node);
                for (uint32_t i = 0; i < item->count; i++) {
                        struct store_change *change = &item->changes[i];
                        if (change->kind == STORE_ADD_AUDIT)
                                audit_link(s->params.vault, head, &change->audit);
                        int rc = sqlite_write_change(s->writer, change);
                        if (rc)
                                return rc;
                }
        }
        return SQLITE_OK;
}

static int write_head(struct store_sqlite *s, const struct audit_head *head)
{
        uint8_t mac[AUDIT_HASH_BYTES];
        if (head->sequence == s->head.sequence)
                return SQLITE_OK;
        audit_head_mac(s->params.vault, head, mac);
        return sqlite_write_audit_head(s->writer, head, mac);
}

static int write_transaction(struct store_sqlite *s, struct list *items)
{
        struct audit_head head = s->head;
        int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        if (rc)
                return rc;
        rc = apply_items(s, items, &head);
        if (!rc)
                rc = write_head(s, &head);
        if (!rc)
                rc = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
        if (!rc)
                s->head = head;
        return rc;
}

/* The key a session is sealed under is on disk before the session can be. */
static int sync_vault(struct store_sqlite *s, char *problem)
{
        int err = vault_sync(s->params.vault);
        if (!err)
                return 0;
        problem_put(problem,
                    "%s/%s can't be written: %s. %s; nothing that was acknowledged is lost.",
                    data_dir_path(s->params.dir), DATA_DIR_KEY_SLOTS, strerror(-err),
                    err == -ENOSPC ? "Free space on its file system" : "Look at the disk's health");
        return ERR_STORE;
}

static bool several(const struct list *items)
{
        return items->next != items->prev;
}

/* All of the items or none. */
static int commit(struct store_sqlite *s, struct list *items)
{
        char problem[STORE_PROBLEM_BYTES] = "";
        int err = sync_vault(s, problem);
        if (!err) {
                int rc = write_transaction(s, items);
                err = sqlite_db_error(rc);
                if (err)
                        sqlite_db_problem(s->params.dir, s->db, rc, problem);
                if (!sqlite3_get_autocommit(s->db))
                        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        }
        /* A contradiction is the submit's fault, and no word about the disk. */
        if (err != ERR_CONFLICT)
                on_written(s, err, problem);
        else if (!several(items))
                log_warn("store: a change contradicts what is stored and was refused");
        list_for_each (node, items)
                container_of(node, struct item, node)->err = err;
        return err;
}

static void commit_one_by_one(struct store_sqlite *s, struct list *items)
{
        struct list finished;
        list_init(&finished);
        list_for_each (node, items) {
                struct list alone;
                list_init(&alone);
                list_remove(node);
                list_add_tail(&alone, node);
                (void)commit(s, &alone);
                store_sqlite_move_all(&alone, &finished);
        }
        store_sqlite_move_all(&finished, items);
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
        struct store_sqlite *s = arg;
        (void)db;
        (void)name;
        s->wal_pages = pages;
        return SQLITE_OK;
}

static void checkpoint(struct store_sqlite *s)
{
        int in_log = 0, copied = 0;
        int rc =
                sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
        if (rc == SQLITE_OK && copied < in_log)
                return; /* a reader still needs the rest: again after the next pause */
        if (rc != SQLITE_OK && rc != SQLITE_BUSY)
                log_warn("store: checkpoint failed: %s", sqlite3_errstr(rc));
        s->wal_pages = 0;
}

static void after_commit(struct store_sqlite *s)
{
        if (s->wal_pages > CHECKPOINT_LATE_PAGES) {
                checkpoint(s);
                return;
        }
        if (s->wal_pages <= CHECKPOINT_SOON_PAGES)
                return;
        pthread_mutex_lock(&s->lock);
        s->checkpoint_due = true;
        pthread_cond_signal(&s->to_read);
        pthread_mutex_unlock(&s->lock);
}

/* Waits for submits and takes them; false: none came, which `*end` or a pause explains. */
static bool take_submits(struct store_sqlite *s, struct list *out, bool *end)
{
        int rc = 0;
        pthread_mutex_lock(&s->lock);
        while (list_is_empty(&s->submits) && list_is_empty(&s->drops) && !s->closing &&
               rc != ETIMEDOUT) {
                struct timespec until = store_sqlite_from_now(IDLE_MS);
                if (s->wal_pages)
                        rc = pthread_cond_timedwait(&s->to_write, &s->lock, &until);
                else
                        rc = pthread_cond_wait(&s->to_write, &s->lock);
        }
        *end = s->closing && list_is_empty(&s->submits);
        uint32_t taken = 0;
        list_for_each (node, &s->submits) {
                if (taken++ == BATCH_MAX)
                        break;
                list_remove(node);
                list_add_tail(out, node);
        }
        pthread_mutex_unlock(&s->lock);
        return taken > 0;
}

static struct item *take_drop(struct store_sqlite *s, bool is_idle)
{
        struct item *item = NULL;
        pthread_mutex_lock(&s->lock);
        if (!list_is_empty(&s->drops) && (is_idle || s->commits >= DROP_AFTER_COMMITS)) {
                item = container_of(s->drops.next, struct item, node);
                list_remove(&item->node);
        }
        bool closing = s->closing;
        pthread_mutex_unlock(&s->lock);
        if (item && closing)
                item->err = -ECANCELED;
        return item;
}

/* In a transaction of its own: whoever waits for a commit does not wait for this. */
static bool drop_some(struct store_sqlite *s, bool is_idle)
{
        struct list one;
        struct item *item = take_drop(s, is_idle);
        if (!item)
                return false;
        s->commits = 0;
        if (!item->err) {
                int rc = sqlite_drop_cdrs(s->db, &item->query, &item->cdr_count);
                item->err = sqlite_db_error(rc);
                if (rc)
                        log_error("store: old call records can't be removed: %s",
                                  sqlite3_errstr(rc));
        }
        list_init(&one);
        list_add_tail(&one, &item->node);
        store_sqlite_announce(s, &one);
        return true;
}

void *store_sqlite_write_loop(void *arg)
{
        struct store_sqlite *s = arg;
        struct list items;
        bool end = false;
        list_init(&items);
        sqlite3_wal_hook(s->db, on_wal, s);
        while (!end) {
                if (!take_submits(s, &items, &end)) {
                        if (drop_some(s, true))
                                end = false; /* there may be another one */
                        else if (!end)
                                checkpoint(s);
                        continue;
                }
                if (commit(s, &items) == ERR_CONFLICT && several(&items))
                        commit_one_by_one(s, &items);
                store_sqlite_announce(s, &items);
                s->commits++;
                (void)drop_some(s, false);
                after_commit(s);
        }
        return NULL;
}
