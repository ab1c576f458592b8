/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_impl.h - what the directory's files share. Nobody else includes it.
 *
 *   directory_open.c     on files
 *   directory.c          opening, loading, closing, health
 *   directory_tenant.c   tenants
 *   directory_key.c      keys of the API
 *   directory_trunk.c    trunks
 *   directory_pool.c     pools and their policies
 *   directory_number.c   masking numbers: by number, in order, by pool least recently used first
 *   directory_row.c      sessions as they are held: indexed, counted at their numbers
 *   directory_seal.c     what of them is sealed
 *   directory_life.c     what falls due: expired, then erased
 *   directory_use.c      what sessions remember of their calls; sliding expiry
 *   directory_pick.c     which numbers a session gets
 *   directory_create.c   a new session; a repeated create is one session
 *   directory_session.c  end, find, list
 *   directory_change.c   what is changed of a session that lives, or lives again
 *   directory_wish.c     where numbers that an edit picks should be at home
 *   directory_erase.c    erased by order
 *   directory_explain.c  what would become of a call in each row of a session
 *   directory_grave.c    what is left of that until quarantine is over
 *   directory_intent.c   who calls from another telephone
 *   directory_party.c    all that is kept about one person
 *   directory_history.c  which number a pair had before
 *   directory_certificate.c, directory_plan.c  how many numbers a pool needs (holdings.h)
 *   directory_decide.c   the lookup
 *   directory_block.c    who is not to be connected with whom
 *   directory_record.c   call records and the audit record
 *   directory_retention.c  call records whose time is over
 *   directory_queue.c    what waits for the disk, and what is taken back when it refuses
 */
#ifndef MASKLINE_STORE_DIRECTORY_IMPL_H
#define MASKLINE_STORE_DIRECTORY_IMPL_H

#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "core/alloc.h"
#include "core/audit_entry.h"
#include "core/index.h"
#include "core/public_id.h"
#include "core/route.h"
#include "core/session_model.h"
#include "core/store.h"
#include "store/directory.h"
#include "store/directory_tenant.h"
#include "store/due.h"
#include "store/pieces.h"
#include "store/roll.h"
#include "store/seal.h"
#include "store/session_codec.h"

#define SLOT_NONE UINT32_MAX

#define ROW_SEALED_BYTES (SESSION_PLAIN_TWO + VAULT_SEAL_EXTRA)

/*
 * A session as it is held: 144 bytes, and no number in them but inside `sealed`. What is longer than
 * two parties goes on in dir->pieces.
 */
struct row {
        uint64_t id;
        uint64_t key_slot;
        int64_t created_ms, starts_ms, expires_ms, ended_ms;
        uint32_t tenant_id, pool_id;
        uint32_t reference; /* slot in dir->references; SLOT_NONE */
        uint32_t rest;      /* in dir->pieces */
        uint16_t sealed_bytes;
        uint8_t state;    /* enum session_state, as it was last written */
        uint8_t undoable; /* changes under way that the disk may still refuse */
        uint8_t flags;
        uint8_t sealed[ROW_SEALED_BYTES]; /* of an erased one: the hashes of its keys */
};

#define ROW_TOMBSTONE 1u /* of pairs of a session that goes on: its `origin` */
#define ROW_USED      2u /* what it remembers waits to be written */

#define ROW_RESEALED 4u /* who called last is sealed, and waits to be written, too */

#define ROW_UNDOABLE_MAX UINT8_MAX

_Static_assert(sizeof(struct row) == 144, "the figure in docs/design/numbers-at-rest.md");
_Static_assert(SESSION_PLAIN_MAX + VAULT_SEAL_EXTRA <= STORE_SEALED_MAX, "any session is storable");

/* Of the row in the same slot: what changes with its calls, and how it slides. */
struct row_use {
        int64_t last_used_ms;
        int64_t fixed_ms, sliding_ms; /* as in store_session */
        union {
                uint64_t origin; /* of a tombstone: as in store_session */
                uint32_t left;   /* of a session: the first of its tombstones; SLOT_NONE */
        };
        union {
                uint32_t calls;
                uint32_t next; /* of a tombstone: another one of its session's; SLOT_NONE */
        };
        uint32_t parties; /* in dir->pieces, PARTY_USE_BYTES; PIECES_NONE */
};
#define ROW_USE_NONE    ((struct row_use){.left = SLOT_NONE, .parties = PIECES_NONE})
#define PARTY_USE_BYTES (SESSION_PARTIES_MAX * sizeof(struct party_use))

_Static_assert(sizeof(struct row_use) == 40, "the figure in docs/design/numbers-at-rest.md");

/* What a row was before a change that the disk may still refuse: its pieces are kept for it. */
struct row_before {
        struct row row;
        int64_t fixed_ms, sliding_ms;
};

struct reference {
        struct map_node node; /* by tenant and text */
        uint32_t row;         /* slot in dir->rows */
        uint32_t key_bytes;
        char key[4 + SESSION_REFERENCE_MAX]; /* tenant, text */
};

struct key_held {
        struct api_key key;
        struct map_node node; /* by hash */
        struct list order;    /* in dir->keys_order */
};

#define INTENTS_MAX 4096

/* A call of somebody to a number is that of a party. */
struct intent {
        struct map_node node;           /* by hash */
        uint8_t hash[VAULT_HASH_BYTES]; /* that of the exact key */
        uint64_t session_id;
        uint64_t key_slot; /* the session's then: a party that leaves takes its intents with it */
        int64_t until_ms;
        uint8_t place;
};

/* Of an ordered pair of people: the number by which one reached the other last. */
struct pair_had {
        uint8_t hash[VAULT_HASH_BYTES];
        uint64_t e164;
};

struct number_pool {
        struct map_node node; /* by key */
        uint32_t key[2];      /* tenant, pool */
        struct list numbers;  /* least recently used first */
        uint64_t order;       /* ascending: the order of pools_roll */
        uint32_t undoable;    /* changes of its policy under way that the disk may still refuse */
        struct directory_pool row;
};

struct number_held {
        struct number_row row;
        struct map_node node; /* by number */
        struct list use;      /* in its pool */
        struct number_pool *pool;
        uint64_t order;   /* ascending: the order of numbers_roll */
        uint64_t holders; /* ids of the live sessions that hold it, xor: of one alone, its own */
};

/* Real numbers in the clear, for the length of one function: locked, wiped after each use. */
struct scratch {
        struct session opened; /* row_open's */
        bool is_open;
        struct session made; /* the one being created, or changed */
        struct session left; /* what is left of it as a tombstone */
        uint8_t plain[SESSION_PLAIN_MAX];
};

#define UNIT_CHANGES 3

/* One thing that waits for the disk: changes that stand or fall together. */
struct unit {
        struct list node;
        bool kept; /* tried again until it is written; else taken back when it is refused */
        bool last; /* of what was submitted together */
        uint8_t count;
        struct store_change changes[UNIT_CHANGES];
        /* Owned; what the first change replaces: a trunk, store_pool, store_number, row_before; or NULL. */
        void *before;
        directory_done *done;
        void *arg;
};

struct queue {
        struct pool *units; /* owned */
        struct list pending, in_flight;
        struct io_task flush;
        struct io_timer retry;
        struct store_change *group; /* owned; the changes of one submit */
        uint32_t group_max;         /* units of the next submit: one after a refusal, then more */
        uint32_t undoable;          /* units that are not `kept` */
        uint64_t lost;
        bool refused; /* the last submit was */
        bool closing;
};

/* Of call records. */
struct retention {
        int64_t keep_ms; /* 0: for ever */
        uint64_t dropped, this_time;
        struct io_timer timer;
};

struct directory {
        struct io *io;
        struct data_dir *data_dir;      /* owned; NULL without files */
        struct vault *vault;            /* owned */
        struct store *store;            /* owned */
        struct scratch *scratch;        /* owned */
        struct pool_policy policy;      /* of a default pool of which nothing is written down */
        struct store_audit last_loaded; /* the newest audit entry at the start; sequence 0: none */
        int64_t *latest_ms;             /* owned; the wall clock as far as it has been seen */
        struct public_id_key id_key;

        struct tenant *tenants; /* owned; ascending ids */
        uint32_t tenant_count, next_tenant_id;
        struct pool *keys; /* owned; struct key_held */
        struct map keys_by_hash;
        struct list keys_order; /* ascending ids */
        uint64_t next_key_id;

        struct trunk *trunks; /* owned; ascending ids */
        uint32_t trunk_count, next_trunk_id;

        struct pool *numbers; /* owned; struct number_held */
        struct map numbers_by_number;
        struct roll numbers_roll;
        uint64_t next_number_order;
        struct pool *number_pools; /* owned */
        struct map number_pools_by_key;
        struct roll pools_roll;
        uint64_t next_pool_order;
        uint32_t next_pool_id;

        struct pool *rows;    /* owned; struct row */
        struct row_use *uses; /* owned; by the slots of rows */
        struct pieces pieces;
        uint32_t *used; /* owned; slots of rows with ROW_USED */
        uint32_t used_count;
        struct io_timer used_timer;
        void *index_memory; /* owned */
        struct index index;
        struct roll rows_roll;
        struct due due;
        struct io_timer due_timer;
        struct io_timer last_seen_timer; /* on files */
        struct pool *references;         /* owned */
        struct map references_by_key;
        uint64_t next_session_id;

        struct pool *blocks; /* owned */
        struct map blocks_by_key;
        struct list blocks_order; /* as they came to be */
        struct pool *intents;     /* owned */
        struct map intents_by_hash;
        struct pair_had *history; /* owned; HISTORY_PAIRS */
        struct list walks;        /* owned; struct party_walk */
        struct list erasings;     /* owned; struct erasing */
        struct list holdings;     /* struct holdings: those that are being read */
        struct list certificates; /* owned; the one that was looked at longest ago first */
        struct list plans;        /* owned */
        struct list burials;      /* owned; struct burial */
        directory_over_fn *on_over;
        void *on_over_arg;

        struct queue queue;
        struct retention retention;
};

/*
 * Queue. queue_take gives NULL when it is full: for changes that may be taken back long before it
 * is for records. The unit is filled by the caller and put in with queue_add, which cannot fail.
 */
int queue_init(struct directory *dir, uint32_t waiting_max) MUST_CHECK;
void queue_close(
        struct directory *dir); /* hands over what waits; the store's close does the rest */
void queue_fini(struct directory *dir);
struct unit *queue_take(struct directory *dir, bool kept);
void queue_give_back(struct directory *dir, struct unit *unit);
void queue_add(struct directory *dir, struct unit *unit, directory_done *done, void *arg);
void queue_lost(struct directory *dir, int err); /* counts a record that won't be written */

/* The unit's next change, zeroed but for its kind. */
struct store_change *unit_change(struct unit *unit, enum store_change_kind kind);
struct store_audit *unit_audit(struct unit *unit);

/* Taking back what the disk refused, in reverse order of doing. */
void tenant_forget(struct directory *dir, const struct tenant *tenant);
void tenant_put_back(struct directory *dir, const struct tenant *tenant);
void key_forget(struct directory *dir, uint64_t key_id);
void key_put_back(struct directory *dir, const struct api_key *key);
void trunk_forget(struct directory *dir, const struct trunk *trunk);
void trunk_put_back(struct directory *dir, const struct trunk *trunk);
void trunk_change_back(struct directory *dir, const struct trunk *changed,
                       const struct trunk *before);
/* What was before is gone for good, and its password with it unless `now` has the same. */
void trunk_written(struct directory *dir, const struct trunk *before, const struct trunk *now);
void number_forget(struct directory *dir, struct masking_number number);
void number_put_back(struct directory *dir, const struct store_number *number);
void number_change_back(struct directory *dir, const struct store_number *before);
void directory_pool_back(struct directory *dir, const struct store_pool *pool,
                         const struct store_pool *before); /* NULL: it was new */
void directory_pool_put_back(struct directory *dir, const struct store_pool *pool);
void directory_pool_written(struct directory *dir, const struct store_pool *pool); /* a change */
void block_forget(struct directory *dir, const struct store_block *block);
void block_put_back(struct directory *dir, const struct store_block *block);
void row_forget(struct directory *dir, uint64_t session_id); /* shreds its key as well */
void row_reopen(struct directory *dir, uint64_t session_id);
void row_change_back(struct directory *dir, uint64_t session_id, const struct row_before *before);
/* A change can't be refused now; what was before it goes. */
void row_written(struct directory *dir, const struct store_session *written,
                 const struct row_before *before);

/* Tenants and keys. */
int tenants_init(struct directory *dir) MUST_CHECK;
void tenants_fini(struct directory *dir);
int tenant_load(struct directory *dir, const struct tenant *tenant) MUST_CHECK;
int keys_init(struct directory *dir, struct siphash_key map_key) MUST_CHECK;
void keys_fini(struct directory *dir);
int key_load(struct directory *dir, const struct api_key *key) MUST_CHECK;
bool tenant_has_keys(const struct directory *dir, uint32_t tenant_id);

/* Trunks and numbers. */
int trunk_load(struct directory *dir, const struct trunk *trunk) MUST_CHECK;
struct number_held *number_find(const struct directory *dir, struct masking_number number);
int number_insert(struct directory *dir, const struct store_number *number) MUST_CHECK;
/* Pools. The default one of a tenant comes to be when it is asked for; NULL: there is none. */
int directory_pool_load(struct directory *dir, const struct store_pool *pool) MUST_CHECK;
struct number_pool *number_pool_get(struct directory *dir, uint32_t tenant_id, uint32_t pool_id);
/* The policy of a pool; of one that is not there the default's. */
const struct pool_policy *number_pool_policy(const struct directory *dir, uint32_t tenant_id,
                                             uint32_t pool_id);
struct number_pool *number_pool_find(const struct directory *dir, uint32_t tenant_id,
                                     uint32_t pool_id);
void number_touch(struct number_held *number); /* now the most recently used of its pool */

/* Rows. */
struct row *row_find(const struct directory *dir, uint64_t session_id);
bool row_is_shown(const struct row *row); /* as a session; not NULL, a tombstone, an erased one */
struct row *row_in(const struct directory *dir, uint32_t slot); /* which is in use */
uint32_t row_slot(const struct directory *dir, const struct row *row);
struct row *row_at(const struct directory *dir, uint32_t position); /* in the order of ids */

/* How long a session lives beside its expires_ms, and whose pairs they are: as in store_session. */
struct row_life {
        int64_t fixed_ms, sliding_ms;
        uint64_t origin;
};

/*
 * Takes the session in: seals its parties under its key (unless `stored` brings them sealed),
 * indexes them, counts them at their numbers. ERR_FULL; ERR_CONFLICT: another session holds a key
 * of its; on failure nothing is left behind but the key.
 */
int row_add(struct directory *dir, const struct session *session, const struct row_life *life,
            const struct store_session *stored, struct row **out) MUST_CHECK;

/*
 * Makes it what `session` says, sealed anew; `before` is what row_written() or row_change_back()
 * wants. If its key is another one now, the old one is shredded when the change is written.
 * ERR_FULL, ERR_CONFLICT: nothing was changed.
 */
int row_change(struct directory *dir, struct row *row, const struct session *session,
               const struct row_life *life, struct row_before *before) MUST_CHECK;

/* What a seal is bound to: moved to another session or tenant, it does not open. */
struct seal_context {
        char bytes[32];
        struct buf buf;
};
void seal_context_begin(struct seal_context *c, const char *what, uint32_t tenant_id,
                        uint64_t session_id);

/* Seals the parties of `session`; the row's pieces are taken. ERR_FULL: it is as it was. */
int row_seal(struct directory *dir, const struct session *session, struct row *row) MUST_CHECK;
/* The same with what is sealed already. */
int row_take_sealed(struct directory *dir, struct row *row, struct slice sealed) MUST_CHECK;
/* What is sealed of it, put together in `out`. */
struct slice row_sealed(const struct directory *dir, const struct row *row,
                        uint8_t out[STORE_SEALED_MAX]);

/*
 * The session in the clear, in the scratch memory, until row_close(). NULL: it can't be unsealed.
 * One at a time.
 */
const struct session *row_open(const struct directory *dir, const struct row *row);
void row_close(const struct directory *dir);

/* The same for a row from the disk: what to bind a seal to is the same. */
const struct session *row_open_stored(const struct directory *dir,
                                      const struct store_session *stored);

struct row_use *row_use(const struct directory *dir, const struct row *row);
struct row_life row_life(const struct directory *dir, const struct row *row);
uint32_t row_calls(const struct directory *dir, const struct row *row);
uint64_t row_origin(const struct directory *dir, const struct row *row); /* 0: it is no tombstone */
/* The first of a session's tombstones, and of a tombstone the next one; NULL: no more. */
struct row *row_left(const struct directory *dir, const struct row *row);
bool row_has_ended(const struct row *row); /* as it was last written */
bool row_is_past_quarantine(const struct directory *dir, const struct row *row, int64_t now_ms);
void row_drop(struct directory *dir, struct row *row); /* and shreds its key */
enum session_state row_state_at(const struct row *row, int64_t now_ms);
void row_to_store(const struct directory *dir, const struct row *row, struct store_session *out);
void row_set_due(struct directory *dir, const struct row *row);
void row_set_ended(struct directory *dir, struct row *row, int64_t ended_ms);

/* Gives back what it has beside its row and its key. */
void row_strip(struct directory *dir, struct row *row);

/*
 * Takes its parties from one that has ended: the hashes of its keys stay until quarantine is over, so
 * that nobody gets its pairs before. `done` when it is on disk that it is erased, and its key is
 * shredded. ERR_FULL, -ENOMEM: nothing was changed.
 */
int row_bury(struct directory *dir, struct row *row, directory_done *done, void *arg) MUST_CHECK;
void burials_end(struct directory *dir); /* those that will hear nothing more */
/* Its keys are free. */
void grave_unindex(struct directory *dir, const struct row *row);
/* Takes the hashes from the disk; false: the queue is full. */
bool grave_remove(struct directory *dir, uint64_t session_id);
/* While loading, in the order of ids: a row for hashes that come with grave_load(). ERR_FULL. */
int row_add_grave(struct directory *dir, const struct store_session *stored) MUST_CHECK;
/* ERR_FULL; ERR_SEALED, ERR_STALE, ERR_VERSION: they can't be read. */
int grave_load(struct directory *dir, const struct store_grave *grave) MUST_CHECK;

/* Tells who runs calls that it has ended, on disk. */
void session_is_over(const struct directory *dir, const struct row *row);

/* Erases it if its quarantine is over; false: it stays. */
bool row_release(struct directory *dir, struct row *row);

/* Whether no session holds the key, or held it lately. */
bool key_is_free(struct directory *dir, uint32_t tenant_id, const struct route_key *key);
/* The row that a key leads to; NULL. */
struct row *row_by_hash(const struct directory *dir, const uint8_t hash[VAULT_HASH_BYTES]);
struct row *row_by_key(const struct directory *dir, uint32_t tenant_id,
                       const struct route_key *key);

void key_hash(const struct directory *dir, uint32_t tenant_id, const struct route_key *key,
              uint8_t out[VAULT_HASH_BYTES]);

/* Blocks. */
int blocks_init(struct directory *dir, struct siphash_key map_key) MUST_CHECK;
void blocks_fini(struct directory *dir);
int block_load(struct directory *dir, const struct store_block *block) MUST_CHECK;
bool tenant_has_blocks(const struct directory *dir, uint32_t tenant_id);
/* Whether one of the two has blocked the other; `caller`: where the call comes from. */
bool is_blocked(const struct directory *dir, const struct session *session,
                const struct mapping *mapping, struct real_number caller);

int intents_init(struct directory *dir, struct siphash_key map_key) MUST_CHECK;
void intents_fini(struct directory *dir);
/* NULL: the call is nobody else's. */
const struct intent *intent_find(const struct directory *dir, const uint8_t hash[VAULT_HASH_BYTES],
                                 int64_t now_ms);
void party_walks_end(struct directory *dir);
/* The row is about to hold other keys, or none, or to end: before it does. */
void holdings_before(struct directory *dir, const struct row *row);
void certificates_end(struct directory *dir);
void plans_end(struct directory *dir);
void erasings_end(struct directory *dir); /* those that will hear nothing more */
/* The disk refuses: whoever waits is told, and what was begun goes on. */
void erasings_refused(struct directory *dir, int err);

/* Which numbers pairs had: as far as it is remembered. */
int history_init(struct directory *dir) MUST_CHECK;
void history_fini(struct directory *dir);
void history_note(struct directory *dir, const struct session *session);
void history_forget(struct directory *dir, const struct session *session);
void history_tell(const struct directory *dir, const struct session *session,
                  struct alloc_request *request);

/*
 * What sessions remember of their calls. Writes are coalesced: a session that is called often is
 * written once in a while.
 */
void use_load(struct directory *dir, const struct row *row, const struct session_use *use);
void use_read(const struct directory *dir, const struct row *row, struct session_use *out);
void use_drop(struct directory *dir, struct row *row);
/* When it ends by itself, as it was used last. */
void use_slide(struct directory *dir, struct row *row);
void use_flush(struct directory *dir); /* into the queue; before it is closed */

/* Fills the slots in `request` that are wanted from the pool, by its policy. */
struct pick {
        struct alloc_request request;
        uint32_t given_up; /* not for this slot; ALLOC_NONE */
        unsigned given_up_slot;
        struct alloc_outcome outcome;
        uint32_t chosen[SESSION_SLOTS_MAX];
};
void pick_init(struct pick *pick, const struct session *session, const struct pool_policy *policy);
int pick_numbers(struct directory *dir, struct session *session, struct pick *pick) MUST_CHECK;
/* Whether a session that has ended may have the number of its slot again, as far as others go. */
bool pick_may_keep(struct directory *dir, const struct session *session, unsigned slot);
/* The number of a session that has it. ERR_NOT_FOUND: it is not the tenant's any more. */
int pick_held(const struct directory *dir, const struct session *session,
              struct masking_number number, uint32_t *out) MUST_CHECK;
/* A number by name, for a slot of the request. ERR_NOT_FOUND: it is not the tenant's, or of another pool. */
int pick_given(const struct directory *dir, const struct session *session,
               struct masking_number number, uint32_t *out) MUST_CHECK;

void view_session(const struct directory *dir, const struct session *session,
                  const struct row_life *life, struct slice reference, struct session_view *view);
void view_hints(const struct session_view *view, struct number_hint out[SESSION_PARTIES_MAX]);
int view_row(const struct directory *dir, const struct row *row,
             struct session_view *view) MUST_CHECK;

void retention_start(struct directory *dir, int64_t keep_ms); /* 0: nothing is removed */
void retention_stop(struct directory *dir);

void rows_watch(struct directory *dir); /* arms the timer for what falls due next */

struct slice row_reference(const struct directory *dir, const struct row *row);
/* The session that was created under this reference of the tenant's. */
struct row *row_by_reference(const struct directory *dir, uint32_t tenant_id, struct slice text);

/* What is left to do for a row whose quarantine is over, read while loading: false when full. */
bool erase_stored(struct directory *dir, const struct store_session *stored);

#endif
