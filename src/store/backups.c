/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backups.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "store/directory_impl.h"
#include "store/problem.h"
#include "store/restore.h"

#define PATH_BYTES 4200
#define LOOK_MS    60000 /* how often expiry is looked for */
#define POLL_MS    50    /* how soon what the thread did is noticed */

/* One order for the thread, and what became of it. */
struct order {
        struct list node;
        enum order_kind {
                ORDER_MAKE,
                ORDER_SHRED,
        } kind;
        struct backup_key key;
        bool by_time; /* shredded because its time is over */
        int err;
        char problem[STORE_PROBLEM_BYTES];
        directory_done *done;
        void *arg;
};

struct backups {
        struct backups_params params;
        const struct data_dir *data_dir;
        struct vault *vault;
        struct backup_keys *keys; /* owned; changed by the thread alone */
        char *folder;             /* owned */
        pthread_t thread;
        bool runs;

        /* The loop's. */
        struct io_timer look, poll;
        uint32_t under_way;   /* orders */
        struct order *making; /* owned by the lists; NULL: none */
        bool has_failed;
        struct backup_view failed; /* the last one, if it did */
        struct backups_counters counters;
        struct backup_key known[BACKUP_KEYS_MAX]; /* as they were last asked for */

        atomic_bool stop;
        atomic_ullong bytes_done, bytes_total;
        pthread_mutex_t lock; /* over the two lists */
        pthread_cond_t wake;
        struct list orders, finished;
};

/* The thread. */

static void make(struct backups *b, struct order *order)
{
        uint8_t *secret = secret_alloc(VAULT_KEY_BYTES);
        struct backup_copy copy = {
                .data_dir = b->data_dir,
                .vault = b->vault,
                .folder = b->folder,
                .key = order->key,
                .secret = secret,
                .stop = &b->stop,
                .bytes_done = &b->bytes_done,
                .bytes_total = &b->bytes_total,
        };
        order->err = secret ? backup_keys_add(b->keys, &order->key, secret) : -ENOMEM;
        if (order->err) {
                problem_put(order->problem,
                            order->err == ERR_FULL
                                    ? "%s/%s holds the keys of %d backups, which is all it can: "
                                      "forget some of them, or make fewer."
                                    : "%s/%s can't be written for want of room or memory, or the "
                                      "disk fails; it holds at most %d keys.",
                            data_dir_path(b->data_dir), DATA_DIR_BACKUP_KEYS, BACKUP_KEYS_MAX);
        } else {
                order->err = backup_copy_run(&copy, order->problem);
                int err = order->err ? backup_keys_shred(b->keys, &order->key.id)
                                     : backup_keys_set_done(b->keys, &order->key.id);
                if (err)
                        log_error("backup: %s/%s can't be written: %s", data_dir_path(b->data_dir),
                                  DATA_DIR_BACKUP_KEYS, err_text(err));
                /* Without its mark it is taken for one that was broken off, and removed. */
                if (err && !order->err) {
                        order->err = err;
                        problem_put(order->problem,
                                    "%s/%s can't be written: the backup will be removed; free some "
                                    "room and make another one.",
                                    data_dir_path(b->data_dir), DATA_DIR_BACKUP_KEYS);
                }
        }
        secret_free(secret, VAULT_KEY_BYTES);
}

static void shred(struct backups *b, struct order *order)
{
        order->err = backup_keys_shred(b->keys, &order->key.id);
        if (!order->err)
                backup_copy_remove(b->folder, &order->key);
}

static void carry_out(struct backups *b, struct order *order)
{
        switch (order->kind) {
        case ORDER_MAKE:
                make(b, order);
                break;
        case ORDER_SHRED:
                shred(b, order);
                break;
        }
}

static struct order *next_order(struct backups *b)
{
        struct order *order = NULL;
        pthread_mutex_lock(&b->lock);
        while (list_is_empty(&b->orders) && !atomic_load(&b->stop))
                pthread_cond_wait(&b->wake, &b->lock);
        if (!list_is_empty(&b->orders)) {
                order = container_of(b->orders.next, struct order, node);
                list_remove(&order->node);
        }
        pthread_mutex_unlock(&b->lock);
        return order;
}

static void *run(void *arg)
{
        struct backups *b = arg;
        struct order *order;
        backup_copy_clean(b->folder);
        while ((order = next_order(b))) {
                if (atomic_load(&b->stop))
                        order->err = -ECANCELED;
                else
                        carry_out(b, order);
                pthread_mutex_lock(&b->lock);
                list_add_tail(&b->finished, &order->node);
                pthread_mutex_unlock(&b->lock);
        }
        return NULL;
}

/* The loop. */

static void note(struct backups *b, enum audit_kind kind, const struct backup_key *key)
{
        struct directory *dir = b->params.directory;
        struct unit *unit = queue_take(dir, true);
        if (!unit) {
                queue_lost(dir, ERR_FULL);
                return;
        }
        audit_entry_backup(unit_audit(unit), kind, key->id.bytes, key->created_ms, key->expires_ms,
                           directory_now(dir));
        queue_add(dir, unit, NULL, NULL);
}

static struct backup_view view_of(const struct backup_key *key)
{
        return (struct backup_view){
                .name = backup_name_of(key),
                .state = key->is_done ? BACKUP_DONE : BACKUP_RUNNING,
                .created_ms = key->created_ms,
                .expires_ms = key->expires_ms,
        };
}

static void was_made(struct backups *b, const struct order *order)
{
        struct backup_name name = backup_name_of(&order->key);
        b->making = NULL;
        b->has_failed = order->err != 0;
        if (!order->err) {
                b->counters.made++;
                log_info("backup: %s is whole", name.text);
                note(b, AUDIT_BACKUP_MADE, &order->key);
                return;
        }
        b->counters.failed++;
        b->failed = view_of(&order->key);
        b->failed.state = BACKUP_FAILED;
        memcpy(b->failed.problem, order->problem, sizeof b->failed.problem);
        log_error("backup: %s failed: %s", name.text, order->problem);
}

static void was_shredded(struct backups *b, const struct order *order)
{
        struct backup_name name = backup_name_of(&order->key);
        if (order->err == ERR_NOT_FOUND)
                return;
        if (order->err) {
                log_error("backup: the key of %s can't be shredded: %s; it is tried again in a "
                          "minute",
                          name.text, err_text(order->err));
                return;
        }
        b->counters.expired += order->by_time;
        log_info("backup: the key of %s is shredded, %s", name.text,
                 order->by_time ? "its time is over" : "by order");
        note(b, AUDIT_BACKUP_FORGOTTEN, &order->key);
}

static void finish(struct backups *b, struct order *order)
{
        b->under_way--;
        if (order->kind == ORDER_MAKE)
                was_made(b, order);
        else
                was_shredded(b, order);
        if (order->done)
                order->done(order->arg, order->err);
        free(order);
}

static void finish_all(struct backups *b)
{
        struct list finished;
        list_init(&finished);
        pthread_mutex_lock(&b->lock);
        list_for_each (node, &b->finished) {
                list_remove(node);
                list_add_tail(&finished, node);
        }
        pthread_mutex_unlock(&b->lock);
        list_for_each (node, &finished) {
                list_remove(node);
                finish(b, container_of(node, struct order, node));
        }
}

static void on_poll(void *arg)
{
        struct backups *b = arg;
        finish_all(b);
        if (b->under_way)
                io_timer_start(b->params.io, &b->poll, POLL_MS, on_poll, b);
}

static struct order *give_order(struct backups *b, enum order_kind kind,
                                const struct backup_key *key)
{
        struct order *order = calloc(1, sizeof *order);
        if (!order)
                return NULL;
        order->kind = kind;
        order->key = *key;
        b->under_way++;
        pthread_mutex_lock(&b->lock);
        list_add_tail(&b->orders, &order->node);
        pthread_cond_signal(&b->wake);
        pthread_mutex_unlock(&b->lock);
        io_timer_start(b->params.io, &b->poll, POLL_MS, on_poll, b);
        return order;
}

/* Also those that a crash has broken off: nobody makes them any more. */
static void on_look(void *arg)
{
        struct backups *b = arg;
        int64_t now_ms = directory_now(b->params.directory);
        uint32_t count = b->under_way ? 0 : backup_keys_list(b->keys, b->known);
        for (uint32_t i = 0; i < count; i++) {
                const struct backup_key *key = &b->known[i];
                if (key->is_done && key->expires_ms > now_ms)
                        continue;
                struct order *order = give_order(b, ORDER_SHRED, key);
                if (order)
                        order->by_time = key->is_done;
        }
        io_timer_start(b->params.io, &b->look, LOOK_MS, on_look, b);
}

static char *folder_path(const struct backups_params *params, const struct data_dir *data_dir)
{
        char path[PATH_BYTES];
        const char *folder = params->folder[0] ? params->folder : "backups";
        int n = folder[0] == '/'
                        ? snprintf(path, sizeof path, "%s", folder)
                        : snprintf(path, sizeof path, "%s/%s", data_dir_path(data_dir), folder);
        return n < 0 || (size_t)n >= sizeof path ? NULL : strdup(path);
}

static int start_thread(struct backups *b)
{
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
        int err = pthread_create(&b->thread, NULL, run, b);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        b->runs = err == 0;
        return -err;
}

static void on_restore_noted(void *arg, int err)
{
        const struct directory *dir = arg; /* which outlives us */
        if (!err)
                restore_note_remove(dir->data_dir);
}

/* What a restore left behind for the audit record of the directory that it made. */
static void note_restore(struct backups *b)
{
        struct backup_key key;
        struct directory *dir = b->params.directory;
        if (!restore_note_read(b->data_dir, &key))
                return;
        struct unit *unit = queue_take(dir, false);
        if (!unit)
                return; /* the next start tries again */
        audit_entry_backup(unit_audit(unit), AUDIT_RESTORED, key.id.bytes, key.created_ms,
                           key.expires_ms, directory_now(dir));
        queue_add(dir, unit, on_restore_noted, dir);
        log_info("backup: this directory was restored from %s", backup_name_of(&key).text);
}

int backups_open(const struct backups_params *params, struct backups **out, char *problem)
{
        assert(params->directory->data_dir);
        struct backups *b = calloc(1, sizeof *b);
        if (!b)
                return -ENOMEM;
        b->params = *params;
        b->data_dir = params->directory->data_dir;
        b->vault = params->directory->vault;
        pthread_mutex_init(&b->lock, NULL);
        pthread_cond_init(&b->wake, NULL);
        list_init(&b->orders);
        list_init(&b->finished);

        int err = -ENOMEM;
        b->folder = folder_path(params, b->data_dir);
        if (!b->folder)
                goto fail;
        err = backup_keys_open(b->data_dir, b->vault, &b->keys, problem);
        if (err)
                goto fail;
        err = start_thread(b);
        if (err) {
                problem_put(problem, "The thread for backups can't be started: %s.", err_text(err));
                goto fail;
        }
        note_restore(b);
        on_look(b);
        *out = b;
        return 0;
fail:
        backups_close(b);
        return err;
}

void backups_close(struct backups *b)
{
        if (!b)
                return;
        io_timer_stop(b->params.io, &b->look);
        io_timer_stop(b->params.io, &b->poll);
        pthread_mutex_lock(&b->lock);
        atomic_store(&b->stop, true);
        pthread_cond_signal(&b->wake);
        pthread_mutex_unlock(&b->lock);
        if (b->runs)
                pthread_join(b->thread, NULL);
        finish_all(b);
        backup_keys_close(b->keys);
        pthread_cond_destroy(&b->wake);
        pthread_mutex_destroy(&b->lock);
        free(b->folder);
        free(b);
}

const char *backups_folder(const struct backups *b)
{
        return b->folder;
}

int backups_start(struct backups *b, struct backup_view *out)
{
        if (b->making)
                return ERR_STATE;
        struct backup_key key = {.created_ms = directory_now(b->params.directory)};
        key.expires_ms = key.created_ms + b->params.retention_ms;
        random_fill(io_random(b->params.io), key.id.bytes, sizeof key.id.bytes);
        atomic_store(&b->bytes_done, 0);
        atomic_store(&b->bytes_total, 0);
        b->making = give_order(b, ORDER_MAKE, &key);
        if (!b->making)
                return -ENOMEM;
        *out = view_of(&key);
        return 0;
}

static void add_progress(struct backups *b, struct backup_view *view)
{
        view->bytes_done = atomic_load(&b->bytes_done);
        view->bytes_total = atomic_load(&b->bytes_total);
}

static bool is_being_made(const struct backups *b, const struct backup_key *key)
{
        return b->making && !memcmp(&b->making->key.id, &key->id, sizeof key->id);
}

/* The one being made is told by its order, since its key may not be there yet, or be done. */
bool backups_at(struct backups *b, uint32_t i, struct backup_view *out)
{
        uint32_t at = 0, count = backup_keys_list(b->keys, b->known);
        for (uint32_t k = 0; k < count; k++) {
                const struct backup_key *key = &b->known[k];
                if (is_being_made(b, key) || !key->is_done || at++ != i)
                        continue;
                *out = view_of(key);
                return true;
        }
        if (b->making && at++ == i) {
                *out = view_of(&b->making->key);
                add_progress(b, out);
                return true;
        }
        if (b->has_failed && at == i) {
                *out = b->failed;
                return true;
        }
        return false;
}

int backups_find(struct backups *b, struct slice name, struct backup_view *out)
{
        struct backup_view view; /* `name` may be in `out` */
        for (uint32_t i = 0; backups_at(b, i, &view); i++) {
                if (!slice_equal(slice_from(view.name.text), name))
                        continue;
                *out = view;
                return 0;
        }
        return ERR_NOT_FOUND;
}

static const struct backup_key *find_key(struct backups *b, struct slice name)
{
        uint32_t count = backup_keys_list(b->keys, b->known);
        for (uint32_t i = 0; i < count; i++)
                if (slice_equal(slice_from(backup_name_of(&b->known[i]).text), name))
                        return &b->known[i];
        return NULL;
}

int backups_export_key(struct backups *b, struct slice name, char out[BACKUP_KEY_TEXT])
{
        uint8_t secret[VAULT_KEY_BYTES];
        const struct backup_key *key = find_key(b, name);
        int err = key ? backup_keys_get(b->keys, &key->id, secret) : ERR_NOT_FOUND;
        if (err)
                return err;
        backup_key_format(&key->id, secret, out);
        explicit_bzero(secret, sizeof secret);
        note(b, AUDIT_BACKUP_KEY_TOLD, key);
        return 0;
}

int backups_forget(struct backups *b, struct slice name, directory_done *done, void *arg)
{
        const struct backup_key *key = find_key(b, name);
        if (!key)
                return ERR_NOT_FOUND;
        if (is_being_made(b, key))
                return ERR_STATE;
        struct order *order = give_order(b, ORDER_SHRED, key);
        if (!order)
                return -ENOMEM;
        order->done = done;
        order->arg = arg;
        return 0;
}

void backups_counters(struct backups *b, struct backups_counters *out)
{
        uint32_t count = backup_keys_list(b->keys, b->known);
        *out = b->counters;
        for (uint32_t i = 0; i < count; i++)
                if (b->known[i].is_done)
                        out->last_ms = b->known[i].created_ms;
}
