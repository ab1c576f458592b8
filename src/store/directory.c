/* SPDX-License-Identifier: Apache-2.0 */
#include "store/directory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "store/data_dir.h"
#include "store/directory_impl.h"
#include "store/last_seen.h"

#define PROGRESS_ROWS   250000u
/* A clock this far behind the newest record is wrong rather than adjusted. */
#define CLOCK_BEHIND_MS 60000

#define SESSIONS_MAX (1u << 28)
/* Whatever tenants add, there is room for the default one of each. */
#define POOLS_MAX    (DIRECTORY_POOLS_MAX + TENANTS_MAX)
/*
 * Two parties make two keys, and fit into their row. Sessions with more take what those with fewer
 * keys leave, and this; a few of them fit into any directory.
 */
#define KEYS_SPARE   4096u
#define PIECES_SPARE 4096u

int64_t directory_now(const struct directory *dir)
{
        int64_t wall_ms = io_wall_ms(dir->io);
        if (wall_ms > *dir->latest_ms)
                *dir->latest_ms = wall_ms;
        return *dir->latest_ms;
}

static uint64_t row_id(const void *arg, uint32_t slot)
{
        const struct directory *dir = arg;
        const struct row *row = pool_at(dir->rows, slot);
        return row->id;
}

static uint64_t number_order(const void *arg, uint32_t slot)
{
        const struct directory *dir = arg;
        const struct number_held *number = pool_at(dir->numbers, slot);
        return number->order;
}

static uint64_t pool_order(const void *arg, uint32_t slot)
{
        const struct directory *dir = arg;
        const struct number_pool *pool = pool_at(dir->number_pools, slot);
        return pool->order;
}

static struct siphash_key table_key(struct directory *dir)
{
        struct siphash_key key;
        random_fill(io_random(dir->io), &key, sizeof key);
        return key;
}

static int init_numbers(struct directory *dir, uint32_t max)
{
        int err = pool_create(sizeof(struct number_held), max, false, &dir->numbers);
        if (!err)
                err = map_init(&dir->numbers_by_number, max, table_key(dir));
        if (!err)
                err = roll_init(&dir->numbers_roll, max, number_order, dir);
        if (!err)
                err = pool_create(sizeof(struct number_pool), POOLS_MAX, false, &dir->number_pools);
        if (!err)
                err = map_init(&dir->number_pools_by_key, 64, table_key(dir));
        if (!err)
                err = roll_init(&dir->pools_roll, POOLS_MAX, pool_order, dir);
        return err;
}

static int init_sessions(struct directory *dir, uint32_t max)
{
        if (max > SESSIONS_MAX)
                return ERR_RANGE;
        int err = pool_create(sizeof(struct row), max, false, &dir->rows);
        if (!err)
                err = roll_init(&dir->rows_roll, max, row_id, dir);
        if (!err)
                err = due_init(&dir->due, max);
        if (!err)
                err = pieces_init(&dir->pieces, max / 4 + PIECES_SPARE);
        if (!err)
                err = pool_create(sizeof(struct reference), max, false, &dir->references);
        if (!err)
                err = map_init(&dir->references_by_key, max, table_key(dir));
        if (err)
                return err;

        uint32_t keys_max = 2 * max + max / 2 + KEYS_SPARE;
        dir->uses = calloc(max, sizeof *dir->uses);
        dir->used = calloc(max, sizeof *dir->used);
        dir->index_memory = calloc(1, index_bytes(keys_max));
        if (!dir->uses || !dir->used || !dir->index_memory)
                return -ENOMEM;
        index_init(&dir->index, dir->index_memory, keys_max);
        return 0;
}

static int init(struct directory *dir, const struct directory_params *params, struct vault *vault)
{
        dir->io = params->io;
        list_init(&dir->walks);
        list_init(&dir->erasings);
        list_init(&dir->holdings);
        list_init(&dir->certificates);
        list_init(&dir->plans);
        list_init(&dir->burials);
        pool_policy_default(&dir->policy);
        dir->policy.quarantine_ms = params->quarantine_ms;
        dir->next_pool_id = DIRECTORY_DEFAULT_POOL + 1;
        dir->next_trunk_id = 1;
        dir->next_session_id = 1;
        dir->id_key = public_id_key_from(vault_id_key(vault));
        dir->vault = vault;

        dir->latest_ms = calloc(1, sizeof *dir->latest_ms);
        dir->trunks = calloc(TRUNKS_MAX, sizeof *dir->trunks);
        dir->scratch = secret_alloc(sizeof *dir->scratch);
        if (!dir->latest_ms || !dir->trunks || !dir->scratch)
                return -ENOMEM;
        int err = tenants_init(dir);
        if (!err)
                err = keys_init(dir, table_key(dir));
        if (!err)
                err = init_numbers(dir, params->numbers_max);
        if (!err)
                err = init_sessions(dir, params->sessions_max);
        if (!err)
                err = intents_init(dir, table_key(dir));
        if (!err)
                err = history_init(dir);
        if (!err)
                err = blocks_init(dir, table_key(dir));
        if (!err)
                err = queue_init(dir, params->waiting_max);
        return err;
}

/* What init() made, as far as it came. */
static void fini(struct directory *dir)
{
        queue_fini(dir);
        free(dir->index_memory);
        map_fini(&dir->references_by_key);
        pool_destroy(dir->references);
        pieces_fini(&dir->pieces);
        due_fini(&dir->due);
        roll_fini(&dir->rows_roll);
        free(dir->used);
        free(dir->uses);
        pool_destroy(dir->rows);
        roll_fini(&dir->pools_roll);
        map_fini(&dir->number_pools_by_key);
        pool_destroy(dir->number_pools);
        roll_fini(&dir->numbers_roll);
        map_fini(&dir->numbers_by_number);
        pool_destroy(dir->numbers);
        secret_free(dir->scratch, sizeof *dir->scratch);
        free(dir->trunks);
        keys_fini(dir);
        tenants_fini(dir);
        free(dir->latest_ms);
        intents_fini(dir);
        history_fini(dir);
        blocks_fini(dir);
        explicit_bzero(dir, sizeof *dir);
        free(dir);
}

struct loading {
        struct directory *dir;
        char *problem;
        uint32_t read, unreadable;
        bool has_audit;
};

static int on_tenant(void *arg, const struct tenant *row)
{
        struct loading *loading = arg;
        int err = tenant_load(loading->dir, row);
        if (err)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "Tenant %" PRIu32 " in the database can't be loaded: %s.", row->id,
                         err_text(err));
        return err;
}

static int on_key(void *arg, const struct api_key *row)
{
        struct loading *loading = arg;
        int err = key_load(loading->dir, row);
        if (err)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "API key %" PRIu64 " in the database can't be loaded: %s.", row->id,
                         err_text(err));
        return err;
}

static int on_trunk(void *arg, const struct trunk *row)
{
        struct loading *loading = arg;
        int err = trunk_load(loading->dir, row);
        if (err)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "The trunk \"%.*s\" in the database can't be loaded: %s.",
                         TRUNK_NAME_BYTES, row->name, err_text(err));
        return err;
}

static int on_pool(void *arg, const struct store_pool *row)
{
        struct loading *loading = arg;
        int err = directory_pool_load(loading->dir, row);
        if (err)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "The pool \"%.*s\" in the database can't be loaded: %s.", POOL_NAME_BYTES,
                         row->name, err_text(err));
        return err;
}

static int on_number(void *arg, const struct store_number *row)
{
        struct loading *loading = arg;
        int err = number_insert(loading->dir, row);
        if (err == ERR_FULL)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "The database holds more numbers than the limit of %" PRIu32
                         " allows: raise numbers_max.",
                         pool_capacity(loading->dir->numbers));
        else if (err)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "A number in the database can't be loaded: %s.", err_text(err));
        return err;
}

static int on_block(void *arg, const struct store_block *row)
{
        struct loading *loading = arg;
        int err = block_load(loading->dir, row);
        if (err)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "A blocked pair in the database can't be loaded: %s.", err_text(err));
        return err;
}

static void tell_progress(struct loading *loading)
{
        if (++loading->read % PROGRESS_ROWS == 0)
                log_info("store: %" PRIu32 " sessions read", loading->read);
}

static bool is_over(const struct directory *dir, const struct store_session *row, int64_t now_ms)
{
        bool has_ended = row->state == SESSION_ENDED || row->state == SESSION_ERASED;
        int64_t end_ms = has_ended ? row->ended_ms : row->expires_ms;
        const struct pool_policy *policy = number_pool_policy(dir, row->tenant_id, row->pool_id);
        return end_ms && now_ms >= end_ms && now_ms - end_ms >= policy->quarantine_ms;
}

static int take_in(struct directory *dir, const struct session *session,
                   const struct store_session *row, const struct session_use *use)
{
        const struct row_life life = {row->fixed_ms, row->sliding_ms, row->origin};
        struct row *held;
        int err = row_add(dir, session, &life, row, &held);
        if (!err)
                use_load(dir, held, use);
        return err;
}

static int tell_session(struct loading *loading, uint64_t id, int err)
{
        if (err == ERR_FULL)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "The database holds more sessions than the limit of %" PRIu32
                         " allows: raise sessions_max.",
                         pool_capacity(loading->dir->rows));
        else if (err)
                snprintf(loading->problem, STORE_PROBLEM_BYTES,
                         "Session row %" PRIu64 " in the database can't be loaded: %s.", id,
                         err_text(err));
        return err;
}

static int load_session(struct loading *loading, const struct store_session *row,
                        const struct session_use *use)
{
        struct directory *dir = loading->dir;
        const struct session *session = row_open_stored(dir, row);
        if (!session) {
                loading->unreadable++;
                return 0;
        }
        int err = number_pool_get(dir, row->tenant_id, row->pool_id)
                          ? take_in(dir, session, row, use)
                          : ERR_NOT_FOUND;
        row_close(dir);
        if (err != ERR_CONFLICT)
                return tell_session(loading, row->id, err);
        loading->unreadable++;
        return 0;
}

/* One whose erasure did not come to its end has left its key and a grave: it is erased now. */
static int load_keyless(struct loading *loading, const struct store_session *row)
{
        bool is_erased = row->state == SESSION_ERASED;
        if (!row->has_grave) {
                loading->unreadable += !is_erased;
                return 0;
        }
        int err = tell_session(loading, row->id, row_add_grave(loading->dir, row));
        if (!err && !is_erased)
                (void)erase_stored(loading->dir, row);
        return err;
}

static int on_session(void *arg, const struct store_session *row, const struct session_use *use)
{
        struct loading *loading = arg;
        struct directory *dir = loading->dir;
        tell_progress(loading);
        if (row->id >= dir->next_session_id)
                dir->next_session_id = row->id + 1;
        if (is_over(dir, row, directory_now(dir))) {
                /* Its key is not kept, so it is shredded after the load. */
                if (row->state != SESSION_ERASED)
                        (void)erase_stored(dir, row); /* a full queue: the next start tries again */
                return 0;
        }
        bool has_key = row->state != SESSION_ERASED && vault_key_keep(dir->vault, row->key_slot);
        return has_key ? load_session(loading, row, use) : load_keyless(loading, row);
}

static int on_grave(void *arg, const struct store_grave *grave)
{
        struct loading *loading = arg;
        int err = grave_load(loading->dir, grave);
        if (err == ERR_FULL)
                return tell_session(loading, grave->session_id, err);
        loading->unreadable += err != 0;
        return 0;
}

/* Records only go forward: what has ended must not come back because a clock was set back. */
static int on_audit_head(void *arg, const struct store_audit *last)
{
        struct loading *loading = arg;
        loading->has_audit = true;
        loading->dir->last_loaded = *last;
        int64_t behind_ms = last->at_ms - io_wall_ms(loading->dir->io);
        if (behind_ms > CLOCK_BEHIND_MS)
                log_warn("store: the clock is %" PRId64
                         " s behind the newest record; records keep its time until then",
                         behind_ms / 1000);
        if (last->at_ms > *loading->dir->latest_ms)
                *loading->dir->latest_ms = last->at_ms;
        return 0;
}

/*
 * Keys without any record: the database was lost or left elsewhere. Going on would shred keys that
 * it may still need.
 */
static int check_keys(const struct loading *loading)
{
        uint32_t keys = vault_keys_used(loading->dir->vault);
        if (keys == 0 || loading->has_audit)
                return 0;
        snprintf(loading->problem, STORE_PROBLEM_BYTES,
                 "keys.slots in the data directory holds the keys of %" PRIu32
                 " sessions, but the database is empty: put maskline.db back, or move keys.slots "
                 "away to begin anew without those sessions.",
                 keys);
        return ERR_CONFLICT;
}

/* Now, and not with the next commit: that may be a long time off, and the log says it was done. */
static uint32_t shred_unkept(struct vault *vault)
{
        uint32_t shredded = vault_shred_unkept(vault);
        int err = shredded ? vault_sync(vault) : 0;
        if (err)
                log_error("store: keys.slots cannot be written: %s; its keys are shredded with the "
                          "next write that succeeds",
                          err_text(err));
        return shredded;
}

static int load(struct directory *dir, char *problem)
{
        struct loading loading = {.dir = dir, .problem = problem};
        const struct store_loader loader = {
                .on_tenant = on_tenant,
                .on_key = on_key,
                .on_trunk = on_trunk,
                .on_pool = on_pool,
                .on_number = on_number,
                .on_block = on_block,
                .on_session = on_session,
                .on_grave = on_grave,
                .on_audit_head = on_audit_head,
                .arg = &loading,
        };
        problem[0] = '\0';
        int err = dir->store->ops->load(dir->store, &loader);
        if (err && !problem[0])
                snprintf(problem, STORE_PROBLEM_BYTES,
                         "The store can't be loaded: %s; the log says more.", err_text(err));
        if (!err)
                err = check_keys(&loading);
        if (err)
                return err;

        uint32_t shredded = shred_unkept(dir->vault);
        if (loading.unreadable)
                log_error("store: %" PRIu32 " sessions can't be served: their keys are missing "
                          "or their rows were altered",
                          loading.unreadable);
        log_info("store: %" PRIu32 " trunks, %" PRIu32 " numbers, %" PRIu32
                 " sessions loaded, %" PRIu32 " keys shredded",
                 dir->trunk_count, dir->numbers_roll.count, dir->rows_roll.count, shredded);
        rows_watch(dir);
        return 0;
}

int directory_open_on(const struct directory_params *params, struct vault *vault,
                      struct store *store, struct directory **out, char *problem)
{
        struct directory *dir = calloc(1, sizeof *dir);
        int err = dir ? init(dir, params, vault) : -ENOMEM;
        if (err) {
                snprintf(problem, STORE_PROBLEM_BYTES,
                         "The tables for %" PRIu32 " sessions and %" PRIu32
                         " numbers can't be made: %s.",
                         params->sessions_max, params->numbers_max, err_text(err));
                goto fail;
        }
        dir->store = store;
        err = load(dir, problem);
        if (err)
                goto fail;
        retention_start(dir, params->cdr_retention_ms);
        *out = dir;
        return 0;

fail:
        if (dir) {
                io_defer_cancel(params->io, &dir->queue.flush);
                fini(dir);
        }
        return err;
}

void directory_close(struct directory *dir)
{
        if (!dir)
                return;
        io_timer_stop(dir->io, &dir->due_timer);
        io_timer_stop(dir->io, &dir->last_seen_timer);
        retention_stop(dir);
        if (dir->data_dir)
                (void)last_seen_write(dir->data_dir, io_wall_ms(dir->io));
        io_timer_stop(dir->io, &dir->used_timer);
        party_walks_end(dir);
        certificates_end(dir);
        plans_end(dir);
        use_flush(dir);
        queue_close(dir);
        dir->store->ops->close(dir->store);
        burials_end(dir);
        erasings_end(dir);
        vault_close(dir->vault);
        data_dir_close(dir->data_dir);
        fini(dir);
}

struct number_hint directory_hint(const struct directory *dir, struct number number)
{
        return directory_hint_at(dir, number, directory_now(dir));
}

struct number_hint directory_hint_at(const struct directory *dir, struct number number,
                                     int64_t at_ms)
{
        struct siphash_key key = vault_hint_key(dir->vault, at_ms);
        struct number_hint hint = number_hint(number, &key);
        explicit_bzero(&key, sizeof key);
        return hint;
}

void directory_health(const struct directory *dir, struct directory_health *out)
{
        *out = (struct directory_health){
                .queued = pool_used(dir->queue.units),
                .lost = dir->queue.lost,
                .cdrs_expired = dir->retention.dropped,
                .sessions = dir->rows_roll.count,
                .numbers = dir->numbers_roll.count,
                .trunks = dir->trunk_count,
        };
        out->healthy = dir->store->ops->healthy(dir->store, out->problem);
        if (out->healthy && dir->queue.refused) {
                out->healthy = false;
                snprintf(out->problem, sizeof out->problem, "%s",
                         "Changes are not being written; the log says why.");
        }
}

void directory_visit_memory(const struct directory *dir,
                            void (*visit)(void *arg, const void *p, size_t bytes), void *arg)
{
        visit(arg, dir, sizeof *dir);
        visit(arg, dir->scratch, sizeof *dir->scratch);
        visit(arg, dir->index_memory, index_bytes(dir->index.max));
        for (uint32_t i = 0; i < pool_capacity(dir->rows); i++)
                if (pool_at(dir->rows, i))
                        visit(arg, pool_at(dir->rows, i), sizeof(struct row));
        visit(arg, dir->uses, pool_capacity(dir->rows) * sizeof *dir->uses);
        pieces_visit(&dir->pieces, visit, arg);
        for (uint32_t i = 0; i < pool_capacity(dir->references); i++)
                if (pool_at(dir->references, i))
                        visit(arg, pool_at(dir->references, i), sizeof(struct reference));
        for (uint32_t i = 0; i < pool_capacity(dir->queue.units); i++)
                if (pool_at(dir->queue.units, i))
                        visit(arg, pool_at(dir->queue.units, i), sizeof(struct unit));
}
