/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_columns.h"
#include "store/sqlite_get.h"
#include "store/sqlite_rows.h"

struct load {
        const struct store_loader *loader;
        int err; /* what a callback returned */
};

static int load_tenant(sqlite3_stmt *stmt, struct load *load)
{
        struct tenant tenant;
        int rc = sqlite_get_tenant(stmt, &tenant);
        if (!rc)
                load->err = load->loader->on_tenant(load->loader->arg, &tenant);
        return rc;
}

static int load_key(sqlite3_stmt *stmt, struct load *load)
{
        struct api_key key;
        int rc = sqlite_get_key(stmt, &key);
        if (!rc)
                load->err = load->loader->on_key(load->loader->arg, &key);
        return rc;
}

static int load_trunk(sqlite3_stmt *stmt, struct load *load)
{
        struct trunk trunk;
        int rc = sqlite_get_trunk(stmt, &trunk);
        if (!rc)
                load->err = load->loader->on_trunk(load->loader->arg, &trunk);
        return rc;
}

static int load_pool(sqlite3_stmt *stmt, struct load *load)
{
        struct store_pool pool;
        int rc = sqlite_get_pool(stmt, &pool);
        if (!rc)
                load->err = load->loader->on_pool(load->loader->arg, &pool);
        return rc;
}

static int load_number(sqlite3_stmt *stmt, struct load *load)
{
        struct store_number number;
        int rc = sqlite_get_number(stmt, &number);
        if (!rc)
                load->err = load->loader->on_number(load->loader->arg, &number);
        return rc;
}

static int load_block(sqlite3_stmt *stmt, struct load *load)
{
        struct store_block block;
        int rc = sqlite_get_block(stmt, &block);
        if (!rc)
                load->err = load->loader->on_block(load->loader->arg, &block);
        return rc;
}

static int load_session(sqlite3_stmt *stmt, struct load *load)
{
        struct store_session session;
        struct session_use use;
        int rc = sqlite_get_session(stmt, &session, &use);
        session.has_grave = sqlite3_column_int(stmt, sqlite3_column_count(stmt) - 1);
        if (!rc)
                load->err = load->loader->on_session(load->loader->arg, &session, &use);
        return rc;
}

static int load_grave(sqlite3_stmt *stmt, struct load *load)
{
        struct store_grave grave;
        int rc = sqlite_get_grave(stmt, &grave);
        if (!rc)
                load->err = load->loader->on_grave(load->loader->arg, &grave);
        return rc;
}

static int load_audit_head(sqlite3_stmt *stmt, struct load *load)
{
        struct store_audit last;
        sqlite_get_audit(stmt, &last);
        load->err = load->loader->on_audit_head(load->loader->arg, &last);
        return SQLITE_OK;
}

static int for_each_row(sqlite3 *db, const char *sql,
                        int (*fn)(sqlite3_stmt *stmt, struct load *load), struct load *load)
{
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
        while (!rc && !load->err && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
                rc = fn(stmt, load);
        sqlite3_finalize(stmt);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

_Static_assert(SESSION_ERASED == 3, "erased sessions are not loaded, but for their graves");

int sqlite_read_all(sqlite3 *db, const struct store_loader *loader, int *err)
{
        static const struct {
                const char *sql;
                int (*fn)(sqlite3_stmt *stmt, struct load *load);
        } kinds[] = {
                {"SELECT " TENANT_COLUMNS " FROM tenant "
                 "WHERE removed_ms = 0 OR id = (SELECT max(id) FROM tenant) ORDER BY id",
                 load_tenant},
                {"SELECT " KEY_COLUMNS " FROM api_key "
                 "WHERE revoked_ms = 0 OR id = (SELECT max(id) FROM api_key) ORDER BY id",
                 load_key},
                {"SELECT " TRUNK_COLUMNS " FROM trunk ORDER BY id", load_trunk},
                {"SELECT " POOL_COLUMNS " FROM pool ORDER BY tenant_id, id", load_pool},
                {"SELECT " NUMBER_COLUMNS " FROM number ORDER BY e164", load_number},
                {"SELECT " BLOCK_COLUMNS " FROM block ORDER BY created_ms", load_block},
                {"SELECT " SESSION_COLUMNS ", " USE_COLUMNS ", "
                 "EXISTS(SELECT 1 FROM grave WHERE session_id = session.id) FROM session "
                 "WHERE state != 3 OR id = (SELECT max(id) FROM session) "
                 "OR id IN (SELECT session_id FROM grave) ORDER BY id",
                 load_session},
                {"SELECT " GRAVE_COLUMNS " FROM grave ORDER BY session_id, part", load_grave},
                {LAST_AUDIT, load_audit_head},
        };
        struct load load = {.loader = loader};
        int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        for (unsigned i = 0; !rc && !load.err && i < sizeof kinds / sizeof kinds[0]; i++)
                rc = for_each_row(db, kinds[i].sql, kinds[i].fn, &load);
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        *err = load.err;
        return rc;
}
