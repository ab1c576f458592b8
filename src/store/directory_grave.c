/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Graves: what is left of a session that is erased by order, until its quarantine is over. A stale call
 * must not reach whoever is next, also after a restart, so which pairs were taken is known as long as
 * that takes: by keyed hash, in memory and on disk, there under a key that is shredded in the end.
 *
 *   in memory: without its parties, its hashes kept    at once
 *   on disk:   the hashes                              a crash after it leaves the session as it was
 *              its key shredded                        a row that can't be read: the next start erases it
 *              that it is erased                       all done
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/directory_impl.h"

/* A group of eight, each of whom has four numbers and a PIN, has the most. */
#define KEYS_MAX   ((SESSION_GROUP_MAX - 1) * SESSION_REALS_MAX + SESSION_SLOTS_MAX)
#define PART_KEYS  ((STORE_GRAVE_MAX - VAULT_SEAL_EXTRA) / VAULT_HASH_BYTES)
#define PARTS_MAX  ((KEYS_MAX + PART_KEYS - 1) / PART_KEYS)
#define UNITS_MAX  ((PARTS_MAX + UNIT_CHANGES - 1) / UNIT_CHANGES)
#define HASHES_MAX (KEYS_MAX * VAULT_HASH_BYTES)

struct hashes {
        uint8_t bytes[HASHES_MAX];
        size_t count;
};

/* One under way: what it wants to finish is taken before it begins. */
struct burial {
        struct list node; /* in dir->burials */
        struct directory *dir;
        uint64_t key_slot;              /* the session's, until its hashes are on disk */
        struct unit *hashes[UNITS_MAX]; /* owned until they are queued */
        struct unit *erased;            /* owned; waits for them */
        directory_done *done;
        void *arg;
};

static void list_hashes(struct directory *dir, const struct row *row, struct hashes *out)
{
        const struct session *session = row_open(dir, row);
        assert(session);
        struct route_walk walk = {.session = session};
        struct route_key key;
        out->count = 0;
        while (route_next(&walk, &key)) {
                assert(out->count < KEYS_MAX);
                key_hash(dir, session->tenant_id, &key,
                         &out->bytes[out->count++ * VAULT_HASH_BYTES]);
        }
        explicit_bzero(&key, sizeof key);
        history_forget(dir, session);
        row_close(dir);
}

static void discard(struct burial *b)
{
        for (unsigned i = 0; i < UNITS_MAX; i++)
                if (b->hashes[i])
                        queue_give_back(b->dir, b->hashes[i]);
        if (b->erased)
                queue_give_back(b->dir, b->erased);
        list_remove(&b->node);
        free(b);
}

static struct slice context_of(const struct store_grave *grave, struct seal_context *c)
{
        seal_context_begin(c, "erased pairs", grave->tenant_id, grave->session_id);
        buf_put_u8(&c->buf, grave->part);
        assert(buf_ok(&c->buf));
        return buf_slice(&c->buf);
}

/* The part-th of its hashes, sealed. */
static int seal_part(struct directory *dir, const struct row *row, uint64_t key_slot,
                     const struct hashes *hashes, unsigned part, struct store_grave *out)
{
        size_t first = (size_t)part * PART_KEYS, count = hashes->count - first;
        if (count > PART_KEYS)
                count = PART_KEYS;
        out->session_id = row->id;
        out->tenant_id = row->tenant_id;
        out->part = (uint8_t)part;
        out->key_slot = key_slot;
        struct seal_context context;
        struct buf sealed;
        buf_init(&sealed, out->sealed, sizeof out->sealed);
        const struct slice plain = {(const char *)&hashes->bytes[first * VAULT_HASH_BYTES],
                                    count * VAULT_HASH_BYTES};
        int err = vault_seal(dir->vault, key_slot, context_of(out, &context), plain, &sealed);
        out->sealed_bytes = (uint16_t)sealed.len;
        return err;
}

static int put_parts(struct burial *b, const struct row *row, uint64_t key_slot,
                     const struct hashes *hashes)
{
        unsigned part = 0;
        do {
                struct unit **unit = &b->hashes[part / UNIT_CHANGES];
                if (!*unit)
                        *unit = queue_take(b->dir, true);
                if (!*unit)
                        return ERR_FULL;
                int err = seal_part(b->dir, row, key_slot, hashes, part,
                                    &unit_change(*unit, STORE_PUT_GRAVE)->grave);
                if (err)
                        return err;
        } while (++part * PART_KEYS < hashes->count);
        return 0;
}

static int put_erased(struct burial *b, const struct row *row)
{
        b->erased = queue_take(b->dir, true);
        if (!b->erased)
                return ERR_FULL;
        struct store_session *changed = &unit_change(b->erased, STORE_SET_SESSION_STATE)->session;
        changed->id = row->id;
        changed->tenant_id = row->tenant_id;
        changed->state = SESSION_ERASED;
        changed->ended_ms = row->ended_ms;
        audit_entry_session_erased(unit_audit(b->erased), row->tenant_id, row->id,
                                   directory_now(b->dir));
        return 0;
}

/*
 * The key goes when the hashes are on disk, not before: they are also gone on when no disk will ever
 * take them. At close nothing is written any more, and the next start has the session as it was.
 */
static void on_hashes_written(void *arg, int err)
{
        struct burial *b = arg;
        struct directory *dir = b->dir;
        directory_done *done = b->done;
        void *done_arg = b->arg;
        if (dir->queue.closing) {
                discard(b);
                done(done_arg, err ? err : ERR_STATE);
                return;
        }
        vault_key_shred(dir->vault, b->key_slot);
        queue_add(dir, b->erased, done, done_arg);
        b->erased = NULL;
        discard(b);
}

static void queue_hashes(struct burial *b)
{
        for (unsigned i = 0; i < UNITS_MAX && b->hashes[i]; i++) {
                struct unit *unit = b->hashes[i];
                bool is_last = i + 1 == UNITS_MAX || !b->hashes[i + 1];
                b->hashes[i] = NULL;
                queue_add(b->dir, unit, is_last ? on_hashes_written : NULL, b);
        }
}

/* Everything that can fail; what it made is in `b` and `buried`. */
static int prepare(struct burial *b, const struct row *row, struct row *buried)
{
        struct hashes hashes;
        list_hashes(b->dir, row, &hashes);
        *buried = *row;
        int err = vault_key_new(b->dir->vault, &buried->key_slot);
        if (err)
                return err;
        err = put_parts(b, row, buried->key_slot, &hashes);
        if (!err)
                err = put_erased(b, row);
        if (!err)
                err = row_take_sealed(b->dir, buried,
                                      (struct slice){(const char *)hashes.bytes,
                                                     hashes.count * VAULT_HASH_BYTES});
        if (err)
                vault_key_shred(b->dir->vault, buried->key_slot);
        return err;
}

int row_bury(struct directory *dir, struct row *row, directory_done *done, void *arg)
{
        assert(row->state == SESSION_ENDED);
        assert(!row->undoable);
        struct burial *b = calloc(1, sizeof *b);
        if (!b)
                return -ENOMEM;
        *b = (struct burial){.dir = dir, .key_slot = row->key_slot, .done = done, .arg = arg};
        list_add_tail(&dir->burials, &b->node);
        struct row buried;
        int err = prepare(b, row, &buried);
        if (err) {
                discard(b);
                return err;
        }
        holdings_before(dir, row);
        row_strip(dir, row);
        buried.state = SESSION_ERASED;
        buried.flags = row->flags;
        buried.reference = row->reference;
        *row = buried;
        row_set_due(dir, row);
        queue_hashes(b);
        return 0;
}

void burials_end(struct directory *dir)
{
        list_for_each (node, &dir->burials) {
                list_remove(node);
                free(container_of(node, struct burial, node));
        }
}

static void read_hashes(const struct directory *dir, const struct row *row, struct hashes *out)
{
        assert(row->sealed_bytes <= sizeof out->bytes);
        out->count = row_sealed(dir, row, out->bytes).len / VAULT_HASH_BYTES;
}

void grave_unindex(struct directory *dir, const struct row *row)
{
        struct hashes hashes;
        read_hashes(dir, row, &hashes);
        for (size_t i = 0; i < hashes.count; i++)
                index_remove(&dir->index, &hashes.bytes[i * VAULT_HASH_BYTES], row_slot(dir, row));
}

bool grave_remove(struct directory *dir, uint64_t session_id)
{
        struct unit *unit = queue_take(dir, true);
        if (!unit)
                return false;
        unit_change(unit, STORE_REMOVE_GRAVE)->grave.session_id = session_id;
        queue_add(dir, unit, NULL, NULL);
        return true;
}

/* What is not in the index yet, as long as there is room. */
static int take_hashes(struct directory *dir, struct row *row, struct slice more)
{
        struct hashes hashes;
        read_hashes(dir, row, &hashes);
        if (more.len % VAULT_HASH_BYTES || hashes.count * VAULT_HASH_BYTES + more.len > HASHES_MAX)
                return ERR_SEALED;
        if (more.len / VAULT_HASH_BYTES > dir->index.max - dir->index.count)
                return ERR_FULL;
        memcpy(&hashes.bytes[hashes.count * VAULT_HASH_BYTES], more.p, more.len);
        struct row filled = *row;
        int err = row_take_sealed(
                dir, &filled,
                (struct slice){(const char *)hashes.bytes, row->sealed_bytes + more.len});
        if (err)
                return err;
        for (size_t at = 0; at < more.len; at += VAULT_HASH_BYTES) {
                /* A pair that a session holds all the same stays that one's. */
                err = index_add(&dir->index, (const uint8_t *)more.p + at, row_slot(dir, row));
                assert(!err || err == ERR_EXISTS);
        }
        pieces_drop(&dir->pieces, row->rest);
        *row = filled;
        return 0;
}

int grave_load(struct directory *dir, const struct store_grave *grave)
{
        struct row *row = row_find(dir, grave->session_id);
        if (!row || row->state != SESSION_ERASED) {
                /* Over, or not taken: the erasure did not come to its end. A full queue: next time. */
                (void)grave_remove(dir, grave->session_id);
                return 0;
        }
        row->key_slot = grave->key_slot;
        if (!vault_key_keep(dir->vault, grave->key_slot))
                return ERR_SEALED;
        uint8_t bytes[STORE_GRAVE_MAX];
        struct seal_context context;
        struct buf plain;
        buf_init(&plain, bytes, sizeof bytes);
        int err = vault_unseal(dir->vault, grave->key_slot, context_of(grave, &context),
                               (struct slice){(const char *)grave->sealed, grave->sealed_bytes},
                               &plain);
        return err ? err : take_hashes(dir, row, buf_slice(&plain));
}
