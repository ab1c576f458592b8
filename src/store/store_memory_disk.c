/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_memory_disk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/audit.h"

struct rows {
        void *p; /* owned */
        size_t row_bytes;
        uint32_t count, capacity;
};

struct store_memory_disk {
        struct rows tenants, keys, trunks, pools, blocks, numbers, sessions, uses, graves, cdrs,
                audit;
        struct audit_head head;
        uint64_t commits;
};

static void *row_at(const struct rows *rows, uint32_t i)
{
        return (char *)rows->p + i * rows->row_bytes;
}

static int reserve(struct rows *rows, uint32_t extra)
{
        uint32_t capacity = rows->capacity ? rows->capacity : 64;
        while (capacity < rows->count + extra)
                capacity *= 2;
        if (capacity == rows->capacity)
                return 0;
        void *p = reallocarray(rows->p, capacity, rows->row_bytes);
        if (!p)
                return -ENOMEM;
        rows->p = p;
        rows->capacity = capacity;
        return 0;
}

static void add(struct rows *rows, const void *row)
{
        assert(rows->count < rows->capacity);
        memcpy(row_at(rows, rows->count++), row, rows->row_bytes);
}

static void remove_at(struct rows *rows, uint32_t i)
{
        memmove(row_at(rows, i), row_at(rows, i + 1), (rows->count - i - 1) * rows->row_bytes);
        rows->count--;
}

int store_memory_disk_create(struct store_memory_disk **out)
{
        struct store_memory_disk *disk = calloc(1, sizeof *disk);
        if (!disk)
                return -ENOMEM;
        disk->tenants.row_bytes = sizeof(struct tenant);
        disk->keys.row_bytes = sizeof(struct api_key);
        disk->trunks.row_bytes = sizeof(struct trunk);
        disk->pools.row_bytes = sizeof(struct store_pool);
        disk->blocks.row_bytes = sizeof(struct store_block);
        disk->uses.row_bytes = sizeof(struct store_use);
        disk->numbers.row_bytes = sizeof(struct store_number);
        disk->sessions.row_bytes = sizeof(struct store_session);
        disk->graves.row_bytes = sizeof(struct store_grave);
        disk->cdrs.row_bytes = sizeof(struct cdr);
        disk->audit.row_bytes = sizeof(struct store_audit);
        /* As the schema has it. */
        if (reserve(&disk->tenants, 1)) {
                free(disk);
                return -ENOMEM;
        }
        add(&disk->tenants, &(struct tenant){.id = TENANT_DEFAULT, .name = "default"});
        *out = disk;
        return 0;
}

void store_memory_disk_destroy(struct store_memory_disk *disk)
{
        if (!disk)
                return;
        free(disk->tenants.p);
        free(disk->keys.p);
        free(disk->trunks.p);
        free(disk->pools.p);
        free(disk->blocks.p);
        free(disk->uses.p);
        free(disk->numbers.p);
        free(disk->sessions.p);
        free(disk->graves.p);
        free(disk->cdrs.p);
        free(disk->audit.p);
        free(disk);
}

struct store_audit *store_memory_audit_at(struct store_memory_disk *disk, uint32_t i)
{
        return i < disk->audit.count ? row_at(&disk->audit, i) : NULL;
}

struct store_grave *store_memory_grave_at(struct store_memory_disk *disk, uint32_t i)
{
        return i < disk->graves.count ? row_at(&disk->graves, i) : NULL;
}

struct store_session *store_memory_session_at(struct store_memory_disk *disk, uint32_t i)
{
        return i < disk->sessions.count ? row_at(&disk->sessions, i) : NULL;
}

uint64_t store_memory_commits(const struct store_memory_disk *disk)
{
        return disk->commits;
}

static struct trunk *find_trunk(struct store_memory_disk *disk, uint32_t id)
{
        for (uint32_t i = 0; i < disk->trunks.count; i++) {
                struct trunk *trunk = row_at(&disk->trunks, i);
                if (trunk->id == id)
                        return trunk;
        }
        return NULL;
}

static struct store_pool *find_pool(struct store_memory_disk *disk, const struct store_pool *pool)
{
        for (uint32_t i = 0; i < disk->pools.count; i++) {
                struct store_pool *row = row_at(&disk->pools, i);
                if (row->id == pool->id && row->tenant_id == pool->tenant_id)
                        return row;
        }
        return NULL;
}

static struct store_use *find_use(const struct store_memory_disk *disk, uint64_t id)
{
        for (uint32_t i = 0; i < disk->uses.count; i++) {
                struct store_use *row = row_at(&disk->uses, i);
                if (row->id == id)
                        return row;
        }
        return NULL;
}

static struct store_number *find_number(struct store_memory_disk *disk, struct masking_number n)
{
        for (uint32_t i = 0; i < disk->numbers.count; i++) {
                struct store_number *row = row_at(&disk->numbers, i);
                if (number_equal(row->number.n, n.n))
                        return row;
        }
        return NULL;
}

/* Where the session with this id is, or where it belongs: ids ascend. */
static uint32_t session_position(const struct store_memory_disk *disk, uint64_t id)
{
        uint32_t low = 0, high = disk->sessions.count;
        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                const struct store_session *row = row_at(&disk->sessions, mid);
                if (row->id < id)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static struct store_session *find_session(struct store_memory_disk *disk, uint64_t id)
{
        uint32_t at = session_position(disk, id);
        struct store_session *row = at < disk->sessions.count ? row_at(&disk->sessions, at) : NULL;
        return row && row->id == id ? row : NULL;
}

static bool has_cdr(const struct store_memory_disk *disk, const struct cdr *cdr)
{
        for (uint32_t i = 0; i < disk->cdrs.count; i++) {
                const struct cdr *row = row_at(&disk->cdrs, i);
                if (memcmp(&row->leg_id, &cdr->leg_id, sizeof row->leg_id) == 0)
                        return true;
        }
        return false;
}

/* Whether a change of this submit before the i-th adds the session. */
static bool adds_session(const struct store_change *changes, uint32_t i, uint64_t id)
{
        for (uint32_t k = 0; k < i; k++)
                if (changes[k].kind == STORE_ADD_SESSION && changes[k].session.id == id)
                        return true;
        return false;
}

static bool is_of_session(enum store_change_kind kind)
{
        return kind == STORE_ADD_SESSION || kind == STORE_SET_SESSION ||
               kind == STORE_SET_SESSION_STATE;
}

/* Everything that can go wrong is looked at first, so that a submit applies whole. */
static int check(struct store_memory_disk *disk, const struct store_change *changes, uint32_t count)
{
        for (uint32_t i = 0; i < count; i++) {
                const struct store_change *change = &changes[i];
                if (!is_of_session(change->kind))
                        continue;
                uint64_t id = change->session.id;
                bool there = find_session(disk, id) || adds_session(changes, i, id);
                if (there == (change->kind == STORE_ADD_SESSION))
                        return ERR_CONFLICT;
        }
        struct rows *rows[] = {&disk->tenants, &disk->keys,    &disk->trunks,   &disk->pools,
                               &disk->blocks,  &disk->numbers, &disk->sessions, &disk->uses,
                               &disk->graves,  &disk->cdrs,    &disk->audit};
        for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
                if (reserve(rows[i], count) != 0)
                        return -ENOMEM;
        return 0;
}

static void put_tenant(struct store_memory_disk *disk, const struct tenant *tenant)
{
        for (uint32_t i = 0; i < disk->tenants.count; i++) {
                struct tenant *old = row_at(&disk->tenants, i);
                if (old->id == tenant->id) {
                        *old = *tenant;
                        return;
                }
        }
        add(&disk->tenants, tenant);
}

static struct api_key *find_key(struct store_memory_disk *disk, uint64_t id)
{
        for (uint32_t i = 0; i < disk->keys.count; i++) {
                struct api_key *key = row_at(&disk->keys, i);
                if (key->id == id)
                        return key;
        }
        return NULL;
}

static void put_key(struct store_memory_disk *disk, const struct api_key *key)
{
        struct api_key *old = find_key(disk, key->id);
        if (old)
                *old = *key;
        else
                add(&disk->keys, key);
}

static void revoke_key(struct store_memory_disk *disk, const struct api_key *key)
{
        struct api_key *row = find_key(disk, key->id);
        if (!row)
                return;
        row->revoked_ms = key->revoked_ms;
        memset(row->hash, 0, sizeof row->hash);
}

static void touch_key(struct store_memory_disk *disk, const struct api_key *key)
{
        struct api_key *row = find_key(disk, key->id);
        if (row && row->used_ms < key->used_ms)
                row->used_ms = key->used_ms;
}

static void put_trunk(struct store_memory_disk *disk, const struct trunk *trunk)
{
        struct trunk *old = find_trunk(disk, trunk->id);
        if (old)
                *old = *trunk;
        else
                add(&disk->trunks, trunk);
}

static void remove_trunk(struct store_memory_disk *disk, uint32_t id)
{
        for (uint32_t i = 0; i < disk->trunks.count; i++)
                if (((struct trunk *)row_at(&disk->trunks, i))->id == id)
                        remove_at(&disk->trunks, i--);
}

static void put_pool(struct store_memory_disk *disk, const struct store_pool *pool)
{
        struct store_pool *old = find_pool(disk, pool);
        if (old)
                *old = *pool;
        else
                add(&disk->pools, pool);
}

static void remove_pool(struct store_memory_disk *disk, const struct store_pool *pool)
{
        struct store_pool *old = find_pool(disk, pool);
        if (old)
                remove_at(&disk->pools, (uint32_t)(old - (struct store_pool *)disk->pools.p));
}

static void remove_block(struct store_memory_disk *disk, const struct store_block *block)
{
        for (uint32_t i = 0; i < disk->blocks.count; i++) {
                const struct store_block *row = row_at(&disk->blocks, i);
                if (row->tenant_id == block->tenant_id &&
                    !memcmp(row->one, block->one, sizeof row->one) &&
                    !memcmp(row->other, block->other, sizeof row->other)) {
                        remove_at(&disk->blocks, i);
                        return;
                }
        }
}

static void put_block(struct store_memory_disk *disk, const struct store_block *block)
{
        remove_block(disk, block);
        add(&disk->blocks, block);
}

static void set_use(struct store_memory_disk *disk, const struct store_use *use)
{
        struct store_session *session = find_session(disk, use->id);
        struct store_use *old = find_use(disk, use->id);
        if (!session || session->state == SESSION_ERASED)
                return;
        session->expires_ms = use->expires_ms;
        if (old)
                *old = *use;
        else
                add(&disk->uses, use);
}

static void put_number(struct store_memory_disk *disk, const struct store_number *number)
{
        struct store_number *old = find_number(disk, number->number);
        if (old)
                *old = *number;
        else
                add(&disk->numbers, number);
}

static void remove_number(struct store_memory_disk *disk, struct masking_number n)
{
        struct store_number *old = find_number(disk, n);
        if (old)
                remove_at(&disk->numbers, (uint32_t)(old - (struct store_number *)disk->numbers.p));
}

static void add_session(struct store_memory_disk *disk, const struct store_session *session)
{
        uint32_t at = session_position(disk, session->id);
        add(&disk->sessions, session);
        memmove(row_at(&disk->sessions, at + 1), row_at(&disk->sessions, at),
                (disk->sessions.count - at - 1) * sizeof *session);
        memcpy(row_at(&disk->sessions, at), session, sizeof *session);
}

static void set_session(struct store_memory_disk *disk, const struct store_session *session)
{
        struct store_session *row = find_session(disk, session->id);
        assert(row);
        *row = *session;
}

static void set_session_state(struct store_memory_disk *disk, const struct store_session *session)
{
        struct store_session *row = find_session(disk, session->id);
        assert(row);
        row->state = session->state;
        row->ended_ms = session->ended_ms;
        if (row->state == SESSION_ERASED) {
                row->reference[0] = '\0';
                row->sealed_bytes = 0;
                explicit_bzero(row->sealed, sizeof row->sealed);
        }
}

static void remove_grave(struct store_memory_disk *disk, uint64_t session_id, int part)
{
        for (uint32_t i = 0; i < disk->graves.count; i++) {
                const struct store_grave *grave = row_at(&disk->graves, i);
                if (grave->session_id == session_id && (part < 0 || grave->part == part))
                        remove_at(&disk->graves, i--);
        }
}

static bool is_before(const struct store_grave *a, const struct store_grave *b)
{
        return a->session_id != b->session_id ? a->session_id < b->session_id : a->part < b->part;
}

static void put_grave(struct store_memory_disk *disk, const struct store_grave *grave)
{
        remove_grave(disk, grave->session_id, grave->part);
        add(&disk->graves, grave);
        struct store_grave *rows = disk->graves.p;
        for (uint32_t i = disk->graves.count - 1; i > 0 && is_before(&rows[i], &rows[i - 1]); i--) {
                struct store_grave other = rows[i - 1];
                rows[i - 1] = rows[i];
                rows[i] = other;
        }
}

static bool has_grave(const struct store_memory_disk *disk, uint64_t session_id)
{
        for (uint32_t i = 0; i < disk->graves.count; i++)
                if (((const struct store_grave *)row_at(&disk->graves, i))->session_id ==
                    session_id)
                        return true;
        return false;
}

static void add_audit(struct store_memory_disk *disk, const struct vault *vault,
                      const struct store_audit *entry)
{
        struct store_audit linked = *entry;
        audit_link(vault, &disk->head, &linked);
        add(&disk->audit, &linked);
}

static void apply(struct store_memory_disk *disk, const struct vault *vault,
                  const struct store_change *change)
{
        switch (change->kind) {
        case STORE_PUT_TENANT:
        case STORE_REMOVE_TENANT:
                put_tenant(disk, &change->tenant);
                return;
        case STORE_PUT_KEY:
                put_key(disk, &change->key);
                return;
        case STORE_REVOKE_KEY:
                revoke_key(disk, &change->key);
                return;
        case STORE_TOUCH_KEY:
                touch_key(disk, &change->key);
                return;
        case STORE_PUT_TRUNK:
                put_trunk(disk, &change->trunk);
                return;
        case STORE_REMOVE_TRUNK:
                remove_trunk(disk, change->trunk.id);
                return;
        case STORE_PUT_POOL:
                put_pool(disk, &change->pool);
                return;
        case STORE_REMOVE_POOL:
                remove_pool(disk, &change->pool);
                return;
        case STORE_PUT_BLOCK:
                put_block(disk, &change->block);
                return;
        case STORE_REMOVE_BLOCK:
                remove_block(disk, &change->block);
                return;
        case STORE_SET_SESSION_USE:
                set_use(disk, &change->use);
                return;
        case STORE_PUT_NUMBER:
                put_number(disk, &change->number);
                return;
        case STORE_REMOVE_NUMBER:
                remove_number(disk, change->number.number);
                return;
        case STORE_ADD_SESSION:
                add_session(disk, &change->session);
                return;
        case STORE_SET_SESSION:
                set_session(disk, &change->session);
                return;
        case STORE_SET_SESSION_STATE:
                set_session_state(disk, &change->session);
                return;
        case STORE_PUT_GRAVE:
                put_grave(disk, &change->grave);
                return;
        case STORE_REMOVE_GRAVE:
                remove_grave(disk, change->grave.session_id, -1);
                return;
        case STORE_ADD_CDR:
                if (!has_cdr(disk, &change->cdr))
                        add(&disk->cdrs, &change->cdr);
                return;
        case STORE_ADD_AUDIT:
                add_audit(disk, vault, &change->audit);
                return;
        }
}

int store_memory_disk_commit(struct store_memory_disk *disk, const struct vault *vault,
                             const struct store_change *changes, uint32_t count)
{
        int err = check(disk, changes, count);
        if (err)
                return err;
        for (uint32_t i = 0; i < count; i++)
                apply(disk, vault, &changes[i]);
        disk->commits++;
        return 0;
}

/* Of erased sessions without graves only the last is of any use: its id has been given out. */
static int load_session(const struct store_memory_disk *disk, uint32_t i,
                        const struct store_loader *loader)
{
        struct store_session row = *(const struct store_session *)row_at(&disk->sessions, i);
        row.has_grave = has_grave(disk, row.id);
        if (row.state == SESSION_ERASED && i + 1 < disk->sessions.count && !row.has_grave)
                return 0;
        const struct store_use *known = find_use(disk, row.id);
        struct session_use use;
        session_use_init(&use);
        return loader->on_session(loader->arg, &row, known ? &known->use : &use);
}

static int load_tenants(const struct store_memory_disk *disk, const struct store_loader *loader)
{
        int err = 0;
        for (uint32_t i = 0; !err && i < disk->tenants.count; i++) {
                const struct tenant *row = row_at(&disk->tenants, i);
                if (!row->removed_ms || i + 1 == disk->tenants.count)
                        err = loader->on_tenant(loader->arg, row);
        }
        for (uint32_t i = 0; !err && i < disk->keys.count; i++) {
                const struct api_key *row = row_at(&disk->keys, i);
                if (!row->revoked_ms || i + 1 == disk->keys.count)
                        err = loader->on_key(loader->arg, row);
        }
        return err;
}

int store_memory_disk_load(const struct store_memory_disk *disk, const struct store_loader *loader)
{
        int err = load_tenants(disk, loader);
        for (uint32_t i = 0; !err && i < disk->trunks.count; i++)
                err = loader->on_trunk(loader->arg, row_at(&disk->trunks, i));
        for (uint32_t i = 0; !err && i < disk->pools.count; i++)
                err = loader->on_pool(loader->arg, row_at(&disk->pools, i));
        for (uint32_t i = 0; !err && i < disk->numbers.count; i++)
                err = loader->on_number(loader->arg, row_at(&disk->numbers, i));
        for (uint32_t i = 0; !err && i < disk->blocks.count; i++)
                err = loader->on_block(loader->arg, row_at(&disk->blocks, i));
        for (uint32_t i = 0; !err && i < disk->sessions.count; i++)
                err = load_session(disk, i, loader);
        for (uint32_t i = 0; !err && i < disk->graves.count; i++)
                err = loader->on_grave(loader->arg, row_at(&disk->graves, i));
        if (!err && disk->audit.count)
                err = loader->on_audit_head(loader->arg,
                                            row_at(&disk->audit, disk->audit.count - 1));
        return err;
}

static bool matches(const struct cdr *cdr, const struct store_cdr_query *query)
{
        bool is_nobodys = query->or_nobodys && cdr->tenant_id == 0;
        if (query->tenant_id && cdr->tenant_id != query->tenant_id && !is_nobodys)
                return false;
        if (query->before_ms && cdr->started_ms >= query->before_ms)
                return false;
        return !query->by_call || memcmp(&cdr->call_id, &query->call_id, sizeof cdr->call_id) == 0;
}

/* Newest first; of equal starts the one written last. */
static void insert_sorted(struct cdr *out, uint32_t *count, uint32_t max, const struct cdr *cdr)
{
        uint32_t at = *count;
        while (at > 0 && out[at - 1].started_ms <= cdr->started_ms)
                at--;
        if (at >= max)
                return;
        uint32_t keep = *count < max ? *count : max - 1;
        memmove(&out[at + 1], &out[at], (keep - at) * sizeof *out);
        out[at] = *cdr;
        *count = keep + 1;
}

uint32_t store_memory_disk_find_cdrs(const struct store_memory_disk *disk,
                                     const struct store_cdr_query *query, struct cdr *out)
{
        uint32_t count = 0;
        for (uint32_t i = 0; i < disk->cdrs.count; i++)
                if (matches(row_at(&disk->cdrs, i), query))
                        insert_sorted(out, &count, query->max, row_at(&disk->cdrs, i));
        return count;
}

uint32_t store_memory_disk_drop_cdrs(struct store_memory_disk *disk,
                                     const struct store_cdr_query *query)
{
        struct rows *cdrs = &disk->cdrs;
        uint32_t dropped = 0, kept = 0;
        for (uint32_t i = 0; i < cdrs->count; i++) {
                const struct cdr *row = row_at(cdrs, i);
                if (row->started_ms < query->before_ms && dropped < query->max) {
                        dropped++;
                        continue;
                }
                memmove(row_at(cdrs, kept++), row, cdrs->row_bytes);
        }
        cdrs->count = kept;
        return dropped;
}

static bool is_of(uint32_t tenant_id, const struct store_events_query *query)
{
        return !query->tenant_id || tenant_id == query->tenant_id;
}

void store_memory_disk_collect(const struct store_memory_disk *disk,
                               const struct store_events_query *query, struct store_audit *audits,
                               struct store_cdr *legs, struct store_events *page)
{
        *page = (struct store_events){
                .audits = audits,
                .cdrs = legs,
                .audit_head = disk->audit.count,
                .cdr_head = disk->cdrs.count,
                .audit_seen = disk->audit.count,
                .cdr_seen = disk->cdrs.count,
        };
        uint32_t max = query->from_now ? 0 : query->max;
        for (uint32_t i = 0; i < disk->audit.count && page->audit_count < max; i++) {
                const struct store_audit *entry = row_at(&disk->audit, i);
                if (entry->sequence > query->after_audit && is_of(entry->tenant_id, query))
                        audits[page->audit_count++] = *entry;
        }
        for (uint32_t i = 0; i < disk->cdrs.count && page->cdr_count < max; i++) {
                const struct cdr *cdr = row_at(&disk->cdrs, i);
                if (i + 1 > query->after_cdr && is_of(cdr->tenant_id, query) &&
                    cdr->leg == CDR_LEG_A && cdr->verdict == MASK_CONNECT)
                        legs[page->cdr_count++] = (struct store_cdr){i + 1, *cdr};
        }
        if (page->audit_count && page->audit_count == max)
                page->audit_seen = audits[max - 1].sequence;
        if (page->cdr_count && page->cdr_count == max)
                page->cdr_seen = legs[max - 1].number;
}

int store_memory_disk_walk_audit(const struct store_memory_disk *disk,
                                 int (*visit)(void *arg, const struct store_audit *entry),
                                 void *arg)
{
        int err = 0;
        for (uint32_t i = 0; !err && i < disk->audit.count; i++)
                err = visit(arg, row_at(&disk->audit, i));
        if (!err && disk->audit.count < disk->head.sequence)
                err = ERR_NOT_FOUND;
        return err;
}
