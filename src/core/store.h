/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - what a durable store must do: rows out at start, batches of rows in, in order.
 *
 * A table of functions; store/sqlite.c and store/memory.c implement it. Rows carry sealed bytes:
 * a store never sees a real number. All functions but the callbacks are called in the loop's
 * thread; a store may work in a thread of its own and posts the callbacks back to the loop.
 */
#ifndef MASKLINE_CORE_STORE_H
#define MASKLINE_CORE_STORE_H

#include "core/cdr.h"
#include "core/number_traits.h"
#include "core/pool_policy.h"
#include "core/session.h"
#include "core/session_use.h"
#include "core/tenant.h"
#include "core/trunk.h"

#define STORE_SEALED_MAX 1152
#define STORE_AUDIT_MAX  704
#define STORE_HASH_BYTES 16
#define AUDIT_HASH_BYTES 32

#define POOL_NAME_BYTES 32

/* Masking numbers that sessions draw from. Id 1 is each tenant's `default`. */
struct store_pool {
        uint32_t id, tenant_id;
        char name[POOL_NAME_BYTES]; /* [a-z0-9-], unique per tenant */
        struct pool_policy policy;
};

/* What a session remembers of its calls, in a row of its own kind: it changes with each call. */
struct store_use {
        uint64_t id;        /* of the session */
        int64_t expires_ms; /* of the session: it slides */
        struct session_use use;
};

/* A session as it lies on disk: parties only inside `sealed`. */
struct store_session {
        uint64_t id;
        uint32_t tenant_id, pool_id;
        enum session_state state;
        int64_t created_ms, starts_ms, expires_ms, ended_ms;
        int64_t fixed_ms;   /* expires_ms never slides past it; 0: no bound */
        int64_t sliding_ms; /* it ends when it was not used for so long; 0: it does not slide */
        uint64_t origin;    /* the session that these pairs are from, which goes on; 0: its own */
        uint64_t key_slot;  /* the vault's name for the key; 0: none */
        char reference[SESSION_REFERENCE_MAX];
        bool has_grave; /* said by load(), not written */
        uint16_t sealed_bytes;
        uint8_t sealed[STORE_SEALED_MAX];
};

/*
 * Of what a session that was erased by order held: sealed, and not a number in it. Each part has a
 * row of its own. When it is over the session's `ended_ms` and its pool's quarantine say.
 */
#define STORE_GRAVE_MAX 1088
struct store_grave {
        uint64_t session_id;
        uint32_t tenant_id;
        uint8_t part;
        uint64_t key_slot; /* the vault's name for the key, of all parts */
        uint16_t sealed_bytes;
        uint8_t sealed[STORE_GRAVE_MAX];
};

struct store_number {
        struct masking_number number;
        uint32_t tenant_id, trunk_id, pool_id;
        struct number_traits traits;
};

/* Two people of the tenant's who are not to be connected: keyed hashes, the smaller one first. */
struct store_block {
        int64_t created_ms;
        uint8_t one[STORE_HASH_BYTES], other[STORE_HASH_BYTES];
        uint32_t tenant_id;
};

/*
 * One link of the audit record; `hash` covers the previous link's hash and everything else here.
 * The store sets `sequence` and `hash` when it commits, in the order of commits.
 */
struct store_audit {
        uint64_t sequence; /* from 1, without gaps */
        uint32_t tenant_id;
        int64_t at_ms;
        uint16_t kind;
        uint16_t body_bytes;
        uint8_t body[STORE_AUDIT_MAX];
        uint8_t hash[AUDIT_HASH_BYTES];
};

enum store_change_kind {
        STORE_PUT_TENANT,
        STORE_REMOVE_TENANT, /* its row stays, so that its id is never given out again */
        STORE_PUT_KEY,
        STORE_REVOKE_KEY, /* its row stays, without the hash */
        STORE_TOUCH_KEY,  /* used_ms, by id */
        STORE_PUT_TRUNK,
        STORE_REMOVE_TRUNK,
        STORE_PUT_POOL, /* by tenant and id */
        STORE_REMOVE_POOL,
        STORE_PUT_BLOCK,
        STORE_REMOVE_BLOCK, /* by tenant and the two */
        STORE_PUT_NUMBER,
        STORE_REMOVE_NUMBER,
        STORE_ADD_SESSION,
        STORE_SET_SESSION, /* the whole of `session`, by id */
        /* state, ended_ms of `session`, by id; one that is erased loses reference and sealed too */
        STORE_SET_SESSION_STATE,
        STORE_SET_SESSION_USE, /* one that is not there: nothing happens */
        STORE_PUT_GRAVE,       /* by session and part */
        STORE_REMOVE_GRAVE,    /* all parts, by session; none there: nothing happens */
        STORE_ADD_CDR,         /* a leg that is there already: nothing happens */
        STORE_ADD_AUDIT,
};

struct store_change {
        enum store_change_kind kind;
        union {
                struct tenant tenant;
                struct api_key key;
                struct trunk trunk;
                struct store_pool pool;
                struct store_number number;
                struct store_block block;
                struct store_session session;
                struct store_use use;
                struct store_grave grave;
                struct cdr cdr;
                struct store_audit audit;
        };
};

typedef void store_done(void *arg, int err);

/* Called during load, in this order of kinds; a non-zero return ends the load with that error. */
struct store_loader {
        /* Ascending ids; what is removed or revoked is left out unless it is the last id given out. */
        int (*on_tenant)(void *arg, const struct tenant *row);
        int (*on_key)(void *arg, const struct api_key *row);
        int (*on_trunk)(void *arg, const struct trunk *row);
        int (*on_pool)(void *arg, const struct store_pool *row);
        int (*on_number)(void *arg, const struct store_number *row);
        int (*on_block)(void *arg, const struct store_block *row); /* in any order */
        /*
         * Ascending ids; erased ones are left out unless they have graves or it is the last id given
         * out. `use` is as session_use_init() leaves it where nothing was written.
         */
        int (*on_session)(void *arg, const struct store_session *row,
                          const struct session_use *use);
        int (*on_grave)(void *arg, const struct store_grave *row);       /* by session, then part */
        int (*on_audit_head)(void *arg, const struct store_audit *last); /* not when empty */
        void *arg;
};

typedef void store_cdrs_fn(void *arg, int err, const struct cdr *rows, uint32_t count);

struct store_cdr_query {
        uint32_t tenant_id; /* 0: any */
        bool or_nobodys;    /* and the records that are no tenant's */
        int64_t before_ms;  /* started before; 0: no bound */
        bool by_call;
        struct uuid call_id;
        uint32_t max; /* at most 1,000 */
};

/* What happened: audit entries, and first legs of connected calls, each as they were written. */
struct store_events_query {
        uint64_t after_audit; /* sequence of the last entry that is known */
        uint64_t after_cdr;   /* and number of the last leg */
        bool from_now;        /* nothing: only how far both have come */
        uint32_t tenant_id;   /* 0: any */
        uint32_t max;         /* of each; at most 1,000 */
};

struct store_cdr {
        uint64_t number; /* ascending, as they are written */
        struct cdr cdr;
};

struct store_events {
        const struct store_audit *audits;
        uint32_t audit_count;
        const struct store_cdr *cdrs;
        uint32_t cdr_count;
        uint64_t audit_seen,
                cdr_seen; /* up to here nothing is left out; may be past the last row */
        uint64_t audit_head, cdr_head; /* the newest of each */
};

typedef void store_events_fn(void *arg, int err, const struct store_events *page);

/* So many rows are looked at for one answer, also when few are the tenant's. */
#define STORE_EVENTS_WINDOW 10000

struct store;
struct store_ops {
        int (*load)(struct store *store, const struct store_loader *loader);
        /*
         * Queues `count` changes as one unit: all of them become durable or none. They are copied.
         * ERR_FULL when the queue is at its limit: nothing was queued.
         */
        int (*submit)(struct store *store, const struct store_change *changes, uint32_t count,
                      store_done *done, void *arg);
        int (*query_cdrs)(struct store *store, const struct store_cdr_query *query,
                          store_cdrs_fn *fn, void *arg);
        /*
         * Removes at most query->max records of calls that began before query->before_ms, the
         * oldest first, when nothing else waits to be written, or after a while; `fn` gets how
         * many, and no rows.
         */
        int (*drop_cdrs)(struct store *store, const struct store_cdr_query *query,
                         store_cdrs_fn *fn, void *arg);
        int (*query_events)(struct store *store, const struct store_events_query *query,
                            store_events_fn *fn, void *arg);
        /*
         * Calls `visit` for every audit entry in order, in a thread of the store's; then `done`:
         * what a non-zero visit returned, or ERR_NOT_FOUND when the record ends before its head.
         */
        int (*walk_audit)(struct store *store,
                          int (*visit)(void *arg, const struct store_audit *entry),
                          store_done *done, void *arg);
        uint32_t (*queued)(const struct store *store);
        /*
         * False from a write that failed until one succeeds; `problem` (512 bytes) then says what
         * failed and what to do. Also false while the audit record is not what its head says.
         */
        bool (*healthy)(const struct store *store, char *problem);
        /*
         * Waits for the queue; every callback that is still due comes before it returns. What they
         * ask for meanwhile is refused with ERR_STATE. Not from within a callback.
         */
        void (*close)(struct store *store);
};

struct store {
        const struct store_ops *ops;
};

#endif
