/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/audit.h"
#include "store/directory_impl.h"

void directory_cdr(struct directory *dir, const struct cdr *cdr)
{
        directory_cdr_then(dir, cdr, NULL, NULL);
}

void directory_cdr_then(struct directory *dir, const struct cdr *cdr, directory_done *done,
                        void *arg)
{
        struct unit *unit = queue_take(dir, true);
        if (!unit) {
                queue_lost(dir, ERR_FULL);
                if (done)
                        done(arg, ERR_FULL);
                return;
        }
        struct cdr *row = &unit_change(unit, STORE_ADD_CDR)->cdr;
        *row = *cdr;
        if (row->tenant_id == 0)
                row->number = (struct masking_number){{0}};
        queue_add(dir, unit, done, arg);
}

int directory_crash_seal(struct directory *dir, struct slice context, struct slice plain,
                         struct buf *out)
{
        return vault_crash_seal(dir->vault, context, plain, out);
}

int directory_crash_unseal(struct directory *dir, struct slice context, struct slice sealed,
                           struct buf *out)
{
        return vault_crash_unseal(dir->vault, context, sealed, out);
}

static struct audit_call audit_call_of(const struct directory_verdict *verdict)
{
        const struct directory_decision *decision = verdict->decision;
        struct audit_call call = {
                .tenant_id = decision->tenant_id,
                .call_id = verdict->call_id,
                .trunk_id = verdict->trunk_id,
                .verdict = decision->verdict,
                .caller = verdict->caller,
        };
        if (decision->tenant_id)
                call.dialled = verdict->dialled;
        if (decision->has_mapping) {
                call.session_id = decision->mapping.session_id;
                call.party = decision->mapping.caller_party;
                call.show = decision->mapping.show;
        }
        return call;
}

static void add_entry(struct directory *dir, const struct audit_call *call, int64_t at_ms)
{
        struct unit *unit = queue_take(dir, true);
        if (!unit) {
                queue_lost(dir, ERR_FULL);
                return;
        }
        audit_entry_call(unit_audit(unit), call, at_ms);
        queue_add(dir, unit, NULL, NULL);
}

int64_t directory_audit_decision(struct directory *dir, const struct directory_verdict *verdict)
{
        const struct audit_call call = audit_call_of(verdict);
        int64_t at_ms = directory_now(dir);
        add_entry(dir, &call, at_ms);
        return at_ms;
}

static bool is_same_entry(const struct store_audit *a, const struct store_audit *b)
{
        return a->kind == b->kind && a->body_bytes == b->body_bytes &&
               !memcmp(a->body, b->body, a->body_bytes);
}

void directory_audit_decision_again(struct directory *dir, const struct directory_verdict *verdict,
                                    int64_t at_ms)
{
        const struct audit_call call = audit_call_of(verdict);
        const struct store_audit *last = &dir->last_loaded;
        struct store_audit entry = {0};
        audit_entry_call(&entry, &call, at_ms);
        bool is_there = last->sequence && (last->at_ms > at_ms || is_same_entry(last, &entry));
        if (!is_there)
                add_entry(dir, &call, at_ms);
}

int directory_cdrs_list(struct directory *dir, uint32_t tenant_id, bool or_nobodys,
                        int64_t before_ms, uint32_t max, directory_cdrs_fn *fn, void *arg)
{
        const struct store_cdr_query query = {.tenant_id = tenant_id,
                                              .or_nobodys = or_nobodys,
                                              .before_ms = before_ms,
                                              .max = max};
        return dir->store->ops->query_cdrs(dir->store, &query, fn, arg);
}

int directory_cdrs_of_call(struct directory *dir, struct uuid call_id, directory_cdrs_fn *fn,
                           void *arg)
{
        const struct store_cdr_query query = {.by_call = true, .call_id = call_id, .max = 1000};
        return dir->store->ops->query_cdrs(dir->store, &query, fn, arg);
}

int directory_events(struct directory *dir, const struct store_events_query *query,
                     store_events_fn *fn, void *arg)
{
        return dir->store->ops->query_events(dir->store, query, fn, arg);
}

/* `visit` runs in the store's thread, `finish` in the loop's, one after the other. */
struct verification {
        struct vault *vault;
        struct audit_check check;
        directory_audit_fn *fn;
        void *arg;
};

static int visit(void *arg, const struct store_audit *entry)
{
        struct verification *v = arg;
        return audit_check_entry(&v->check, v->vault, entry) ? 0 : ERR_SEALED;
}

static void finish(void *arg, int err)
{
        struct verification *v = arg;
        audit_check_end(&v->check, err);
        v->fn(v->arg, v->check.bad_at ? 0 : err, v->check.count, v->check.bad_at);
        free(v);
}

int directory_audit_verify(struct directory *dir, directory_audit_fn *fn, void *arg)
{
        struct verification *v = calloc(1, sizeof *v);
        if (!v)
                return -ENOMEM;
        v->vault = dir->vault;
        v->fn = fn;
        v->arg = arg;
        int err = dir->store->ops->walk_audit(dir->store, visit, finish, v);
        if (err)
                free(v);
        return err;
}
