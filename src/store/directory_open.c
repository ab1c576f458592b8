/* SPDX-License-Identifier: Apache-2.0 */
/* The directory on files: what only a real data directory needs. */
#include "base/log.h"
#include "store/data_dir.h"
#include "store/directory_impl.h"
#include "store/last_seen.h"
#include "store/problem.h"
#include "store/restore.h"
#include "store/store_sqlite.h"

static void note_last_seen(void *arg)
{
        struct directory *dir = arg;
        int err = last_seen_write(dir->data_dir, io_wall_ms(dir->io));
        if (err)
                log_warn("store: %s/" DATA_DIR_CLOCK " cannot be written: %s",
                         data_dir_path(dir->data_dir), err_text(err));
        io_timer_start(dir->io, &dir->last_seen_timer, LAST_SEEN_WRITE_EACH_MS, note_last_seen,
                       dir);
}

static int check_restored(const struct data_dir *dir, char *problem)
{
        if (!data_dir_has(dir, DATA_DIR_RESTORE_PART))
                return 0;
        problem_put(problem,
                    "A restore into %s has not come to its end: run \"maskline restore\" again, "
                    "with the same backup or another one.",
                    data_dir_path(dir));
        return ERR_STATE;
}

int directory_open(const struct directory_params *params, struct directory **out, char *problem)
{
        struct data_dir *data_dir = NULL;
        struct vault *vault = NULL;
        struct store *store = NULL;
        int err = data_dir_open(params->data_dir, &data_dir, problem);
        if (!err)
                err = check_restored(data_dir, problem);
        if (!err)
                err = last_seen_check(data_dir, io_wall_ms(params->io), problem);
        if (!err)
                err = vault_open(data_dir, &vault, problem);
        if (!err) {
                const struct store_sqlite_params sqlite = {
                        .io = params->io, .dir = data_dir, .vault = vault};
                err = store_sqlite_open(&sqlite, &store, problem);
        }
        if (!err)
                err = directory_open_on(params, vault, store, out, problem);
        if (!err) {
                (*out)->data_dir = data_dir;
                note_last_seen(*out);
                return 0;
        }
        if (store)
                store->ops->close(store);
        vault_close(vault);
        data_dir_close(data_dir);
        return err;
}
